import Testing

@testable import IncidentDomain

/// Outages in some regions of what runs in several: each region comes back by itself.
struct RegionTests {
    private static let graph = DependencyGraph([
        Component(
            slug: "db", name: "", tier: 0, regions: ["eu", "us", "ap"], expectedRestoreSeconds: 1200, soakSeconds: 0),
        Component(
            slug: "names", name: "", tier: 0, regions: ["eu", "us"], expectedRestoreSeconds: 60, regional: false),
        Component(
            slug: "feed", name: "Feed", tier: 1, regions: ["eu", "us"], expectedRestoreSeconds: 300,
            dependsOn: [Dependency(component: "db", kind: .hard), Dependency(component: "names", kind: .hard)]),
        Component(
            slug: "report", name: "", tier: 2, regions: ["eu"], expectedRestoreSeconds: 60,
            dependsOn: [Dependency(component: "db", kind: .hard)]),
    ])

    private func hit(_ component: String, _ regions: String...) -> IncidentCommand {
        .setImpact(ComponentImpact(component: component, impact: .majorOutage, regions: regions))
    }
    private func restoring(_ impacts: IncidentCommand...) throws -> Given {
        try Given(graph: Self.graph).and(Way.toAssess).and(impacts).and(
            .set(.sev2), .assignRole(.commander, person: "Carla"), .technical, .advance, .mitigate(.succeeded),
            .advance)
    }
    private func ready(_ given: Given) -> [String] { given.plan().startNext.map(\.component) }

    @Test func `each region has a step of its own, and is held up within its region alone`() throws {
        let given = try restoring(hit("db", "eu"), hit("feed", "eu", "us"))
        #expect(given.incident.steps.map(\.component) == ["db@eu", "feed@eu", "feed@us"])
        #expect(ready(given) == ["db@eu", "feed@us"])
        #expect(given.plan().step("feed@eu")?.waitsFor.map(\.reason) == ["waits for db@eu (ready)"])
        #expect(given.plan().step("feed@us")?.endsAfterSeconds == 300)
        #expect(given.plan().step("feed@eu")?.endsAfterSeconds == 1500)
        #expect(given.plan().step("feed@eu")?.step.region == "eu" && given.plan().step("feed@eu")?.tier == 1)
        #expect(given.when(.start("feed")).code == "not-found", "which region?")
        let forced = IncidentCommand.startStep(
            component: "feed@eu", override: false, without: ["db"], reason: "it has a copy")
        #expect(given.when(forced).isAccepted, "all regions of what is named are meant")
    }

    @Test func `what is everywhere holds up every region, and waits for every one`() throws {
        let given = try restoring(hit("names", "eu"), hit("feed", "eu", "us"), hit("report"), hit("db", "eu", "us"))
        #expect(given.incident.steps.map(\.component) == ["names", "feed@eu", "feed@us", "report", "db@eu", "db@us"])
        #expect(given.plan().step("feed@us")?.needs == ["db@us", "names"])
        #expect(given.plan().step("report")?.needs == ["db@eu"], "it runs there alone")
        #expect(ready(given) == ["db@eu", "db@us", "names"])
        let ordered = try given.and(.orderSteps(components: ["db@us"], reason: nil))
        #expect(ordered.plan(order: ["db@us"]).startNext.first?.component == "db@us")
    }

