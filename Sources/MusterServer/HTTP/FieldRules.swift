import FoundationEssentials
import IncidentDomain

/// What is wrong with a value, as the rest of a sentence that begins with the field.
struct FieldComplaint: Error, Hashable {
    let detail: String

    static let nul = FieldComplaint(detail: "has the character U+0000, which cannot be stored")
}

/// What each kind of field may hold; the same for bodies and queries.
enum FieldRules {
    /// A text of so many characters (Unicode scalars, as JSON Schema counts them).
    static func string(_ value: JSONValue, _ length: ClosedRange<Int>, trims: Bool) -> Result<String, FieldComplaint> {
        guard case .string(let whole) = value else { return wrongKind("a string", value) }
        guard !whole.utf8.contains(0) else { return .failure(.nul) }
        let text = trims ? trimmed(whole) : whole
        // As many bytes as characters at least: most texts need no counting.
        if text.utf8.count <= length.upperBound, text.utf8.count >= length.lowerBound, length.lowerBound <= 1 {
            return .success(text)
        }
        let count = text.unicodeScalars.count
        guard count >= length.lowerBound else {
            return complain(count == 0 ? "must not be empty" : "must have at least \(length.lowerBound) characters")
        }
        guard count <= length.upperBound else {
            return complain("must have at most \(length.upperBound) characters and has \(count)")
        }
        return .success(text)
    }

    static func integer(_ value: JSONValue, _ range: ClosedRange<Int>) -> Result<Int, FieldComplaint> {
        switch value {
        case .integer, .number: break
        case .null, .bool, .string, .array, .object: return wrongKind("a whole number", value)
        }
        guard let number = value.integer else { return complain("should be a whole number") }
        guard range.contains(number) else { return complain("must be \(words(range))") }
        return .success(number)
    }

    static func number(_ value: JSONValue, _ range: ClosedRange<Double>) -> Result<Double, FieldComplaint> {
        guard let number = value.number else { return wrongKind("a number", value) }
        guard range.contains(number) else {
            return complain("must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return .success(number)
    }

    static func bool(_ value: JSONValue) -> Result<Bool, FieldComplaint> {
        guard let bool = value.bool else { return wrongKind("true or false", value) }
        return .success(bool)
    }

    static func time(_ value: JSONValue) -> Result<Timestamp, FieldComplaint> {
        guard let text = value.string else { return wrongKind("a time such as 2026-01-31T10:30:00Z", value) }
        guard let time = Timestamp(text) else {
            return complain("should be an RFC 3339 time such as 2026-01-31T10:30:00Z")
        }
        return .success(time)
    }

    static func uuid(_ value: JSONValue) -> Result<UUID, FieldComplaint> {
        guard let text = value.string else { return wrongKind("a UUID", value) }
        guard let id = UUID(uuidString: text) else { return complain("should be a UUID") }
        return .success(id)
    }

    static func enumeration<Value: RawRepresentable & CaseIterable>(
        _ value: JSONValue, among cases: [Value] = Array(Value.allCases)
    ) -> Result<Value, FieldComplaint> where Value.RawValue == String {
        let names = cases.map(\.rawValue).joined(separator: ", ")
        guard let text = value.string else { return wrongKind("one of \(names)", value) }
        guard let match = cases.first(where: { $0.rawValue == text }) else {
            return complain("should be one of \(names)")
        }
        return .success(match)
    }

    static func array(_ value: JSONValue, max: Int) -> Result<[JSONValue], FieldComplaint> {
        guard let elements = value.array else { return wrongKind("an array", value) }
        guard elements.count <= max else {
            return complain("has \(elements.count) elements; at most \(max) are allowed")
        }
        return .success(elements)
    }

    private static func wrongKind<Value>(_ wanted: String, _ value: JSONValue) -> Result<Value, FieldComplaint> {
        complain("should be \(wanted) and is \(value.kindName)")
    }

    private static func complain<Value>(_ detail: String) -> Result<Value, FieldComplaint> {
        .failure(FieldComplaint(detail: detail))
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, let upper): "at most \(upper)"
        case (let lower, .max): "at least \(lower)"
        case (let lower, let upper): "from \(lower) to \(upper)"
        }
    }

    private static func trimmed(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        else { return text }
        let scalars = text.unicodeScalars.drop(while: \.properties.isWhitespace)
        let end = scalars.lastIndex { !$0.properties.isWhitespace }
        return end.map { String(String.UnicodeScalarView(scalars[...$0])) } ?? ""
    }
}
