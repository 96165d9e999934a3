import HTTPTypes

/// The form of a body that we read.
enum MediaType: Hashable, Sendable {
    case json
    /// `application/yaml` (RFC 9512), and what was used before there was that.
    case yaml

    /// What a `Content-Type` says; nothing said is JSON: a script that forgets the header means JSON, one that says XML
    /// does not. 415 when it is none of those taken.
    init(_ header: String?, taken: Set<MediaType>) throws(Problem) {
        let header = header ?? ""
        let type = header.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard let known = Self.known(type), taken.contains(known) else {
            let wanted = taken.contains(.yaml) ? "application/json or application/yaml" : "application/json"
            throw Problem(
                .unsupportedMediaType, "The body should be \(wanted) and is \(type) (with curl, --json says so).")
        }
        self = known
        let charset = header.lowercased().split(separator: ";").dropFirst().map {
            $0.filter { $0 != " " && $0 != "\"" }
        }
        .first { $0.hasPrefix("charset=") }
        guard let charset, charset != "charset=utf-8", charset != "charset=us-ascii" else { return }
        let name = known == .yaml ? "YAML" : "JSON"
        throw Problem(.unsupportedMediaType, "\(name) is written in UTF-8, not in \(charset.dropFirst(8)).")
    }

    private static func known(_ type: String) -> MediaType? {
        switch type {
        case "", "application/json": .json
        case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml": .yaml
        case _ where type.hasPrefix("application/") && type.hasSuffix("+json"): .json
        default: nil
        }
    }
}
