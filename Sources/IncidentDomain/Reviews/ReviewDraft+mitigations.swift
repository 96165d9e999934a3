extension ReviewDraft {
    /// What was done to stop the harm, and how each of it went; then the tasks.
    static func mitigations(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("No.", "What", "Kind", "Owner", "Course (UTC)", "State", "Took")
        for mitigation in facts.incident.mitigations {
            table.add(
                String(mitigation.id), mitigation.description, mitigation.kind ?? "",
                mitigation.owner ?? "not recorded",
                course(of: mitigation.id, facts.timeline), mitigation.state.words, took(mitigation))
        }
        var parts = [table.isEmpty ? .line("No mitigation is recorded.") : table.block]
        let tasks = facts.incident.tasks
        if !tasks.isEmpty {
            let lines = tasks.map { task in
                "\(task.done ? "Done" : "Not done"): \(task.text)"
                    + (task.owner.map { " (\($0))" } ?? "")
            }
            parts += [.heading("Tasks"), .bullets(lines)]
        }
        return parts
    }

    /// Each state that it went through and when; the day is said where it changes.
    private static func course(of id: Int, _ timeline: [RecordedEvent]) -> String {
        var day: Substring?
        return timeline.compactMap { recorded -> String? in
            let state: MitigationState? =
                if let added = recorded.event.as(MitigationAdded.self), added.id == id {
                    added.state
                } else if let change = recorded.event.as(MitigationChanged.self), change.id == id {
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
