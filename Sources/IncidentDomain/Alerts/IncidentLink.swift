/// A page that helps with an incident, as the senders of its alerts name it.
package struct IncidentLink: Hashable, Codable, Sendable {
    /// What stands there.
    package enum Kind: String, CaseIterable, Codable, Sendable {
        /// What to do.
        case runbook
        case dashboard
        /// The rule or the query from which the alert came.
        case generator
        /// The alert at its sender.
        case sender
        /// Everything else: further reading, and the address that was checked.
        case related
    }

    package var kind: Kind
    package var url: String

    package static let urlBytesMax = 2000

    /// Nil for everything but an http or https address with a host. An address with a user's name or a password in it is none.
    package init?(_ kind: Kind, _ text: String) {
        guard text.utf8.count <= Self.urlBytesMax, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        let lower = text.prefix(8).lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return nil }
        let host = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !host.isEmpty, !host.hasPrefix(":"), !host.contains("@") else { return nil }
        self.kind = kind
        url = text
    }

    /// What stands in its place when an entry is redacted; no incident shows it.
    package var redacted: IncidentLink {
        var copy = self
        copy.url = url.redacted
        return copy
    }

    /// Visible ASCII without what delimits addresses in texts.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"<>\\`".utf8.contains(byte)
    }
}

// MARK: - In alerts

extension IncidentLink {
    /// Names of annotations and labels that hold addresses, in lower case and without `_` and `-`.
    private static let kinds: [String: Kind] = [
        "runbookurl": .runbook, "runbook": .runbook, "playbookurl": .runbook, "playbook": .runbook,
        "dashboardurl": .dashboard, "dashboard": .dashboard, "panelurl": .dashboard,
        "generatorurl": .generator, "ruleurl": .generator, "queryurl": .generator, "charturl": .generator,
        "url": .sender, "link": .sender, "clienturl": .sender, "externalurl": .sender, "incidenturl": .sender,
        "alerturl": .sender, "sourceurl": .sender,
        "links": .related, "relatedurl": .related, "checkedurl": .related, "documentationurl": .related,
    ]
    /// The names, for whoever looks annotations up.
    package static let names = kinds.keys.sorted()

    /// Addresses in one text.
    private static let inTextMax = 5

    /// What an alert links to: each address once, by kind, then by name.
    package static func all(annotations: [String: String], labels: [String: String]) -> [IncidentLink] {
        var found: [IncidentLink] = []
        for (name, text) in annotations.sorted(by: { $0.key < $1.key }) {
            if let kind = kinds[plain(name)] { found += links(kind, in: text) }
        }
        for (name, text) in labels.sorted(by: { $0.key < $1.key }) {
            // A label names what the alert is about: its url is that of what was checked.
            if let kind = kinds[plain(name)] { found += links(kind == .sender ? .related : kind, in: text) }
        }
        let ordered = Kind.allCases.flatMap { kind in found.filter { $0.kind == kind } }
        return ordered.adding(to: [], max: IncidentLimits.links)
    }

    private static func plain(_ name: String) -> String {
        name.lowercased().filter { $0 != "_" && $0 != "-" }
    }

    private static func links(_ kind: Kind, in text: String) -> [IncidentLink] {
        text.split(whereSeparator: \.isWhitespace).lazy.compactMap { IncidentLink(kind, String($0)) }
            .prefix(inTextMax).map(\.self)
    }
}

extension [IncidentLink] {
    /// Those before, then these as far as their address is a new one and there is room.
    package func adding(to before: [IncidentLink], max: Int) -> [IncidentLink] {
        var known = Set(before.map(\.url))
        return before + filter { known.insert($0.url).inserted }.prefix(Swift.max(0, max - before.count))
    }
}
