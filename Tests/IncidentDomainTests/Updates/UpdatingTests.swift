import Testing

@testable import IncidentDomain

/// The life of an update: drafted, approved by another, published at once or at its time, withdrawn, corrected.
struct UpdatingTests {
    private static let content = UpdateContent(audience: .users, body: "Videos do not play.")
    private static let policy = UpdatePolicy(
        everyMinutes: [.sev1: 30, .sev2: 60], approval: [.sev1: [.users, .regulators], nil: [.regulators]])

    private static let draft = IncidentCommand.draftUpdate(UpdateRequest(content))

    private static func approve(_ id: Int = 1, revision: Int = 1) -> IncidentCommand {
        .changeUpdate(id: id, .approve(revision: revision))
    }

    private static func publish(_ id: Int = 1, at moment: Timestamp? = nil) -> IncidentCommand {
        .changeUpdate(id: id, .publish(at: moment))
    }

    /// A sev1 incident at 10:02, in which updates to users take a second person.
    private static func strict(_ commands: IncidentCommand...) throws -> Given {
        try Given(updates: policy).and([.amend(IncidentAmendment(severity: .sev1))] + commands)
    }

    private static let nadia = Principal(id: "4", name: "Nadia", role: .commander)

    // MARK: Posting

    @Test func `what is posted is numbered, and says for whom it is, in which language, and when the next one is due`()
        throws
    {
        let given = try Given(updates: Self.policy).and(.amend(IncidentAmendment(severity: .sev2)))
        var event = UpdatePosted(Self.content, id: 1, nextUpdateAt: clock("11:02"))
        #expect(given.when(.postUpdate(Self.content)) == .events([event]))
        #expect(event.isPublic == true && event.language == "en")
        let told = try given.and(.postUpdate(Self.content))
        #expect(told.incident.updates == 1)
        #expect(told.incident.nextUpdateDueAt == clock("11:02"))
        event.id = 2
        event.nextUpdateAt = clock("10:20")
        var promising = Self.content
        promising.nextUpdateAt = clock("10:20")
        #expect(told.when(.postUpdate(promising)) == .events([event]))
    }

    @Test func `staff and regulators are told in private`() throws {
        let given = try Given()
        for audience in [UpdateAudience.staff, .regulators] {
            let content = UpdateContent(audience: audience, isPublic: true, body: "b")
            #expect(given.when(.postUpdate(content)).field == "/public")
            #expect(!UpdateContent(audience: audience, body: "b").isPublic)
        }
        #expect(given.when(.postUpdate(UpdateContent(audience: .users, isPublic: false, body: "b"))).isAccepted)
    }

    @Test func `a promise in the past is refused`() throws {
        var content = Self.content
        content.nextUpdateAt = clock("09:00")
        #expect(try Given().when(.postUpdate(content)).field == "/next_update_at")
    }

    @Test func `the words of earlier releases name an audience`() {
        #expect(UpdateAudience(word: "internal") == .staff)
        #expect(UpdateAudience(word: "public") == .users)
        #expect(UpdateAudience(word: "creators") == .creators)
        #expect(UpdateAudience(word: "everybody") == nil)
    }

    // MARK: Approval

