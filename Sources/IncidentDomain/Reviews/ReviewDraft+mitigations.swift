extension ReviewDraft {
    /// What was done to stop the harm, and how each of it went; then the tasks.
    static func mitigations(_ facts: ReviewFacts) -> String {
        var table = MarkdownTable("No.", "What", "Kind", "Owner", "Course (UTC)", "State", "Took")
        for mitigation in facts.incident.mitigations {
            table.add(
                String(mitigation.id), Markdown.inline(mitigation.description),
                mitigation.kind.map(Markdown.inline) ?? "", mitigation.owner.map(Markdown.inline) ?? "not recorded",
                course(of: mitigation.id, facts.timeline), mitigation.state.words, took(mitigation))
        }
        var parts = [table.isEmpty ? "No mitigation is recorded." : table.markdown]
        let tasks = facts.incident.tasks
        if !tasks.isEmpty {
            let lines = tasks.map { task in
                "- \(task.done ? "Done" : "Not done"): \(Markdown.inline(task.text))"
                    + (task.owner.map { " (\(Markdown.inline($0)))" } ?? "")
            }
            parts += ["### Tasks", lines.joined(separator: "\n")]
        }
        return parts.joined(separator: "\n\n")
    }

    /// Each state that it went through and when; the day is said where it changes.
    private static func course(of id: Int, _ timeline: [RecordedEvent]) -> String {
        var day: Substring?
        return timeline.compactMap { recorded -> String? in
            let state: MitigationState? =
                if case .mitigationAdded(let added) = recorded.event, added.id == id {
                    added.state
                } else if case .mitigationChanged(let change) = recorded.event, change.id == id {
                    change.state
                } else {
                    nil
                }
            guard let state else { return nil }
            let written = recorded.occurredAt.dateAndTime
            let isNewDay = day != written.prefix(10)
            day = written.prefix(10)
            return "\(state.words) \(isNewDay ? written[...] : written.dropFirst(11))"
        }.joined(separator: " → ")
    }

    private static func took(_ mitigation: Mitigation) -> String {
        guard let start = mitigation.startedAt, let end = mitigation.endedAt, end >= start else { return "" }
        return DurationText.human(end.seconds(since: start))
    }
}
