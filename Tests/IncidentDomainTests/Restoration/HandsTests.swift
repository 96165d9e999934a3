import Testing

@testable import IncidentDomain

/// Owners who cannot work on everything at once.
struct HandsTests {
    private static func component(_ slug: String, _ owner: String?, _ seconds: Int, needs: String...) -> Component {
        Component(
            slug: slug, name: "", tier: 1, owner: owner, expectedRestoreSeconds: seconds,
            dependsOn: needs.map { Dependency(component: $0, kind: .hard) })
    }

    private func given(_ components: [Component], _ hands: [String: Int]) throws -> Given {
        try Given(graph: DependencyGraph(components)).and(Way.toRestore(components.map(\.slug)))
            .and(.setHands(hands, reason: nil))
    }

    private static let storage = [
        component("a", "storage", 100), component("b", "storage", 200), component("c", "storage", 300),
        component("web", "web", 50, needs: "a"),
    ]

    @Test func `one hand does one thing after the other, the longest first`() throws {
        #expect(try given(Self.storage, [:]).plan().pathSeconds == 300)
        let one = try given(Self.storage, ["storage": 1]).plan()
        #expect(one.pathSeconds == 650 && one.criticalPath == ["c", "b", "a", "web"])
        #expect(one.bottleneck == HandsBottleneck(owner: "storage", waitSeconds: 800))
        #expect(one.startNext.map(\.component) == ["c", "b", "a"], "nobody is kept from starting anything")
        let two = try given(Self.storage, ["storage": 2]).plan()
        #expect(two.pathSeconds == 350 && two.bottleneck?.waitSeconds == 200)
        #expect(try given(Self.storage, ["default": 1]).plan().pathSeconds == 650)
        #expect(try given(Self.storage, ["default": 1, "storage": 9]).plan().bottleneck == nil)
        #expect(
            try given([Self.component("a", nil, 60), Self.component("b", nil, 60)], ["default": 1]).plan().pathSeconds
                == 120)
    }

    @Test func `a soak needs no hand, and what runs has one`() throws {
        var first = Self.component("a", "storage", 600)
        first.soakSeconds = 900
        let given = try given([first, Self.component("b", "storage", 60)], ["storage": 1])
        #expect(given.plan().step("b")?.beginsAfterSeconds == 600)
        let started = try given.later("12:00").and(.start("b"))
        #expect(started.plan(at: clock("12:00")).step("a")?.beginsAfterSeconds == 60)
    }

    @Test func `hands are a commander's to set, and stand in the timeline`() throws {
        let given = try given(Self.storage, ["storage": 1, "default": 4])
        let entry = given.timeline.compactMap { $0.event.as(HandsSet.self) }.last
        #expect(entry?.sentence == "Hands: storage 1, others 4.")
        #expect(given.when(.setHands(["storage": 1, "default": 4], reason: nil)) == .nothing)
        #expect(given.when(.setHands([:], reason: nil), by: .rita).code == "role-required")
        let back = try given.and(.setHands([:], reason: "everybody is here"))
        #expect(back.incident.hands == nil)
        #expect(
            Given.replay(back.timeline)?.hands == nil && Given.replay(given.timeline)?.hands == given.incident.hands)
    }

    @Test func `one hand more never makes anything later, and never are more worked on than there are hands`() throws {
        var random = SeededGenerator()
        for _ in 0..<1000 {
            var outage = RandomOutage(upTo: 12, &random)
            for place in outage.components.indices { outage.components[place].owner = random.pick(["x", "y", nil]) }
            let less = ["x": Int.random(in: 1...3, using: &random), "default": Int.random(in: 1...3, using: &random)]
            var more = less
            more[random.pick(["x", "default"]), default: 1] += 1
            let (few, many) = (try plan(outage, less), try plan(outage, more))
            for step in many.waves.flatMap(\.steps) {
                let before = few.step(step.component)
                try #require(step.endsAfterSeconds ?? 0 <= before?.endsAfterSeconds ?? .infinity, "\(random.seedText)")
            }
            let (early, late) = (many.forecast()?.p90Seconds ?? 0, few.forecast()?.p90Seconds ?? 0)
            try #require(early <= late + 0.01, "\(random.seedText)")
            try check(few, of: outage, less, random.seedText)
        }
    }

    private func plan(_ outage: RandomOutage, _ hands: [String: Int]) throws -> RestorationPlan {
        var incident = try outage.incident()
        incident.hands = hands
        return RestorationPlan.make(
            for: incident, in: outage.graph, soak: outage.soak, waves: outage.waves, measured: outage.measured,
            now: outage.now, order: outage.order)
    }

    /// At the beginning of each step, those of its owner that were not begun by anybody before are no more than its hands.
    private func check(_ plan: RestorationPlan, of outage: RandomOutage, _ hands: [String: Int], _ name: String) throws
    {
        let steps = plan.waves.flatMap(\.steps).filter {
            $0.step.state.isStartable && $0.beginsAfterSeconds != nil
                && $0.endsAfterSeconds ?? 0 > $0.beginsAfterSeconds ?? 0
        }
        for step in steps {
            let begin = step.beginsAfterSeconds ?? 0
            let busy = steps.filter { other in
                guard other.owner == step.owner, let start = other.beginsAfterSeconds else { return false }
                return start <= begin && start + work(other, outage) > begin + 0.0005
            }
            try #require(
                busy.count <= hands[step.owner ?? ""] ?? hands["default"] ?? .max, "\(step.component); \(name)")
        }
    }

    /// Without its soak.
    private func work(_ step: PlannedStep, _ outage: RandomOutage) -> Double {
        let soak = Double(
            outage.soak.seconds(for: outage.graph.components[step.component], effectiveTier: step.effectiveTier))
        let all = Double(step.estimate?.medianSeconds ?? 0)
        return all - min(soak, all)
    }
}
