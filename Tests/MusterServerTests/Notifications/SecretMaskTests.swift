import FoundationEssentials
import Testing

@testable import MusterServer

/// What receivers quote of our secrets is not kept, in whatever form.
struct SecretMaskTests {
    private static func mask(
        _ url: String = "https://hook.example/services/T00Secret/b00-hidden?token=tök/en&k=ab1",
        headers: [String: String] = [:], options: [String: String] = [:]
    ) -> SecretMask {
        SecretMask(EndpointSecrets(url: url, headers: headers, options: options))
    }

    @Test(arguments: [
        "https://hook.example/services/T00Secret/b00-hidden?token=tök/en&k=ab1",
        #"{"url":"https:\/\/hook.example\/services\/T00Secret\/b00-hidden?token=t\u00f6k\/en&k=ab1"}"#,
        #"{"body":"{\"url\":\"https:\\/\\/hook.example\\/services\\/T00Secret\\/b00-hidden\"}"}"#,
        "no /services/T00Secret/b00-hidden here", "T00Secret", "t00secret", "token=t%C3%B6k%2Fen", "t%c3%b6k/en",
        "t%25C3%25B6k%252Fen", "to=https%3A%2F%2Fhook.example%2Fservices%2FT00Secret", "<a href='?k=ab1&amp;x'>",
        "token&#61;t&#xF6;k&#47;en", #"t\u00f6k\u002Fen"#, #"?k\u003dab1\u0026"#,
    ])
    func `an address is not shown, nor its path, nor a value of its query`(_ answer: String) {
        let shown = Self.mask().masked(answer)
        for secret in ["00secret", "00-hidden", "k/en", "k\\/en", "2fen", "47;en", "ab1"] {
            #expect(!shown.lowercased().contains(secret), "\(answer) -> \(shown)")
        }
        #expect(shown.contains("***"))
    }

    @Test func `tokens, options and keys are not shown either`() throws {
        let secret = try #require(EndpointSecret("whsec_" + Base64.encode(Array(repeating: 0xFB, count: 24))))
        var secrets = EndpointSecrets(url: "https://a.example/", headers: ["Authorization": "Bearer tok\"en/😀1"])
        secrets.options = ["routing_key": "R0UTING"]
        secrets.previous = (secret, .now())
        let mask = SecretMask(secrets)
        for answer in [
            #"got tok\"en\/\ud83d\ude001"#, "routing key r0uting is wrong", "-\(String(repeating: "+/v7", count: 8))-",
            "key %2B%2Fv7\(String(repeating: #"+\/v7"#, count: 7))",
        ] {
            let shown = mask.masked(answer)
            #expect(!shown.contains("en") && !shown.contains("r0uting") && !shown.contains("v7"), "\(shown)")
        }
    }

    @Test(arguments: [
        "", "ok", "no_service", "100 % done & \\ more", "&&&&;&#;&#x;%%%2", #"\u12 \ud83d \ud83dx"#, "äöü",
        "https://hook.example/ is up",
    ])
    func `what is no secret stays as it was`(_ answer: String) {
        #expect(Self.mask().masked(answer) == answer)
    }

    @Test func `only the secret goes, once, also where several are found in one place`() {
        #expect(Self.mask().masked("a services/T00Secret/b00-hidden b T00Secret") == "a *** b ***")
        #expect(Self.mask("https://a.example/x").masked("x /x") == "x /x", "too short to be a secret")
    }
}
