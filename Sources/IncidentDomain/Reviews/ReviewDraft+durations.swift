extension ReviewDraft {
    /// How long it took until, counted from the start of the impact, and how long it stood in each phase.
    static func durations(_ facts: ReviewFacts) -> String {
        let times = facts.incident.times
        var clocks = MarkdownTable("Until", "Reached (UTC)", "After", "Seconds")
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
        let parts = [
            "Counted from the start of the impact, \(times.startedAt.toTheSecond).", clocks.markdown,
            "### Time in each phase", phases(facts.visits), revertNote(facts),
        ]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private static func phases(_ visits: [PhaseSpan]) -> String {
        var table = MarkdownTable("Phase", "Visits", "Time", "Seconds")
        for total in PhaseTotal.totals(of: visits) {
            let ongoing = total.since.map { "since \($0.toTheSecond)" }
            let past = total.visits > 1 || ongoing == nil ? DurationText.human(total.seconds) : nil
            table.add(
                total.phase.rawValue, String(total.visits),
                [past, ongoing].compactMap(\.self).joined(separator: ", and "),
                past == nil ? "" : DurationText.exact(total.seconds))
        }
        return table.markdown
    }

    private static func revertNote(_ facts: ReviewFacts) -> String? {
        let reverts = facts.timeline.compactMap { recorded -> String? in
            guard case .phaseReverted(let change) = recorded.event else { return nil }
            return "- \(recorded.occurredAt.toTheSecond): from \(change.from.rawValue) to \(change.phase.rawValue), "
                + "by \(Markdown.inline(recorded.actor.name)). Reason: \(Markdown.inline(change.reason.sentence))"
        }
        return reverts.isEmpty ? nil : "### Ways back\n\n\(reverts.joined(separator: "\n"))"
    }
}
