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
    /// The visits in the order in which they were made. A phase ends when the facts say so, or people who corrected its clock, and not
    /// when somebody advanced. Times can have been entered in an odd order; a visit that would
    /// begin before the one before it begins with that one, so that none is negative and none overlaps.
    ///
    /// - Parameter incident: What the timeline leads to; nil takes the clocks as they were when the phases were left.
    package static func visits(in timeline: [RecordedEvent], of incident: Incident? = nil) -> [PhaseSpan] {
        let steps = timeline.phasesBegun(of: incident)
        let ends = incident.map { Self.ends($0, steps) } ?? [:]
        var entered: [(phase: Phase, at: Timestamp, isDetour: Bool)] = []
        var begun: [(phase: Phase, at: Timestamp)] = []
        for recorded in steps {
            guard let phase = recorded.event.payload.phaseBegun else { continue }
            let isMoved = incident?.entryTimes?[recorded.sequence] != nil
            let reached = isMoved ? nil : recorded.event.as(PhaseEntered.self)?.reachedAt
            let moment = ends[recorded.sequence] ?? reached ?? recorded.occurredAt
            let first = entered.isEmpty && phase == .detect ? incident?.clocks.detectedAt : nil
            entered.append((phase, first ?? moment, recorded.event.as(PhaseEntered.self) == nil && !entered.isEmpty))
        }
        // A dismissal, a merge or a way back that was entered now lengthens nothing of what is entered late after it.
        var next = Timestamp?.none
        for index in entered.indices.reversed() {
            if entered[index].isDetour, let next, next < entered[index].at { entered[index].at = next }
            next = min(next ?? entered[index].at, entered[index].at)
        }
        for (phase, moment, _) in entered { begun.append((phase, max(moment, begun.last?.at ?? moment))) }
        return begun.indices.map { index in
            PhaseSpan(
                phase: begun[index].phase, startedAt: begun[index].at,
                endedAt: index + 1 < begun.count ? begun[index + 1].at : nil)
        }
    }
}

extension PhaseSpan {
    /// When the phases ended that the incident is past now, by the entries that led on from them.
    ///
    /// - Parameter steps: The entries with which phases began.
    private static func ends(_ incident: Incident, _ steps: [RecordedEvent]) -> [Int: Timestamp] {
        var last: [Phase: Int] = [:]
        for recorded in steps {
            if let change = recorded.event.as(PhaseEntered.self) { last[change.from] = recorded.sequence }
            guard let back = recorded.event.as(PhaseReverted.self) else { continue }
            for phase in Phase.open.drop(while: { $0 != back.phase }) { last[phase] = nil }
        }
        return Dictionary(
            last.compactMap { phase, sequence in
                incident.ended(phase).map { (sequence, $0) }
            }, uniquingKeysWith: { first, _ in first })
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
                phase: phase, seconds: DurationText.rounded(own.compactMap(\.seconds).reduce(0, +)), visits: own.count,
                since: own.last { $0.endedAt == nil }?.startedAt)
        }
    }
}
