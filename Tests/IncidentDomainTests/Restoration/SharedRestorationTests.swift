import Testing

@testable import IncidentDomain

/// The same component in two open incidents, and what is said of steps beside their states.
struct SharedRestorationTests {
    private static let graph = DependencyGraph([
        Component(slug: "db", name: "", tier: 0, expectedRestoreSeconds: 600, soakSeconds: 0),
        Component(
            slug: "feed", name: "", tier: 1, expectedRestoreSeconds: 300, soakSeconds: 0,
            dependsOn: [Dependency(component: "db", kind: .hard)]),
        Component(
            slug: "watch", name: "Watch", tier: 1, dependsOn: [Dependency(component: "feed", kind: .hard)], goal: true),
        Component(
            slug: "pay", name: "Pay", tier: 1,
            dependsOn: [
                Dependency(component: "db", kind: .hard), Dependency(component: "bank", kind: .hard, at: .ramp(50)),
            ], goal: true),
        Component(slug: "bank", name: "", tier: 2, expectedRestoreSeconds: 1200, soakSeconds: 0),
    ])

    private func restoring(_ down: String...) throws -> Given {
        try Given(graph: Self.graph).and(Way.toRestore(down))
    }
    private func elsewhere(_ given: Given, _ component: String, _ change: (inout RestorationStep) -> Void) -> Given {
        var (given, step) = (given, RestorationStep(component: component))
        step.addedAt = Given.start
        change(&step)
        given.others = OtherRestorations([.init(incident: 7, step: step)])
        return given
    }
    private func goal(_ given: Given, _ slug: String) throws -> RestorationGoal {
        try #require(given.plan().outlook().goals.first { $0.component == slug })
    }

    @Test func `what falls back in another incident holds up what needs it here`() throws {
        let restored = try restoring("db", "feed").and(.start("db"), .verify("db"))
        let waiting = elsewhere(restored, "db") { _ in }
        #expect(waiting.when(.start("feed")).isAccepted, "what was down there before is taken over there")
        let down = elsewhere(restored, "db") { $0.regress(at: restored.now) }
        let step = try #require(down.plan().step("feed"))
        #expect(step.waitsFor.map(\.reason) == ["waits for db (regressed) in INC-7"])
        #expect(down.when(.start("feed")).code == "gate-closed")
        #expect(step.endsAfterSeconds == 900)
        let waived = try restoring("db", "feed").and(.waive("db"))
        #expect(elsewhere(waived, "db") { $0.regress(at: waived.now) }.when(.start("feed")).isAccepted)
    }

    @Test func `a goal is not back while what it needs is down in another incident`() throws {
        let given = try restoring("db", "feed").and(.start("db"), .verify("db"), .start("feed"), .verify("feed"))
        #expect(try goal(given, "watch").isBack)
        let down = try goal(elsewhere(given, "feed") { $0.regress(at: given.now) }, "watch")
        #expect(!down.isBack && down.needs.isEmpty && down.elsewhere.map(\.incident) == [7])
        #expect(down.forecast?.p50Seconds == 300, "as long as it takes there")
        let bank = try goal(elsewhere(given, "bank") { _ in }, "pay")
        #expect(!bank.isBack && bank.elsewhere.map(\.step.component) == ["bank"])
        #expect(bank.forecast?.p90Seconds == 1200)
        let half = elsewhere(given, "bank") {
            $0.start(at: given.now, nil); $0.rampPercent = 50
        }
        #expect(try goal(half, "pay").isBack, "half of its traffic is enough")
        #expect(Set(given.incident.componentsElsewhere(Self.graph)) == ["db", "feed", "watch", "pay", "bank"])
    }

    @Test func `work that somebody began in another incident is not done twice`() throws {
        let given = try restoring("db", "feed")
        let before = try #require(given.plan().pathSeconds)
        let begun = elsewhere(given, "db") { $0.start(at: given.now, nil) }
        #expect(begun.plan().pathSeconds == before, "to begin makes nothing later")
        #expect(begun.plan(at: given.now.adding(seconds: 240)).pathSeconds == before - 240)
        #expect(begun.when(.start("db")).code == "gate-closed")
        let told = elsewhere(given, "db") {
            $0.start(at: given.now, nil, expectedAt: given.now.adding(seconds: 60))
        }
        #expect(told.plan().step("feed")?.endsAfterSeconds == 360)
    }

    @Test func `what regressed is taken over as well, unless it fires`() throws {
        let back = try restoring("db", "feed").and(.start("db"), .verify("db"), .fires("db"))
        #expect(back.incident.step("db")?.state == .regressed)
        let fixed = elsewhere(back, "db") { $0.restore(at: back.now.adding(seconds: 30)) }
        #expect(fixed.when(.reviewPlan, by: .daemon) == .nothing, "an alert fires here")
        var quiet = try back.and(.clears("db"))
        quiet.others = fixed.others
        #expect(quiet.when(.reviewPlan, by: .daemon) == .events([StepRestored(component: "db", incident: 7)]))
        let old = elsewhere(quiet, "db") { $0.restore(at: Given.start) }
        guard case .events(let events) = old.when(.reviewPlan, by: .daemon) else { return }
        #expect(!events.contains { $0 is StepRestored }, "it was back there before it fell back here")
    }

    @Test func `what a component came back without holds up nothing behind it, until it fell back`() throws {
        let forced = IncidentCommand.startStep(
            component: "feed", override: false, without: ["db"], reason: "it reads a copy")
        let given = try restoring("db", "feed").and(forced, .verify("feed"))
        #expect(try goal(given, "watch").isBack)
        let fallen = try given.and(.start("db"), .verify("db"), .fires("db"))
        #expect(try !goal(fallen, "watch").isBack)
    }

