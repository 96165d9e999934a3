import Testing

@testable import IncidentDomain

/// When the timeline hears of the plan, and what it is told.
struct PlanRevisionTests {
    private func revisions(_ given: Given) -> [PlanRevised] {
        given.timeline.compactMap { $0.event.as(PlanRevised.self) }
    }

    @Test func `the first revision comes when restoring begins, with order, times and spans`() throws {
        let before = try Given().and(Way.toMitigate(["feed", "auth", "user-db"]))
        #expect(revisions(before).isEmpty && before.incident.plan == nil)
        let given = try before.and(.mitigate(.succeeded), .advance)
        let first = try #require(revisions(given).first)
        #expect(revisions(given).count == 1 && first.revision == 1 && first.changes == [.began])
        #expect(first.waves == [["user-db", "auth"], ["feed"]])
        let began = try #require(given.timeline.last?.occurredAt)
        // The feed waits for nobody: it is back before the sign-in is.
        #expect(first.pathEnd == began.adding(seconds: 600 + 300))
        let expected = try #require(first.expected)
        #expect(abs(expected.median.seconds(since: began) / 900 - 1) < 0.15, "a chain of two, and their common luck")
        #expect(expected.median < expected.p80 ?? began && expected.p80 ?? began < expected.p90)
        #expect(expected.p90 < began.adding(seconds: 2 * 900), "two do not both have bad luck")
        #expect(first.spans.map(\.component) == ["user-db", "auth", "feed"])
        #expect(first.spans[1].begin == began.adding(seconds: 600) && first.spans[1].end == began.adding(seconds: 900))
    }

    @Test func `a plan begins when restoring began, also where a component was hit later by its entry`() throws {
        let hit = try Given().later("11:00").and(.hit("feed"))
        let given = try hit.and(
            [
                .acknowledge, .advance, .set(.sev2), .assignRole(.commander, person: "Mia"), .technical, .advance,
                .mitigate(.succeeded), .advance,
            ], at: clock("10:12"))
        let plan = try #require(given.timeline.compactMap { $0.event.as(PlanRevised.self) }.first)
        #expect(plan.spans.first?.begin == clock("10:12"))
    }

    @Test func `work that goes as planned revises nothing`() throws {
        let given = try Given.restoring("auth", "comments").and(.start("auth"))
        #expect(revisions(given).count == 1)
        let ramped = try given.and(.rampStep(component: "auth", percent: 50), .note("so far, so good"))
        #expect(revisions(ramped).count == 1)
    }

    @Test func `what does not concern restoring revises nothing, however late it is`() throws {
        let given = try Given.restoring("auth").and(.start("auth")).later("20:00")
        #expect(given.when(.reviewPlan).events?.count == 1, "the plan has slipped")
        let noted = try given.and(
            .note("a word"), .addTask(text: "call", owner: nil), .stateCause(CauseHypothesis(category: .attack)),
            .set(.sev3), .assignRole(.scribe, person: "Sue"))
        #expect(revisions(noted).count == 1)
        #expect(revisions(try noted.and(.rampStep(component: "auth", percent: 50))).count == 2)
    }

    @Test func `the plan of an incident of the past does not change because time goes by now`() throws {
        var given = try Given.restoring("auth")
        given.now = given.now.adding(seconds: 30 * 86_400)
        given = try given.and(.start("auth"), at: clock("10:30"))
        let before = revisions(given).count
        #expect(given.when(.reviewPlan) == .nothing)
        #expect(revisions(try given.and(.note("entered later"))).count == before)
        #expect(try given.and(.hit("feed")).when(.reviewPlan) == .nothing, "that was now, and has just been planned")
        #expect(try given.and(.hit("feed")).incident.restoresLate == nil)
    }

    @Test func `what is entered late, of before the plan, is no revision of then`() throws {
        let given = try Given.restoring("auth", "feed").later("13:00")
        let began = try #require(revisions(given).last)
        let late = try given.and(.start("auth"), at: clock("10:01")).and(.verify("auth"), at: clock("10:02"))
        #expect(revisions(late) == [began])
        #expect(RestorationGantt.planned(in: given.timeline).keys.contains("auth"))
        #expect(!RestorationGantt.planned(in: late.timeline).keys.contains("auth"), "it was back by then")
    }

    @Test func `what is entered hours late is in the next plan`() throws {
        let given = try Given.restoring("auth").later("13:00").and(.start("auth")).later("13:01")
        let late = try given.and(.hit("feed"), at: clock("10:30"))
        #expect(late.incident.restoresLate == nil)
        let next = try late.and([.reviewPlan], by: .daemon)
        #expect(next.incident.plan?.order.contains("feed") == true && revisions(next).last?.joined == ["feed"])
    }

