import HTTPTypes

/// The secret that a caller shows, a token or a source's key, in each way that a tool or one line of `curl` can send it.
enum Credentials {
    /// From `Authorization`: `Bearer`, `GenieKey`, `ApiKey` or `Token` with the secret, or `Basic`; else `key` in the query. The
    /// header comes first: what stands in an address may be a leftover. Nil when nothing that counts was sent.
    static func secret(in headers: RequestFields, _ parameters: [QueryParameter]) -> String? {
        guard let header = headers[.authorization] else {
            return parameters.first { $0.name == "key" }.flatMap { nonEmpty($0.value) }
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let secret = parts[1].trimmingPrefix { $0 == " " }
        switch parts[0].lowercased() {
        case "bearer", "geniekey", "apikey", "token": return nonEmpty(String(secret))
        case "basic": return password(String(secret))
        default: return nil
        }
    }

    /// The same of a request.
    ///
    /// - Throws: `Problem` when the query cannot be read.
    static func secret(of request: RequestContext) throws(Problem) -> String? {
        let headers = request.head.headerFields
        return secret(in: headers, headers[.authorization] == nil ? try request.target.parameters() : [])
    }

    /// The password of `user:password`; the user, if the password is empty, as tools write a key alone into a URL.
    private static func password(_ text: String) -> String? {
        guard let bytes = Base64.decode(text), let pair = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return parts.last.flatMap(nonEmpty) ?? parts.first.flatMap(nonEmpty)
    }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }
}
