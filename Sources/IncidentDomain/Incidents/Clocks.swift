/// A clock of an incident: a moment that durations are measured to.
package enum IncidentClock: String, CaseIterable, Codable, Sendable {
    case started, detected, acknowledged, assessed, mitigated, restored, reviewed, closed

    /// Its name in the API.
    package var field: String { "\(rawValue)_at" }

    /// The clock that is reached when a phase comes to its end; nil for those that end no phase.
    static func ending(_ phase: Phase) -> IncidentClock? {
        switch phase {
        case .detect: .acknowledged
        case .assess: .assessed
        case .mitigate: .mitigated
        case .restore: .restored
        case .review: .closed
        case .closed, .dismissed, .merged: nil
        }
    }

    /// The orders that clocks keep. Harm can stop before anybody has noticed it, so detecting and mitigating have no order.
    static let orders: [[IncidentClock]] = [
        [.started, .detected, .acknowledged, .assessed, .closed],
        [.started, .mitigated, .restored, .closed],
        // One that was closed without an approval is reviewed afterwards.
        [.started, .mitigated, .restored, .reviewed],
    ]
}

extension IncidentTimes {
    package subscript(clock: IncidentClock) -> Timestamp? {
        switch clock {
        case .started: startedAt
        case .detected: detectedAt
        case .acknowledged: acknowledgedAt
        case .assessed: assessedAt
        case .mitigated: mitigatedAt
        case .restored: restoredAt
        case .reviewed: reviewedAt
        case .closed: closedAt
        }
    }

    mutating func set(_ clock: IncidentClock, to moment: Timestamp) {
        switch clock {
        case .started: startedAt = moment
        case .detected: detectedAt = moment
        case .acknowledged: acknowledgedAt = moment
        case .assessed: assessedAt = moment
        case .mitigated: mitigatedAt = moment
        case .restored: restoredAt = moment
        case .reviewed: reviewedAt = moment
        case .closed: closedAt = moment
        }
    }

    /// The pairs that are out of order, the one that should come first at the front. Within a second they count as at once: what is
    /// shown to the second cannot be told apart.
    func outOfOrder() -> [(earlier: IncidentClock, later: IncidentClock)] {
        var found: [(earlier: IncidentClock, later: IncidentClock)] = []
        for order in IncidentClock.orders {
            let reached = order.compactMap { clock in self[clock].map { (clock: clock, moment: $0) } }
            for (one, next) in zip(reached, reached.dropFirst()) where next.moment.adding(seconds: 1) <= one.moment {
                // Two orders may have it.
                if found.contains(where: { $0 == (one.clock, next.clock) }) { continue }
                found.append((one.clock, next.clock))
            }
        }
        return found
    }

    /// The clocks beside one, with their times: `detected 2026-11-22 10:02:00 UTC`.
    func neighbours(of clock: IncidentClock) -> [String] {
        var names: [IncidentClock] = []
        for order in IncidentClock.orders {
            let reached = order.filter { self[$0] != nil || $0 == clock }
            guard let place = reached.firstIndex(of: clock) else { continue }
            let beside = [place - 1, place + 1].filter(reached.indices.contains).map { reached[$0] }
            names += beside.filter { !names.contains($0) }
        }
        return names.compactMap { name in self[name].map { "\(name.rawValue) \($0.toTheSecond)" } }
    }
}

/// What people said of a clock, in the place of what the facts say.
package struct ClockCorrection: Hashable, Codable, Sendable {
    package var clock: IncidentClock
    package var moment: Timestamp
    package var by: String
    package var reason: String
}

/// What an incident had measured when it went back to an earlier phase.
package struct MeasuredClocks: Hashable, Codable, Sendable {
    package var assessedAt: Timestamp?
    package var mitigatedAt: Timestamp?
    package var restoredAt: Timestamp?
    package var reviewedAt: Timestamp?
    package var closedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case assessedAt = "assessed_at"
        case mitigatedAt = "mitigated_at"
        case restoredAt = "restored_at"
        case reviewedAt = "reviewed_at"
        case closedAt = "closed_at"
    }
}

/// One time that an incident went back: from where to where, when, and what it had measured until then.
package struct EarlierClocks: Hashable, Codable, Sendable {
    package var from: Phase
    package var to: Phase
    package var revertedAt: Timestamp
    package var measured: MeasuredClocks
    /// The entry that says so; nil in rows of releases that did not keep it, and not shown.
    package var entry: Int?
    /// The entries that began what was gone back over; nil as with `entry`, and not shown.
    package var begun: [Phase: PhaseEntry]?
}

extension Incident {
    /// How many times of going back are kept beside the timeline, which has all.
    private static let earlierClocksMax = 20

