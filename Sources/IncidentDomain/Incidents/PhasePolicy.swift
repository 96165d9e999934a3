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
    case mitigationsLifted = "mitigations_lifted"
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
        .review: [.reviewApproved, .actionsAssigned, .mitigationsLifted],
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

extension Incident {
    /// What is missing for one requirement, or nil when it holds.
    package func unmet(_ requirement: Requirement) -> UnmetRequirement? {
        switch requirement {
        case .acknowledged:
            missing(requirement, unless: clocks.acknowledgedAt != nil, "not acknowledged")
        case .severitySet:
            missing(requirement, unless: severity != nil, "no severity set")
        case .commanderAssigned: unassigned(.commander, requirement)
        case .operationsAssigned: unassigned(.operations, requirement)
        case .communicationsAssigned: unassigned(.communications, requirement)
        case .impactRecorded:
            missing(requirement, unless: impacts.contains { $0.impact.isHarm }, "no component impact recorded")
        case .audienceImpactRecorded:
            missing(requirement, unless: !audiences.isEmpty, "no audience impact recorded")
        case .causeGiven:
            missing(
                requirement, unless: cause != nil,
                "no cause stated, or all were refuted; category unknown with a reason says that it is not known yet")
        case .causeConfirmed:
            missing(requirement, unless: cause?.confidence == .confirmed, "cause not confirmed")
        case .updatePosted:
            missing(requirement, unless: updates > 0, "no update posted")
        case .mitigationSucceeded, .noMitigationRunning: unmetMitigation(requirement)
        case .mitigationsLifted:
            mitigations.first { $0.inForce ?? false && !$0.isStruck }.map {
                UnmetRequirement(
                    requirement, "mitigation \($0.id) is still in force: \($0.description)", subject: String($0.id))
            }
        case .componentsRestored, .noFiringAlert: unmetRestoration(requirement)
        case .tasksDone:
            tasks.first { !$0.done && !$0.isStruck }.map {
                UnmetRequirement(requirement, "task \($0.id) is not done: \($0.text)", subject: String($0.id))
            }
        case .reviewApproved:
            unmetReview
        case .actionsAssigned:
            actions.first { $0.required && !$0.isStruck && $0.state != .dropped && ($0.owner == nil || $0.due == nil) }
                .map {
                    UnmetRequirement(
                        requirement,
                        "required action item \(id(of: $0)) has no \($0.owner == nil ? "owner" : "due date")",
                        subject: id(of: $0))
                }
        }
    }

    private func missing(_ requirement: Requirement, unless holds: Bool, _ detail: String) -> UnmetRequirement? {
        holds ? nil : UnmetRequirement(requirement, detail)
    }

    private func unassigned(_ role: IncidentRole, _ requirement: Requirement) -> UnmetRequirement? {
        missing(requirement, unless: roles[role] != nil, "no one assigned as \(role.rawValue)")
    }

    private func unmetMitigation(_ requirement: Requirement) -> UnmetRequirement? {
        if requirement == .noMitigationRunning {
            return mitigations.first { $0.state == .running && !$0.isStruck }.map {
                UnmetRequirement(
                    requirement, "mitigation \($0.id) is still running: \($0.description)", subject: String($0.id))
            }
        }
        let mitigations = mitigations.filter { !$0.isStruck }
        guard !mitigations.contains(where: { $0.state == .succeeded || $0.state == .notNeeded }) else { return nil }
        guard !mitigations.isEmpty else { return UnmetRequirement(requirement, "no mitigation recorded") }
        // One that failed is run again, or another one is recorded.
        let candidate = mitigations.last { $0.state == .planned || $0.state == .running }
        return UnmetRequirement(
            requirement, "no mitigation has succeeded or is marked as not needed",
            subject: candidate.map { String($0.id) })
    }

    private func unmetRestoration(_ requirement: Requirement) -> UnmetRequirement? {
        if requirement == .noFiringAlert {
            let blocking = blockingAlerts
            let count = blocking.values.reduce(0, +)
            guard count > 0 else { return nil }
            let names = blocking.keys.sorted().filter { !$0.isEmpty }
            let place = names.isEmpty ? "" : " on \(names.joined(separator: ", "))"
            // Only what is to be restored can be waived.
            let waivable = names.first { step($0).map { !$0.state.isDone } ?? false }
            return UnmetRequirement(
                requirement, "\(count) alert\(count == 1 ? " is" : "s are") still firing\(place)", subject: waivable)
        }
        let down = unrestored
        guard let first = down.first else { return nil }
        let names = down.prefix(10).joined(separator: ", ") + (down.count > 10 ? " and \(down.count - 10) more" : "")
        let (subject, next) = nextToRestore(of: down) ?? (first, .look)
        return UnmetRequirement(requirement, "not restored or waived: \(names)", subject: subject, step: next)
    }

    /// What can be done next, as far as it can be told without the catalog: what is worked on is verified, and what is
    /// alone waits for nothing else. Nil when it takes the restoration plan to say.
    private func nextToRestore(of down: [String]) -> (component: String, UnmetRequirement.NextStep)? {
        let begun = down.first { step($0)?.state == .restoring && firing[$0, default: 0] == 0 }
        if let begun { return (begun, .finish) }
        guard down.count == 1, let only = step(down[0]), only.state.isStartable else { return nil }
        return (only.component, .begin)
    }

    private var unmetReview: UnmetRequirement? {
        guard let review else {
            return UnmetRequirement(.reviewApproved, "review not started")
        }
        return review.status == .approved
            ? nil : UnmetRequirement(.reviewApproved, "review not approved", step: .finish)
    }
}
