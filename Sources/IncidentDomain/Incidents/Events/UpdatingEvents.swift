package struct UpdatePosted: TimelineEvent {
    /// One of `UpdateAudience`; in entries of releases that had none, whatever its author called it.
    package var audience: String
    package var body: String
    /// The expected time of restoration that was told.
    package var eta: Timestamp?
    /// What the readers can do, one step each.
    package var steps: [String]
    /// Counts from 1 within its incident, drafts included; nil in entries of releases that did not count them, as are all
    /// that follow.
    package var id: Int?
    package var isPublic: Bool?
    package var language: String?
    /// When the next one is due.
    package var nextUpdateAt: Timestamp?
    /// What an update that is entered late promised then, where that has passed by now.
    package var promisedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case audience, body, eta, steps, id, language
        case isPublic = "public"
        case nextUpdateAt = "next_update_at"
        case promisedAt = "promised_at"
    }

    package init(audience: String, body: String, eta: Timestamp? = nil, steps: [String] = []) {
        self.audience = audience
        self.body = body
        self.eta = eta
        self.steps = steps
    }

    init(_ content: UpdateContent, id: Int, nextUpdateAt: Timestamp? = nil, promisedAt: Timestamp? = nil) {
        self.init(audience: content.audience.rawValue, body: content.body, eta: content.eta, steps: content.steps)
        self.id = id
        isPublic = content.isPublic
        language = content.language
        self.nextUpdateAt = nextUpdateAt
        self.promisedAt = promisedAt
    }

    /// When the next one was to come, as its readers were told.
    var promised: Timestamp? { promisedAt ?? nextUpdateAt }

    package static let kind = "update_posted"
    package static let examples = [
        UpdatePosted(audience: "public", body: "We are on it.", eta: EventExamples.noon, steps: ["Restart the app"])
    ]
    package var isNotified: Bool { true }

    package var redacted: UpdatePosted {
        var copy = self
        copy.body = body.redacted
        copy.steps = steps.map(\.redacted)
        return copy
    }

    package var phrase: Phrase {
        let told: Phrase = eta.map { " ETA: \($0.told)." } ?? ""
        let list = steps.map(\.onOneLine).filter { !$0.isEmpty }.joined(separator: "; ")
        let reader = Phrase.audience(audience)
        let text: Phrase = "Update posted to \(reader): \(body.sentence)\(told)"
        return list.isEmpty ? text : "\(text) What to do: \(list.sentence)"
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        if let id {
            let audience = UpdateAudience(word: audience) ?? .staff
            incident.communicate { communication in
                // What the daemon publishes is said by who wrote it.
                let author = communication.draft(id)?.authors.last?.name ?? actor.name
                communication.last = max(communication.last, id)
                communication.drafts.removeAll { $0.id == id }
                communication.published.append(
                    PublishedUpdate(
                        id: id, audience: audience, isPublic: isPublic ?? false,
                        language: language ?? LanguageTag.standard, revision: 1, eta: eta))
                communication.expectUpdate(by: nextUpdateAt)
                communication.tell(eta, at: moment, by: author)
            }
        }
        incident.updates += 1
        guard let eta else { return }
        if id == nil { incident.eta = eta } else { incident.expectNewest() }
    }
}

/// A draft begins, or is changed: then nobody has approved it any more.
package struct UpdateDrafted: TimelineEvent {
    package var id: Int
    /// Counts from 1.
    package var revision: Int
    package var content: UpdateContent
    package var publishAt: Timestamp?
    /// The template that its first revision was written from.
    package var template: String?
    /// The number of the update in whose place it comes.
    package var corrects: Int?
    /// True where what its author is in the incident lets it out, and not the role of the token.
    package var released: Bool?
    /// Whose token it was, where the name of the author is another's.
    package var person: String?

    private enum CodingKeys: String, CodingKey {
        case id, revision, content, template, corrects, released, person
        case publishAt = "publish_at"
    }

    package static let kind = "update_drafted"
    package static let examples = [
        UpdateDrafted(
            id: 3, revision: 2, content: EventExamples.content, publishAt: EventExamples.noon, template: "assess.de",
            corrects: 2)
    ]

    package var redacted: UpdateDrafted {
        var copy = self
        copy.content = content.redacted
        copy.person = person?.redacted
        return copy
    }

    package var phrase: Phrase {
        let what: Phrase = corrects.map { "Correction of update \($0)" } ?? "Update \(id)"
        let audience = content.audience.phrase
        let text: Phrase =
            revision == 1
            ? "\(what) to \(audience) drafted: \(content.body.sentence)"
            : "\(what) to \(audience) changed: \(content.body.sentence)"
        return publishAt.map { "\(text) To be published at \($0.told)." } ?? text
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { communication in
            let before = communication.draft(id)
            communication.last = max(communication.last, id)
            communication.drafts.removeAll { $0.id == id }
            let author = UpdateAuthor(id: actor.id, name: actor.name, person: person)
            let others = (before?.authors ?? []).filter { $0 != author }
            communication.drafts.append(
                UpdateDraft(
                    id: id, revision: revision, content: content, template: template, corrects: corrects,
                    authors: others + [author], approvedBy: nil,
                    publishAt: publishAt, isReleased: released ?? actor.mayPublish(to: content.audience),
                    keepsApproval: before?.keepsApproval))
            communication.drafts.sort { $0.id < $1.id }
        }
    }
}

