/// One visit to a phase: an incident that went back has several to the same one.
package struct PhaseSpan: Hashable, Sendable {
    package let phase: Phase
    package let startedAt: Timestamp
    /// Nil while the incident stands in it.
    package let endedAt: Timestamp?

    package init(phase: Phase, startedAt: Timestamp, endedAt: Timestamp?) {
        self.phase = phase
        self.startedAt = startedAt
        self.endedAt = endedAt
    }

    /// Nil while the incident stands in it.
    package var seconds: Double? { endedAt?.seconds(since: startedAt) }
}

extension PhaseSpan {
    /// The visits in the order in which they were made. Times can have been entered in an odd order; a visit that would
    /// begin before the one before it begins with that one, so that none is negative and none overlaps.
    package static func visits(in timeline: [RecordedEvent]) -> [PhaseSpan] {
        var begun: [(phase: Phase, at: Timestamp)] = []
        for recorded in timeline {
            guard let phase = recorded.event.payload.phaseBegun else { continue }
            begun.append((phase, max(recorded.occurredAt, begun.last?.at ?? recorded.occurredAt)))
        }
        return begun.indices.map { index in
            PhaseSpan(
                phase: begun[index].phase, startedAt: begun[index].at,
                endedAt: index + 1 < begun.count ? begun[index + 1].at : nil)
        }
    }
}

/// The visits to one phase, added up.
package struct PhaseTotal: Hashable, Sendable {
    package let phase: Phase
    /// Of the visits that have ended.
    package let seconds: Double
    package let visits: Int
    /// Since when the incident stands in it, if it does.
    package let since: Timestamp?

    /// Every phase in which work goes on and that was visited, in the phases' order.
    package static func totals(of visits: [PhaseSpan]) -> [PhaseTotal] {
        Phase.open.compactMap { phase in
            let own = visits.filter { $0.phase == phase }
            guard !own.isEmpty else { return nil }
            return PhaseTotal(
                phase: phase, seconds: own.compactMap(\.seconds).reduce(0, +), visits: own.count,
                since: own.last { $0.endedAt == nil }?.startedAt)
        }
    }
}
