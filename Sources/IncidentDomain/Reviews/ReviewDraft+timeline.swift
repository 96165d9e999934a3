extension ReviewDraft {
    private static let rowsMax = 250
    /// Characters of one row's text; the whole of it stands in the timeline itself.
    private static let textMax = 500

    /// The moments that decided how it went, in the order in which they happened.
    static func timeline(_ facts: ReviewFacts) -> [DocumentBlock] {
        var key = facts.timeline.filter(\.event.payload.isKeyMoment)
        // The single components have a table of their own: they give way first.
        if key.count > rowsMax { key = key.filter { !$0.event.payload.isAboutOneComponent } }
        key.sort { ($0.occurredAt, $0.sequence) < ($1.occurredAt, $1.sequence) }
        var table = DocumentTable("When (UTC)", "What", "Who")
        for recorded in key.prefix(rowsMax) {
            table.add(
                recorded.occurredAt.dateAndTime, shortened(text(of: recorded.event, facts)), recorded.actor.name)
        }
        let shown = min(key.count, rowsMax)
        let entries = facts.timeline.count
        let count = "\(entries.grouped) \(entries == 1 ? "entry" : "entries")"
        let note =
            shown == entries
            ? "This is the whole timeline: \(count)."
            : "These are its key moments, \(shown.grouped) of \(count); the whole timeline is longer and can be verified."
        return [.line(note), table.block]
    }

    /// A change of a mitigation names only its number; here it says what that was.
    private static func text(of event: IncidentEvent, _ facts: ReviewFacts) -> String {
        guard let change = event.as(MitigationChanged.self), change.description == nil,
            let mitigation = facts.incident.mitigations.first(where: { $0.id == change.id })
        else { return event.sentence }
        return "\(event.sentence.dropLast()): \(mitigation.description.sentence)"
    }

    private static func shortened(_ text: String) -> String {
        text.count > textMax ? "\(text.prefix(textMax))…" : text
    }
}