extension Principal {
    fileprivate func mayPublish(to audience: UpdateAudience) -> Bool { audience == .staff || role >= .commander }
}

package struct UpdateApproved: TimelineEvent {
    package var id: Int
    package var revision: Int

    package static let kind = "update_approved"
    package static let examples = [
        UpdateApproved(id: 3, revision: 2)
    ]

    package var phrase: Phrase { "Update \(id) approved (revision \(revision))." }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { $0.change(id) { $0.approvedBy = actor.name } }
    }
}

package struct UpdateScheduled: TimelineEvent {
    package var id: Int
    package var publishAt: Timestamp
    /// True where what the person is in the incident lets it out, and not the role of the token.
    package var released: Bool?

    private enum CodingKeys: String, CodingKey {
        case id, released
        case publishAt = "publish_at"
    }

    package static let kind = "update_scheduled"
    package static let examples = [
        UpdateScheduled(id: 3, publishAt: EventExamples.noon)
    ]

    package var phrase: Phrase { "Update \(id) will be published at \(publishAt.told)." }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { communication in
            communication.change(id) { draft in
                draft.publishAt = publishAt
                draft.isReleased = released ?? actor.mayPublish(to: draft.content.audience)
            }
        }
    }
}

/// The time of a draft came, and it was not published.
package struct UpdateHeld: TimelineEvent {
    package var id: Int
    package var why: Why

    package enum Why: String, CaseIterable, Codable, Sendable {
        case notApproved = "not_approved"
        case redacted
        case tooManyCorrections = "too_many_corrections"
    }

    package static let kind = "update_held"
    package static let examples = [
        UpdateHeld(id: 3, why: .notApproved)
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase {
        let reason: Phrase =
            switch why {
            case .notApproved: "nobody has approved it"
            case .redacted: "its text was redacted"
            case .tooManyCorrections: "the update was corrected too often"
            }
        return "Update \(id) was not published at its time: \(reason)."
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { $0.change(id) { $0.publishAt = nil } }
    }
}

package struct UpdateWithdrawn: TimelineEvent {
    package var id: Int
    package var reason: String?

    package static let kind = "update_withdrawn"
    package static let examples = [
        UpdateWithdrawn(id: 3, reason: "it is over")
    ]

    package var redacted: UpdateWithdrawn {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("Update \(id) withdrawn before it was published.").giving(reason) }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { $0.drafts.removeAll { $0.id == id } }
    }
}

package struct UpdateCorrected: TimelineEvent {
    package var id: Int
    /// 2 for the first correction.
    package var revision: Int
    package var content: UpdateContent
    package var reason: String?
    /// The number of the draft that it was, if it was one.
    package var draft: Int?
    /// When the update was published, where the time was wrong.
    package var publishedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case id, revision, content, reason, draft
        case publishedAt = "published_at"
    }

    package static let kind = "update_corrected"
    package static let examples = [
        UpdateCorrected(id: 2, revision: 2, content: EventExamples.content, reason: "a wrong time", draft: 3)
    ]
    package var isNotified: Bool { true }

    package var redacted: UpdateCorrected {
        var copy = self
        copy.content = content.redacted
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase {
        let eta: Phrase = content.eta.map { " ETA: \($0.told)." } ?? ""
        let published: Phrase = publishedAt.map { ", published \($0.told)," } ?? ""
        return Phrase(
            "Update \(id) to \(content.audience.phrase)\(published) corrected: \(content.body.sentence)\(eta)"
        ).giving(reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var (isWithdrawn, isSame) = (false, false)
        let incidentEta = incident.eta
        incident.communicate { communication in
            let author = draft.flatMap(communication.draft)?.authors.last?.name ?? actor.name
            if let draft {
                communication.drafts.removeAll { $0.id == draft }
                communication.corrections[draft] = id
            }
            if let index = communication.published.firstIndex(where: { $0.id == id }) {
                communication.published[index].revision = revision
                communication.published[index].audience = content.audience
                communication.published[index].isPublic = content.isPublic
                communication.published[index].language = content.language
                // What only the wrong text had told is told no more.
                if content.eta == nil, let told = communication.published[index].eta, told == incidentEta {
                    communication.withdrawEta(at: moment, by: author, reason: reason)
                    isWithdrawn = true
                }
                isSame = communication.published[index].eta == content.eta
                communication.published[index].eta = content.eta
            }
            // A time that the update had told already says nothing new.
            if !isSame { communication.tell(content.eta, at: moment, by: author) }
        }
        if isWithdrawn { incident.eta = nil } else if !isSame, content.eta != nil { incident.expectNewest() }
    }
}

/// The next update is late; said once for each time that was due.
package struct UpdateOverdue: TimelineEvent {
    package var due: Timestamp

    package static let kind = "update_overdue"
    package static let examples = [
        UpdateOverdue(due: EventExamples.noon)
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase { "The update due at \(due.told) is late." }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { $0.isUpdateOverdue = true }
    }
}

/// The review is late; said once.
package struct ReviewOverdue: TimelineEvent {
    package var due: Timestamp

    package static let kind = "review_overdue"
    package static let examples = [
        ReviewOverdue(due: EventExamples.noon)
    ]
    package var isNotified: Bool { true }

    package var phrase: Phrase { "The review due at \(due.told) is late." }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate { $0.isReviewOverdue = true }
    }
}

