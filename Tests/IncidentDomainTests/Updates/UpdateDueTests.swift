import Testing

@testable import IncidentDomain

/// When those who wait have to hear something again, when a review has to be done, and what is expected.
struct UpdateDueTests {
    private static let policy = UpdatePolicy(
        everyMinutes: [.sev1: 30, .sev2: 60], reviewDays: [.sev1: 5, .sev2: 5])

    private static func severity(_ severity: Severity) -> IncidentCommand {
        .amend(IncidentAmendment(severity: severity))
    }

    private static let post = IncidentCommand.postUpdate(UpdateContent(audience: .staff, body: "b"))

    private static func opened(_ severity: Severity? = .sev2) throws -> Given {
        try Given(opening: OpenIncident(title: "t", severity: severity), updates: policy)
    }

    // MARK: The next update

    @Test func `the first update is due as long after the severity is set as the next one after it`() throws {
        let given = try Self.opened()
        #expect(given.incident.nextUpdateDueAt == clock("11:00"))
        #expect(given.incident.nextDeadline == clock("11:00"))
        #expect(try Self.opened(nil).incident.nextUpdateDueAt == nil)
        #expect(try Self.opened(.sev4).incident.nextUpdateDueAt == nil)
        #expect(try given.and(Self.post).incident.nextUpdateDueAt == clock("11:01"))
    }

    @Test func `what an update promised that is entered late stays as it was promised`() throws {
        let given = try Self.opened().later("14:00")
        let content = UpdateContent(audience: .staff, body: "b", nextUpdateAt: clock("11:00"))
        let late = try given.and(.postUpdate(content), at: clock("10:30"))
        #expect(UpdateHistory.make(late.timeline).map(\.nextUpdateAt) == [clock("11:00")])
        #expect(late.incident.nextUpdateDueAt == clock("15:00"), "and the next one is due from now")
        let corrected = try late.and(.changeUpdate(id: 1, .correct(UpdatePatch(body: "c"), reason: "a slip")))
        #expect(UpdateHistory.make(corrected.timeline).map(\.nextUpdateAt) == [clock("11:00")])
    }

