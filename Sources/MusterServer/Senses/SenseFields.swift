import IncidentDomain

/// What heartbeats and probes have in common.
enum SenseFields {
    private static let nameRule =
        "should be 1 to 100 letters, digits, -, _ or ., beginning with a letter or digit"

    /// The name in the path; 422 when nothing can be called that.
    static func name(_ request: RequestContext) throws(Problem) -> String {
        let name = request.parameter("name")
        guard isName(name) else { throw .invalid("/name", nameRule) }
        return name
    }

    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...100).contains(bytes.count), let first = bytes.first, isLetterOrDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// The component that is harmed; whether the catalog has it is asked by `NamedComponents`.
    static func component(_ body: inout BodyReader) -> String? {
        guard let slug = body.optionalString("component", 1...64) else { return nil }
        if !Identifiers.isSlug(slug) { body.refuse("component", "should be the slug of a component") }
        return slug
    }
}
