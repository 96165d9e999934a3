import IncidentDomain

extension Problem {
    /// A rule's no about an incident, with what a script can use of it: what is unmet and which call meets it, what a
    /// component waits for, where one can go.
    init(_ refusal: IncidentRefusal, on number: Int) {
        self.init(refusal)
        members["incident"] = .integer(number)
        let calls = refusal.calls(on: number)
        if !calls.isEmpty { members["how"] = .array(calls.map(\.json)) }
        switch refusal {
        case .wrongPhase(let phase, let wanted):
            members["phase"] = .string(phase.rawValue)
            members["wanted"] = .array(wanted.map { .string($0.rawValue) })
        case .requirementsUnmet(let phase, let unmet):
            members["phase"] = .string(phase.rawValue)
            members["unmet"] = .array(unmet.map { RequirementHint(unmet: $0, number: number).json })
        case .noSuchTransition(let from, _, let possible):
            members["phase"] = .string(from.rawValue)
            members["possible"] = .array(possible.map { .string($0.rawValue) })
        case .gateClosed(let component, let gates):
            members["component"] = .string(component)
            members["waits_for"] = .array(gates.map { GateRepresentation(gate: $0, number: number).json })
        case .stepState(let component, let status, let wanted):
            members["component"] = .string(component)
            members["state"] = .string(status.rawValue)
            members["wanted"] = .array(wanted.map { .string($0.rawValue) })
        case .mitigationState(_, let from, _):
            members["state"] = .string(from.rawValue)
            members["possible"] = .array(from.following.map { .string($0.rawValue) })
        case .mergeRefused, .reviewState, .notFound, .roleRequired, .badValue: break
        }
    }
}

extension JSONWritable {
    /// What it writes, as a value.
    fileprivate var json: JSONValue {
        var writer = JSONWriter()
        write(to: &writer)
        return (try? JSONParser.parse(writer.bytes)) ?? .null
    }
}
