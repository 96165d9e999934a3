/// What to bring back first and what waits for what, computed from an incident's steps and the catalog's graph.
///
/// `RestorationNetwork` puts both into numbers, `RestorationSchedule` finds the longest path through them, and
/// `RestorationOrder` says what comes first; `RestorationMap` knows the rest of what a step can be asked.
package struct RestorationPlan: Sendable {
    package let waves: [RestorationWave]
    /// Whether a later wave waits for the earlier ones, or only comes after them where hands are few.
    package let wavesMode: WavePolicy.Mode
    /// The components on the longest remaining path, in order; empty when there is no expected time.
    package let criticalPath: [String]
    /// The longest remaining path, in seconds, when every step takes what it does in half of the cases and nobody waits for
    /// hands; of what can be estimated. Nil when nothing of that remains.
    package let pathSeconds: Double?
    /// The remaining components that neither the catalog nor past incidents know how long to restore, in the plan's order.
    package let unestimated: [String]
    /// Those, and what waits for them: the expected time is without these.
    package let without: [String]
    package let progress: RestorationProgress
    /// When this plan was made.
    package let now: Timestamp
    let map: RestorationMap
    private let places: [Int32]
    private let calibration: ForecastCalibration

    /// - Parameters:
    ///   - soak: How long a component soaks that does not say so itself.
    ///   - waves: Whether later waves wait, by severity.
    ///   - opensAt: When hard dependencies that do not say it themselves let what needs them begin; nil when they are restored.
    ///   - measured: How long components took in past incidents.
    ///   - calibration: What past forecasts teach about this one.
    ///   - others: The steps of other open incidents.
    ///   - now: What is being restored has been so until now.
    ///   - order: What the commander wants to come first; what the incident does not affect is passed over.
    package static func make(
        for incident: Incident, in graph: DependencyGraph, soak: SoakPolicy, waves: WavePolicy = .advise,
        opensAt: DependencyOpening? = nil, measured: MeasuredDurations, calibration: ForecastCalibration = .none,
        others: OtherRestorations = .none, now: Timestamp, order: [String] = []
    ) -> RestorationPlan {
        let basis = EstimateBasis(
            soak: soak, measured: measured, waves: waves, opensAt: opensAt, others: others)
        return RestorationPlan(RestorationMap(incident, graph, basis, now: now, order: order), calibration)
    }

    private init(_ map: RestorationMap, _ calibration: ForecastCalibration) {
        var places = [Int32](repeating: 0, count: map.network.count)
        for wave in map.waves {
            for (place, node) in wave.enumerated() { places[node] = Int32(place) }
        }
        self.places = places
        self.map = map
        self.calibration = calibration
        now = map.now
        wavesMode = map.network.waves
        waves = map.waves.enumerated().map { index, nodes in
            RestorationWave(
                number: index + 1, stable: map.open[index].isEmpty, steps: nodes.map { PlannedStep($0, map) })
        }
        progress = RestorationProgress(map.network.roles)
        let open = map.open.joined()
        unestimated = open.filter { map.network.times[$0].remaining == RestorationNetwork.unknown }
            .map { map.step($0).component }
        without = open.filter { map.schedule.ends[$0] == RestorationNetwork.unknown }.map { map.step($0).component }
        pathSeconds = map.schedule.remaining.map { Double($0) / 1000 }
        criticalPath = map.schedule.longestPath(to: map.schedule.last.map(Int.init), map.network)
            .map { map.step($0).component }
    }

    /// When everything is back that can be estimated; nil when nothing of that remains. It is computed anew each time: thousands
    /// of draws.
    package func forecast() -> RestorationForecast? {
        forecasts(of: [ForecastTarget(0..<map.network.count)])[0]
    }

    /// Of several targets, from the same draws.
    func forecasts(of targets: [ForecastTarget]) -> [RestorationForecast?] {
        RestorationDraws(map, calibration).forecasts(of: targets)
    }

    /// Nil when the component is not affected.
    package func step(_ component: String) -> PlannedStep? {
        guard let node = map.node(component) else { return nil }
        return waves[Int(map.waveIndexes[node])].steps[Int(places[node])]
    }

    /// Where a node stands in its wave.
    func place(_ node: Int) -> Int32 { places[node] }

    /// How many affected components cannot come back before each of some steps, by name: cheaper than one by one.
    package func blockedTotals(_ steps: [PlannedStep]) -> [String: Int] {
        let nodes = steps.map(\.node)
        let counts = BlockedCounts.of(nodes, in: map.network)
        return Dictionary(nodes.map { (map.step($0).component, Int(counts[$0])) }) { $1 }
    }

    /// What can be started now, in the order in which hands should take it: the commander's, then the waves'.
    package var startNext: [PlannedStep] {
        let ready = waves.flatMap(\.steps).filter(\.isReady)
        return ready.enumerated().sorted { one, other in
            let (first, second) = (one.element.manualRank, other.element.manualRank)
            return first == second ? one.offset < other.offset : first < second
        }.map(\.element)
    }

    /// What is worked on for longer than was expected, the longest first.
    package var overdue: [PlannedStep] {
        let late = waves.flatMap(\.steps).filter { $0.overdueSeconds != nil }
        return late.enumerated().sorted { one, other in
            let (first, second) = (one.element.overdueSeconds ?? 0, other.element.overdueSeconds ?? 0)
            return first == second ? one.offset < other.offset : first > second
        }.map(\.element)
    }
}

