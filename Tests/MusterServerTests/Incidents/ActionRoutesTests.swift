import FoundationEssentials
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Follow-up work across incidents.
@Suite(.timeLimit(.minutes(20))) struct ActionRoutesTests {
    private static func add(
        _ server: DescribedServer, to number: Int, _ title: String, owner: JSONValue = .null, due: JSONValue = .null,
        state: JSONValue = "open"
    ) async {
        let made = await server.ask(
            .post, "/v1/incidents/\(number)/actions",
            ["title": .string(title), "kind": "corrective", "owner": owner, "due": due])
        #expect(made.status == 201, "\(made.text)")
        guard state != "open", let id = made.json["id"]?.string else { return }
        _ = await server.ask(.patch, "/v1/actions/\(id)", ["state": state])
    }

    /// Incidents 1 to 3; the second has nothing to do.
    private static func with(_ body: @escaping @Sendable (DescribedServer) async throws -> Void) async throws {
        try await DescribedServer.with { server in
            for title in ["Videos stop", "Nothing", "Mail waits"] {
                _ = await server.ask(.post, "/v1/incidents", ["title": .string(title)])
            }
            await add(server, to: 1, "late", owner: "Storage", due: "2020-01-01")
            await add(server, to: 1, "done", owner: "storage", due: "2020-01-01", state: "done")
            await add(server, to: 1, "begun", owner: "mail", due: "2999-01-01", state: "in_progress")
            await add(server, to: 3, "nobody's")
            await add(server, to: 3, "dropped", owner: "mail", state: "dropped")
            try await body(server)
            #expect(server.complaints == [])
        }
    }

    private static func ids(_ server: DescribedServer, _ query: String, limit: Int = 2) async -> [String] {
        var ids: [String] = []
        var cursor = ""
        repeat {
            let page = await server.ask(.get, "/v1/actions?limit=\(limit)&\(query)\(cursor)").json
            ids += (page["items"]?.array ?? []).compactMap { $0["id"]?.string }
            cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && ids.count < 100
        return ids
    }

    @Test(arguments: [
        ("", ["3-1", "3-2", "1-1", "1-2", "1-3"]), ("owner=storage", ["1-1", "1-2"]), ("owner=MAIL", ["3-2", "1-3"]),
        ("state=open", ["3-1", "1-1"]), ("state=open,in_progress", ["3-1", "1-1", "1-3"]),
        ("state=done,open", ["3-1", "1-1", "1-2"]), ("overdue=true", ["1-1"]),
        ("overdue=false", ["3-1", "3-2", "1-2", "1-3"]), ("overdue=true&owner=mail", []),
        ("incident=INC-1&state=done", ["1-2"]), ("incident=2", []),
    ])
    func `action items are found across incidents`(query: String, ids: [String]) async throws {
        try await Self.with { server in
            for limit in [1, 2, 5, 200] { #expect(await Self.ids(server, query, limit: limit) == ids) }
        }
    }

    @Test func `each names its incident, and whether it is late`() async throws {
        try await Self.with { server in
            let late = await server.ask(.get, "/v1/actions?overdue=true").json["items"]?[0]
            #expect(late?["incident"] == 1 && late?["incident_title"] == "Videos stop" && late?["overdue"] == true)
            #expect(late?["title"] == "late" && late?["owner"] == "Storage" && late?["struck"] == false)
            let few = await server.ask(.get, "/v1/actions?fields=id,overdue&limit=1").json["items"]?[0]
            #expect(few == ["id": "3-1", "overdue": false])
        }
    }

    @Test func `what was struck out is left out, and what was merged stands once`() async throws {
        try await Self.with { server in
            let entries = await server.ask(.get, "/v1/incidents/1/timeline?limit=200").json["items"]?.array ?? []
            let added = entries.first { $0["kind"] == "action_added" }?["sequence"]?.integer ?? 0
            let struck = await server.ask(
                .post, "/v1/incidents/1/timeline/\(added)/strike", ["reason": "It was for another incident."])
            #expect(struck.status == 200, "\(struck.text)")
            #expect(await Self.ids(server, "incident=1") == ["1-2", "1-3"])
            let merged = await server.ask(.post, "/v1/incidents/3/merge", ["into": 1])
            #expect(merged.status == 200, "\(merged.text)")
            let all = await Self.ids(server, "")
            #expect(all.allSatisfy { $0.hasPrefix("1-") } && all.count == 4)
            #expect(await Self.ids(server, "incident=3").count == 2)
        }
    }

    @Test(arguments: ["owner=", "state=late", "overdue=yes", "incident=x", "fields=due,done", "sort=due"])
    func `a filter that is not understood is refused`(query: String) async throws {
        try await DescribedServer.with { server in
            #expect(await server.ask(.get, "/v1/actions?\(query)").status == 422)
            #expect(await server.ask(.get, "/v1/actions", token: nil).status == 401)
        }
    }

    @Test func `a page looks at so many incidents and says where to go on`() async throws {
        try await Self.with { server in
            // Many copies of an incident of which nothing is late.
            try await server.server.pool.query(
                """
                INSERT INTO incident (number, version, phase, title, labels, components, opened_at, last_hash, state,
                    representation, policy)
                SELECT number + copy * 10, version, phase, title, labels, components, opened_at, last_hash, state,
                    representation, policy
                FROM incident CROSS JOIN generate_series(1, \(ActionSearch.walkedMax)) AS copy WHERE number = 3
                """)
            let first = await server.ask(.get, "/v1/actions?owner=storage")
            #expect(first.json["items"] == [] && first.json["next_cursor"]?.string != nil)
            #expect(await Self.ids(server, "owner=storage") == ["1-1", "1-2"])
            #expect(await Self.ids(server, "overdue=true") == ["1-1"])
            let plan = try await server.server.pool.query(
                """
                EXPLAIN SELECT number FROM incident
                WHERE jsonb_path_exists((state -> 'actions')::jsonb, '$[*] ? (@.state == "open" || @.state == "in_progress")')
                ORDER BY number DESC LIMIT 500
                """
            ).map { try $0.decode("QUERY PLAN", as: String.self) }
            #expect(plan.contains { $0.contains("incident_with_unfinished_actions") }, "\(plan)")
        }
    }
}
