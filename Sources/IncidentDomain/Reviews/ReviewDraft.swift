// STAND-IN by the lead until helper-3's file replaces this one.
package struct ReviewDocument: Sendable { package var currentSections: [EditedSection] }
package enum ReviewDraft {
    package static func make(for incident: Incident, timeline: [RecordedEvent], graph: DependencyGraph, policy: PhasePolicy, now: Timestamp) -> ReviewDocument { ReviewDocument(currentSections: []) }
}
