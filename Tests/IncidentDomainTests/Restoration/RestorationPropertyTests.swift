import Testing

@testable import IncidentDomain

/// What holds of the plan of any outage, on thousands of random graphs. A failure prints the seed that brings it back.
struct RestorationPropertyTests {
    private static let outages = 1500

    private func check(
        upTo size: Int = 14, states: [RestorationState] = RestorationState.allCases, everythingIsKnown: Bool = true,
        outages: Int = outages, _ body: (RandomOutage, inout SeededGenerator, _ name: String) throws -> Void
    ) throws {
        var random = SeededGenerator()
        for number in 0..<outages {
            let outage = RandomOutage(upTo: size, states: states, everythingIsKnown: everythingIsKnown, &random)
            try body(outage, &random, "outage \(number); \(random.seedText)")
        }
    }

    @Test func `no step is ready before its affected hard dependencies are restored, and every other one is`() throws {
        try check { outage, _, name in
            let simple = SimplePlanner(outage)
            let plan = try outage.plan()
            for step in plan.waves.flatMap(\.steps) {
                let waves = outage.waves == .advise ? [] : plan.waves.filter { $0.number < wave(of: step, in: plan) }
                let isFree = simple.holders(step.component).isEmpty && waves.allSatisfy { $0.stable }
                try #require(step.isReady == (step.step.state.isStartable && isFree), "\(step.component); \(name)")
                try #require(step.waitsFor.isEmpty || !step.isReady, "\(step.component); \(name)")
                guard step.step.state.isStartable else { continue }
                try #require(dependencies(step.waitsFor) == simple.holders(step.component).sorted(), "\(name)")
                try #require(step.isReady == step.waitsFor.isEmpty, "\(step.component); \(name)")
            }
        }
    }

    @Test func `waves hold all affected components by criticality, the commander's first, dependencies first`() throws {
        try check { outage, _, name in
            let simple = SimplePlanner(outage)
            let plan = try outage.plan()
            let steps = plan.waves.flatMap(\.steps)
            try #require(steps.map(\.component).sorted() == simple.affected, "\(name)")
            try #require(plan.waves.map(\.number) == Array(1..<plan.waves.count + 1), "\(name)")
            let tiers = plan.waves.map { Set($0.steps.map { simple.wave($0.component) }) }
            try #require(tiers.allSatisfy { $0.count == 1 }, "\(name)")
            try #require(tiers.compactMap(\.first) == Set(tiers.compactMap(\.first)).sorted(), "\(name)")
            var placed: Set<String> = []
            for step in steps {
                try #require(step.effectiveTier == simple.tier(step.component), "\(step.component); \(name)")
                try #require(simple.affectedBelow(step.component).isSubset(of: placed), "\(step.component); \(name)")
                placed.insert(step.component)
                try #require(plan.step(step.component)?.component == step.component, "\(name)")
                try #require(step.needs == simple.nearest(step.component).sorted(), "\(step.component); \(name)")
            }
            for wave in plan.waves {
                try #require(wave.stable == wave.steps.allSatisfy { $0.step.state.isDone }, "\(name)")
            }
        }
    }

    @Test func `what blocks is what is needed, seen from the other side`() throws {
        try check { outage, _, name in
            let simple = SimplePlanner(outage)
            for step in try outage.plan().waves.flatMap(\.steps) {
                let nearest = simple.affected.filter { simple.nearest($0).contains(step.component) }
                let all = simple.affected.filter { simple.affectedBelow($0).contains(step.component) }
                try #require(step.blocks == nearest, "\(step.component); \(name)")
                try #require(step.blocksTotal == all.count, "\(step.component); \(name)")
            }
        }
    }

    @Test func `the order is the same however the catalog and the incident are put together`() throws {
        try check(everythingIsKnown: false) { outage, random, name in
            var other = outage
            other.components.shuffle(using: &random)
            for index in other.components.indices { other.components[index].dependsOn.shuffle(using: &random) }
            other.steps.shuffle(using: &random)
            let (first, second) = (try outage.plan().picture, try other.plan().picture)
            try #require(first == second, "\(name)")
        }
    }

    @Test func `of what could come next, the first by rank, path, blocked and slug does`() throws {
        try check(states: [.waiting, .waiting, .regressed, .restored]) { outage, _, name in
            let simple = SimplePlanner(outage)
            let plan = try outage.plan()
            let rules = OrderRules(outage, simple, plan)
            for wave in plan.waves {
                var left = wave.steps.map(\.component)
                while let next = left.first {
                    let free = left.filter { simple.affectedBelow($0).isDisjoint(with: left) }
                    try #require(free.allSatisfy { !rules.isBefore($0, next) }, "\(next); \(name)")
                    left.removeFirst()
                }
            }
        }
    }

