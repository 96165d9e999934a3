/// Whom an update is for.
package enum UpdateAudience: String, CaseIterable, Codable, Sendable {
    case users, creators, businesses, staff, regulators

    /// The audience that a word names. Before there were five audiences everybody wrote words of his own; of those, the two that
    /// the documentation used still name one.
    package init?(word: String) {
        switch word {
        case "internal": self = .staff
        case "public": self = .users
        default: self.init(rawValue: word)
        }
    }

    /// Whether everybody may read an update to them, as is so unless its author says otherwise.
    package var canBePublic: Bool {
        switch self {
        case .users, .creators, .businesses: true
        case .staff, .regulators: false
        }
    }
}

/// What an update says, and to whom.
package struct UpdateContent: Hashable, Codable, Sendable {
    package var audience: UpdateAudience
    /// Whether everybody may read it, as on a status page.
    package var isPublic: Bool
    /// A BCP 47 tag, as `en` or `pt-BR`.
    package var language: String
    package var body: String
    /// The expected time of restoration that it tells.
    package var eta: Timestamp?
    /// What its readers can do, one step each.
    package var steps: [String]
    /// When it promises the next one; nil leaves that to the policy.
    package var nextUpdateAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case audience, language, body, eta, steps
        case isPublic = "public"
        case nextUpdateAt = "next_update_at"
    }

    package init(
        audience: UpdateAudience, isPublic: Bool? = nil, language: String = LanguageTag.standard, body: String,
        eta: Timestamp? = nil, steps: [String] = [], nextUpdateAt: Timestamp? = nil
    ) {
        self.audience = audience
        self.isPublic = isPublic ?? audience.canBePublic
        self.language = language
        self.body = body
        self.eta = eta
        self.steps = steps
        self.nextUpdateAt = nextUpdateAt
    }

    var redacted: UpdateContent {
        var copy = self
        copy.body = body.redacted
        copy.steps = steps.map(\.redacted)
        return copy
    }

    /// Whether a text of it was taken out, so that it cannot be shown to anybody.
    var isRedacted: Bool { ([body] + steps).contains { $0.contains(IncidentEvent.redactedText) } }
}

/// What is to be published, once somebody says so.
package struct UpdateRequest: Hashable, Sendable {
    package var content: UpdateContent
    /// When the daemon publishes it; nil waits for a person.
    package var publishAt: Timestamp?
    /// The template that it was written from.
    package var template: String?
    /// The number of the published update in whose place it comes.
    package var corrects: Int?

    package init(
        _ content: UpdateContent, publishAt: Timestamp? = nil, template: String? = nil, corrects: Int? = nil
    ) {
        self.content = content
        self.publishAt = publishAt
        self.template = template
        self.corrects = corrects
    }
}

/// A change of an update; nil leaves a field as it is.
package struct UpdatePatch: Hashable, Sendable {
    /// What can be taken out.
    package enum Time: String, CaseIterable, Sendable {
        case eta
        case nextUpdateAt = "next_update_at"
        case publishAt = "publish_at"
    }

    /// The times that it is to have no more.
    package var cleared: Set<Time> = []
    /// Whom it is for, where that was wrong.
    package var audience: UpdateAudience?
    package var isPublic: Bool?
    package var language: String?
    package var body: String?
    package var eta: Timestamp?
    package var steps: [String]?
    package var nextUpdateAt: Timestamp?
    package var publishAt: Timestamp?

    package init(
        isPublic: Bool? = nil, language: String? = nil, body: String? = nil, eta: Timestamp? = nil,
        steps: [String]? = nil, nextUpdateAt: Timestamp? = nil, publishAt: Timestamp? = nil,
        cleared: Set<Time> = [], audience: UpdateAudience? = nil
    ) {
        self.cleared = cleared
        self.audience = audience
        self.isPublic = isPublic
        self.language = language
        self.body = body
        self.eta = eta
        self.steps = steps
        self.nextUpdateAt = nextUpdateAt
        self.publishAt = publishAt
    }

    /// A time as it is after the change.
    func time(_ time: Time, _ new: Timestamp?, before: Timestamp?) -> Timestamp? {
        cleared.contains(time) ? nil : new ?? before
    }
}

/// What can be done with an update that is there.
package enum UpdateChange: Hashable, Sendable {
    /// Changes a draft, which then has to be approved again.
    case revise(UpdatePatch)
    /// Names the revision that was read, so that nobody approves a text that changed meanwhile.
    case approve(revision: Int)
    /// Publishes a draft: at once, or at a time.
    case publish(at: Timestamp?)
    case withdraw(reason: String?)
    /// Puts another text in the place of one that was published, or another time.
    case correct(UpdatePatch, reason: String?, publishedAt: Timestamp? = nil)
}

