import Testing

@testable import IncidentDomain

/// How long it takes until everything is back, and what that is computed from.
struct ExpectedTimeTests {
    private func remaining(_ given: Given, measured: MeasuredDurations = .none, at time: Timestamp? = nil) -> [Double] {
        given.plan(measured: measured, at: time).remaining.map { [$0.medianSeconds, $0.p90Seconds] } ?? []
    }
    private func measured(_ component: String, _ median: Int, _ p90: Int, samples: Int = 5) -> MeasuredDurations {
        MeasuredDurations([component: MeasuredDuration(medianSeconds: median, p90Seconds: p90, samples: samples)])
    }

    @Test func `the expected time is the longest path, with waves as barriers and the components' own soaks`() throws {
        let given = try Given.restoring("user-db", "auth", "feed", "upload", "comments")
        // 600 + 300, then the feed alone in its wave, then the upload with its soak beside the comments.
        #expect(given.plan().remaining?.medianSeconds == 600.0 + 300 + 120 + 180 + 120)
        #expect(given.plan().criticalPath == ["user-db", "auth", "feed", "upload"])
        let later = try given.and(.start("user-db"), .verify("user-db"))
        #expect(later.plan().remaining?.medianSeconds == 300.0 + 120 + 180 + 120)
        let expected = try #require(later.plan().expectedAt)
        #expect(expected.median == later.now.adding(seconds: 300 + 120 + 180 + 120))
    }

    @Test func `without measurements the unlucky case takes twice as long, and soaks no longer`() throws {
        let given = try Given.restoring("upload", "comments")
        #expect(remaining(given) == [180 + 120, 360 + 120])
        #expect(given.plan().step("upload")?.estimate?.source == .expected)
    }

    @Test func `the soak of the tier counts where the component has none of its own`() throws {
        let soak = SoakPolicy(secondsByTier: [0: 300, 2: 60])
        #expect(remaining(try Given.restoring("auth", soak: soak)) == [600, 900])
        #expect(remaining(try Given.restoring("user-db", soak: soak)) == [900, 1500], "it counts as tier 0")
        #expect(remaining(try Given.restoring("upload", soak: soak)) == [300, 480])
    }

    @Test func `what was measured often enough goes before what the catalog expects, its soak inside`() throws {
        let given = try Given.restoring("upload")
        #expect(remaining(given, measured: measured("upload", 100, 250)) == [100, 250])
        #expect(remaining(given, measured: measured("upload", 100, 250, samples: 4)) == [300, 480], "four are too few")
        #expect(remaining(given, measured: measured("upload", 100, 90)) == [100, 100])
        let estimate = given.plan(measured: measured("upload", 100, 250)).step("upload")?.estimate
        #expect(estimate?.source == .measured && estimate?.samples == 5)
    }

    @Test func `a component that nobody can estimate leaves the plan without a time, and is named`() throws {
        let given = try Given.restoring("archive", "upload", "feed")
        let plan = given.plan()
        #expect(plan.remaining == nil && plan.expectedAt == nil && plan.criticalPath.isEmpty)
        #expect(plan.unestimated == ["archive"])
        #expect(plan.step("upload")?.endsAfterSeconds == 120.0 + 300)
        #expect(plan.step("archive")?.beginsAfterSeconds == 420 && plan.step("archive")?.endsAfterSeconds == nil)
        #expect(given.plan(measured: measured("archive", 50, 60)).unestimated.isEmpty)
        #expect(try given.and(.waive("archive")).plan().unestimated.isEmpty)
    }

    @Test func `what comes after what nobody can estimate has no time either`() throws {
        let graph = DependencyGraph([
            Component(slug: "a", name: "", tier: 1),
            Component(
                slug: "b", name: "", tier: 1, expectedRestoreSeconds: 10,
                dependsOn: [Dependency(component: "a", kind: .hard)]),
            Component(slug: "c", name: "", tier: 2, expectedRestoreSeconds: 10),
        ])
        var given = try Given(graph: graph)
        given.affect(["a", "b", "c"])
        let plan = given.plan()
        #expect(plan.step("a")?.beginsAfterSeconds == 0)
        #expect(plan.step("b")?.beginsAfterSeconds == nil && plan.step("b")?.endsAfterSeconds == nil)
        #expect(plan.step("c")?.beginsAfterSeconds == nil)
        #expect(plan.unestimated == ["a"])
    }

    @Test func `nothing remains when all is restored or waived`() throws {
        let plan = try Given.restoring("feed").and(.waive("feed")).plan()
        #expect(plan.remaining == nil && plan.expectedAt == nil && plan.criticalPath.isEmpty)
        #expect(plan.step("feed")?.beginsAfterSeconds == nil && plan.step("feed")?.endsAfterSeconds == nil)
    }

    // MARK: While it runs

    @Test func `what is being restored takes what is left of it, and never less than nothing`() throws {
        let given = try Given.restoring("upload").later("10:20").and(.start("upload"))
        #expect(remaining(given, at: clock("10:20")) == [300, 480])
        #expect(remaining(given, at: clock("10:21:40.500")) == [199.5, 379.5])
        #expect(remaining(given, at: clock("10:25")) == [0, 180])
        #expect(remaining(given, at: clock("11:00")) == [0, 0])
        #expect(given.plan(at: clock("11:00")).criticalPath == ["upload"])
        #expect(given.plan(at: clock("10:00")).remaining?.medianSeconds == 300, "a clock that went back")
    }

    @Test func `a soak ends when it ends, whatever was expected or is known`() throws {
        let given = try Given.restoring("upload").and(.start("upload")).later("10:20").and(.verify("upload"))
        #expect(remaining(given, at: clock("10:20:30")) == [90, 90])
        #expect(remaining(given, measured: measured("upload", 9, 9), at: clock("10:20:30")) == [90, 90])
        let soaking = try Given.restoring("archive", soak: SoakPolicy(secondsByTier: [3: 60]))
            .and(.start("archive")).later("10:20").and(.verify("archive"))
        #expect(remaining(soaking, at: clock("10:20:10")) == [50, 50], "nobody has to estimate a soak")
    }

    @Test func `a start by force begins now, and what it passed over still counts`() throws {
        let given = try Given.restoring("user-db", "feed", "upload").later("10:30")
            .and(.startStep(component: "feed", override: true, reason: "no time"))
        let plan = given.plan(at: clock("10:30"))
        #expect(plan.step("feed")?.beginsAfterSeconds == 0 && plan.step("feed")?.endsAfterSeconds == 120)
        #expect(plan.step("upload")?.beginsAfterSeconds == 600, "wave 1 takes longer than what runs in wave 2")
        #expect(plan.criticalPath == ["user-db", "upload"])
        #expect(plan.remaining?.medianSeconds == 900)
    }

    @Test func `what needs a component that was forced waits for what that one needs, too`() throws {
        let given = try Given.restoring("features", "ranking", "feed").later("10:30")
            .and(.startStep(component: "ranking", override: true, reason: "no time"))
        let plan = given.plan(at: clock("10:30"))
        #expect(plan.step("ranking")?.endsAfterSeconds == 60)
        #expect(plan.step("feed")?.beginsAfterSeconds == 240)
        #expect(plan.criticalPath == ["features", "feed"])
    }
}
