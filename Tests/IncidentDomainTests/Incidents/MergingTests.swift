import Testing

@testable import IncidentDomain

struct MergingTests {
    private func other(_ commands: IncidentCommand...) throws -> Incident {
        let given = try Given().and(commands)
        let timeline = given.timeline
        return try #require(timeline.reduce(nil) { Incident.evolve($0, $1, number: 7) })
    }

    private func absorbed(_ impacts: [ComponentImpact] = [], firing: [String: Int] = [:], alerts: Int = 0)
        -> IncidentEvent
    {
        IncidentAbsorbed(number: 7, title: "Feed is slow", impacts: impacts, firing: firing, alerts: alerts)
    }

    private func regressed(_ component: String, _ reason: String) -> IncidentEvent {
        StepRegressed(component: component, reason: reason)
    }

    @Test func `a merged incident says into which, and is at its end`() throws {
        let given = try Given(.fires("feed"))
        #expect(
            given.when(.merge(into: 7, reason: "the same"))
                == .events([IncidentMerged(into: 7, reason: "the same")]))
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
        let auth = ComponentImpact(component: "auth", impact: .majorOutage)
        #expect(given.when(.absorb(other)) == .events([absorbed([auth], firing: ["feed": 1, "": 1], alerts: 3)]))
        let incident = try given.and(.absorb(other)).incident
        #expect(incident.impacts.first?.impact == .degraded, "what this incident says about the feed stays")
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
                    regressed("auth", "an alert fires on it in INC-7"),
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
}
