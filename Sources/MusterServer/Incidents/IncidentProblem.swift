import IncidentDomain

extension Problem {
    /// A rule's no about an incident, with what a script can use of it: what is unmet and which call meets it, what a
    /// component waits for, where one can go.
    init(_ refusal: IncidentRefusal, on number: Int) {
        self.init(refusal)
        members["incident"] = .integer(number)
        let calls = refusal.calls(on: number)
        if !calls.isEmpty { lists.append(("how", calls)) }
        switch refusal {
        case .wrongPhase(let phase, let wanted):
            members["phase"] = .string(phase.rawValue)
            members["wanted"] = .array(wanted.map { .string($0.rawValue) })
        case .requirementsUnmet(let phase, let unmet):
            members["phase"] = .string(phase.rawValue)
            lists.append(("unmet", unmet.map { RequirementHint(unmet: $0, number: number) }))
        case .noSuchTransition(let from, _, let possible):
            members["phase"] = .string(from.rawValue)
            members["possible"] = .array(possible.map { .string($0.rawValue) })
        case .gateClosed(let component, _, let gates, _):
            members["component"] = .string(component)
            lists.append(("waits_for", gates.map { GateRepresentation(gate: $0, number: number) }))
        case .stepState(let component, let status, let wanted):
            members["component"] = .string(component)
            members["state"] = .string(status.rawValue)
            members["wanted"] = .array(wanted.map { .string($0.rawValue) })
        case .mitigationState(_, let from, _):
            members["state"] = .string(from.rawValue)
            members["possible"] = .array(from.following.map { .string($0.rawValue) })
        case .approvalRequired(_, let update):
            if let update { members["update"] = .integer(update) }
        case .updateState(let id, _): members["update"] = .integer(id)
        case .mergeRefused, .reviewState, .reviewUnfinished, .notFound, .roleRequired, .badValue: break
        }
    }
}

/// An unmet requirement with the call that would meet it, so that nobody has to look anything up at 3 a.m.
struct RequirementHint: JSONWritable {
    let unmet: UnmetRequirement
    let number: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("requirement", unmet.requirement.rawValue)
            json.member("detail", unmet.detail)
            json.member("how", how)
            let alternatives = alternatives
            if !alternatives.isEmpty { json.array("alternatives", alternatives) { $0.value($1) } }
            if isSuggested { json.member("suggestions", "/v1/incidents/\(number)/suggestions") }
        }
    }

    /// What would meet it.
    var how: SuggestedCall {
        let call = call
        return call.path.hasPrefix("/v1/")
            ? SuggestedCall(call.method, whole: call.path, call.body)
            : SuggestedCall(call.method, call.path, of: number, call.body)
    }

    /// What else can be done.
    var alternatives: [SuggestedCall] {
        switch unmet.requirement {
        case .causeGiven: [notKnownYet]
        case .noFiringAlert:
            [SuggestedCall("POST", whole: "/v1/alerts/ALERT/resolve", nil)]
                + (unmet.subject.map { component in
                    [
                        SuggestedCall(
                            "POST", "/restoration/\(SuggestedCall.segment(component))/waive", of: number,
                            ["reason": "WHY IT STAYS DOWN"])
                    ]
                } ?? [SuggestedCall("POST", "/advance", of: number, ["override": true, "reason": "WHY"])])
        case .acknowledged, .severitySet, .commanderAssigned, .operationsAssigned, .communicationsAssigned,
            .impactRecorded, .audienceImpactRecorded, .causeConfirmed, .updatePosted, .mitigationSucceeded,
            .noMitigationRunning, .mitigationsLifted, .componentsRestored, .tasksDone, .reviewApproved,
            .actionsAssigned:
            []
        }
    }

    /// Nobody has to know the cause to go on: that it is not known is an answer, too.
    private var notKnownYet: SuggestedCall {
        SuggestedCall(
            "PUT", "/cause", of: number, ["category": "unknown", "evidence": "NOT KNOWN YET, AND WHAT IS LOOKED AT"])
    }

    /// Whether the catalog may have something to say of what is missing; a person has to judge it all the same.
    private var isSuggested: Bool {
        switch unmet.requirement {
        case .severitySet, .impactRecorded, .causeGiven: true
        case .acknowledged, .commanderAssigned, .operationsAssigned, .communicationsAssigned, .audienceImpactRecorded,
            .causeConfirmed, .updatePosted, .mitigationSucceeded, .noMitigationRunning, .mitigationsLifted,
            .componentsRestored,
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
        case .updatePosted: ("POST", "/updates", ["audience": "staff", "body": "WHAT IS KNOWN"])
        case .mitigationSucceeded: mitigation
        case .noMitigationRunning: ("PATCH", "/mitigations/\(unmet.subject ?? "ID")", ["state": "succeeded"])
        case .mitigationsLifted: ("PATCH", "/mitigations/\(unmet.subject ?? "ID")", ["in_force": false])
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
        case .begin: ("POST", "/restoration/\(SuggestedCall.segment(component))/start", nil)
        case .finish: ("POST", "/restoration/\(SuggestedCall.segment(component))/verify", nil)
        case .look: ("GET", "/restoration", nil)
        }
    }

    private var mitigation: Call {
        guard let id = unmet.subject else { return ("POST", "/mitigations", ["description": "WHAT IS DONE"]) }
        return ("PATCH", "/mitigations/\(id)", ["state": "succeeded"])
    }

    /// An alert ends where it comes from: which ones fire is what somebody has to look at first.
    private var firing: Call { ("GET", "/v1/alerts?incident=\(number)&status=firing,acknowledged", nil) }
}

