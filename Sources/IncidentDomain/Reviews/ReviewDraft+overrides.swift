extension ReviewDraft {
    /// What was decided against the rules, by whom and why.
    static func overrides(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (UTC)", "Overridden", "Who", "Reason")
        for recorded in facts.timeline {
            let (details, reason) = overridden(by: recorded.event)
            for detail in details {
                table.add(
                    recorded.occurredAt.dateAndTime, detail, recorded.actor.name, reason ?? "not recorded")
            }
        }
        return [
            table.isEmpty
                ? .line("Nothing was overridden: every phase was left and every component was started by the rules.")
                : table.block
        ]
    }

    private static func overridden(by event: IncidentEvent) -> (details: [String], reason: String?) {
        if let change = event.as(PhaseEntered.self) {
            let details = change.overridden.map { requirement in
                "leaving \(change.from.rawValue) without “\(requirement.requirement.words)”: \(requirement.detail)"
            }
            return (details, change.reason)
        }
        if let start = event.as(StepStarted.self) {
            return (start.overridden.map { "starting \(start.component): \($0)" }, start.reason)
        }
        return ([], nil)
    }
}
