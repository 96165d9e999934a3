/// The path and the query of a request line, taken apart.
struct RequestTarget: Sendable {
    /// The decoded segments of the path: `/v1/incidents/INC-1` has three. Empty ones are left out: doubled slashes and one at
    /// the end name the same thing, since tools are given addresses with and without them.
    let segments: [String]
    /// The query as it came, without `?`; empty when there is none.
    let rawQuery: Substring

    /// No path, of a request whose target cannot be read.
    init() {
        segments = []
        rawQuery = ""
    }

    /// Reads origin form (`/path?query`) and absolute form (`http://host/path`, which RFC 9112 makes servers take).
    init(_ text: String) throws(Problem) {
        var path = Self.originForm(text)
        if let mark = path.utf8.firstIndex(of: UInt8(ascii: "?")) {
            rawQuery = path[path.utf8.index(after: mark)...]
            path = path[..<mark]
        } else {
            rawQuery = ""
        }
        var segments: [String] = []
        segments.reserveCapacity(6)
        if path.utf8.count > 1 {
            for part in path.utf8.dropFirst().split(separator: UInt8(ascii: "/")) {
                segments.append(try PercentEncoding.decode(part))
            }
        }
        self.segments = segments
    }

    private static func originForm(_ text: String) -> Substring {
        guard text.utf8.first != UInt8(ascii: "/"), let scheme = text.firstRange(of: "://") else { return text[...] }
        let authority = text[scheme.upperBound...]
        guard let slash = authority.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
        return authority[slash...]
    }

    /// The names and values of the query, decoded, in their order.
    func parameters() throws(Problem) -> [QueryParameter] {
        guard !rawQuery.isEmpty else { return [] }
        var parameters: [QueryParameter] = []
        for part in rawQuery.utf8.split(separator: UInt8(ascii: "&")) {
            let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let value = sign < part.endIndex ? part[part.index(after: sign)...] : part[sign...]
            parameters.append(
                QueryParameter(
                    name: try PercentEncoding.decode(part[..<sign], plusIsSpace: true),
                    value: try PercentEncoding.decode(value, plusIsSpace: true)))
        }
        return parameters
    }
}

/// One name and value of a query.
struct QueryParameter: Hashable, Sendable {
    let name: String
    let value: String
}
