import Testing

@testable import IncidentDomain

/// How long it takes until everything is back, and what that is computed from.
struct ExpectedTimeTests {
    private func path(_ given: Given, measured: MeasuredDurations = .none, at time: Timestamp? = nil) -> Double? {
        given.plan(measured: measured, at: time).pathSeconds
    }
    private func measured(_ component: String, _ median: Int, _ p90: Int, samples: Int = 5) -> MeasuredDurations {
        MeasuredDurations([component: MeasuredDuration(medianSeconds: median, p90Seconds: p90, samples: samples)])
    }

    @Test func `the longest path goes along dependencies, with the components' own soaks`() throws {
        let given = try Given.restoring("user-db", "auth", "feed", "upload", "comments")
        // The comments need the sign-in, which needs the users; feed and upload are done long before.
        #expect(path(given) == 960)
        #expect(given.plan().criticalPath == ["user-db", "auth", "comments"])
        // In waves: then the feed alone, then the upload with its soak beside the comments.
        #expect(path(given.enforcing()) == 1320)
        #expect(given.enforcing().plan().criticalPath == ["user-db", "auth", "feed", "upload"])
        let later = try given.and(.start("user-db"), .verify("user-db"))
        #expect(path(later) == 360)
    }

    @Test func `without measurements the unlucky case takes twice as long, and a soak no longer`() throws {
        let given = try Given.restoring("upload")
        #expect(path(given) == 300)
        #expect(given.plan().step("upload")?.estimate?.source == .expected)
        #expect(given.plan().step("upload")?.estimate?.p90Seconds == 360 + 120)
    }

    @Test func `the soak of the tier counts where the component has none of its own`() throws {
        let soak = SoakPolicy(secondsByTier: [0: 300, 2: 60])
        #expect(path(try Given.restoring("auth", soak: soak)) == 600)
        #expect(path(try Given.restoring("user-db", soak: soak)) == 660, "nothing more critical is affected")
        #expect(path(try Given.restoring("user-db", "auth", soak: soak)) == 1500, "it counts as tier 0")
        #expect(path(try Given.restoring("upload", soak: soak)) == 300)
    }

    @Test func `what was measured often enough goes before what the catalog expects, its soak inside`() throws {
        let given = try Given.restoring("upload")
        #expect(path(given, measured: measured("upload", 100, 250)) == 100)
        #expect(path(given, measured: measured("upload", 100, 250, samples: 4)) == 300, "four are too few")
        let estimate = given.plan(measured: measured("upload", 100, 250)).step("upload")?.estimate
        #expect(estimate?.source == .measured && estimate?.samples == 5 && estimate?.p90Seconds == 250)
        let equal = given.plan(measured: measured("upload", 100, 90)).step("upload")?.estimate
        #expect(equal?.p90Seconds == 100)
    }

    @Test func `what nobody can estimate is named, and the time is without it and what waits for it`() throws {
        let given = try Given.restoring("archive", "upload", "feed")
        let plan = given.plan()
        #expect(plan.pathSeconds == 300 && plan.criticalPath == ["upload"])
        #expect(plan.unestimated == ["archive"] && plan.without == ["archive"])
        #expect(plan.step("archive")?.beginsAfterSeconds == 0 && plan.step("archive")?.endsAfterSeconds == nil)
        #expect(plan.forecast() != nil)
        #expect(given.plan(measured: measured("archive", 50, 60)).unestimated.isEmpty)
        #expect(try given.and(.waive("archive")).plan().unestimated.isEmpty)
        let alone = try Given.restoring("archive").plan()
        #expect(alone.pathSeconds == nil && alone.forecast() == nil && alone.criticalPath.isEmpty)
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
        #expect(plan.step("c")?.beginsAfterSeconds == 0)
        #expect(given.enforcing().plan().step("c")?.beginsAfterSeconds == nil)
        #expect(plan.unestimated == ["a"] && plan.without == ["a", "b"] && plan.pathSeconds == 10)
    }

    @Test func `nothing remains when all is restored or waived`() throws {
        let plan = try Given.restoring("feed").and(.waive("feed")).plan()
        #expect(plan.pathSeconds == nil && plan.forecast() == nil && plan.criticalPath.isEmpty)
        #expect(plan.step("feed")?.beginsAfterSeconds == nil && plan.step("feed")?.endsAfterSeconds == nil)
    }

    // MARK: While it runs

    @Test func `what is being restored takes what such a thing takes that has already taken so long`() throws {
        let given = try Given.restoring("upload").later("10:20").and(.start("upload"))
        func left(_ time: String) -> Double { path(given, at: clock(time)) ?? -1 }
        #expect(left("10:20") == 300)
        #expect(left("10:21:40") == 200, "100 s of 180 are over, and the soak of 120 s comes after")
        #expect(left("10:23") == 120)
        #expect(left("10:23:10") > 180, "it is overdue: now it is one of those that take longer")
        #expect(left("11:00") > left("10:25"), "the longer it takes, the longer it still takes")
        let early = given.plan(at: clock("10:21:40")).forecast()?.p50Seconds ?? 0
        #expect(early > 200, "that it is not there yet is no good sign, and the forecast knows it")
        #expect(given.plan(at: clock("10:22")).step("upload")?.overdueSeconds == nil)
        #expect(given.plan(at: clock("11:00")).step("upload")?.overdueSeconds == 2220)
        #expect(given.plan(at: clock("11:00")).criticalPath == ["upload"])
        #expect(left("10:00") == 300, "a clock that went back")
    }

    @Test func `a soak ends when it ends, whatever was expected or is known`() throws {
        let given = try Given.restoring("upload").and(.start("upload")).later("10:20").and(.verify("upload"))
        #expect(path(given, at: clock("10:20:30")) == 90)
        #expect(path(given, measured: measured("upload", 9, 9), at: clock("10:20:30")) == 90)
        #expect(given.plan(at: clock("10:20:30")).forecast()?.p90Seconds == 90)
        let soaking = try Given.restoring("archive", soak: SoakPolicy(secondsByTier: [3: 60]))
            .and(.start("archive")).later("10:20").and(.verify("archive"))
        #expect(path(soaking, at: clock("10:20:10")) == 50, "nobody has to estimate a soak")
    }

    @Test func `a start by force begins now, and what it passed over still counts`() throws {
        let given = try Given.restoring("user-db", "feed", "upload").enforcing().later("10:30")
            .and(.startStep(component: "feed", override: true, reason: "no time"))
        let plan = given.plan(at: clock("10:30"))
        #expect(plan.step("feed")?.beginsAfterSeconds == 0 && plan.step("feed")?.endsAfterSeconds == 120)
        #expect(plan.criticalPath == ["feed", "user-db"], "which are tier 1 and tier 2")
        #expect(plan.pathSeconds == 720)
    }

    @Test func `what needs a component that was forced waits for what that one needs, too`() throws {
        let given = try Given.restoring("features", "ranking", "feed").later("10:30")
            .and(.startStep(component: "ranking", override: false, without: ["features"], reason: "no time"))
        let plan = given.plan(at: clock("10:30"))
        #expect(plan.step("ranking")?.endsAfterSeconds == 60)
        #expect(plan.step("feed")?.beginsAfterSeconds == 240)
        #expect(plan.criticalPath == ["features", "feed"])
    }
}
