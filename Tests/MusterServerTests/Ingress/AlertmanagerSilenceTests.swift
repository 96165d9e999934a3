import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Silences that foreign clients make: what is refused is not stored, and an id replaces.
@Suite(.timeLimit(.minutes(20))) struct AlertmanagerSilenceTests {
    private static let path = "/api/v2/silences"

    private static func silence(
        _ matchers: JSONValue = [["name": "alertname", "value": "Slow", "isRegex": false]], id: String? = nil,
        starts: Double = -1, ends: Double = 3600, comment: String = "we know", at now: Timestamp = .now()
    ) -> JSONValue {
        var body: JSONObject = [
            "matchers": matchers, "startsAt": .string(now.adding(seconds: starts).description),
            "endsAt": .string(now.adding(seconds: ends).description), "createdBy": "mia", "comment": .string(comment),
        ]
        body["id"] = id.map { .string($0) }
        return .object(body)
    }

    private static func bearer(_ site: IngressSite) -> HTTPFields {
        [.authorization: "Bearer \(site.key)"]
    }

    @discardableResult
    private static func post(_ site: IngressSite, _ body: JSONValue, gives status: Int = 200) async -> JSONValue {
        await site.send(.post, path, body, headers: bearer(site), gives: status).json
    }

    private static func list(_ site: IngressSite) async -> [JSONValue] {
        await site.send(.get, path, headers: bearer(site), gives: 200).json.array ?? []
    }

    private static func matcher(_ name: String, _ value: String, isRegex: JSONValue = false) -> JSONValue {
        ["name": .string(name), "value": .string(value), "isRegex": isRegex]
    }

    @Test func `a silence that is refused is not stored, and alerts go on`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let many = (0..<50).map { Self.matcher("label\($0)", "x") }
            let wrong: [JSONValue] = [
                [Self.matcher("a", String(repeating: "x", count: 1_001))], .array(many),
                [Self.matcher(String(repeating: "n", count: 300), "x")], [Self.matcher("job", ".*", isRegex: true)],
                [Self.matcher("job", "")], [Self.matcher("job", "x", isRegex: "true")],
                [["name": "a", "value": 7]], [Self.matcher("", "x")], [], "x",
                [Self.matcher("a", "(", isRegex: true)],
            ]
            for matchers in wrong { await Self.post(site, Self.silence(matchers), gives: 422) }
            #expect(await Self.list(site) == [])
            #expect(await site.ask(.get, "/v1/silences").json["items"] == [])
            let alert: JSONValue = [["labels": ["alertname": "Slow"]]]
            await site.send(.post, "/api/v2/alerts", alert, headers: Self.bearer(site), gives: 200)
            await Self.post(site, Self.silence([Self.matcher("a", String(repeating: "x", count: 1_000))]))
            await Self.post(site, Self.silence(.array(Array(many.prefix(49)))))
            #expect(await Self.list(site).count == 2)
        }
    }

    @Test func `NUL in what a foreign client silences is cleaned, and in our own silence refused`() async throws {
        try await IngressSite.with(.prometheus) { site in
            await Self.post(
                site, Self.silence([Self.matcher("a\u{0}b", "c\u{0}d")], comment: "be\u{0}cause"))
            let made = await Self.list(site)
            #expect(made[0]["matchers"]?[0]?["value"] == "c\u{FFFD}d" && made[0]["comment"] == "be\u{FFFD}cause")
            let matchers: JSONValue = [["label": "a\u{0}", "value": "b"]]
            await site.ask(
                .post, "/v1/silences", ["matchers": matchers, "comment": "x", "duration_seconds": 60], gives: 422)
        }
    }

    @Test func `an id changes the silence, and other matchers make another one of it`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let first = await Self.post(site, Self.silence())["silenceID"]?.string ?? ""
            let same = await Self.post(site, Self.silence(id: first, ends: 7200, comment: "longer"))
            #expect(same["silenceID"] == .string(first))
            #expect(await Self.list(site).map { $0["comment"]?.string } == ["longer"])
            let other: JSONValue = [Self.matcher("alertname", "Slower")]
            let second = await Self.post(site, Self.silence(other, id: first))["silenceID"]?.string ?? ""
            #expect(second != first)
            let states = await Self.list(site).reduce(into: [:]) { $0[$1["id"]?.string] = $1["status"]?["state"] }
            #expect(states == [first: "expired", second: "active"])
            // One that is over is not woken again.
            let third = await Self.post(site, Self.silence(id: first))["silenceID"]?.string ?? ""
            #expect(third != first && third != second)
            await Self.post(site, Self.silence(id: "0197a1b2-0000-7000-8000-000000000000"), gives: 404)
            await Self.post(site, Self.silence(id: "no id"), gives: 404)
            await Self.post(site, Self.silence(id: second, ends: -1), gives: 422)
            #expect(await Self.list(site).count == 3)
            let stranger = try await IngressSite(site.server, .alertmanager)
            await Self.post(stranger, Self.silence(id: second), gives: 404)
        }
    }

    @Test func `a list of silences is narrowed by the matchers that they have, as in Alertmanager`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let both: JSONValue = [Self.matcher("alertname", "Slow"), Self.matcher("job", "a")]
            await Self.post(site, Self.silence(both, comment: "1"))
            await Self.post(site, Self.silence([Self.matcher("alertname", "Slow", isRegex: true)], comment: "2"))
            await Self.post(site, Self.silence([Self.matcher("alertname", "Other")], comment: "3"))
            func found(_ query: String) async -> [String] {
                let reply = await site.send(.get, "\(Self.path)?\(query)", headers: Self.bearer(site), gives: 200)
                return (reply.json.array ?? []).compactMap { $0["comment"]?.string }.sorted()
            }
            #expect(await found("filter=alertname%3DSlow") == ["1"])
            #expect(await found("filter=alertname%3D~%22Slow%22") == ["2"])
            #expect(await found("filter=alertname%3DSlow&filter=job%3D%22a%22") == ["1"])
            #expect(await found("filter=alertname%3DSlow&filter=job%3Db") == [])
            #expect(await found("filter=alertname!%3DSlow") == [])
            #expect(await found("filter=source%3Dprometheus") == [], "the matcher on the source is ours")
            #expect(await found("") == ["1", "2", "3"])
        }
    }

    @Test func `a silence holds for the source that made it, whatever that and others are called`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let twin = try await IngressSite(site.server, .prometheus)
            let now = Timestamp.now()
            let silence = await Self.post(site, Self.silence(at: now))["silenceID"]?.string ?? ""
            func isHeld(_ source: String) async -> Bool {
                let example: JSONValue = ["source": .string(source), "labels": ["alertname": "Slow"]]
                return await site.ask(.post, "/v1/rules/try", example).json["opens_incident"] == false
            }
            #expect(await isHeld(site.source))
            #expect(await !isHeld(twin.source))
            await site.ask(.patch, "/v1/sources/\(site.source)", ["name": "renamed"])
            #expect(await isHeld(site.source))
            #expect(await isHeld("renamed"), "the only source of its name")
            let kept = await site.ask(.get, "/v1/silences/\(silence)").json["matchers"]?[1]
            #expect(kept == ["label": "source:id", "operator": "=", "value": .string(site.source)])
            // Its end changes, and it is the same silence after the rename.
            let longer = Self.silence(id: silence, ends: 7200, at: now)
            #expect(await Self.post(site, longer)["silenceID"] == .string(silence))
            let other: JSONValue = [
                "matchers": [["label": "source:id", "value": .string(twin.source)]], "comment": "x",
                "duration_seconds": 60,
            ]
            await site.ask(.post, "/v1/silences", other, gives: 201)
            #expect(await isHeld(twin.source))
        }
    }

    @Test func `silences that are over hide none that holds`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let silence = await Self.post(site, Self.silence())["silenceID"]
            _ = try await site.server.server.pool.query(
                """
                INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by, source, created_at)
                SELECT gen_random_uuid(), '[{"label":"a","operator":"=","value":"b"}]', now() - interval '2 hours',
                    now() - interval '1 hour', 'over', 'mia', source, now() + interval '1 minute'
                FROM silence, generate_series(1, 2100)
                """)
            let listed = await Self.list(site)
            #expect(listed.first?["id"] == silence && listed.count == 2_000)
        }
    }

    @Test func `our own silence of everything has to say so`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let matchers: JSONValue = [["label": "title", "operator": "=~", "value": ".*"]]
            var body: JSONObject = ["matchers": matchers, "comment": "we move", "duration_seconds": 60]
            let refused = await site.ask(.post, "/v1/silences", .object(body), gives: 422)
            #expect(refused.json["detail"]?.string?.contains("\"everything\": true") == true)
            body["everything"] = true
            await site.ask(.post, "/v1/silences", .object(body), gives: 201)
        }
    }

    @Test func `a silence may last thirty days by the database's clock, whatever ours says`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let month = Int(Silence.secondsMax)
            let matchers: JSONValue = [["label": "a", "value": "b"]]
            let end = Timestamp.now().adding(seconds: Silence.secondsMax + 20).description
            for ending: (String, JSONValue) in [("duration_seconds", .integer(month)), ("ends_at", .string(end))] {
                for _ in 1...10 {
                    await site.ask(
                        .post, "/v1/silences",
                        .object(["matchers": matchers, "comment": "x", ending.0: ending.1]), gives: 201)
                }
            }
            let late = Timestamp.now().adding(seconds: Silence.secondsMax + 3600).description
            await site.ask(
                .post, "/v1/silences", ["matchers": matchers, "comment": "x", "ends_at": .string(late)], gives: 422)
        }
    }

    @Test func `what is wrong is said once, by the names that the client sent`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let long: JSONValue = [Self.matcher(String(repeating: "n", count: 300), "x")]
            let wrong: [(JSONValue, String)] = [
                (Self.silence(ends: -60), "/endsAt"), (Self.silence(starts: 60, ends: 30), "/endsAt"),
                (Self.silence(comment: ""), "/comment"), (Self.silence(comment: " "), "/comment"),
                (Self.silence(long), "/matchers/0/name"),
            ]
            for (body, place) in wrong {
                let text = await Self.post(site, body, gives: 422).string ?? ""
                #expect(text.hasPrefix("\(place): ") && text.hasSuffix("."), "\(text)")
                #expect(text.ranges(of: place).count == 1, "\(text)")
            }
            let alerts: JSONValue = [["labels": ["a": "1"]], [:], ["labels": ["a": []]]]
            let reply = await site.send(.post, "/api/v2/alerts", alerts, headers: Self.bearer(site), gives: 400)
            let text = reply.json.string ?? ""
            for part in ["/1/labels: ", "/2/labels/a: ", ". The other alerts were stored (1). Kept as dead letter "] {
                #expect(text.ranges(of: part).count == 1, "\(text)")
            }
        }
    }

    @Test func `a silence that is changed or ended says when`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let id = await Self.post(site, Self.silence())["silenceID"]?.string ?? ""
            func updated() async -> Timestamp {
                await Self.list(site)[0]["updatedAt"]?.time ?? .earliest
            }
            let made = await updated()
            let pool = site.server.server.pool
            _ = try await pool.query("UPDATE silence SET created_at = created_at - interval '1 hour'")
            #expect(await updated() == made.adding(seconds: -3600))
            await Self.post(site, Self.silence(id: id, ends: 7200))
            #expect(await updated() >= made)
            _ = try await pool.query("UPDATE audit_line SET at = at - interval '1 minute'")
            await site.send(.delete, "/api/v2/silence/\(id)", headers: Self.bearer(site), gives: 200)
            #expect(await updated() >= made)
        }
    }

    @Test func `a silence that is over holds nothing, and one end is enough`() async throws {
        try await IngressSite.with(.prometheus) { site in
            var body: JSONObject = [
                "matchers": [["label": "alertname", "value": "Slow"]], "comment": "x", "duration_seconds": 600,
            ]
            let id = await site.ask(.post, "/v1/silences", .object(body), gives: 201).json["id"]?.string ?? ""
            await site.send(
                .post, "/api/v2/alerts", [["labels": ["alertname": "Slow"]]], headers: Self.bearer(site), gives: 200)
            _ = try await site.server.server.pool.query("UPDATE alert SET silence = \(UUID(uuidString: id))")
            #expect(await site.ask(.get, "/v1/silences/\(id)").json["holding"] == 1)
            #expect(await site.ask(.delete, "/v1/silences/\(id)").json["holding"] == 0)
            body["ends_at"] = .string(Timestamp.now().adding(seconds: 60).description)
            let both = await site.ask(.post, "/v1/silences", .object(body), gives: 422)
            #expect(both.json["detail"]?.string?.contains("only one of the two") == true)
        }
    }
}
