import HTTPTypes

/// The form of a body that we read.
enum MediaType: CaseIterable, Hashable, Sendable {
    case json
    /// `application/yaml` (RFC 9512), and what was used before there was that.
    case yaml
    /// As browsers send what was filled in.
    case form

    /// What a `Content-Type` says; nothing said is JSON: a script that forgets the header means JSON, one that says XML
    /// does not. 415 when it is none of those taken.
    init(_ header: String?, taken: Set<MediaType>) throws(Problem) {
        let header = header ?? ""
        let type = header.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard let known = Self.known(type), taken.contains(known) else {
            let wanted = Self.allCases.filter(taken.contains).map(\.name).joined(separator: " or ")
            throw Problem(
                .unsupportedMediaType, "The body should be \(wanted) and is \(type) (with curl, --json says so).")
        }
        self = known
        let charset = header.lowercased().split(separator: ";").dropFirst().map {
            $0.filter { $0 != " " && $0 != "\"" }
        }
        .first { $0.hasPrefix("charset=") }
        guard let charset, charset != "charset=utf-8", charset != "charset=us-ascii" else { return }
        throw Problem(.unsupportedMediaType, "\(known.title) is written in UTF-8, not in \(charset.dropFirst(8)).")
    }

    private var name: String {
        switch self {
        case .json: "application/json"
        case .yaml: "application/yaml"
        case .form: "application/x-www-form-urlencoded"
        }
    }

    private var title: String {
        switch self {
        case .json: "JSON"
        case .yaml: "YAML"
        case .form: "A form"
        }
    }

    private static func known(_ type: String) -> MediaType? {
        switch type {
        case "", "application/json": .json
        case "application/x-www-form-urlencoded": .form
        case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml": .yaml
        case _ where type.hasPrefix("application/") && type.hasSuffix("+json"): .json
        default: nil
        }
    }
}
