import Testing

@testable import IncidentDomain

/// The clocks say when it happened, whatever day somebody advances.
struct ClocksTests {
    private static let week: Double = 7 * 86_400

    /// The same, a week later.
    private func aWeekLater(_ given: Given) -> Given {
        var late = given
        late.now = given.now.adding(seconds: Self.week)
        return late
    }

    @Test(arguments: [Phase.detect, .assess, .mitigate, .restore])
    func `advancing a week later changes no clock that was reached`(_ phase: Phase) throws {
        let work: [IncidentCommand] =
            switch phase {
            case .detect: [.acknowledge]
            case .assess: [.hit("feed"), .set(.sev2), .assignRole(.commander, person: "Carla"), .technical]
            case .mitigate: [.mitigate(.succeeded), .hit("feed", .degraded)]
            case .restore: [.start("feed"), .verify("feed")]
            case .review, .closed, .dismissed, .merged: []
            }
        let given = try Given.incident(in: phase).and(work)
        let atOnce = try given.and(.advance).incident.clocks
        let late = try aWeekLater(given).and(.advance).incident
        #expect(late.clocks == atOnce)
        let clock = try #require(IncidentClock.ending(phase))
        #expect(late.clocks[clock] == given.timeline.last?.occurredAt, "the last fact")
    }

    /// Mitigating, without a word on what is hit.
    private func unknown() throws -> Given { try Given().and(.force("it is known"), .force("it is known")) }

    @Test func `where no impact is known, the last mitigation that succeeded stopped the harm`() throws {
        let given = try unknown().later("11:00").and(.mitigate(.succeeded), at: clock("10:20"))
            .and(.mitigate(.failed), at: clock("10:30")).and(.mitigate(.succeeded), at: clock("10:25"))
            .and(.mitigate(.planned), at: clock("10:40"))
        #expect(given.incident.clocks.mitigatedAt == clock("10:25"), "known before anybody advances")
        let running = try given.and(.changeMitigation(id: 4, MitigationPatch(state: .running)))
        #expect(running.incident.clocks.mitigatedAt == nil, "somebody is still at it")
        let undone = try given.and(.changeMitigation(id: 3, MitigationPatch(state: .rolledBack)))
        #expect(undone.incident.clocks.mitigatedAt == clock("10:20"), "what was rolled back did not help")
    }

    @Test func `what is done after mitigating does not move the clock`() throws {
        let given = try unknown().and(.mitigate(.succeeded), .advance)
        let before = try #require(given.incident.clocks.mitigatedAt)
        let more = try aWeekLater(given).and(
            .mitigate(.succeeded), .changeMitigation(id: 1, MitigationPatch(state: .rolledBack)))
        #expect(more.incident.clocks.mitigatedAt == before, "the rollback was lifted when all was well")
    }

    @Test func `what came back by itself is mitigated then`() throws {
        let over = ComponentImpact(component: "feed", impact: .majorOutage, endedAt: clock("10:07"))
        let given = try Given.incident(in: .mitigate).later("11:00").and(.setImpact(over), .mitigate(.succeeded))
        #expect(given.incident.clocks.mitigatedAt == clock("10:07"))
        #expect(given.incident.clocks.restoredAt == clock("10:07"), "it was back, whatever phase people are in")
        let spared = try unknown().later("10:30").and(.mitigate(.notNeeded), .advance)
        #expect(spared.incident.clocks.mitigatedAt == clock("10:30"), "the best that is known")
    }

    @Test func `the last component that is back is when it was restored`() throws {
        let given = try Given.restoring("feed", "archive", "upload").later("12:00")
            .and(.start("archive"), .verify("archive"), .start("feed"), .verify("feed"), .waive("upload"))
        #expect(given.incident.clocks.restoredAt == clock("12:03"))
        let again = try given.and(.fires("archive"))
        #expect(again.incident.clocks.restoredAt == nil, "one is down again")
        let earlier = ComponentImpact(component: "feed", impact: .majorOutage, endedAt: clock("11:30"))
        let told = try given.and(.setImpact(earlier))
        #expect(told.incident.clocks.restoredAt == clock("12:01"), "its impact had ended before")
        let forced = try Given.restoring("feed").later("13:00").and(.force("it is retired"))
        #expect(forced.incident.clocks.restoredAt == clock("13:00"), "nothing else says when")
    }

