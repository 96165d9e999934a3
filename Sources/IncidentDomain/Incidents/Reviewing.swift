extension Incident {
    /// A review begins as what the timeline says; a repeat changes nothing.
    func draftReview() throws(IncidentRefusal) -> [IncidentEvent] {
        try requirePhase(Phase.open)
        return review == nil ? [.reviewDrafted(ReviewDrafted(revision: 1))] : []
    }

    func reviseReview(
        _ sections: [EditedSection], _ status: ReviewStatus
    ) throws(IncidentRefusal) -> [IncidentEvent] {
        try requirePhase(Phase.open)
        guard status != .approved else {
            throw .badValue(
                field: "/status", detail: "A review is approved by POST /v1/incidents/\(number)/review/approve.")
        }
        let revision = (review?.revision ?? 0) + 1
        return [.reviewRevised(ReviewRevised(revision: revision, status: status, sections: sections))]
    }

    func approveReview(
        _ sections: [EditedSection], _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> [IncidentEvent] {
        if review?.status == .approved { return [] }
        try requirePhase([.review])
        guard let review else {
            throw .reviewState("There is no review yet; POST /v1/incidents/\(number)/review starts it.")
        }
        try Self.requireRole(.commander, facts, to: "approve a review")
        return [.reviewApproved(ReviewApproved(revision: review.revision, sections: sections))]
    }

    /// Follow-up work outlives the incident: it can be added and changed when that is closed.
    func addAction(_ draft: ActionDraft) throws(IncidentRefusal) -> [IncidentEvent] {
        try requirePhase(Phase.open + [.closed])
        let added = ActionAdded(
            ordinal: (actions.last?.ordinal ?? 0) + 1, title: draft.title, kind: draft.kind, owner: draft.owner,
            due: draft.due, required: draft.required)
        return [.actionAdded(added)]
    }

    func changeAction(_ ordinal: Int, _ patch: ActionPatch) throws(IncidentRefusal) -> [IncidentEvent] {
        try requirePhase(Phase.open + [.closed])
        guard let action = actions.first(where: { $0.ordinal == ordinal }) else {
            throw .notFound("There is no action item \(number)-\(ordinal).")
        }
        let change = ActionChanged(
            ordinal: ordinal, title: patch.title == action.title ? nil : patch.title,
            kind: patch.kind == action.kind ? nil : patch.kind, owner: patch.owner == action.owner ? nil : patch.owner,
            due: patch.due == action.due ? nil : patch.due,
            required: patch.required == action.required ? nil : patch.required,
            state: patch.state == action.state ? nil : patch.state)
        return change == ActionChanged(ordinal: ordinal) ? [] : [.actionChanged(change)]
    }
}
