import FoundationEssentials
import Testing

@testable import IncidentDomain

struct MergingTests {
    private func other(_ commands: IncidentCommand...) throws -> Incident {
        let given = try Given().and(commands)
        let timeline = given.timeline
        return try #require(timeline.reduce(nil) { Incident.evolve($0, $1, number: 7) })
    }

    private func absorbed(_ impacts: [ComponentImpact] = [], firing: [String: Int] = [:], alerts: Int = 0)
        -> any TimelineEvent
    {
        var brought = IncidentAbsorbed.Brought()
        brought.detectedAt = Given.start
        brought.levels = Dictionary(
            uniqueKeysWithValues: impacts.map { impact in
                (impact.component, [BroughtLevel(level: impact.impact, startedAt: Given.start)])
            })
        return IncidentAbsorbed(
            number: 7, title: "Feed is slow", impacts: impacts, firing: firing, alerts: alerts, brought: brought)
    }

    private func regressed(_ component: String, _ reason: String) -> any TimelineEvent {
        StepRegressed(component: component, reason: reason)
    }

    @Test func `a merged incident says into which, and is at its end`() throws {
        let given = try Given(.fires("feed"))
        #expect(
            given.when(.merge(into: 7, reason: "the same"))
                == .events([IncidentMerged(into: 7, reason: "the same", from: .detect)]))
        let merged = try given.and(.merge(into: 7, reason: nil))
        #expect(merged.incident.phase == .merged)
        #expect(merged.incident.mergedInto == 7)
        #expect(merged.incident.firing.isEmpty, "its alerts fire for the other one now")
        #expect(merged.incident.alerts == 1)
        #expect(merged.when(.merge(into: 7, reason: nil)) == .nothing)
        #expect(merged.when(.merge(into: 8, reason: nil)).code == "wrong-phase")
        #expect(given.when(.merge(into: Given.number, reason: nil)).code == "merge-refused")
    }

    @Test(arguments: Phase.allCases) func `an open incident can be merged, and take over another`(_ phase: Phase) throws
    {
        let given = try Given.incident(in: phase)
        let merging = given.when(.merge(into: 8, reason: nil))
        #expect(merging.code == (phase.isOpen ? nil : "wrong-phase"))
        let absorbing = given.when(.absorb(try other()))
        #expect(absorbing == (phase.isOpen ? .events([absorbed()]) : absorbing))
        #expect(absorbing.code == (phase.isOpen ? nil : "merge-refused"))
    }

    @Test func `what the other one had comes along`() throws {
        let given = try Given(.hit("feed", .degraded), .fires("feed"))
        let other = try other(.hit("feed"), .hit("auth"), .fires("feed", "auth", nil), .clears("auth"))
        let down = ["feed", "auth"].map { ComponentImpact(component: $0, impact: .majorOutage) }
        #expect(given.when(.absorb(other)) == .events([absorbed(down, firing: ["feed": 1, "": 1], alerts: 3)]))
        let incident = try given.and(.absorb(other)).incident
        #expect(incident.impacts.first?.impact == .majorOutage, "the worse of the two holds")
        #expect(incident.unrestored == ["auth", "feed"])
        #expect(incident.firing == ["feed": 2, "": 1])
        #expect(incident.alerts == 4)
    }

    @Test func `what is over here and goes on there is down again`() throws {
        let given = try Given.restoring("feed", "archive", "auth").and(.start("auth"), .verify("auth"))
            .and(.start("feed"), .verify("feed"), .hit("archive", .none))
        let down = [
            ComponentImpact(component: "feed", impact: .majorOutage),
            ComponentImpact(component: "archive", impact: .degraded),
        ]
        let other = try other(.hit("feed"), .hit("archive", .degraded), .fires("auth"))
        #expect(
            given.when(.absorb(other))
                == .events([
                    absorbed(down, firing: ["auth": 1], alerts: 1), regressed("feed", "it is still down in INC-7"),
                    regressed("auth", "an alert is firing on it in INC-7"),
                ]))
        let incident = try given.and(.absorb(other)).incident
        #expect(incident.unrestored == ["archive", "auth", "feed"])
    }

    @Test func `a soak does not end over another incident's alert`() throws {
        let given = try Given.restoring("upload").and(.start("upload"), .verify("upload"))
        let incident = try given.and(.absorb(try other(.fires("upload")))).incident
        #expect(incident.step("upload")?.state == .regressed)
        #expect(incident.nextDeadline == nil)
    }

    @Test func `a review does not take over an outage`() throws {
        let given = try Given.incident(in: .review)
        #expect(given.when(.absorb(try other(.hit("auth")))).code == "merge-refused")
        #expect(given.when(.absorb(try other(.fires(nil)))).code == "merge-refused")
        #expect(given.when(.absorb(try other(.hit("auth"), .hit("auth", .none)))).isAccepted)
    }

    // MARK: - What is taken over

    @Test func `the other one's beginning, severity, roles and work come along, with where they came from`() throws {
        let opening = OpenIncident(title: "Upload fails", startedAt: clock("09:40"))
        let led = try Given(
            .set(.sev1), .assignRole(.commander, person: "Ann"), .assignRole(.scribe, person: "Bob"),
            .mitigate(.succeeded), .addTask(text: "call", owner: nil),
            .addAction(ActionDraft(title: "Test it", kind: .preventive)), opening: opening)
        let other = try #require(led.timeline.reduce(nil) { Incident.evolve($0, $1, number: 7) })
        let given = try Given(.set(.sev3), .assignRole(.commander, person: "Carla"), .mitigate(.failed))
        let notes = [
            BroughtNote(
                text: "It began there", key: true, origin: NoteOrigin(incident: 7, by: "Ann", at: clock("09:45")))
        ]
        let merged = try given.and(.absorb(other, notes: notes))
        let incident = merged.incident
        #expect(incident.times.startedAt == clock("09:40") && incident.severity == .sev1)
        #expect(incident.roles == [.commander: "Carla", .scribe: "Bob"], "what somebody has here stays theirs")
        #expect(incident.mitigations.map(\.id) == [1, 2] && incident.mitigations.map(\.incident) == [nil, 7])
        #expect(incident.mitigations[1].endedAt == other.mitigations[0].endedAt)
        #expect(incident.tasks.map(\.incident) == [7] && incident.actions.map(\.incident) == [7])
        #expect(incident.notes == 1)
        let note = try #require(merged.timeline.last?.event.as(NoteAdded.self))
        #expect(note.origin?.by == "Ann" && note.key)
        let review = ReviewDraft.make(
            for: incident, timeline: merged.timeline, graph: merged.graph, policy: merged.policy, now: merged.now)
        let timeline = try #require(review.section("timeline")?.markdown)
        #expect(timeline.contains("Written in merged incidents") && timeline.contains("It began there"))
        #expect(review.section("mitigations")?.markdown.contains("(INC-7)") == true)
    }

    @Test func `a milder or later incident changes neither severity nor start`() throws {
        let other = try other(.set(.sev3))
        let given = try Given(.set(.sev1))
        #expect(given.when(.absorb(other)) == .events([absorbed()]))
    }

    @Test func `how far restoring is there comes along, unless an alert fires here`() throws {
        let there = try Given.restoring("archive").and(.start("archive"))
        let other = try #require(there.timeline.reduce(nil) { Incident.evolve($0, $1, number: 7) })
        let given = try Given.restoring("feed")
        #expect(try given.and(.absorb(other)).incident.step("archive")?.state == .restoring)
        let firing = try given.and(.fires("archive")).and(.absorb(other))
        #expect(firing.incident.step("archive")?.state == .waiting)
    }

    @Test func `starred notes come first where there is no room for all`() throws {
        let notes = (0..<1_200).map { number in
            BroughtNote(
                text: "\(number)", key: number == 0, origin: NoteOrigin(incident: 7, by: "Ann", at: Given.start))
        }
        let merged = try Given().and(.absorb(try other(), notes: notes))
        let texts = merged.timeline.compactMap { $0.event.as(NoteAdded.self)?.text }
        #expect(texts.count == 1_000 && texts.first == "0" && texts.last == "1199")
        #expect(merged.timeline.compactMap { $0.event.as(IncidentAbsorbed.self)?.brought?.notesLeft } == [200])
    }

    // MARK: - Undone

    @Test func `a merge and its undoing leave both where they were`() throws {
        let led = try Given(.hit("auth"), .set(.sev1), .assignRole(.scribe, person: "Bob"), .mitigate(.succeeded))
        let other = try #require(led.timeline.reduce(nil) { Incident.evolve($0, $1, number: 7) })
        let given = try Given(.hit("feed"), .set(.sev3))
        let alerts = MovedAlerts(firing: ["auth": 1], total: 2)
        let merged = try given.and(.absorb(other)).and(.fires("auth"))
        let apart = try merged.and(.separate(from: other, alerts, reason: "two after all")).incident
        #expect(apart.impacts == given.incident.impacts && apart.severity == .sev3 && apart.roles.isEmpty)
        #expect(apart.firing.isEmpty && apart.absorbed == nil)
        #expect(apart.mitigations.map(\.isStruck) == [true], "it stays to be seen, and counts no more")
        #expect(apart.clocks.mitigatedAt == nil && apart.unmet(.mitigationSucceeded) != nil)

        let source = try led.and(.merge(into: 7, reason: nil))
        let back = try source.and(.unmerge(from: merged.incident, alerts, reason: "two after all")).incident
        #expect(back.phase == .detect && back.mergedInto == nil && back.firing == ["auth": 1])
        #expect(back.impacts.map(\.component) == ["auth"] && back.severity == .sev1)
        #expect(source.when(.acknowledge).code == "wrong-phase")
        #expect(led.when(.unmerge(from: other, alerts, reason: "no")) == .nothing, "it is by itself")
    }

    @Test func `what changed since the merge stays with the target`() throws {
        let other = try other(.hit("auth"), .set(.sev1))
        let merged = try Given(.set(.sev3)).and(.absorb(other)).and(.hit("auth", .degraded), .set(.sev2))
        let apart = try merged.and(.separate(from: other, MovedAlerts(), reason: "two")).incident
        #expect(apart.impacts.map(\.impact) == [.degraded] && apart.severity == .sev2)
    }

    @Test func `a merge is undone until the target is at its end`() throws {
        let other = try other()
        for phase in Phase.allCases {
            let answer = try Given.incident(in: phase).when(.separate(from: other, MovedAlerts(), reason: "two"))
            #expect(answer.code == (phase.isOpen ? nil : "merge-refused"), "\(phase)")
        }
    }

    @Test(arguments: [Phase.detect, .assess]) func `a dismissal is undone, and goes on where it stood`(
        _ phase: Phase
    ) throws {
        let dismissed = try Given.incident(in: phase).and(.fires("feed"), .dismiss(reason: "a test"))
        let given = try dismissed.and(.reopen(reason: "it is real"))
        #expect(given.incident.phase == phase && given.incident.firing == ["feed": 1])
        #expect(given.when(.reopen(reason: "again")) == .nothing)
        #expect(try Given.incident(in: .closed).when(.reopen(reason: "no")).code == "wrong-phase")
    }
}

/// Entries made by mistake, and notes that turn out to matter.
struct StrikingTests {
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
