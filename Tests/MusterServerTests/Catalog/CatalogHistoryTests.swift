import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// What happened to a component is written down with the change itself, and stays.
@Suite(.timeLimit(.minutes(20))) struct CatalogHistoryTests {
    private static func component(_ slug: String, tier: Int = 1, on others: String...) -> Component {
        Component(
            slug: slug, name: slug, tier: tier, dependsOn: others.map { Dependency(component: $0, kind: .hard) })
    }

    private static func history(_ daemon: TestDaemon, of slug: String? = nil) async throws -> [String] {
        try await CatalogReader(pool: daemon.pool).changes(of: slug, before: nil, limit: 1000).map {
            "\($0.catalogVersion) \($0.slug) \($0.action.rawValue) \($0.version)"
        }
    }

    @Test func `each change of a component is in the history, newest first, with who made it and when`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll([Self.component("a"), Self.component("b", on: "a")], by: .mia)
            _ = try await desk.put(Self.component("b", tier: 2, on: "a"), ifMatch: .absent, by: .ron)
            _ = try await desk.put(Self.component("b", tier: 2, on: "a"), ifMatch: .absent, by: .mia)
            _ = try await desk.replaceAll([Self.component("a", tier: 0), Self.component("c")], by: .mia)
            try await desk.delete("c", ifMatch: .absent, by: .ron)
            #expect(
                try await Self.history(daemon) == [
                    "5 c removed 1", "4 c added 1", "4 b removed 2", "4 a changed 2", "3 b changed 2", "2 b added 1",
                    "2 a added 1",
                ])
            #expect(try await Self.history(daemon, of: "b") == ["4 b removed 2", "3 b changed 2", "2 b added 1"])
            let changes = try await CatalogReader(pool: daemon.pool).changes(of: "b", before: nil, limit: 10)
            #expect(changes.map(\.actor) == ["Mia", "Ron", "Mia"] && changes.map(\.actorID)[1] == "token-ron")
            #expect(changes[1].before == Self.component("b", on: "a"))
            #expect(changes[1].after == Self.component("b", tier: 2, on: "a"))
            #expect(changes[0].after == nil && changes[2].before == nil)
            let now: Timestamp = try await daemon.pool.query("SELECT now()")[0].decode(0)
            #expect(
                changes.allSatisfy { $0.recordedAt <= now && now.milliseconds - $0.recordedAt.milliseconds < 60_000 })
        }
    }

    @Test func `what was refused, or only tried, is not in the history`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll([Self.component("a")], by: .mia)
            _ = try await desk.replaceAll([], dryRun: true, by: .mia)
            await #expect(throws: Problem.self) {
                try await desk.put(Self.component("a", on: "a"), ifMatch: .absent, by: .mia)
            }
            await #expect(throws: Problem.self) {
                try await desk.replaceAll([], ifMatch: .versions([7]), by: .mia)
            }
            #expect(try await Self.history(daemon) == ["2 a added 1"])
        }
    }

    @Test func `a component that comes back goes on from its last version`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.put(Self.component("a"), ifMatch: .absent, by: .mia)
            _ = try await desk.put(Self.component("a", tier: 2), ifMatch: .absent, by: .mia)
            try await desk.delete("a", ifMatch: .versions([2]), by: .mia)
            let back = try await desk.put(Self.component("a", tier: 2), ifMatch: .absent, by: .mia)
            #expect(back.isNew && back.0.version == 3)
            // Who still holds version 2 holds the component that was removed.
            await #expect(throws: Problem.self) { try await desk.delete("a", ifMatch: .versions([2]), by: .mia) }
        }
    }

    @Test func `the history cannot be rewritten`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.component("a")])
            for statement in [
                "UPDATE component_change SET actor = 'nobody'", "DELETE FROM component_change",
                "TRUNCATE component_change",
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await daemon.pool.query("\(unescaped: statement)")
                }
                #expect(error?.sqlState == "23001")
            }
            #expect(try await Self.history(daemon) == ["2 a added 1"])
        }
    }

    @Test func `a component from before there was a history has an empty one`() async throws {
        try await DescribedServer.with { server in
            // As the release before this one writes it.
            try await server.server.pool.query(
                #"INSERT INTO component (slug, body) VALUES ('old', '{"slug": "old", "name": "Old", "tier": 1}')"#)
            let empty = await server.ask(.get, "/v1/components/old/history")
            #expect(empty.status == 200 && empty.json["items"] == [])
            await server.ask(.put, "/v1/components/old", ["tier": 2])
            let items = await server.ask(.get, "/v1/components/old/history").json["items"]
            #expect(items?.array?.count == 1 && items?[0]?["version"] == 2)
            let changes: JSONValue = [
                ["field": "name", "from": "Old", "to": "old"], ["field": "tier", "from": 1, "to": 2],
            ]
            #expect(items?[0]?["changes"] == changes)
            #expect(server.complaints == [])
        }
    }

    @Test func `the history is read page by page, without a gap and without doubles`() async throws {
        try await DescribedServer.with { server in
            for tier in 0..<3 {
                let list: [JSONValue] = (0..<5).map { ["slug": .string("c\($0)"), "tier": .integer(tier)] }
                await server.ask(.put, "/v1/components", .array(list))
            }
            var seen: [String] = []
            var path: String? = "/v1/catalog/history?limit=4"
            while let next = path {
                let page = await server.ask(.get, next).json
                seen += (page["items"]?.array ?? []).map {
                    "\($0["catalog_version"]?.integer ?? 0) \($0["component"]?.string ?? "")"
                }
                path = page["next_cursor"]?.string.map { "/v1/catalog/history?limit=4&cursor=\($0)" }
            }
            #expect(seen == [4, 3, 2].flatMap { version in [4, 3, 2, 1, 0].map { "\(version) c\($0)" } })
            let other = PageCursor(list: "components", key: ["c1"]).text
            #expect(await server.ask(.get, "/v1/catalog/history?cursor=\(other)").status == 422)
            #expect(await server.ask(.get, "/v1/components/gone/history").status == 404)
            #expect(server.complaints == [])
        }
    }
}
