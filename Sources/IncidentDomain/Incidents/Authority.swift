/// Who may do in an incident what not every responder may: docs/incidents.md has it as one table.
extension Incident {
    /// Whether somebody commands this incident: by the token's role, or as the person who is its commander, from responder up.
    package func mayCommand(_ principal: Principal) -> Bool {
        principal.role >= .commander || holds(.commander, principal)
    }

    /// Whether somebody may tell people outside of it: who commands it, and the person who holds communications.
    package func mayPublish(_ principal: Principal) -> Bool {
        mayCommand(principal) || holds(.communications, principal)
    }

    /// Whether a token names the person who holds a role here. Upper and lower case are the same: people type these names.
    private func holds(_ role: IncidentRole, _ principal: Principal) -> Bool {
        guard principal.role >= .responder, let person = principal.person, let holder = roles[role] else {
            return false
        }
        return Principal.folded(person) == Principal.folded(holder)
    }

    func requireCommand(_ facts: DecisionFacts, to action: String) throws(IncidentRefusal) {
        guard mayCommand(facts.principal) else { throw refusal([.commander], facts.principal, to: action) }
    }

    func requirePublisher(_ facts: DecisionFacts, to action: String) throws(IncidentRefusal) {
        guard mayPublish(facts.principal) else {
            throw refusal([.commander, .communications], facts.principal, to: action)
        }
    }

    /// Says who may, and how the caller becomes one who may.
    private func refusal(_ wanted: [IncidentRole], _ principal: Principal, to action: String) -> IncidentRefusal {
        .roleRequired(
            .commander, has: principal.role, to: action,
            IncidentRoleRemedy(
                incident: number, roles: wanted, holders: wanted.map { roles[$0] },
                person: principal.role >= .responder ? principal.person : nil))
    }

    /// What only a token's role gives, whoever the person is in the incident.
    static func requireRole(_ role: Role, _ facts: DecisionFacts, to action: String) throws(IncidentRefusal) {
        guard facts.principal.role >= role else {
            throw .roleRequired(role, has: facts.principal.role, to: action, nil)
        }
    }
}

/// The roles in an incident that give a right, who holds them, and whether the caller can take one.
package struct IncidentRoleRemedy: Hashable, Sendable {
    package var incident: Int
    package var roles: [IncidentRole]
    /// In the order of `roles`; nil where nobody does.
    package var holders: [String?]
    /// The person whose token it is; nil of a token that is nobody's, and of a viewer's.
    package var person: String?

    var sentence: String {
        let who = zip(roles, holders).map { role, holder in "\(role.holderTitle) (\(holder?.onOneLine ?? "nobody yet"))"
        }
        return "In INC-\(incident), \(who.joined(separator: " and ")) may do it too."
            + (person == nil ? " This token names no person." : "")
    }
}

extension IncidentRole {
    /// Who holds it, in a sentence.
    fileprivate var holderTitle: String {
        switch self {
        case .commander: "the commander"
        case .operations: "who leads operations"
        case .communications: "who leads communications"
        case .scribe: "the scribe"
        case .liaison: "the liaison"
        }
    }
}