    @Test func `where the policy wants a second person, nobody posts directly`() throws {
        let given = try Self.strict()
        #expect(
            given.when(.postUpdate(Self.content))
                == .refused(.approvalRequired(audience: .users, update: nil)))
        #expect(given.when(.postUpdate(UpdateContent(audience: .creators, body: "b"))).isAccepted)
        let calm = try Given(updates: Self.policy)
        #expect(calm.when(.postUpdate(Self.content)).isAccepted, "the default list holds without a severity")
        #expect(
            calm.when(.postUpdate(UpdateContent(audience: .regulators, body: "b"))).code == "approval-required")
    }

    @Test func `the author cannot approve, and neither can whoever wrote on it`() throws {
        let given = try Self.strict().and(Self.draft)
        #expect(given.when(Self.approve()).code == "update-state")
        #expect(given.when(Self.approve(), by: .rita).code == "role-required")
        #expect(given.when(Self.approve(), by: Self.nadia) == .events([UpdateApproved(id: 1, revision: 1)]))
        let changed = try given.and(
            [.changeUpdate(id: 1, .revise(UpdatePatch(body: "No video plays.")))], by: Self.nadia)
        #expect(changed.when(Self.approve(revision: 2), by: Self.nadia).code == "update-state")
        #expect(changed.when(Self.approve(revision: 2)).code == "update-state", "the first author stays one")
    }

    @Test func `nobody approves a text that changed meanwhile`() throws {
        let given = try Self.strict().and(Self.draft).and(
            .changeUpdate(id: 1, .revise(UpdatePatch(body: "No video plays."))))
        #expect(given.when(Self.approve(), by: Self.nadia).code == "update-state")
        #expect(given.when(Self.approve(revision: 2), by: Self.nadia).isAccepted)
    }

    @Test func `a change takes the approval back`() throws {
        let approved = try Self.strict().and(Self.draft).and([Self.approve()], by: Self.nadia)
        #expect(approved.when(Self.publish()).isAccepted)
        #expect(approved.when(Self.approve(), by: Self.nadia) == .nothing)
        let changed = try approved.and(.changeUpdate(id: 1, .revise(UpdatePatch(body: "No video plays."))))
        #expect(changed.when(Self.publish()) == .refused(.approvalRequired(audience: .users, update: 1)))
        #expect(changed.when(.changeUpdate(id: 1, .revise(UpdatePatch(body: "No video plays.")))) == .nothing)
    }

    @Test func `what is approved is published once`() throws {
        let given = try Self.strict().and(Self.draft)
        #expect(given.when(Self.publish()).code == "approval-required")
        let approved = try given.and([Self.approve()], by: Self.nadia)
        let published = try approved.and(Self.publish())
        #expect(published.incident.updates == 1 && published.incident.communication?.drafts == [])
        #expect(published.when(Self.publish()) == .nothing)
        #expect(published.when(.changeUpdate(id: 1, .withdraw(reason: nil))).code == "update-state")
        #expect(published.when(Self.approve(), by: Self.nadia).code == "update-state")
    }

    @Test func `lowering the severity for a moment is no way around the second person`() throws {
        func amend(_ severity: Severity) -> IncidentCommand { .amend(IncidentAmendment(severity: severity)) }
        let drafted = try Self.strict().and(Self.draft)
        let lowered = try drafted.and(amend(.sev3))
        #expect(
            lowered.incident.communication?.approval?.audiences == [.users],
            "the default list asks for regulators at both")
        #expect(lowered.when(Self.publish()) == .refused(.approvalRequired(audience: .users, update: 1)))
        #expect(lowered.when(.postUpdate(Self.content)).code == "approval-required")
        #expect(lowered.when(Self.approve(), by: Self.nadia).isAccepted)
        let twice = try lowered.and(amend(.sev4))
        #expect(twice.when(.postUpdate(Self.content)).code == "approval-required", "also in two steps")
        let changed = try lowered.and(.changeUpdate(id: 1, .revise(UpdatePatch(body: "No video plays."))))
        let later = changed.later("11:30")
        #expect(later.when(Self.publish()).code == "approval-required", "a draft of before waits on")
        #expect(later.when(.postUpdate(Self.content)).isAccepted, "after an hour it was no moment")
        #expect(try later.and(amend(.sev1), amend(.sev2)).when(.postUpdate(Self.content)).code == "approval-required")
        let first = try Given(updates: UpdatePolicy(approval: [nil: [.users], .sev3: []])).and(amend(.sev3))
        #expect(first.when(.postUpdate(Self.content)).isAccepted, "a first severity lowers nothing")
        #expect(try Self.strict(amend(.sev2), amend(.sev1)).incident.communication?.approval == nil)
    }

    // MARK: At a time

    @Test func `the daemon publishes at the time, on behalf of who may`() throws {
        let given = try Given().and(.draftUpdate(UpdateRequest(Self.content, publishAt: clock("10:30"))))
        #expect(given.incident.nextDeadline == clock("10:30"))
        let early = given.when(.deadlinePassed, by: .daemon, at: clock("10:02"))
        #expect(early == .nothing)
        let late = given.later("10:31")
        let event = UpdatePosted(Self.content, id: 1)
        #expect(late.when(.deadlinePassed, by: .daemon, at: clock("10:30")) == .events([event]))
        let done = try late.and([.deadlinePassed], by: .daemon, at: clock("10:30"))
        #expect(done.when(.deadlinePassed, by: .daemon) == .nothing)
        #expect(done.incident.nextDeadline == nil)
    }

    @Test func `nothing goes out that nobody approved, and that is said once`() throws {
        let given = try Self.strict().and(.draftUpdate(UpdateRequest(Self.content, publishAt: clock("10:10"))))
            .later("10:12")
        #expect(
            given.when(.deadlinePassed, by: .daemon, at: clock("10:10"))
                == .events([UpdateHeld(id: 1, why: .notApproved)]))
        let held = try given.and([.deadlinePassed], by: .daemon, at: clock("10:10"))
        #expect(held.when(.deadlinePassed, by: .daemon) == .nothing)
        let approved = try held.and([Self.approve()], by: Self.nadia)
        #expect(approved.when(.deadlinePassed, by: .daemon) == .nothing, "a text that is late waits for a person")
        #expect(approved.when(Self.publish()).isAccepted)
    }

    @Test func `a responder's time counts only with an approval`() throws {
        let timed = IncidentCommand.draftUpdate(UpdateRequest(Self.content, publishAt: clock("10:10")))
        #expect(try Given().when(timed, by: .rita).code == "role-required", "nobody else would look at it")
        let strict = try Self.strict().and([timed], by: .rita)
        let calm = try strict.and(.amend(IncidentAmendment(severity: .sev4))).later("10:12")
        #expect(
            calm.when(.deadlinePassed, by: .daemon, at: clock("10:10"))
                == .events([UpdateHeld(id: 1, why: .notApproved)]))
        let approved = try strict.and([Self.approve()]).later("10:12")
        #expect(
            approved.when(.deadlinePassed, by: .daemon, at: clock("10:10"))
                == .events([UpdatePosted(Self.content, id: 1, nextUpdateAt: clock("10:42"))]))
    }

    @Test func `a time is ahead, and not for ever`() throws {
        let given = try Given(Self.draft)
        #expect(given.when(Self.publish(at: clock("10:00"))).field == "/publish_at")
        #expect(given.when(Self.publish(at: clock("10:00").adding(seconds: 40 * 86_400))).field == "/publish_at")
        let timed = try given.and(Self.publish(at: clock("11:00")))
        #expect(timed.when(Self.publish(at: clock("11:00"))) == .nothing)
        #expect(timed.when(Self.publish()).isAccepted, "now is earlier than planned")
    }

    @Test func `what was planned before the end is not published after a reopening`() throws {
        let given = try Given.incident(in: .review).and(
            .draftUpdate(UpdateRequest(Self.content, publishAt: clock("23:00")))
        ).and(.force("closed")).and(.revert(to: .mitigate, reason: "again"))
        #expect(given.incident.phase == .mitigate)
        #expect(given.incident.communication?.drafts.map(\.publishAt) == [nil])
    }

    @Test func `a redacted text is not published`() throws {
        let given = try Given(
            .draftUpdate(
                UpdateRequest(
                    UpdateContent(audience: .users, body: IncidentEvent.redactedText), publishAt: clock("10:10")))
        ).later("10:12")
        #expect(given.when(Self.publish()).code == "update-state")
        #expect(
            given.when(.deadlinePassed, by: .daemon, at: clock("10:10"))
                == .events([UpdateHeld(id: 1, why: .redacted)]))
    }

    // MARK: Withdrawing and correcting

    @Test func `a draft is withdrawn, and stays so`() throws {
        let given = try Given(Self.draft, .changeUpdate(id: 1, .withdraw(reason: "over")))
        #expect(given.incident.communication?.drafts == [])
        #expect(given.when(.changeUpdate(id: 1, .withdraw(reason: nil))) == .nothing)
        #expect(given.when(Self.publish()).code == "update-state")
        #expect(given.when(Self.publish(7)).code == "not-found")
    }

    @Test func `a correction says when the update was really published`() throws {
        let given = try Given(.postUpdate(Self.content)).later("10:40")
        func correct(_ moment: Timestamp) -> IncidentCommand {
            .changeUpdate(
                id: 1, .correct(UpdatePatch(body: "No video plays."), reason: "sent earlier", publishedAt: moment))
        }
        let updates = UpdateHistory.make(try given.and(correct(clock("10:01"))).timeline)
        #expect(updates[0].versions.map(\.publishedAt) == [clock("10:01"), clock("10:40")])
        #expect(given.when(correct(clock("10:41"))).field == "/published_at")
    }

    @Test func `an end that is expected lies ahead of the update`() throws {
        func post(_ eta: String) -> IncidentCommand {
            .postUpdate(UpdateContent(audience: .users, body: "Soon.", eta: clock(eta)))
        }
        let given = try Given().later("11:00")
        #expect(given.when(post("11:00")).field == "/eta" && given.when(post("10:59")).field == "/eta")
        #expect(given.when(post("11:01")).isAccepted)
        #expect(try given.and(post("10:45"), at: clock("10:40")).incident.communication?.published.count == 1)
    }

    @Test func `a correction says whom the update was for, and makes nothing public by that alone`() throws {
        let given = try Given(.postUpdate(Self.content))
        func correct(_ audience: UpdateAudience) -> IncidentCommand {
            .changeUpdate(id: 1, .correct(UpdatePatch(body: "Videos do not play.", audience: audience), reason: nil))
        }
        let staff = try given.and(correct(.staff))
        #expect(staff.incident.communication?.published.map(\.audience) == [.staff])
        #expect(staff.incident.communication?.published.map(\.isPublic) == [false])
        #expect(UpdateHistory.make(staff.timeline).map(\.audience) == ["staff"])
        #expect(try staff.and(correct(.users)).incident.communication?.published.map(\.isPublic) == [false])
        #expect(given.when(correct(.staff), by: .rita).code == "role-required")
    }

    @Test func `a correction is a new revision, also when all is over`() throws {
        let given = try Given(.postUpdate(Self.content))
        let correct = IncidentCommand.changeUpdate(
            id: 1, .correct(UpdatePatch(body: "No video plays."), reason: "wrong"))
        let content = UpdateContent(audience: .users, body: "No video plays.")
        #expect(
            given.when(correct)
                == .events([UpdateCorrected(id: 1, revision: 2, content: content, reason: "wrong")]))
        #expect(given.when(correct, by: .rita).code == "role-required")
        let twice = try given.and(correct, correct)
        #expect(twice.incident.communication?.published.map(\.revision) == [3])
        #expect(twice.incident.updates == 1)
        #expect(try Given.incident(in: .closed).when(correct).code == "not-found")
        let closed = try Given.incident(in: .review).and(.postUpdate(Self.content), .force("closed"))
        #expect(closed.incident.phase == .closed && closed.when(correct).isAccepted)
    }

    @Test func `a correction takes a second person where the update does`() throws {
        let given = try Given(.postUpdate(Self.content), updates: Self.policy).and(
            .amend(IncidentAmendment(severity: .sev1)))
        let text = UpdatePatch(body: "No video plays.")
        #expect(given.when(.changeUpdate(id: 1, .correct(text, reason: nil))).code == "approval-required")
        let other = UpdateRequest(UpdateContent(audience: .staff, body: "b"), corrects: 1)
        #expect(given.when(.draftUpdate(other)).field == "/audience")
        let content = UpdateContent(audience: .users, body: "No video plays.")
        let published = try given.and(.draftUpdate(UpdateRequest(content, corrects: 1)))
            .and([Self.approve(2)], by: Self.nadia).and(Self.publish(2))
        #expect(published.incident.communication?.published.map(\.revision) == [2])
        #expect(published.incident.updates == 1, "it is the same update")
        #expect(published.when(Self.publish(2)) == .nothing)
        #expect(published.when(.changeUpdate(id: 2, .withdraw(reason: nil))).code == "update-state")
    }

    @Test func `two corrections at the same time come one after the other`() throws {
        let later = UpdateRequest(Self.content, publishAt: clock("10:30"), corrects: 1)
        let given = try Given(.postUpdate(Self.content), .draftUpdate(later), .draftUpdate(later)).later("10:31")
        let first = try given.and([.deadlinePassed], by: .daemon, at: clock("10:30"))
        let second = try first.and([.deadlinePassed], by: .daemon, at: clock("10:30"))
        #expect(second.incident.communication?.published.map(\.revision) == [3])
    }

    @Test func `drafts and corrections have an end`() throws {
        let full = try Given().and((1...IncidentLimits.drafts).map { _ in Self.draft })
        #expect(full.when(Self.draft).field == "")
        let text = UpdatePatch(body: "c")
        let corrected = try Given(.postUpdate(Self.content)).and(
            (2...IncidentLimits.updateRevisions).map { _ in .changeUpdate(id: 1, .correct(text, reason: nil)) })
        #expect(corrected.when(.changeUpdate(id: 1, .correct(text, reason: nil))).code == "update-state")
    }

    @Test func `what an earlier release posted counts, and cannot be corrected`() throws {
        let old = Given.record(
            [
                IncidentOpened(title: "t", startedAt: Given.start, labels: [:], origin: "person"),
                UpdatePosted(audience: "status page", body: "old", eta: clock("12:00")),
            ], after: 0, by: .carla, at: Given.start, recordedAt: Given.start)
        let incident = try #require(Given.replay(old))
        #expect(incident.updates == 1 && incident.eta == clock("12:00") && incident.communication == nil)
        let facts = DecisionFacts(
            principal: .carla, now: clock("10:05"), policy: PhasePolicy(), graph: .empty, soak: SoakPolicy())
        let events = try Incident.decide(.postUpdate(Self.content), on: incident, facts: facts)
        #expect((events[0] as? UpdatePosted)?.id == 2)
        #expect(throws: IncidentRefusal.self) {
            try Incident.decide(
                .changeUpdate(id: 1, .correct(UpdatePatch(body: "b"), reason: nil)), on: incident, facts: facts)
        }
    }

    @Test(arguments: [
        ("en", "en"), ("EN", "en"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"),
    ]) func `languages are written as they usually are`(_ text: String, _ tag: String) {
        #expect(LanguageTag.read(text) == tag)
    }

    @Test(arguments: ["", "e", "english language", "en_US", "-en", "en-", "en--US", "123", "äö"])
    func `what is no language is none`(_ text: String) {
        #expect(LanguageTag.read(text) == nil)
    }

    // MARK: Expected ends that are taken back

    @Test func `an expected end is taken back, and another one counts again`() throws {
        let given = try Given(.setEta(clock("12:00"), reason: "the vendor says so"))
        let withdraw = IncidentCommand.withdrawEta(reason: "nobody knows")
        #expect(try Given().when(withdraw) == .nothing)
        #expect(given.when(withdraw) == .events([EtaWithdrawn(previous: clock("12:00"), reason: "nobody knows")]))
        let withdrawn = try given.and(withdraw)
        #expect(withdrawn.incident.eta == nil && withdrawn.when(withdraw) == .nothing)
        let said = try #require(withdrawn.incident.communication?.etas.last)
        #expect(said.eta == clock("12:00") && said.withdrawn?.reason == "nobody knows" && said.withdrawn?.by == "Carla")
        let again = try withdrawn.and(.setEta(clock("12:00"), reason: "it does after all"))
        #expect(again.incident.eta == clock("12:00") && again.incident.communication?.etas.count == 2)
    }

    @Test func `the plan is not followed any more when its time was taken back`() throws {
        let given = try Given.restoring("feed").and(.setEta(nil, reason: nil), .withdrawEta(reason: "it is wrong"))
        #expect(given.incident.eta == nil)
        let later = try given.later("11:00").and(.start("feed"))
        #expect(later.incident.eta == nil && later.incident.followedEta == nil)
    }

    @Test func `a correction keeps the expected end unless it takes it back`() throws {
        let content = UpdateContent(audience: .users, body: "Videos do not play.", eta: clock("12:00"))
        let given = try Given(.postUpdate(content))
        func correct(_ patch: UpdatePatch) -> IncidentCommand {
            .changeUpdate(id: 1, .correct(patch, reason: nil))
        }
        let kept = try given.and(correct(UpdatePatch(body: "No video plays.")))
        #expect(kept.incident.eta == clock("12:00") && kept.incident.communication?.published[0].eta == clock("12:00"))
        // A corrected word brings no time back that was taken back since.
        let back = try given.and(.withdrawEta(reason: "nobody knows"), correct(UpdatePatch(body: "No video plays.")))
        #expect(back.incident.eta == nil)
        let draft = UpdateRequest(UpdateContent(audience: .users, body: "b"), corrects: 1)
        let drafted = try given.and(.draftUpdate(draft), .changeUpdate(id: 2, .publish(at: nil)))
        #expect(drafted.incident.eta == clock("12:00"))
        let gone = try kept.and(correct(UpdatePatch(body: "No video plays.", cleared: [.eta])))
        #expect(gone.incident.eta == nil && gone.incident.communication?.etas.last?.withdrawn != nil)
        #expect(UpdateHistory.make(gone.timeline)[0].versions.map(\.eta) == [clock("12:00"), clock("12:00"), nil])
        let other = try given.and(
            .setEta(clock("13:00"), reason: "longer"), correct(UpdatePatch(body: "b", cleared: [.eta])))
        #expect(other.incident.eta == clock("13:00"))
    }

    @Test func `times are taken out of drafts`() throws {
        let content = UpdateContent(
            audience: .staff, body: "b", eta: clock("12:00"), nextUpdateAt: clock("11:00"))
        let given = try Given(.draftUpdate(UpdateRequest(content, publishAt: clock("10:30"))))
        let revised = try given.and(
            .changeUpdate(id: 1, .revise(UpdatePatch(cleared: [.eta, .nextUpdateAt, .publishAt]))))
        let draft = try #require(revised.incident.communication?.drafts.first)
        #expect(draft.content.eta == nil && draft.content.nextUpdateAt == nil && draft.publishAt == nil)
    }

    @Test func `an expected end that is entered late is history`() throws {
        let given = try Given().later("10:30").and(.setEta(clock("12:00"), reason: "the vendor says so"))
        let late = try given.and([.setEta(clock("11:30"), reason: "a guess")], at: clock("10:10"))
        #expect(late.incident.eta == clock("12:00"))
        #expect(late.incident.communication?.etas.map(\.eta) == [clock("11:30"), clock("12:00")])
        let told = UpdateContent(audience: .staff, body: "We are on it.", eta: clock("11:40"))
        #expect(try late.and([.postUpdate(told)], at: clock("10:20")).incident.eta == clock("12:00"))
        #expect(late.when(.withdrawEta(reason: "a guess"), at: clock("10:05")).field == "/occurred_at")
        #expect(try late.and(.withdrawEta(reason: "a guess"), at: clock("10:20")).incident.eta == clock("12:00"))
        #expect(try late.and(.withdrawEta(reason: "nobody knows")).incident.eta == nil)
    }
}