    @Test func `nobody assesses what nobody has seen, though much was known from the start`() throws {
        let opening = OpenIncident(
            title: "t", severity: .sev2, impacts: [ComponentImpact(component: "feed", impact: .majorOutage)])
        let given = try Given(opening: opening).later("10:20").and(
            .advance(to: nil, reason: "drill", override: true), .advance(to: nil, reason: "drill", override: true))
        let clocks = given.incident.clocks
        #expect(clocks.acknowledgedAt == clock("10:20"))
        #expect(clocks.assessedAt == clock("10:21"), "nobody knew more when somebody went on")
        #expect(given.incident.warnings.isEmpty)
    }

    @Test func `an assessment is complete when the last of its facts is known`() throws {
        let given = try Given(.acknowledge, .advance, .hit("feed"), .set(.sev2)).later("11:00")
            .and(.technical, at: clock("10:20")).and(.assignRole(.commander, person: "Carla"), at: clock("10:15"))
            .and(.set(.sev1), at: clock("10:30"))
        #expect(try aWeekLater(given).and(.advance).incident.clocks.assessedAt == clock("10:20"))
        let other = IncidentCommand.stateCause(CauseHypothesis(category: .attack))
        let changed = try given.and(other, at: clock("10:40"))
        #expect(try aWeekLater(changed).and(.advance).incident.clocks.assessedAt == clock("10:40"))
    }

    @Test func `whoever leads it on has seen it`() throws {
        let given = try Given().later("10:05").and(.force("it is obvious"))
        #expect(given.incident.clocks.acknowledgedAt == clock("10:05"))
        #expect(given.incident.unmet(.acknowledged) == nil)
        let told = try given.and(.acknowledge)
        #expect(told.incident.clocks.acknowledgedAt == clock("10:05"), "a late click says nothing new")
    }

    @Test func `the first alert detects it, unless it came before the start`() throws {
        let alert = { AlertMention(id: "a", title: "Errors", component: "feed", seenAt: clock($0)) }
        let opening = OpenIncident(
            title: "Feed is slow", startedAt: clock("09:30"), alerts: [alert("09:50"), alert("09:40")])
        let given = try Given(opening: opening)
        #expect(given.incident.clocks.detectedAt == clock("09:40"))
        #expect(given.incident.times.detectedAt == Given.start)
        let stray = try given.and(.attachAlerts([alert("09:10")]))
        #expect(stray.incident.clocks.detectedAt == clock("09:40"))
        #expect(stray.incident.warnings.map(\.code) == [.alertBeforeStart])
        let earlier = try stray.and(.amend(IncidentAmendment(startedAt: clock("09:05"))))
        #expect(earlier.incident.clocks.detectedAt == clock("09:10"))
        #expect(earlier.incident.warnings == [])
    }

    @Test func `what was measured before going back is history, and comes back when nothing happened`() throws {
        let review = try Given.incident(in: .review)
        let before = review.incident.clocks
        let back = try review.and(.revert(to: .mitigate, reason: "still down"))
        #expect(back.incident.clocks.mitigatedAt == nil && back.incident.clocks.restoredAt == nil)
        let kept = try #require(back.incident.earlierClocks?.first)
        #expect(kept.from == .review && kept.to == .mitigate)
        #expect(kept.measured == MeasuredClocks(mitigatedAt: before.mitigatedAt, restoredAt: before.restoredAt))
        let again = try aWeekLater(back).and(.advance, .advance)
        #expect(again.incident.clocks == before, "it had been a mistake")
        let broken = try aWeekLater(back).and(.hit("feed"), .mitigate(.succeeded), .advance)
        #expect(broken.incident.clocks.mitigatedAt == nil, "it is as bad as it was")
        #expect(broken.incident.clocks.restoredAt == nil)
    }

    @Test func `going back to the review alone clears nothing`() throws {
        let closed = try Given.incident(in: .closed)
        let review = try closed.and(.revert(to: .review, reason: "a lesson is missing"))
        #expect(review.incident.phase == .review && review.incident.times == closed.incident.times)
        #expect(review.incident.review?.status == .approved && review.incident.earlierClocks == nil)
        #expect(try aWeekLater(review).and(.advance).incident.times == closed.incident.times)
    }