    @Test func `half of the traffic is enough for a goal that says so`() throws {
        let given = try restoring("bank").and(.start("bank"))
        let whole = try #require(given.plan().forecast())
        let half = try #require(goal(given, "pay").forecast)
        #expect(half.p50Seconds < whole.p50Seconds * 0.6 && half.p50Seconds > whole.p50Seconds * 0.4)
        let ramped = try given.and(.rampStep(component: "bank", percent: 50))
        #expect(try goal(ramped, "pay").isBack)
    }

    @Test func `goals come in the order of their times, what is back last`() throws {
        let given = try restoring("db", "feed", "bank")
        #expect(given.plan().outlook().goals.map(\.component) == ["pay", "watch"])
        let later = try given.and(.start("db"), .verify("db"), .waive("bank"))
        #expect(later.plan().outlook().goals.map(\.component) == ["watch", "pay"])
        #expect(later.plan().outlook().goals.map(\.isBack) == [false, true])
    }

    @Test func `another expected time is said by a second start, and a backlog after it is back`() throws {
        let given = try restoring("db", "feed").and(.start("db"))
        let moment = given.now.adding(seconds: 900)
        func start(_ time: Timestamp?) -> IncidentCommand {
            .startStep(component: "db", override: false, without: [], reason: nil, expectedAt: time)
        }
        #expect(given.when(start(nil)) == .nothing)
        #expect(given.when(start(moment)) == .events([StepTold(component: "db", expectedAt: moment)]))
        let told = try given.and(start(moment))
        #expect(told.when(start(moment)) == .nothing && told.incident.step("db")?.expectedAt == moment)
        #expect(told.incident.step("db")?.attempts == 1)
        let later = IncidentCommand.rampStep(component: "db", percent: nil, expectedAt: moment.adding(seconds: 60))
        #expect(try told.and(later).incident.step("db")?.rampPercent == nil, "its traffic did not change")
        #expect(told.when(.rampStep(component: "db", percent: nil)).code == "invalid-value")
        let back = try told.and(.verify("db"))
        let left = IncidentCommand.rampStep(component: "db", percent: 100, backlog: 800)
        #expect(back.when(left) == .events([StepTold(component: "db", backlog: 800)]))
        #expect(try back.and(left).when(left) == .nothing)
        #expect(back.when(.rampStep(component: "db", percent: 50, backlog: 800)).code == "step-state")
        #expect(back.when(.rampStep(component: "db", percent: 100)).code == "step-state")
        #expect(given.when(.rampStep(component: "feed", percent: nil, backlog: 800)).code == "step-state")
    }

    @Test func `names that mean nothing are refused, with what may have been meant`() throws {
        let given = try restoring("db", "feed")
        #expect(given.when(.start("feeed")).detail?.contains("Did you mean feed?") == true)
        #expect(given.when(.start("bank")).detail?.contains("/impacts/bank sets its impact") == true)
        let wrong = given.when(.orderSteps(components: ["dbx"], reason: nil))
        #expect(wrong.detail?.contains("No component dbx in the catalog. Did you mean db?") == true)
        let forced = IncidentCommand.startStep(
            component: "feed", override: false, without: ["bank"], reason: "it reads a copy")
        #expect(given.when(forced).detail?.contains("feed does not need bank. It needs db.") == true)
    }

    @Test func `a step neither ends nor fails before it began, and a late entry expects no end in the past`() throws {
        let given = try restoring("db", "feed").later("12:00").and(.start("db"))
        for command in [
            .verify("db"), .rampStep(component: "db", percent: 50), .failStep(component: "db", reason: nil),
        ] as [IncidentCommand] {
            #expect(given.when(command, at: clock("11:00")).field == "/occurred_at", "\(command)")
        }
        let late = try given.and(
            .startStep(component: "feed", override: false, without: ["db"], reason: "it reads a copy"),
            at: clock("11:30"))
        let expected = late.timeline.compactMap { $0.event.as(PlanRevised.self)?.expected?.median }
        #expect(!expected.isEmpty && late.incident.plan?.expected?.median ?? .earliest > clock("12:00"))
    }

    @Test func `a commander takes back a waiver, and a goal that nobody can estimate has no time`() throws {
        let given = try restoring("db", "feed").and(.waive("db"))
        #expect(given.when(.start("db"), by: .rita).code == "role-required")
        #expect(given.when(.start("db")).isAccepted)
        let unknown = DependencyGraph([
            Component(slug: "db", name: "", tier: 0, expectedRestoreSeconds: 600),
            Component(
                slug: "watch", name: "", tier: 0, dependsOn: [Dependency(component: "db", kind: .hard)], goal: true),
        ])
        let watch = try Given(graph: unknown).and(Way.toRestore(["db", "watch"]))
        #expect(try goal(watch, "watch").forecast == nil && goal(watch, "watch").without == ["watch"])
    }

    @Test func `what a person told does not share the luck of the whole, and readings stand in their order`() throws {
        let given = try restoring("db")
        let told = given.now.adding(seconds: 36_000)
        let started = try given.and(
            .startStep(component: "db", override: false, without: [], reason: nil, expectedAt: told))
        let forecast = try #require(started.plan(at: given.now).forecast())
        #expect(abs(forecast.p50Seconds - 36_000) < 400, "the middle is what was told")
        let read = try started.later("15:00").and(
            .rampStep(component: "db", percent: nil, backlog: 500), at: clock("14:00")
        )
        .and(.rampStep(component: "db", percent: nil, backlog: 900), at: clock("13:00"))
        #expect(read.incident.step("db")?.backlog?.map(\.count) == [900, 500])
    }
}
