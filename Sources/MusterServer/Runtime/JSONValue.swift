import IncidentDomain

/// A JSON document in memory, with the order of its keys kept: what was received is shown as it was received.
enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits.
    case integer(Int)
    /// Any other number.
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// A number with a fraction or an exponent, or one that does not fit, as it was written: no digit of it is lost.
struct JSONNumber: Sendable {
    /// A number in the form of JSON.
    let text: String

    /// - Parameter text: A number of JSON.
    init(written text: String) {
        self.text = text
    }

    /// What is no finite number is `null`, as JSON has none.
    init(_ value: Double) {
        let whole = Int(exactly: value).flatMap { abs($0) < 1 << 53 ? String($0) : nil }
        text = whole ?? (value.isFinite ? value.description : "null")
    }

    /// The nearest binary fraction; not a number where none was.
    var value: Double { Double(text) ?? .nan }
}

extension JSONNumber: Hashable {
    /// However they were written, equal numbers are equal.
    static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        left.text == right.text || left.value == right.value
    }

    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension JSONNumber: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    init(floatLiteral value: Double) { self.init(value) }
    init(integerLiteral value: Int) { self.init(written: String(value)) }
}

/// The members of a JSON object, in their order.
struct JSONObject: Sendable, Hashable {
    /// One name and its value.
    struct Member: Sendable, Hashable {
        let name: String
        let value: JSONValue

        init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// All members; a name stands once, unless the parser was told to let the last of several win.
    private(set) var members: [Member]

    init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of the last member of that name; nil when there is none. Setting replaces it or adds it at the end.
    subscript(name: String) -> JSONValue? {
        get { members.last { $0.name == name }?.value }
        set {
            let index = members.lastIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index] = Member(name: name, value: value)
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { Member(name: $0.0, value: $0.1) }
    }
}

extension JSONValue {
    /// The member of an object; nil when this is no object or has none of that name.
    subscript(name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[name]
    }

    /// The element of an array; nil when this is no array or is shorter.
    subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The text, if this is one.
    var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The whole number, if this is one, also when it was written as `1.0` or `1e3`.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let number): Int(exactly: number.value)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The number, if this is one.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let number): number.value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The truth value, if this is one.
    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements, if this is an array.
    var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members, if this is an object.
    var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The time, if this is a text that holds one.
    var time: Timestamp? {
        string.flatMap(Timestamp.init)
    }

    /// What a person would call the kind of this value.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Whether any text in it, names included, has the character U+0000, which PostgreSQL stores in no text.
    var containsNUL: Bool {
        switch self {
        case .null, .bool, .integer, .number: false
        case .string(let value): value.utf8.contains(0)
        case .array(let elements): elements.contains(where: \.containsNUL)
        case .object(let object): object.members.contains { $0.name.utf8.contains(0) || $0.value.containsNUL }
        }
    }
}

extension JSONValue {
    /// The same with U+FFFD for every U+0000, names included: for what others sent, of which nothing shall be lost.
    var withoutNUL: JSONValue {
        switch self {
        case .null, .bool, .integer, .number: self
        case .string(let value): .string(ForeignText.clean(value))
        case .array(let elements): .array(elements.map(\.withoutNUL))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map {
                        JSONObject.Member(name: ForeignText.clean($0.name), value: $0.value.withoutNUL)
                    }))
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }
    init(nilLiteral: ()) { self = .null }
}