/// What can be done with an incident of which no alert fires any more.
struct ClearedOffer: JSONWritable {
    let detail: String
    let how: SuggestedCall

    /// Nothing while an alert fires, and nothing for what people restore and review.
    static func all(for incident: Incident) -> [ClearedOffer] {
        guard incident.clearedAt != nil, incident.firing.isEmpty else { return [] }
        // Alerts that were moved elsewhere say nothing of the harm that people found.
        guard incident.alerts > 0 || !incident.impacts.contains(where: \.isOngoing) else { return [] }
        let number = incident.number
        switch incident.phase {
        case .detect, .assess:
            let dismiss = ClearedOffer(
                detail: "no alert fires any more: dismiss it if nothing was wrong",
                how: SuggestedCall("POST", "/dismiss", of: number, ["reason": "WHY"]))
            guard incident.times.acknowledgedAt == nil else { return [dismiss] }
            let stays = incident.closesAt.map { ", or it closes itself at \($0)" } ?? ""
            return [
                ClearedOffer(
                    detail: "no alert fires any more: acknowledge it to look into it\(stays)",
                    how: SuggestedCall("POST", "/acknowledge", of: number)), dismiss,
            ]
        case .mitigate:
            guard !incident.mitigations.contains(where: { $0.state == .succeeded || $0.state == .notNeeded }) else {
                return []
            }
            return [
                ClearedOffer(
                    detail: "no alert fires any more: say so if no mitigation was needed",
                    how: SuggestedCall(
                        "POST", "/mitigations", of: number,
                        ["description": "It recovered by itself", "state": "not_needed"]))
            ]
        case .restore, .review, .closed, .dismissed, .merged: return []
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("detail", detail)
            json.member("how", how)
        }
    }
}

/// A call that would help: what a refusal, a gate or an unmet requirement tells a person or a script to do next.
struct SuggestedCall: JSONWritable {
    /// What stands where only the caller knows what to say.
    static let placeholders: Set<String> = [
        "ALERT", "COMPONENT", "ID", "NAME", "NOT KNOWN YET, AND WHAT IS LOOKED AT", "REVISION", "WHAT IS DONE",
        "WHAT IS KNOWN", "WHAT IS TO BE SAID", "WHAT THEY NOTICE", "WHY", "WHY IT STAYS DOWN", "YYYY-MM-DD",
    ]