    /// The clocks that are measured anew after going back to a phase; nil when none was reached.
    func clocksTakenBack(by phase: Phase) -> MeasuredClocks? {
        let clocks = clocks
        let isAnew = { (clock: IncidentClock) in clock.isAfter(phase) }
        let measured = MeasuredClocks(
            assessedAt: isAnew(.assessed) ? clocks.assessedAt : nil,
            mitigatedAt: isAnew(.mitigated) ? clocks.mitigatedAt : nil,
            restoredAt: isAnew(.restored) ? clocks.restoredAt : nil,
            reviewedAt: isAnew(.reviewed) ? clocks.reviewedAt : nil,
            closedAt: isAnew(.closed) ? clocks.closedAt : nil)
        return measured == MeasuredClocks() ? nil : measured
    }

    /// Keeps what was measured before going back, and forgets what people said of clocks that are measured anew.
    mutating func keep(_ measured: MeasuredClocks, from: Phase, to: Phase, at moment: Timestamp) {
        let all = (earlierClocks ?? []) + [EarlierClocks(from: from, to: to, revertedAt: moment, measured: measured)]
        earlierClocks = Array(all.suffix(Self.earlierClocksMax))
        let kept = corrections?.filter { !$0.clock.isAfter(to) } ?? []
        corrections = kept.isEmpty ? nil : kept
    }
}

extension IncidentClock {
    /// Whether it is measured anew when an incident goes back to `phase`. The review alone measures nothing anew.
    fileprivate func isAfter(_ phase: Phase) -> Bool {
        let after: [IncidentClock] =
            switch phase {
            case .detect, .assess: [.assessed, .mitigated, .restored, .reviewed, .closed]
            case .mitigate: [.mitigated, .restored, .reviewed, .closed]
            case .restore: [.restored, .reviewed, .closed]
            case .review, .closed, .dismissed, .merged: []
            }
        return after.contains(self)
    }
}