    @Test func `steps end when another method says so, and the critical path leads to the last of them`() throws {
        try check(everythingIsKnown: false) { outage, _, name in
            let simple = SimplePlanner(outage)
            let plan = try outage.plan()
            let ends = simple.ends()
            let known = ends.values.compactMap(\.self)
            try #require((plan.pathSeconds == nil) == known.isEmpty, "\(name)")
            try #require(abs((plan.pathSeconds ?? 0) - (known.max() ?? 0)) < 0.002, "\(name)")
            try #require(Set(plan.without) == Set(ends.filter { $0.value == nil }.keys), "\(name)")
            for step in plan.waves.flatMap(\.steps) where simple.isOpen(step.component) {
                let end = ends[step.component] ?? nil
                try #require((step.endsAfterSeconds == nil) == (end == nil), "\(step.component); \(name)")
                try #require(abs((step.endsAfterSeconds ?? 0) - (end ?? 0)) < 0.002, "\(step.component); \(name)")
            }
            let onPath = plan.criticalPath.compactMap(plan.step)
            try #require(onPath.count == plan.criticalPath.count && onPath.isEmpty == known.isEmpty, "\(name)")
            try #require(onPath.last?.endsAfterSeconds == plan.pathSeconds, "\(name)")
            try #require(onPath.first.map { $0.beginsAfterSeconds == 0 } ?? true, "\(name)")
        }
    }

    @Test func `to advise is never later than to enforce`() throws {
        try check { outage, _, name in
            var (advised, enforced) = (outage, outage)
            (advised.waves, enforced.waves) = (.advise, .enforce)
            let (first, second) = (try advised.plan(), try enforced.plan())
            try #require(first.pathSeconds ?? 0 <= second.pathSeconds ?? 0, "\(name)")
            try #require(first.forecast()?.p90Seconds ?? 0 <= second.forecast()?.p90Seconds ?? 0, "\(name)")
            for step in first.waves.flatMap(\.steps) {
                let other = second.step(step.component)
                try #require(step.isReady || other?.isReady == false, "\(step.component); \(name)")
                try #require(step.endsAfterSeconds ?? 0 <= other?.endsAfterSeconds ?? .infinity, "\(name)")
            }
        }
    }

    @Test func `a threshold never moves anything later`() throws {
        try check { outage, random, name in
            let opening = random.pick([DependencyOpening.verifying, .ramp(Int.random(in: 1...100, using: &random))])
            var (closed, open) = (outage, outage)
            for place in closed.components.indices {
                for edge in closed.components[place].dependsOn.indices {
                    closed.components[place].dependsOn[edge].at = nil
                    open.components[place].dependsOn[edge].at = Bool.random(using: &random) ? opening : nil
                }
            }
            let (before, after) = (try closed.plan(), try open.plan())
            for step in after.waves.flatMap(\.steps) {
                let other = before.step(step.component)
                try #require(step.endsAfterSeconds ?? 0 <= other?.endsAfterSeconds ?? .infinity, "\(name)")
                try #require(step.isReady || other?.isReady == false, "\(name)")
            }
            try #require(after.forecast()?.p90Seconds ?? 0 <= before.forecast()?.p90Seconds ?? 0, "\(name)")
        }
    }

    @Test func `greedy restoring with unlimited hands ends when the plan said at first`() throws {
        try check(outages: 1000) { outage, _, name in
            var plain = outage
            // A ramp of which nobody tells anything opens nothing.
            for place in plain.components.indices {
                for edge in plain.components[place].dependsOn.indices {
                    plain.components[place].dependsOn[edge].at = nil
                }
            }
            guard let expected = try plain.plan().pathSeconds else { return }
            var run = GreedyRun(plain)
            while let next = try run.startReady() { run.finish(next) }
            try #require(run.outage.steps.allSatisfy { $0.state.isDone }, "\(name)")
            try #require(abs(run.now.seconds(since: outage.now) - expected) < 0.002, "\(name)")
        }
    }

    @Test func `an added dependency keeps the dependent behind it, and moves only what it needs, to earlier waves`()
        throws
    {
        try check(upTo: 12, states: [.waiting, .regressed]) { outage, random, name in
            let before = try outage.plan()
            let dependent = random.pick(outage.components).slug
            let needed = random.pick(outage.components).slug
            let simple = SimplePlanner(outage)
            guard needed != dependent, !simple.isAbove(needed, dependent) else { return }
            var other = outage
            guard let index = other.components.firstIndex(where: { $0.slug == dependent }) else { return }
            other.components[index].dependsOn.removeAll { $0.component == needed }
            other.components[index].dependsOn.append(Dependency(component: needed, kind: .hard))
            let after = try other.plan()
            if let first = after.step(needed)?.endsAfterSeconds, let second = after.step(dependent) {
                try #require(second.beginsAfterSeconds ?? -1 >= first, "\(name)")
                try #require(!second.isReady, "\(name)")
                try #require(wave(of: second, in: after) >= wave(of: after.step(needed), in: after), "\(name)")
            }
            let mayMove = simple.affectedBelow(needed).union([needed])
            for step in before.waves.flatMap(\.steps) {
                let tier = after.step(step.component)?.effectiveTier ?? .max
                let isSame = tier == step.effectiveTier
                try #require(isSame || tier < step.effectiveTier && mayMove.contains(step.component), "\(name)")
            }
        }
    }

