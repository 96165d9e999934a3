extension ReviewDraft {
    /// What somebody reads who reads nothing else.
    static func summary(_ facts: ReviewFacts) -> [DocumentBlock] {
        let incident = facts.incident
        var parts: [DocumentBlock] = [.line(opening(incident))]
        if let summary = incident.summary, !summary.allSatisfy(\.isWhitespace) {
            parts += DocumentBlock.paragraphs(summary)
        }
        return parts + [.bullets(keyFacts(facts))]
    }

    private static func opening(_ incident: Incident) -> String {
        let severity =
            incident.severity.map { "a \($0.rawValue) incident" } ?? "an incident whose severity is not recorded"
        let began = incident.times.startedAt.toTheSecond
        let text =
            "INC-\(incident.number), “\(incident.title)”, is \(severity). Its impact began \(began)"
        if incident.phase == .dismissed { return "\(text), and it was dismissed as a false alarm." }
        if let other = incident.mergedInto { return "\(text). It was merged into INC-\(other), where it goes on." }
        guard let restored = incident.times.restoredAt, let seconds = incident.times.timeToRestore else {
            return "\(text) and is not recorded as restored."
        }
        return "\(text); it was restored \(restored.toTheSecond), \(DurationText.human(seconds)) later."
    }

    private static func keyFacts(_ facts: ReviewFacts) -> [(label: String, text: String)] {
        let incident = facts.incident
        var lines: [(label: String, text: String)] = [
            ("Severity", severityHistory(facts)),
            ("Cause", incident.cause.map { "\($0.readableName), \($0.confidence.rawValue)" } ?? "not recorded"),
            ("Components affected", affected(facts)),
        ]
        let waived = incident.steps.filter { $0.state == .waived }.map { facts.name($0.component) }
        if !waived.isEmpty { lines.append(("Waived, not restored", waived.joined(separator: ", "))) }
        lines += IncidentRole.allCases.compactMap { role in
            incident.roles[role].map { (role.words.capitalizedFirst, $0) }
        }
        if incident.roles[.commander] == nil { lines.append(("Commander", "not recorded")) }
        lines.append(("Alerts", incident.alerts == 0 ? "none" : incident.alerts.grouped))
        lines.append(("Updates posted", updates(facts)))
        let labels = incident.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { lines.append(("Labels", labels.joined(separator: ", "))) }
        let absorbed = facts.timeline.compactMap { recorded -> String? in
            guard let other = recorded.event.as(IncidentAbsorbed.self) else { return nil }
            return "INC-\(other.number) “\(other.title)”"
        }
        if !absorbed.isEmpty { lines.append(("Took over", absorbed.joined(separator: ", "))) }
        return lines
    }

    private static func severityHistory(_ facts: ReviewFacts) -> String {
        let set = facts.timeline.compactMap { $0.event.as(SeveritySet.self)?.severity }
        guard let last = set.last else { return "not recorded" }
        guard set.count > 1 else { return last.rawValue }
        return "\(last.rawValue) (\(set.map(\.rawValue).joined(separator: " → ")))"
    }

    private static func affected(_ facts: ReviewFacts) -> String {
        let harmed = facts.impactsByCriticality.filter(\.impact.isHarm)
        guard !harmed.isEmpty else { return "none recorded" }
        let names = harmed.prefix(8).map { facts.name($0.component) }.joined(separator: ", ")
        let more = harmed.count > 8 ? " and \(harmed.count - 8) more" : ""
        return "\(harmed.count): \(names)\(more)"
    }

    private static func updates(_ facts: ReviewFacts) -> String {
        let audiences = facts.timeline.compactMap { $0.event.as(UpdatePosted.self)?.audience }
        guard !audiences.isEmpty else { return "none" }
        let counts = Dictionary(grouping: audiences) { $0 }.sorted { $0.key < $1.key }
            .map { "\($0.value.count) for \($0.key)" }
        return "\(audiences.count) (\(counts.joined(separator: ", ")))"
    }
}

extension CauseHypothesis {
    /// As in `technical, cdn fault`.
    var readableName: String {
        category.words + (subcategory.map { " / \($0.words)" } ?? "")
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
