extension Incident {
    /// Something is published at once. Of what was posted twice, both stand: an update may say the same again.
    func postUpdate(_ content: UpdateContent, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        try checkPublisher(of: content, facts)
        try check(content, facts)
        if let eta = content.eta { try facts.checkNotPast(eta, field: "/eta") }
        try requireRoomForUpdate()
        guard !asksApproval(of: content.audience, facts.updates, at: facts.now) else {
            throw .approvalRequired(audience: content.audience, update: nil)
        }
        return [posted(content, as: lastUpdate + 1, facts)]
    }

    /// A text that waits for approval, for its time, or for somebody to publish it.
    func draftUpdate(_ request: UpdateRequest, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        let content = request.content
        if let id = request.corrects {
            let audience = try published(id).audience
            guard audience == content.audience else {
                throw .badValue(
                    field: "/audience",
                    detail: "Update \(id) went to \(audience.rawValue), and so does its correction.")
            }
            try requireRoomForCorrection(of: id)
        }
        try check(content, facts)
        try requireRoomForUpdate()
        try requireRoom(
            for: "drafts of updates", having: communication?.drafts.count ?? 0, atMost: IncidentLimits.drafts,
            instead: "publish or withdraw one")
        try checkTime(request.publishAt, of: content, facts)
        return [
            UpdateDrafted(
                id: lastUpdate + 1, revision: 1, content: content, publishAt: request.publishAt,
                template: request.template, corrects: request.corrects, released: released(content, facts),
                person: Self.person(facts))
        ]
    }

    func changeUpdate(
        _ id: Int, _ change: UpdateChange, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        switch change {
        case .revise(let patch): try reviseUpdate(id, patch, facts)
        case .approve(let revision): try approveUpdate(id, revision: revision, facts)
        case .publish(let moment): try publishUpdate(id, at: moment, facts)
        case .withdraw(let reason): try withdrawUpdate(id, reason: reason)
        case .correct(let patch, let reason, let moment):
            try correctUpdate(id, patch, reason: reason, publishedAt: moment, facts)
        }
    }

    // MARK: Drafts

    private func reviseUpdate(
        _ id: Int, _ patch: UpdatePatch, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        let draft = try draft(id)
        let content = patch.applied(to: draft.content)
        let publishAt = patch.time(.publishAt, patch.publishAt, before: draft.publishAt)
        guard content != draft.content || publishAt != draft.publishAt else { return [] }
        try check(content, facts)
        if patch.publishAt != nil { try checkTime(publishAt, of: content, facts) }
        guard draft.revision < IncidentLimits.updateRevisions else {
            throw .updateState(
                id: id, "has \(draft.revision) revisions, which is the limit. Withdraw it and draft another one.")
        }
        return [
            UpdateDrafted(
                id: id, revision: draft.revision + 1, content: content, publishAt: publishAt, template: draft.template,
                corrects: draft.corrects, released: released(content, facts), person: Self.person(facts))
        ]
    }

    private func approveUpdate(
        _ id: Int, revision: Int, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        let draft = try draft(id)
        guard draft.revision == revision else {
            throw .updateState(
                id: id, "is at revision \(draft.revision), not \(revision): somebody changed it. Read it again.")
        }
        guard !draft.authors.contains(where: { $0.isSame(as: facts.principal) }) else {
            throw .updateState(id: id, "was written by you. Another person has to approve it.")
        }
        try checkPublisher(of: draft.content, facts)
        guard draft.approvedBy == nil else { return [] }
        return [UpdateApproved(id: id, revision: revision)]
    }

    private func publishUpdate(
        _ id: Int, at moment: Timestamp?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        if moment == nil, communication?.isPublished(id) ?? false { return [] }
        let draft = try draft(id)
        try checkPublisher(of: draft.content, facts)
        guard !draft.content.isRedacted else {
            throw .updateState(id: id, "has a text that was redacted. Change it before it is published.")
        }
        guard !needsApproval(draft, facts.updates, at: facts.now) else {
            throw .approvalRequired(audience: draft.content.audience, update: id)
        }
        guard let moment else { return [try published(draft, facts)] }
        guard moment != draft.publishAt || !draft.isReleased else { return [] }
        try facts.checkAhead(moment, atMost: Self.scheduleSeconds, field: "/publish_at")
        return [UpdateScheduled(id: id, publishAt: moment, released: released(draft.content, facts))]
    }

