import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Entries that are right but for their time, and advances, ends and approvals that were none.
@Suite struct CorrectingEntriesTests {
    private func entry<Event: TimelineEvent>(_ type: Event.Type, in given: Given) throws -> RecordedEvent {
        try #require(given.timeline.last { $0.event.as(type) != nil })
    }

    private func strike<Event: TimelineEvent>(_ type: Event.Type, in given: Given) throws -> IncidentCommand {
        let entry = try entry(type, in: given)
        return .strike(entry.sequence, entry.event, reason: "a slip")
    }

    private func move<Event: TimelineEvent>(_ type: Event.Type, to time: String, in given: Given) throws
        -> IncidentCommand
    {
        let entry = try entry(type, in: given)
        return .correctEntryTime(entry.sequence, entry, clock(time), reason: "the log says so")
    }

    private func review(_ given: Given) -> ReviewDocument {
        ReviewDraft.make(
            for: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy, now: given.now)
    }

    private func visits(_ given: Given) -> [String] {
        PhaseSpan.visits(in: given.timeline, of: given.incident).map { visit in
            let times = [visit.startedAt, visit.endedAt].map { $0.map { "\($0)".dropFirst(11).prefix(5) } ?? "now" }
            return "\(visit.phase.rawValue) \(times[0]) \(times[1])"
        }
    }

    // MARK: Times

    @Test func `a note with a wrong time stands in the review where it belongs`() throws {
        let noted = try Given().later("12:00").and(.addNote(text: "the disk was full", key: true))
        let right = try noted.and(move(NoteAdded.self, to: "10:20", in: noted))
        let text = try #require(review(right).section("timeline")?.markdown)
        #expect(text.contains("10:20") && text.contains("(time corrected, was 2026-11-22 12:00:00)"), "\(text)")
        let kept = try #require(right.timeline.last?.event.as(EntryTimeCorrected.self))
        #expect(kept.previous == clock("12:00") && kept.happenedAt == clock("10:20"))
        #expect(right.when(try move(NoteAdded.self, to: "10:20", in: noted)) == .nothing, "it holds already")
        #expect(right.timeline.map(\.sequence) == Array(1...right.incident.version), "no entry is changed")
    }

    @Test func `a corrected time is taken back, and the entry has its own again`() throws {
        let late = try Given().later("11:00").and(.force()).later("11:30").and(.set(.sev2)).and(.force())
        let moved = try late.later("12:00").and(move(PhaseEntered.self, to: "11:10", in: late))
        let entry = try entry(PhaseEntered.self, in: late)
        let back = try moved.and(.correctEntryTime(entry.sequence, entry, nil, reason: "it was right"))
        #expect(back.incident.entryTimes == [:])
        #expect(visits(back) == visits(late) && visits(moved) != visits(late))
        #expect(back.incident.clocks == late.incident.clocks)
        let kept = try #require(back.timeline.last?.event.as(EntryTimeCorrected.self))
        #expect(kept.restores == true && kept.happenedAt == entry.occurredAt && kept.previous == clock("11:10"))
        #expect(back.when(.correctEntryTime(entry.sequence, entry, nil, reason: "r")) == .nothing)
        let text = try #require(review(back).section("timeline")?.markdown)
        #expect(!text.contains("time corrected"), "\(text)")
    }

    @Test func `steps and mitigations stand in the review at the times to which they were corrected`() throws {
        let given = try Given.restoring("feed").later("11:00").and(.start("feed")).later("11:30").and(.verify("feed"))
        let step = IncidentCommand.correctStep(
            component: "feed", startedAt: clock("10:40"), restoredAt: nil, reason: "entered late")
        let done = try given.later("12:00").and(.mitigate(.succeeded)).later("12:30")
        let id = try #require(done.incident.mitigations.last?.id)
        let right = try done.and(step, .changeMitigation(id: id, MitigationPatch(endedAt: clock("11:45"))))
        guard case .table(_, let rows, _)? = review(right).wholeTimeline.first else {
            Issue.record("no table: \(review(right).wholeTimeline)")
            return
        }
        let told = rows.map { DocumentMarkdown.render([.table(head: [], rows: [$0])]) }
        for (time, before) in [("10:40", "11:00"), ("11:45", "12:00")] {
            let isTold = told.contains { row in
                row.contains(" \(time):") && row.contains("(time corrected, was 2026-11-22 \(before):")
            }
            #expect(isTold, "\(time): \(told)")
        }
    }

