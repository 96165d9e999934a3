import Testing

@testable import IncidentDomain

struct AlertCountingTests {
    @Test func `alerts are counted by component, and those without one by themselves`() throws {
        let given = try Given(.fires("feed", "feed", "auth", nil))
        #expect(given.incident.firing == ["feed": 2, "auth": 1, "": 1])
        #expect(given.incident.alerts == 4)
        let fewer = try given.and(.clears("feed", nil))
        #expect(fewer.incident.firing == ["feed": 1, "auth": 1])
        #expect(fewer.incident.alerts == 4, "how many there ever were")
    }

    @Test func `clearing more than fires leaves none firing, and not fewer`() throws {
        let given = try Given(.fires("feed")).and(.clears("feed", "feed", "auth"))
        #expect(given.incident.firing.isEmpty)
        #expect(try given.and(.fires("feed")).incident.firing == ["feed": 1])
    }

    @Test func `no alerts are no event`() throws {
        #expect(try Given().when(.attachAlerts([])) == .nothing)
        #expect(try Given().when(.clearAlerts([])) == .nothing)
    }

    @Test func `a storm is counted whole and named in part`() throws {
        let mentions = (0..<500).map { AlertMention(id: "\($0)", title: "Errors", component: "feed") }
        let batch = AlertBatch(mentions)
        #expect(batch.alerts == Array(mentions.prefix(AlertBatch.mentionsMax)))
        #expect(batch.total == 500)
        #expect(try Given(.attachAlerts(mentions)).incident.firing == ["feed": 500])
    }

    @Test(arguments: Phase.allCases) func `a resolved alert is recorded in every phase, a new one in the open ones`(
        _ phase: Phase
    ) throws {
        let given = try Given.incident(in: phase)
        let mention = AlertMention(id: "a-feed", title: "Errors", component: "feed")
        var cleared = AlertBatch([mention])
        cleared.clearsAll = phase.isOpen ? true : nil
        #expect(given.when(.clears("feed")) == .events([AlertsCleared(cleared)]))
        #expect(given.when(.fires("archive")).code == (phase.isOpen ? nil : "wrong-phase"))
    }

    @Test func `the daemon's reports are never too early for an incident`() throws {
        let given = try Given.restoring("upload")
        let early = clock("09:00")
        #expect(given.when(.fires("feed"), by: .daemon, at: early).isAccepted)
        #expect(given.when(.clears("feed"), by: .daemon, at: early).isAccepted)
        #expect(given.when(.deadlinePassed, by: .daemon, at: early) == .nothing)
    }
}