    @Test func `a remedy is always something that can be done now, or waited for`() throws {
        try check { outage, _, name in
            let plan = try outage.plan()
            for gate in plan.waves.flatMap(\.steps).flatMap(\.waitsFor) {
                switch gate.remedy {
                case .start(let component): try #require(plan.step(component)?.isReady == true, "\(name)")
                case .verify(let component): try #require(plan.step(component)?.status == .restoring, "\(name)")
                case .wait(let component, let until):
                    try #require(plan.step(component)?.step.soakUntil == until, "\(name)")
                    try #require(plan.step(component)?.status == .verifying, "\(name)")
                case .resolveAlerts: Issue.record("nothing fires; \(name)")
                case .lookAtProbe: Issue.record("nothing is probed; \(name)")
                case .lookAt: Issue.record("nothing is elsewhere; \(name)")
                }
            }
        }
    }

    @Test func `counting what many block at once gives what counting one by one does`() throws {
        try check(upTo: 700, outages: 60) { outage, _, name in
            let incident = try outage.incident()
            let basis = EstimateBasis(soak: outage.soak, measured: outage.measured)
            let map = RestorationMap(incident, outage.graph, basis, now: outage.now, order: [])
            let nodes = map.waves.flatMap(\.self)
            let counts = BlockedCounts.of(nodes, in: map.network)
            try #require(nodes.allSatisfy { Int(counts[$0]) == map.blockedCount($0) }, "\(name)")
        }
    }

    private func wave(of step: PlannedStep?, in plan: RestorationPlan) -> Int {
        plan.waves.first { $0.steps.contains { $0.component == step?.component } }?.number ?? 0
    }

    private func dependencies(_ gates: [RestorationGate]) -> [String] {
        gates.compactMap { if case .dependency(let step) = $0.kind { step.component } else { nil } }
    }
}

/// What decides between two steps of a wave, asked for one pair at a time.
private final class OrderRules {
    private var tails: [String: Double] = [:]
    private let outage: RandomOutage
    private let simple: SimplePlanner
    private let plan: RestorationPlan

    init(_ outage: RandomOutage, _ simple: SimplePlanner, _ plan: RestorationPlan) {
        (self.outage, self.simple, self.plan) = (outage, simple, plan)
    }

    func isBefore(_ left: String, _ right: String) -> Bool {
        let (first, second) = (key(left), key(right))
        return first.numbers == second.numbers
            ? first.slug < second.slug : first.numbers.lexicographicallyPrecedes(second.numbers)
    }

    private func key(_ slug: String) -> (numbers: [Double], slug: String) {
        ([rank(slug), -tail(slug), -Double(blocked(slug).count)], slug)
    }

    private func blocked(_ slug: String) -> [String] {
        simple.affected.filter { simple.affectedBelow($0).contains(slug) }
    }

    /// Its place in the commander's order, or the best place of what needs it in its wave.
    private func rank(_ slug: String) -> Double {
        let wave = simple.wave(slug)
        let wanted = [slug] + blocked(slug).filter { simple.wave($0) == wave }
        return wanted.compactMap { outage.order.firstIndex(of: $0) }.map(Double.init).min() ?? .infinity
    }

    /// The longest path that begins with it: whatever can only begin after it, and that one's longest path.
    private func tail(_ slug: String) -> Double {
        if let known = tails[slug] { return known }
        let wave = simple.wave(slug)
        let after = simple.affected.filter { other in
            simple.state(other)?.isStartable == true
                && (simple.affectedBelow(other).contains(slug) || outage.waves == .enforce && simple.wave(other) > wave)
        }
        let tail = (simple.remaining(slug) ?? 0) + (after.map(tail).max() ?? 0)
        tails[slug] = tail
        return tail
    }
}

/// People without number, who start every step as soon as the plan says that it is ready.
private struct GreedyRun {
    private(set) var outage: RandomOutage
    private(set) var now: Timestamp
    private var ends: [String: Timestamp] = [:]

    init(_ outage: RandomOutage) {
        self.outage = outage
        now = outage.now
        for step in outage.steps where !step.state.isDone && !step.state.isStartable { begin(step.component) }
    }

    /// Starts what is ready; returns what ends next, or nil when all is over.
    mutating func startReady() throws -> String? {
        let moment = now
        for step in try outage.plan(at: now).waves.flatMap(\.steps) where step.isReady {
            begin(step.component)
            change(step.component) { $0.start(at: moment, nil) }
        }
        return ends.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    mutating func finish(_ component: String) {
        let moment = ends.removeValue(forKey: component) ?? now
        now = moment
        change(component) { $0.restore(at: moment) }
    }

    private mutating func begin(_ component: String) {
        var asked = outage
        asked.now = now
        ends[component] = now.adding(seconds: SimplePlanner(asked).remaining(component) ?? 0)
    }

    private mutating func change(_ component: String, _ change: (inout RestorationStep) -> Void) {
        guard let index = outage.steps.firstIndex(where: { $0.component == component }) else { return }
        change(&outage.steps[index])
    }
}