    @Test func `what runs in one region waits for what it needs there, or for all of what does not run there`() throws {
        let needs = [Dependency(component: "db", kind: .hard)]
        let graph = DependencyGraph([
            Component(slug: "db", name: "", tier: 0, regions: ["eu", "us"], expectedRestoreSeconds: 600),
            Component(slug: "feed", name: "", tier: 1, regions: ["us"], expectedRestoreSeconds: 60, dependsOn: needs),
            Component(slug: "edge", name: "", tier: 1, regions: ["ap", "za"], dependsOn: needs),
            Component(slug: "watch", name: "", tier: 0, regions: ["us"], dependsOn: needs, goal: true),
        ])
        func restoring(_ impacts: IncidentCommand...) throws -> Given {
            try Given(graph: graph).and(Way.toRestore(["feed"])).and(impacts)
        }
        let given = try restoring(hit("db", "eu"))
        #expect(ready(given) == ["db@eu", "feed"] && given.plan().step("feed")?.endsAfterSeconds == 60)
        #expect(given.plan().outlook().goals.isEmpty, "those who watch there notice nothing")
        let both = try restoring(hit("db", "eu", "us"), hit("edge", "ap"))
        #expect(both.plan().step("feed")?.needs == ["db@us"])
        #expect(both.plan().outlook().goals.map(\.needs) == [["db@us"]])
        #expect(both.plan().step("edge@ap")?.needs == ["db@eu", "db@us"])
        var elsewhere = try restoring()
        elsewhere.others = OtherRestorations([.init(incident: 7, step: RestorationStep(component: "db@eu"))])
        #expect(ready(elsewhere) == ["feed"])
        elsewhere.others = OtherRestorations([.init(incident: 7, step: RestorationStep(component: "db@us"))])
        #expect(ready(elsewhere).isEmpty)
    }

    @Test func `a component is back when all its regions are`() throws {
        let given = try restoring(hit("db", "eu", "us")).and(.start("db@eu"), .verify("db@eu"))
        #expect(given.incident.impacts.first?.endedAt == nil)
        #expect(given.incident.unrestored == ["db@us"])
        #expect(given.when(.advance).code == "requirements-unmet")
        let restored = try given.and(.start("db@us"), .verify("db@us"))
        #expect(restored.incident.impacts.first?.endedAt != nil && restored.incident.unrestored.isEmpty)
        let regressed = try restored.and(.fires("db"))
        #expect(regressed.incident.steps.map(\.state) == [.regressed, .regressed])
        #expect(regressed.incident.impacts.first?.endedAt == nil)
        #expect(regressed.when(.advance).code == "requirements-unmet")
    }

