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

    /// Where a path and a method are asked that no door has, and bodies in a coding that none takes.
    @Test
    func `Whatever the edge refuses beside a door has the form of the door`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let coded: HTTPFields = [.authorization: "Bearer \(site.key)", .contentEncoding: "br"]
            let asked: [(HTTPRequest.Method, String, HTTPFields, Int)] = [
                (.put, "/api/v2/alerts", [:], 405), (.get, "/api/v2/alertz", [:], 404),
                (.get, "/api/v2/alerts/x/y", [:], 404), (.post, "/api/v2/alerts", coded, 415),
                (.post, "/api/v2/silences", coded, 415), (.post, "/v2/alerts", coded, 415),
                (.post, "/v2/alerts/x/close", coded, 415), (.patch, "/v2/alerts", [:], 405),
                (.get, "/v2/alerts/a/b/c/d", [:], 404), (.post, "/v2/enqueue", coded, 415),
                (.get, "/v2/enqueue", [:], 405), (.post, "/v2/change/enqueue/x", [:], 404),
                (.post, "/hooks/\(site.key)", coded, 415), (.get, "/v1/nothing", [:], 404),
            ]
            for (method, path, headers, status) in asked {
                let reply = await site.server.ask(method, path, raw: "{}", token: nil, headers: headers)
                let place = "\(method) \(path): \(reply.text)"
                #expect(reply.status == status, "\(place)")
                let type = reply.headers[.contentType]
                if path.hasPrefix("/api/v2") {
                    #expect(type == "application/json" && reply.json.string?.isEmpty == false, "\(place)")
                } else if path.hasPrefix("/v2/alerts") {
                    #expect(type == "application/json" && reply.json["requestId"] != nil, "\(place)")
                    #expect(reply.json["message"]?.string?.isEmpty == false, "\(place)")
                } else if path.hasPrefix("/v2/") {
                    #expect(type == "application/json" && reply.json["status"] == "invalid event", "\(place)")
                } else {
                    #expect(type == "application/problem+json", "\(place)")
                }
                if status == 405 { #expect(reply.headers[.allow] != nil, "\(place)") }
                if status == 415 { #expect(reply.headers[.acceptEncoding] != nil, "\(place)") }
            }
        }
    }

    @Test
    func `What a body is that nobody can read is said, at every door and in every letter`() async throws {
        let form = "application/x-www-form-urlencoded"
        let bodies: [([UInt8], String, String)] = [
            (Deflated.bytes("{}", gzip: true), form, "gzip"),
            (Deflated.bytes("{}", gzip: true), "application/json", "gzip"),
            ([0x28, 0xB5, 0x2F, 0xFD, 0x24], "application/json", "zstd"),
            ([0xFF, 0xFE, 0x7B, 0, 0x7D, 0], "application/json", "UTF-8"),
            (
                Array("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--".utf8),
                "multipart/form-data", "multipart"
            ),
            (Array("a=%00".utf8), form, "form in the body"),
        ]
        try await IngressSite.with(.generic) { site in
            for (body, type, word) in bodies {
                let headers: HTTPFields = [.contentType: type]
                let reply = await site.send(.post, "/hooks/\(site.key)", sent: body, headers: headers, gives: 400)
                let detail = reply.json["detail"]?.string ?? ""
                #expect(detail.contains(word) && !detail.contains("path or query"), "\(detail)")
            }
            let nothing = await site.send(.post, "/hooks/\(site.key)", [:], gives: 422)
            #expect(nothing.json["detail"]?.string?.contains("send one of dedup_key, fingerprint,") == true)
            #expect(await site.count("/v1/dead-letters") == 6)
            // Our own API hears the same.
            let own = await site.server.ask(.post, "/v1/silences", sent: [0xFF, 0xFE, 0x7B, 0])
            #expect(own.json["detail"]?.string?.contains("UTF-8") == true)
        }
    }

    @Test
    func `A byte-order mark changes nothing, at our own paths either`() async throws {
        try await IngressSite.with(.generic) { site in
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let silence = #"{"matchers":[{"label":"a","value":"b"}],"comment":"x","duration_seconds":60}"#
            #expect(await site.server.ask(.post, "/v1/silences", sent: mark + Array(silence.utf8)).status == 201)
            let report = await site.server.ask(
                .post, "/reports", sent: mark + Array(#"{"symptom":"unavailable","area":"x"}"#.utf8), token: nil)
            #expect(report.status == 202 || report.json["errors"] != nil, "\(report.text)")
            await site.send(.post, "/hooks/\(site.key)", sent: mark + Array(#"{"id":"a"}"#.utf8), gives: 200)
        }
    }

    @Test
    func `What a door takes can be tried, however large it is`() async throws {
        try await IngressSite.with(.generic) { site in
            let large: JSONValue = ["id": "a", "text": .string(String(repeating: "x", count: 2 << 20))]
            let tried = await site.ask(.post, "/v1/sources/\(site.source)/try", large)
            #expect(tried.json["alerts"]?[0]?["identity"] == "a")
        }
    }
}