    @Test func `an incident of a release that kept no facts has the moments at which its phases were left`() throws {
        let given = try Given.incident(in: .closed)
        var old = given.incident
        old.clockFacts = nil
        #expect(old.clocks.assessedAt == given.incident.times.assessedAt)
        #expect(old.clocks.mitigatedAt == given.incident.clocks.mitigatedAt, "mitigations have times of their own")
        #expect(old.clocks.restoredAt == given.incident.clocks.restoredAt)
    }

    @Test func `what is within a second of another clock is in its order`() {
        var clocks = IncidentTimes(startedAt: clock("10:00"), detectedAt: clock("10:01"))
        clocks.assessedAt = clock("10:02")
        clocks.acknowledgedAt = clock("10:02").adding(seconds: 0.9)
        #expect(clocks.outOfOrder().isEmpty)
        clocks.acknowledgedAt = clock("10:02").adding(seconds: 1)
        #expect(clocks.outOfOrder().map(\.later) == [.assessed])
    }

    @Test func `that the public was told another expected end is a warning`() throws {
        let told = try Given(.postUpdate(UpdateContent(audience: .users, body: "Soon.", eta: clock("19:00"))))
        #expect(told.incident.warnings.isEmpty)
        let moved = try told.and(.setEta(clock("17:00"), reason: "a typing mistake"))
        #expect(moved.incident.warnings.map(\.code) == [.etaNotTold])
        #expect(moved.incident.warnings.first?.detail.contains("updates/1/correct") == true)
        let mended = try moved.and(
            .changeUpdate(id: 1, .correct(UpdatePatch(body: "Soon.", eta: clock("17:00")), reason: nil)))
        #expect(mended.incident.warnings.isEmpty)
    }

    @Test func `clocks that facts bring out of order are a warning`() throws {
        let early = ComponentImpact(
            component: "feed", impact: .degraded, startedAt: clock("09:00"), endedAt: clock("09:30"))
        let given = try Given(.setImpact(early))
        #expect(given.incident.warnings.map(\.code) == [.clocksOutOfOrder, .impactBeforeStart])
        #expect(
            given.incident.warnings.first?.detail
                == "mitigated 2026-11-22 09:30:00 UTC is before started 2026-11-22 10:00:00 UTC. "
                + "PATCH /v1/incidents/42/times corrects the one that is wrong.")
        #expect(try Given.incident(in: .closed).incident.warnings == [])
    }

    @Test func `what was given up does not move the end when it ends later`() throws {
        let given = try Given.restoring("feed", "upload").later("10:30").and(.start("feed")).later("10:50")
            .and(.verify("feed")).and(.waive("upload"))
        #expect(given.incident.clocks.restoredAt == clock("10:50"))
        let ended = ComponentImpact(component: "upload", impact: .majorOutage, endedAt: clock("15:00"))
        let late = try given.later("15:10").and(.setImpact(ended))
        #expect(late.incident.clocks.restoredAt == clock("10:50"))
        #expect(late.incident.step("upload")?.state == .waived)
    }

    @Test func `one that was closed without an approval is reviewed when somebody approves it`() throws {
        let closed = try Given.incident(in: .review).and(.force("nobody is there"))
        #expect(closed.incident.phase == .closed && closed.incident.clocks.reviewedAt == nil)
        let approved = try aWeekLater(closed).and(.draftReview, .approveReview(sections: []))
        #expect(approved.incident.clocks.reviewedAt.map { $0 > approved.incident.clocks.closedAt ?? $0 } == true)
        #expect(
            approved.incident.warnings.isEmpty && closed.incident.clocks.closedAt == approved.incident.clocks.closedAt)
    }

    @Test func `a review tells the corrections that hold`() throws {
        let given = try Given.incident(in: .review).and(.correct(.mitigated, clock("10:03")))
        #expect(given.section(.durations).contains("Corrected clocks"))
        let back = try given.and(.correct(.mitigated, nil))
        #expect(!back.section(.durations).contains("Corrected clocks"))
        let again = try given.and(.correct(.mitigated, clock("10:04")))
        let told = again.section(.durations)
        #expect(told.contains("itigated corrected to 2026-11-22 10:04:00"))
        #expect(!told.contains("itigated corrected to 2026-11-22 10:03:00"))
    }

    @Test func `each phase lasts until it was over, and not until somebody advanced`() throws {
        let given = try aWeekLater(try Given.incident(in: .mitigate).and(.mitigate(.succeeded))).and(.advance)
        let spans = PhaseSpan.visits(in: given.timeline, of: given.incident)
        let mitigating = try #require(spans.first { $0.phase == .mitigate })
        let helped = given.timeline.last { $0.event.as(MitigationAdded.self) != nil }
        #expect(mitigating.seconds == 120 && mitigating.endedAt == helped?.occurredAt)
        #expect(given.incident.clocks.mitigatedAt == nil, "the feed is still down")
        #expect(PhaseSpan.visits(in: given.timeline).map(\.startedAt) == spans.map(\.startedAt))
        let told = try given.and(.correct(.mitigated, clock("10:30")))
        let longer = PhaseSpan.visits(in: told.timeline, of: told.incident)
        #expect(longer.first { $0.phase == .restore }?.startedAt == clock("10:30"))
    }
}

