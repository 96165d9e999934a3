import Testing

@testable import IncidentDomain

struct RevertingTests {
    @Test(arguments: Phase.allCases, Phase.allCases)
    func `the ways back are those of the product, and no others`(_ from: Phase, _ to: Phase) throws {
        let possible: [Phase] =
            switch from {
            case .detect, .assess, .dismissed, .merged: []
            case .mitigate: [.assess]
            case .restore: [.mitigate]
            case .review: [.mitigate, .restore]
            case .closed: [.mitigate]
            }
        let answer = try Given.incident(in: from).when(.revert(to: to, reason: "it is back"))
        if from == to {
            #expect(answer == .nothing)
        } else if possible.contains(to) {
            let reverted = PhaseReverted(phase: to, from: from, reason: "it is back")
            #expect(answer == .events([reverted]))
        } else {
            #expect(answer == .refused(.noSuchTransition(from: from, to: to, possible: possible)))
        }
    }

    @Test func `the clocks are those of the moments when the phases were left`() throws {
        let given = try Given().and(.acknowledge, at: clock("10:00:30")).and(.advance)
            .and(Way.toMitigate().dropFirst(2).dropLast()).and(.advance, at: clock("10:05"))
            .and(.mitigate(.succeeded)).and(.advance, at: clock("10:06"))
            .and(.start("feed"), .verify("feed")).and(.advance, at: clock("10:07"))
            .and(.draftReview).and(.approveReview(sections: []), at: clock("10:08")).and(.advance, at: clock("10:09"))
        var times = IncidentTimes(startedAt: Given.start, detectedAt: Given.start)
        times.acknowledgedAt = clock("10:00:30")
        times.assessedAt = clock("10:05")
        times.mitigatedAt = clock("10:06")
        times.restoredAt = clock("10:07")
        times.reviewedAt = clock("10:08")
        times.closedAt = clock("10:09")
        #expect(given.incident.times == times)
        #expect(given.incident.times.timeToAcknowledge == 30)
        #expect(given.incident.times.timeToMitigate == 360)
        #expect(given.incident.times.timeToRestore == 420)
    }

    @Test func `going back takes back the clocks after it, and the way forward sets them anew`() throws {
        let review = try Given.incident(in: .review)
        let mitigate = try review.and(.revert(to: .mitigate, reason: "still down"))
        #expect(mitigate.incident.times.assessedAt == review.incident.times.assessedAt)
        #expect(mitigate.incident.times.acknowledgedAt == review.incident.times.acknowledgedAt)
        #expect(mitigate.incident.times.mitigatedAt == nil)
        #expect(mitigate.incident.times.restoredAt == nil)
        let assess = try mitigate.and(.revert(to: .assess, reason: "wrong cause"))
        #expect(assess.incident.times.assessedAt == nil)
        let again = try assess.and(.advance)
        #expect(again.incident.times.assessedAt == again.timeline.last?.occurredAt)
        let restore = try review.and(.revert(to: .restore, reason: "too early"))
        #expect(restore.incident.times.mitigatedAt == review.incident.times.mitigatedAt)
        #expect(restore.incident.times.restoredAt == nil)
    }

    @Test func `a closed incident that is reopened has to be mitigated, restored and reviewed again`() throws {
        let given = try Given.incident(in: .closed).and(.revert(to: .mitigate, reason: "it is back"))
        #expect(given.incident.phase == .mitigate)
        #expect(given.incident.times.closedAt == nil)
        #expect(given.incident.times.reviewedAt == nil)
        #expect(given.incident.review?.status == .draft)
        let down = try given.and(.hit("feed"))
        #expect(down.incident.unrestored == ["feed"])
        let review = try down.and(.advance, .start("feed"), .verify("feed"), .advance)
        #expect(review.incident.unmet(.reviewApproved)?.detail == "the review is not approved")
        #expect(try review.and(.approveReview(sections: []), .advance).incident.phase == .closed)
    }
}
