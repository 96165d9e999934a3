import Testing

@testable import IncidentDomain

/// Waves, order and states. What gates say, how long it takes and what holds of any graph have files of their own.
struct RestorationPlanTests {
    private func waves(_ given: Given, order: [String] = []) -> [[String]] {
        given.plan(order: order).waves.map { $0.steps.map(\.component) }
    }
    private func statuses(_ given: Given) -> [String: RestorationStatus] {
        Dictionary(uniqueKeysWithValues: given.plan().waves.flatMap(\.steps).map { ($0.component, $0.status) })
    }
    private static let all = ["archive", "auth", "comments", "feed", "features", "ranking", "upload", "user-db"]

    /// One wave of components that take so many seconds, each with its dependencies.
    private func wave(_ components: [(slug: String, seconds: Int?, needs: [String])], order: [String] = []) throws
        -> [String]
    {
        let graph = DependencyGraph(
            components.map { component in
                Component(
                    slug: component.slug, name: "", tier: 1, expectedRestoreSeconds: component.seconds,
                    dependsOn: component.needs.map { Dependency(component: $0, kind: .hard) })
            })
        var given = try Given(graph: graph)
        given.affect(components.map(\.slug).shuffled())
        let waves = waves(given, order: order)
        try #require(waves.count == 1)
        return waves[0]
    }

    // MARK: Waves