    let method: String
    let path: String
    var body: JSONValue?
    /// For what passes by itself: when.
    var until: Timestamp?

    /// - Parameter path: Goes on from the incident's own.
    init(_ method: String, _ path: String, of number: Int, _ body: JSONValue? = nil, until: Timestamp? = nil) {
        self.method = method
        self.path = "/v1/incidents/\(number)\(path)"
        self.body = body
        self.until = until
    }

    /// - Parameter path: The whole path.
    init(_ method: String, whole path: String, _ body: JSONValue? = nil) {
        self.method = method
        self.path = path
        self.body = body
    }

    /// A step's name as a part of a path: regions may have any name.
    static func segment(_ step: String) -> String {
        step.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            .map { PercentEncoding.encode(String($0)) }.joined(separator: "@")
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("method", method)
            json.member("path", path)
            if let body { json.member("body", body) }
            if let until { json.member("until", until) }
        }
    }
}

extension SuggestedCall {
    /// To a phase from another: forwards when it follows, back when one may go back to it.
    static func entering(_ wanted: Phase, from phase: Phase, of number: Int) -> SuggestedCall? {
        if phase.next == wanted {
            return SuggestedCall("POST", "/advance", of: number, ["to": .string(wanted.rawValue)])
        }
        guard phase.earlier.contains(wanted) else { return nil }
        return SuggestedCall(
            "POST", "/revert", of: number, ["to": .string(wanted.rawValue), "reason": "WHY"])
    }

    /// What somebody can do about a gate.
    init(_ remedy: RestorationRemedy, of number: Int) {
        switch remedy {
        case .start(let component):
            self.init("POST", "/restoration/\(SuggestedCall.segment(component))/start", of: number)
        case .verify(let component):
            self.init("POST", "/restoration/\(SuggestedCall.segment(component))/verify", of: number)
        case .wait(_, let until): self.init("GET", "/restoration", of: number, until: until)
        case .resolveAlerts(let component):
            let slug = PercentEncoding.encode(RestorationStep.slug(of: component))
            self.init("GET", whole: "/v1/alerts?incident=\(number)&component=\(slug)")
        case .lookAt(let incident): self.init("GET", "/restoration", of: incident)
        case .lookAtProbe(let name): self.init("GET", whole: "/v1/probes/\(name)/results")
        }
    }
}

