import IncidentDomain

/// `policy.default.PHASE` and `policy.sev1.PHASE` to `policy.sev4.PHASE`: what each phase asks for.
extension PhasePolicy {
    init(_ reader: inout SettingReader) {
        let general = Self.exits("default", &reader)
        var special: [Severity: Exits] = [:]
        for severity in Severity.allCases {
            let exits = Self.exits(severity.rawValue, &reader)
            if !exits.isEmpty { special[severity] = exits }
        }
        self.init(general: general, special: special)
    }

    private static func exits(_ scope: String, _ reader: inout SettingReader) -> Exits {
        var exits: Exits = [:]
        for phase in Phase.open {
            let key = "policy.\(scope).\(phase.rawValue)"
            guard let names = reader.list(key) else { continue }
            exits[phase] = names.compactMap { name in
                guard let requirement = Requirement(rawValue: name) else {
                    let all = Requirement.allCases.map(\.rawValue).joined(separator: ", ")
                    reader.refuse(key, "\"\(name)\" is not a requirement; there are \(all)")
                    return nil
                }
                return requirement
            }
        }
        return exits
    }
}
