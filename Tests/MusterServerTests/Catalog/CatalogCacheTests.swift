import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// The catalog in memory is the one that is stored, in every daemon and for every decision.
@Suite(.timeLimit(.minutes(20))) struct CatalogCacheTests {
    private static func component(_ slug: String, tier: Int = 1) -> Component {
        Component(slug: slug, name: slug, tier: tier)
    }

    @Test func `a decision sees what another daemon has just changed`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let number = try await daemon.open()
                for index in 0..<10 {
                    try await other.put((0...index).map { Self.component("c\($0)") })
                    let impact = ComponentImpact(component: "c\(index)", impact: .degraded)
                    #expect(try await daemon.tell(.setImpact(impact), number).impacts.count == index + 1)
                }
                let unused = Self.component("unused")
                _ = try await CatalogDesk(pool: other.pool).put(unused, ifMatch: .absent, by: .mia)
                try await CatalogDesk(pool: daemon.pool).delete("unused", ifMatch: .absent, by: .mia)
                let problem = await #expect(throws: Problem.self) {
                    try await other.tell(.setImpact(ComponentImpact(component: "unused", impact: .degraded)), number)
                }
                #expect(problem?.kind == .invalidValue)
            }
        }
    }

    @Test func `a graph of an older version is never served for a newer one`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Self.component("a", tier: 3)])
            let old = try await CatalogStore.version(in: daemon.pool)
            #expect(try await daemon.catalog.graph(version: old).components["a"]?.tier == 3)
            try await daemon.put([Self.component("a", tier: 0)])
            let new = try await CatalogStore.version(in: daemon.pool)
            #expect(new == old + 1)
            #expect(try await daemon.catalog.graph(version: new).components["a"]?.tier == 0)
            // Who still asks for the old one gets what is stored: no older than asked for.
            #expect(try await daemon.catalog.graph(version: old).components["a"]?.tier == 0)
            #expect(try await daemon.catalog.current().components["a"]?.tier == 0)
        }
    }

    @Test func `while the catalog changes, no reader goes back`() async throws {
        try await TestDaemon.with(connections: 6) { daemon async throws in
            try await daemon.put([Self.component("a", tier: 0), Component(slug: "0", name: "0", tier: 0)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for version in 1...40 {
                        try await daemon.put([Component(slug: "a", name: "\(version)", tier: 0)])
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        var last = 0
                        while last < 40 {
                            let graph = try await daemon.catalog.current()
                            let seen = Int(graph.components["a"]?.name ?? "") ?? 0
                            #expect(seen >= last)
                            last = max(last, seen)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