/// When those facts began to hold that the clocks are made of, where nothing else in the incident says it. Nil in incidents that
/// a release opened, or changed, that did not keep them: then the moment counts at which a phase was left.
package struct ClockFacts: Hashable, Codable, Sendable {
    /// When the earliest alert arrived that came after the start, as it was said to be then.
    var firstAlertAt: Timestamp?
    /// When the earliest alert arrived that came before it.
    var strayAlertAt: Timestamp?
    /// When somebody led the incident on, who has seen it then, acknowledged or not.
    var detectLeftAt: Timestamp?
    /// When a severity was set, and when somebody was commander, by the entries that say so, while there is one; nil when there is none.
    var severities: [Int: Timestamp]?
    var commanders: [Int: Timestamp]?
    var impactAt: Timestamp?
    var causeAt: Timestamp?
    /// When that came by which it was noticed, as people said, by the entries that say so.
    var detectedBy: [Int: Timestamp] = [:]
    /// When mitigations succeeded, by their ids.
    var succeededAt: [Int: Timestamp] = [:]
    /// When somebody ended the mitigating: what succeeds after it did not stop the harm.
    var mitigateLeftAt: Timestamp?
    /// When the incident went back last.
    var revertedAt: Timestamp?
    /// Whether something that was down came back since, whenever that was; nil when not.
    var cameBackSince: Bool?

    init() {}

    /// The two of them together.
    var arrivals: AlertArrivals {
        get { AlertArrivals(first: firstAlertAt, stray: strayAlertAt) }
        set { (firstAlertAt, strayAlertAt) = (newValue.first, newValue.stray) }
    }

    /// When a severity was known first, and when there was a commander first.
    var severityAt: Timestamp? { severities?.values.min() }
    var commanderAt: Timestamp? { commanders?.values.min() }

    /// How many entries are kept that say that it held: the first ones, as these tell since when.
    private static let entriesMax = 50

    /// An entry says that it held, now or then.
    mutating func tell(_ fact: WritableKeyPath<ClockFacts, [Int: Timestamp]?>, in entry: Int, at moment: Timestamp) {
        var told = self[keyPath: fact] ?? [:]
        told[entry] = moment
        if told.count > Self.entriesMax, let last = told.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            told[last.key] = nil
        }
        self[keyPath: fact] = told
    }

    /// What was noticed by an entry came at another time.
    mutating func move(_ entry: Int, to moment: Timestamp) {
        if detectedBy[entry] != nil { detectedBy[entry] = moment }
    }

    /// What an entry said that was struck out counts no more.
    mutating func forget(_ entry: Int) {
        detectedBy[entry] = nil
        severities?[entry] = nil
        commanders?[entry] = nil
    }

    /// What a mitigation was wrongly said to have done counts no more.
    mutating func forgetSuccess(of mitigation: Int) {
        succeededAt[mitigation] = nil
    }

    mutating func note(_ before: Incident?, _ after: Incident, in entry: Int, at moment: Timestamp) {
        note(\.severities, holds: after.severity != nil, in: entry, at: moment)
        note(\.commanders, holds: after.roles[.commander] != nil, in: entry, at: moment)
        impactAt = after.impacts.contains { $0.impact.isHarm } ? impactAt ?? moment : nil
        if before?.mitigations != after.mitigations { note(after.mitigations) }
        if revertedAt != nil, before?.impacts.contains(where: \.isOngoing) ?? false,
            !after.impacts.contains(where: \.isOngoing)
        {
            cameBackSince = true
        }
        guard let before, before.phase != after.phase else { return }
        if before.phase == .detect, after.phase == .assess { detectLeftAt = moment }
        if before.phase == .mitigate, after.phase == .restore { mitigateLeftAt = moment }
        guard before.phase.earlier.contains(after.phase), after.phase != .review else { return }
        (revertedAt, cameBackSince) = (moment, nil)
        if after.phase != .restore { mitigateLeftAt = nil }
    }

    /// What holds began at the latest with the entry after which it does; what does not hold any more has no beginning.
    private mutating func note(
        _ fact: WritableKeyPath<ClockFacts, [Int: Timestamp]?>, holds: Bool, in entry: Int, at moment: Timestamp
    ) {
        if !holds {
            self[keyPath: fact] = nil
        } else if self[keyPath: fact]?.isEmpty ?? true {
            tell(fact, in: entry, at: moment)
        }
    }

    mutating func noteAlert(_ arrival: Timestamp, start: Timestamp) {
        if arrival.isBefore(start: start) {
            strayAlertAt = min(strayAlertAt ?? arrival, arrival)
        } else {
            firstAlertAt = min(firstAlertAt ?? arrival, arrival)
        }
    }

    /// The earliest alert since the start, and the earliest before it.
    func alerts(start: Timestamp) -> (first: Timestamp?, stray: Timestamp?) {
        let all = [firstAlertAt, strayAlertAt].compactMap(\.self)
        return (
            all.filter { !$0.isBefore(start: start) }.min(), all.filter { $0.isBefore(start: start) }.min()
        )
    }

    private mutating func note(_ mitigations: [Mitigation]) {
        for mitigation in mitigations {
            let isOver = mitigateLeftAt != nil
            if mitigation.isStruck {
                succeededAt[mitigation.id] = nil
            } else if mitigation.state == .succeeded, let end = mitigation.endedAt {
                if !isOver || end <= mitigateLeftAt ?? end { succeededAt[mitigation.id] = end }
            } else if !isOver {
                succeededAt[mitigation.id] = nil
            }
        }
    }
}

/// When the earliest alerts arrived: after the start, and before it.
struct AlertArrivals: Hashable, Codable, Sendable {
    var first: Timestamp?
    var stray: Timestamp?
}

extension Timestamp {
    /// Whether an alert that arrived then came before the impact: by more than the clocks of machines differ.
    fileprivate func isBefore(start: Timestamp) -> Bool { self < start.adding(seconds: -60) }
}

// MARK: - What the clocks say

extension Incident {
    /// The clocks as the facts say, or people where they know better: what is shown and measured. `times` is when the phases were
    /// left.
    package var clocks: IncidentTimes {
        var clocks = times
        if let alert = clockFacts?.alerts(start: times.startedAt).first {
            clocks.detectedAt = min(clocks.detectedAt, max(alert, times.startedAt))
        }
        if let told = clockFacts?.detectedBy.values.min() {
            clocks.detectedAt = min(clocks.detectedAt, max(told, times.startedAt))
        }
        clocks.acknowledgedAt = [times.acknowledgedAt, clockFacts?.detectLeftAt].compactMap(\.self).min()
        let back = lastRestoration
        clocks.mitigatedAt = mitigated(back)
        // Who went back and led it on again with nothing down has what there was.
        let isMeasuredAnew = times.restoredAt == nil && times.mitigatedAt == nil
        clocks.restoredAt = isMeasuredAnew ? sinceReverting(back) : back ?? times.restoredAt
        for correction in corrections ?? [] { clocks.set(correction.clock, to: correction.moment) }
        return clocks
    }

    /// The earliest that is known of it after the start: a clock, or a phase that was left, also where harm went on. Where people corrected
    /// clocks, what they say counts.
    var firstReached: (name: String, moment: Timestamp) {
        let (shown, left) = (clocks.firstReached, times.firstReached)
        return corrections == nil && left.moment < shown.moment ? left : shown
    }

