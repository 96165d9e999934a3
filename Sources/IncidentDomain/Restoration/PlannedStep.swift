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
