extension ReviewFacts {
    /// The most critical first.
    var impactsByCriticality: [ComponentImpact] {
        func rank(_ impact: ComponentImpact) -> (Int, String) {
            (graph.components[impact.component]?.tier ?? Int.max, impact.component)
        }
        return incident.impacts.sorted { rank($0) < rank($1) }
    }
}

extension ReviewDraft {
    /// What was hit, where, how hard and for how long; who was hit, in words and numbers.
    static func impact(_ facts: ReviewFacts) -> String {
        let parts = ["### Components", components(facts), "### Audiences", audiences(facts.incident)]
        let reports = facts.reports.map { ["### Users' reports", $0.sentence, $0.chart] } ?? []
        return (parts + reports).joined(separator: "\n\n")
    }

    private static func components(_ facts: ReviewFacts) -> String {
        var table = MarkdownTable("Component", "Tier", "Impact", "Regions", "From (UTC)", "Until (UTC)", "For")
        for impact in facts.impactsByCriticality {
            let start = impact.startedAt ?? facts.incident.times.startedAt
            table.add(
                facts.name(impact.component), facts.tier(impact.component), impact.impact.words,
                impact.regions.isEmpty ? "all" : impact.regions.map(Markdown.inline).joined(separator: ", "),
                start.dateAndTime, end(of: impact),
                impact.endedAt.map { DurationText.human($0.seconds(since: start)) } ?? "")
        }
        var parts = [table.isEmpty ? "No impact on a component is recorded." : table.markdown]
        let removed = removedComponents(facts)
        if !removed.isEmpty {
            parts.append("Recorded at first and taken back: \(removed.map(facts.name).joined(separator: ", ")).")
        }
        return parts.joined(separator: "\n\n")
    }

    private static func end(of impact: ComponentImpact) -> String {
        if let end = impact.endedAt { return end.dateAndTime }
        return impact.isOngoing ? "not ended" : "not recorded"
    }

    private static func removedComponents(_ facts: ReviewFacts) -> [String] {
        let present = Set(facts.incident.impacts.map(\.component))
        let removed = facts.timeline.compactMap { recorded -> String? in
            if case .impactRemoved(let removal) = recorded.event { removal.component } else { nil }
        }
        return Set(removed).subtracting(present).sorted()
    }

    private static func audiences(_ incident: Incident) -> String {
        let lines = Audience.allCases.compactMap { audience -> String? in
            guard let impact = incident.audiences.first(where: { $0.audience == audience }) else { return nil }
            let numbers = impact.numbers.map(Markdown.inline).joined(separator: ", ")
            return "- **\(audience.words.capitalizedFirst):** \(Markdown.inline(impact.description.sentence))"
                + (numbers.isEmpty ? "" : " Numbers: \(numbers).")
        }
        return lines.isEmpty ? "No impact on an audience is recorded." : lines.joined(separator: "\n")
    }
}
