import Testing

@testable import IncidentDomain

/// What becomes of an incident when none of its alerts fires any more.
struct RecoveringTests {
    private static let errors = AlertMention(id: "a", title: "Errors", component: "feed")
    private static let slow = AlertMention(id: "b", title: "Slow", component: "upload")
    private static let opening = OpenIncident(
        title: "Errors", impacts: [ComponentImpact(component: "feed", impact: .degraded)], alerts: [errors])

    private func cleared(after seconds: Int? = nil) throws -> Given {
        let given = try Given(opening: Self.opening)
        return try (seconds.map(given.closing) ?? given).and(.clearAlerts([Self.errors]))
    }

    @Test func `the incident says since when nothing fires, and stays open by default`() throws {
        let given = try Given(opening: Self.opening).and(.attachAlerts([Self.slow]), .clearAlerts([Self.errors]))
        #expect(given.incident.clearedAt == nil && given.incident.firing == ["upload": 1])
        let cleared = try given.and(.clearAlerts([Self.slow]))
        #expect(cleared.incident.clearedAt == clock("10:03") && cleared.incident.closesAt == nil)
        #expect(cleared.later("23:00").when(.deadlinePassed) == .nothing)
        let again = try cleared.and(.attachAlerts([Self.slow]))
        #expect(again.incident.clearedAt == nil)
    }

    @Test func `it closes itself when its time has come, once, and its clocks say when the harm ended`() throws {
        let given = try cleared(after: 300)
        #expect(given.incident.closesAt == clock("10:06") && given.incident.nextDeadline == clock("10:06"))
        #expect(given.later("10:05").when(.deadlinePassed) == .nothing)
        let closed = try given.later("10:20").and(.deadlinePassed, at: clock("10:06"))
        #expect(closed.timeline.last?.event.kind == "self_recovered")
        #expect(closed.incident.phase == .closed && closed.incident.times.closedAt == clock("10:06"))
        #expect(
            closed.incident.times.restoredAt == clock("10:01") && closed.incident.times.mitigatedAt == clock("10:01"))
        #expect(closed.incident.impacts.allSatisfy { $0.endedAt == clock("10:01") })
        #expect(closed.incident.recovery == SelfRecovery(clearedAt: clock("10:01"), reopenUntil: clock("10:16")))
        #expect(closed.when(.deadlinePassed) == .nothing && closed.incident.nextDeadline == nil)
    }

    @Test(arguments: [
        IncidentCommand.acknowledge, .addNote(text: "I look", key: false), .assignRole(.commander, person: "Mia"),
        .addMitigation(MitigationDraft(description: "Roll back")), .addTask(text: "Call", owner: nil),
        .amend(IncidentAmendment(severity: .sev3)), .stateCause(CauseHypothesis(category: .technical)),
    ])
    func `who begins to work on it keeps it open`(command: IncidentCommand) throws {
        let given = try cleared(after: 300).and(command)
        #expect(given.incident.closesAt == nil && given.later("11:00").when(.deadlinePassed) == .nothing)
        let before = try Given(opening: Self.opening).closing(after: 300).and(command, .clearAlerts([Self.errors]))
        #expect(before.incident.closesAt == nil && before.incident.clearedAt != nil)
    }

    @Test func `what fires again in time keeps it open, and one that a person opened stays open`() throws {
        let again = try cleared(after: 300).and(.attachAlerts([Self.slow]))
        #expect(again.incident.closesAt == nil && again.later("11:00").when(.deadlinePassed) == .nothing)
        let person = try Given().closing(after: 0).and(.attachAlerts([Self.errors]), .clearAlerts([Self.errors]))
        #expect(person.incident.clearedAt != nil && person.incident.closesAt == nil)
    }

    @Test func `a rule goes before the policy, and keeping before closing`() throws {
        func closes(_ rules: [WhenCleared?], policy: Int? = nil) throws -> Timestamp? {
            var opening = Self.opening
            opening.said.whenCleared = rules[0]
            var given = try Given(opening: opening)
            if let policy { given = given.closing(after: policy) }
            for rule in rules.dropFirst() {
                given = try given.and(.attachAlerts([Self.slow], saying: AlertsSay(whenCleared: rule)))
            }
            let alerts = [Self.errors] + rules.dropFirst().map { _ in Self.slow }
            return try given.later("10:30").and(.clearAlerts(alerts)).incident.closesAt
        }
        #expect(try closes([nil]) == nil)
        #expect(try closes([.close(afterSeconds: 60)]) == clock("10:31"))
        #expect(try closes([.keep], policy: 60) == nil)
        #expect(try closes([nil], policy: 60) == clock("10:31"))
        #expect(try closes([.close(afterSeconds: 60), .close(afterSeconds: 120)]) == clock("10:32"))
        #expect(try closes([.close(afterSeconds: 60), .keep]) == nil)
    }

    @Test func `it is opened again while its window lasts, and the impact goes on`() throws {
        let closed = try cleared(after: 60).later("10:02").and(.deadlinePassed)
        #expect(closed.incident.isReopened(at: clock("10:12")) && !closed.incident.isReopened(at: clock("10:13")))
        let open = try closed.later("10:10").and(.reopenRecovered(firingOn: ["feed"]), .attachAlerts([Self.errors]))
        #expect(open.incident.phase == .detect && open.incident.recovery == nil && open.incident.clearedAt == nil)
        #expect(open.incident.impacts.map(\.endedAt) == [nil] && open.incident.times.restoredAt == nil)
        #expect(open.when(.reopenRecovered(firingOn: ["feed"])) == .nothing)
        #expect(!open.incident.isReopened(at: clock("10:11")))
        let byPerson = try Given(.dismiss(reason: "a test"), opening: Self.opening)
        #expect(!byPerson.incident.isReopened(at: byPerson.now))
    }
}

