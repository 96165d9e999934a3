import FoundationEssentials
import IncidentDomain

@testable import MusterServer

/// The part of JSON Schema 2020-12 that our document uses. A keyword that it does not know is a complaint, so that
/// nothing passes unchecked.
struct SchemaCheck {
    let document: OpenAPIDocument
    private(set) var complaints: [String] = []
    /// Every property of a named schema that a checked value had, as `Incident.title`.
    private(set) var seen: Set<String> = []

    init(_ document: OpenAPIDocument) {
        self.document = document
    }

    /// What is wrong with a value.
    static func complaints(_ value: JSONValue, _ schema: JSONValue, in document: OpenAPIDocument) -> [String] {
        var check = SchemaCheck(document)
        check.check(value, schema, at: "", name: "")
        return check.complaints
    }

    /// The keywords of a schema, and of those in it, that are not checked: slips of the pen, most often.
    static func unknownKeywords(in schema: JSONValue, at place: String) -> [String] {
        let parts = ["items", "additionalProperties", "propertyNames", "if", "then", "contentSchema"]
        return (schema.object?.members ?? []).flatMap { keyword -> [String] in
            let name = "\(place)/\(keyword.name)"
            if keyword.name == "properties" {
                return (keyword.value.object?.members ?? []).flatMap {
                    unknownKeywords(in: $0.value, at: "\(name)/\($0.name)")
                }
            }
            if parts.contains(keyword.name) { return unknownKeywords(in: keyword.value, at: name) }
            if keyword.name == "anyOf" || keyword.name == "allOf" {
                return (keyword.value.array ?? []).flatMap { unknownKeywords(in: $0, at: name) }
            }
            return known.contains(keyword.name) ? [] : [name]
        }
    }

    private static let known = remarks.union([
        "$ref", "type", "enum", "const", "required", "maxProperties", "minProperties", "maxItems", "minItems",
        "pattern",
        "minLength", "maxLength", "format", "minimum", "maximum", "contentMediaType",
    ])

    private static let remarks: Set<String> = ["description", "default", "example", "examples", "x-trims", "x-role"]

    /// - Parameters:
    ///   - place: Where the value stands, for complaints.
    ///   - name: What the schema is called, for `seen`.
    mutating func check(_ value: JSONValue, _ schema: JSONValue, at place: String, name: String) {
        guard let keywords = schema.object?.members else {
            return complain(place, "has no schema")
        }
        for keyword in keywords where !Self.remarks.contains(keyword.name) {
            switch keyword.name {
            case "$ref":
                let target = keyword.value.string?.split(separator: "/").last.map(String.init) ?? ""
                check(value, document.resolve(schema), at: place, name: target)
            case "anyOf": checkAny(value, keyword.value.array ?? [], at: place, name: name)
            case "allOf":
                for part in keyword.value.array ?? [] { check(value, part, at: place, name: name) }
            case "contentSchema":
                // What a text holds: JSON, in our document.
                guard let content = value.string.flatMap({ try? JSONParser.parse(Array($0.utf8)) }) else {
                    return complain(place, "is no text that holds JSON")
                }
                check(content, keyword.value, at: place, name: name)
            case "contentMediaType": if keyword.value != "application/json" { complain(place, "should hold JSON") }
            case "if": checkConditional(value, schema, at: place, name: name)
            case "then": break
            case "type", "enum", "const": checkKind(value, keyword, at: place)
            case "properties", "required", "additionalProperties", "propertyNames", "maxProperties", "minProperties":
                if let object = value.object { checkObject(object, schema, keyword, at: place, name: name) }
            case "items", "maxItems", "minItems":
                if let elements = value.array { checkArray(elements, keyword, at: place, name: name) }
            case "format" where value.string == nil || keyword.value == "int64": break
            case "pattern", "minLength", "maxLength", "format":
                if let text = value.string { checkText(text, keyword, at: place) }
            case "minimum", "maximum":
                if let number = value.number { checkNumber(number, keyword, at: place) }
            default: complain(place, "is checked by no one for \(keyword.name): teach SchemaCheck")
            }
        }
    }

    private mutating func complain(_ place: String, _ text: String) {
        complaints.append("\(place.isEmpty ? "it" : place) \(text)")
    }