    @Test func `an approval that does not hold any more says so`() throws {
        let approved = try Given.incident(in: .closed)
        let told = { (given: Given) in review(given).section("timeline")?.markdown ?? "" }
        #expect(!told(approved).contains("The review was changed since."))
        let changed = try approved.and(.revert(to: .mitigate, reason: "not yet"))
        #expect(told(changed).contains("The review was changed since."), "\(told(changed))")
    }

    @Test func `by whom it was noticed has another time, and the clock follows`() throws {
        let opening = OpenIncident(title: "Feed is slow", startedAt: clock("09:00"))
        let fact = IncidentFact(kind: .report, text: "a customer rang", detection: .detected)
        let told = try Given(opening: opening).and(.addFact(fact), at: clock("09:30"))
        #expect(told.incident.clocks.detectedAt == clock("09:30"))
        let right = try told.and(move(FactAdded.self, to: "09:40", in: told))
        #expect(right.incident.clocks.detectedAt == clock("09:40"))
    }

    @Test func `an advance that was entered late gets its time, and the phases and clocks follow`() throws {
        let late = try Given().later("11:00").and(.force(), .set(.sev2), .force())
        #expect(late.incident.clocks.acknowledgedAt == clock("11:00"))
        let first = try #require(late.timeline.first { $0.event.as(PhaseEntered.self) != nil })
        let seen = try late.later("12:00").and(
            .correctEntryTime(first.sequence, first, clock("10:20"), reason: "seen then"))
        #expect(seen.incident.clocks.acknowledgedAt == clock("10:20"))
        #expect(visits(seen) == ["detect 10:00 10:20", "assess 10:20 11:02", "mitigate 11:02 now"])
        let assessed = try seen.and(move(PhaseEntered.self, to: "10:40", in: seen))
        #expect(assessed.incident.clocks.assessedAt == clock("10:40"))
        #expect(visits(assessed) == ["detect 10:00 10:20", "assess 10:20 10:40", "mitigate 10:40 now"])
    }

    @Test func `the moment of closing is corrected, and that of a second closing is not the first`() throws {
        let closed = try Given.incident(in: .closed)
        let at = try #require(closed.incident.clocks.closedAt)
        let entry = try entry(PhaseEntered.self, in: closed)
        let later = at.adding(seconds: 600)
        let moved = try closed.later("18:00").and(.correctEntryTime(entry.sequence, entry, later, reason: "the log"))
        #expect(moved.incident.clocks.closedAt == later)
        let again = try closed.and(.revert(to: .review, reason: "a word"), .approveReview(sections: []), .advance)
        let moment = clock("17:00")
        let second = try again.later("18:00").and(move(PhaseEntered.self, to: "17:00", in: again))
        #expect(second.incident.clocks.closedAt == at && second.incident.phaseEntries?[.closed]?.at == moment)
    }

    @Test func `times are refused that cannot be, and of entries that have calls of their own`() throws {
        let given = try Given().and(.note("x"), .force(), .set(.sev2))
        #expect(given.when(try move(NoteAdded.self, to: "23:00", in: given)).field == "/happened_at")
        #expect(given.when(try move(PhaseEntered.self, to: "09:00", in: given)).field == "/happened_at")
        #expect(given.when(try move(NoteAdded.self, to: "09:00", in: given)).isAccepted, "notes may be of before")
        let refused = given.when(try move(SeveritySet.self, to: "10:01", in: given))
        #expect(refused.detail?.contains("PATCH /v1/incidents/42") == true)
        #expect(given.when(.correctEntryTime(99, nil, clock("10:01"), reason: "r")).code == "not-found")
        let struck = try given.and(strike(NoteAdded.self, in: given))
        #expect(struck.when(try move(NoteAdded.self, to: "10:01", in: given)).code == "invalid-value")
        let deploy = IncidentFact(kind: .change, text: "deploy", until: clock("10:30"))
        let span = try given.later("12:00").and(.addFact(deploy), at: clock("10:10"))
        #expect(span.when(try move(FactAdded.self, to: "11:00", in: span)).field == "/happened_at")
    }

    // MARK: Phases

