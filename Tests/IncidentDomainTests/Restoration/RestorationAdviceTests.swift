import Testing

@testable import IncidentDomain

/// What an experienced commander expects of a plan: each was wrong once, with the reproduction that showed it.
struct RestorationAdviceTests {
    /// `slug: (tier, expected seconds, hard needs)`, all of `down` affected.
    private func outage(
        _ components: [(slug: String, tier: Int, seconds: Int?, needs: [Dependency])], down: [String]? = nil
    ) throws -> Given {
        let graph = DependencyGraph(
            components.map {
                Component(
                    slug: $0.slug, name: $0.slug, tier: $0.tier, expectedRestoreSeconds: $0.seconds, dependsOn: $0.needs
                )
            })
        return try Given(graph: graph).and(Way.toRestore(down ?? components.map(\.slug)))
    }
    private func needs(_ slugs: String..., at: DependencyOpening? = nil) -> [Dependency] {
        slugs.map { Dependency(component: $0, kind: .hard, at: at) }
    }
    private func ready(_ given: Given) -> [String] { given.plan().startNext.map(\.component) }

    @Test func `an unrelated tier holds up nothing, and comes first where hands are few`() throws {
        let given = try outage([
            ("cdn", 0, 3600, []), ("bus", 2, 300, []), ("jobs", 2, 300, needs("bus")), ("mail", 3, 60, []),
        ])
        #expect(ready(given) == ["cdn", "bus", "mail"])
        #expect(given.plan().pathSeconds == 3600 && given.plan().criticalPath == ["cdn"])
        #expect(given.plan().step("jobs")?.beginsAfterSeconds == 300)
        #expect(given.when(.start("bus")).isAccepted)
        #expect(ready(given.enforcing()) == ["cdn"])
        guard case .refused(.gateClosed(_, _, let gates, _)) = given.enforcing().when(.start("bus")) else {
            Issue.record("not refused")
            return
        }
        #expect(gates.map(\.reason) == ["wave 1 is not complete (restoration.waves: enforce): cdn is ready"])
    }

    @Test func `criticality comes only from what is affected`() throws {
        let all: [(String, Int, Int?, [Dependency])] = [
            ("log", 3, 3600, []), ("pay", 0, 60, needs("log")), ("feed", 1, 60, []),
        ]
        #expect(ready(try outage(all, down: ["log", "feed"])) == ["feed", "log"])
        #expect(ready(try outage(all)) == ["log", "feed"], "now the payments wait for it")
    }

    @Test func `what is overdue stays on the critical path, with an estimate from the tail`() throws {
        let given = try outage([("db", 0, 1800, []), ("feed", 1, 600, needs("db"))]).and(.start("db"))
        let started = try #require(given.incident.step("db")?.startedAt)
        let plan = given.plan(at: started.adding(seconds: 5 * 3600))
        #expect(plan.overdue.map(\.component) == ["db"])
        #expect(plan.step("db")?.overdueSeconds == 16_200)
        #expect(plan.criticalPath == ["db", "feed"])
        #expect((60...3600).contains(plan.step("db")?.endsAfterSeconds ?? 0))
        #expect(plan.forecast().map { $0.p50Seconds > 600 && $0.p90Seconds > $0.p50Seconds + 300 } == true)
    }

    @Test func `what a person says when it is back goes before what is computed, until it has passed`() throws {
        let given = try outage([("db", 0, 1800, []), ("feed", 1, 600, needs("db"))])
        let told = given.now.adding(seconds: 7200)
        let start = IncidentCommand.startStep(component: "db", override: false, reason: nil, expectedAt: told)
        let started = try given.and(start)
        #expect(started.plan().step("db")?.endsAfterSeconds == 7140)
        let plan = started.plan(at: told.adding(seconds: 600))
        #expect(plan.step("db")?.overdueSeconds == 600)
        #expect(plan.step("db")?.endsAfterSeconds ?? 0 > 60)
        let later = IncidentCommand.rampStep(component: "db", percent: 20, expectedAt: told.adding(seconds: 600))
        #expect(try started.and(later).incident.step("db")?.expectedAt == told.adding(seconds: 600))
        let past = IncidentCommand.startStep(component: "db", override: false, reason: nil, expectedAt: Given.start)
        #expect(given.when(past).field == "/expected_at")
    }

