package struct ReviewDrafted: TimelineEvent {
    package var revision: Int

    package static let kind = "review_drafted"
    package static let examples = [
        ReviewDrafted(revision: 1)
    ]

    package var phrase: Phrase { "Review draft created (revision \(revision))." }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.review = ReviewProgress(revision: revision, status: .draft)
    }
}

package struct ReviewRevised: AfterwardsEvent {
    package var revision: Int
    package var status: ReviewStatus
    package var sections: [EditedSection]
    /// The ids that come first, and those that are left out, where this changes them; nil where it does not.
    package var order: [String]?
    package var hidden: [String]?
    /// The ids of sections of which what people wrote counts no more; nil where there are none.
    package var dropped: [String]?
    package var afterwards: Bool?
    /// Not in the payload: the version of the stored event says it.
    package var scope = Scope.changes

    package enum Scope: Hashable, Sendable {
        /// Version 1: every section that a person wrote so far.
        case whole
        /// Version 2: only the sections that this revision wrote or changed.
        case changes
    }

    private enum CodingKeys: String, CodingKey {
        case revision, status, sections, order, hidden, dropped, afterwards
    }

    package static let kind = "review_revised"
    package static let examples = [
        ReviewRevised(revision: 2, status: .inReview, sections: EventExamples.sections, scope: .whole),
        ReviewRevised(revision: 2, status: .inReview, sections: EventExamples.sections, dropped: ["lessons"]),
    ]
    package static let versions = 1...2

    package var version: Int {
        switch scope {
        case .whole: 1
        case .changes: 2
        }
    }

    package func read(as version: Int) -> ReviewRevised {
        var copy = self
        copy.scope = version == 1 ? .whole : .changes
        return copy
    }

    package var redacted: ReviewRevised {
        var copy = self
        copy.sections = sections.map(\.redacted)
        return copy
    }

    package var phrase: Phrase {
        let ids = sections.map(\.id.onOneLine).joined(separator: ", ")
        let which: Phrase = scope == .whole ? " Written sections: \(ids)." : " Sections changed: \(ids)."
        let moved: Phrase = order == nil ? "" : " Sections put in another order."
        let gone: Phrase = dropped.map { " Written texts dropped: \($0.joined(separator: ", "))." } ?? ""
        let left: Phrase =
            hidden.map { $0.isEmpty ? " All sections are shown." : " Left out: \($0.joined(separator: ", "))." } ?? ""
        return "Review revision \(revision) saved (\(status.phrase)).\(ids.isEmpty ? "" : which)\(gone)\(moved)\(left)"
    }

    /// After a revision that stored everything, nothing is known of what it stored.
    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        let layout = (incident.review?.layout ?? ReviewLayout()).changed(
            by: ReviewLayout(order: order, hidden: hidden))
        incident.review = ReviewProgress(
            revision: revision, status: status, layout: layout == ReviewLayout() ? nil : layout)
        // When it was reviewed stays, if it was closed since.
        if incident.times.closedAt == nil { incident.times.reviewedAt = nil }
        switch scope {
        case .whole: incident.reviewTexts = nil
        case .changes:
            var texts = incident.reviewTexts ?? ReviewTexts()
            texts.drop(dropped ?? [])
            texts.write(sections)
            incident.reviewTexts = texts
        }
    }
}

package struct ReviewApproved: AfterwardsEvent {
    package var revision: Int
    /// What the timeline did not have yet of the document as it was approved; without `order` (version 1) all of it.
    package var sections: [EditedSection]
    /// The ids of the whole document, in its order. What does not stand in `sections` is as the newest revision wrote it, or as
    /// the newest approval before kept it.
    package var order: [String]?
    package var afterwards: Bool?

    package static let kind = "review_approved"
    package static let examples = [
        ReviewApproved(revision: 2, sections: EventExamples.sections),
        ReviewApproved(revision: 2, sections: EventExamples.sections, order: ["summary", "lessons"]),
    ]
    package static let versions = 1...2
    package var version: Int { order == nil ? 1 : 2 }

    package var redacted: ReviewApproved {
        var copy = self
        copy.sections = sections.map(\.redacted)
        return copy
    }

    package var phrase: Phrase { "Review approved (revision \(revision))." }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.review = ReviewProgress(
            revision: revision, status: .approved, approvedBy: actor.name, approvedEntry: incident.version + 1,
            layout: incident.review?.layout)
        let reviewed = incident.times.closedAt == nil ? nil : incident.times.reviewedAt
        incident.times.reviewedAt = reviewed ?? moment
        guard order != nil else { return }
        var texts = incident.reviewTexts ?? ReviewTexts()
        texts.keep(sections)
        incident.reviewTexts = texts
    }
}

