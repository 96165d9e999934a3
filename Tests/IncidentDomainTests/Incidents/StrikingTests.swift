import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Entries that were made by mistake, and what follows when they are struck out.
@Suite struct StrikingTests {
    /// Strikes out the newest entry of a type.
    private func strike<Event: TimelineEvent>(_ type: Event.Type, in given: Given) throws -> IncidentCommand {
        let entry = try #require(given.timeline.last { $0.event.as(type) != nil })
        return .strike(entry.sequence, entry.event, reason: "a slip")
    }

    @Test func `an acknowledgement by mistake is struck out, and a real one counts`() throws {
        let wrong = try Given().later("10:05").and(.acknowledge)
        let struck = try wrong.later("10:06").and(strike(Acknowledged.self, in: wrong))
        #expect(struck.incident.clocks.acknowledgedAt == nil && struck.incident.unmet(.acknowledged) != nil)
        #expect(struck.when(.advance).code == "requirements-unmet")
        let right = try struck.later("10:20").and(.acknowledge)
        #expect(right.incident.clocks.acknowledgedAt == clock("10:20"))
        #expect(right.when(try strike(Acknowledged.self, in: wrong)) == .nothing, "it is struck out already")
    }

    @Test func `whoever led it on has seen it, also when the acknowledgement was a mistake`() throws {
        let given = try Given().later("10:05").and(.acknowledge).later("10:10").and(.advance)
        let struck = try given.and(strike(Acknowledged.self, in: given))
        #expect(struck.incident.phase == .assess && struck.incident.clocks.acknowledgedAt == clock("10:10"))
    }

    @Test func `a role, a severity and an audience that were entered late are struck out`() throws {
        let users = AudienceImpact(audience: .users, description: "cannot watch", people: 10)
        let given = try Given().later("12:00").and(.assignRole(.commander, person: "Ron"), .set(.sev3))
        let late = try given.and(.assignRole(.commander, person: "Mia"), .set(.sev1), at: clock("11:00"))
        #expect(late.incident.clockFacts?.commanderAt == clock("11:00"))
        let struck = try late.and(strike(RoleAssigned.self, in: late), strike(SeveritySet.self, in: late))
        #expect(struck.incident.roles[.commander] == "Ron" && struck.incident.severity == .sev3)
        #expect(struck.incident.clockFacts?.commanderAt == given.incident.clockFacts?.commanderAt)
        #expect(struck.incident.clockFacts?.severityAt == given.incident.clockFacts?.severityAt)
        let told = try given.and(.setAudience(users)).and(.setAudience(users), at: clock("11:00"))
        #expect(told.when(try strike(AudienceImpactSet.self, in: told)).isAccepted)
    }

    @Test func `what holds is set right first`() throws {
        let given = try Given().later("10:10").and(.assignRole(.commander, person: "Ron"), .set(.sev3))
        #expect(given.when(try strike(RoleAssigned.self, in: given)).code == "invalid-value")
        #expect(given.when(try strike(SeveritySet.self, in: given)).code == "invalid-value")
        let wrong = try strike(RoleAssigned.self, in: given)
        let right = try given.later("10:20").and(.assignRole(.commander, person: "Mia"))
        #expect(right.incident.clockFacts?.commanderAt == clock("10:10"))
        let struck = try right.and(wrong)
        #expect(struck.incident.clockFacts?.commanderAt == clock("10:20"), "Ron never was")
        #expect(struck.incident.roles[.commander] == "Mia")
    }

    @Test func `a wrong state of a mitigation is struck out once the right one is said`() throws {
        let wrong = try Given.incident(in: .mitigate).and(.mitigate(.running)).later("11:00").and(
            .changeMitigation(id: 1, MitigationPatch(state: .failed, reason: "no effect")))
        let slip = try strike(MitigationChanged.self, in: wrong)
        #expect(wrong.when(slip).code == "invalid-value")
        let right = try wrong.later("11:05").and(.changeMitigation(id: 1, MitigationPatch(state: .succeeded)), slip)
        let review = ReviewDraft.make(
            for: right.incident, timeline: right.timeline, graph: right.graph, policy: right.policy, now: right.now)
        let text = try #require(review.section("mitigations")?.markdown)
        #expect(text.contains("→ succeeded") && !text.contains("→ failed"), "\(text)")
    }

    @Test func `a role that nobody has any more begins anew`() throws {
        let given = try Given().later("10:10").and(.assignRole(.commander, person: "Ron"))
            .and(.removeRole(.commander, reason: nil))
        #expect(given.incident.clockFacts?.commanderAt == nil)
        let again = try given.later("10:30").and(.assignRole(.commander, person: "Ron"))
        #expect(again.incident.clockFacts?.commanderAt == clock("10:30"))
    }

    @Test func `a refusal names the update that has to be corrected`() throws {
        let given = try Given().and(.postUpdate(UpdateContent(audience: .users, body: "b")))
        guard case .refused(let refusal) = given.when(try strike(UpdatePosted.self, in: given)) else {
            Issue.record("It was struck out.")
            return
        }
        #expect(refusal.description.contains("/updates/1/correct"))
        #expect(refusal.description.contains("not public any more"))
    }

    private func entry(_ given: Given, _ kind: String) throws -> (Int, IncidentEvent) {
        let recorded = try #require(given.timeline.last { $0.event.kind == kind })
        return (recorded.sequence, recorded.event)
    }

