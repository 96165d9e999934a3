import IncidentDomain

/// A call that would help: what a refusal, a gate or an unmet requirement tells a person or a script to do next.
struct SuggestedCall: JSONWritable {
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
        case .start(let component): self.init("POST", "/restoration/\(component)/start", of: number)
        case .verify(let component): self.init("POST", "/restoration/\(component)/verify", of: number)
        case .wait(_, let until): self.init("GET", "/restoration", of: number, until: until)
        case .resolveAlerts(let component):
            self.init("GET", whole: "/v1/alerts?incident=\(number)&component=\(component)")
        case .lookAtProbe(let name): self.init("GET", whole: "/v1/probes/\(name)/results")
        }
    }
}

extension IncidentRefusal {
    /// The calls that would change the answer, the most likely first; none where only waiting or nothing helps.
    func calls(on number: Int) -> [SuggestedCall] {
        switch self {
        case .wrongPhase(let phase, let wanted):
            let direct = wanted.compactMap { SuggestedCall.entering($0, from: phase, of: number) }
            // A phase further on is reached by the next one.
            let next = phase.next.map { SuggestedCall("POST", "/advance", of: number, ["to": .string($0.rawValue)]) }
            return direct.isEmpty && !wanted.isEmpty ? [next].compactMap(\.self) : direct
        case .noSuchTransition(let phase, _, let possible):
            return possible.compactMap { SuggestedCall.entering($0, from: phase, of: number) }
        case .gateClosed(let component, let gates):
            let remedies = gates.map(\.remedy).reduce(into: [RestorationRemedy]()) { seen, remedy in
                if !seen.contains(remedy) { seen.append(remedy) }
            }
            let canBeForced = gates.allSatisfy(\.canBeForced)
            let force = SuggestedCall(
                "POST", "/restoration/\(component)/start", of: number, ["override": true, "reason": "WHY"])
            return remedies.map { SuggestedCall($0, of: number) } + (canBeForced ? [force] : [])
        case .stepState(let component, let status, let wanted):
            return Self.calls(component, status, wanted, number)
        case .mitigationState(let id, let from, _):
            return from.following.map {
                SuggestedCall("PATCH", "/mitigations/\(id)", of: number, ["state": .string($0.rawValue)])
            }
        case .reviewState: return [SuggestedCall("POST", "/review", of: number)]
        case .mergeRefused: return [SuggestedCall("GET", whole: "/v1/incidents?open=true")]
        case .requirementsUnmet, .notFound, .roleRequired, .badValue: return []
        }
    }

    private static func calls(
        _ component: String, _ status: RestorationStatus, _ wanted: [RestorationStatus], _ number: Int
    ) -> [SuggestedCall] {
        func step(_ verb: String, _ body: JSONValue? = nil) -> SuggestedCall {
            SuggestedCall("POST", "/restoration/\(component)/\(verb)", of: number, body)
        }
        switch status {
        case .waiting: return [SuggestedCall("GET", "/restoration", of: number)]
        case .ready, .regressed, .waived: return wanted.contains(.restoring) ? [step("start")] : []
        case .restoring: return [step("verify"), step("fail")]
        case .verifying: return [step("fail", ["reason": "WHY"])]
        // What is restored and is not, after all, has an impact again.
        case .restored:
            return [SuggestedCall("PUT", "/impacts/\(component)", of: number, ["impact": "degraded"])]
        }
    }
}

extension RestorationGate {
    /// Whether a start by force passes it; what is about verifying is not passed by force.
    fileprivate var canBeForced: Bool {
        switch kind {
        case .dependency, .wave: true
        case .alerts, .probe: false
        }
    }
}