extension IncidentRefusal {
    /// The calls that would change the answer, the most likely first; none where only waiting or nothing helps.
    func calls(on number: Int) -> [SuggestedCall] {
        switch self {
        case .wrongPhase(let phase, let wanted):
            // The way back that clears least comes first.
            let near = phase == .closed ? wanted.reversed() : wanted
            let direct = near.compactMap { SuggestedCall.entering($0, from: phase, of: number) }
            switch phase {
            case .dismissed:
                return [SuggestedCall("POST", "/reopen", of: number, ["reason": "WHY"])]
            case .merged:
                return [SuggestedCall("POST", "/unmerge", of: number, ["reason": "WHY"])]
            case .detect, .assess, .mitigate, .restore, .review, .closed: break
            }
            // A phase further on is reached by the next one.
            let next = phase.next.map { SuggestedCall("POST", "/advance", of: number, ["to": .string($0.rawValue)]) }
            return direct.isEmpty && !wanted.isEmpty ? [next].compactMap(\.self) : direct
        case .noSuchTransition(let phase, _, let possible):
            return possible.compactMap { SuggestedCall.entering($0, from: phase, of: number) }
        case .gateClosed(let component, let verb, let gates, let passing):
            let remedies = gates.map(\.remedy).reduce(into: [RestorationRemedy]()) { seen, remedy in
                if !seen.contains(remedy) { seen.append(remedy) }
            }
            let canBeForced = gates.allSatisfy(\.canBeForced)
            let named = gates.filter(\.isNamedToPass).map(\.component)
            let needs = (named.isEmpty ? [] : passing + named).map { JSONValue.string($0) }
            let body: JSONValue =
                needs.isEmpty
                ? ["override": true, "reason": "WHY"]
                : named.count < gates.count
                    ? ["override": true, "without": .array(needs), "reason": "WHY"]
                    : ["without": .array(needs), "reason": "WHY"]
            let force = SuggestedCall(
                "POST", "/restoration/\(SuggestedCall.segment(component))/\(verb.rawValue)", of: number, body)
            return remedies.map { SuggestedCall($0, of: number) } + (canBeForced ? [force] : [])
        case .stepState(let component, let status, let wanted):
            return Self.calls(component, status, wanted, number)
        case .mitigationState(let id, let from, _):
            return from.following.map {
                SuggestedCall("PATCH", "/mitigations/\(id)", of: number, ["state": .string($0.rawValue)])
            }
        case .reviewState: return [SuggestedCall("POST", "/review", of: number)]
        case .reviewUnfinished(let sections, let actions):
            let texts = sections.map { JSONValue.object(["id": .string($0), "markdown": "WHAT IS TO BE SAID"]) }
            let write = SuggestedCall("PUT", "/review", of: number, ["sections": .array(texts)])
            return (texts.isEmpty ? [] : [write])
                + actions.map {
                    SuggestedCall("PATCH", whole: "/v1/actions/\($0)", ["owner": "NAME", "due": "YYYY-MM-DD"])
                }
        case .approvalRequired(_, let update?):
            return [SuggestedCall("POST", "/updates/\(update)/approve", of: number, ["revision": "REVISION"])]
        case .approvalRequired(let audience, nil):
            return [
                SuggestedCall(
                    "POST", "/updates/draft", of: number,
                    ["audience": .string(audience.rawValue), "body": "WHAT IS KNOWN"])
            ]
        case .updateState: return [SuggestedCall("GET", "/updates", of: number)]
        case .mergeRefused: return [SuggestedCall("GET", whole: "/v1/incidents?open=true")]
        case .roleRequired(_, _, _, let remedy?):
            // Whoever may hold a role takes one: the timeline says so.
            guard let person = remedy.person else { return [] }
            return remedy.roles.map {
                SuggestedCall("PUT", "/roles/\($0.rawValue)", of: number, ["person": .string(person)])
            }
        case .requirementsUnmet, .notFound, .roleRequired, .badValue: return []
        }
    }

    private static func calls(
        _ component: String, _ status: RestorationStatus, _ wanted: [RestorationStatus], _ number: Int
    ) -> [SuggestedCall] {
        func step(_ verb: String, _ body: JSONValue? = nil) -> SuggestedCall {
            SuggestedCall("POST", "/restoration/\(SuggestedCall.segment(component))/\(verb)", of: number, body)
        }
        switch status {
        case .waiting: return [SuggestedCall("GET", "/restoration", of: number)]
        case .ready, .regressed, .waived: return wanted.contains(.restoring) ? [step("start")] : []
        case .restoring: return [step("verify"), step("fail")]
        case .verifying: return [step("fail", ["reason": "WHY"])]
        // What is restored and is not, after all, has an impact again.
        case .restored:
            guard wanted.contains(.ready) else { return [] }
            let slug = SuggestedCall.segment(RestorationStep.slug(of: component))
            return [SuggestedCall("PUT", "/impacts/\(slug)", of: number, ["impact": "degraded"])]
        }
    }
}

extension RestorationGate {
    /// Whether a start by force passes it; what is about verifying is not passed by force.
    fileprivate var canBeForced: Bool {
        switch kind {
        case .dependency, .elsewhere, .wave: true
        case .alerts, .probe: false
        }
    }
}
