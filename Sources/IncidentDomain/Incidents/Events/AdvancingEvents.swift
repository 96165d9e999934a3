package struct PhaseEntered: TimelineEvent {
    package var phase: Phase
    package var from: Phase
    /// What was not met and overridden, as sentences.
    package var overridden: [OverriddenRequirement]
    package var reason: String?
    /// When the review is due that begins with it.
    package var reviewDueAt: Timestamp?
    /// When the phase before came to its end by the facts; nil when that is when it was left, and in entries of releases that did
    /// not tell the two apart.
    package var reachedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case phase, from, overridden, reason
        case reviewDueAt = "review_due_at"
        case reachedAt = "reached_at"
    }

    package static let kind = "phase_entered"
    package static let examples = [
        PhaseEntered(
            phase: .mitigate, from: .assess,
            overridden: [OverriddenRequirement(requirement: .causeGiven, detail: "no cause category is given")],
            reason: "the rollback cannot wait")
    ]
    package var isNotified: Bool { true }

    package var redacted: PhaseEntered {
        var copy = self
        copy.overridden = overridden.map {
            OverriddenRequirement(requirement: $0.requirement, detail: $0.detail.redacted)
        }
        copy.reason = reason?.redacted
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        let entered: Phrase = phase == .closed ? "Closed" : "\(phase.titlePhrase) started"
        guard !overridden.isEmpty else { return Phrase("\(entered).").giving(reason) }
        let details = overridden.map { Phrase.stored($0.detail.onOneLine, .requirement) }.joined(separator: "; ")
        return Phrase("\(entered) with overrides: \(details.sentence)").giving(reason)
    }

    package var phaseBegun: Phase? { phase }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.times.leave(from, at: reachedAt ?? moment)
        incident.phase = phase
        guard phase == .review, reviewDueAt != nil || incident.communication != nil else { return }
        incident.communicate { $0.expectReview(by: reviewDueAt) }
    }
}

/// A requirement that somebody decided to go on without.
package struct OverriddenRequirement: Hashable, Codable, Sendable {
    package var requirement: Requirement
    package var detail: String
}

package struct PhaseReverted: TimelineEvent {
    package var phase: Phase
    package var from: Phase
    package var reason: String
    /// When the next update is due of what goes on.
    package var updateDueAt: Timestamp?
    /// What was measured until then and is measured anew; nil when nothing was, and in entries of releases that did not keep it.
    package var measured: MeasuredClocks?

    private enum CodingKeys: String, CodingKey {
        case phase, from, reason, measured
        case updateDueAt = "update_due_at"
    }

    package static let kind = "phase_reverted"
    package static let examples = [
        PhaseReverted(phase: .mitigate, from: .restore, reason: "it broke again")
    ]
    package var isNotified: Bool { true }

    package var redacted: PhaseReverted {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var concernsRestoration: Bool { true }

    package var phrase: Phrase {
        let text: Phrase =
            from == .closed
            ? "Reopened, back to \(phase.noun)." : "Reverted from \(from.noun) to \(phase.noun)."
        return text.giving(reason, isOfDaemon: true)
    }

    package var phaseBegun: Phase? { phase }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.times.goBack(to: phase)
        incident.phase = phase
        if phase != .review, incident.review?.status == .approved { incident.review?.status = .draft }
        if let measured { incident.keep(measured, from: from, to: phase, at: moment) }
        if phase != .review, phase != .restore { incident.plan?.isOver = true }
        incident.recovery = nil
        // While people waited for nothing, no update was due; and what was to be published then says what no longer holds.
        guard !from.hasWaitingPeople, updateDueAt != nil || incident.communication != nil else { return }
        incident.communicate { communication in
            communication.expectUpdate(by: updateDueAt)
            for index in communication.drafts.indices where from == .closed {
                communication.drafts[index].publishAt = nil
            }
        }
    }
}

/// Its alerts cleared, nobody attended to it, and it closed itself.
package struct SelfRecovered: TimelineEvent {
    package var clearedAt: Timestamp
    /// Until when alerts of it open it again.
    package var reopenUntil: Timestamp

    private enum CodingKeys: String, CodingKey {
        case clearedAt = "cleared_at"
        case reopenUntil = "reopen_until"
    }

    package static let kind = "self_recovered"
    package static let examples = [
        SelfRecovered(clearedAt: EventExamples.before, reopenUntil: EventExamples.noon)
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase {
        "Closed by itself: no alert fires since \(clearedAt.told), and nobody acknowledged it."
    }

    package var phaseBegun: Phase? { .closed }
    package var isKeyMoment: Bool { true }

    /// The harm ended when the last alert cleared.
    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.phase = .closed
        incident.recovery = SelfRecovery(clearedAt: clearedAt, reopenUntil: reopenUntil)
        incident.closing = nil
        let ended = max(clearedAt, incident.times.detectedAt)
        incident.times.mitigatedAt = ended
        incident.times.restoredAt = ended
        incident.times.closedAt = max(moment, ended)
        for var impact in incident.impacts where impact.isOngoing {
            impact.endedAt = max(ended, impact.startedAt ?? ended)
            incident.set(impact, at: moment)
        }
    }
}

package struct EntryRedacted: TimelineEvent {
    package var sequence: Int
    package var reason: String
    /// SHA-256 in hex of what stands in the place of the payload, so that the replacement is bound into the chain.
    package var replacementDigest: String

    package init(sequence: Int, reason: String, replacementDigest: String) {
        self.sequence = sequence
        self.reason = reason
        self.replacementDigest = replacementDigest
    }

    private enum CodingKeys: String, CodingKey {
        case sequence, reason
        case replacementDigest = "replacement_digest"
    }

    package static let kind = "entry_redacted"
    package static let examples = [
        EntryRedacted(
            sequence: 3, reason: "a password", replacementDigest: String(repeating: "0f", count: 32))
    ]

    package var redacted: EntryRedacted {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("Entry \(sequence) redacted.").giving(reason) }

    /// The redacted entry itself already reads otherwise.
    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        // What the public reads may have said it: it is made and approved anew.
        if incident.publicReview?.status == .approved { incident.publicReview?.status = .draft }
    }
}
