/// What a token may do; each role may do all that the ones before it may.
package enum Role: String, CaseIterable, Codable, Comparable, Sendable {
    /// Reads everything.
    case viewer
    /// Opens incidents and works on them.
    case responder
    /// Also overrides requirements, sets the severity, publishes and approves.
    case commander
    /// Also configures: catalog, sources, tokens.
    case admin

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .responder: 1
        case .commander: 2
        case .admin: 3
        }
    }

    package static func < (left: Role, right: Role) -> Bool {
        left.rank < right.rank
    }
}

/// Who asks: the holder of a token, an inbound source, or the daemon itself.
package struct Principal: Hashable, Codable, Sendable {
    /// The token's id, `bootstrap`, `source:<id>` or `musterd`.
    package let id: String
    /// The name that the timeline shows: who acted.
    package let name: String
    package let role: Role
    /// Whose token it is, where it is a person's: what this person is in an incident counts (`Incident.mayCommand`).
    package let person: String?
    /// The token's name, where `name` is not that.
    package let token: String?

    package init(id: String, name: String, role: Role, person: String? = nil, token: String? = nil) {
        self.id = id
        self.name = name
        self.role = role
        self.person = person
        self.token = token
    }

    /// The holder of a token, which is a person's or a tool's own.
    package static func holder(ofToken name: String, id: String, role: Role, person: String?) -> Principal {
        guard let person, person != name else { return Principal(id: id, name: name, role: role, person: person) }
        return Principal(id: id, name: person, role: role, person: person, token: name)
    }

    /// The same, saying who acted: shown, and no right of its own.
    package func onBehalf(of other: String) -> Principal {
        guard other != name else { return self }
        return Principal(id: id, name: other, role: role, person: person, token: token ?? name)
    }

    /// A person's name for comparing: people type these in upper and lower case, and with spaces around.
    package static func folded(_ name: String) -> String {
        let trimmed = name.drop(while: \.isWhitespace)
        return String(trimmed.reversed().drop(while: \.isWhitespace).reversed()).lowercased()
    }

    /// Everybody whom this principal is or says to act for, for telling two people apart.
    var people: Set<String> { Set([name, person].compactMap(\.self).map(Self.folded)) }

    /// What the ids of sources of alerts begin with.
    package static let sourcePrefix = "source:"

    /// Whether somebody acted, or a tool for somebody: neither the daemon by itself nor a source of alerts.
    package var isPerson: Bool { id != Self.daemon.id && !id.hasPrefix(Self.sourcePrefix) }

    /// The daemon acting by itself, as when a deadline passes.
    package static let daemon = Principal(id: "musterd", name: "musterd", role: .admin)
}
