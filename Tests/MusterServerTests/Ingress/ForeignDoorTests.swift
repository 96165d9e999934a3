import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// What all doors of foreign clients have in common.
@Suite(.timeLimit(.minutes(20)))
struct ForeignDoorTests {
    private static let secret = "a secret of enough bytes"
    private static let signed: JSONObject = [
        "signature": ["scheme": "sha256", "secrets": ["a secret of enough bytes"]]
    ]

    /// Every route that a source's key opens, by the table that the daemon serves.
    private static func doors(_ site: IngressSite) -> [Route] {
        site.server.server.routes.filter { route in
            route.role == nil && !route.path.contains("heartbeats")
                && ["/hooks/", "/v2/", "/api/v2/"].contains { route.path.hasPrefix($0) }
        }
    }

    private static func path(_ route: Route, _ key: String) -> String {
        route.path.replacing("{key}", with: key).replacing("{id}", with: UUID().uuidString)
            .replacing("{request}", with: UUID().uuidString)
    }

    private static func body(_ route: Route, _ key: String) -> String {
        guard route.body != .none else { return "" }
        return #"{"routing_key":"\#(key)","message":"m","note":"n","tags":["t"],"description":"d","priority":"P1"}"#
    }

    private static func signature(of body: String) -> String {
        let code = OpenSSL.hmacSHA256(key: Array(secret.utf8), Array(body.utf8))
        return "sha256=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test
    func `What changes something is signed at every door, where the source signs`() async throws {
        try await IngressSite.with(.prometheus, Self.signed) { site in
            let doors = Self.doors(site)
            #expect(doors.count >= 20 && doors.contains { $0.path == "/api/v2/silences" })
            let writing = doors.filter { $0.method != .get }
            #expect(writing.count >= 16)
            for route in writing {
                let body = Self.body(route, site.key)
                for forged in [nil, "sha256=" + String(repeating: "0", count: 64), Self.signature(of: body + " ")] {
                    var headers: HTTPFields = [.authorization: "Bearer \(site.key)"]
                    headers[HTTPField.Name("X-Hub-Signature-256")!] = forged
                    let reply = await site.server.ask(
                        route.method, Self.path(route, site.key), raw: body, token: nil, headers: headers)
                    // PagerDuty's clients know no 401.
                    let status = route.path.hasSuffix("/enqueue") ? 400 : 401
                    #expect(reply.status == status, "\(route.method) \(route.path): \(reply.text)")
                }
                var headers: HTTPFields = [.authorization: "Bearer \(site.key)"]
                headers[HTTPField.Name("X-Hub-Signature-256")!] = Self.signature(of: body)
                let reply = await site.server.ask(
                    route.method, Self.path(route, site.key), raw: body, token: nil, headers: headers)
                #expect(reply.status != 401, "\(route.method) \(route.path): \(reply.text)")
                #expect(!reply.text.contains("signature"), "\(route.method) \(route.path): \(reply.text)")
            }
            #expect(await site.ask(.get, "/v1/silences").json["items"]?.array?.count == 0)
        }
    }

    @Test
    func `An unsigned silence is not stored`() async throws {
        try await IngressSite.with(.prometheus, Self.signed) { site in
            let body: JSONValue = [
                "matchers": [["name": "alertname", "value": "A", "isRegex": false]],
                "endsAt": .string(Timestamp.now().adding(seconds: 3600).description), "comment": "c", "createdBy": "m",
            ]
            let key: HTTPFields = [.authorization: "Bearer \(site.key)"]
            await site.send(.post, "/api/v2/silences", body, headers: key, gives: 401)
            #expect(await site.count("/v1/silences") == 0)
            let text = String(decoding: body.bytes, as: UTF8.self)
            var headers = key
            headers[HTTPField.Name("X-Hub-Signature-256")!] = Self.signature(of: text)
            await site.send(.post, "/api/v2/silences", raw: text, headers: headers, gives: 200)
            #expect(await site.count("/v1/silences") == 1)
            await site.send(.get, "/api/v2/silences", headers: key, gives: 200)
        }
    }

    @Test
    func `Of a message with one bad alert, the good ones are stored and the bad one is kept`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let body = """
                {"version":"4","groupKey":"g","status":"firing","alerts":[{"status":"firing","fingerprint":"a"},
                {"status":"firing","labels":{"alertname":"B","path":["x"]}},{"status":"firing","fingerprint":"c"}]}
                """
            for count in 1...2 {
                let reply = await site.send(.post, "/hooks/\(site.key)", raw: body, gives: 422)
                #expect(reply.json["errors"]?.array?.compactMap { $0["pointer"]?.string } == ["/alerts/1/labels/path"])
                #expect(reply.json["accepted"] == 2)
                #expect(await site.alerts() == ["a firing \(count)", "c firing \(count)"])
                let letters = await site.ask(.get, "/v1/dead-letters").json["items"]?.array ?? []
                #expect(letters.count == 1 && letters[0]["occurrences"] == .integer(count))
                #expect(reply.json["dead_letter"] == letters[0]["id"])
            }
            let id = await site.ask(.get, "/v1/dead-letters").json["items"]?[0]?["id"]?.string ?? ""
            let kept = await site.ask(.get, "/v1/dead-letters/\(id)").json["body"]?.string ?? ""
            let alerts = try JSONParser.parse(kept.utf8)["alerts"]?.array
            #expect(alerts?.count == 1 && alerts?[0]["labels"]?["alertname"] == "B")
            await site.ask(.post, "/v1/dead-letters/\(id)/replay", gives: 422)
            let tried = await site.server.ask(.post, "/v1/sources/\(site.source)/try", raw: body)
            #expect(tried.json["alerts"]?.array?.count == 2)
            #expect(tried.json["refused"]?[0]?["pointer"] == "/alerts/1/labels/path")
        }
    }

    @Test
    func `Prometheus' API says which alerts were wrong as Alertmanager does, and stores the others`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let key: HTTPFields = [.authorization: "Bearer \(site.key)"]
            let body: JSONValue = [
                ["labels": ["a": 1]], ["labels": [:]], ["labels": ["a": ["b": 1]]], ["labels": ["a": 2]],
            ]
            let reply = await site.send(.post, "/api/v2/alerts", body, headers: key, gives: 400)
            let text = reply.json.string ?? ""
            #expect(
                text.contains("/1/labels") && text.contains("/2/labels/a") && text.contains("dead letter"), "\(text)")
            #expect(await site.count("/v1/alerts") == 2)
            #expect(await site.count("/v1/dead-letters") == 1)
        }
    }

    @Test
    func `Parts of a list that a mapping does not fit go through when it is mended`() async throws {
        let settings: JSONObject = ["mapping": ["items": "/events", "identity": "/id"]]
        try await IngressSite.with(.generic, settings) { site in
            let body: JSONValue = ["events": [["id": 1], ["key": 2], ["id": 3]]]
            await site.send(.post, "/hooks/\(site.key)", body, gives: 422)
            #expect(await site.alerts() == ["1 firing 1", "3 firing 1"])
            let mended: JSONValue = ["mapping": ["items": "/events", "identity": ["pointers": ["/id", "/key"]]]]
            await site.ask(.patch, "/v1/sources/\(site.source)", mended)
            let reply = await site.ask(.post, "/v1/sources/\(site.source)/replay")
            #expect(reply.json == ["replayed": 1, "left": 0])
            #expect(await site.alerts() == ["1 firing 1", "2 firing 1", "3 firing 1"])
        }
    }

    @Test
    func `A start in the future and a time that nobody can read are shown with the alert`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let ahead = Timestamp.now().adding(seconds: 7200).description
            let body = """
                {"alerts":[{"status":"firing","fingerprint":"ahead","startsAt":"\(ahead)"},
                {"status":"firing","fingerprint":"odd","startsAt":"half past three"}]}
                """
            await site.send(.post, "/hooks/\(site.key)", raw: body, gives: 200)
            for alert in await site.ask(.get, "/v1/alerts").json["items"]?.array ?? [] {
                #expect(alert["starts_at"]?.time ?? .latest <= .now())
                #expect(alert["ignored"] == ["messages": 0, "last_reason": nil, "last_at": nil])
                let whole = await site.ask(.get, "/v1/alerts/\(alert["id"]?.string ?? "")").json
                if alert["identity"] == "ahead" {
                    #expect(whole["payload"]?.string?.contains(ahead) == true)
                } else {
                    #expect(whole["annotations"]?["unread_time"]?.string?.contains("half past three") == true)
                }
            }
        }
    }

    @Test
    func `A resource of Sentry that is no alert is taken, and is no dead letter`() async throws {
        try await IngressSite.with(.sentry) { site in
            var headers = HTTPFields()
            headers[HTTPField.Name("Sentry-Hook-Resource")!] = "installation"
            let reply = await site.send(.post, "/hooks/\(site.key)", ["data": [:]], headers: headers, gives: 200)
            #expect(reply.json == ["accepted": 0])
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }
}
