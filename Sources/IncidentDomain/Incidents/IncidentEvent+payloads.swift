// The payloads of the events, in the order of the cases of `IncidentEvent`. Their keys are stored for ever.

package struct IncidentOpened: Hashable, Codable, Sendable {
    package var title: String
    package var summary: String?
    package var startedAt: Timestamp
    package var labels: [String: String]
    /// `person` or `alert`.
    package var origin: String

    private enum CodingKeys: String, CodingKey {
        case title, summary, labels, origin
        case startedAt = "started_at"
    }
}

package struct IncidentDescribed: Hashable, Codable, Sendable {
    package var title: String?
    package var summary: String?
    package var labels: [String: String]?
}

package struct StartCorrected: Hashable, Codable, Sendable {
    package var startedAt: Timestamp
    package var previous: Timestamp

    private enum CodingKeys: String, CodingKey {
        case previous
        case startedAt = "started_at"
    }
}

package struct SeveritySet: Hashable, Codable, Sendable {
    package var severity: Severity
    package var previous: Severity?
}

package struct PhaseEntered: Hashable, Codable, Sendable {
    package var phase: Phase
    package var from: Phase
    /// What was not met and overridden, as sentences.
    package var overridden: [OverriddenRequirement]
    package var reason: String?
}

/// A requirement that somebody decided to go on without.
package struct OverriddenRequirement: Hashable, Codable, Sendable {
    package var requirement: Requirement
    package var detail: String
}

package struct PhaseReverted: Hashable, Codable, Sendable {
    package var phase: Phase
    package var from: Phase
    package var reason: String
}

package struct IncidentDismissed: Hashable, Codable, Sendable {
    package var reason: String
}

package struct IncidentMerged: Hashable, Codable, Sendable {
    package var into: Int
    package var reason: String?
}

/// What an incident took over from one that was merged into it.
package struct IncidentAbsorbed: Hashable, Codable, Sendable {
    package var number: Int
    package var title: String
    /// Impacts on components that this incident had none on, or one that had ended.
    package var impacts: [ComponentImpact]
    package var firing: [String: Int]
    package var alerts: Int
}

package struct RoleAssigned: Hashable, Codable, Sendable {
    package var role: IncidentRole
    package var person: String
    package var previous: String?
}

package struct ImpactRemoved: Hashable, Codable, Sendable {
    package var component: String
}

package struct NoteAdded: Hashable, Codable, Sendable {
    package var text: String
    /// Whether it belongs into the review's short timeline.
    package var key: Bool
    /// Counts from 1 within its incident; nil in entries of releases that did not count them.
    package var number: Int?
}

package struct MitigationAdded: Hashable, Codable, Sendable {
    package var id: Int
    package var description: String
    package var kind: String?
    package var owner: String?
    package var state: MitigationState
}

package struct MitigationChanged: Hashable, Codable, Sendable {
    package var id: Int
    package var description: String?
    package var kind: String?
    package var owner: String?
    package var state: MitigationState?
    package var previous: MitigationState?
}

package struct TaskAdded: Hashable, Codable, Sendable {
    package var id: Int
    package var text: String
    package var owner: String?
}

package struct TaskChanged: Hashable, Codable, Sendable {
    package var id: Int
    package var text: String?
    package var owner: String?
    package var done: Bool?
}

package struct StepStarted: Hashable, Codable, Sendable {
    package var component: String
    /// The closed gates that were overridden, as sentences.
    package var overridden: [String]
    package var reason: String?
    /// How long it was thought to take, so that what came of it can be compared; nil when nobody knew, and in entries of
    /// releases that did not ask.
    package var estimate: StepEstimate?
}

package struct StepRamped: Hashable, Codable, Sendable {
    package var component: String
    package var percent: Int
}

package struct StepVerifying: Hashable, Codable, Sendable {
    package var component: String
    /// When the soak ends, if nothing fires until then.
    package var soakUntil: Timestamp

    private enum CodingKeys: String, CodingKey {
        case component
        case soakUntil = "soak_until"
    }
}

package struct StepRestored: Hashable, Codable, Sendable {
    package var component: String
}

package struct StepWaived: Hashable, Codable, Sendable {
    package var component: String
    package var reason: String
}

package struct StepFailed: Hashable, Codable, Sendable {
    package var component: String
    package var reason: String?
}

package struct StepRegressed: Hashable, Codable, Sendable {
    package var component: String
    package var reason: String
}

package struct RestorationOrdered: Hashable, Codable, Sendable {
    /// What comes first within its wave, as far as dependencies allow; empty gives the order back to the plan.
    package var components: [String]
    package var reason: String?
}

package struct UpdatePosted: Hashable, Codable, Sendable {
    package var audience: String
    package var body: String
    /// The expected time of restoration that was told.
    package var eta: Timestamp?
    /// What the readers can do, one step each.
    package var steps: [String]

    package init(audience: String, body: String, eta: Timestamp? = nil, steps: [String] = []) {
        self.audience = audience
        self.body = body
        self.eta = eta
        self.steps = steps
    }
}

package struct ReviewDrafted: Hashable, Codable, Sendable {
    package var revision: Int
}

package struct ReviewRevised: Hashable, Codable, Sendable {
    package var revision: Int
    package var status: ReviewStatus
    package var sections: [EditedSection]
    /// Not in the payload: the version of the stored event says it.
    package var scope = Scope.changes

    package enum Scope: Hashable, Sendable {
        /// Version 1: every section that a person wrote so far.
        case whole
        /// Version 2: only the sections that this revision wrote or changed.
        case changes
    }

    private enum CodingKeys: String, CodingKey {
        case revision, status, sections
    }
}

package struct ReviewApproved: Hashable, Codable, Sendable {
    package var revision: Int
    /// What the timeline did not have yet of the document as it was approved; without `order` (version 1) all of it.
    package var sections: [EditedSection]
    /// The ids of the whole document, in its order. What does not stand in `sections` is as the newest revision wrote it, or as
    /// the newest approval before kept it.
    package var order: [String]?
}

package struct ActionAdded: Hashable, Codable, Sendable {
    package var ordinal: Int
    package var title: String
    package var kind: ActionKind
    package var owner: String?
    package var due: String?
    package var required: Bool
}

package struct ActionChanged: Hashable, Codable, Sendable {
    package var ordinal: Int
    package var title: String?
    package var kind: ActionKind?
    package var owner: String?
    package var due: String?
    package var required: Bool?
    package var state: ActionState?
}

package struct EntryRedacted: Hashable, Codable, Sendable {
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
}
