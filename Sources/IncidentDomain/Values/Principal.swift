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
    /// The name that the timeline shows.
    package let name: String
    package let role: Role

    package init(id: String, name: String, role: Role) {
        self.id = id
        self.name = name
        self.role = role
    }

    /// The daemon acting by itself, as when a deadline passes.
    package static let daemon = Principal(id: "musterd", name: "musterd", role: .admin)
}
