import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What requests may say of heartbeats and probes, and every mistake that they can make.
struct SenseBodiesTests {
    private static func probe(_ body: JSONValue, stored: ProbeTarget? = nil) throws -> ProbeDraft {
        var reader = try BodyReader(body)
        return try ProbeBodies.draft(&reader, name: "p").keepingSecrets(of: stored)
    }

    /// The pointers of what is wrong.
    private static func mistakes(_ body: JSONValue) -> [String] {
        do {
            _ = try probe(body)
            return []
        } catch {
            return (error as? Problem)?.errors.map(\.pointer) ?? ["?"]
        }
    }

    @Test func `little has to be said`() throws {
        let draft = try Self.probe(["kind": "http", "url": "https://example.net/login"])
        #expect(draft.intervalSeconds == 60 && draft.thresholds.failuresToFire == 3 && draft.isEnabled)
        #expect(draft.target == .page("https://example.net/login"))
        let tls = try Self.probe(["kind": "tls", "host": "example.net"])
        #expect(
            tls.target
                == .tls(
                    TLSTarget(host: "example.net", port: 443, serverName: nil, daysLeftMin: 14, verifies: true)))
    }

    @Test func `statuses are single ones and ranges`() throws {
        let draft = try Self.probe(["kind": "http", "url": "http://a/", "expected_status": ["204", "301-303"]])
        guard case .http(let page) = draft.target else { return #expect(Bool(false)) }
        #expect(page.expectedStatus.map(\.text) == ["204", "301-303"])
        for wrong in ["20", "600", "300-200", "2-3-4", "abc"] {
            let body: JSONValue = ["kind": "http", "url": "http://a/", "expected_status": [.string(wrong)]]
            #expect(Self.mistakes(body).first?.hasPrefix("/expected_status") == true, "\(wrong)")
        }
    }

    @Test(arguments: [
        "file:///etc/passwd", "unix:/run/musterd.sock", "http+unix://%2Frun/x", "http://user:pw@a/", "a.net", "http://",
        "http://a b/", "ftp://a/", "http://a:99999/",
    ])
    func `only addresses of the web are taken`(_ url: String) {
        #expect(Self.mistakes(["kind": "http", "url": .string(url)]) == ["/url"])
    }

    @Test func `every mistake is said at once`() {
        let body: JSONValue = [
            "kind": "http", "url": "x", "expected_status": "200", "body_matches": "(", "interval_seconds": 4,
            "timeout_seconds": 61, "failures_to_fire": 0, "component": "Not A Slug", "colour": "h",
            "headers": [
                ["name": "Host", "value": "a"], ["name": "b c", "value": "d"], ["name": "e"],
            ],
        ]
        let expected: Set<String> = [
            "/url", "/expected_status", "/body_matches", "/interval_seconds", "/timeout_seconds", "/failures_to_fire",
            "/component", "/colour", "/headers/0/name", "/headers/1/name", "/headers/2/value",
        ]
        #expect(Set(Self.mistakes(body)) == expected)
        #expect(Set(Self.mistakes(["kind": "tcp", "host": "a b", "port": 0])) == ["/host", "/port"])
        #expect(Self.mistakes(["kind": "smtp"]) == ["/kind"], "nobody knows what else it needs")
    }

    @Test func `a field that is wrong is not missing as well`() {
        let long = JSONValue.string(String(repeating: "a", count: 3000))
        #expect(Self.mistakes(["kind": "tcp", "host": "a.net", "port": 99_999]) == ["/port"])
        #expect(Self.mistakes(["kind": "tcp", "host": "a.net", "port": "80"]) == ["/port"])
        #expect(Self.mistakes(["kind": "tcp", "host": "a.net", "port": .null]) == ["/port"])
        #expect(Self.mistakes(["kind": "tcp", "host": long, "port": 80]) == ["/host"])
        #expect(Self.mistakes(["kind": "http", "url": long]) == ["/url"])
        let headers: JSONValue = [["name": "a", "value": long]]
        #expect(Self.mistakes(["kind": "http", "url": "http://a/", "headers": headers]) == ["/headers/0/value"])
    }

    @Test func `a secret is told to nobody, and stays when it is not sent again`() throws {
        let first = try Self.probe([
            "kind": "http", "url": "http://a/", "headers": [["name": "X-Key", "value": "abc", "secret": true]],
        ])
        var json = JSONWriter()
        json.object { first.target.writeMembers(to: &$0) }
        #expect(!String(decoding: json.bytes, as: UTF8.self).contains("abc"))
        let again: JSONValue = [
            "kind": "http", "url": "http://a/", "headers": [["name": "x-key", "secret": true]],
        ]
        guard case .http(let page) = try Self.probe(again, stored: first.target).target else {
            return #expect(Bool(false))
        }
        #expect(page.headers.first?.value == "abc")
        #expect(Self.mistakes(again) == ["/headers/0/value"])
    }

    @Test func `a network holds its addresses, in whatever clothes they come`() throws {
        let private10 = try #require(NetworkRange("10.0.0.0/8"))
        #expect(private10.contains(try #require(NetworkRange.bytes(of: "10.255.0.1"))))
        #expect(private10.contains(try #require(NetworkRange.bytes(of: "::ffff:10.0.0.1"))))
        #expect(private10.contains(try #require(NetworkRange.bytes(of: "64:ff9b::a00:1"))))
        #expect(private10.contains(try #require(NetworkRange.bytes(of: "::ffff:0:10.0.0.1"))))
        for hidden in ["64:ff9b:1::a00:1", "2002:a00:1::", "2001:0:a00:1::"] {
            #expect(!ProbeNetworks().allows(hidden), "\(hidden)")
        }
        #expect(!private10.contains(try #require(NetworkRange.bytes(of: "11.0.0.1"))))
        let odd = try #require(NetworkRange("192.168.4.0/22"))
        #expect(odd.contains(try #require(NetworkRange.bytes(of: "192.168.7.255"))))
        #expect(!odd.contains(try #require(NetworkRange.bytes(of: "192.168.8.0"))))
        for text in ["10.0.0.0/33", "10.0.0/8", "x", "10.0.0.0/", "::/129"] { #expect(NetworkRange(text) == nil) }
        let networks = ProbeNetworks()
        for address in ["127.0.0.1", "10.0.0.1", "93.184.216.34", "::1", "2001:db8::1"] {
            #expect(networks.allows(address), "\(address)")
        }
        for address in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1"] {
            #expect(!networks.allows(address), "\(address)")
        }
    }

    @Test func `a caller's secret comes in every way that curl has`() {
        let none: [QueryParameter] = []
        #expect(Credentials.secret(in: [.authorization: "Bearer abc"], none) == "abc")
        #expect(Credentials.secret(in: [.authorization: "GenieKey abc"], none) == "abc")
        #expect(Credentials.secret(in: [.authorization: "Basic dTphYmM="], none) == "abc")
        #expect(Credentials.secret(in: [.authorization: "Basic YWJjOg=="], none) == "abc")
        #expect(Credentials.secret(in: [:], [QueryParameter(name: "key", value: "abc")]) == "abc")
        for header in ["Basic %%%", "Bearer", "Digest abc", "Basic Og=="] {
            #expect(Credentials.secret(in: [.authorization: header], none) == nil, "\(header)")
        }
    }
}
