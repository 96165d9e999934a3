/// One thing that a phase may ask for before it can be left.
package enum Requirement: String, CaseIterable, Codable, Sendable {
    case acknowledged
    case severitySet = "severity_set"
    case commanderAssigned = "commander_assigned"
    case operationsAssigned = "operations_assigned"
    case communicationsAssigned = "communications_assigned"
    case impactRecorded = "impact_recorded"
    case audienceImpactRecorded = "audience_impact_recorded"
    case causeGiven = "cause_given"
    case causeConfirmed = "cause_confirmed"
    case updatePosted = "update_posted"
    case mitigationSucceeded = "mitigation_succeeded"
    case noMitigationRunning = "no_mitigation_running"
    case componentsRestored = "components_restored"
    case noFiringAlert = "no_firing_alert"
    case tasksDone = "tasks_done"
    case reviewApproved = "review_approved"
    case actionsAssigned = "actions_assigned"
}

/// Which requirements each phase has, by severity: the default policy, and what configuration puts in its place.
package struct PhasePolicy: Hashable, Sendable {
    /// The requirements of one severity, by the phase that is left.
    package typealias Exits = [Phase: [Requirement]]

    private let general: Exits
    private let special: [Severity: Exits]
    /// A short name that differs when two policies do, for noticing that something was computed under another one.
    package let stamp: String

    /// What `docs/` calls the default policy.
    package static let builtIn: Exits = [
        .detect: [.acknowledged],
        .assess: [.severitySet, .commanderAssigned, .impactRecorded, .causeGiven],
        .mitigate: [.mitigationSucceeded, .noMitigationRunning],
        .restore: [.componentsRestored, .noFiringAlert],
        .review: [.reviewApproved, .actionsAssigned],
    ]

    /// - Parameters:
    ///   - general: Replaces the built-in requirements, phase by phase.
    ///   - special: Replaces the general ones of a severity, phase by phase.
    package init(general: Exits = [:], special: [Severity: Exits] = [:]) {
        self.general = Self.builtIn.merging(general) { _, own in own }
        self.special = special
        var hash = FNV1a()
        hash.add(Self.text(self.general, special))
        stamp = hash.digits
    }

    /// What has to hold before an incident of this severity leaves `phase`.
    package func requirements(leaving phase: Phase, severity: Severity?) -> [Requirement] {
        if let severity, let own = special[severity]?[phase] { return own }
        return general[phase] ?? []
    }

    /// What a phase still asks of an incident, in the policy's order.
    package func unmet(leaving phase: Phase, of incident: Incident) -> [UnmetRequirement] {
        requirements(leaving: phase, severity: incident.severity).compactMap { incident.unmet($0) }
    }

    private static func text(_ general: Exits, _ special: [Severity: Exits]) -> String {
        let scopes = [("default", general)] + special.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }
        return scopes.map { name, exits in
            let phases = Phase.open.compactMap { phase in
                exits[phase].map { "\(phase.rawValue)=\($0.map(\.rawValue).joined(separator: ","))" }
            }
            return "\(name):\(phases.joined(separator: ";"))"
        }.joined(separator: "|")
    }
}

/// A requirement that does not hold yet, and what is missing.
package struct UnmetRequirement: Hashable, Sendable {
    package let requirement: Requirement
    /// One sentence for a person.
    package let detail: String
    /// The component, mitigation, task or action that stands in the way, if there is one.
    package let subject: String?
    package let step: NextStep

    /// Which call comes next, where that depends on how far things are.
    package enum NextStep: Hashable, Sendable {
        case begin, finish
        /// Something else has to come first, or time has to pass; what it is, the restoration plan says.
        case look
    }

    package init(_ requirement: Requirement, _ detail: String, subject: String? = nil, step: NextStep = .begin) {
        self.requirement = requirement
        self.detail = detail
        self.subject = subject
        self.step = step
    }
}
