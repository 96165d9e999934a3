/// The taxonomy of causes; each category has a playbook of first responses (`Playbook`).
package enum CauseCategory: String, CaseIterable, Codable, Sendable {
    case technical, maintenance, attack, connectivity, unknown

    /// The subcategories that belong to this category.
    package var subcategories: [CauseSubcategory] {
        switch self {
        case .technical:
            [.softwareBug, .serverFault, .databaseFault, .cdnFault, .capacity, .configuration, .dependency]
        case .maintenance: [.plannedOverrun, .changeGoneWrong, .operatorError]
        case .attack: [.ddos, .accountCompromise, .dataCompromise, .malware, .insider, .abuse]
        case .connectivity: [.isp, .regionalNetwork, .dns, .certificate, .naturalDisaster, .geopolitical]
        case .unknown: []
        }
    }
}

/// What within a category went wrong.
package enum CauseSubcategory: String, CaseIterable, Codable, Sendable {
    case softwareBug = "software_bug"
    case serverFault = "server_fault"
    case databaseFault = "database_fault"
    case cdnFault = "cdn_fault"
    case capacity
    case configuration
    case dependency
    case plannedOverrun = "planned_overrun"
    case changeGoneWrong = "change_gone_wrong"
    case operatorError = "operator_error"
    case abuse
    case ddos
    case accountCompromise = "account_compromise"
    case dataCompromise = "data_compromise"
    case malware
    case insider
    case isp
    case regionalNetwork = "regional_network"
    case dns
    case certificate
    case naturalDisaster = "natural_disaster"
    case geopolitical
}

extension CauseSubcategory {
    /// The same in the reader's language.
    package var phrase: Phrase { .template(words, []) }

    /// As people say it, within a sentence.
    package var words: String {
        switch self {
        case .softwareBug: "software bug"
        case .operatorError: "operator error"
        case .abuse: "abuse"
        case .serverFault: "server fault"
        case .databaseFault: "database fault"
        case .cdnFault: "CDN fault"
        case .capacity: "lack of capacity"
        case .configuration: "configuration error"
        case .dependency: "failed dependency"
        case .plannedOverrun: "maintenance overrun"
        case .changeGoneWrong: "failed change"
        case .ddos: "DDoS"
        case .accountCompromise: "account compromise"
        case .dataCompromise: "data compromise"
        case .malware: "malware"
        case .insider: "insider"
        case .isp: "ISP"
        case .regionalNetwork: "regional network"
        case .dns: "DNS"
        case .certificate: "certificate"
        case .naturalDisaster: "natural disaster"
        case .geopolitical: "geopolitical"
        }
    }
}

/// How sure people are of a cause.
package enum CauseConfidence: String, CaseIterable, Codable, Sendable {
    case suspected, confirmed, refuted
}

/// What part a cause played.
package enum CauseRole: String, CaseIterable, Codable, Sendable {
    /// What set it off, as a deploy or a cut fibre.
    case trigger
    /// What was wrong underneath, and made the trigger harmful.
    case root
    /// What made it worse or longer.
    case contributing
    /// Why it was noticed late.
    case detectionGap = "detection_gap"
    /// What in the way of working let it happen.
    case process
}

/// One statement about the cause; an incident keeps all of them, in the order in which they came to hold.
package struct CauseHypothesis: Hashable, Codable, Sendable {
    package var category: CauseCategory
    package var subcategory: CauseSubcategory?
    package var confidence: CauseConfidence
    /// What it rests on; for `unknown`, why it is still unknown.
    package var evidence: String?
    /// True when it was said after the incident was closed.
    package var afterwards: Bool?
    /// Nil where nobody said it, and in entries of releases that did not ask.
    package var role: CauseRole?
    /// The component at fault, by its slug.
    package var component: String?
    /// The change at fault: an id of `/v1/changes`, or what it is called elsewhere.
    package var change: String?
    /// Since when it is said, which is the `occurred_at` of its entry. Nil in the entry itself.
    package var statedAt: Timestamp?
    /// The entry that says it; nil in the entry itself.
    package var entry: Int?

    package init(
        category: CauseCategory, subcategory: CauseSubcategory? = nil,
        confidence: CauseConfidence = .suspected, evidence: String? = nil, afterwards: Bool? = nil,
        role: CauseRole? = nil, component: String? = nil, change: String? = nil
    ) {
        self.afterwards = afterwards
        self.category = category
        self.subcategory = subcategory
        self.confidence = confidence
        self.evidence = evidence
        self.role = role
        self.component = component
        self.change = change
    }

    private enum CodingKeys: String, CodingKey {
        case category, subcategory, confidence, evidence, afterwards, role, component, change, entry
        case statedAt = "stated_at"
    }

    /// Whether the other statement is about this cause: the same in everything that this one says of it.
    func covers(_ other: CauseHypothesis) -> Bool {
        category == other.category && (subcategory == nil || subcategory == other.subcategory)
            && (role == nil || role == other.role) && (component == nil || component == other.component)
            && (change == nil || change == other.change)
    }

    /// Whether both are about the same cause, however sure they are.
    func isAbout(_ other: CauseHypothesis) -> Bool { covers(other) && other.covers(self) }

    /// As it was said: without what the incident keeps beside it.
    var said: CauseHypothesis {
        var copy = self
        (copy.afterwards, copy.statedAt, copy.entry) = (nil, nil, nil)
        return copy
    }

    /// What is told first; two statements with the same rank are told by their time, the newest first.
    private var rank: (role: Int, confidence: Int) {
        // That it is unknown says nothing of the part that it played.
        let role: Int =
            switch category == .unknown ? nil : self.role {
            case .root: 0
            case .trigger: 1
            case nil: 2
            case .contributing: 3
            case .process: 4
            case .detectionGap: 5
            }
        return (role, confidence == .confirmed ? 0 : 1)
    }

    fileprivate static func isTold(_ one: CauseHypothesis, before other: CauseHypothesis) -> Bool {
        one.rank == other.rank ? other.isSaid(before: one) : one.rank < other.rank
    }

    /// By the time of the fact; of the same moment, by entry.
    func isSaid(before other: CauseHypothesis) -> Bool {
        (statedAt?.milliseconds ?? 0, entry ?? 0) < (other.statedAt?.milliseconds ?? 0, other.entry ?? 0)
    }
}

