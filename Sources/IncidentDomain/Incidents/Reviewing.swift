extension Incident {
    /// A review begins as what the timeline says; a repeat changes nothing.
    func draftReview() throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        return review == nil ? [ReviewDrafted(revision: 1)] : []
    }

    func reviseReview(
        _ sections: [EditedSection], _ asked: ReviewStatus?, _ layout: ReviewLayout, _ dropped: [String]
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard asked != .approved else {
            throw .badValue(
                field: "/status", detail: "POST /v1/incidents/\(number)/review/approve approves a review.")
        }
        let changed = (reviewTexts ?? ReviewTexts()).changed(among: sections)
        let gone = dropped.filter { reviewTexts?.written[$0] != nil }
        let before = review?.layout ?? ReviewLayout()
        let arranged = before.changed(by: layout)
        if changed.isEmpty, gone.isEmpty, arranged == before, let review, review.status == asked ?? review.status {
            return []
        }
        // What is changed after its approval has to be approved again.
        let kept = review.map { $0.status == .approved ? .draft : $0.status }
        let status = asked ?? kept ?? .draft
        try checkReview(with: changed)
        let revision = (review?.revision ?? 0) + 1
        let revised = ReviewRevised(
            revision: revision, status: status, sections: changed,
            order: arranged.order == before.order ? nil : arranged.order ?? [],
            hidden: arranged.hidden == before.hidden ? nil : arranged.hidden, dropped: gone.isEmpty ? nil : gone)
        return [revised]
    }

    /// Refuses what would make a review too large.
    private func checkReview(with changed: [EditedSection]) throws(IncidentRefusal) {
        let before = reviewTexts ?? ReviewTexts()
        var after = before
        after.write(changed)
        let limits = IncidentLimits.self
        guard after.written.count <= limits.reviewSections else {
            throw .badValue(
                field: "/sections",
                detail: "A review can have at most \(limits.reviewSections) written sections; this would make "
                    + "\(after.written.count). Use an existing one.")
        }
        guard after.bytes <= max(limits.reviewBytes, before.bytes) else {
            throw .badValue(
                field: "/sections",
                detail:
                    "The written sections of a review can have at most \(limits.reviewBytes.grouped) bytes in total; this "
                    + "would make \(after.bytes.grouped). Shorten them, or link to a document elsewhere.")
        }
        guard after.stored <= limits.reviewStoredBytes else {
            throw .badValue(
                field: "/sections",
                detail:
                    "All revisions of a review can have at most \(limits.reviewStoredBytes.grouped) bytes in total, and have "
                    + "them. Approve it as it is, or link to a document elsewhere.")
        }
    }

    func approveReview(
        _ sections: [EditedSection], _ named: [String], _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        if review?.status == .approved { return [] }
        try requirePhase([.review, .closed])
        guard let review else {
            throw .reviewState("No review of INC-\(number) yet; POST /v1/incidents/\(number)/review starts it.")
        }
        try requireCommand(facts, to: "approve a review")
        let unwritten = sections.filter { $0.isPrompt || named.contains($0.id) }.map(\.id)
        let unowned = actions.filter { $0.required && !$0.isStruck && $0.state != .dropped && $0.owner == nil }
        guard unwritten.isEmpty, unowned.isEmpty else {
            throw .reviewUnfinished(sections: unwritten, actions: unowned.map { id(of: $0) })
        }
        let known = reviewTexts ?? ReviewTexts()
        let approval = ReviewApproved(
            revision: review.revision, sections: sections.filter { !known.has($0) },
            order: sections.isEmpty ? nil : sections.map(\.id))
        return [approval]
    }

    /// Somebody stands by the review as it is. Each signs a revision once.
    func signReview(
        as role: String?, comment: String?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let review else {
            throw .reviewState("No review of INC-\(number) yet; POST /v1/incidents/\(number)/review starts it.")
        }
        let signed = signatures ?? []
        let isSigned = signed.contains {
            $0.by == facts.principal.name && $0.revision == review.revision && $0.role == role
        }
        guard !isSigned else { return [] }
        try requireRoom(
            for: "signatures of its review", having: signed.count, atMost: IncidentLimits.signatures,
            instead: "write a note")
        return [ReviewSigned(revision: review.revision, role: role, comment: comment)]
    }

    /// Follow-up work outlives the incident: it can be added and changed when that is closed.
    func addAction(_ draft: ActionDraft) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        try requireCause(draft.answers)
        try requireRoom(
            for: "action items", having: actions.count, atMost: IncidentLimits.actions,
            instead: "change an existing one")
        let added = ActionAdded(
            ordinal: (actions.last?.ordinal ?? 0) + 1, title: draft.title, kind: draft.kind, owner: draft.owner,
            due: draft.due, required: draft.required, priority: draft.priority, link: draft.link,
            answers: draft.answers)
        return [added]
    }

    /// Refuses an answer to what states no cause.
    private func requireCause(_ entry: Int?) throws(IncidentRefusal) {
        guard let entry, !hypotheses.contains(where: { $0.entry == entry }) else { return }
        let known = hypotheses.compactMap(\.entry).map(String.init).joined(separator: ", ")
        throw .badValue(
            field: "/answers",
            detail: "Entry \(entry) states no cause of INC-\(number); "
                + (known.isEmpty
                    ? "none is stated yet, PUT /v1/incidents/\(number)/cause states one." : "those that do: \(known)."))
    }

    func changeAction(_ ordinal: Int, _ patch: ActionPatch) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let action = actions.first(where: { $0.ordinal == ordinal }) else {
            throw .notFound("No action item \(number)-\(ordinal).")
        }
        try Self.requireUnstruck(action.isStruck, "Action item \(number)-\(ordinal)")
        try requireCause(patch.answers)
        let change = ActionChanged(
            ordinal: ordinal, title: patch.title == action.title ? nil : patch.title,
            kind: patch.kind == action.kind ? nil : patch.kind, owner: patch.owner == action.owner ? nil : patch.owner,
            due: patch.due == action.due ? nil : patch.due,
            required: patch.required == action.required ? nil : patch.required,
            state: patch.state == action.state ? nil : patch.state,
            priority: patch.priority == action.priority ? nil : patch.priority,
            link: patch.link == action.link ? nil : patch.link,
            answers: patch.answers == action.answers ? nil : patch.answers)
        return change == ActionChanged(ordinal: ordinal) ? [] : [change]
    }
}
