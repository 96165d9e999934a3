/// The taxonomy of causes; each category has a playbook of first responses (`Playbook.swift`).
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

    package init(
        category: CauseCategory, subcategory: CauseSubcategory? = nil,
        confidence: CauseConfidence = .suspected, evidence: String? = nil
    ) {
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
