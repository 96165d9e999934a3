/// People said what clocks really were, or took back what they had said.
package struct TimesCorrected: AfterwardsEvent {
    package struct Change: Hashable, Codable, Sendable {
        package var clock: IncidentClock
        /// Nil goes back to what the facts say.
        package var at: Timestamp?
        /// What it said before.
        package var previous: Timestamp?

        package init(clock: IncidentClock, at: Timestamp?, previous: Timestamp?) {
            self.clock = clock
            self.at = at
            self.previous = previous
        }
    }

    package var changes: [Change]
    package var reason: String
    package var afterwards: Bool?

    package static let kind = "times_corrected"
    package static let examples = [
        TimesCorrected(
            changes: [
                Change(clock: .mitigated, at: EventExamples.before, previous: EventExamples.noon),
                Change(clock: .restored, at: nil, previous: EventExamples.noon),
            ], reason: "the graphs say so", afterwards: true)
    ]

    package var redacted: TimesCorrected {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase {
        let texts = changes.map { change -> Phrase in
            let was: Phrase = change.previous.map { " (was \($0.told))" } ?? ""
            return change.at.map { "\(change.clock.phrase) corrected to \($0.told)\(was)" }
                ?? "\(change.clock.phrase) no longer corrected\(was)"
        }
        return texts.joined(separator: "; ").beginningSentence.giving(reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var corrections = incident.corrections ?? []
        for change in changes {
            corrections.removeAll { $0.clock == change.clock }
            guard let at = change.at else { continue }
            if change.clock == .started { incident.times.startedAt = at }
            corrections.append(
                ClockCorrection(clock: change.clock, moment: at, by: actor.name, reason: reason))
        }
        incident.corrections = corrections.isEmpty ? nil : corrections
        // The durations that were approved are others now.
        guard changes.contains(where: { $0.clock != .reviewed && $0.clock != .closed }) else { return }
        incident.takeApprovalBack()
    }
}

/// An entry was made by mistake. It stays as it is, struck.
package struct EntryStruck: AfterwardsEvent {
    package var sequence: Int
    package var reason: String
    /// What the entry had added, which counts no more: one of these, or none for a note.
    package var mitigation: Int?
    package var task: Int?
    package var action: Int?
    package var cause: CauseHypothesis?
    /// Whether it was the acknowledgement; nil when not.
    package var acknowledgement: Bool?
    /// The mitigation that had not succeeded after all.
    package var success: Int?
    /// The update whose approval counts no more.
    package var approval: Int?
    /// The expected end that was said by mistake, or taken back by mistake.
    package var eta: Timestamp?
    /// When that was said.
    package var etaSaidAt: Timestamp?
    /// Whether taking it back was the mistake; nil where saying it was.
    package var withdrawal: Bool?
    /// The phase that was left, where the advance or the revert was the mistake.
    package var left: Phase?
    package var afterwards: Bool?

    private enum CodingKeys: String, CodingKey {
        case sequence, reason, mitigation, task, action, cause, acknowledgement, success, approval, eta, withdrawal,
            left
        case afterwards
        case etaSaidAt = "eta_said_at"
    }

    package static let kind = "entry_struck"
    package static let examples = [
        EntryStruck(
            sequence: 3, reason: "it was for another incident", mitigation: 1, task: 2, action: 3,
            cause: CauseHypothesis(category: .attack, subcategory: .ddos, evidence: "the graphs", afterwards: true),
            acknowledgement: true, success: 1, approval: 2,
            eta: EventExamples.noon, etaSaidAt: EventExamples.before, withdrawal: true, left: .assess, afterwards: true)
    ]

    package var redacted: EntryStruck {
        var copy = self
        copy.reason = reason.redacted
        copy.cause = cause?.redacted
        return copy
    }

    package var phrase: Phrase {
        let text: Phrase =
            acknowledgement ?? false ? "The acknowledgement was struck out." : "Entry \(sequence) struck out."
        return text.giving(reason)
    }
    /// Whoever heard that somebody takes care of it hears that nobody does.
    package var isNotified: Bool { acknowledgement ?? false }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.takeApprovalBack()
        incident.struck = (incident.struck ?? []) + [sequence]
        for index in incident.mitigations.indices where incident.mitigations[index].id == mitigation {
            incident.mitigations[index].struck = true
        }
        for index in incident.tasks.indices where incident.tasks[index].id == task {
            incident.tasks[index].struck = true
        }
        for index in incident.actions.indices where incident.actions[index].ordinal == action {
            incident.actions[index].struck = true
        }
        incident.clockFacts?.forget(sequence)
        if acknowledgement ?? false { incident.times.acknowledgedAt = nil }
        if let success, incident.mitigations.first(where: { $0.id == success })?.state != .succeeded {
            incident.clockFacts?.forgetSuccess(of: success)
        }
        if let approval { incident.communicate { $0.takeBackApproval(of: approval) } }
        if let eta, let etaSaidAt {
            incident.communicate { $0.strikeEta(eta, saidAt: etaSaidAt, onlyWithdrawal: withdrawal ?? false) }
            incident.expectNewest()
        }
        if let left { incident.strikeStep(from: left, entry: sequence) }
        guard cause != nil else { return }
        incident.hypotheses.removeAll { $0.entry == sequence }
        incident.noteCause()
    }
}

/// An entry happened at another time than it says. The entry stays as it is.
package struct EntryTimeCorrected: AfterwardsEvent {
    package var sequence: Int
    package var happenedAt: Timestamp
    package var previous: Timestamp
    /// True when it is the entry's own time again. Nil where not.
    package var restores: Bool?
    package var reason: String
    package var afterwards: Bool?

    private enum CodingKeys: String, CodingKey {
        case sequence, previous, restores, reason, afterwards
        case happenedAt = "happened_at"
    }

    package static let kind = "entry_time_corrected"
    package static let examples = [
        EntryTimeCorrected(
            sequence: 5, happenedAt: EventExamples.before, previous: EventExamples.noon,
            reason: "entered when it was over", afterwards: true)
    ]

    package var redacted: EntryTimeCorrected {
        var copy = self
        copy.reason = reason.redacted
        return copy
    }

    package var phrase: Phrase {
        Phrase("Entry \(sequence) happened at \(happenedAt.told) (was \(previous.told)).").giving(reason)
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var times = incident.entryTimes ?? [:]
        times[sequence] = restores ?? false ? nil : happenedAt
        incident.entryTimes = times
        incident.clockFacts?.move(sequence, to: happenedAt)
        incident.moveStep(entry: sequence, to: happenedAt)
        incident.takeApprovalBack()
    }
}

/// How exactly the time of the entries before it is known: those of one call.
package struct TimeQualified: AfterwardsEvent {
    /// The first of them, and the last where there are more.
    package var sequence: Int
    package var through: Int?
    package var precision: TimePrecision
    package var afterwards: Bool?

    /// All of them.
    package var sequences: ClosedRange<Int> { sequence...max(sequence, through ?? sequence) }

    package static let kind = "time_qualified"
    package static let examples = [
        TimeQualified(sequence: 7, through: 8, precision: .hour, afterwards: true)
    ]

    package var phrase: Phrase {
        let entries: Phrase = through.map { "entries \(sequence) to \($0)" } ?? "entry \(sequence)"
        return "The time of \(entries) is \(precision.knowledge)."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var precisions = incident.precisions ?? [:]
        for entry in sequences { precisions[entry] = precision }
        incident.precisions = precisions
    }
}

/// A note was starred, or is not any more.
package struct EntryStarred: AfterwardsEvent {
    package var sequence: Int
    package var key: Bool
    package var afterwards: Bool?

    package static let kind = "entry_starred"
    package static let examples = [
        EntryStarred(sequence: 4, key: true, afterwards: true)
    ]

    package var phrase: Phrase { key ? "Note \(sequence) starred." : "Note \(sequence) no longer starred." }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.starred = (incident.starred ?? [:]).merging([sequence: key]) { _, new in new }
    }
}

extension Incident {
    /// What the review says has changed: it is approved again.
    mutating func takeApprovalBack() {
        guard review?.status == .approved else { return }
        review?.status = .draft
        if times.closedAt == nil { times.reviewedAt = nil }
    }
}
