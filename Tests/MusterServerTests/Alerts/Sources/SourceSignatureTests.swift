import HTTPTypes
import IncidentDomain
import NIOCore
import TestSupport
import Testing

@testable import MusterServer

/// Signed messages.
struct SourceSignatureTests {
    private static let key = "source key"
    private static let secret = "a secret of enough bytes"
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)
    private static let body = "{\"a\":1}"

    private static func signature(
        _ scheme: SourceSignature.Scheme, secrets: [String] = [secret], timestamp: String? = nil
    ) throws -> SourceSignature {
        var signature = SourceSignature(scheme: scheme)
        signature.timestampHeader = timestamp
        signature.sealedSecrets = try SourceSignature.seal(secrets, sourceKey: key)
        return signature
    }

    private static func request(_ headers: KeyValuePairs<String, String>, body: String = body) -> ForeignRequest {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return ForeignRequest(body: ByteBuffer(string: body), headers: fields, receivedAt: now)
    }

    private static func code(_ text: String, _ secret: String = secret) -> [UInt8] {
        OpenSSL.hmacSHA256(key: Array(secret.utf8), Array(text.utf8))
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether the problem is the right one.
    private static func refuses(_ signature: SourceSignature, _ request: ForeignRequest, key: String = key) -> Bool {
        do {
            try signature.check(request, sourceKey: key)
            return false
        } catch {
            return (error as? Problem)?.kind == .signatureInvalid
        }
    }

    @Test
    func `Grafana's signature is taken in hex and in base 64, and of no other body`() throws {
        let signature = try Self.signature(.grafana)
        let code = Self.code(Self.body)
        for text in [Self.hex(code), Self.hex(code).uppercased(), Base64.encode(code)] {
            let headers: KeyValuePairs = ["X-Grafana-Alerting-Signature": text]
            try signature.check(Self.request(headers), sourceKey: Self.key)
            #expect(Self.refuses(signature, Self.request(headers, body: "{\"a\":2}")))
        }
        #expect(Self.refuses(signature, Self.request([:])))
        #expect(Self.refuses(signature, Self.request(["X-Grafana-Alerting-Signature": ""])))
        #expect(Self.refuses(signature, Self.request(["X-Grafana-Alerting-Signature": "zz"])))
    }

    @Test(arguments: [(0, false), (299, false), (-299, false), (301, true), (-301, true), (9_000_000_000, true)])
    func `With a timestamp, Grafana signs it, too, and it has to be near`(offset: Int, isRefused: Bool) throws {
        let signature = try Self.signature(.grafana, timestamp: "X-Grafana-Alerting-Timestamp")
        let time = "\(1_700_000_000 + offset)"
        let request = Self.request([
            "X-Grafana-Alerting-Signature": Self.hex(Self.code("\(time):\(Self.body)")),
            "X-Grafana-Alerting-Timestamp": time,
        ])
        #expect(Self.refuses(signature, request) == isRefused)
        let unsigned = Self.request([
            "X-Grafana-Alerting-Signature": Self.hex(Self.code(Self.body)), "X-Grafana-Alerting-Timestamp": time,
        ])
        #expect(Self.refuses(signature, unsigned))
    }

    @Test
    func `PagerDuty's header may have several signatures`() throws {
        let signature = try Self.signature(.pagerduty)
        let right = "v1=\(Self.hex(Self.code(Self.body)))"
        let other = "v1=\(Self.hex(Self.code(Self.body, "another")))"
        try signature.check(Self.request(["X-PagerDuty-Signature": "\(other),\(right)"]), sourceKey: Self.key)
        #expect(Self.refuses(signature, Self.request(["X-PagerDuty-Signature": other])))
        #expect(Self.refuses(signature, Self.request(["X-PagerDuty-Signature": String(right.dropFirst(3))])))
    }

    @Test
    func `A standard webhook signs its id and its time`() throws {
        let bytes: [UInt8] = Array(1...32)
        let signature = try Self.signature(.standardWebhooks, secrets: ["whsec_\(Base64.encode(bytes))"])
        let code = OpenSSL.hmacSHA256(key: bytes, Array("msg_1.1700000000.\(Self.body)".utf8))
        let right = "v1a,AAAA v1,\(Base64.encode(code))"
        func request(_ id: String) -> ForeignRequest {
            Self.request(["webhook-id": id, "webhook-timestamp": "1700000000", "webhook-signature": right])
        }
        try signature.check(request("msg_1"), sourceKey: Self.key)
        #expect(Self.refuses(signature, request("msg_2")))
        #expect(Self.refuses(signature, Self.request(["webhook-signature": right])))
    }

    @Test
    func `While a secret is changed, both are taken`() throws {
        let signature = try Self.signature(.sha256, secrets: ["the newer secret", "the older secret"])
        for secret in ["the newer secret", "the older secret"] {
            let header = "sha256=\(Self.hex(Self.code(Self.body, secret)))"
            try signature.check(Self.request(["X-Hub-Signature-256": header]), sourceKey: Self.key)
        }
        let header = "sha256=\(Self.hex(Self.code(Self.body, "a third secret")))"
        #expect(Self.refuses(signature, Self.request(["X-Hub-Signature-256": header])))
    }

    @Test
    func `Secrets are unreadable without the key of the source`() throws {
        let signature = try Self.signature(.sha256)
        let header = "sha256=\(Self.hex(Self.code(Self.body)))"
        let request = Self.request(["X-Hub-Signature-256": header])
        #expect(Self.refuses(signature, request, key: "another key"))
        #expect(try signature.resealed(old: "another key", new: "new key") == nil)
        var moved = signature
        moved.sealedSecrets = try #require(try signature.resealed(old: Self.key, new: "new key"))
        try moved.check(request, sourceKey: "new key")
        #expect(!String(decoding: signature.sealedSecrets, as: UTF8.self).contains("secret"))
        #expect(!signature.json.text.contains("secret"))
    }
}
