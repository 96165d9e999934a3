/// Why a command was not carried out. Each case has a stable code, which scripts may rely on.
package enum IncidentRefusal: Error, Hashable, Sendable {
    /// The incident is not in a phase in which this can be done.
    case wrongPhase(Phase, wanted: [Phase])
    /// The way forward is blocked by what the phase still asks for.
    case requirementsUnmet(Phase, [UnmetRequirement])
    /// `to` names a phase that cannot follow.
    case noSuchTransition(from: Phase, to: Phase, possible: [Phase])
    /// The component may not be started yet.
    /// - Parameter verb: What was asked for: `start` or `verify`.
    case gateClosed(
        component: String, to: RestorationVerb, waitsFor: [RestorationGate], passing: [String] = [])
    /// The restoring of the component is not in a state for this.
    case stepState(component: String, RestorationStatus, wanted: [RestorationStatus])
    /// The mitigation cannot go from one state to the other.
    case mitigationState(id: Int, from: MitigationState, to: MitigationState)
    case mergeRefused(String)
    /// The review does not exist yet, or is already approved.
    case reviewState(String)
    /// The review cannot be approved while sections are not written yet, or required action items have no owner.
    ///
    /// - Parameters:
    ///   - sections: Their ids.
    ///   - actions: The ids of action items.
    case reviewUnfinished(sections: [String], actions: [String])
    /// A second person has to approve it before it goes to this audience; `update` is the draft, or nil when there is none yet.
    case approvalRequired(audience: UpdateAudience, update: Int?)
    /// The update is not one that this can be done with; the detail goes on from "Update 3 ".
    case updateState(id: Int, String)
    case notFound(String)
    /// The token's role is too low, and its person has no role in the incident that would do; nil where none does.
    case roleRequired(Role, has: Role, to: String, IncidentRoleRemedy?)
    /// A value that is wrong given this incident; `field` is its JSON pointer.
    case badValue(field: String, detail: String)

    /// The name under `/problems/`.
    package var code: String {
        switch self {
        case .wrongPhase: "wrong-phase"
        case .requirementsUnmet: "requirements-unmet"
        case .noSuchTransition: "no-such-transition"
        case .gateClosed: "gate-closed"
        case .stepState: "step-state"
        case .mitigationState: "mitigation-state"
        case .mergeRefused: "merge-refused"
        case .reviewState: "review-state"
        case .reviewUnfinished: "review-unfinished"
        case .approvalRequired: "approval-required"
        case .updateState: "update-state"
        case .notFound: "not-found"
        case .roleRequired: "role-required"
        case .badValue: "invalid-value"
        }
    }
}

extension IncidentRefusal: CustomStringConvertible {
    /// One sentence that says what to do.
    package var description: String {
        switch self {
        case .wrongPhase(let phase, let wanted):
            let names = wanted.map(\.rawValue).joined(separator: ", ")
            return "Not possible in phase \(phase.rawValue); possible in: \(names.isEmpty ? "none" : names)."
        case .requirementsUnmet(let phase, let unmet):
            let details = unmet.map(\.detail).joined(separator: "; ")
            return "Cannot leave phase \(phase.rawValue) yet: \(details)."
        case .noSuchTransition(let from, let to, let possible):
            let names = possible.map(\.rawValue).joined(separator: ", ")
            return
                "Cannot go from phase \(from.rawValue) to \(to.rawValue); possible: \(names.isEmpty ? "none" : names)."
        case .gateClosed(let component, _, let gates, _):
            return "\(component) is blocked: \(gates.map(\.reason).joined(separator: "; "))."
        case .stepState(let component, let state, let wanted):
            let names = wanted.map(\.rawValue).joined(separator: " or ")
            return "\(component) is \(state.rawValue); this is possible when it is \(names)."
        case .mitigationState(let id, let from, let to):
            let names = from.following.map(\.rawValue).joined(separator: ", ")
            return "Mitigation \(id) is \(from.rawValue) and cannot become \(to.rawValue); possible: \(names)."
        case .approvalRequired(let audience, let update):
            let next =
                update.map { "another person approves update \($0) first." }
                ?? "draft it, and let another person approve."
            return "An update to \(audience.rawValue) needs a second person's approval at this severity: \(next)"
        case .reviewUnfinished(let sections, let actions):
            let gaps =
                sections.map { "section \($0) is not written yet" }
                + actions.map { "required action item \($0) has no owner" }
            return "The review cannot be approved yet: \(gaps.joined(separator: "; "))."
        case .updateState(let id, let detail): return "Update \(id) \(detail)"
        case .mergeRefused(let detail), .reviewState(let detail), .notFound(let detail): return detail
        case .roleRequired(let role, let own, let action, let remedy):
            let lack = "Requires role \(role.rawValue) to \(action); this token has \(own.rawValue)."
            return remedy.map { "\(lack) \($0.sentence)" } ?? lack
        case .badValue(_, let detail): return detail
        }
    }
}
