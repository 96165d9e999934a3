/// What to bring back first and what waits for what, computed from an incident's steps and the catalog's graph.
///
/// `RestorationNetwork` puts both into numbers, `RestorationSchedule` finds the longest path through them, and
/// `RestorationOrder` says what comes first; `RestorationMap` knows the rest of what a step can be asked.
package struct RestorationPlan: Sendable {
    package let waves: [RestorationWave]
    /// The components on the longest remaining path, in order; empty when there is no expected time.
    package let criticalPath: [String]
    /// How long it takes from now; nil when a remaining step cannot be estimated, or nothing remains.
    package let remaining: RemainingTime?
    /// The remaining components that neither the catalog nor past incidents know how long to restore, in the plan's order.
    package let unestimated: [String]
    /// 0 to 1: the part of the steps that are restored or waived; 1 when there are none.
    package let progress: Double
    /// When this plan was made.
    package let now: Timestamp
    private let map: RestorationMap
    private let places: [Int32]

    /// - Parameters:
    ///   - soak: How long a component soaks that does not say so itself.
    ///   - measured: How long components took in past incidents.
    ///   - now: What is being restored has been so until now.
    ///   - order: What the commander wants to come first within its wave; what the incident does not affect is passed over.
    package static func make(
        for incident: Incident, in graph: DependencyGraph, soak: SoakPolicy, measured: MeasuredDurations,
        now: Timestamp, order: [String] = []
    ) -> RestorationPlan {
        let basis = EstimateBasis(soak: soak, measured: measured)
        return RestorationPlan(RestorationMap(incident, graph, basis, now: now, order: order))
    }

    private init(_ map: RestorationMap) {
        var places = [Int32](repeating: 0, count: map.network.count)
        for wave in map.waves {
            for (place, node) in wave.enumerated() { places[node] = Int32(place) }
        }
        self.places = places
        self.map = map
        now = map.now
        waves = map.waves.enumerated().map { index, nodes in
            RestorationWave(
                number: index + 1, stable: map.open[index].isEmpty, steps: nodes.map { PlannedStep($0, map) })
        }
        let open = map.open.joined()
        let total = map.waves.reduce(0) { $0 + $1.count }
        progress = total == 0 ? 1 : Double(total - open.count) / Double(total)
        unestimated = open.filter { map.network.medians[$0] == RestorationNetwork.unknown }
            .map { map.step($0).component }
        remaining = RemainingTime(map)
        criticalPath =
            remaining == nil ? [] : map.schedule.longestPath(map.network).map { map.step($0).component }
    }

    /// When everything is restored; nil when there is no expected time.
    package var expectedAt: (median: Timestamp, p90: Timestamp)? {
        remaining.map { (now.adding(seconds: $0.medianSeconds), now.adding(seconds: $0.p90Seconds)) }
    }

    /// Nil when the component is not affected.
    package func step(_ component: String) -> PlannedStep? {
        guard let node = map.node(component) else { return nil }
        return waves[Int(map.waveIndexes[node])].steps[Int(places[node])]
    }
}

/// Components of the same effective tier: restored together, after every more critical wave.
package struct RestorationWave: Sendable {
    /// Counts from 1.
    package let number: Int
    /// Whether everything in it is restored or waived.
    package let stable: Bool
    package let steps: [PlannedStep]
}

/// The longest path of what remains, waves counted as barriers, when nobody waits for hands.
package struct RemainingTime: Hashable, Sendable {
    /// With what each step takes in half of the cases.
    package let medianSeconds: Double
    /// With what each takes in nine cases of ten.
    package let p90Seconds: Double

    fileprivate init?(_ map: RestorationMap) {
        let unlucky = RestorationSchedule(map.network, durations: map.network.p90s)
        guard map.schedule.last != nil, let median = map.schedule.remaining, let p90 = unlucky.remaining else {
            return nil
        }
        medianSeconds = Double(median) / 1000
        p90Seconds = Double(p90) / 1000
    }
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
    private let node: Int
    private let map: RestorationMap

    init(_ node: Int, _ map: RestorationMap) {
        self.node = node
        self.map = map
    }

    package var step: RestorationStep { map.step(node) }
    package var component: String { step.component }
    package var tier: Int { map.graph.components[component]?.tier ?? Component.leastCriticalTier }

    /// The most critical tier among the component and everything that needs it (hard, directly or not).
    package var effectiveTier: Int { Int(map.network.tiers[node]) }

    package var status: RestorationStatus { map.status(node) }

    /// Whether it can be started now, for the first time or again.
    package var isReady: Bool { map.network.roles[node] == .waiting && map.schedule.isFree(node) }

    /// All of it, from its start to the end of its soak; nil when nobody knows.
    package var estimate: StepEstimate? { map.estimate(node) }

    /// When its work begins if nobody waits for hands, in seconds from now; 0 when it has begun. Nil when it is done, or
    /// something before it cannot be estimated.
    package var beginsAfterSeconds: Double? { seconds(map.schedule.begins[node]) }

    /// When it is restored then; nil when it is done, or it or something before it cannot be estimated.
    package var endsAfterSeconds: Double? { seconds(map.schedule.ends[node]) }

    private func seconds(_ milliseconds: Int) -> Double? {
        guard map.network.isOpen(node), milliseconds < RestorationNetwork.unknown else { return nil }
        return Double(milliseconds) / 1000
    }

    /// What it waits for: dependencies by slug, then waves; empty when it was started or is done.
    package var waitsFor: [RestorationGate] { map.gates(before: node) }

    /// What it would work better with, by slug.
    package var warnings: [RestorationWarning] { map.warnings(for: node) }

    /// The affected components that it cannot work without, directly or over others that are not affected; by slug.
    package var needs: [String] { map.nearestAffected(from: node, along: map.network.needs) }

    /// The affected components that need it in the same way, by slug.
    package var blocks: [String] { map.nearestAffected(from: node, along: map.network.needed) }

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