    /// When a phase that is over came to its end: by what people did, or as they corrected it. Nil when nothing says it.
    func ended(_ phase: Phase) -> Timestamp? {
        guard let clock = IncidentClock.ending(phase) else { return nil }
        if let correction = corrections?.first(where: { $0.clock == clock }) { return correction.moment }
        return phase == .mitigate ? mitigatingEnded(lastRestoration) : clocks[clock]
    }

    /// When a phase came to its end by the facts, if somebody leaves it at `moment`.
    func reached(leaving phase: Phase, at moment: Timestamp) -> Timestamp {
        let fact: Timestamp? =
            switch phase {
            case .detect: clocks.acknowledgedAt
            // Nobody assesses what nobody has seen, however much was known from the start.
            case .assess: assessed.map { max($0, clocks.acknowledgedAt ?? $0) }
            case .mitigate: harmStopped(lastRestoration, isOver: true)
            case .restore: lastRestoration
            case .review, .closed, .dismissed, .merged: nil
            }
        return max(min(fact ?? moment, moment), min(times.startedAt, moment))
    }

    /// When the last of severity, commander, impact and cause was known.
    private var assessed: Timestamp? {
        [clockFacts?.severityAt, clockFacts?.commanderAt, clockFacts?.impactAt, clockFacts?.causeAt].compactMap(\.self)
            .max()
    }

    /// When the worst harm was over. Where no impact says how bad it was, when mitigating was.
    private func mitigated(_ back: Timestamp?) -> Timestamp? {
        // An incident that went back, and was led on again, has what it had, and what came since.
        let worst = worstHarm(since: times.mitigatedAt == nil ? clockFacts?.revertedAt : nil)
        guard let worst else { return mitigatingEnded(back) }
        // Who left restoring with harm going on said that it ends there.
        return worst.end ?? times.restoredAt
    }

    /// When mitigating came to its end, as far as people go: what they did may have ended the harm only partly.
    private func mitigatingEnded(_ back: Timestamp?) -> Timestamp? {
        guard times.mitigatedAt == nil else {
            return harmStopped(sinceReverting(back), isOver: true) ?? times.mitigatedAt
        }
        return sinceReverting(harmStopped(back, isOver: false))
    }

    /// When the last mitigation that counted succeeded, or everything was back, whichever came first.
    ///
    /// - Parameter isOver: Whether mitigating is over; until then nothing has stopped the harm while a mitigation is running.
    private func harmStopped(_ back: Timestamp?, isOver: Bool) -> Timestamp? {
        let end = clockFacts == nil ? times.mitigatedAt : clockFacts?.mitigateLeftAt
        let mitigations = mitigations.filter { !$0.isStruck }
        let isWorkedOn = !isOver && mitigations.contains { $0.state == .running }
        let known =
            clockFacts.map { Array($0.succeededAt.values) }
            ?? mitigations.filter { $0.state == .succeeded }.compactMap(\.endedAt)
        let counted = known.filter { $0 <= end ?? $0 }.max()
        let spared = mitigations.filter { $0.state == .notNeeded }.compactMap(\.endedAt).filter { $0 <= end ?? $0 }
            .max()
        return [isWorkedOn ? nil : counted ?? spared ?? times.mitigatedAt, back].compactMap(\.self).min()
    }

    /// When the last component that was harmed was back; nil while one is down that nobody waived, and when there was none.
    private var lastRestoration: Timestamp? {
        let waived = Set(steps.map(\.slug)).subtracting(steps.filter { $0.state != .waived }.map(\.slug))
        let harmed = impacts.filter { impact in
            impact.impact.isHarm && !(waived.contains(impact.component) && isGivenUp(impact))
        }
        let ends = harmed.compactMap(\.endedAt)
        guard ends.count == harmed.count else { return nil }
        // What is not harmed any more was over when that was said.
        let well = impacts.filter { !$0.impact.isHarm }.compactMap { impact in
            impactLog?[impact.component].flatMap { ImpactTrack($0, from: times.startedAt).stretches.last?.end }
        }
        return (ends + well).max()
    }

    /// Whether a waived component was harmed when it was given up: when that ended later, nobody waited for it any more.
    private func isGivenUp(_ impact: ComponentImpact) -> Bool {
        guard let end = impact.endedAt else { return true }
        return steps(of: impact.component).compactMap(\.waivedAt).max().map { end > $0 } ?? false
    }

    /// What was so before the incident went back holds no more.
    private func sinceReverting(_ moment: Timestamp?) -> Timestamp? {
        guard let reverted = clockFacts?.revertedAt, !(clockFacts?.cameBackSince ?? false) else { return moment }
        return moment.flatMap { $0 > reverted ? $0 : nil }
    }
}