    @Test func `waves go by the inherited tier, and within one dependencies come first`() throws {
        let given = try Given().and(Way.toRestore(Self.all))
        #expect(
            waves(given) == [
                ["user-db", "auth"], ["features", "ranking", "feed"], ["upload", "comments"], ["archive"],
            ])
        #expect(given.plan().waves.map(\.number) == [1, 2, 3, 4])
        #expect(
            statuses(given).filter { $0.value == .ready }.keys.sorted() == ["archive", "features", "upload", "user-db"])
        #expect(statuses(given.enforcing()).filter { $0.value == .ready }.map(\.key) == ["user-db"])
        let step = try #require(given.plan().step("user-db"))
        #expect(step.tier == 2 && step.effectiveTier == 0)
    }

    @Test func `the order does not depend on the order in which impacts were set`() throws {
        let forwards = try Given().and(Way.toRestore(Self.all))
        let backwards = try Given().and(Way.toRestore(Self.all.reversed()))
        #expect(waves(forwards) == waves(backwards))
    }

    @Test func `an enforced wave opens when every earlier one is restored or waived`() throws {
        let given = try Given.restoring("auth", "upload", "archive").enforcing()
        #expect(statuses(given) == ["auth": .ready, "upload": .waiting, "archive": .waiting])
        let second = try given.and(.waive("auth"))
        #expect(statuses(second) == ["auth": .waived, "upload": .ready, "archive": .waiting])
        let soaking = try second.and(.start("upload"), .verify("upload"))
        #expect(statuses(soaking)["archive"] == .waiting, "a soak is not over before it is over")
        let third = try soaking.and(.note("a"), .note("b"), .deadlinePassed)
        #expect(statuses(third) == ["auth": .waived, "upload": .restored, "archive": .ready])
        #expect(third.plan().waves.map(\.stable) == [true, true, false])
    }

    @Test func `within a wave nothing but dependencies gates`() throws {
        let given = try Given.restoring("upload", "comments")
        #expect(statuses(given) == ["upload": .ready, "comments": .ready])
    }

    @Test func `a component that left the catalog is still in the plan, as the least critical`() throws {
        var given = try Given.restoring("auth", "upload", "comments")
        given.graph = DependencyGraph(SampleCatalog.components.filter { $0.slug != "auth" })
        #expect(waves(given) == [["upload", "comments"], ["auth"]])
        let lost = try #require(given.plan().step("auth"))
        #expect(lost.tier == Component.leastCriticalTier && lost.estimate == nil && lost.needs.isEmpty)
        #expect(lost.waitsFor.isEmpty)
        #expect(given.enforcing().plan().step("auth")?.waitsFor.map(\.component) == ["upload"])
        given.graph = .empty
        #expect(waves(given) == [["auth", "comments", "upload"]])
        given.graph = DependencyGraph([Component(slug: "upload", name: "", tier: 5)])
        #expect(waves(given) == [["auth", "comments"], ["upload"]], "a catalog may have tiers beyond the last one")
    }

    @Test func `what is not affected is not in the plan`() throws {
        let plan = try Given.restoring("feed").plan()
        #expect(plan.step("ranking") == nil && plan.step("unknown") == nil)
    }

    // MARK: Dependencies

    @Test func `a hard dependency gates, a soft one never, and nothing does through a component that works`() throws {
        let given = try Given.restoring("feed", "ranking", "comments")
        #expect(given.when(.start("feed")).code == "gate-closed")
        #expect(given.plan().step("ranking")?.blocks == ["feed"])
        #expect(given.plan().step("feed")?.needs == ["ranking"])
        let restored = try given.and(.start("ranking"), .verify("ranking"))
        #expect(restored.when(.start("feed")).isAccepted, "comments are down, but the feed works without them")
        let apart = try Given.restoring("feed", "features")
        #expect(apart.when(.start("feed")).isAccepted, "ranking, in between, works")
        #expect(apart.plan().step("features")?.blocks == [] && apart.plan().step("feed")?.needs == [])
    }

    @Test func `a soft dependency that is not back is a warning`() throws {
        let given = try Given.restoring("feed", "comments", "auth")
        func warnings(_ given: Given) -> [String]? { given.plan().step("feed")?.warnings.map(\.reason) }
        #expect(warnings(given) == ["works degraded without comments (waiting)"])
        #expect(given.plan().step("comments")?.warnings.isEmpty == true)
        let waived = try given.and(.waive("auth"), .waive("feed"), .waive("comments"))
        #expect(warnings(waived) == ["works degraded without comments (waived)"])
        let restored = try waived.and(.start("comments"), .verify("comments"))
        #expect(warnings(restored) == [])
    }

    @Test func `a regressed component closes the gates behind it again`() throws {
        let given = try Given.restoring("auth", "comments").and(.start("auth"), .verify("auth"))
        #expect(statuses(given)["comments"] == .ready)
        let regressed = try given.and(.fires("auth"))
        #expect(statuses(regressed) == ["auth": .regressed, "comments": .waiting])
        #expect(regressed.plan().step("auth")?.isReady == true)
        #expect(regressed.when(.start("comments")).code == "gate-closed")
    }

    @Test func `what fails again holds up all that needs it, also behind what is restored already`() throws {
        let given = try Given.restoring("features", "ranking", "feed")
            .and(.start("features"), .verify("features"), .start("ranking"), .verify("ranking"))
        #expect(statuses(given)["feed"] == .ready)
        let regressed = try given.and(.fires("features"))
        #expect(regressed.plan().step("feed")?.waitsFor.map(\.reason) == ["waits for features (regressed)"])
        let waived = try Given.restoring("features", "ranking", "feed").and(.waive("ranking"))
        #expect(statuses(waived)["feed"] == .ready, "what only the waived one needed is not waited for")
    }

    @Test func `what blocks is counted directly and over others`() throws {
        let plan = try Given.restoring("features", "ranking", "feed", "comments").plan()
        #expect(plan.step("features")?.blocks == ["ranking"])
        #expect(plan.step("features")?.blocksTotal == 2)
        #expect(plan.step("feed")?.blocksTotal == 0)
    }

    // MARK: Order

    @Test func `the longest remaining path comes first, then what blocks most, then the slug`() throws {
        #expect(try wave([("a", 10, []), ("b", 30, []), ("c", 20, [])]) == ["b", "c", "a"])
        let chain = try wave([("a", 25, []), ("b", 10, []), ("c", 20, ["b"])])
        #expect(chain == ["b", "a", "c"], "b is short, but c comes after it")
        let blocking = try wave([("a", 30, []), ("b", 20, []), ("c", 10, ["b"]), ("d", 10, ["b"]), ("e", 30, [])])
        #expect(blocking == ["b", "a", "e", "c", "d"], "all three paths are 30 s long")
        #expect(try wave([("b", nil, []), ("a", nil, []), ("c", nil, [])]) == ["a", "b", "c"])
    }

    @Test func `a path counts what comes after it in later waves`() throws {
        let given = try Given.restoring("user-db", "auth", "feed")
        let before = try #require(given.plan().step("user-db"))
        #expect(before.beginsAfterSeconds == 0 && before.endsAfterSeconds == 600)
        #expect(given.plan().criticalPath == ["user-db", "auth"])
        #expect(given.enforcing().plan().criticalPath == ["user-db", "auth", "feed"])
    }

    @Test func `the commander's order comes first, as far as dependencies allow`() throws {
        let components: [(String, Int?, [String])] = [("a", 40, []), ("b", 30, []), ("c", 20, ["b"]), ("d", 10, [])]
        #expect(try wave(components) == ["b", "a", "c", "d"])
        #expect(try wave(components, order: ["d"]) == ["d", "b", "a", "c"])
        #expect(try wave(components, order: ["c", "d"]) == ["b", "c", "d", "a"], "b comes along, since c needs it")
        #expect(try wave(components, order: ["c", "b"]) == ["b", "c", "a", "d"])
        #expect(try wave(components, order: ["unknown", "d", "a", "d"]) == ["d", "a", "b", "c"])
    }

    @Test func `what the commander names comes in the first wave, with what it needs`() throws {
        let given = try Given.restoring("auth", "user-db", "upload", "comments", "archive")
        #expect(waves(given) == [["user-db", "auth"], ["upload", "comments"], ["archive"]])
        #expect(
            waves(given, order: ["archive", "auth"]) == [["archive", "user-db", "auth"], ["upload", "comments"]])
        #expect(waves(given, order: ["comments"]) == [["user-db", "auth", "comments"], ["upload"], ["archive"]])
        let step = try #require(given.plan(order: ["archive"]).step("archive"))
        #expect(step.effectiveTier == 3, "it is as uncritical as before")
    }

    // MARK: Sizes

    @Test func `progress is the part that is restored, and what is waived has its own number`() throws {
        #expect(try Given().plan().progress.part == 1)
        let given = try Given.restoring("auth", "upload", "archive", "feed")
        #expect(given.plan().progress.part == 0)
        let progress = try given.and(.start("auth"), .verify("auth"), .waive("archive")).plan().progress
        #expect(progress.part == 0.25 && progress.restored == 1 && progress.waived == 1 && progress.total == 4)
    }

    @Test func `a plan of ten thousand components in a chain is made, in their order`() throws {
        let names = (0..<10_000).map { "c\(10_000 + $0)" }
        var given = try Given(
            graph: DependencyGraph(
                names.enumerated().map { index, name in
                    Component(
                        slug: name, name: name, tier: 3, expectedRestoreSeconds: 1,
                        dependsOn: index == 0 ? [] : [Dependency(component: names[index - 1], kind: .hard)])
                }))
        given.affect(names.reversed())
        let plan = given.plan()
        #expect(plan.waves.map { $0.steps.map(\.component) } == [names])
        #expect(plan.pathSeconds == 10_000 && plan.criticalPath == names)
        #expect(plan.step(names[0])?.blocksTotal == 9999)
        #expect(plan.step(names[9999])?.waitsFor.map(\.remedy) == [.start(component: names[0])])
    }

    @Test func `a thousand components behind one wait for the thousand that it needs`() throws {
        let needed = (0..<1000).map { Component(slug: "n\(1000 + $0)", name: "", tier: 1, expectedRestoreSeconds: 2) }
        let hub = Component(
            slug: "hub", name: "", tier: 1, expectedRestoreSeconds: 0,
            dependsOn: needed.map { Dependency(component: $0.slug, kind: .hard) })
        let needing = (0..<1000).map {
            Component(
                slug: "d\(1000 + $0)", name: "", tier: 1, expectedRestoreSeconds: 1,
                dependsOn: [Dependency(component: "hub", kind: .hard)])
        }
        var given = try Given(graph: DependencyGraph(needed + [hub] + needing))
        given.affect((needed + [hub] + needing).map(\.slug))
        let plan = given.plan()
        #expect(plan.pathSeconds == 3)
        #expect(plan.waves[0].steps.prefix(1000).map(\.component) == needed.map(\.slug))
        #expect(plan.step("hub")?.blocks.count == 1000 && plan.step("hub")?.needs.count == 1000)
    }
}
