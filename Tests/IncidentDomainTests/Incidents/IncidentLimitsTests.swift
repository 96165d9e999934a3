import Testing

@testable import IncidentDomain

/// What calls can make grow has an end, which says what to do instead.
struct IncidentLimitsTests {
    private static let growing: [(things: String, limit: Int, command: @Sendable (Int) -> IncidentCommand)] = [
        ("notes", IncidentLimits.notes, { _ in .addNote(text: "n", key: false) }),
        (
            "facts", IncidentLimits.facts,
            { .addFact(IncidentFact(kind: .measure, text: "m", value: Double($0))) }
        ),
        ("tasks", IncidentLimits.tasks, { _ in .addTask(text: "t", owner: nil) }),
        ("mitigations", IncidentLimits.mitigations, { _ in .addMitigation(MitigationDraft(description: "m")) }),
        ("action items", IncidentLimits.actions, { _ in .addAction(ActionDraft(title: "a", kind: .detective)) }),
        ("updates", IncidentLimits.updates, { _ in .postUpdate(UpdateContent(audience: .staff, body: "u")) }),
        (
            "cause statements", IncidentLimits.hypotheses,
            { .stateCause(CauseHypothesis(category: .attack, evidence: "\($0)")) }
        ),
    ]

    @Test(arguments: growing.indices)
    func `one more than the limit is refused, with the limit and what to do`(_ index: Int) throws {
        let (things, limit, command) = Self.growing[index]
        let full = try Given().and((1...limit).map(command))
        guard case .refused(.badValue(_, let detail)) = full.when(command(0)) else {
            Issue.record("\(things) are not limited")
            return
        }
        let start = "INC-42 has \(limit.grouped) \(things); the limit is \(limit.grouped). Instead: "
        #expect(detail.hasPrefix(start), "\(detail)")
        #expect(full.when(.acknowledge).isAccepted, "what leads on is never refused")
    }

    @Test func `notes that a release before did not count do not count`() throws {
        var given = try Given()
        #expect(given.incident.notes == nil)
        given = try given.and(.addNote(text: "n", key: false))
        #expect(given.incident.notes == 1)
        let old = RecordedEvent(
            sequence: given.incident.version + 1, event: IncidentEvent(NoteAdded(text: "old", key: false)),
            actor: .carla,
            occurredAt: given.now, recordedAt: given.now)
        #expect(Incident.evolve(given.incident, old, number: 42)?.notes == 1)
    }

    @Test func `an incident of the longest timeline takes nothing more, and can still be ended`() throws {
        var incident = try Given.incident(in: .detect).incident
        incident.version = IncidentLimits.entries
        let facts = DecisionFacts(
            principal: .carla, now: incident.lastRecordedAt, policy: PhasePolicy(), graph: SampleCatalog.graph,
            soak: SoakPolicy())
        for command: IncidentCommand in [
            .addNote(text: "n", key: false), .amend(IncidentAmendment(title: "x")), .assignRole(.scribe, person: "x"),
            .reviseReview(sections: [], status: .draft),
        ] {
            let refusal = #expect(throws: IncidentRefusal.self) {
                try Incident.decide(command, on: incident, facts: facts)
            }
            #expect(refusal?.description.contains("50,000 timeline entries") == true)
        }
        for command: IncidentCommand in [
            .acknowledge, .dismiss(reason: "r"), .merge(into: 7, reason: nil),
            .attachAlerts([AlertMention(id: "1", title: "t", component: nil)]),
        ] {
            #expect(try !Incident.decide(command, on: incident, facts: facts).isEmpty)
        }
    }

    @Test func `impacts and their regions are limited together`() throws {
        let many = (0...IncidentLimits.impacts).map { ComponentImpact(component: "c\($0)", impact: .degraded) }
        #expect(throws: IncidentRefusal.self) { try Incident.checkSize(of: many, field: "") }
        try Incident.checkSize(of: Array(many.dropLast()), field: "")
        let regions = (0..<200).map { "r\($0)" }
        let wide = (0...100).map { ComponentImpact(component: "c\($0)", impact: .degraded, regions: regions) }
        #expect(throws: IncidentRefusal.self) { try Incident.checkSize(of: wide, field: "") }
        try Incident.checkSize(of: Array(wide.dropLast()), field: "")
    }
}