    /// Takes over the first alternative without complaints.
    private mutating func checkAny(_ value: JSONValue, _ schemas: [JSONValue], at place: String, name: String) {
        var last: [String] = []
        for schema in schemas {
            var attempt = SchemaCheck(document)
            attempt.check(value, schema, at: place, name: name)
            if attempt.complaints.isEmpty {
                seen.formUnion(attempt.seen)
                return
            }
            last = attempt.complaints
        }
        complain(place, "is none of what it may be: \(last.joined(separator: "; "))")
    }

    private mutating func checkConditional(_ value: JSONValue, _ schema: JSONValue, at place: String, name: String) {
        guard let condition = schema["if"], let consequence = schema["then"],
            Self.complaints(value, condition, in: document).isEmpty
        else { return }
        check(value, consequence, at: place, name: name)
    }

    private mutating func checkKind(_ value: JSONValue, _ keyword: JSONObject.Member, at place: String) {
        let allowed = keyword.value.array ?? [keyword.value]
        let isAllowed =
            keyword.name == "type"
            ? allowed.contains { value.isOfType($0.string ?? "") } : allowed.contains(value)
        if !isAllowed { complain(place, "should be \(JSONValue.array(allowed).text) and is \(value.text)") }
    }

    private mutating func checkObject(
        _ object: JSONObject, _ schema: JSONValue, _ keyword: JSONObject.Member, at place: String, name: String
    ) {
        switch keyword.name {
        case "properties":
            for property in keyword.value.object?.members ?? [] {
                guard let value = object[property.name] else { continue }
                seen.insert("\(name).\(property.name)")
                check(value, property.value, at: "\(place)/\(property.name)", name: "\(name).\(property.name)")
            }
        case "required":
            for field in keyword.value.array?.compactMap(\.string) ?? [] where object[field] == nil {
                complain("\(place)/\(field)", "is missing")
            }
        case "additionalProperties":
            for member in object.members where schema["properties"]?[member.name] == nil {
                if keyword.value == .bool(false) {
                    complain("\(place)/\(member.name)", "is not described")
                } else {
                    check(member.value, keyword.value, at: "\(place)/\(member.name)", name: "\(name).*")
                }
            }
        case "propertyNames":
            for member in object.members { check(.string(member.name), keyword.value, at: place, name: name) }
        default: checkNumber(Double(object.members.count), keyword, at: place)
        }
    }

    private mutating func checkArray(
        _ elements: [JSONValue], _ keyword: JSONObject.Member, at place: String, name: String
    ) {
        guard keyword.name == "items" else { return checkNumber(Double(elements.count), keyword, at: place) }
        for (index, element) in elements.enumerated() {
            check(element, keyword.value, at: "\(place)/\(index)", name: "\(name)[]")
        }
    }

    private mutating func checkNumber(_ number: Double, _ keyword: JSONObject.Member, at place: String) {
        let limit = keyword.value.number ?? .nan
        let holds = keyword.name.hasPrefix("min") ? number >= limit : number <= limit
        if !holds { complain(place, "breaks \(keyword.name) \(limit): \(number)") }
    }

    private mutating func checkText(_ text: String, _ keyword: JSONObject.Member, at place: String) {
        switch keyword.name {
        case "pattern":
            let pattern = keyword.value.string ?? ""
            let regex = (try? Regex(pattern))?.matchingSemantics(.unicodeScalar)
            guard let regex else { return complain(place, "has a pattern that is none: \(pattern)") }
            if text.firstMatch(of: regex) == nil { complain(place, "does not match \(pattern): \(text)") }
        case "format":
            let format = keyword.value.string ?? ""
            if !Self.isOfFormat(text, format) { complain(place, "is no \(format): \(text)") }
        default: checkNumber(Double(text.unicodeScalars.count), keyword, at: place)
        }
    }

    private static func isOfFormat(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": Timestamp(text) != nil
        case "date": text.utf8.count == 10 && Timestamp("\(text)T00:00:00Z") != nil
        case "uuid": UUID(uuidString: text) != nil
        case "uri-reference": !text.isEmpty && !text.contains(" ")
        default: false
        }
    }
}

extension JSONValue {
    /// By the names of JSON Schema, to which 5.0 is an integer.
    fileprivate func isOfType(_ type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number: type == "number" || (type == "integer" && integer != nil)
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    /// As it is written, cut to what fits into a message.
    var text: String {
        String(String(decoding: bytes, as: UTF8.self).prefix(200))
    }
}