    @Test func `a late update is said once for each time that was due`() throws {
        let given = try Self.opened().later("11:00")
        #expect(given.when(.deadlinePassed, by: .daemon) == .events([UpdateOverdue(due: clock("11:00"))]))
        let said = try given.and([.deadlinePassed], by: .daemon)
        #expect(said.incident.nextDeadline == nil && said.incident.nextUpdateDueAt == clock("11:00"))
        #expect(said.when(.deadlinePassed, by: .daemon) == .nothing)
        let told = try said.and(Self.post)
        #expect(told.incident.nextDeadline == clock("12:01"))
        let again = told.later("12:05")
        #expect(
            again.when(.deadlinePassed, by: .daemon, at: clock("12:01"))
                == .events([UpdateOverdue(due: clock("12:01"))]))
    }

    @Test func `what is published at the last moment is not late`() throws {
        let request = UpdateRequest(UpdateContent(audience: .staff, body: "b"), publishAt: clock("11:00"))
        let given = try Self.opened().and(.draftUpdate(request)).later("11:00")
        let answer = given.when(.deadlinePassed, by: .daemon)
        #expect(answer == .events([UpdatePosted(request.content, id: 1, nextUpdateAt: clock("12:00"))]))
    }

    @Test func `a higher severity brings it nearer, and a lower one never breaks a promise`() throws {
        let given = try Self.opened()
        #expect(try given.and(Self.severity(.sev1)).incident.nextUpdateDueAt == clock("10:31"))
        let down = try given.and(Self.severity(.sev1), Self.severity(.sev2))
        #expect(down.incident.nextUpdateDueAt == clock("10:31"))
        #expect(try down.and(Self.severity(.sev4)).incident.nextUpdateDueAt == nil)
    }

    @Test func `nobody waits for updates during the review, and again when it comes back`() throws {
        let review = try Self.opened(.sev1).and(
            .acknowledge, .advance, .force("x"), .force("x"), .force("x"))
        #expect(review.incident.phase == .review)
        #expect(review.incident.nextUpdateDueAt == nil)
        let again = try review.later("15:00").and(.revert(to: .mitigate, reason: "again"))
        #expect(again.incident.nextUpdateDueAt == clock("15:30"))
        #expect(again.incident.reviewDueAt == nil)
    }

    // MARK: The review

    @Test func `a review is due some days after all is restored, and late once`() throws {
        let review = try Given.incident(in: .restore)
        var given = review
        given.updates = Self.policy
        given = try given.and(.amend(IncidentAmendment(severity: .sev1)), .force("x"))
        let due = try #require(given.incident.reviewDueAt)
        #expect(due.seconds(since: given.now) == 5 * 86_400 - 60)
        #expect(given.incident.nextDeadline == due)
        given.now = due
        #expect(given.when(.deadlinePassed, by: .daemon) == .events([ReviewOverdue(due: due)]))
        let said = try given.and([.deadlinePassed], by: .daemon)
        #expect(said.when(.deadlinePassed, by: .daemon) == .nothing)
        #expect(said.incident.reviewDueAt == due, "it is still to be done")
        let approved = try given.and(.draftReview, .approveReview(sections: []))
        #expect(approved.incident.reviewDueAt == nil)
        #expect(approved.when(.deadlinePassed, by: .daemon) == .nothing)
    }

    @Test func `nothing is due where nothing is asked for`() throws {
        let given = try Given.incident(in: .review)
        #expect(given.incident.communication == nil)
        #expect(given.incident.nextDeadline == nil)
    }

    // MARK: ETA

    @Test func `a person says a time with a reason, and what was said stays`() throws {
        let given = try Given()
        #expect(given.when(.setEta(clock("11:00"), reason: nil)).field == "/reason")
        #expect(given.when(.setEta(clock("09:00"), reason: "r")).field == "/eta")
        let first = try given.and(.setEta(clock("11:00"), reason: "the vendor"))
        #expect(first.when(.setEta(clock("11:00"), reason: "again")) == .nothing)
        let second = try first.and(.setEta(clock("12:00"), reason: "not yet"))
        #expect(second.incident.eta == clock("12:00"))
        let said = try #require(second.incident.communication?.etas)
        #expect(said.map(\.eta) == [clock("11:00"), clock("12:00")] && said.map(\.by) == ["Carla", "Carla"])
        #expect(said.map(\.reason) == ["the vendor", "not yet"])
        let told = try second.and(
            .postUpdate(UpdateContent(audience: .users, body: "b", eta: clock("12:00"))),
            .postUpdate(UpdateContent(audience: .users, body: "b", eta: clock("12:30"))))
        #expect(told.incident.communication?.etas.map(\.eta) == [clock("11:00"), clock("12:00"), clock("12:30")])
    }

    @Test func `what the daemon publishes is said by who wrote it`() throws {
        let content = UpdateContent(audience: .staff, body: "b", eta: clock("12:00"))
        let given = try Given().and([.draftUpdate(UpdateRequest(content, publishAt: clock("10:30")))], by: .rita)
            .later("10:31").and([.deadlinePassed], by: .daemon, at: clock("10:30"))
        #expect(given.incident.communication?.etas.map(\.by) == ["Rita"])
    }

    @Test func `a time that slips materially is told to those who wait`() throws {
        let given = try Given(.setEta(clock("11:00"), reason: "r"))
        func slipped(to time: String) throws -> EtaSet? {
            guard case .events(let events) = given.when(.setEta(clock(time), reason: "r")) else { return nil }
            return events.first as? EtaSet
        }
        // A tenth of the hour from the beginning to the time that was expected.
        #expect(try slipped(to: "11:06")?.isNotified == false)
        #expect(try slipped(to: "11:07")?.isNotified == true)
        #expect(try slipped(to: "10:30")?.isNotified == false, "sooner can wait")
        #expect(try slipped(to: "11:07")?.previous == clock("11:00"))
    }

    @Test func `only so many statements are kept`() throws {
        let given = try Given().and(
            (0..<30).map { .setEta(clock("15:00").adding(seconds: Double($0)), reason: "r") })
        let etas = try #require(given.incident.communication?.etas)
        #expect(etas.count == 20 && etas.last?.eta == clock("15:00").adding(seconds: 29))
    }

    @Test func `the plan says a time once there is one, and is then followed`() throws {
        #expect(try Given().when(.setEta(nil, reason: nil)).field == "/source")
        let given = try Given.incident(in: .restore)
        let expected = try #require(given.incident.plan?.expected?.median)
        let taken = try given.and(.setEta(nil, reason: nil))
        #expect(taken.incident.eta == expected)
        #expect(taken.when(.setEta(nil, reason: nil)) == .nothing)
        #expect(taken.incident.followedEta == nil)
        let later = try taken.later("16:00").and(.reviewPlan)
        let revised = try #require(later.incident.plan?.expected?.median)
        #expect(revised > expected && later.incident.eta == revised)
        #expect(later.incident.communication?.etas.last?.source == .plan)
        let event = later.timeline.last?.event.as(EtaSet.self)
        #expect(event?.slipped == true && event?.isNotified == false, "the plan's revision is told")
        let person = try taken.and(.setEta(clock("20:00"), reason: "r")).later("16:00").and(.reviewPlan)
        #expect(person.incident.eta == clock("20:00"), "a person's word is not overwritten")
    }
}