/// A text that nobody outside has read yet.
package struct UpdateDraft: Hashable, Codable, Sendable {
    package let id: Int
    /// Counts from 1.
    package var revision: Int
    package var content: UpdateContent
    package var template: String?
    package var corrects: Int?
    /// All who wrote on it, the newest last.
    package var authors: [UpdateAuthor]
    /// Who approved this revision, by name; nil while nobody has.
    package var approvedBy: String?
    package var publishAt: Timestamp?
    /// Whether who set the time may publish by himself; else it goes out only when it is approved.
    package var isReleased: Bool
    /// Whether a severity that the incident had since it was drafted asks for an approval.
    package var keepsApproval: Bool?
}

/// What a severity asked that was lowered just now.
package struct KeptApproval: Hashable, Codable, Sendable {
    package let audiences: [UpdateAudience]
    package let until: Timestamp
}

/// Somebody who wrote on an update.
package struct UpdateAuthor: Hashable, Codable, Sendable {
    package let id: String
    package let name: String
    /// Whose token it was, where the name is another's.
    package var person: String?

    /// Whether it may be the same person: by the token, by its person, or by who the two say to act for.
    func isSame(as principal: Principal) -> Bool {
        let people = Set([name, person].compactMap(\.self).map(Principal.folded))
        return id == principal.id || !people.isDisjoint(with: principal.people)
    }
}

/// What an incident keeps of an update that was published.
package struct PublishedUpdate: Hashable, Codable, Sendable {
    package let id: Int
    package var audience: UpdateAudience
    package var isPublic: Bool
    package var language: String
    /// 1 as it was published, then one more for each correction.
    package var revision: Int
    /// The expected end that it tells; nil when it tells none, and in rows of releases that did not keep it.
    package var eta: Timestamp?
}

/// How those stay informed who wait: drafts, what was published, when the next one is due, and what was said of the end.
package struct Communication: Hashable, Codable, Sendable {
    /// The number of the newest update, drafts among them.
    package var last: Int
    package var drafts: [UpdateDraft] = []
    package var published: [PublishedUpdate] = []
    /// By the number of a draft that was published as a correction, the number of the update that it corrected.
    package var corrections: [Int: Int] = [:]
    /// When the next update is due; nil when none is.
    package var updateDueAt: Timestamp?
    /// Whether the timeline says already that it is late.
    package var isUpdateOverdue = false
    /// When the review is due; nil before there is something to review.
    package var reviewDueAt: Timestamp?
    package var isReviewOverdue = false
    /// What was said of the end, the newest last.
    package var etas: [EtaStatement] = []
    /// Which updates take an approval though the present severity asks for none.
    package var approval: KeptApproval?

    init(last: Int) {
        self.last = last
    }

    func draft(_ id: Int) -> UpdateDraft? { drafts.first { $0.id == id } }

    /// Whether readers have seen it: as an update of its own, or as the correction of another.
    func isPublished(_ id: Int) -> Bool {
        corrections[id] != nil || published.contains { $0.id == id }
    }
}

extension Incident {
    /// When the next update is due: only while people wait for one.
    package var nextUpdateDueAt: Timestamp? {
        phase.hasWaitingPeople ? communication?.updateDueAt : nil
    }

    /// When the review is due: only while there is one to be done.
    package var reviewDueAt: Timestamp? {
        phase == .review && review?.status != .approved ? communication?.reviewDueAt : nil
    }

    /// When the daemon next has to publish something, or to say that something is late.
    package var nextAnnouncement: Timestamp? {
        guard phase.isOpen, let communication else { return nil }
        let dues = [
            communication.isUpdateOverdue ? nil : nextUpdateDueAt, communication.isReviewOverdue ? nil : reviewDueAt,
        ]
        return (communication.drafts.map(\.publishAt) + dues).compactMap(\.self).min()
    }

    mutating func communicate(_ change: (inout Communication) -> Void) {
        var changed = communication ?? Communication(last: updates)
        change(&changed)
        communication = changed
    }
}

extension Phase {
    /// Whether people wait for the end of it.
    package var hasWaitingPeople: Bool { isOpen && self != .review }
}

/// Names of languages (BCP 47).
package enum LanguageTag {
    package static let standard = "en"

    /// As tags are usually written, `pt-BR` for `PT-br`; nil when the text is none.
    package static func read(_ text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 35, let first = parts.first, (2...8).contains(first.utf8.count),
            first.utf8.allSatisfy(isLetter),
            parts.allSatisfy({ (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy { isLetter($0) || isDigit($0) } })
        else { return nil }
        return parts.enumerated().map { index, part in
            if index == 0 { return part.lowercased() }
            switch part.utf8.count {
            case 2: return part.uppercased()
            case 4 where part.utf8.allSatisfy(isLetter):
                return part.prefix(1).uppercased() + part.dropFirst().lowercased()
            default: return part.lowercased()
            }
        }.joined(separator: "-")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
