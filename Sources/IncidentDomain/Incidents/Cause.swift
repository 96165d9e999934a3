/// The taxonomy of causes; each category has a playbook of first responses (`Playbook`).
package enum CauseCategory: String, CaseIterable, Codable, Sendable {
    case technical, maintenance, attack, connectivity, unknown

    /// The subcategories that belong to this category.
    package var subcategories: [CauseSubcategory] {
        switch self {
        case .technical:
            [.softwareBug, .serverFault, .databaseFault, .cdnFault, .capacity, .configuration, .dependency]
        case .maintenance: [.plannedOverrun, .changeGoneWrong]
        case .attack: [.ddos, .accountCompromise, .dataCompromise, .malware, .insider]
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
    /// As people say it, within a sentence.
    package var words: String {
        switch self {
        case .softwareBug: "software bug"
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

/// One statement about the cause; an incident keeps all of them, the newest last.
package struct CauseHypothesis: Hashable, Codable, Sendable {
    package var category: CauseCategory
    package var subcategory: CauseSubcategory?
    package var confidence: CauseConfidence
    /// What it rests on; for `unknown`, why it is still unknown.
    package var evidence: String?
    /// True when it was said after the incident was closed.
    package var afterwards: Bool?

    package init(
        category: CauseCategory, subcategory: CauseSubcategory? = nil,
        confidence: CauseConfidence = .suspected, evidence: String? = nil, afterwards: Bool? = nil
    ) {
        self.afterwards = afterwards
        self.category = category
        self.subcategory = subcategory
        self.confidence = confidence
        self.evidence = evidence
    }

    /// Whether the other statement is about this cause: about the same subcategory, or any when this one has none.
    func covers(_ other: CauseHypothesis) -> Bool {
        category == other.category && (subcategory == nil || subcategory == other.subcategory)
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
        case .softwareBug, .plannedOverrun, .changeGoneWrong, .malware, .insider, .isp, .regionalNetwork,
            .naturalDisaster, .geopolitical, nil:
            []
        }
    }
}
