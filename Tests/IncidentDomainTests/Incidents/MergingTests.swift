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

    @Test func `what the public was told is not merged into what it knows nothing of`() throws {
        let told = PublicIncidentTests.update("Feed is down.")
        let other = try other(told)
        #expect(try Given().when(.absorb(other)).code == "merge-refused")
        #expect(try Given(told).when(.absorb(other)).isAccepted)
        #expect(try Given(PublicIncidentTests.update("x", .staff)).when(.absorb(other)).code == "merge-refused")
        let taken = try self.other(
            told, .changeUpdate(id: 1, .correct(UpdatePatch(isPublic: false), reason: "an error")))
        #expect(try Given().when(.absorb(taken)).isAccepted, "it is not public any more")
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
        let separated = IncidentSeparated(
            number: 7, title: "x", reason: "two", removed: [], impacts: [], roles: [.scribe], firing: [:], alerts: 0,
            unsetsSeverity: true)
        #expect(
            separated.phrase.english
                == "INC-7 “x” goes on by itself again. The severity that it had brought is taken back. Nobody is scribe here any more. Reason: two."
        )
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
