/// What people say about a review: comments on it or on one of its sections, and who is asked to read it.
package enum ReviewRemark: Hashable, Sendable {
    /// `section` is the id of the section that it is about, `replyTo` the number of the comment that it answers.
    case comment(text: String, section: String?, replyTo: Int?)
    /// Whether what a comment asked for is done.
    case settle(comment: Int, isResolved: Bool)
    /// Replaces those who were asked.
    case ask(reviewers: [String])
}

/// What an incident remembers of the comments; their texts stand in the timeline.
package struct ReviewCommentState: Hashable, Codable, Sendable {
    /// How many there are; they are numbered from 1.
    package var count = 0
    /// The numbers of those that nobody has resolved, in order.
    package var open: [Int] = []
}

/// A comment as it is now.
package struct ReviewComment: Hashable, Sendable {
    package let number: Int
    /// The entry that says it.
    package let entry: Int
    package let text: String
    package let section: String?
    package let replyTo: Int?
    /// The revision that was the newest when it was written.
    package let revision: Int
    package let by: String
    package let at: Timestamp
    /// Who resolved it; nil while it is open.
    package fileprivate(set) var resolvedBy: String?

    /// The comments of a timeline, in the order in which they were written.
    package static func all(of timeline: [RecordedEvent]) -> [ReviewComment] {
        var comments: [ReviewComment] = []
        for recorded in timeline {
            if let comment = recorded.event.as(ReviewCommented.self) {
                comments.append(
                    ReviewComment(
                        number: comment.number, entry: recorded.sequence, text: comment.text, section: comment.section,
                        replyTo: comment.replyTo, revision: comment.revision, by: recorded.actor.name,
                        at: recorded.occurredAt))
            } else if let settled = recorded.event.as(ReviewCommentSettled.self),
                let index = comments.firstIndex(where: { $0.number == settled.number })
            {
                comments[index].resolvedBy = settled.resolved ? recorded.actor.name : nil
            }
        }
        return comments
    }
}

/// Somebody who is asked to read a review, and the newest revision that they signed.
package struct Reviewer: Hashable, Sendable {
    package let name: String
    /// Nil while they have signed none.
    package let signedRevision: Int?
}

// MARK: - Rules

extension Incident {
    func remark(_ remark: ReviewRemark) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let review else {
            throw .reviewState("No review of INC-\(number) yet; POST /v1/incidents/\(number)/review starts it.")
        }
        switch remark {
        case .comment(let text, let section, let replyTo):
            return [try comment(text, section, replyTo, revision: review.revision)]
        case .settle(let comment, let isResolved):
            try requireComment(comment, field: "")
            let isOpen = reviewComments?.open.contains(comment) ?? false
            return isOpen == isResolved ? [ReviewCommentSettled(number: comment, resolved: isResolved)] : []
        case .ask(let people):
            return people == reviewers ?? [] ? [] : [ReviewersAsked(reviewers: people)]
        }
    }

    private func comment(
        _ text: String, _ section: String?, _ replyTo: Int?, revision: Int
    ) throws(IncidentRefusal) -> ReviewCommented {
        let count = reviewComments?.count ?? 0
        try requireRoom(
            for: "comments on its review", having: count, atMost: IncidentLimits.reviewComments,
            instead: "write into the review itself")
        if let replyTo { try requireComment(replyTo, field: "/reply_to") }
        return ReviewCommented(
            number: count + 1, text: text, section: section, replyTo: replyTo, revision: revision)
    }

    private func requireComment(_ wanted: Int, field: String) throws(IncidentRefusal) {
        let count = reviewComments?.count ?? 0
        guard !(1...max(count, 1)).contains(wanted) || count == 0 else { return }
        let known = count == 0 ? "there are none" : "there are 1 to \(count)"
        guard field.isEmpty else {
            throw .badValue(field: field, detail: "No comment \(wanted) on the review of INC-\(number); \(known).")
        }
        throw .notFound("No comment \(wanted) on the review of INC-\(number); \(known).")
    }
}

// MARK: - Events

/// Somebody commented on the review.
package struct ReviewCommented: AfterwardsEvent {
    package var number: Int
    package var text: String
    package var section: String?
    package var replyTo: Int?
    package var revision: Int
    package var afterwards: Bool?

    private enum CodingKeys: String, CodingKey {
        case number, text, section, revision, afterwards
        case replyTo = "reply_to"
    }

    package static let kind = "review_commented"
    package static let examples = [
        ReviewCommented(
            number: 2, text: "Who decided that?", section: "mitigations", replyTo: 1, revision: 3, afterwards: true)
    ]

    package var redacted: ReviewCommented {
        var copy = self
        copy.text = text.redacted
        return copy
    }

    package var phrase: Phrase {
        let about: Phrase = section.map { " on section \($0)" } ?? ""
        let reply: Phrase = replyTo.map { ", in reply to comment \($0)" } ?? ""
        return "Comment \(number)\(about) of the review (revision \(revision))\(reply): \(text.sentence)"
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var comments = incident.reviewComments ?? ReviewCommentState()
        comments.count = max(comments.count, number)
        comments.open.append(number)
        incident.reviewComments = comments
    }
}

/// What a comment asked for is done, or is not after all.
package struct ReviewCommentSettled: AfterwardsEvent {
    package var number: Int
    package var resolved: Bool
    package var afterwards: Bool?

    package static let kind = "review_comment_settled"
    package static let examples = [
        ReviewCommentSettled(number: 2, resolved: true, afterwards: true)
    ]

    package var phrase: Phrase {
        resolved ? "Comment \(number) of the review resolved." : "Comment \(number) of the review open again."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        guard var comments = incident.reviewComments else { return }
        comments.open.removeAll { $0 == number }
        if !resolved { comments.open = (comments.open + [number]).sorted() }
        incident.reviewComments = comments
    }
}

/// Who is asked to read the review.
package struct ReviewersAsked: AfterwardsEvent {
    package var reviewers: [String]
    package var afterwards: Bool?

    package static let kind = "reviewers_asked"
    package static let examples = [
        ReviewersAsked(reviewers: ["Ada", "Ron"], afterwards: true)
    ]

    package var redacted: ReviewersAsked {
        var copy = self
        copy.reviewers = reviewers.map(\.redacted)
        return copy
    }

    package var phrase: Phrase {
        reviewers.isEmpty
            ? "Nobody is asked any more to read the review."
            : "Asked to read the review: \(reviewers.map(\.onOneLine).joined(separator: ", "))."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.reviewers = reviewers.isEmpty ? nil : reviewers
    }
}
