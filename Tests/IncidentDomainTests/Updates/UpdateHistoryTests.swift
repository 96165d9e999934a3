import Testing

@testable import IncidentDomain

/// What the timeline tells of updates, in the list and in the review.
struct UpdateHistoryTests {
    private static let content = UpdateContent(
        audience: .users, language: "de", body: "Keine Videos.", steps: ["Warten"])
    private static let nadia = Principal(id: "4", name: "Nadia", role: .commander)

    private static func given() throws -> Given {
        try Given(.draftUpdate(UpdateRequest(content, template: "assess.de")))
            .and([.changeUpdate(id: 1, .approve(revision: 1))], by: nadia)
            .and(.changeUpdate(id: 1, .publish(at: nil)))
            .and(.changeUpdate(id: 1, .correct(UpdatePatch(body: "Alles geht."), reason: "zu früh")))
            .and(.draftUpdate(UpdateRequest(UpdateContent(audience: .regulators, body: "Soon."))))
            .and(.changeUpdate(id: 2, .withdraw(reason: "not needed")))
            .and(.draftUpdate(UpdateRequest(UpdateContent(audience: .staff, body: "Plan."), publishAt: clock("23:00"))))
            .and(.setEta(clock("12:00"), reason: "the vendor"))
    }

    @Test func `each update is told from its draft to its corrections`() throws {
        let updates = UpdateHistory.make(try Self.given().timeline)
        #expect(updates.map(\.id) == [1, 2, 3])
        #expect(updates.map(\.state) == [.published, .withdrawn, .scheduled])
        let first = updates[0]
        #expect(first.body == "Alles geht." && first.language == "de" && first.steps == [])
        #expect(first.approvedBy == "Nadia" && first.authors == ["Carla"] && first.template == "assess.de")
        #expect(first.revision == 2 && first.versions.map(\.body) == ["Keine Videos.", "Alles geht."])
        #expect(first.versions.map(\.reason) == [nil, "zu früh"] && first.versions[0].steps == ["Warten"])
        #expect(updates[1].reason == "not needed" && updates[1].versions == [])
        #expect(updates[2].publishAt == clock("23:00"))
    }

    @Test func `updates of earlier releases are numbered before all others`() {
        let events: [any TimelineEvent] = [
            UpdatePosted(audience: "status page", body: "one"), UpdatePosted(audience: "public", body: "two"),
            UpdatePosted(Self.content, id: 3),
        ]
        let timeline = Given.record(events, after: 0, by: .carla, at: Given.start, recordedAt: Given.start)
        let updates = UpdateHistory.make(timeline)
        #expect(updates.map(\.id) == [1, 2, 3])
        #expect(updates.map(\.audience) == ["status page", "public", "users"])
    }

    @Test func `the review says who was told what, who approved it, and what was corrected`() throws {
        let given = try Self.given()
        let section = given.section(.communication)
        #expect(section.contains("| users (public, de) | Keine Videos. (corrected, see below) | Carla | Nadia |"))
        let hidden = try given.and(.changeUpdate(id: 1, .correct(UpdatePatch(isPublic: false), reason: "an error")))
        #expect(hidden.section(.communication).contains("| users (public until it was corrected, de) |"))
        #expect(section.contains("Alles geht. Reason: zu früh."))
        #expect(section.contains("Update 2 to regulators: withdrawn. Reason: not needed."))
        #expect(section.contains("Update 3 to staff: not published."))
        #expect(section.contains("| Carla | 2026-11-22 12:00:00 | the vendor | not restored yet |"))
        #expect(try Given().section(.communication) == "No update was published.")
    }
}