/// Alerts that people move between incidents.
struct MovingAlertsTests {
    private static let errors = AlertMention(id: "a", title: "Errors", component: "feed")
    private static let slow = AlertMention(id: "b", title: "Slow", component: nil)

    @Test func `both incidents count what they have, and the harm goes along`() throws {
        let link = try #require(IncidentLink(.runbook, "https://wiki.example/feed"))
        let from = try Given().and(.attachAlerts([Self.errors, Self.slow]))
        let out = AlertMove([Self.errors], firing: ["feed": 1], other: 7, reason: "another outage")
        let left = try from.and(.giveAwayAlerts(out))
        #expect(left.incident.firing == ["": 1] && left.incident.alerts == 1 && left.incident.clearedAt == nil)
        let last = AlertMove([Self.slow], firing: ["": 1], other: nil, reason: "noise")
        #expect(try left.and(.giveAwayAlerts(last)).incident.clearedAt != nil)
        let into = AlertMove(
            [Self.errors], firing: ["feed": 1], other: 3, reason: "another outage",
            saying: AlertsSay(links: [link], severity: .sev2))
        let taken = try Given().and(.takeInAlerts(into))
        #expect(taken.incident.firing == ["feed": 1] && taken.incident.alerts == 1 && taken.incident.links == [link])
        #expect(taken.incident.impacts.map(\.component) == ["feed"] && taken.incident.severity == .sev2)
        #expect(
            taken.timeline.map(\.event.sentence).contains(
                "1 alert moved here from INC-3 on feed: “Errors”. Reason: another outage."))
        #expect(
            left.timeline.last?.event.sentence == "1 alert moved to INC-7 on feed: “Errors”. Reason: another outage.")
    }

    @Test func `harm that only a moved alert spoke of is not the incident's`() throws {
        func impact(_ fromAlert: Bool?) -> IncidentCommand {
            .setImpact(ComponentImpact(component: "feed", impact: .degraded, fromAlert: fromAlert))
        }
        var move = AlertMove([Self.errors], firing: ["feed": 1], other: 7, reason: "another outage", deserted: ["feed"])
        let given = try Given(.attachAlerts([Self.errors]), impact(true))
        let left = try given.and(.giveAwayAlerts(move))
        #expect(left.incident.impacts.isEmpty && left.incident.steps.isEmpty)
        #expect(left.timeline.suffix(2).map(\.event.kind) == ["alerts_moved_out", "impact_removed"])
        let said = try given.and(impact(nil), .giveAwayAlerts(move))
        #expect(said.incident.impacts.map(\.component) == ["feed"])
        let restored = try Given.restoring("feed").and(impact(true), .start("feed"), .giveAwayAlerts(move))
        #expect(restored.incident.impacts.map(\.component) == ["feed"])
        move.deserted = []
        #expect(try given.and(.giveAwayAlerts(move)).incident.impacts.map(\.component) == ["feed"])
        let taken = try Given().and(.takeInAlerts(move))
        #expect(taken.incident.impacts.map(\.fromAlert) == [true])
    }

    @Test func `an alert that was ended by mistake fires after all, and counts once`() throws {
        let byHand = AlertMention(id: "a", title: "Errors", component: "feed", resolvedBy: "Ada")
        let given = try Given(.attachAlerts([Self.errors]), .clearAlerts([byHand]))
        #expect(given.incident.clearedAt != nil)
        let again = try given.and(.reopenAlerts([Self.errors], reason: "wrong alert"))
        #expect(again.incident.firing == ["feed": 1] && again.incident.alerts == 1 && again.incident.clearedAt == nil)
        #expect(
            again.timeline.map(\.event.sentence).suffix(2) == [
                "1 alert, ended by hand, fires after all on feed: “Errors”. Reason: wrong alert.",
                "Impact on feed: degraded.",
            ])
        let restored = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
            .and(.reopenAlerts([Self.errors], reason: "wrong alert"))
        #expect(restored.incident.step("feed")?.state == .regressed)
        #expect(try Given.incident(in: .closed).when(.reopenAlerts([Self.errors], reason: "r")).code == "wrong-phase")
    }

    @Test func `who ended alerts by hand stands in the entry`() throws {
        let byHand = AlertMention(id: "a", title: "Errors", component: "feed", resolvedBy: "Ada")
        let given = try Given(.attachAlerts([Self.errors]), .clearAlerts([byHand]))
        #expect(given.timeline.last?.event.sentence == "1 alert cleared, ended by hand by Ada on feed: “Errors”.")
        #expect(given.incident.firing == [:])
    }

    @Test func `what fires goes only where alerts are taken, and leaves whatever the phase is`() throws {
        let move = AlertMove([Self.errors], firing: ["feed": 1], other: 3, reason: "R")
        let over = AlertMove([Self.errors], firing: [:], other: 3, reason: "R")
        let dismissed = try Given(.attachAlerts([Self.errors]), .dismiss(reason: "a test"))
        #expect(dismissed.when(.takeInAlerts(move)).code == "wrong-phase")
        #expect(dismissed.when(.takeInAlerts(over)).code == "wrong-phase")
        #expect(try dismissed.and(.giveAwayAlerts(move)).incident.firing == [:])
    }

    @Test func `a person's move opens an incident that does not close itself`() throws {
        var opening = OpenIncident(title: "Errors", alerts: [Self.errors])
        opening.move = AlertMove([Self.errors], firing: ["feed": 1], other: 3, reason: "another outage")
        let given = try Given(opening: opening).closing(after: 0)
        #expect(given.timeline.map(\.event.kind) == ["incident_opened", "alerts_moved_in"])
        #expect(given.incident.firing == ["feed": 1])
        #expect(try given.and(.clearAlerts([Self.errors])).incident.closesAt == nil)
    }
}
