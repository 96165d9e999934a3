/// Reads the rules of a mapping and collects everything that is wrong with them.
struct PayloadRuleReader {
    private static let pointersMax = 20
    private static let valuesMax = 200
    private static let textBytesMax = 1000
    private static let known = ["pointer", "pointers", "join", "separator", "constant", "values", "default"]

    private(set) var errors: [FieldError] = []

    mutating func refuse(_ pointer: String, _ detail: String) {
        errors.append(FieldError(pointer: pointer, detail: detail))
    }

    /// A name as a step of a JSON pointer.
    static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    mutating func pointer(_ value: JSONValue, at place: String) -> JSONPointer? {
        if let pointer = value.string.flatMap(JSONPointer.init) { return pointer }
        refuse(
            place,
            "should be a JSON pointer such as /event/id, of at most \(JSONPointer.stepsMax) steps and "
                + "\(JSONPointer.bytesMax) bytes")
        return nil
    }

    mutating func texts(_ value: JSONValue, at place: String) -> PayloadMapping.Texts {
        if value.string != nil { return pointer(value, at: place).map { .all($0) } ?? .each([:]) }
        guard let members = value.object?.members else {
            refuse(place, "should be an object of rules, or a JSON pointer to an object, and is \(value.kindName)")
            return .each([:])
        }
        guard members.count <= PayloadMapping.textsMax else {
            refuse(place, "has \(members.count) members; at most \(PayloadMapping.textsMax) are allowed")
            return .each([:])
        }
        var rules: [String: PayloadRule] = [:]
        for member in members {
            let place = "\(place)/\(Self.escaped(member.name))"
            if member.name.isEmpty || member.name.utf8.count > ForeignText.labelNameBytesMax
                || member.name.utf8.contains(0)
            {
                refuse(place, "its name must have from 1 to \(ForeignText.labelNameBytesMax) bytes, none of them NUL")
            }
            rules[member.name] = rule(member.value, at: place, isStatus: false)
        }
        return .each(rules)
    }

    /// - Parameter isStatus: Its words have to be states.
    mutating func rule(_ value: JSONValue, at place: String, isStatus: Bool) -> PayloadRule? {
        if value.string != nil { return pointer(value, at: place).map { PayloadRule(.first([$0])) } }
        guard let object = value.object else {
            refuse(place, "should be a JSON pointer or an object with a rule, and is \(value.kindName)")
            return nil
        }
        for member in object.members where !Self.known.contains(member.name) {
            refuse("\(place)/\(Self.escaped(member.name))", BodyReader.unknownField(Self.known))
        }
        let origin = origin(object, at: place)
        let values = table(object["values"], at: "\(place)/values")
        let fallback = object["default"].flatMap { text($0, at: "\(place)/default") }
        if isStatus { checkStates(origin, values, fallback, at: place) }
        return origin.map { PayloadRule($0, values: values, default: fallback) }
    }

    private mutating func origin(_ object: JSONObject, at place: String) -> PayloadRule.Origin? {
        let given = ["pointer", "pointers", "join", "constant"].filter { object[$0] != nil }
        guard given.count == 1, let value = object[given[0]] else {
            refuse(place, "needs one of pointer, pointers, join and constant")
            return nil
        }
        let below = "\(place)/\(given[0])"
        if object["separator"] != nil, given[0] != "join" {
            refuse("\(place)/separator", "goes with join only")
        }
        switch given[0] {
        case "pointer": return pointer(value, at: below).map { .first([$0]) }
        case "constant": return text(value, at: below).map { .constant($0) }
        case "pointers": return pointers(value, at: below).map { .first($0) }
        default:
            let separator = object["separator"].map { text($0, at: "\(place)/separator") ?? "" } ?? "|"
            return pointers(value, at: below).map { .joined($0, separator: separator) }
        }
    }

    private mutating func pointers(_ value: JSONValue, at place: String) -> [JSONPointer]? {
        guard let elements = value.array, (1...Self.pointersMax).contains(elements.count) else {
            refuse(place, "should be a list of 1 to \(Self.pointersMax) JSON pointers")
            return nil
        }
        let pointers = elements.enumerated().compactMap { pointer($1, at: "\(place)/\($0)") }
        return pointers.count == elements.count ? pointers : nil
    }

    private mutating func table(_ value: JSONValue?, at place: String) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.object?.members, (1...Self.valuesMax).contains(members.count) else {
            refuse(place, "should be an object of 1 to \(Self.valuesMax) texts")
            return [:]
        }
        return members.reduce(into: [:]) { table, member in
            table[member.name] = text(member.value, at: "\(place)/\(Self.escaped(member.name))")
        }
    }

    private mutating func text(_ value: JSONValue, at place: String) -> String? {
        guard let text = value.string, text.utf8.count <= Self.textBytesMax, !text.utf8.contains(0) else {
            refuse(place, "should be a text of at most \(Self.textBytesMax) bytes without U+0000")
            return nil
        }
        return text
    }

    /// What a status can become has to be a state, so that a slip shows when the mapping is made and not in the night.
    private mutating func checkStates(
        _ origin: PayloadRule.Origin?, _ values: [String: String], _ fallback: String?, at place: String
    ) {
        var results = values.map { ("values/\(Self.escaped($0.key))", $0.value) }.sorted { $0.0 < $1.0 }
        if let fallback { results.append(("default", fallback)) }
        if case .constant(let text)? = origin, values.isEmpty { results.append(("constant", text)) }
        for (name, word) in results where PayloadMapping.statusWords[word.lowercased()] == nil {
            refuse("\(place)/\(name)", "should be firing, acknowledged, resolved or \(PayloadMapping.ignored)")
        }
    }
}