package struct ReviewSigned: AfterwardsEvent {
    package var revision: Int
    /// What somebody signs as.
    package var role: String?
    package var comment: String?
    package var afterwards: Bool?

    package static let kind = "review_signed"
    package static let examples = [
        ReviewSigned(revision: 2, role: "head of operations", comment: "I have read it")
    ]

    package var redacted: ReviewSigned {
        var copy = self
        copy.role = role?.redacted
        copy.comment = comment?.redacted
        return copy
    }

    package var phrase: Phrase {
        let text: Phrase = "Review signed (revision \(revision))\(role.map { " as \($0.onOneLine)" } ?? "")."
        return comment.map { "\(text) \($0.sentence)" } ?? text
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        let signature = ReviewSignature(by: actor.name, role: role, revision: revision, at: moment)
        incident.signatures = (incident.signatures ?? []) + [signature]
    }
}

extension EditedSection {
    var redacted: EditedSection {
        var copy = self
        copy.title = title?.redacted
        copy.markdown = markdown.redacted
        return copy
    }
}

package struct ActionAdded: AfterwardsEvent {
    package var ordinal: Int
    package var title: String
    package var kind: ActionKind
    package var owner: String?
    package var due: String?
    package var required: Bool
    package var afterwards: Bool?
    package var priority: ActionPriority?
    package var link: String?
    /// The entry of the cause that it answers.
    package var answers: Int?

    package static let kind = "action_added"
    package static let examples = [
        ActionAdded(
            ordinal: 1, title: "Test the configuration", kind: .preventive, owner: "Ron", due: "2026-12-24",
            required: true)
    ]

    package var redacted: ActionAdded {
        var copy = self
        copy.title = title.redacted
        copy.owner = owner?.redacted
        copy.link = link?.redacted
        return copy
    }

    package var phrase: Phrase {
        let about: [Phrase?] = [
            kind.phrase, required ? "required" : "optional", owner.map { "owner \($0.onOneLine)" },
            due.map { "due \(.date($0.onOneLine))" }, priority.map { "priority \($0.phrase)" },
            answers.map { "answers entry \($0)" }, link.map { "tracked at \($0.onOneLine)" },
        ]
        return "Action item \(ordinal) (\(about.compactMap(\.self).joined(separator: ", "))): \(title.sentence)"
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.actions.append(
            ActionItem(
                ordinal: ordinal, title: title, kind: kind, owner: owner, due: due, required: required, state: .open,
                entry: incident.version + 1, priority: priority, link: link, answers: answers))
    }
}

package struct ActionChanged: AfterwardsEvent {
    package var ordinal: Int
    package var title: String?
    package var kind: ActionKind?
    package var owner: String?
    package var due: String?
    package var required: Bool?
    package var state: ActionState?
    package var afterwards: Bool?
    package var priority: ActionPriority?
    package var link: String?
    package var answers: Int?

    package static let kind = "action_changed"
    package static let examples = [
        ActionChanged(
            ordinal: 1, title: "Test every configuration", kind: .detective, owner: "Mia", due: "2026-12-31",
            required: false, state: .inProgress)
    ]

    package var redacted: ActionChanged {
        var copy = self
        copy.title = title?.redacted
        copy.owner = owner?.redacted
        copy.link = link?.redacted
        return copy
    }

    package var phrase: Phrase {
        var changes: [Phrase] = []
        if let state { changes.append("is \(state.phrase)") }
        if let owner { changes.append("owner set to \(owner.onOneLine)") }
        if let due { changes.append("due date set to \(.date(due.onOneLine))") }
        if let kind { changes.append("kind set to \(kind.phrase)") }
        if let required { changes.append(required ? "is required" : "is optional") }
        if let priority { changes.append("priority set to \(priority.phrase)") }
        if let answers { changes.append("answers entry \(answers)") }
        if let link { changes.append("tracked at \(link.onOneLine)") }
        if let title { changes.append("title changed to “\(title.onOneLine)”") }
        return changes.isEmpty
            ? "Action item \(ordinal) changed." : "Action item \(ordinal) \(changes.joined(separator: "; "))."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        guard let index = incident.actions.firstIndex(where: { $0.ordinal == ordinal }) else { return }
        var action = incident.actions[index]
        action.title = title ?? action.title
        action.kind = kind ?? action.kind
        action.owner = owner ?? action.owner
        action.due = due ?? action.due
        action.required = required ?? action.required
        action.state = state ?? action.state
        action.priority = priority ?? action.priority
        action.link = link ?? action.link
        action.answers = answers ?? action.answers
        incident.actions[index] = action
    }
}
