import IncidentDomain

/// An unmet requirement with the call that would meet it, so that nobody has to look anything up at 3 a.m.
struct RequirementHint: JSONWritable {
    let unmet: UnmetRequirement
    let number: Int

    func write(to json: inout JSONWriter) {
        let call = call
        let how =
            call.path.hasPrefix("/v1/")
            ? SuggestedCall(call.method, whole: call.path, call.body)
            : SuggestedCall(call.method, call.path, of: number, call.body)
        json.object { json in
            json.member("requirement", unmet.requirement.rawValue)
            json.member("detail", unmet.detail)
            json.member("how", how)
            if isSuggested { json.member("suggestions", "/v1/incidents/\(number)/suggestions") }
        }
    }

    /// Whether the catalog may have something to say of what is missing; a person has to judge it all the same.
    private var isSuggested: Bool {
        switch unmet.requirement {
        case .severitySet, .impactRecorded, .causeGiven: true
        case .acknowledged, .commanderAssigned, .operationsAssigned, .communicationsAssigned, .audienceImpactRecorded,
            .causeConfirmed, .updatePosted, .mitigationSucceeded, .noMitigationRunning, .componentsRestored,
            .noFiringAlert, .tasksDone, .reviewApproved, .actionsAssigned:
            false
        }
    }

    /// The path goes on from the incident's, unless it is a whole one.
    private typealias Call = (method: String, path: String, body: JSONValue?)

    private var call: Call {
        switch unmet.requirement {
        case .acknowledged: ("POST", "/acknowledge", nil)
        case .severitySet: ("PATCH", "", ["severity": "sev2"])
        case .commanderAssigned: role(.commander)
        case .operationsAssigned: role(.operations)
        case .communicationsAssigned: role(.communications)
        case .impactRecorded: ("PUT", "/impacts/COMPONENT", ["impact": "major_outage"])
        case .audienceImpactRecorded: ("PUT", "/audiences/users", ["description": "WHAT THEY NOTICE"])
        case .causeGiven: ("PUT", "/cause", ["category": "technical", "confidence": "suspected"])
        case .causeConfirmed: ("PUT", "/cause", ["category": "technical", "confidence": "confirmed"])
        case .updatePosted: ("POST", "/updates", ["audience": "internal", "body": "WHAT IS KNOWN"])
        case .mitigationSucceeded: mitigation
        case .noMitigationRunning: ("PATCH", "/mitigations/\(unmet.subject ?? "ID")", ["state": "succeeded"])
        case .componentsRestored: restoration
        case .noFiringAlert: firing
        case .tasksDone: ("PATCH", "/tasks/\(unmet.subject ?? "ID")", ["done": true])
        case .reviewApproved: ("POST", unmet.step == .begin ? "/review" : "/review/approve", nil)
        case .actionsAssigned:
            ("PATCH", "/v1/actions/\(unmet.subject ?? "ID")", ["owner": "NAME", "due": "YYYY-MM-DD"])
        }
    }

    private func role(_ role: IncidentRole) -> Call {
        ("PUT", "/roles/\(role.rawValue)", ["person": "NAME"])
    }

    private var restoration: Call {
        let component = unmet.subject ?? "COMPONENT"
        return switch unmet.step {
        case .begin: ("POST", "/restoration/\(component)/start", nil)
        case .finish: ("POST", "/restoration/\(component)/verify", nil)
        case .look: ("GET", "/restoration", nil)
        }
    }

    private var mitigation: Call {
        guard let id = unmet.subject else { return ("POST", "/mitigations", ["description": "WHAT IS DONE"]) }
        return ("PATCH", "/mitigations/\(id)", ["state": "succeeded"])
    }

    /// The alert has to be resolved where it comes from; a component that stays down can be waived.
    private var firing: Call {
        guard let component = unmet.subject else { return ("POST", "/advance", ["override": true, "reason": "WHY"]) }
        return ("POST", "/restoration/\(component)/waive", ["reason": "WHY"])
    }
}
