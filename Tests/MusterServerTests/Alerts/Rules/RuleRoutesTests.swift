import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// Rules and silences over HTTP: what is refused, and that trying changes nothing.
@Suite(.timeLimit(.minutes(20))) struct RuleRoutesTests {
    private static func pointers(_ reply: DescribedServer.Reply) -> [String] {
        (reply.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string }
    }

    @Test func `a rule that cannot work is refused with the place of the mistake`() async throws {
        try await DescribedServer.with { server in
            func refused(_ then: JSONValue, _ matchers: JSONValue = []) async -> [String] {
                let reply = await server.ask(.post, "/v1/rules", ["name": "r", "matchers": matchers, "then": then])
                #expect(reply.status == 422)
                return Self.pointers(reply)
            }
            let pattern: JSONValue = [["label": "a", "operator": "=~", "value": "(b"]]
            let reply = await server.ask(
                .post, "/v1/rules", ["name": "r", "matchers": pattern, "then": ["severity": "sev3"]])
            #expect(reply.status == 422 && reply.json.text.contains("“(b” has a ( without a matching )"))
            let hours: JSONValue = ["time_zone": "Europe/Atlantis", "from": "09:00", "to": "17:00"]
            #expect(await refused(["hours": hours]) == ["/then/hours/time_zone"])
            let days: JSONValue = ["time_zone": "UTC", "days": ["mon", "xyz"], "from": "09:00", "to": "17:00"]
            #expect(await refused(["hours": days]) == ["/then/hours/days"])
            let times: JSONValue = ["time_zone": "UTC", "from": "24:00", "to": "17:60"]
            #expect(await refused(["hours": times]) == ["/then/hours/from", "/then/hours/to"])
            #expect(await refused(["after": ["count": 0, "within_seconds": 1]]) == ["/then/after/count"])
            #expect(await refused(["component": ["table": ["a": "b"]]]) == ["/then/component/label"])
            #expect(await refused(["opens_incident": "perhaps"], [["label": "a"]]).count == 2)
            #expect(await server.ask(.get, "/v1/rules").json["items"] == [])
            #expect(server.complaints == [])
        }
    }

    @Test func `a rule has to say what it does, as most of those that say nothing were meant to do something`()
        async throws
    {
        try await DescribedServer.with { server in
            for body: JSONValue in [
                ["name": "r", "matchers": []], ["name": "r", "matchers": [], "then": [:]],
                ["name": "r", "matchers": [], "then": ["severity": .null]],
            ] {
                let reply = await server.ask(.post, "/v1/rules", body)
                #expect(reply.status == 422 && Self.pointers(reply) == ["/then"], "\(reply.text)")
            }
            let last: JSONValue = ["name": "r", "matchers": [], "then": ["opens_incident": true]]
            let made = await server.ask(.post, "/v1/rules", last)
            #expect(made.status == 201)
            let id = made.json["id"]?.string ?? ""
            let shown = await server.ask(.get, "/v1/rules/\(id)").json["then"] ?? .null
            let again: JSONValue = ["name": "r", "matchers": [], "then": shown]
            #expect(await server.ask(.put, "/v1/rules/\(id)", again).status == 200, "what is shown can be sent back")
            #expect(server.complaints == [])
        }
    }

    @Test func `trying says which rules match and why no incident would open, and changes nothing`() async throws {
        try await DescribedServer.with { server in
            #expect(await server.ask(.put, "/v1/components/user-db", ["tier": 1]).status == 201)
            let matchers: JSONValue = [["label": "team", "operator": "=~", "value": "db|storage"]]
            let night: JSONValue = ["time_zone": "Europe/Berlin", "from": "08:00", "to": "20:00"]
            let made = await server.ask(
                .post, "/v1/rules",
                ["name": "databases", "matchers": matchers, "then": ["component": "user-db", "hours": night]])
            #expect(made.status == 201)
            let body: JSONValue = ["labels": ["team": "db"], "at": "2026-06-01T21:00:00Z"]
            let tried = await server.ask(.post, "/v1/rules/try", body)
            #expect(tried.status == 200 && tried.json["matched"]?[0]?["name"] == "databases")
            #expect(tried.json["component"] == "user-db" && tried.json["opens_incident"] == false)
            #expect(tried.json["held"] == "hours" && tried.json["held_until"] == "2026-06-02T06:00:00.000Z")
            let alert: JSONValue = ["alert": ["labels": ["team": "web"], "title": "Slow", "flaps": 7]]
            let other = await server.ask(.post, "/v1/rules/try", alert)
            #expect(other.json["matched"] == [] && other.json["opens_incident"] == true)
            #expect(server.complaints == [])
        }
    }

    @Test func `a rule holds for the alert that is sent right after its answer`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let server = site.server.server
            let hearing = CacheInvalidator(
                pool: server.pool, forgetting: [RuleStore.channel: server.rules.forget], onReconnect: {})
            let running = Task { try await hearing.run() }
            for turn in 1...25 {
                let name: JSONValue = .string("alert-\(turn)")
                let body: JSONValue = [
                    "name": name, "matchers": [["label": "alertname", "value": name]], "then": ["severity": "sev2"],
                ]
                let rule = await site.ask(.post, "/v1/rules", body, gives: 201)
                await site.send(
                    .post, "/api/v2/alerts", [["labels": ["alertname": name]]],
                    headers: [.authorization: "Bearer \(site.key)"], gives: 200)
                let alert = await site.ask(.get, "/v1/alerts?limit=1").json["items"]?[0]
                #expect(alert?["rule"] == rule.json["id"] && alert?["labels"]?["alertname"] == name)
            }
            running.cancel()
            try await running.value
        }
    }

    @Test func `a silence without an end, or with two, is refused`() async throws {
        try await DescribedServer.with { server in
            let matchers: JSONValue = [["label": "a", "value": "b"]]
            let endless = await server.ask(.post, "/v1/silences", ["matchers": matchers, "comment": "work"])
            #expect(Self.pointers(endless) == ["/ends_at"])
            let twice: JSONValue = [
                "matchers": matchers, "comment": "work", "duration_seconds": 60, "ends_at": "2100-01-01T00:00:00Z",
            ]
            #expect(Self.pointers(await server.ask(.post, "/v1/silences", twice)) == ["/ends_at"])
            let long: JSONValue = ["matchers": matchers, "comment": "work", "ends_at": "2100-01-01T00:00:00Z"]
            #expect(Self.pointers(await server.ask(.post, "/v1/silences", long)) == ["/ends_at"])
            let none: JSONValue = ["matchers": [], "comment": "work", "duration_seconds": 60]
            #expect(Self.pointers(await server.ask(.post, "/v1/silences", none)) == ["/matchers"])
            #expect(server.complaints == [])
        }
    }
}
