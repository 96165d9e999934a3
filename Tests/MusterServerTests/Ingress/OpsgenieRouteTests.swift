import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Opsgenie's Alert API as its SDK, Alertmanager and apprise use it.
@Suite(.timeLimit(.minutes(20)))
struct OpsgenieRouteTests {
    private static func call(
        _ site: IngressSite, _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        gives status: Int = 202
    ) async -> JSONValue {
        let key: HTTPFields = [.authorization: "GenieKey \(site.key)", .contentType: "application/json"]
        let reply = await site.send(method, "/v2/alerts\(path)", body, headers: key, gives: status)
        #expect(reply.json["requestId"]?.string != nil, "\(reply.text)")
        #expect(reply.json["took"]?.number != nil, "\(reply.text)")
        return reply.json
    }

    @Test
    func `The id of the request that creates an alert is the alert's id`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let made = await Self.call(
                site, .post, "", ["message": "Disk full", "alias": "disk", "priority": "P1", "tags": ["a", " b"]])
            #expect(made["result"] == "Request will be processed")
            let id = made["requestId"]?.string ?? ""
            for path in ["/\(id)", "/disk?identifierType=alias", "/\(id)?identifierType=id"] {
                let alert = await Self.call(site, .get, path, gives: 200)["data"]
                #expect(alert?["id"] == .string(id) && alert?["alias"] == "disk" && alert?["status"] == "open")
                #expect(alert?["tags"] == ["a", "b"] && alert?["priority"] == "P1")
            }
            let tiny = await Self.call(site, .get, "/\(id)", gives: 200)["data"]?["tinyId"]?.string ?? ""
            let same = await Self.call(site, .get, "/\(tiny)?identifierType=tiny", gives: 200)
            #expect(same["data"]?["id"] == .string(id))
            let outcome = await Self.call(site, .get, "/requests/\(id)", gives: 200)["data"]
            #expect(outcome?["isSuccess"] == true && outcome?["alertId"] == .string(id) && outcome?["alias"] == "disk")
        }
    }

    @Test
    func `The id of a second create leads to the alert that is open already, also after a restart`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let first = await Self.call(site, .post, "", ["message": "Disk full", "alias": "disk"])["requestId"]
            let second = await Self.call(site, .post, "", ["message": "Disk full", "alias": "disk"])["requestId"]
            #expect(first != second)
            #expect(await site.alerts() == ["disk firing 2"])
            try await site.afterRestart { later in
                let path = "/\(second?.string ?? "")"
                let alert = await Self.call(later, .get, path, gives: 200)["data"]
                #expect(alert?["id"] == first && alert?["count"] == 2)
                _ = await Self.call(later, .post, "\(path)/close?identifierType=id")
                #expect(await later.alerts() == ["disk resolved 2"])
            }
        }
    }

    @Test
    func `Alertmanager's calls open, change and close an alert by its alias`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let alias = String(repeating: "ab", count: 32)
            _ = await Self.call(
                site, .post, "", ["alias": .string(alias), "message": "one", "source": "http://am", "details": [:]])
            let named = "identifierType=alias"
            _ = await Self.call(site, .put, "/\(alias)/message?\(named)", ["message": "two"])
            _ = await Self.call(site, .put, "/\(alias)/description?\(named)", ["description": "more"])
            _ = await Self.call(site, .put, "/\(alias)/priority?\(named)", ["priority": "P2"])
            let alert = await Self.call(site, .get, "/\(alias)?\(named)", gives: 200)["data"]
            #expect(alert?["message"] == "two" && alert?["description"] == "more" && alert?["priority"] == "P2")
            _ = await Self.call(site, .post, "/\(alias)/close?\(named)", ["source": "http://am"])
            #expect(await site.alerts() == ["\(alias) resolved 1"])
        }
    }

    @Test
    func `An alert is acknowledged, given notes and tags, and closed without a body`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let id = await Self.call(site, .post, "", ["message": "Disk full"])["requestId"]?.string ?? ""
            _ = await Self.call(site, .post, "/\(id)/acknowledge", ["user": "Mia", "note": "I look"])
            let seen = await Self.call(site, .get, "/\(id)", gives: 200)["data"]
            #expect(seen?["acknowledged"] == true && seen?["owner"] == "Mia")
            _ = await Self.call(site, .post, "/\(id)/unacknowledge")
            #expect(await Self.call(site, .get, "/\(id)", gives: 200)["data"]?["acknowledged"] == false)
            _ = await Self.call(site, .post, "/\(id)/notes", ["note": "A disk was ordered", "user": "Ron"])
            let notes = await Self.call(site, .get, "/\(id)/notes", gives: 200)["data"]?.array ?? []
            #expect(notes.map { $0["note"] } == ["A disk was ordered", "I look"])
            _ = await Self.call(site, .post, "/\(id)/tags", ["tags": ["x", "y"]])
            _ = await Self.call(site, .post, "/\(id)/tags", [:], gives: 422)
            _ = await Self.call(site, .delete, "/\(id)/tags?tags=x")
            #expect(await Self.call(site, .get, "/\(id)", gives: 200)["data"]?["tags"] == ["y"])
            _ = await Self.call(site, .post, "/\(id)/close")
            #expect(await Self.call(site, .get, "/\(id)", gives: 200)["data"]?["status"] == "closed")
            #expect(await Self.call(site, .get, "/count?query=status:open", gives: 200)["data"]?["count"] == 0)
            #expect(await Self.call(site, .get, "?query=status:closed", gives: 200)["data"]?.array?.count == 1)
        }
    }

    @Test(arguments: ["acknowledge", "close", "unacknowledge"])
    func `What is done to an alert that nobody knows is 202, and did not succeed`(action: String) async throws {
        try await IngressSite.with(.opsgenie) { site in
            let id = await Self.call(site, .post, "/nobody/\(action)?identifierType=alias")["requestId"]?.string ?? ""
            let outcome = await Self.call(site, .get, "/requests/\(id)", gives: 200)["data"]
            #expect(outcome?["isSuccess"] == false && outcome?["success"] == false)
            #expect(await site.alerts() == [])
        }
    }

    @Test
    func `Every refusal is an object in Opsgenie's form`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let wrong: HTTPFields = [.authorization: "GenieKey wrong"]
            let refused = await site.send(.post, "/v2/alerts", ["message": "m"], headers: wrong, gives: 401)
            #expect(refused.json["message"]?.string != nil && refused.json["requestId"]?.string != nil)
            await site.send(.get, "/v2/alerts", gives: 401)
            _ = await Self.call(site, .post, "", ["alias": "no message"], gives: 422)
            _ = await Self.call(site, .get, "/nobody?identifierType=alias", gives: 404)
            _ = await Self.call(site, .get, "/requests/\(UUID().uuidString)", gives: 404)
            _ = await Self.call(site, .get, "/1?identifierType=colour", gives: 422)
            _ = await Self.call(site, .put, "/1/priority?identifierType=tiny", ["priority": "high"], gives: 422)
            try await site.whenOverloaded { full in
                _ = await Self.call(full, .post, "", ["message": "m"], gives: 429)
            }
        }
    }

    @Test
    func `A source sees only its own alerts`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let id = await Self.call(site, .post, "", ["message": "m", "alias": "disk"])["requestId"]?.string ?? ""
            let other = try await IngressSite(site.server, .opsgenie)
            for path in ["/\(id)", "/disk?identifierType=alias", "/requests/\(id)"] {
                _ = await Self.call(other, .get, path, gives: 404)
            }
            _ = await Self.call(other, .post, "/\(id)/close")
            #expect(await Self.call(other, .get, "", gives: 200)["data"] == [])
            #expect(await site.alerts() == ["disk firing 1"])
        }
    }

    @Test
    func `Creates of one alias at once are one alert, and every id leads to it`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let ids = await withTaskGroup(of: String.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        await Self.call(site, .post, "", ["message": "m", "alias": "disk"])["requestId"]?.string ?? ""
                    }
                }
                return await group.reduce(into: [String]()) { $0.append($1) }
            }
            var alerts: Set<String> = []
            for id in ids {
                alerts.insert(await Self.call(site, .get, "/\(id)", gives: 200)["data"]?["id"]?.string ?? "none")
            }
            #expect(alerts.count == 1 && ids.contains(alerts.first ?? ""))
            #expect(await site.alerts() == ["disk firing 12"])
        }
    }

    @Test
    func `What a client sent of an alert comes back as it was, and nothing that Muster adds is among it`() async throws
    {
        try await IngressSite.with(.opsgenie) { site in
            let description: JSONValue = .string(String(repeating: "long ", count: 1000))
            let note: JSONValue = .string(String(repeating: "n", count: 900))
            let details: JSONValue = [
                "component": "database", "source": "not cron", "tags": "x", "note": note, "empty": "", "lines": "1\n2",
            ]
            let responders: JSONValue = [
                ["name": "ops", "type": "team", "id": "t1"],
                ["username": "ada@example.org", "type": "user", "id": "u1"],
            ]
            let sent: JSONValue = [
                "message": "Disk full", "alias": "disk", "priority": "P2", "source": "cron", "entity": "db1",
                "user": "ada", "description": description, "tags": ["a"], "details": details,
                "responders": responders, "actions": ["Restart", "Look"],
            ]
            for _ in 0..<2 {
                _ = await Self.call(site, .post, "", sent)
                let alert = await Self.call(site, .get, "/disk?identifierType=alias", gives: 200)["data"]
                for name in [
                    "details", "responders", "actions", "source", "entity", "description", "tags", "message",
                    "priority",
                ] {
                    #expect(alert?[name] == sent[name], "\(name)")
                }
            }
            let listed = await Self.call(site, .get, "", gives: 200)["data"]?[0]
            #expect(listed?["responders"] == sent["responders"] && listed?["details"] == sent["details"])
            // What Muster adds is with Muster's own view of it.
            let own = await site.ask(.get, "/v1/alerts").json["items"]?[0]
            #expect(own?["component"] == "database" && own?["labels"]?["priority"] == "P2")
        }
    }

    @Test
    func `A responder without an id gets one, as every client of Opsgenie expects`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let body: JSONValue = ["message": "m", "alias": "disk", "responders": [["name": "ops", "type": "team"]]]
            _ = await Self.call(site, .post, "", body)
            let alert = await Self.call(site, .get, "/disk?identifierType=alias", gives: 200)["data"]
            let responder = alert?["responders"]?[0]
            #expect(responder?["name"] == "ops" && responder?["type"] == "team")
            #expect(responder?["id"]?.string.flatMap(UUID.init(uuidString:)) != nil)
        }
    }

    @Test
    func `An alert with neither has no details, and one too long to be kept whole keeps them`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            _ = await Self.call(site, .post, "", ["message": "bare", "alias": "bare", "priority": "P1"])
            let bare = await Self.call(site, .get, "/bare?identifierType=alias", gives: 200)["data"]
            #expect(bare?["details"] == [:] && bare?["responders"] == [] && bare?["actions"] == [])
            let details: JSONValue = ["a": .string(String(repeating: "d", count: 5000))]
            let long: JSONValue = [
                "message": "long", "alias": "long", "description": .string(String(repeating: "x", count: 15_000)),
                "details": details, "actions": ["Go"],
            ]
            _ = await Self.call(site, .post, "", long)
            let alert = await Self.call(site, .get, "/long?identifierType=alias", gives: 200)["data"]
            #expect(alert?["details"] == details && alert?["actions"] == ["Go"])
        }
    }

    @Test
    func `An alert that came by another door shows its labels as details`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let hook = #"{"alerts":[{"status":"firing","fingerprint":"f","labels":{"alertname":"A","service":"api"}}]}"#
            await site.send(.post, "/hooks/\(site.key)", raw: hook, gives: 200)
            let alert = await Self.call(site, .get, "/f?identifierType=alias", gives: 200)["data"]
            #expect(alert?["details"] == ["alertname": "A", "service": "api"] && alert?["responders"] == [])
        }
    }

    @Test
    func `A create of an alias that is open is counted, and its note is added; nothing else changes`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let first: JSONValue = [
                "message": "Disk full", "alias": "disk", "priority": "P1", "description": "of db1",
                "note": "seen first", "user": "Mia", "tags": ["a"],
            ]
            let id = await Self.call(site, .post, "", first)["requestId"]?.string ?? ""
            for _ in 1...2 {
                let again: JSONValue = ["message": "Other", "alias": "disk", "priority": "P5", "note": "and again"]
                _ = await Self.call(site, .post, "", again)
            }
            let alert = await Self.call(site, .get, "/\(id)", gives: 200)["data"]
            #expect(alert?["count"] == 3 && alert?["message"] == "Disk full" && alert?["priority"] == "P1")
            #expect(alert?["description"] == "of db1" && alert?["tags"] == ["a"])
            let notes = await Self.call(site, .get, "/\(id)/notes", gives: 200)["data"]?.array ?? []
            #expect(notes.map { $0["note"] } == ["and again", "seen first"])
            #expect(notes.map { $0["owner"] } == ["Opsgenie", "Mia"])
        }
    }

    @Test
    func `A query is honoured, or refused`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let alerts: [JSONValue] = [
                ["message": "Disk full on db1", "alias": "a:1", "priority": "P1", "tags": ["db", "prod"]],
                ["message": "Slow 100%", "alias": "b", "tags": ["web"], "source": "nagios", "entity": "web_1"],
                ["message": "Gone", "alias": "c", "description": "The host is gone"],
            ]
            for alert in alerts { _ = await Self.call(site, .post, "", alert) }
            _ = await Self.call(site, .post, "/c/close?identifierType=alias", [:])
            _ = await Self.call(site, .post, "/b/acknowledge?identifierType=alias", ["user": "Mia"])
            func found(_ query: String) async -> String {
                let coded = query.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                let listed = await Self.call(site, .get, "?query=\(coded)", gives: 200)["data"]?.array ?? []
                let counted = await Self.call(site, .get, "/count?query=\(coded)", gives: 200)["data"]?["count"]
                #expect(counted == .integer(listed.count), "\(query)")
                return listed.compactMap { $0["alias"]?.string }.sorted().joined(separator: " ")
            }
            let wanted = [
                "": "a:1 b c", "status: open": "a:1 b", "status=closed": "c", "status:open AND status:closed": "",
                "message:nonexistent": "", "message: disk": "a:1", "message: \"full on DB1\"": "a:1",
                "message: 100%": "b", "message: 10_": "", "alias:b": "b", "alias: a:1": "a:1", "alias: a*": "a:1",
                "tag:prod": "a:1", "tag:b": "", "tag: d* AND priority: P1": "a:1", "priority: P3": "b c",
                "acknowledged: true": "b", "acknowledged:false AND status:open": "a:1", "source: nagios": "b",
                "entity: web_1": "b", "entity: web*": "b", "owner: mia": "b", "description: host": "c",
                "snoozed: true": "", "snoozed:false": "a:1 b c", "isSeen:true AND status:open": "b",
                "message: \"Slow AND steady\"": "",
            ]
            for (query, aliases) in wanted { #expect(await found(query) == aliases, "\(query)") }
            for wrong in [
                "disk", "status:open%20OR%20tag:x", "NOT%20status:open", "count%3E5", "(tag:x)", "teams:x", "status:x",
                "acknowledged:x", "tag:", "status:open%20AND",
            ] {
                for path in ["", "/count"] {
                    let refused = await Self.call(site, .get, "\(path)?query=\(wrong)", gives: 422)
                    #expect(refused["message"]?.string?.contains("/query") == true)
                }
            }
            for wrong in ["limit=x", "sort=alias", "order=asc", "searchIdentifier=x"] {
                _ = await Self.call(site, .get, "?\(wrong)", gives: 422)
            }
            _ = await Self.call(site, .get, "?limit=1000&sort=createdAt&order=desc", gives: 200)
        }
    }
}