    @Test func `what is struck out stays, and counts no more`() throws {
        let given = try Given.incident(in: .mitigate).and(
            .mitigate(.succeeded), .addTask(text: "call", owner: nil), .note("wrong window"))
        let (sequence, added) = try entry(given, "mitigation_added")
        let struck = try given.and(.strike(sequence, added, reason: "it was elsewhere"))
        #expect(struck.incident.mitigations.map(\.isStruck) == [true])
        #expect(struck.when(.advance).code == "requirements-unmet")
        #expect(struck.incident.clocks.mitigatedAt == nil)
        #expect(struck.when(.strike(sequence, added, reason: "again")) == .nothing)
        #expect(struck.when(.changeMitigation(id: 1, MitigationPatch(state: .running))).code == "invalid-value")
        let (task, addedTask) = try entry(given, "task_added")
        #expect(try given.and(.strike(task, addedTask, reason: "no")).incident.unmet(.tasksDone) == nil)
        let (cause, stated) = try entry(given, "cause_stated")
        #expect(try given.and(.strike(cause, stated, reason: "a typo")).incident.cause == nil)
    }

    @Test func `the review shows what was struck out, by whom and why, and not in its timeline`() throws {
        let noted = try Given.incident(in: .review).and(.addNote(text: "wrong window", key: true))
        let (sequence, note) = try entry(noted, "note_added")
        let given = try noted.and([.strike(sequence, note, reason: "another incident")], by: .rita)
        let review = ReviewDraft.make(
            for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy, now: given.now)
        let text = try #require(review.section("timeline")?.markdown)
        #expect(text.contains("Struck out by Rita. Reason: another incident."))
        #expect(text.components(separatedBy: "wrong window").count == 2, "once, among what was struck out")
    }

    @Test func `what more follows from is not struck out, and the refusal says what sets it right`() throws {
        let given = try Given(.acknowledge, .assignRole(.commander, person: "Ann"))
        let (sequence, assigned) = try entry(given, "role_assigned")
        guard case .refused(let refusal) = given.when(.strike(sequence, assigned, reason: "no")) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.description.contains("PUT /v1/incidents/42/roles/ROLE"))
        #expect(given.when(.strike(99, nil, reason: "no")).code == "not-found")
    }

    @Test func `a note is starred and unstarred later, also after closing`() throws {
        let noted = try Given.incident(in: .closed).and(.note("the vendor called"))
        let (sequence, note) = try entry(noted, "note_added")
        let starred = try noted.and(.star(sequence, note, key: true))
        let review = { (given: Given) in
            ReviewDraft.make(
                for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy,
                now: given.now)
        }
        let isShown = { (given: Given) in
            ReviewFacts(
                incident: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy,
                speech: .standard
            ).isKeyMoment(given.timeline[sequence - 1])
        }
        #expect(!isShown(noted) && isShown(starred))
        #expect(starred.timeline.last?.event.as(EntryStarred.self)?.afterwards == true)
        #expect(starred.when(.star(sequence, note, key: true)) == .nothing)
        #expect(!isShown(try starred.and(.star(sequence, note, key: false))))
        #expect(review(starred).section("timeline") != nil)
        #expect(noted.when(.star(1, noted.timeline[0].event, key: true)).code == "invalid-value")
    }

    @Test func `the times of a mitigation are corrected, and the clock follows`() throws {
        let given = try Given().and(.force("x"), .force("x"), .mitigate(.succeeded), .advance).later("11:00")
        let told = try given.and(.changeMitigation(id: 1, MitigationPatch(endedAt: clock("10:02:30"))))
        #expect(told.incident.clocks.mitigatedAt == clock("10:02:30"))
        func patch(_ start: Timestamp?, _ end: Timestamp?) -> MitigationPatch {
            MitigationPatch(startedAt: start, endedAt: end)
        }
        #expect(given.when(.changeMitigation(id: 1, patch(nil, clock("12:00")))).field == "/ended_at")
        #expect(given.when(.changeMitigation(id: 1, patch(clock("10:06"), clock("10:05")))).field == "/ended_at")
        #expect(given.when(.changeMitigation(id: 1, patch(clock("09:00"), nil))).field == "/started_at")
        let planned = try Given.incident(in: .mitigate).later("11:00").and(.mitigate(.planned))
        #expect(planned.when(.changeMitigation(id: 1, patch(nil, clock("10:30")))).field == "/ended_at")
    }

    @Test func `what began with one of two incidents began then, whichever is the other's`() throws {
        let early = OpenIncident(title: "early", startedAt: clock("09:00"))
        let target = try Given(.hit("feed"), opening: early)
        let other = try Given(.hit("auth"))
        let merged = try target.and(.absorb(other.incident)).incident
        #expect(merged.impacts.first { $0.component == "auth" }?.startedAt == Given.start)
        #expect(merged.impacts.first { $0.component == "feed" }?.startedAt == nil)
        let turned = try other.and(.absorb(target.incident)).incident
        #expect(turned.times.startedAt == clock("09:00"))
        #expect(turned.impacts.first { $0.component == "auth" }?.startedAt == Given.start)
        #expect(ImpactHistory(turned).stretches["auth"]?.first?.begin == Given.start)
        #expect(ImpactHistory(turned).stretches["feed"]?.first?.begin == clock("09:00"))
    }
}