    @Test func `a restoration is measured from its first attempt to its end`() throws {
        let given = try outage([("db", 0, 600, [])]).later("10:20").and(.start("db"))
        let failed = try given.later("12:00").and(.failStep(component: "db", reason: nil)).later("17:10").and(
            .start("db"))
        let step = try #require(failed.incident.step("db"))
        #expect(step.firstStartedAt == clock("10:20") && step.startedAt == clock("17:10") && step.attempts == 2)
        let restored = try failed.later("17:19").and(.verify("db"))
        let regressed = try restored.later("18:00").and(.fires("db"))
        #expect(regressed.incident.step("db")?.firstStartedAt == nil, "that is another restoration")
        let again = try regressed.and(.clears("db"), .start("db"))
        #expect(again.incident.step("db")?.attempts == 1)
    }

    @Test func `to verify looks at what a component needs, and overrides name what they pass over`() throws {
        let given = try outage([("db", 0, 60, []), ("app", 1, 60, needs("db"))])
            .and(.start("db"), .verify("db"), .start("app"), .fires("db"))
        guard case .refused(.gateClosed("app", .verify, let gates, _)) = given.when(.verify("app")) else {
            Issue.record("not refused")
            return
        }
        #expect(gates.map(\.reason) == ["waits for db (regressed)"])
        let named = IncidentCommand.verifyStep(component: "app", without: ["db"], reason: "reads come from the cache")
        #expect(given.when(named, by: .rita).code == "role-required")
        #expect(
            given.when(named)
                == .events([StepRestored(component: "app", without: ["db"], reason: "reads come from the cache")]))
        let unnamed = IncidentCommand.verifyStep(component: "app", without: ["cdn"], reason: "why not")
        #expect(given.when(unnamed).field == "/without/0", "it needs no such thing")
        let forced = try outage([("db", 0, 60, []), ("app", 1, 60, needs("db"))])
            .and(.startStep(component: "app", override: false, without: ["db"], reason: "it has a replica"))
        #expect(forced.when(.verify("app")).isAccepted, "that was said at its start")
    }

    @Test func `what is waived is not back`() throws {
        let given = try outage([("a", 0, 60, []), ("b", 1, 60, [])]).and(.waive("a"), .waive("b"))
        let progress = given.plan().progress
        #expect(progress.restored == 0 && progress.waived == 2 && progress.part == 0 && progress.isOver)
    }

    @Test func `a component that works lets the work on others through`() throws {
        let given = try outage(
            [("auth", 0, 60, []), ("gw", 1, 60, needs("auth")), ("feed", 1, 60, needs("gw"))], down: ["auth", "feed"])
        #expect(given.when(.start("feed")).isAccepted)
    }

    @Test func `the time is told without what nobody can estimate`() throws {
        let given = try outage([("db", 0, 600, []), ("search", 2, nil, needs("db")), ("ads", 3, 60, needs("search"))])
        #expect(given.plan().pathSeconds == 600 && given.plan().without == ["search", "ads"])
        let revised = try #require(given.timeline.compactMap { $0.event.as(PlanRevised.self) }.last)
        #expect(revised.without == ["search", "ads"])
        #expect(revised.sentence.contains("without search, ads: expected done"))
    }

    @Test func `a dependent may begin when what it needs soaks, or takes part of its traffic`() throws {
        let soak = SoakPolicy(secondsByTier: [0: 1800, 1: 1800])
        let graph = DependencyGraph([
            Component(slug: "db", name: "", tier: 0, expectedRestoreSeconds: 600),
            Component(
                slug: "app", name: "", tier: 1, expectedRestoreSeconds: 600,
                dependsOn: [Dependency(component: "db", kind: .hard)]),
        ])
        var given = try Given(graph: graph, soak: soak).and(Way.toRestore(["db", "app"]))
        #expect(given.plan().pathSeconds == 4800)
        given.opensAt = .verifying
        #expect(given.plan().pathSeconds == 3000, "the soaks overlap")
        #expect(given.when(.start("app")).code == "gate-closed")
        #expect(try given.and(.start("db"), .verify("db")).when(.start("app")).isAccepted)
        let ramped = try outage([("db", 0, 600, []), ("app", 1, 600, needs("db", at: .ramp(50)))])
        #expect(ramped.plan().pathSeconds == 900)
        let half = try ramped.and(.start("db"), .rampStep(component: "db", percent: 49))
        #expect(half.when(.start("app")).code == "gate-closed")
        #expect(try half.and(.rampStep(component: "db", percent: 50)).when(.start("app")).isAccepted)
    }

    @Test func `a backlog that shrinks says when it is worked off`() throws {
        let given = try outage([("jobs", 1, 600, [])]).later("10:20").and(.start("jobs"))
        func read(_ given: Given, _ time: String, _ backlog: Int) throws -> Given {
            try given.later(time).and(.rampStep(component: "jobs", percent: 100, backlog: backlog))
        }
        let first = try read(given, "11:00", 6000)
        #expect(first.incident.step("jobs")?.backlog?.drainedAt == nil)
        let second = try read(first, "11:30", 4500)
        #expect(second.incident.step("jobs")?.backlog?.drainedAt == clock("13:00"))
        #expect(try read(second, "11:40", 6000).incident.step("jobs")?.backlog?.drainedAt == nil, "it grows")
        #expect(second.when(.rampStep(component: "jobs", percent: 100, backlog: 4500)) == .nothing)
        #expect(second.when(.verify("jobs")).isAccepted, "it gates nothing")
    }

    @Test func `goals say when users have something again, with the least that has to be done for it`() throws {
        let graph = DependencyGraph([
            Component(slug: "db", name: "", tier: 0, expectedRestoreSeconds: 600),
            Component(
                slug: "auth", name: "", tier: 0, expectedRestoreSeconds: 300,
                dependsOn: [Dependency(component: "db", kind: .hard)]),
            Component(slug: "batch", name: "", tier: 3, expectedRestoreSeconds: 7200),
            Component(slug: "search", name: "", tier: 2),
            Component(
                slug: "sign-in", name: "Sign in", tier: 0, dependsOn: [Dependency(component: "auth", kind: .hard)],
                goal: true),
            Component(
                slug: "find", name: "Find", tier: 1,
                dependsOn: [
                    Dependency(component: "sign-in", kind: .hard), Dependency(component: "search", kind: .hard),
                ], goal: true),
            Component(slug: "report", name: "", tier: 3, goal: true),
        ])
        let given = try Given(graph: graph).and(Way.toRestore(["db", "auth", "batch", "search"]))
        let outlook = given.plan().outlook()
        #expect(outlook.goals.map(\.component) == ["sign-in", "find"], "nothing of the report is affected")
        let (signIn, find) = (outlook.goals[0], outlook.goals[1])
        #expect(signIn.needs == ["db", "auth"] && signIn.path == ["db", "auth"] && signIn.without.isEmpty)
        #expect(find.needs == ["db", "auth", "search"] && find.without == ["search"])
        let (first, all) = (try #require(signIn.forecast), try #require(outlook.forecast))
        #expect((800...1000).contains(first.p50Seconds) && first.p90Seconds < all.p50Seconds)
        #expect(given.plan().goal("auth")?.needs == ["db", "auth"])
        #expect(given.plan().goal("report") == nil && given.plan().goal("unknown") == nil)
        let back = try given.and(.start("db"), .verify("db"), .start("auth"), .verify("auth")).plan().outlook().goals
        #expect(back.map(\.component) == ["find", "sign-in"] && back[1].isBack && back[1].forecast == nil)
    }

    @Test func `what restoring needs comes first, or the detour is told`() throws {
        let graph = DependencyGraph([
            Component(
                slug: "backbone", name: "", tier: 0, expectedRestoreSeconds: 600,
                restoreNeeds: [RestoreNeed(component: "vpn", otherwise: "people on site")]),
            Component(
                slug: "vpn", name: "", tier: 3, expectedRestoreSeconds: 60,
                restoreNeeds: [RestoreNeed(component: "backbone"), RestoreNeed(component: "ads")]),
            Component(slug: "ads", name: "", tier: 3, expectedRestoreSeconds: 60),
            Component(slug: "feed", name: "", tier: 1, expectedRestoreSeconds: 60),
        ])
        let given = try Given(graph: graph).and(Way.toRestore(["backbone", "vpn", "feed"]))
        #expect(ready(given) == ["backbone", "vpn", "feed"], "both are tools of the other, and neither waits")
        #expect(given.plan().waves.map { $0.steps.count } == [2, 1])
        #expect(
            given.plan().step("backbone")?.warnings.map(\.reason)
                == ["is restored with vpn, which is ready; otherwise: people on site"])
        #expect(
            given.plan().step("vpn")?.warnings.map(\.reason)
                == ["is restored with backbone, which is ready; nobody has written down how it is done otherwise"])
        let lifted = try given.and(.start("vpn"), .verify("vpn"))
        #expect(lifted.plan().step("backbone")?.warnings.isEmpty == true)
        #expect(CatalogCheck.problems(in: Array(graph.components.values)).isEmpty, "a circle is allowed")
        let loose = Component(slug: "a", name: "", tier: 0, restoreNeeds: [RestoreNeed(component: "gone")])
        #expect(CatalogCheck.problems(in: [loose]) == [.danglingDependency(of: "a", on: "gone")])
    }

    @Test func `what another incident restores holds up what needs it, and is restored once`() throws {
        let components: [(String, Int, Int?, [Dependency])] = [
            ("db", 0, 600, []), ("app", 1, 300, needs("db")), ("web", 1, 60, []),
        ]
        var given = try outage(components, down: ["app", "web"])
        #expect(ready(given) == ["app", "web"])
        var db = RestorationStep(component: "db")
        given.others = OtherRestorations([.init(incident: 7, step: db)])
        #expect(ready(given) == ["web"])
        let step = try #require(given.plan().step("app"))
        #expect(step.waitsFor.map(\.reason) == ["waits for db (waiting) in INC-7"])
        #expect(step.waitsFor.map(\.remedy) == [.lookAt(incident: 7)])
        #expect(step.endsAfterSeconds == 900 && given.plan().forecast()?.p50Seconds ?? 0 > 600)
        let forced = IncidentCommand.startStep(
            component: "app", override: false, without: ["db"], reason: "it reads a copy")
        #expect(given.when(.start("app")).code == "gate-closed" && given.when(forced).isAccepted)
        db.restore(at: given.now)
        given.others = OtherRestorations([.init(incident: 7, step: db)])
        #expect(given.when(.start("app")).isAccepted)

        var shared = try outage(components, down: ["db", "app"])
        var other = RestorationStep(component: "db")
        other.start(at: shared.now, nil)
        shared.others = OtherRestorations([.init(incident: 7, step: other)])
        #expect(shared.plan().step("db")?.waitsFor.map(\.reason) == ["waits for db (restoring) in INC-7"])
        #expect(shared.plan().step("app")?.waitsFor.map(\.remedy) == [.lookAt(incident: 7)])
        other.restore(at: shared.now)
        shared.others = OtherRestorations([.init(incident: 7, step: other)])
        #expect(
            shared.when(.reviewPlan, by: .daemon) == .events([StepRestored(component: "db", incident: 7)]))
        let after = try shared.and(.reviewPlan)
        #expect(after.incident.step("db")?.state == .restored && after.when(.reviewPlan, by: .daemon) == .nothing)
        #expect(ready(after) == ["app"])
    }

    @Test func `what the night teaches about needs gates in this incident, and the review asks for it`() throws {
        let given = try outage([
            ("cache", 2, 600, []), ("feed", 0, 60, []), ("db", 1, 60, []), ("ads", 3, 60, needs("feed")),
        ])
        let learn = IncidentCommand.learnNeeds(component: "feed", ["cache"], reason: "it does not boot")
        #expect(given.when(learn, by: .rita).code == "role-required")
        let taught = try given.and(learn)
        #expect(ready(taught) == ["cache", "db"], "and the cache is as critical as the feed now")
        #expect(taught.plan().step("feed")?.waitsFor.map(\.component) == ["cache"])
        #expect(taught.plan().pathSeconds == 720 && taught.plan().criticalPath == ["cache", "feed", "ads"])
        let circle = IncidentCommand.learnNeeds(component: "cache", ["ads"], reason: nil)
        #expect(taught.when(circle).field == "/components/0")
        #expect(given.when(.learnNeeds(component: "feed", ["feed"], reason: nil)).field == "/components/0")
        #expect(given.when(.learnNeeds(component: "feed", ["gone"], reason: nil)).field == "/components/0")
        #expect(taught.when(learn) == .nothing)
        #expect(taught.section(.restoration).contains("feed was found to need cache, and the catalog does not say so"))
        #expect(try taught.and(.learnNeeds(component: "feed", [], reason: nil)).incident.learntNeeds == nil)
        var changed = taught
        changed.graph = DependencyGraph([
            Component(slug: "feed", name: "", tier: 0, expectedRestoreSeconds: 60),
            Component(slug: "cache", name: "", tier: 2, expectedRestoreSeconds: 600, dependsOn: needs("feed")),
            Component(slug: "db", name: "", tier: 1), Component(slug: "ads", name: "", tier: 3),
        ])
        #expect(changed.plan().step("cache")?.waitsFor.map(\.component) == ["feed"], "the catalog holds")
        #expect(changed.plan().step("feed")?.isReady == true)
        changed.graph = DependencyGraph([Component(slug: "cache", name: "", tier: 2)])
        #expect(changed.when(.learnNeeds(component: "ads", ["cache"], reason: nil)).field == "/components")
    }

    @Test func `a start that waited for nothing that is known is asked about in the review`() throws {
        let given = try outage([("a", 1, 60, []), ("b", 1, 60, [])]).later("10:20")
            .and(.start("a")).later("11:00").and(.verify("a"), .start("b")).later("11:10").and(.verify("b"), .advance)
        let text = given.section(.restoration)
        #expect(
            text.contains("Dependencies to look at") && text.contains("was started when a was back: does it need that?")
        )
        let prompt = try outage([("a", 1, 60, []), ("b", 1, 60, [])])
            .and(.start("a"), .start("b"), .verify("a"), .verify("b"), .advance)
        #expect(!prompt.section(.restoration).contains("Dependencies to look at"))
    }

    @Test func `a ramp takes its minutes, and opens what needs a part of the traffic in between`() throws {
        let graph = DependencyGraph([
            Component(
                slug: "cache", name: "", tier: 0, expectedRestoreSeconds: 600, soakSeconds: 0,
                ramp: [
                    .init(percent: 10, minutes: 10), .init(percent: 50, minutes: 20), .init(percent: 100, minutes: 5),
                ]),
            Component(
                slug: "feed", name: "", tier: 1, expectedRestoreSeconds: 60, dependsOn: needs("cache", at: .ramp(50))),
        ])
        let given = try Given(graph: graph).and(Way.toRestore(["cache", "feed"]))
        #expect(given.plan().step("cache")?.endsAfterSeconds == 2400, "ten minutes, then ten and twenty")
        #expect(given.plan().step("feed")?.beginsAfterSeconds == 1200, "at half of the traffic")
        let ramped = try given.later("10:20").and(.start("cache"), .rampStep(component: "cache", percent: 50))
        #expect(ramped.plan().step("feed")?.isReady == true)
    }
}
