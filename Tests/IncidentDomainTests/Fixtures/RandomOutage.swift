@testable import IncidentDomain

/// A random catalog, some of it affected, in random states: what the planner's properties are tested on.
struct RandomOutage {
    var components: [Component]
    var steps: [RestorationStep]
    let soak: SoakPolicy
    let measured: MeasuredDurations
    var waves = WavePolicy.advise
    /// The commander's.
    let order: [String]
    var now: Timestamp

    /// How the dependencies lie.
    enum Shape: CaseIterable {
        case sparse, dense, chain, layers, star
    }

    /// - Parameter states: What steps may be in; none of them is restored before its time by that.
    init(
        upTo size: Int, states: [RestorationState] = RestorationState.allCases, everythingIsKnown: Bool = true,
        _ random: inout SeededGenerator
    ) {
        let count = Int.random(in: 1...size, using: &random)
        let shape = random.pick(Shape.allCases)
        // Slugs in another order than dependencies.
        let slugs = (0..<count).map { "c\($0)" }.shuffled(using: &random)
        components = (0..<count).map { index in
            Component(
                slug: slugs[index], name: "", tier: Int.random(in: 0...3, using: &random),
                expectedRestoreSeconds: everythingIsKnown || Int.random(in: 0..<9, using: &random) > 0
                    ? 30 * Int.random(in: 0...4, using: &random) : nil,
                soakSeconds: Int.random(in: 0..<4, using: &random) == 0 ? 60 : nil,
                dependsOn: Self.needs(of: index, of: count, shape, &random).map { needed in
                    let isHard = Int.random(in: 0..<6, using: &random) > 0
                    let opening = random.pick([nil, nil, nil, DependencyOpening.verifying, .ramp(40)])
                    return Dependency(
                        component: slugs[needed], kind: isHard ? .hard : .soft, at: isHard ? opening : nil)
                })
        }
        waves = random.pick([.advise, .enforce])
        now = Given.start.adding(seconds: 3600)
        soak = SoakPolicy(secondsByTier: [0: 120, 2: 30])
        let part = random.pick([1.0, 0.8, 0.3])
        var affected = slugs.filter { _ in Double.random(in: 0..<1, using: &random) < part }
        if Int.random(in: 0..<5, using: &random) == 0 { affected.append("lost") }
        steps = []
        for slug in affected.shuffled(using: &random) {
            steps.append(Self.step(slug, in: random.pick(states), now, &random))
        }
        order = Bool.random(using: &random) ? [] : Array((slugs + ["unknown"]).shuffled(using: &random).prefix(3))
        var durations: [String: MeasuredDuration] = [:]
        for slug in slugs + ["lost"] where slug == "lost" ? everythingIsKnown : Bool.random(using: &random) {
            let median = 15 * Int.random(in: 0...20, using: &random)
            durations[slug] = MeasuredDuration(
                medianSeconds: median, p90Seconds: median * 3, samples: slug == "lost" ? 9 : random.pick([2, 5, 9]))
        }
        measured = MeasuredDurations(durations)
        components.shuffle(using: &random)
    }

    /// The same with other measurements.
    init(_ other: RandomOutage, measured: MeasuredDurations) {
        (components, steps, soak, order) = (other.components, other.steps, other.soak, other.order)
        (self.measured, waves, now) = (measured, other.waves, other.now)
    }

    private static func needs(
        of index: Int, of count: Int, _ shape: Shape, _ random: inout SeededGenerator
    ) -> Set<Int> {
        guard index > 0 else { return [] }
        func some(_ count: Int, from range: Range<Int>) -> Set<Int> {
            Set((0..<count).map { _ in Int.random(in: range, using: &random) })
        }
        return switch shape {
        case .sparse: some(Int.random(in: 0...2, using: &random), from: 0..<index)
        case .dense: some(Int.random(in: 0...6, using: &random), from: 0..<index)
        case .chain: [index - 1]
        case .star: index == count / 2 ? Set(0..<index) : index > count / 2 ? [count / 2] : []
        case .layers: index < 4 ? [] : some(3, from: (index / 4 - 1) * 4..<index / 4 * 4)
        }
    }

    private static func step(
        _ slug: String, in state: RestorationState, _ now: Timestamp, _ random: inout SeededGenerator
    ) -> RestorationStep {
        var step = RestorationStep(component: slug)
        let start = now.adding(seconds: Double(15 * Int.random(in: -8...0, using: &random)))
        switch state {
        case .waiting: break
        case .restoring: step.start(at: start, nil)
        case .verifying:
            step.start(at: start, nil)
            step.verify(from: start, until: now.adding(seconds: Double(15 * Int.random(in: -1...8, using: &random))))
        case .restored: step.restore(at: start)
        case .waived: step.waive()
        case .regressed: step.regress(at: now)
        }
        return step
    }

    var graph: DependencyGraph { DependencyGraph(components) }

    func incident() throws -> Incident {
        var incident = try Given().incident
        incident.steps = steps
        return incident
    }

    func plan(at time: Timestamp? = nil) throws -> RestorationPlan {
        RestorationPlan.make(
            for: try incident(), in: graph, soak: soak, waves: waves, measured: measured, now: time ?? now,
            order: order)
    }
}

extension RestorationPlan {
    /// All that can be seen of it, for comparisons.
    var picture: [String] {
        waves.flatMap { wave in
            wave.steps.map { step in
                "\(wave.number) \(wave.stable) \(step.component) \(step.status) \(step.isReady) \(step.effectiveTier) "
                    + "\(step.waitsFor.map { "\($0.reason) \($0.remedy)" }) \(step.warnings.map(\.reason)) "
                    + "\(step.needs) \(step.blocks) \(step.blocksTotal) "
                    + "\(String(describing: step.beginsAfterSeconds)) \(String(describing: step.endsAfterSeconds))"
            }
        } + ["\(criticalPath) \(unestimated) \(progress) \(String(describing: pathSeconds))"]
    }
}