package struct EtaSet: TimelineEvent {
    package var eta: Timestamp
    package var source: EtaSource
    package var reason: String?
    /// What was expected before.
    package var previous: Timestamp?
    /// Whether it is materially later than what was expected before.
    package var slipped: Bool?

    package static let kind = "eta_set"
    package static let examples = [
        EtaSet(
            eta: EventExamples.noon, source: .person, reason: "the vendor says so", previous: EventExamples.before,
            slipped: true)
    ]
    /// A plan that slips is told of by its revision.
    package var isNotified: Bool { slipped == true && source == .person }

    package var redacted: EtaSet {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase {
        let by: Phrase =
            switch source {
            case .plan: "ETA taken from the restoration plan"
            case .person: "ETA set"
            }
        return Phrase("\(by): \(eta.told)\(previous.map { " (was \($0.told))" } ?? "").").giving(reason)
    }

    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.communicate {
            $0.say(EtaStatement(eta: eta, source: source, saidAt: moment, by: actor.name, reason: reason))
        }
        incident.expectNewest()
    }
}

/// What was said of the end holds no more, and nothing takes its place.
package struct EtaWithdrawn: TimelineEvent {
    package var previous: Timestamp
    package var reason: String
    /// True where another one was said since then, which holds; nil where not.
    package var past: Bool?

    package static let kind = "eta_withdrawn"
    package static let examples = [
        EtaWithdrawn(previous: EventExamples.noon, reason: "the vendor does not know either", past: true)
    ]
    package var isNotified: Bool { true }

    package var redacted: EtaWithdrawn { EtaWithdrawn(previous: previous, reason: reason.redacted, past: past) }
    package var phrase: Phrase { Phrase("ETA taken back (was \(previous.told)).").giving(reason) }
    package var isKeyMoment: Bool { true }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        let isPast = past ?? false
        incident.communicate { $0.withdrawEta(at: moment, by: actor.name, reason: reason, isPast: isPast) }
        if !isPast { incident.eta = nil }
    }
}

// What several of them do.
extension Incident {
    /// The expected end is what was said of the newest moment: one that is entered late is history.
    mutating func expectNewest() {
        guard let newest = communication?.etas.last else { return }
        eta = newest.holds ? newest.eta : nil
    }
}

extension Communication {
    /// A new time counts from now on, whatever was due before.
    mutating func expectUpdate(by due: Timestamp?) {
        updateDueAt = due
        isUpdateOverdue = false
    }

    /// What is drafted already takes the approval however long it waits.
    mutating func keepApproval(of audiences: [UpdateAudience], until moment: Timestamp?) {
        approval = moment.map { KeptApproval(audiences: audiences, until: $0) }
        for index in drafts.indices where audiences.contains(drafts[index].content.audience) {
            drafts[index].keepsApproval = true
        }
    }

    mutating func expectReview(by due: Timestamp?) {
        reviewDueAt = due
        isReviewOverdue = false
    }

    /// A second person has to read the draft again.
    mutating func takeBackApproval(of id: Int) {
        change(id) { $0.approvedBy = nil }
    }

    fileprivate mutating func change(_ id: Int, _ change: (inout UpdateDraft) -> Void) {
        guard let index = drafts.firstIndex(where: { $0.id == id }) else { return }
        change(&drafts[index])
    }

    /// An update told a time; one that was said already says nothing new.
    fileprivate mutating func tell(_ eta: Timestamp?, at moment: Timestamp, by name: String) {
        guard let eta else { return }
        if let last = etas.last, last.holds, last.eta == eta { return }
        say(EtaStatement(eta: eta, source: .person, saidAt: moment, by: name))
    }
}
