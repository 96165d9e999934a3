extension ReviewDraft {
    /// How long it took until, counted from the start of the impact, and how long it stood in each phase.
    static func durations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let times = facts.incident.times
        var clocks = DocumentTable("Until", "Reached (UTC)", "After", "Seconds")
        for (name, moment) in [
            ("detected", times.detectedAt), ("acknowledged", times.acknowledgedAt), ("assessed", times.assessedAt),
            ("mitigated", times.mitigatedAt), ("restored", times.restoredAt), ("reviewed", times.reviewedAt),
            ("closed", times.closedAt),
        ] {
            guard let moment else {
                // The document is approved before the last two are reached: that they were not says nothing.
                if name != "reviewed", name != "closed" { clocks.add(name, "not reached", "", "") }
                continue
            }
            let seconds = moment.seconds(since: times.startedAt)
            clocks.add(name, moment.dateAndTime, DurationText.human(seconds), DurationText.exact(seconds))
        }
        return [
            .line("Counted from the start of the impact, \(times.startedAt.toTheSecond)."), clocks.block,
            .heading("Time in each phase"), phases(facts.visits),
        ] + revertNote(facts)
    }

    private static func phases(_ visits: [PhaseSpan]) -> DocumentBlock {
        var table = DocumentTable("Phase", "Visits", "Time", "Seconds")
        for total in PhaseTotal.totals(of: visits) {
            let ongoing = total.since.map { "since \($0.toTheSecond)" }
            let past = total.visits > 1 || ongoing == nil ? DurationText.human(total.seconds) : nil
            table.add(
                total.phase.rawValue, String(total.visits),
                [past, ongoing].compactMap(\.self).joined(separator: ", and "),
                past == nil ? "" : DurationText.exact(total.seconds))
        }
        return table.block
    }

    private static func revertNote(_ facts: ReviewFacts) -> [DocumentBlock] {
        let reverts = facts.timeline.compactMap { recorded -> String? in
            guard let change = recorded.event.as(PhaseReverted.self) else { return nil }
            return "\(recorded.occurredAt.toTheSecond): from \(change.from.rawValue) to \(change.phase.rawValue), "
                + "by \(recorded.actor.name). Reason: \(change.reason.sentence)"
        }
        return reverts.isEmpty ? [] : [.heading("Ways back"), .bullets(reverts)]
    }
}
