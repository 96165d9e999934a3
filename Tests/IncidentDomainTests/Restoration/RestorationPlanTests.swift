import Testing

@testable import IncidentDomain

struct RestorationPlanTests {
    private func plan(_ given: Given) -> RestorationPlan {
        RestorationPlan.make(for: given.incident, in: given.graph)
    }
    private func waves(_ given: Given) -> [[String]] {
        plan(given).waves.map { $0.steps.map(\.component) }
    }
    private func statuses(_ given: Given) -> [String: RestorationStatus] {
        Dictionary(uniqueKeysWithValues: plan(given).waves.flatMap(\.steps).map { ($0.component, $0.status) })
    }
    private static let all = ["archive", "auth", "comments", "feed", "features", "ranking", "upload", "user-db"]

    @Test func `tiers are inherited along hard dependencies, and along soft ones not`() {
        let tiers = CriticalityInheritance(SampleCatalog.graph)
        let expected = [
            "auth": 0, "user-db": 0, "feed": 1, "ranking": 1, "features": 1, "comments": 2, "upload": 2, "archive": 3,
        ]
        for (slug, tier) in expected { #expect(tiers.effectiveTier(of: slug) == tier, "\(slug)") }
        #expect(tiers.effectiveTier(of: "unknown") == Component.leastCriticalTier)
    }

    @Test func `waves go by the inherited tier, and within one dependencies come first`() throws {
        let given = try Given().and(Way.toRestore(Self.all))
        #expect(
            waves(given) == [
                ["user-db", "auth"], ["features", "ranking", "feed"], ["comments", "upload"], ["archive"],
            ])
        #expect(plan(given).waves.map(\.number) == [1, 2, 3, 4])
        #expect(statuses(given).filter { $0.value == .ready }.map(\.key) == ["user-db"])
    }

    @Test func `the order does not depend on the order in which impacts were set`() throws {
        let forwards = try Given().and(Way.toRestore(Self.all))
        let backwards = try Given().and(Way.toRestore(Self.all.reversed()))
        #expect(waves(forwards) == waves(backwards))
    }

    @Test func `a hard dependency gates through components that are not affected, a soft one never`() throws {
        let given = try Given.restoring("feed", "features", "comments")
        #expect(given.when(.start("feed")).code == "gate-closed", "ranking, in between, is not affected")
        #expect(plan(given).step("features")?.blocks == ["feed"])
        let restored = try given.and(.start("features"), .verify("features"))
        #expect(restored.when(.start("feed")).isAccepted, "comments are down, but the feed works without them")
    }

    @Test func `a wave opens when every earlier one is restored or waived`() throws {
        let given = try Given.restoring("auth", "upload", "archive")
        #expect(statuses(given) == ["auth": .ready, "upload": .waiting, "archive": .waiting])
        #expect(
            plan(given).step("archive")?.waitsFor.map(\.reason)
                == ["wave 1 is not stable: auth is ready", "wave 2 is not stable: upload is waiting"])
        let second = try given.and(.waive("auth"))
        #expect(statuses(second) == ["auth": .waived, "upload": .ready, "archive": .waiting])
        let soaking = try second.and(.start("upload"), .verify("upload"))
        #expect(statuses(soaking)["archive"] == .waiting, "a soak is not over before it is over")
        let third = try soaking.and(.note("a"), .note("b"), .deadlinePassed)
        #expect(statuses(third) == ["auth": .waived, "upload": .restored, "archive": .ready])
        #expect(plan(third).waves.map(\.stable) == [true, true, false])
    }

    @Test func `within a wave nothing but dependencies gates`() throws {
        let given = try Given.restoring("upload", "comments")
        #expect(statuses(given) == ["upload": .ready, "comments": .ready])
    }

    @Test func `a regressed component closes the gates behind it again`() throws {
        let given = try Given.restoring("auth", "comments").and(.start("auth"), .verify("auth"))
        #expect(statuses(given)["comments"] == .ready)
        let regressed = try given.and(.fires("auth"))
        #expect(statuses(regressed) == ["auth": .regressed, "comments": .waiting])
        #expect(regressed.when(.start("comments")).code == "gate-closed")
    }

    @Test func `what fails again holds up all that needs it, also behind what is restored already`() throws {
        let given = try Given.restoring("features", "ranking", "feed")
            .and(.start("features"), .verify("features"), .start("ranking"), .verify("ranking"))
        #expect(statuses(given)["feed"] == .ready)
        let regressed = try given.and(.fires("features"))
        #expect(plan(regressed).step("feed")?.waitsFor.map(\.reason) == ["waits for features (regressed)"])
        let waived = try Given.restoring("features", "ranking", "feed").and(.waive("ranking"))
        #expect(statuses(waived)["feed"] == .ready, "what only the waived one needed is not waited for")
    }

    @Test func `a dependency's state and ramp stand in the gate`() throws {
        let given = try Given.restoring("auth", "user-db").and(
            .start("user-db"), .rampStep(component: "user-db", percent: 10))
        #expect(plan(given).step("auth")?.waitsFor.map(\.reason) == ["waits for user-db (restoring, 10 % ramped)"])
    }

    @Test func `progress is the part that is restored or waived`() throws {
        #expect(plan(try Given()).progress == 1)
        let given = try Given.restoring("auth", "upload", "archive", "feed")
        #expect(plan(given).progress == 0)
        #expect(plan(try given.and(.start("auth"), .verify("auth"), .waive("archive"))).progress == 0.5)
    }

    @Test func `the expected time is the longest path, with waves as barriers and the components' own soaks`() throws {
        let given = try Given.restoring("user-db", "auth", "feed", "upload", "comments")
        // 600 + 300, then the feed alone in its wave, then the upload with its soak beside the comments.
        #expect(plan(given).remainingSeconds == 600 + 300 + 120 + 180 + 120)
        #expect(plan(given).criticalPath == ["user-db", "auth", "feed", "upload"])
        let later = try given.and(.start("user-db"), .verify("user-db"))
        #expect(plan(later).remainingSeconds == 300 + 120 + 180 + 120)
        #expect(plan(try Given.restoring("archive")).remainingSeconds == nil, "nobody knows how long the archive takes")
    }

    @Test func `a component that left the catalog is still in the plan, as the least critical`() throws {
        var given = try Given.restoring("auth", "upload")
        given.graph = DependencyGraph(SampleCatalog.components.filter { $0.slug != "auth" })
        #expect(waves(given) == [["upload"], ["auth"]])
    }

    @Test func `a plan of a thousand components in a chain is made, in their order`() throws {
        let names = (0..<1000).map { "c\(1000 + $0)" }
        let components = names.enumerated().map { index, name in
            Component(
                slug: name, name: name, tier: 3, expectedRestoreSeconds: 1,
                dependsOn: index == 0 ? [] : [Dependency(component: names[index - 1], kind: .hard)])
        }
        var incident = try Given().incident
        incident.steps = names.reversed().map(RestorationStep.init)
        let plan = RestorationPlan.make(for: incident, in: DependencyGraph(components))
        #expect(plan.waves.map { $0.steps.map(\.component) } == [names])
        #expect(plan.remainingSeconds == 1000)
    }
}
