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
    static func impact(_ facts: ReviewFacts) -> [DocumentBlock] {
        let reports = facts.reports.map { series -> [DocumentBlock] in
            [.heading("Users' reports"), .line(series.sentence), .code(series.chart)]
        }
        return [.heading("Components")] + components(facts) + [.heading("Audiences"), audiences(facts.incident)]
            + (reports ?? [])
    }

    private static func components(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("Component", "Tier", "Impact", "Regions", "From (UTC)", "Until (UTC)", "For")
        for impact in facts.impactsByCriticality {
            let start = impact.startedAt ?? facts.incident.times.startedAt
            table.add(
                facts.name(impact.component), facts.tier(impact.component), impact.impact.words,
                impact.regions.isEmpty ? "all" : impact.regions.joined(separator: ", "),
                start.dateAndTime, end(of: impact),
                impact.endedAt.map { DurationText.human($0.seconds(since: start)) } ?? "")
        }
        var parts = [table.isEmpty ? .line("No impact on a component is recorded.") : table.block]
        let removed = removedComponents(facts)
        if !removed.isEmpty {
            parts.append(.line("Recorded at first and taken back: \(removed.map(facts.name).joined(separator: ", "))."))
        }
        return parts
    }

    private static func end(of impact: ComponentImpact) -> String {
        if let end = impact.endedAt { return end.dateAndTime }
        return impact.isOngoing ? "not ended" : "not recorded"
    }

    private static func removedComponents(_ facts: ReviewFacts) -> [String] {
        let present = Set(facts.incident.impacts.map(\.component))
        let removed = facts.timeline.compactMap { $0.event.as(ImpactRemoved.self)?.component }
        return Set(removed).subtracting(present).sorted()
    }

    private static func audiences(_ incident: Incident) -> DocumentBlock {
        let lines = Audience.allCases.compactMap { audience -> (label: String, text: String)? in
            guard let impact = incident.audiences.first(where: { $0.audience == audience }) else { return nil }
            let numbers = impact.numbers.joined(separator: ", ")
            return (
                audience.words.capitalizedFirst,
                impact.description.sentence + (numbers.isEmpty ? "" : " Numbers: \(numbers).")
            )
        }
        return lines.isEmpty ? .line("No impact on an audience is recorded.") : .bullets(lines)
    }
}