extension IncidentCommand {
    static func correct(_ clock: IncidentClock, _ moment: Timestamp?) -> IncidentCommand {
        .correctTimes(TimesCorrection([TimesCorrection.Statement(clock, moment)], reason: "the graphs say so"))
    }
}

struct CorrectingTests {
    /// Detected 10:00, acknowledged 10:01, assessed 10:06, mitigated and restored 10:11, reviewed 10:14, closed 10:15.
    private func closed() throws -> Given { try Given.incident(in: .closed).later("12:00") }

    @Test(arguments: [
        (IncidentClock.started, "09:50"), (.detected, "10:00:30"), (.acknowledged, "10:02"), (.assessed, "10:07"),
        (.mitigated, "10:09"), (.restored, "10:12"), (.reviewed, "10:13"), (.closed, "10:20"),
    ])
    func `every clock can be corrected, also after closing`(_ name: IncidentClock, _ time: String) throws {
        let given = try closed()
        let before = given.incident.clocks[name]
        let change = TimesCorrected.Change(clock: name, at: clock(time), previous: before)
        let event = TimesCorrected(changes: [change], reason: "the graphs say so", afterwards: true)
        #expect(given.when(.correct(name, clock(time)), by: .rita) == .events([event]))
        let corrected = try given.and([.correct(name, clock(time))], by: .rita)
        #expect(corrected.incident.clocks[name] == clock(time))
        #expect(
            corrected.incident.corrections
                == [ClockCorrection(clock: name, moment: clock(time), by: "Rita", reason: "the graphs say so")])
        #expect(corrected.when(.correct(name, clock(time))) == .nothing)
        guard name != .started else {
            #expect(corrected.when(.correct(name, nil)).field == "/started_at")
            return
        }
        let cleared = try corrected.and(.correct(name, nil))
        #expect(cleared.incident.clocks[name] == before && cleared.incident.corrections == nil)
        #expect(cleared.when(.correct(name, nil)) == .nothing)
    }

    @Test func `durations follow, and what was approved has to be approved again`() throws {
        let given = try closed().and(.correct(.mitigated, clock("10:07")))
        #expect(given.incident.clocks.timeToMitigate == 420)
        #expect(given.incident.review?.status == .draft)
        #expect(given.incident.times.reviewedAt == clock("10:14"), "when it was reviewed stays")
        #expect(try closed().and(.correct(.closed, clock("10:20"))).incident.review?.status == .approved)
    }

    @Test func `a correction that would be out of order is refused, with the clocks beside it`() throws {
        let given = try closed()
        let refused = given.when(.correct(.acknowledged, clock("10:30")))
        #expect(refused.field == "/acknowledged_at")
        guard case .refused(let refusal) = refused else { return }
        #expect(
            refusal.description
                == "acknowledged 2026-11-22 10:30:00 UTC would be out of order; beside it: detected 2026-11-22 10:00:00 UTC, "
                + "assessed 2026-11-22 10:06:00 UTC. Correct these in the same call if they are wrong, too.")
        #expect(given.when(.correct(.detected, clock("09:59"))).field == "/detected_at", "before the start")
        let both = TimesCorrection(
            [
                TimesCorrection.Statement(.acknowledged, clock("10:12")),
                TimesCorrection.Statement(.assessed, clock("10:13")),
            ], reason: "both")
        #expect(given.when(.correctTimes(both)).isAccepted, "together they are in order")
    }

    @Test func `what is out of order by facts does not stop another correction`() throws {
        let early = ComponentImpact(
            component: "feed", impact: .degraded, startedAt: clock("09:00"), endedAt: clock("09:30"))
        let given = try Given(.setImpact(early), .acknowledge).later("11:00")
        #expect(given.incident.warnings.isEmpty == false)
        #expect(given.when(.correct(.acknowledged, clock("10:30"))).isAccepted)
        #expect(given.when(.correct(.restored, clock("10:30"))).isAccepted)
        let start = try given.and(.correct(.started, clock("08:50")))
        #expect(start.incident.warnings == [])
        #expect(start.incident.clocks.timeToRestore == 2400)
    }

    @Test func `the future, what was not reached, and what is at another end are refused`() throws {
        let given = try Given().later("11:00")
        #expect(given.when(.correct(.mitigated, clock("11:01"))).field == "/mitigated_at")
        #expect(given.when(.correct(.closed, clock("10:30"))).field == "/closed_at")
        #expect(given.when(.correct(.reviewed, clock("10:30"))).field == "/reviewed_at")
        #expect(given.when(.correctTimes(TimesCorrection([], reason: "none"))).field == "")
        #expect(given.when(.correct(.mitigated, clock("10:30"))).isAccepted, "what a person says is known")
        #expect(try Given.incident(in: .dismissed).when(.correct(.detected, clock("10:00"))).code == "wrong-phase")
    }

    @Test func `going back forgets the corrections of what is measured anew`() throws {
        let given = try closed().and(.correct(.mitigated, clock("10:07")), .correct(.detected, clock("10:00:30")))
        let back = try given.and(.revert(to: .mitigate, reason: "again"))
        #expect(back.incident.corrections?.map(\.clock) == [.detected])
        #expect(back.incident.earlierClocks?.first?.measured.mitigatedAt == clock("10:07"))
    }

    @Test func `a start that is amended is no longer the corrected one`() throws {
        let given = try Given().later("11:00").and(.correct(.started, clock("09:30")))
            .and(.amend(IncidentAmendment(startedAt: clock("09:20"))))
        #expect(given.incident.clocks.startedAt == clock("09:20") && given.incident.corrections == nil)
    }

    @Test func `the review shows what was corrected, by whom and why, and what is odd`() throws {
        let given = try closed().and([.correct(.mitigated, clock("10:07"))], by: .rita)
        let document = ReviewDraft.make(
            for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy, now: given.now)
        let text = try #require(document.section("durations")?.markdown)
        #expect(text.contains("mitigated (corrected)"))
        #expect(
            text.contains(
                "Rita: After closing: Mitigated corrected to 2026-11-22 10:07:00 UTC (was 2026-11-22 10:11:00 UTC). "
                    + "Reason: the graphs say so."))
    }

    @Test func `a correction can be taken back, also where the facts are out of order`() throws {
        let given = try Given(opening: OpenIncident(title: "t", startedAt: clock("09:00")))
            .and([.acknowledge], at: clock("09:30"))
        #expect(given.incident.warnings.map(\.code) == [.clocksOutOfOrder])
        func detected(_ moment: Timestamp?) -> IncidentCommand {
            .correctTimes(TimesCorrection([TimesCorrection.Statement(.detected, moment)], reason: "the graphs"))
        }
        let corrected = try given.and(detected(clock("09:20")))
        #expect(corrected.incident.warnings.isEmpty)
        #expect(PhaseSpan.visits(in: corrected.timeline, of: corrected.incident)[0].startedAt == clock("09:20"))
        let back = try corrected.and(detected(nil))
        #expect(back.incident.clocks.detectedAt == Given.start)
        #expect(corrected.when(detected(clock("09:50"))).code == "invalid-value")
    }
}