/// How many steps are where: what was waived is not back.
package struct RestorationProgress: Hashable, Sendable {
    package let restored: Int
    package let waived: Int
    package let total: Int

    init(_ roles: [RestorationNetwork.Role]) {
        restored = roles.count { $0 == .restored }
        waived = roles.count { $0 == .waived }
        total = roles.count
    }

    /// Whether nothing is left to do.
    package var isOver: Bool { restored + waived == total }

    /// 0 to 1: the part of the steps that are restored; 1 when there are none.
    package var part: Double { total == 0 ? 1 : Double(restored) / Double(total) }
}

/// Components of the same effective tier: taken up together, before those of less critical waves.
package struct RestorationWave: Sendable {
    /// Counts from 1.
    package let number: Int
    /// Whether everything in it is restored or waived.
    package let stable: Bool
    package let steps: [PlannedStep]
}

/// A step's state as people see it: what is stored, and `ready` when nothing stands before it.
package enum RestorationStatus: String, CaseIterable, Sendable {
    case waiting, ready, restoring, verifying, restored, waived, regressed

    init(_ state: RestorationState, isFree: Bool) {
        self =
            switch state {
            case .waiting: isFree ? .ready : .waiting
            case .restoring: .restoring
            case .verifying: .verifying
            case .restored: .restored
            case .waived: .waived
            case .regressed: .regressed
            }
    }
}

/// One line of the plan. It only knows where it stands in the plan's map: all it says is looked up there when it is asked.
package struct PlannedStep: Sendable {
    fileprivate let node: Int
    private let map: RestorationMap

    init(_ node: Int, _ map: RestorationMap) {
        self.node = node
        self.map = map
    }

    package var step: RestorationStep { map.step(node) }
    package var component: String { step.component }
    package var tier: Int { map.graph.components[step.slug]?.tier ?? Component.leastCriticalTier }

    /// The most critical tier among the component and the affected ones that need it (hard, directly or not).
    package var effectiveTier: Int { map.criticality(node) }

    /// Whom the catalog names as responsible.
    package var owner: String? { map.owner(node) }

    /// How much longer it is worked on than was expected, in seconds; nil when it is not.
    package var overdueSeconds: Int? { map.network.times[node].overdueSeconds }

    fileprivate var manualRank: Int32 { map.network.manualRanks[node] }

    package var status: RestorationStatus { map.status(node) }

    /// Whether it can be started now, for the first time or again.
    package var isReady: Bool { map.network.roles[node] == .waiting && map.schedule.isFree(node) }

    /// All of it, from its start to the end of its soak; nil when nobody knows.
    package var estimate: StepEstimate? { map.estimate(node) }

    /// When its work begins if nobody waits for hands, in seconds from now; 0 when it has begun. Nil when it is done, or
    /// something before it cannot be estimated. As `endsAfterSeconds`, with what steps take in half of the cases.
    package var beginsAfterSeconds: Double? { seconds(map.schedule.begins[node]) }

    /// When it is restored then; nil when it is done, or it or something before it cannot be estimated.
    package var endsAfterSeconds: Double? { seconds(map.schedule.ends[node]) }

    private func seconds(_ milliseconds: Int) -> Double? {
        guard map.network.isOpen(node), milliseconds < RestorationNetwork.unknown else { return nil }
        return Double(milliseconds) / 1000
    }

    /// What it waits for: dependencies by slug, then waves where they are enforced; empty when it was started or is done.
    package var waitsFor: [RestorationGate] { map.gates(before: node) }

    /// What it needs and is not there, by slug, also while it is worked on.
    package var missing: [RestorationGate] {
        map.dependencyGates(before: node)
            + map.gatesElsewhere(before: node).filter { RestorationStep.slug(of: $0.component) != step.slug }
    }

    /// The steps of other incidents for the same component.
    package var elsewhere: [OtherRestorations.Step] { map.others.of(step.slug, in: step.region) }

    /// Where it is: in its region, or where its component runs if that is one region. Nil when it is everywhere.
    package var place: String? { map.place(node) }

    /// The affected components that are restored with its help, and are not back, by slug.
    package var toolFor: [String] { map.needingTool(node) }

    /// What it would work better with, by slug.
    package var warnings: [RestorationWarning] { map.warnings(for: node) }

    /// The affected components that it cannot work without, by slug.
    package var needs: [String] { map.neighbours(of: node, along: map.network.needs) }

    /// The affected components that cannot work without it, by slug.
    package var blocks: [String] { map.neighbours(of: node, along: map.network.needed) }

    /// How many affected components cannot come back before it, directly or not.
    package var blocksTotal: Int { map.blockedCount(node) }
}

extension RestorationState {
    /// Whether `start` makes sense.
    package var isStartable: Bool {
        switch self {
        case .waiting, .regressed: true
        case .restoring, .verifying, .restored, .waived: false
        }
    }
}