    @Test func `restoring that was begun too early, and again, has the plan of the second beginning`() throws {
        let given = try Given.restoring("auth", "feed")
        let back = try given.later("10:30").and(.revert(to: .mitigate, reason: "too early"))
            .later("11:00").and(.force())
        let last = try #require(revisions(back).last)
        #expect(last.changes == [.began] && last.revision == 2)
        let planned = RestorationGantt.planned(in: back.timeline)
        #expect(planned.values.allSatisfy { $0.begin >= clock("11:00") } && planned.count == 2)
    }

    @Test func `a correction of a step of the past plans nothing anew`() throws {
        var given = try Given.restoring("auth", "feed")
        given.now = given.now.adding(seconds: 30 * 86_400)
        given = try given.and(.start("auth"), at: clock("10:30")).and(.verify("auth"), at: clock("10:40"))
        let before = revisions(given)
        let corrected = try given.and(
            .correctStep(component: "auth", startedAt: nil, restoredAt: clock("10:45"), reason: "it was later"))
        #expect(revisions(corrected) == before && corrected.incident.restoresLate == true)
    }

    @Test func `what joins later is a revision, and so is what leaves`() throws {
        let given = try Given.restoring("feed").and(.hit("auth"))
        let second = try #require(revisions(given).last)
        #expect(second.revision == 2 && second.joined == ["auth"] && second.left.isEmpty)
        #expect(second.changes.contains(.components) && second.waves == [["auth"], ["feed"]])
        let third = try #require(revisions(try given.and(.removeImpact(component: "auth"))).last)
        #expect(third.revision == 3 && third.left == ["auth"] && third.waves == [["feed"]])
    }

    @Test func `an expected time that moved is told, one that hardly moved is not`() throws {
        // Five minutes of work: a minute and a half more is more than a tenth of it, and more than a minute.
        let given = try Given.restoring("auth").and(.start("auth"))
        #expect(given.later("10:20").when(.reviewPlan).events?.count == 1)
        let soon = given.incident.plan?.pathEnd ?? Given.start
        var later = given
        later.now = soon
        #expect(later.when(.reviewPlan) == .nothing, "a minute late was its start")
        later.now = soon.adding(seconds: 100)
        guard let revision = later.when(.reviewPlan).events?.first as? PlanRevised else {
            Issue.record("no revision")
            return
        }
        #expect(revision.changes == [.expected] && revision.previous == given.incident.plan?.expected)
        #expect(revision.sentence.contains("slipped"))
    }

    @Test func `an estimate that slips and slips fills no timeline`() throws {
        var given = try Given.restoring("auth").and(.start("auth"))
        for minute in 0..<(24 * 60) {
            var next = given
            next.now = Given.start.adding(seconds: Double(1200 + minute * 60))
            given = try next.and(.reviewPlan)
        }
        #expect((5...60).contains(revisions(given).count), "\(revisions(given).count)")
    }

    @Test func `a failure and a regression move the end, and the text says by how much`() throws {
        let given = try Given.restoring("user-db", "auth").and(.start("user-db"), .verify("user-db"))
        let regressed = try given.and(.fires("user-db"))
        let last = try #require(revisions(regressed).last)
        #expect(last.revision > 1 && last.changes.contains(.expected))
        #expect(last.sentence.hasPrefix("Restoration plan, revision \(last.revision): "))
    }

    @Test func `when nothing remains, and outside of restoring, there is nothing to say`() throws {
        let given = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        #expect(revisions(given).count == 1)
        #expect(given.when(.reviewPlan) == .nothing)
        #expect(try Given().when(.reviewPlan) == .nothing)
        #expect(try given.and(.advance).when(.reviewPlan) == .nothing)
    }

    @Test func `the commander's order is kept, and given back`() throws {
        let given = try Given.restoring("upload", "comments", "auth")
        #expect(given.incident.plan?.order == ["auth", "upload", "comments"])
        let ordered = try given.and(.orderSteps(components: ["comments", "auth"], reason: "the match"))
        #expect(ordered.incident.plan?.order == ["auth", "comments", "upload"], "the comments need the sign-in")
        #expect(revisions(ordered).last?.changes == [.order])
        #expect(ordered.when(.orderSteps(components: ["comments", "auth"], reason: nil)) == .nothing)
        #expect(ordered.when(.orderSteps(components: ["comments"], reason: nil), by: .rita).code == "role-required")
        #expect(ordered.when(.orderSteps(components: ["feed"], reason: nil)).field == "/components/0")
        let back = try ordered.and(.orderSteps(components: [], reason: nil))
        #expect(back.incident.plan?.order == given.incident.plan?.order && back.incident.restorationOrder == nil)
    }

    @Test func `the timeline has the revisions in order, and replays to the same plan`() throws {
        let given = try Given.restoring("feed").and(.hit("auth"), .hit("upload"), .start("auth"))
        #expect(revisions(given).map(\.revision) == Array(1...revisions(given).count))
        #expect(Given.replay(given.timeline)?.plan == given.incident.plan)
    }
}

extension Answer {
    fileprivate var events: [any TimelineEvent]? {
        if case .events(let events) = self { events } else { nil }
    }
}
