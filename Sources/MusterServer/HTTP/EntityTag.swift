import HTTPTypes

/// `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 8.8.3 and 13.1): our tags are version numbers in quotes.
enum EntityTag {
    /// The tag of a version.
    static func text(_ version: Int) -> String {
        "\"\(version)\""
    }

    /// The opaque parts of a list of tags, weak ones included: a proxy that compresses makes our tags weak, and the
    /// version in them still is the version. Nil when it is not such a list.
    static func list(_ header: String) -> [Substring]? {
        var rest = header[...]
        var tags: [Substring] = []
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
            if rest.isEmpty { return tags.isEmpty ? nil : tags }
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.first == "\"" else { return nil }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            tags.append(rest[..<end])
            rest = rest[rest.index(after: end)...].drop { $0 == " " || $0 == "\t" }
            guard rest.isEmpty || rest.first == "," else { return nil }
        }
    }
}

/// What `If-Match` asks of a write.
enum IfMatch: Hashable, Sendable {
    /// No such header: decide on the current state.
    case absent
    /// `*`: it has to exist.
    case anyVersion
    /// It has to have one of these versions; empty when only foreign tags were named, which match nothing.
    case versions([Int])

    /// Reads the header.
    init(header: String?) throws(Problem) {
        guard let header else {
            self = .absent
            return
        }
        if header == "*" {
            self = .anyVersion
            return
        }
        guard let tags = EntityTag.list(header) else {
            throw Problem(.malformedRequest, "If-Match should be * or a list of entity tags such as \"7\", in quotes.")
        }
        self = .versions(tags.compactMap { Int($0) })
    }

    /// Whether a write on this version may go on.
    func allows(_ version: Int) -> Bool {
        switch self {
        case .absent, .anyVersion: true
        case .versions(let versions): versions.contains(version)
        }
    }

    /// Stops a write on a version that the caller has not seen.
    func require(_ version: Int) throws(Problem) {
        guard allows(version) else {
            throw Problem(
                .versionMismatch, "It is at version \(version) now.", headers: [.eTag: EntityTag.text(version)])
        }
    }
}
