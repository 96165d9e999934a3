extension IncidentCommand {
    /// Whether carrying it out looks at the plan of restoration: anything while restoring, and what leads there.
    package func plansRestoration(of incident: Incident) -> Bool {
        switch incident.phase {
        case .restore: return true
        case .mitigate: break
        case .detect, .assess, .review, .closed, .dismissed, .merged:
            return if case .revert = self { true } else { false }
        }
        return if case .advance = self { true } else { false }
    }

    /// The components that stand in the plan after it.
    package func componentsToPlan(of incident: Incident) -> [String] {
        var components = incident.steps.map(\.component)
        if case .setImpact(let impact) = self { components.append(impact.component) }
        if case .absorb(let other) = self { components += other.steps.map(\.component) }
        return components
    }
}
