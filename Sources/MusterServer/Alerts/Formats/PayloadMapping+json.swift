/// A mapping is written as
///
///     {"items": "/events",
///      "identity": {"join": ["/host", "/check"], "separator": "|"},
///      "title": {"pointers": ["/title", "/message"], "default": "A check failed"},
///      "status": {"pointer": "/state", "values": {"ok": "resolved", "paused": "ignore", "*": "firing"}},
///      "severity": "/priority",
///      "component": {"constant": "database"},
///      "labels": {"region": "/region"},
///      "annotations": "/details"}
///
/// A text is a JSON pointer: the short form of a rule.
extension PayloadMapping {
    static let textsMax = 64

    /// - Parameter pointer: Where the mapping stands in the body, for the problem.
    /// - Throws: `Problem` that names every mistake.
    init(_ json: JSONValue, at pointer: String = "") throws(Problem) {
        guard let object = json.object else {
            throw .invalid(pointer, "should be an object and is \(json.kindName)")
        }
        var reader = PayloadRuleReader()
        var mapping = PayloadMapping(items: nil, rules: [:])
        for member in object.members {
            let place = "\(pointer)/\(PayloadRuleReader.escaped(member.name))"
            switch member.name {
            case "items": mapping.items = reader.pointer(member.value, at: place)
            case "labels": mapping.labels = reader.texts(member.value, at: place)
            case "annotations": mapping.annotations = reader.texts(member.value, at: place)
            case let name:
                guard let field = Field(rawValue: name) else {
                    reader.refuse(place, BodyReader.unknownField(Self.names))
                    continue
                }
                mapping.rules[field] = reader.rule(member.value, at: place, isStatus: field == .status)
            }
        }
        if object["identity"] == nil {
            reader.refuse("\(pointer)/identity", "is required: it tells alerts apart")
        }
        guard reader.errors.isEmpty else { throw .invalid(reader.errors) }
        self = mapping
    }

    private static let names = Field.allCases.map(\.rawValue) + ["items", "labels", "annotations"]

    /// The mapping as JSON, which reads as the same mapping again.
    var json: JSONValue {
        var object = JSONObject()
        if let items { object["items"] = .string(items.text) }
        for field in Field.allCases {
            if let rule = rules[field] { object[field.rawValue] = rule.json }
        }
        for (name, texts) in [("labels", labels), ("annotations", annotations)] where texts != .each([:]) {
            object[name] = texts.json
        }
        return .object(object)
    }
}

extension PayloadMapping.Texts {
    fileprivate var json: JSONValue {
        switch self {
        case .all(let pointer): .string(pointer.text)
        case .each(let rules):
            .object(
                JSONObject(
                    rules.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: $0.value.json) }))
        }
    }
}

extension PayloadRule {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        switch origin {
        case .first(let places) where places.count == 1: object["pointer"] = .string(places[0].text)
        case .first(let places): object["pointers"] = .array(places.map { .string($0.text) })
        case .joined(let places, let separator):
            object["join"] = .array(places.map { .string($0.text) })
            object["separator"] = .string(separator)
        case .constant(let text): object["constant"] = .string(text)
        }
        if !values.isEmpty {
            object["values"] = .object(
                JSONObject(
                    values.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: .string($0.value)) })
            )
        }
        if let fallback { object["default"] = .string(fallback) }
        return .object(object)
    }
}
