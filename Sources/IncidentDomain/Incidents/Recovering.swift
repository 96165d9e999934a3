/// What becomes of an incident that nobody attends to when none of its alerts fires any more.
package enum WhenCleared: Hashable, Sendable {
    /// It stays open until a person closes it.
    case keep
    /// It closes itself after so many seconds without a firing alert.
    case close(afterSeconds: Int)

    package static let secondsMax = 86_400
    package static let secondsStandard = 300

    /// What holds when two rules say something: keeping goes before closing, and a longer time before a shorter one.
    func stricter(_ other: WhenCleared) -> WhenCleared {
        switch (self, other) {
        case (.keep, _), (_, .keep): .keep
        case (.close(let one), .close(let two)): .close(afterSeconds: Swift.max(one, two))
        }
    }
}

/// Stored as `keep`, or as the seconds after which it closes.
extension WhenCleared: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let seconds = try? container.decode(Int.self) {
            self = .close(afterSeconds: seconds)
        } else {
            self = .keep
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .keep: try container.encode("keep")
        case .close(let seconds): try container.encode(seconds)
        }
    }
}

/// What the configuration says of incidents whose alerts have cleared, where no routing rule says anything.
package struct ClearingPolicy: Hashable, Sendable {
    private let general: WhenCleared
    private let special: [Severity: WhenCleared]
    /// For how many seconds one that closed itself is opened again when its alerts fire again.
    package let reopenSeconds: Double

    package static let keep = ClearingPolicy()

    package init(
        general: WhenCleared = .keep, special: [Severity: WhenCleared] = [:], reopenSeconds: Double = 3600
    ) {
        self.general = general
        self.special = special
        self.reopenSeconds = reopenSeconds
    }

    package func whenCleared(_ severity: Severity?) -> WhenCleared {
        severity.flatMap { special[$0] } ?? general
    }
}

/// That an incident closed itself.
package struct SelfRecovery: Hashable, Codable, Sendable {
    /// When the last of its alerts cleared.
    package var clearedAt: Timestamp
    /// Until when it is opened again by its alerts.
    package var reopenUntil: Timestamp
}

extension Incident {
    /// Whether no person has done anything about it: alerts opened it, and nobody acknowledged it or wrote anything down.
    package var isUntouched: Bool {
        guard openedByAlerts ?? false, phase == .detect, times.acknowledgedAt == nil else { return false }
        let isUnwritten =
            roles.isEmpty && hypotheses.isEmpty && audiences.isEmpty && mitigations.isEmpty && tasks.isEmpty
            && actions.isEmpty && (notes ?? 0) == 0
        let isUntold = updates == 0 && communication?.drafts.isEmpty ?? true && eta == nil
        return isUnwritten && isUntold && (severity == nil || severityOrigin == .alert)
    }

    /// When it closes itself; nil when it does not, or somebody has begun to work on it.
    package var closesAt: Timestamp? {
        guard isUntouched, firing.isEmpty else { return nil }
        return closing
    }

    /// What an entry says of alerts that cleared: whether any still fires, and when the incident then closes itself.
    func clearing(without counts: [String: Int], _ facts: DecisionFacts) -> (all: Bool?, closesAt: Timestamp?) {
        var incident = self
        incident.remove(firing: counts)
        guard incident.firing.isEmpty, phase.isOpen else { return (nil, nil) }
        guard isUntouched else { return (true, nil) }
        switch ruledClearing ?? facts.clearing.whenCleared(severity) {
        case .keep: return (true, nil)
        case .close(let seconds): return (true, facts.now.adding(seconds: Double(seconds)))
        }
    }

    /// It closes itself when its time has come. A runner asks, at the time that was set.
    func recoverBySelf(_ facts: DecisionFacts) -> [any TimelineEvent] {
        guard let closesAt, closesAt <= facts.occurredAt else { return [] }
        return [
            SelfRecovered(
                clearedAt: clearedAt ?? closesAt, reopenUntil: closesAt.adding(seconds: facts.clearing.reopenSeconds))
        ]
    }

    /// Whether alerts of its groups open it again.
    package func isReopened(at now: Timestamp) -> Bool {
        phase == .closed && recovery.map { now <= $0.reopenUntil } ?? false
    }

    /// It fires again soon after it closed itself, so it was not over. Impacts on what fires go on.
    ///
    /// - Parameter components: On which alerts fire again.
    func reopen(firingOn components: Set<String>, _ facts: DecisionFacts) throws(IncidentRefusal)
        -> [any TimelineEvent]
    {
        guard phase == .closed, recovery != nil else { return [] }
        let due = facts.updates.nextUpdate(after: facts.now, severity: severity)
        let resumed = impacts.filter { components.contains($0.component) && !$0.isOngoing }.map { impact in
            var impact = impact
            impact.endedAt = nil
            return ImpactSet(impact)
        }
        return [
            PhaseReverted(
                phase: .detect, from: .closed, reason: "it closed itself, and alerts fire again", updateDueAt: due)
        ] + resumed
    }
}