    @Test func `an advance by mistake is struck out once somebody went back`() throws {
        let wrong = try Given().later("10:10").and(.force()).later("10:20").and(.force())
        #expect(wrong.when(try strike(PhaseEntered.self, in: wrong)).detail?.contains("/revert") == true)
        let back = try wrong.and(.revert(to: .assess, reason: "another incident"))
        #expect(
            visits(back) == ["detect 10:00 10:10", "assess 10:10 10:20", "mitigate 10:20 10:21", "assess 10:21 now"])
        let struck = try back.and(strike(PhaseEntered.self, in: wrong))
        #expect(visits(struck) == ["detect 10:00 10:10", "assess 10:10 now"])
        let right = try struck.later("10:50").and(.force())
        #expect(visits(right) == ["detect 10:00 10:10", "assess 10:10 10:50", "mitigate 10:50 now"])
        #expect(right.incident.clocks.assessedAt == clock("10:50"))
        #expect(right.when(try strike(PhaseEntered.self, in: right)).code == "invalid-value", "it holds")
    }

    @Test func `a way back by mistake is struck out once somebody went on, and the old clocks hold`() throws {
        let mitigating = try Given.incident(in: .mitigate)
        let before = try #require(mitigating.incident.clocks.assessedAt)
        let wrong = try mitigating.later("11:00").and(.revert(to: .assess, reason: "wrong number"))
        #expect(wrong.when(try strike(PhaseReverted.self, in: wrong)).detail?.contains("/advance") == true)
        let on = try wrong.later("11:10").and(.technical).and(.force())
        let struck = try on.and(strike(PhaseReverted.self, in: on))
        #expect(struck.incident.clocks.assessedAt == before && struck.incident.earlierClocks == nil)
        #expect(visits(struck).map { $0.prefix(6) } == ["detect", "assess", "mitiga"])
        #expect(visits(struck).last?.hasSuffix("now") == true)
        let text = try #require(review(struck).section("timeline")?.markdown)
        #expect(text.contains("Struck out by Carla"))
    }

    @Test func `who went on again after a way back by mistake did so for nothing, and that is struck out too`() throws {
        let given = try Given.incident(in: .mitigate)
        let first = try #require(given.incident.phaseEntries?[.mitigate])
        let wrong = try given.later("11:00").and(.revert(to: .assess, reason: "wrong number"))
        let again = try wrong.later("11:10").and(.force())
        #expect(again.when(try strike(PhaseEntered.self, in: again)).code == "invalid-value", "it holds")
        let struck = try again.and(strike(PhaseReverted.self, in: wrong))
        #expect(struck.incident.phaseEntries?[.mitigate] == first)
        let both = try struck.and(strike(PhaseEntered.self, in: again))
        #expect(visits(both) == visits(given) && both.incident.clocks.assessedAt == given.incident.clocks.assessedAt)
        let times = try both.later("12:00").and(.mitigate(.succeeded)).and(.force())
        #expect(times.incident.phase == .restore)
    }

    @Test func `a wrong step and the way back from it are both struck out, and what was done then holds`() throws {
        let wrong = try Given().later("10:10").and(.force()).later("10:20").and(.force())
        let back = try wrong.later("10:25").and(.revert(to: .assess, reason: "wrong"))
        let right = try back.later("10:40").and(.force())
        let one = try right.and(strike(PhaseEntered.self, in: wrong), strike(PhaseReverted.self, in: back))
        #expect(visits(one) == ["detect 10:00 10:10", "assess 10:10 10:40", "mitigate 10:40 now"])
        let other = try right.and(strike(PhaseReverted.self, in: back), strike(PhaseEntered.self, in: wrong))
        #expect(visits(other) == visits(one))
    }

    @Test func `a way back from closed by mistake is struck out, and it was closed when it was closed first`() throws {
        let closed = try Given.incident(in: .closed)
        let first = closed.incident.clocks
        let wrong = try closed.later("12:00").and(.revert(to: .mitigate, reason: "wrong number"))
        let again = try wrong.and(.advance, .advance, .approveReview(sections: []), .advance)
        let struck = try again.and(strike(PhaseReverted.self, in: wrong))
        #expect(struck.incident.clocks.closedAt == first.closedAt)
        #expect(struck.incident.clocks.reviewedAt == first.reviewedAt)
        #expect(struck.incident.clocks.restoredAt == first.restoredAt)
    }

    @Test func `a phase cannot begin before the one before it`() throws {
        let given = try Given().later("10:10").and(.force()).later("10:20").and(.force()).later("12:00")
        let refused = given.when(try move(PhaseEntered.self, to: "10:05", in: given))
        #expect(refused.field == "/happened_at" && refused.detail?.contains("comes after it") == true)
        let first = try #require(given.timeline.first { $0.event.as(PhaseEntered.self) != nil })
        let late = given.when(.correctEntryTime(first.sequence, first, clock("10:30"), reason: "r"))
        #expect(late.field == "/happened_at" && late.detail?.contains("comes before it") == true)
    }

    // MARK: Expected ends

    private func said(_ eta: String, at time: String, in given: Given) throws -> Given {
        try given.later(time).and(.setEta(clock(eta), reason: "the vendor"))
    }

    @Test func `an expected end that was never meant is struck out once it holds no more`() throws {
        let wrong = try said("13:00", at: "10:10", in: Given())
        #expect(wrong.when(try strike(EtaSet.self, in: wrong)).detail?.contains("/eta") == true)
        let right = try said("14:00", at: "10:20", in: wrong)
        let struck = try right.and(strike(EtaSet.self, in: wrong))
        #expect(struck.incident.communication?.etas.map(\.eta) == [clock("14:00")])
        #expect(struck.incident.eta == clock("14:00"))
        let text = try #require(review(struck).section("communication")?.markdown)
        #expect(text.contains("14:00") && !text.contains("13:00"), "\(text)")
    }

    @Test func `one that was taken back by mistake was not`() throws {
        let taken = try said("13:00", at: "10:10", in: Given()).and(.withdrawEta(reason: "nobody knows"))
        #expect(taken.when(try strike(EtaWithdrawn.self, in: taken)).detail?.contains("/eta") == true)
        let again = try said("13:30", at: "10:20", in: taken)
        let struck = try again.and(strike(EtaWithdrawn.self, in: again))
        #expect(struck.incident.communication?.etas.map(\.holds) == [true, true])
        #expect(struck.incident.eta == clock("13:30"))
    }

    @Test func `a withdrawal that is entered late takes back what held then`() throws {
        let given = try said("13:30", at: "11:00", in: said("13:00", at: "10:10", in: Given()))
        let late = try given.later("11:30").and(.withdrawEta(reason: "it was a guess"), at: clock("10:30"))
        #expect(late.incident.communication?.etas.map(\.holds) == [false, true])
        #expect(late.incident.eta == clock("13:30"))
        #expect(late.timeline.last?.event.as(EtaWithdrawn.self)?.past == true)
        let refused = given.later("11:30").when(.withdrawEta(reason: "x"), at: clock("10:05"))
        #expect(refused.field == "/occurred_at" && refused.detail?.contains("No ETA held") == true)
    }

    @Test func `what is entered late was taken back by what was said later`() throws {
        let taken = try said("13:00", at: "10:10", in: Given()).later("10:30").and(.withdrawEta(reason: "nobody knows"))
        let late = try taken.later("11:00").and(.setEta(clock("14:00"), reason: "a guess"), at: clock("10:20"))
        #expect(late.incident.communication?.etas.map(\.holds) == [true, false])
        #expect(late.incident.eta == nil)
        let struck = try taken.and(strike(EtaSet.self, in: taken))
        #expect(struck.when(try strike(EtaWithdrawn.self, in: taken)).isAccepted, "it took back nothing")
        let both = try said("13:30", at: "10:20", in: said("13:00", at: "10:10", in: Given()))
        let unknown = try both.later("10:30").and(.withdrawEta(reason: "nobody knows"))
        #expect(try unknown.and(strike(EtaSet.self, in: unknown)).incident.eta == nil, "nobody says 13:00 again")
    }

    @Test func `what was expected is entered when it is over, and nothing new is expected then`() throws {
        let closed = try Given.incident(in: .closed).later("15:00")
        let told = try closed.and(.setEta(clock("10:30"), reason: "we said so"), at: clock("10:02"))
        #expect(told.incident.communication?.etas.map(\.eta) == [clock("10:30")])
        #expect(closed.when(.setEta(clock("16:00"), reason: "no")).code == "wrong-phase")
    }

    // MARK: Updates, mitigations, removals, clocks

    @Test func `an approval by mistake is struck out, and the draft waits for another one`() throws {
        let nadia = Principal(id: "9", name: "Nadia", role: .commander)
        let drafted = try Given(updates: UpdatePolicy(approval: [nil: [.users]])).and(
            .draftUpdate(UpdateRequest(UpdateContent(audience: .users, body: "b"))))
        let (approve, publish) = (
            IncidentCommand.changeUpdate(id: 1, .approve(revision: 1)),
            IncidentCommand.changeUpdate(id: 1, .publish(at: nil))
        )
        let approved = try drafted.and([approve], by: nadia)
        #expect(approved.when(publish).isAccepted)
        let struck = try approved.and(strike(UpdateApproved.self, in: approved))
        #expect(struck.when(publish).code == "approval-required")
    }

    @Test func `a mitigation that had not succeeded stops the harm no more`() throws {
        let wrong = try Given().and(.force("x"), .force("x"), .mitigate(.succeeded)).later("11:00")
        #expect(wrong.incident.clocks.mitigatedAt != nil)
        let failed = try wrong.and(
            .changeMitigation(id: 1, MitigationPatch(state: .failed, reason: "it was the other one")))
        #expect(failed.incident.clocks.mitigatedAt == nil)
        let ended = try failed.and(.changeMitigation(id: 1, MitigationPatch(endedAt: clock("10:30"))))
        let text = try #require(review(ended).section("mitigations")?.markdown)
        #expect(text.contains("failed 2026-11-22 10:30:00") && !text.contains("succeeded"), "\(text)")
    }

    @Test func `a removal that was a mistake is struck out once what it took is there again`() throws {
        let given = try Given(.hit("feed")).later("10:10").and(.assignRole(.commander, person: "Ron"))
        let role = try given.and(.removeRole(.commander, reason: nil))
        #expect(role.when(try strike(RoleRemoved.self, in: role)).code == "invalid-value")
        let again = try role.and(.assignRole(.commander, person: "Ron"))
        #expect(again.when(try strike(RoleRemoved.self, in: again)).isAccepted)
        let impact = try given.and(.removeImpact(component: "feed"))
        #expect(impact.when(try strike(ImpactRemoved.self, in: impact)).code == "invalid-value")
        let hit = try impact.and(.hit("feed"))
        #expect(hit.when(try strike(ImpactRemoved.self, in: hit)).isAccepted)
    }

    @Test func `a corrected clock is struck out once another one holds, and the review names only that`() throws {
        func correct(_ time: String) -> IncidentCommand {
            .correctTimes(
                TimesCorrection([TimesCorrection.Statement(.acknowledged, clock(time))], reason: "at \(time)"))
        }
        let wrong = try Given().and(.acknowledge).later("12:00").and(correct("10:30"))
        #expect(wrong.when(try strike(TimesCorrected.self, in: wrong)).detail?.contains("/times") == true)
        let right = try wrong.and(correct("10:40"))
        let struck = try right.and(strike(TimesCorrected.self, in: wrong))
        #expect(struck.incident.clocks.acknowledgedAt == clock("10:40"))
        let whole = review(struck).sections.map(\.markdown).joined(separator: "\n")
        #expect(whole.contains("at 10:40"))
        #expect(whole.components(separatedBy: "at 10:30").count == 2, "once, among what was struck out")
    }

    // MARK: Reviews

    @Test func `a written section goes back to what is generated`() throws {
        let written = try Given.incident(in: .review).and(
            .draftReview,
            .reviseReview(sections: [EditedSection(id: "summary", title: nil, markdown: "Wrong.")], status: nil))
        #expect(review(written).section("summary")?.markdown.contains("Wrong.") == true)
        let dropped = try written.and(.reviseReview(sections: [], status: nil, dropped: ["summary", "lessons"]))
        #expect(dropped.timeline.last?.event.as(ReviewRevised.self)?.dropped == ["summary"], "there was no other")
        let text = try #require(review(dropped).section("summary"))
        #expect(text.generated && !text.markdown.contains("Wrong."))
        #expect(dropped.when(.reviseReview(sections: [], status: nil, dropped: ["summary"])) == .nothing)
    }

    @Test func `every refusal to strike names a call`() throws {
        let given = try Given.incident(in: .closed)
        for event in EveryEvent.all {
            guard case .refused(let refusal) = given.when(.strike(1, event, reason: "r")) else { continue }
            #expect(refusal.description.contains("/v1/") || refusal.description.contains("call again"), "\(event.kind)")
        }
    }
}