    /// A goal in three regions, each behind its own part of a store; in ap that needs a disk of which nobody knows how long it takes.
    private func threeRegions(enough: Int?, _ more: IncidentCommand...) throws -> Given {
        let homes = ["eu", "us", "ap"]
        let disk = Component(slug: "disk", name: "", tier: 0, regions: homes)
        let store = Component(
            slug: "store", name: "", tier: 0, regions: homes, expectedRestoreSeconds: 600, soakSeconds: 0,
            dependsOn: [Dependency(component: "disk", kind: .hard)])
        let watch = Component(
            slug: "watch", name: "Watch", tier: 1, regions: homes,
            dependsOn: [Dependency(component: "store", kind: .hard)], goal: true, enoughRegions: enough)
        return try Given(graph: DependencyGraph([disk, store, watch])).and(Way.toRestore(["store"]))
            .and([hit("store", "eu", "us", "ap")] + more)
    }
    private func goal(_ given: Given) throws -> RestorationGoal { try #require(given.plan().outlook().goals.first) }

    @Test func `two of three regions are enough for a goal that says so`() throws {
        let all = try goal(threeRegions(enough: nil))
        #expect(all.needs == ["store@ap", "store@eu", "store@us"] && all.regions == nil)
        let given = try threeRegions(enough: 2).and(.start("store@us"), .start("store@eu"))
        let two = try goal(given)
        #expect(two.regions == RestorationGoal.Regions(back: 0, enough: 2, total: 3) && two.needs.count == 2)
        let (one, some) = (try goal(threeRegions(enough: 1)).forecast, try goal(threeRegions(enough: 2)).forecast)
        let ends = try [one, some, all.forecast].map { try #require($0) }
        #expect(ends[0].p50Seconds < ends[1].p50Seconds && ends[1].p50Seconds < ends[2].p50Seconds)
        #expect(ends[0].p90Seconds < ends[1].p90Seconds && ends[1].p90Seconds < ends[2].p90Seconds)

        let first = try given.and(.verify("store@us"))
        let waiting = try goal(first)
        #expect(waiting.regions?.back == 1 && waiting.needs == ["store@eu"] && !waiting.isBack)
        let second = try first.and(.verify("store@eu"))
        let back = try goal(second)
        #expect(back.isBack && back.forecast == nil && back.path.isEmpty && back.regions?.back == 2)
        #expect(second.incident.unrestored == ["store@ap"], "it is still to be restored")
        #expect(try !goal(second.and(.fires("store"))).isBack)
    }

    @Test func `a region that nobody can estimate does not matter where enough others can be`() throws {
        #expect(try goal(threeRegions(enough: nil, hit("disk", "ap"))).without == ["disk@ap", "store@ap"])
        let two = try goal(threeRegions(enough: 2, hit("disk", "ap")))
        #expect(two.without.isEmpty && two.needs == ["store@eu", "store@us"])
        #expect(try two.forecast == goal(threeRegions(enough: 2, hit("disk", "ap"))).forecast)
        let unknown = try goal(threeRegions(enough: 2, hit("disk", "ap", "us")))
        #expect(unknown.needs.count == 3 && unknown.without.count == 2 && unknown.forecast != nil)
        #expect(try goal(threeRegions(enough: 2, hit("disk", "ap")).and(.waive("store@ap"))).regions?.back == 1)
    }

    @Test func `regions join and leave while it is restored`() throws {
        let given = try restoring(hit("db", "eu")).and(.start("db@eu"))
        let more = try given.and(hit("db", "eu", "us"))
        #expect(more.incident.steps.map(\.component) == ["db@eu", "db@us"])
        #expect(more.incident.step("db@eu")?.state == .restoring)
        let less = try more.and(hit("db", "us"))
        #expect(less.incident.steps.map(\.component) == ["db@eu", "db@us"], "what is under way is brought to its end")
        let other = try less.and(.failStep(component: "db@eu", reason: nil), hit("db", "us", "ap"))
        #expect(other.incident.steps.map(\.component) == ["db@us", "db@ap"])
        #expect(try other.and(.removeImpact(component: "db")).incident.steps.isEmpty)
        let whole = try more.and(hit("db"))
        #expect(whole.incident.steps.map(\.component) == ["db@eu", "db"], "now it is down everywhere")
    }

    @Test func `entries of a release that knew no regions mean the whole component`() throws {
        var incident = try Given(graph: Self.graph).incident
        incident.set(
            ComponentImpact(component: "db", impact: .majorOutage, regions: ["eu", "us"]), at: Given.start)
        #expect(incident.steps.map(\.component) == ["db"])
        let redacted = ImpactSet(
            ComponentImpact(component: "db", impact: .degraded, regions: ["eu"], perRegion: true)
        ).redacted
        #expect(redacted.value.regions == ["eu"], "its step is named after it")
    }

    @Test func `another region never moves the plan of the others later`() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            var outage = RandomOutage(upTo: 10, states: [.waiting], &random)
            outage.waves = .advise
            outage.steps.removeAll { $0.component == "lost" }
            guard let divided = outage.steps.randomElement(using: &random)?.component else { continue }
            for place in outage.components.indices { outage.components[place].regions = ["eu", "us"] }
            var (one, two) = (outage, outage)
            one.steps = outage.steps.map { RestorationStep(component: "\($0.component)@eu") }
            two.steps = one.steps + [RestorationStep(component: "\(divided)@us")]
            let (before, after) = (try one.plan(), try two.plan())
            for step in before.waves.flatMap(\.steps) {
                let other = try #require(after.step(step.component))
                try #require(other.endsAfterSeconds == step.endsAfterSeconds, "\(random.seedText)")
                try #require(!step.isReady || other.isReady, "\(random.seedText)")
            }
        }
    }
}
