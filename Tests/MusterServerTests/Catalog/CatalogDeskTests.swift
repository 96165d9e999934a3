import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// The catalog changes as a whole or not at all, and is never left with a cycle or a loose end.
@Suite(.timeLimit(.minutes(20))) struct CatalogDeskTests {
    private static func component(_ slug: String, on others: String..., name: String? = nil) -> Component {
        Component(
            slug: slug, name: name ?? slug, tier: 1, owner: "team", regions: ["eu"], expectedRestoreSeconds: 60,
            soakSeconds: 0,
            dependsOn: others.map { Dependency(component: $0, kind: .hard) }, labels: ["a": "b"])
    }

    private static func slugs(_ daemon: TestDaemon) async throws -> [String] {
        try await CatalogReader(pool: daemon.pool).list(after: nil, limit: 100).compactMap(\.readable?.component.slug)
    }

    private static func version(_ daemon: TestDaemon) async throws -> Int {
        try await CatalogStore.version(in: daemon.pool)
    }

    @Test func `a whole catalog is put in place, and the answer says what changed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            let first = try await desk.replaceAll(
                [Self.component("b", on: "a"), Self.component("a"), Self.component("c")], by: .mia)
            #expect(first.difference.added.map(\.slug) == ["b", "a", "c"])
            #expect(first.difference.changed.isEmpty && first.difference.removed.isEmpty && first.count == 3)
            let second = try await desk.replaceAll(
                [Self.component("a", name: "A"), Self.component("b", on: "a"), Self.component("d")], by: .mia)
            #expect(second.difference.added.map(\.slug) == ["d"] && second.difference.removed == ["c"])
            #expect(second.difference.changed.map(\.after) == [Self.component("a", name: "A")])
            #expect(second.difference.changed.map(\.before) == [Self.component("a")])
            #expect(second.difference.unchanged == 1 && second.version == first.version + 1)
            #expect(try await Self.slugs(daemon) == ["a", "b", "d"])
            let stored = try #require(try await CatalogReader(pool: daemon.pool).component("a")?.get())
            #expect(stored.component == Self.component("a", name: "A") && stored.version == 2)
            #expect(try await CatalogReader(pool: daemon.pool).component("b")?.readable?.version == 1)
        }
    }

    @Test func `the same catalog again changes no version and writes no line`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll([Self.component("a"), Self.component("b", on: "a")], by: .mia)
            let version = try await Self.version(daemon)
            let again = try await desk.replaceAll([Self.component("b", on: "a"), Self.component("a")], by: .mia)
            #expect(again.difference.unchanged == 2 && again.difference.isEmpty && again.version == version)
            #expect(try await Self.version(daemon) == version)
            #expect(try await daemon.count("audit_line") == 1)
        }
    }

    @Test func `a cycle or a loose end is refused as a whole, naming the place and the path`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll([Self.component("old")], by: .mia)
            let problem = await #expect(throws: Problem.self) {
                try await desk.replaceAll(
                    [
                        Self.component("x"), Self.component("c", on: "a"), Self.component("a", on: "b"),
                        Self.component("b", on: "c", "ghost"),
                    ], by: .mia)
            }
            #expect(problem?.kind == .invalidValue)
            #expect(
                problem?.errors == [
                    FieldError(
                        pointer: "/components/3/depends_on/1/component",
                        detail: "b depends on ghost, which does not exist"),
                    FieldError(
                        pointer: "/components/2/depends_on/0/component",
                        detail: "the dependencies form a cycle: a -> b -> c -> a"),
                ])
            let alone = await #expect(throws: Problem.self) {
                try await desk.replaceAll([Self.component("self", on: "self")], by: .mia)
            }
            #expect(alone?.errors.map(\.pointer) == ["/components/0/depends_on/0/component"])
            #expect(try await Self.slugs(daemon) == ["old"])
        }
    }

    @Test func `one component is added, changed and left alone, under its version`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            let added = try await desk.put(Self.component("a"), ifMatch: .absent, by: .mia)
            #expect(added.isNew && added.0.version == 1)
            let changed = try await desk.put(Self.component("a", name: "A"), ifMatch: .versions([1]), by: .mia)
            #expect(!changed.isNew && changed.0.version == 2)
            let same = try await desk.put(Self.component("a", name: "A"), ifMatch: .anyVersion, by: .mia)
            #expect(!same.isNew && same.0.version == 2)
            let stale = await #expect(throws: Problem.self) {
                try await desk.put(Self.component("a"), ifMatch: .versions([1]), by: .mia)
            }
            #expect(stale?.kind == .versionMismatch)
            let missing = await #expect(throws: Problem.self) {
                try await desk.put(Self.component("b"), ifMatch: .anyVersion, by: .mia)
            }
            #expect(missing?.kind == .versionMismatch)
            #expect(try await CatalogReader(pool: daemon.pool).component("a")?.readable?.component.name == "A")
        }
    }

    @Test func `one component cannot close a cycle or need what is not there`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll([Self.component("a"), Self.component("b", on: "a")], by: .mia)
            let cycle = await #expect(throws: Problem.self) {
                try await desk.put(Self.component("a", on: "b"), ifMatch: .absent, by: .mia)
            }
            #expect(
                cycle?.errors == [
                    FieldError(
                        pointer: "/depends_on/0/component", detail: "the dependencies form a cycle: a -> b -> a")
                ])
            let loose = await #expect(throws: Problem.self) {
                try await desk.put(Self.component("c", on: "ghost"), ifMatch: .absent, by: .mia)
            }
            #expect(loose?.errors.map(\.detail) == ["c depends on ghost, which does not exist"])
        }
    }

    @Test func `what is needed or affected cannot be removed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.replaceAll(
                [Self.component("a"), Self.component("b", on: "a"), Self.component("c")], by: .mia)
            let number = try await daemon.open(components: ["c"])
            let needed = await #expect(throws: Problem.self) { try await desk.delete("a", ifMatch: .absent, by: .mia) }
            #expect(needed?.kind == .inUse && needed?.detail.contains("dependency of b") == true)
            let affected = await #expect(throws: Problem.self) {
                try await desk.delete("c", ifMatch: .absent, by: .mia)
            }
            #expect(affected?.kind == .inUse && affected?.detail.contains("INC-\(number)") == true)
            let whole = await #expect(throws: Problem.self) {
                try await desk.replaceAll([Self.component("a"), Self.component("b", on: "a")], by: .mia)
            }
            #expect(whole?.kind == .inUse)
            #expect(try await Self.slugs(daemon) == ["a", "b", "c"])
            try await daemon.tell(.dismiss(reason: "over"), number)
            try await desk.delete("c", ifMatch: .versions([1]), by: .mia)
            try await desk.delete("b", ifMatch: .absent, by: .mia)
            try await desk.delete("a", ifMatch: .absent, by: .mia)
            let gone = await #expect(throws: Problem.self) { try await desk.delete("a", ifMatch: .absent, by: .mia) }
            #expect(gone?.kind == .notFound)
            #expect(try await Self.slugs(daemon) == [])
        }
    }

    @Test func `a stale delete removes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.put(Self.component("a"), ifMatch: .absent, by: .mia)
            _ = try await desk.put(Self.component("a", name: "A"), ifMatch: .absent, by: .mia)
            let stale = await #expect(throws: Problem.self) {
                try await desk.delete("a", ifMatch: .versions([1]), by: .mia)
            }
            #expect(stale?.kind == .versionMismatch)
            #expect(try await Self.slugs(daemon) == ["a"])
        }
    }

    @Test func `two edits at once cannot make a cycle together`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let (here, there) = (CatalogDesk(pool: daemon.pool), CatalogDesk(pool: other.pool))
                for _ in 0..<15 {
                    _ = try await here.replaceAll([Self.component("a"), Self.component("b")], by: .mia)
                    async let first = Self.lands {
                        _ = try await here.put(Self.component("a", on: "b"), ifMatch: .absent, by: .mia)
                    }
                    async let second = Self.lands {
                        _ = try await there.put(Self.component("b", on: "a"), ifMatch: .absent, by: .mia)
                    }
                    let landed = try await [first, second]
                    #expect(landed.count { $0 } == 1)
                    let stored = try await CatalogStore.readAll(in: daemon.pool).components.map(\.component)
                    #expect(CatalogCheck.problems(in: stored).isEmpty)
                }
            }
        }
    }

    @Test func `two edits of one component under the same version let one through`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            _ = try await desk.put(Self.component("a"), ifMatch: .absent, by: .mia)
            async let first = Self.lands {
                _ = try await desk.put(Self.component("a", name: "1"), ifMatch: .versions([1]), by: .mia)
            }
            async let second = Self.lands {
                _ = try await desk.put(Self.component("a", name: "2"), ifMatch: .versions([1]), by: .mia)
            }
            let landed = try await [first, second]
            #expect(landed.count { $0 } == 1)
            #expect(try await CatalogReader(pool: daemon.pool).component("a")?.readable?.version == 2)
        }
    }

    /// Whether it was carried out; false when it was refused.
    private static func lands(_ attempt: () async throws -> Void) async throws -> Bool {
        do {
            try await attempt()
            return true
        } catch is Problem {
            return false
        }
    }
}