    private func withdrawUpdate(_ id: Int, reason: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open)
        if let communication, communication.draft(id) == nil, !communication.isPublished(id),
            wasNumbered(id)
        {
            return []
        }
        _ = try draft(id)
        return [UpdateWithdrawn(id: id, reason: reason)]
    }

    /// What was wrong stays wrong after the incident is closed, and can be put right then, too.
    private func correctUpdate(
        _ id: Int, _ patch: UpdatePatch, reason: String?, publishedAt moment: Timestamp?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.open + [.closed])
        if let moment, moment > facts.occurredAt {
            throw .badValue(
                field: "/published_at",
                detail: "\(moment) is after the correction (\(facts.occurredAt)). Say when the update was published.")
        }
        let before = try published(id)
        try requireRoomForCorrection(of: id)
        let content = patch.applied(
            to: UpdateContent(
                audience: before.audience, isPublic: before.isPublic, language: before.language, body: "",
                eta: before.eta))
        for audience in [before.audience, content.audience] {
            if audience != .staff { try requirePublisher(facts, to: "publish an update") }
            guard !asksApproval(of: audience, facts.updates, at: facts.now) else {
                throw .approvalRequired(audience: audience, update: nil)
            }
        }
        try check(content, facts)
        return [
            UpdateCorrected(
                id: id, revision: before.revision + 1, content: content, reason: reason, publishedAt: moment)
        ]
    }

    // MARK: What the daemon does by itself

    /// Publishes what is due, and says what is late. What may not go out is not published: that is said once, and then a person has
    /// to see to it.
    func announce(_ facts: DecisionFacts) -> [any TimelineEvent] {
        guard let communication else { return [] }
        var events: [any TimelineEvent] = []
        var isInformed = false
        var corrected: Set<Int> = []
        for draft in communication.drafts where draft.publishAt.map({ $0 <= facts.occurredAt }) ?? false {
            // A second correction of the same update is numbered after the first one, when that is done.
            if let id = draft.corrects, !corrected.insert(id).inserted { continue }
            if let why = hindrance(to: draft, facts) {
                events.append(UpdateHeld(id: draft.id, why: why))
            } else if let event = try? published(draft, facts) {
                events.append(event)
                isInformed = isInformed || draft.corrects == nil
            } else {
                events.append(UpdateHeld(id: draft.id, why: .tooManyCorrections))
            }
        }
        if let due = nextUpdateDueAt, due <= facts.occurredAt, !communication.isUpdateOverdue, !isInformed {
            events.append(UpdateOverdue(due: due))
        }
        if let due = reviewDueAt, due <= facts.occurredAt, !communication.isReviewOverdue {
            events.append(ReviewOverdue(due: due))
        }
        return events
    }

    /// Why the daemon may not publish a draft; nil when it may.
    private func hindrance(to draft: UpdateDraft, _ facts: DecisionFacts) -> UpdateHeld.Why? {
        if draft.content.isRedacted { return .redacted }
        if draft.approvedBy != nil { return nil }
        return draft.isReleased && !needsApproval(draft, facts.updates, at: facts.now) ? nil : .notApproved
    }

    /// When an update is due now that the incident has this severity: never later than what was promised already.
    func updateDue(severity: Severity?, _ facts: DecisionFacts) -> Timestamp? {
        guard phase.hasWaitingPeople, let due = facts.updates.nextUpdate(after: facts.now, severity: severity) else {
            return nil
        }
        guard let promised = communication?.updateDueAt, communication?.isUpdateOverdue == false else { return due }
        return min(promised, due)
    }

    // MARK: What all of them ask

    /// How long ahead something can be scheduled, in seconds: what is known today says little about next month.
    static let scheduleSeconds: Double = 30 * 86_400

    private var lastUpdate: Int { max(communication?.last ?? 0, updates) }

    /// Whether there ever was an update of that number.
    private func wasNumbered(_ id: Int) -> Bool { id >= 1 && id <= lastUpdate }

    /// Whether a second person has to approve what goes to an audience now: the severity asks for it, or one that was lowered just before.
    private func asksApproval(of audience: UpdateAudience, _ policy: UpdatePolicy, at moment: Timestamp) -> Bool {
        if policy.asksApproval(of: audience, severity: severity) { return true }
        guard let kept = communication?.approval, kept.until > moment else { return false }
        return kept.audiences.contains(audience)
    }

    /// Whether a draft still waits for a second person: the strictest severity since it was drafted decides.
    package func needsApproval(_ draft: UpdateDraft, _ policy: UpdatePolicy, at moment: Timestamp) -> Bool {
        draft.approvedBy == nil
            && (draft.keepsApproval ?? false || asksApproval(of: draft.content.audience, policy, at: moment))
    }

    /// The audiences that take an approval now and would take none at another severity; nil when there are none.
    func approvalKept(at other: Severity, _ facts: DecisionFacts) -> [UpdateAudience]? {
        // Nobody takes a severity away: to set the first one is no way around anything.
        guard severity != nil else { return nil }
        let kept = UpdateAudience.allCases.filter {
            asksApproval(of: $0, facts.updates, at: facts.now)
                && !facts.updates.asksApproval(of: $0, severity: other)
        }
        return kept.isEmpty ? nil : kept
    }

    /// True where the person's role here lets it out, and not the token's, which the entry says itself.
    private func released(_ content: UpdateContent, _ facts: DecisionFacts) -> Bool? {
        content.audience != .staff && facts.principal.role < .commander && mayPublish(facts.principal) ? true : nil
    }

    /// Whose token it was that wrote, where its person is not who is shown.
    private static func person(_ facts: DecisionFacts) -> String? {
        facts.principal.person.flatMap { $0 == facts.principal.name ? nil : $0 }
    }

    private func checkPublisher(of content: UpdateContent, _ facts: DecisionFacts) throws(IncidentRefusal) {
        if content.audience != .staff { try requirePublisher(facts, to: "publish an update") }
    }

    private func check(_ content: UpdateContent, _ facts: DecisionFacts) throws(IncidentRefusal) {
        guard !content.isPublic || content.audience.canBePublic else {
            throw .badValue(
                field: "/public", detail: "An update to \(content.audience.rawValue) cannot be public; leave it out.")
        }
        if let next = content.nextUpdateAt { try facts.checkAhead(next, field: "/next_update_at") }
    }

    private func checkTime(
        _ publishAt: Timestamp?, of content: UpdateContent, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        guard let publishAt else { return }
        try facts.checkAhead(publishAt, atMost: Self.scheduleSeconds, field: "/publish_at")
        // Without an approval nobody else looks at it any more.
        if !asksApproval(of: content.audience, facts.updates, at: facts.now) {
            try checkPublisher(of: content, facts)
        }
    }

    private func requireRoomForUpdate() throws(IncidentRefusal) {
        try requireRoom(
            for: "updates", having: lastUpdate, atMost: IncidentLimits.updates, instead: "publish it elsewhere")
    }

    private func requireRoomForCorrection(of id: Int) throws(IncidentRefusal) {
        let before = try published(id)
        guard before.revision < IncidentLimits.updateRevisions else {
            throw .updateState(
                id: id, "was corrected \(before.revision - 1) times, which is the limit. Post another update.")
        }
    }

    private func draft(_ id: Int) throws(IncidentRefusal) -> UpdateDraft {
        if let draft = communication?.draft(id) { return draft }
        guard wasNumbered(id) else {
            throw .notFound("No update \(id) in INC-\(number).")
        }
        let isPublished = communication?.isPublished(id) ?? true
        throw .updateState(
            id: id, isPublished ? "is published already. Correct it instead." : "was withdrawn. Draft another one.")
    }

    private func published(_ id: Int) throws(IncidentRefusal) -> PublishedUpdate {
        if let update = communication?.published.first(where: { $0.id == id }) { return update }
        guard wasNumbered(id) else {
            throw .notFound("No update \(id) in INC-\(number).")
        }
        throw .updateState(
            id: id,
            communication?.draft(id) == nil
                ? "was withdrawn, or posted by a release that did not number updates. Post another one."
                : "is not published yet. Change the draft instead.")
    }

    private func posted(_ content: UpdateContent, as id: Int, _ facts: DecisionFacts) -> UpdatePosted {
        let due = facts.updates.nextUpdate(after: facts.now, severity: severity)
        // A draft may have named a time that has passed by now.
        let named = content.nextUpdateAt.flatMap { $0 > facts.now ? $0 : nil }
        let next = phase.hasWaitingPeople ? named ?? due : nil
        let isPast = facts.occurredAt < facts.now && named == nil
        let promised = isPast ? content.nextUpdateAt.flatMap { $0 > facts.occurredAt ? $0 : nil } : nil
        return UpdatePosted(content, id: id, nextUpdateAt: next, promisedAt: promised)
    }

    /// What publishing a draft leads to.
    private func published(_ draft: UpdateDraft, _ facts: DecisionFacts) throws(IncidentRefusal) -> any TimelineEvent {
        guard let corrected = draft.corrects else { return posted(draft.content, as: draft.id, facts) }
        try requireRoomForCorrection(of: corrected)
        let before = try published(corrected)
        var content = draft.content
        // As in a correction without a draft: what it says nothing of stays.
        content.eta = content.eta ?? before.eta
        return UpdateCorrected(id: corrected, revision: before.revision + 1, content: content, draft: draft.id)
    }
}

extension UpdatePatch {
    fileprivate func applied(to content: UpdateContent) -> UpdateContent {
        // Who changes only whom it is for makes nothing public.
        let audience = audience ?? content.audience
        return UpdateContent(
            audience: audience, isPublic: isPublic ?? (content.isPublic && audience.canBePublic),
            language: language ?? content.language,
            body: body ?? content.body, eta: time(.eta, eta, before: content.eta), steps: steps ?? content.steps,
            nextUpdateAt: time(.nextUpdateAt, nextUpdateAt, before: content.nextUpdateAt))
    }
}
