import Testing

@testable import IncidentDomain

struct MitigatingTests {
    @Test(arguments: MitigationState.allCases, MitigationState.allCases)
    func `a mitigation goes from state to state as work does`(_ from: MitigationState, _ to: MitigationState) throws {
        let possible: [MitigationState] =
            switch from {
            case .planned: [.running, .succeeded, .failed, .notNeeded, .abandoned, .rejected]
            case .running: [.succeeded, .failed, .rolledBack, .notNeeded, .planned, .abandoned]
            case .succeeded: [.rolledBack, .running, .failed]
            case .failed: [.running, .rolledBack, .succeeded]
            case .rolledBack: [.running, .succeeded, .failed]
            case .notNeeded, .abandoned, .rejected: [.running, .planned]
            }
        let draft = MitigationDraft(description: "Roll back", state: from, reason: "first")
        let patch = MitigationPatch(state: to, reason: from == to ? nil : "second")
        let answer = try Given(.addMitigation(draft)).when(.changeMitigation(id: 1, patch))
        if from == to {
            #expect(answer == .nothing)
        } else if possible.contains(to) {
            #expect(answer == .events([MitigationChanged(id: 1, state: to, previous: from, reason: "second")]))
        } else {
            #expect(answer == .refused(.mitigationState(id: 1, from: from, to: to)))
        }
    }

    @Test(arguments: [MitigationState.abandoned, .rejected])
    func `what is given up or not done says why`(_ state: MitigationState) throws {
        let draft = MitigationDraft(description: "Restart all", state: state)
        #expect(try Given().when(.addMitigation(draft)).field == "/reason")
        let given = try Given().and(.addMitigation(MitigationDraft(description: "Restart all")))
        #expect(given.when(.changeMitigation(id: 1, MitigationPatch(state: state))).field == "/reason")
        let patch = MitigationPatch(state: state, reason: "it would lose writes")
        let ended = try given.and(.changeMitigation(id: 1, patch))
        #expect(
            ended.incident.mitigations[0].reason == "it would lose writes"
                && ended.incident.mitigations[0].endedAt != nil)
        #expect(ended.when(.changeMitigation(id: 1, patch)) == .nothing)
        #expect(ended.section(.mitigations).contains("| \(state.words): it would lose writes |"))
        #expect(ended.timeline.last?.event.sentence.hasSuffix("Reason: it would lose writes.") == true)
        let again = try ended.and(.changeMitigation(id: 1, MitigationPatch(state: .running)))
        #expect(again.incident.mitigations[0].reason == nil, "a reason goes with its state")
    }

    @Test func `it has the times of its newest run`() throws {
        let given = try Given().and(.mitigate(.planned))
        #expect(given.incident.mitigations[0].startedAt == nil)
        func change(_ state: MitigationState) -> IncidentCommand {
            .changeMitigation(id: 1, MitigationPatch(state: state))
        }
        let failed = try given.and(change(.running), at: clock("10:01")).and(change(.failed), at: clock("10:02"))
        #expect(failed.incident.mitigations[0].startedAt == clock("10:01"))
        #expect(failed.incident.mitigations[0].endedAt == clock("10:02"))
        let again = try failed.and(change(.running), at: clock("10:03"))
        #expect(again.incident.mitigations[0].startedAt == clock("10:03"))
        #expect(again.incident.mitigations[0].endedAt == nil)
    }

    @Test func `one that was wrongly said to have succeeded has failed, when it ended`() throws {
        let given = try Given().and(Way.toMitigate()).later("10:10").and(.mitigate(.running)).later("10:20")
            .and(.changeMitigation(id: 1, MitigationPatch(state: .succeeded)))
        let failed = try given.later("10:30").and(.changeMitigation(id: 1, MitigationPatch(state: .failed)))
        #expect(failed.incident.mitigations[0].endedAt == clock("10:20"))
        #expect(failed.incident.unmet(.mitigationSucceeded)?.subject == nil)
        let planned = try Given(.mitigate(.running), .changeMitigation(id: 1, MitigationPatch(state: .planned)))
        #expect(planned.incident.mitigations[0].startedAt == nil)
    }

    @Test func `the entry that added it is known, so that it can be struck out`() throws {
        let given = try Given(.acknowledge, .mitigate(.planned), .addTask(text: "Call", owner: nil))
        #expect(given.incident.mitigations[0].entry == 3 && given.incident.tasks[0].entry == 4)
        #expect(given.timeline[2].event.kind == "mitigation_added")
        let action = try given.and(.addAction(ActionDraft(title: "Test it", kind: .preventive)))
        #expect(action.incident.actions[0].entry == 5)
    }

    @Test func `mitigations are numbered, and only what differs is recorded`() throws {
        let given = try Given(.mitigate(.planned), .mitigate(.running))
        #expect(given.incident.mitigations.map(\.id) == [1, 2])
        #expect(given.when(.changeMitigation(id: 3, MitigationPatch())).code == "not-found")
        let patch = MitigationPatch(description: "Roll back", kind: "rollback", owner: "Olaf", state: .running)
        #expect(
            given.when(.changeMitigation(id: 2, patch))
                == .events([MitigationChanged(id: 2, kind: "rollback", owner: "Olaf")]))
        #expect(try given.and(.changeMitigation(id: 2, patch)).when(.changeMitigation(id: 2, patch)) == .nothing)
    }

    @Test func `a success that was rolled back is none`() throws {
        let given = try Given(.mitigate(.succeeded))
        #expect(given.incident.unmet(.mitigationSucceeded) == nil)
        let back = try given.and(.changeMitigation(id: 1, MitigationPatch(state: .rolledBack)))
        #expect(back.incident.unmet(.mitigationSucceeded) != nil)
    }

    @Test func `what is in force outlives its phase, and is lifted before the incident is closed`() throws {
        let shed = MitigationDraft(description: "Shed load", state: .running, inForce: true)
        let given = try Given().and(Way.toMitigate()).and(.addMitigation(shed))
        let mitigation = try #require(given.incident.mitigations.first)
        #expect(mitigation.state == .succeeded && mitigation.inForce == true)
        let restored = try given.and(.advance, .start("feed"), .verify("feed"), .advance)
        let reviewed = try restored.and(.draftReview, .approveReview(sections: []))
        #expect(reviewed.when(.advance).code == "requirements-unmet")
        #expect(reviewed.incident.unmet(.mitigationsLifted)?.detail == "mitigation 1 is still in force: Shed load")
        let lifted = try reviewed.and(.changeMitigation(id: 1, MitigationPatch(inForce: false)))
        #expect(lifted.incident.mitigations.first?.inForce == false && lifted.when(.advance).isAccepted)
        #expect(lifted.when(.changeMitigation(id: 1, MitigationPatch(inForce: false))) == .nothing)
        #expect(lifted.section(.mitigations).contains("→ lifted "))
        let undone = try given.and(.changeMitigation(id: 1, MitigationPatch(state: .rolledBack)))
        #expect(undone.incident.mitigations.first?.inForce == false)
        let failed = try Given().and(Way.toMitigate()).and(.mitigate(.failed))
        #expect(failed.when(.changeMitigation(id: 1, MitigationPatch(inForce: true))).field == "/in_force")
    }
}
