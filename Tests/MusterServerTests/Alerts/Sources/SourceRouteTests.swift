import FoundationEssentials
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// The settings of sources, and trying them out.
@Suite(.timeLimit(.minutes(20)))
struct SourceRouteTests {
    private static let secret = "a secret of enough bytes"
    private static let event: JSONValue = [
        "routing_key": "any", "event_action": "trigger", "dedup_key": "disk",
        "payload": ["summary": "Disk full", "source": "db-1", "severity": "critical", "component": "db"],
    ]

    private static func signed(_ secret: String = secret) -> JSONObject {
        var settings = JSONObject()
        settings["signature"] = ["scheme": "sha256", "secrets": [.string(secret)]]
        return settings
    }

    private static func header(_ body: JSONValue, _ secret: String = secret) -> HTTPFields {
        let code = OpenSSL.hmacSHA256(key: Array(secret.utf8), body.bytes)
        let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var fields = HTTPFields()
        if let name = HTTPField.Name("X-Hub-Signature-256") { fields[name] = "sha256=\(hex)" }
        return fields
    }

    @Test
    func `A source with a signature takes what is signed, and stores nothing of the rest`() async throws {
        try await IngressSite.with(.pagerduty, Self.signed()) { site in
            let hook = "/hooks/\(site.key)"
            await site.send(.post, hook, Self.event, headers: Self.header(Self.event), gives: 200)
            let refused = await site.send(
                .post, hook, Self.event, headers: Self.header(Self.event, "another"), gives: 401)
            #expect(refused.json["type"] == "/problems/signature-invalid")
            await site.send(.post, hook, Self.event, gives: 401)
            await site.send(.post, hook, raw: "garbage", gives: 401)
            await site.send(.post, "/v2/alerts/disk/close?identifierType=alias&key=\(site.key)", gives: 401)
            #expect(await site.alerts() == ["disk firing 1"])
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `Nobody can read a secret, neither by the API nor in the database`() async throws {
        try await IngressSite.with(.pagerduty, Self.signed()) { site in
            let source = await site.ask(.get, "/v1/sources/\(site.source)")
            #expect(source.json["signature"]?["scheme"] == "sha256" && !source.text.contains(Self.secret))
            #expect(!source.text.contains(site.key))
            let row = try await site.server.server.pool.query("SELECT to_jsonb(source)::text FROM source")[0]
            #expect(try !row.decode(0, as: String.self).contains(Self.secret))
            let audit = try await site.server.server.pool.query(
                "SELECT coalesce(string_agg(data::text, ''), '') FROM audit_line")
            #expect(try !audit[0].decode(0, as: String.self).contains(Self.secret))
        }
    }

    @Test
    func `A secret is changed with the key of the source only, and then goes for good`() async throws {
        try await IngressSite.with(.pagerduty, Self.signed()) { site in
            let (path, hook) = ("/v1/sources/\(site.source)", "/hooks/\(site.key)")
            let signature: JSONValue = ["scheme": "sha256", "secrets": ["the newer secret", .string(Self.secret)]]
            await site.ask(.patch, path, ["signature": signature], gives: 422)
            await site.ask(.patch, path, ["signature": signature, "key": "wrong"], gives: 422)
            await site.ask(.patch, path, ["signature": signature, "key": .string(site.key)])
            for secret in ["the newer secret", Self.secret] {
                await site.send(.post, hook, Self.event, headers: Self.header(Self.event, secret), gives: 200)
            }
            await site.ask(.patch, path, ["name": "renamed"])
            await site.send(.post, hook, Self.event, gives: 401)
            await site.ask(.patch, path, ["signature": .null])
            await site.send(.post, hook, Self.event, gives: 200)
            #expect(await site.ask(.get, path).json["name"] == "renamed")
        }
    }

    @Test
    func `After a rotation the old key opens nothing, and the secrets go on under the new one`() async throws {
        try await IngressSite.with(.pagerduty, Self.signed()) { site in
            let path = "/v1/sources/\(site.source)/rotate"
            await site.ask(.post, path, gives: 422)
            await site.ask(.post, path, ["key": "wrong"], gives: 422)
            let made = await site.ask(.post, path, ["key": .string(site.key)])
            let key = try #require(made.json["key"]?.string)
            #expect(made.json["url"]?.string?.hasSuffix("/hooks/\(key)") == true)
            await site.send(.post, "/hooks/\(site.key)", Self.event, headers: Self.header(Self.event), gives: 404)
            await site.send(.post, "/hooks/\(key)", Self.event, headers: Self.header(Self.event), gives: 200)
            await site.send(.post, "/hooks/\(key)", Self.event, gives: 401)
        }
    }

    @Test(arguments: ["rotate", "delete"])
    func `A key that was changed or removed opens nothing within a second at another daemon, though nobody says so`(
        change: String
    ) async throws {
        try await IngressSite.with(.generic) { site async throws in
            let store = SourceStore(pool: site.server.server.pool)
            // Another daemon, that hears of nothing.
            let clock = HandClock()
            let other = SourceCache(store: store) { clock.now }
            #expect(try await other.source(key: site.key) != nil)
            let path = "/v1/sources/\(site.source)"
            if change == "rotate" {
                await site.ask(.post, "\(path)/rotate")
            } else {
                await site.ask(.delete, path, gives: 204)
            }
            await site.send(.post, "/hooks/\(site.key)", ["a": 1], gives: 404)
            #expect(try await other.source(key: site.key) != nil)
            clock.advance(by: .milliseconds(999))
            #expect(try await other.source(key: site.key) == nil)
        }
    }

    @Test
    func `Settings that cannot be are refused, each with its place`() async throws {
        try await IngressSite.with(.generic) { site in
            let wrong: [(JSONValue, String)] = [
                (["name": "a", "kind": "grafana", "mapping": ["identity": "/id"]], "/mapping"),
                (["name": "a", "kind": "generic", "mapping": ["title": "/id"]], "/mapping/identity"),
                (["name": "a", "kind": "none"], "/kind"),
                (["name": "a", "kind": "grafana", "signature": ["scheme": "sha256"]], "/signature/secrets"),
                (
                    [
                        "name": "a", "kind": "grafana",
                        "signature": ["scheme": "sha256", "secrets": ["12345678"], "timestamp_header": "X-Time"],
                    ], "/signature/timestamp_header"
                ),
                (
                    [
                        "name": "a", "kind": "grafana",
                        "signature": ["scheme": "grafana", "secrets": ["12345678"], "header": "a b"],
                    ], "/signature/header"
                ),
            ]
            for (body, pointer) in wrong {
                let reply = await site.ask(.post, "/v1/sources", body, gives: 422)
                let pointers = (reply.json["errors"]?.array ?? []).map { $0["pointer"] }
                #expect(pointers.contains(.string(pointer)), "\(reply.text)")
            }
            for path in ["", "/rotate"] {
                let builtIn = "/v1/sources/00000000-0000-7000-8000-000000000001\(path)"
                await site.ask(path.isEmpty ? .get : .post, builtIn, path.isEmpty ? nil : [:], gives: 404)
            }
            for path in ["", "/rotate", "/try", "/replay"] {
                let none = "/v1/sources/\(UUID().uuidString)\(path)"
                await site.ask(path.isEmpty ? .get : .post, none, path.isEmpty ? nil : [:], gives: 404)
            }
        }
    }

    @Test
    func `Everything that is wrong with a source is said at once, and nothing is offered that is then refused`()
        async throws
    {
        try await IngressSite.with(.generic) { site in
            let body: JSONValue = [
                "name": "", "kind": "generic", "foo": 1, "mapping": ["title": "x", "idntity": "/a"],
                "signature": ["scheme": "sha256", "secrets": [], "header": "a b"],
            ]
            let reply = await site.ask(.post, "/v1/sources", body, gives: 422)
            let pointers = (reply.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string }
            let wanted = [
                "/name", "/foo", "/mapping/title", "/mapping/idntity", "/mapping/identity", "/signature/secrets",
                "/signature/header",
            ]
            #expect(pointers.sorted() == wanted.sorted(), "\(reply.text)")
            let change: JSONValue = ["foo": 1, "mapping": ["idntity": "/a"], "signature": ["scheme": "none"]]
            let refused = await site.ask(.patch, "/v1/sources/\(site.source)", change, gives: 422)
            let places = Set((refused.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string })
            #expect(
                places.isSuperset(of: ["/foo", "/mapping/idntity", "/signature/scheme"]), "\(refused.text)")
            for kind in ["internal", "none"] {
                let wrong = await site.ask(.post, "/v1/sources", ["name": "a", "kind": .string(kind)], gives: 422)
                #expect(wrong.text.contains("must be one of: alertmanager") && !wrong.text.contains("internal"))
            }
        }
    }

    @Test
    func `A payload is tried without a trace`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            let path = "/v1/sources/\(site.source)/try"
            let alert = await site.ask(.post, path, Self.event).json["alerts"]?[0]
            #expect(alert?["identity"] == "disk" && alert?["status"] == "firing" && alert?["title"] == "Disk full")
            #expect(alert?["component"] == "db" && alert?["severity"] == "critical")
            #expect(alert?["labels"]?["source"] == "db-1")
            await site.ask(.post, path, ["who": 1], gives: 422)
            #expect(await site.alerts() == [])
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `A trial says which rules a payload meets and what that changes`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            let path = "/v1/sources/\(site.source)/try"
            let before = await site.ask(.post, path, Self.event).json["alerts"]?[0]
            #expect(before?["routing"]?["matched"] == [] && before?["routing"]?["opens_incident"] == true)
            let rule: JSONValue = [
                "name": "disks", "matchers": [["label": "component", "value": "db"]],
                "then": ["severity": "sev3", "opens_incident": false],
            ]
            let made = await site.ask(.post, "/v1/rules", rule, gives: 201).json
            let alert = await site.ask(.post, path, Self.event).json["alerts"]?[0]
            #expect(alert?["severity"] == "critical", "as its format reads it")
            #expect(alert?["routing"]?["severity"] == "sev3" && alert?["routing"]?["component"] == "db")
            #expect(alert?["routing"]?["rule"] == made["id"] && alert?["routing"]?["opens_incident"] == false)
            #expect(alert?["routing"]?["reason"] == "The rule “disks” opens no incident.")
            #expect(await site.alerts() == [])
        }
    }

    @Test
    func `A mapping is tried before it is saved`() async throws {
        try await IngressSite.with(.generic) { site in
            let path = "/v1/sources/\(site.source)/try"
            let wrapper: HTTPFields = [.contentType: "application/vnd.muster.try+json"]
            let payload: JSONValue = ["id": "a", "text": "T"]
            let tried = await site.server.ask(
                .post, path, ["mapping": ["identity": "/id", "title": "/text"], "payload": payload], headers: wrapper)
            #expect(tried.json["alerts"]?[0]?["title"] == "T", "\(tried.text)")
            let refused = await site.server.ask(
                .post, path, ["mapping": ["title": "/text"], "payload": payload], headers: wrapper)
            #expect(refused.status == 422)
            #expect(await site.ask(.get, "/v1/sources/\(site.source)").json["mapping"] == .null)
        }
    }

    @Test
    func `Where to confirm a subscription is shown, and nobody calls it`() async throws {
        try await IngressSite.with(.cloudwatch) { site in
            let body: JSONValue = [
                "Type": "SubscriptionConfirmation", "MessageId": "1", "TopicArn": "arn:aws:sns:eu:1:t",
                "Token": "t", "Message": "You have chosen",
                "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
            ]
            await site.send(.post, "/hooks/\(site.key)", body, gives: 200)
            let source = await site.ask(.get, "/v1/sources/\(site.source)").json
            #expect(source["confirmation_url"] == "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription")
        }
    }
}
