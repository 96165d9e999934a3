import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Several people and daemons change the catalog at once, and nobody's change is lost without being told.
@Suite(.timeLimit(.minutes(20))) struct CatalogConcurrencyTests {
    private static func component(_ slug: String, name: String = "") -> Component {
        Component(slug: slug, name: name, tier: 1)
    }

    @Test func `of many whole catalogs at once under the same version one is put in place`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                for round in 0..<5 {
                    let version = try await CatalogStore.version(in: daemon.pool)
                    let landed = try await withThrowingTaskGroup(of: Bool.self) { group in
                        for writer in 0..<8 {
                            let desk = CatalogDesk(pool: writer % 2 == 0 ? daemon.pool : other.pool)
                            group.addTask {
                                try await Self.lands {
                                    let component = Self.component("w\(writer)", name: "round \(round)")
                                    _ = try await desk.replaceAll(
                                        [component], ifMatch: .versions([version]), by: .mia)
                                }
                            }
                        }
                        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                    }
                    #expect(landed == 1)
                    let stored = try await CatalogStore.readAll(in: daemon.pool)
                    #expect(stored.version == version + 1 && stored.components.count == 1)
                    #expect(stored.components[0].component.name == "round \(round)")
                }
            }
        }
    }

    @Test func `changes of different components at once are all kept, and all in the history`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<12 {
                    group.addTask {
                        for name in ["one", "two", "three"] {
                            let component = Self.component("c\(index)", name: name)
                            _ = try await desk.put(component, ifMatch: .absent, by: .mia)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let stored = try await CatalogStore.readAll(in: daemon.pool)
            #expect(stored.version == 1 + 36 && stored.components.map(\.version) == Array(repeating: 3, count: 12))
            #expect(stored.components.allSatisfy { $0.component.name == "three" })
            let changes = try await CatalogReader(pool: daemon.pool).changes(of: nil, before: nil, limit: 100)
            #expect(changes.map(\.catalogVersion) == (2...37).reversed())
        }
    }

    @Test func `a dry run neither waits for a change nor keeps one waiting`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            try await daemon.put([Self.component("a")])
            try await daemon.pool.transaction { transaction in
                try await CatalogStore.lock(in: transaction)
                let dry = try await desk.replaceAll([Self.component("b")], dryRun: true, by: .mia)
                #expect(dry.difference.removed == ["a"] && dry.version == 2)
            }
        }
    }

    @Test func `everybody who needs a new version at once gets it`() async throws {
        try await TestDaemon.with(connections: 2) { daemon async throws in
            try await daemon.beside { other async throws in
                for round in 1...10 {
                    try await other.put((0..<50).map { Self.component("c\($0)", name: "round \(round)") })
                    let version = try await CatalogStore.version(in: other.pool)
                    try await withThrowingTaskGroup(of: String?.self) { group in
                        for _ in 0..<40 {
                            group.addTask { try await daemon.catalog.graph(version: version).components["c7"]?.name }
                        }
                        for try await name in group { #expect(name == "round \(round)") }
                    }
                }
            }
        }
    }

    @Test func `a reading that fails fails those who wait for it, and the next one goes well`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.component("a")])
            try await daemon.pool.query("ALTER TABLE component RENAME COLUMN body TO gone")
            let version = try await CatalogStore.version(in: daemon.pool)
            for _ in 0..<3 {
                await #expect(throws: PostgresError.self) { try await daemon.catalog.graph(version: version) }
            }
            try await daemon.pool.query("ALTER TABLE component RENAME COLUMN gone TO body")
            #expect(try await daemon.catalog.graph(version: version).components.count == 1)
        }
    }

    /// Whether it was carried out; false when it was refused.
    private static func lands(_ attempt: () async throws -> Void) async throws -> Bool {
        do {
            try await attempt()
            return true
        } catch let problem as Problem where problem.kind == .versionMismatch {
            return false
        }
    }
}
