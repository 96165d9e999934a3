/// JSON as the daemon wrote it: members in their order, numbers with their digits.
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The digits, as they were read.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

// MARK: - Looking into it

extension JSON {
    /// The member of that name; null where there is none, so that a newer or older daemon's answer is shown as far as it goes.
    package subscript(_ name: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.name == name }?.value ?? .null
    }

    package var isNull: Bool { self == .null }
    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var items: [JSON] { if case .array(let items) = self { items } else { [] } }
    package var members: [Member] { if case .object(let members) = self { members } else { [] } }
    package var isTrue: Bool { self == .bool(true) }
    package var int: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }
    package var double: Double? { if case .number(let digits) = self { Double(digits) } else { nil } }

    /// A value in one line, as a person reads it; empty for null.
    package var plain: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "yes" : "no"
        case .number(let digits): digits
        case .string(let text): text
        case .array(let items): items.map(\.plain).joined(separator: ", ")
        case .object(let members): members.map { "\($0.name)=\($0.value.plain)" }.joined(separator: ", ")
        }
    }
}

// MARK: - Making it

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    package init(_ text: String) { self = .string(text) }
    package init(_ number: Int) { self = .number(String(number)) }
    package init(_ texts: [String]) { self = .array(texts.map { .string($0) }) }

    /// An object of what was said: a member that is nil is left out.
    package static func of(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
        .object(pairs.compactMap { pair in pair.value.map { Member(pair.key, $0) } })
    }

    /// The same with more members behind.
    package func adding(_ others: [Member]) -> JSON { .object(members + others) }
}

// MARK: - Writing it

extension JSON {
    /// On one line, for a request's body.
    package var compact: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): Self.quoted(text)
        case .array(let items): "[" + items.map(\.compact).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.name) + ":" + $0.value.compact }.joined(separator: ",") + "}"
        }
    }

    /// With a line for each value, for people and `-o json`.
    package var pretty: String { pretty(indent: "") }

    private func pretty(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .array(let items) where !items.isEmpty:
            return "[\n" + items.map { inner + $0.pretty(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { inner + Self.quoted($0.name) + ": " + $0.value.pretty(indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .null, .bool, .number, .string, .array, .object: return compact
        }
    }

    /// In quotes. What could steer a terminal or turn the direction of text is escaped, so that the output is safe to look at.
    ///
    /// - Parameter isYAML: Whether YAML reads it, whose escape beyond U+FFFF is one of eight digits.
    package static func quoted(_ text: String, isYAML: Bool = false) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if isYAML, scalar.value > 0xFFFF, SafeText.isUnsafe(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
                } else if SafeText.isUnsafe(scalar) {
                    // Beyond U+FFFF it is two of them (RFC 8259, 7).
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
