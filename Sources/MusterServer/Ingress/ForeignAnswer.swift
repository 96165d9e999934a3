import HTTPTypes

/// What the foreign doors have in common: their own form for a no, and whoever's key came with the request.
enum ForeignAnswer {
    /// What a client of another vendor sends as its credential: a bearer token, Opsgenie's scheme, the password of basic
    /// authentication, or `key` in the query.
    static func key(of request: RequestContext) throws(Problem) -> String? {
        if let header = request.head.headerFields[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            switch parts[0].lowercased() {
            case "bearer", "geniekey", "apikey", "token": return String(parts[1])
            case "basic": return password(String(parts[1]))
            case _: return nil
            }
        }
        return try request.target.parameters().first { $0.name == "key" }?.value
    }

    private static func password(_ credentials: String) -> String? {
        guard let bytes = Base64.decode(credentials) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // A key alone before the colon is how most tools write one into a URL.
        return parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : parts.first.map(String.init)
    }
}
