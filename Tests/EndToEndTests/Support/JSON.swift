import FoundationEssentials

/// A JSON document as a test writes and reads it: missing members are null, so that a path can be followed to its end.
enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(_ bytes: some Collection<UInt8>) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    /// Always the same for the same document: a request that is repeated under its key has to have the same body.
    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self))
        }
    }

    subscript(name: String) -> JSON { object?[name] ?? .null }

    subscript(index: Int) -> JSON {
        guard let array, array.indices.contains(index) else { return .null }
        return array[index]
    }

    var object: [String: JSON]? {
        if case .object(let members) = self { members } else { nil }
    }
    /// Empty for what is no array.
    var items: [JSON] { array ?? [] }
    var array: [JSON]? {
        if case .array(let items) = self { items } else { nil }
    }
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
    var number: Double? {
        if case .number(let number) = self { number } else { nil }
    }
    var int: Int? { number.flatMap { Int(exactly: $0) } }
    var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The same document with other members beside its own.
    func with(_ members: [String: JSON]) -> JSON {
        .object((object ?? [:]).merging(members) { _, new in new })
    }

    /// The same document with every text changed.
    func mapStrings(_ change: (String) -> String) -> JSON {
        switch self {
        case .null, .bool, .number: self
        case .string(let text): .string(change(text))
        case .array(let items): .array(items.map { $0.mapStrings(change) })
        case .object(let members): .object(members.mapValues { $0.mapStrings(change) })
        }
    }
}

extension JSON: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSON: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    init(nilLiteral: ()) { self = .null }
}

extension JSON: CustomStringConvertible {
    var description: String {
        (try? bytes).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }
}