extension Incident {
    /// The causes as far as they are known, the one that heads the incident first: by the part that it played (root, trigger, not
    /// said, contributing, process, detection gap), then confirmed before suspected, then the newest. What was said of the same cause
    /// later takes the place of what was said before, and a refutation counts from its own time on: what was refuted can be stated
    /// again.
    package var causes: [CauseHypothesis] {
        hypotheses.enumerated().filter { place, statement in
            guard statement.confidence != .refuted else { return false }
            return !hypotheses.enumerated().contains { otherPlace, other in
                guard (other.confidence == .refuted && other.covers(statement)) || other.isAbout(statement) else {
                    return false
                }
                return statement.isSaid(before: other) || (!other.isSaid(before: statement) && place < otherPlace)
            }
        }.map(\.element).sorted(by: CauseHypothesis.isTold)
    }

    /// The cause that heads the incident; nil when none is known, or all were refuted.
    package var cause: CauseHypothesis? { causes.first }

    mutating func noteCause() {
        let known = causeKnownAt
        clockFacts?.causeAt = known
    }

    /// Since when the cause that heads it is said, in whatever words.
    private var causeKnownAt: Timestamp? {
        let causes = causes
        guard let cause = causes.first else { return nil }
        return hypotheses.filter { other in
            other.confidence != .refuted && other.category == cause.category && other.subcategory == cause.subcategory
                && !hypotheses.contains { $0.confidence == .refuted && $0.covers(other) && other.isSaid(before: $0) }
        }.compactMap(\.statedAt).min()
    }
}

/// The first responses that a cause asks for, suggested and never started by Muster itself.
package enum Playbook {
    /// One suggested mitigation.
    package struct Suggestion: Hashable, Sendable {
        /// A stable word that a mitigation's `kind` can take.
        package let kind: String
        package let description: String
    }

    /// What to do first about a cause, most usual first; the subcategory's own advice stands before its category's.
    package static func suggestions(for cause: CauseHypothesis) -> [Suggestion] {
        var kinds: Set<String> = []
        return (own(cause.subcategory) + general(cause.category)).filter { kinds.insert($0.kind).inserted }
    }

    private static func general(_ category: CauseCategory) -> [Suggestion] {
        switch category {
        case .technical:
            [
                Suggestion(kind: "rollback", description: "Patch, or roll back the last change"),
                Suggestion(kind: "restart", description: "Restart what hangs, one group at a time"),
                Suggestion(kind: "reroute", description: "Reroute traffic to healthy capacity"),
            ]
        case .maintenance:
            [
                Suggestion(kind: "stop_change", description: "Stop the change"),
                Suggestion(kind: "rollback", description: "Roll the change back"),
                Suggestion(kind: "extend_window", description: "Extend the announced maintenance window"),
            ]
        case .attack:
            [
                Suggestion(kind: "block_traffic", description: "Block the malicious traffic"),
                Suggestion(kind: "isolate", description: "Isolate what is compromised"),
                Suggestion(kind: "rotate_credentials", description: "Rotate credentials"),
                Suggestion(kind: "keep_evidence", description: "Preserve evidence before anything is rebuilt"),
            ]
        case .connectivity:
            [
                Suggestion(kind: "reroute", description: "Reroute around the fault"),
                Suggestion(kind: "contact_carrier", description: "Contact the carrier"),
                Suggestion(kind: "announce_regions", description: "Announce the affected regions"),
            ]
        case .unknown:
            [Suggestion(kind: "keep_assessing", description: "Keep assessing: decide what to check next")]
        }
    }

    private static func own(_ subcategory: CauseSubcategory?) -> [Suggestion] {
        switch subcategory {
        case .serverFault: [Suggestion(kind: "restart", description: "Restart or replace the faulty servers")]
        case .databaseFault:
            [
                Suggestion(
                    kind: "failover", description: "Fail over to a healthy replica, then stop writes to the old one")
            ]
        case .cdnFault: [Suggestion(kind: "reroute", description: "Move traffic to another CDN or to the origin")]
        case .capacity: [Suggestion(kind: "shed_load", description: "Shed load, then add capacity")]
        case .configuration: [Suggestion(kind: "rollback", description: "Roll the configuration back")]
        case .dependency:
            [Suggestion(kind: "degrade", description: "Switch the dependent feature to its degraded mode")]
        case .dns: [Suggestion(kind: "fix_records", description: "Fix the records and lower their TTL")]
        case .certificate: [Suggestion(kind: "renew_certificate", description: "Issue and deploy a new certificate")]
        case .ddos: [Suggestion(kind: "block_traffic", description: "Turn on scrubbing and rate limits at the edge")]
        case .dataCompromise: [Suggestion(kind: "isolate", description: "Cut off the path by which data leaves")]
        case .accountCompromise:
            [
                Suggestion(
                    kind: "rotate_credentials", description: "Revoke sessions and rotate the accounts' credentials")
            ]
        case .softwareBug, .plannedOverrun, .changeGoneWrong, .operatorError, .abuse, .malware, .insider, .isp,
            .regionalNetwork,
            .naturalDisaster, .geopolitical, nil:
            []
        }
    }
}
