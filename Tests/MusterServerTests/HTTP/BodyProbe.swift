@testable import MusterServer

/// A body with one value at the edge of what its schema takes there, or just beyond.
struct BodyProbe {
    let pointer: String
    let isTaken: Bool
    /// What the value tries, for messages.
    let reason: String
    private let whole: JSONValue

    /// The body with one more field.
    func body(adding stranger: String) -> JSONValue {
        guard case .object(var object) = whole else { return whole }
        object[stranger] = 1
        return .object(object)
    }

    /// Every probe of a schema, of the objects and arrays in it as well.
    static func all(of schema: JSONValue, _ document: OpenAPIDocument) throws -> [BodyProbe] {
        var maker = Maker(sample: BodySample(document))
        let whole = try maker.sample.value(schema)
        try maker.probe(schema, at: "") { $0 ?? whole }
        return maker.probes
    }

    /// Walks through a schema; `put` makes the whole body of a value for the place where the walk is.
    private struct Maker {
        typealias Put = (JSONValue?) -> JSONValue

        let sample: BodySample
        var probes: [BodyProbe] = []

        mutating func add(_ pointer: String, _ reason: String, _ isTaken: Bool, _ whole: JSONValue) {
            probes.append(BodyProbe(pointer: pointer, isTaken: isTaken, reason: reason, whole: whole))
        }

        mutating func probe(_ schema: JSONValue, at pointer: String, _ put: @escaping Put) throws {
            let kind = sample.first(schema)
            if !pointer.isEmpty { try probeKind(schema, at: pointer, put) }
            if let properties = kind["properties"]?.object?.members {
                let object = try sample.value(kind).object ?? JSONObject()
                let required = kind["required"]?.array?.compactMap(\.string) ?? []
                for property in properties {
                    let place = "\(pointer)/\(property.name)"
                    let putField: Put = { value in
                        var changed = object
                        changed[property.name] = value
                        return put(.object(changed))
                    }
                    let isRequired = required.contains(property.name)
                    // What hangs on another field is the business of the routes' own tests.
                    if kind["then"]?["properties"]?[property.name] == nil {
                        add(place, "absent", !isRequired, putField(nil))
                        add(place, "null", !isRequired || sample.takesNull(property.value), putField(.null))
                    }
                    try probe(property.value, at: place, putField)
                }
            }
            if let items = kind["items"] { try probe(items, at: "\(pointer)/0") { put([$0 ?? .null]) } }
        }

        private mutating func probeKind(_ schema: JSONValue, at pointer: String, _ put: Put) throws {
            let kind = sample.first(schema)
            let types = Set(sample.alternatives(schema).flatMap(sample.types))
            for (type, value) in [("boolean", JSONValue.bool(true)), ("array", []), ("object", [:])]
            where !types.contains(type) {
                add(pointer, "\(type) instead", false, put(value))
            }
            for word in kind["enum"]?.array ?? [] { add(pointer, "a word of the list", true, put(word)) }
            if kind["enum"] != nil { add(pointer, "a word of no list", false, put("no_such_word")) }
            if types.contains("string") { try probeText(kind, at: pointer, put) }
            if types.contains("integer") || types.contains("number") { probeNumber(kind, at: pointer, put) }
            if types.contains("array") { try probeArray(kind, at: pointer, put) }
            if kind["propertyNames"] != nil { try probeLabels(kind, at: pointer, put) }
        }

        private mutating func probeText(_ schema: JSONValue, at pointer: String, _ put: Put) throws {
            add(pointer, "with U+0000", false, put("a\0b"))
            if let format = schema["format"]?.string { add(pointer, "no \(format)", false, put("soon")) }
            let isFree = SchemaCheck.complaints("a b", schema, in: sample.document).isEmpty
            guard isFree else { return }
            let mayBeEmpty = SchemaCheck.complaints("", schema, in: sample.document).isEmpty
            add(pointer, "empty", mayBeEmpty, put(""))
            add(pointer, "blank", mayBeEmpty, put(" \t\u{A0}"))
            guard let max = schema["maxLength"]?.integer else { return }
            // Characters of several bytes, so that it shows what is counted.
            add(pointer, "\(max) characters", true, put(.string(String(repeating: "ü", count: max))))
            add(pointer, "\(max + 1) characters", false, put(.string(String(repeating: "u", count: max + 1))))
            if schema["x-trims"] != .bool(false) {
                add(pointer, "white space around", true, put(.string(" " + String(repeating: "u", count: max) + "\n")))
            }
        }

        private mutating func probeNumber(_ schema: JSONValue, at pointer: String, _ put: Put) {
            add(pointer, "a text", sample.types(schema).contains("string"), put("many"))
            if sample.types(schema).contains("integer") { add(pointer, "broken", false, put(1.5)) }
            if let min = schema["minimum"]?.integer {
                add(pointer, "\(min)", true, put(.integer(min)))
                add(pointer, "\(min - 1)", false, put(.integer(min - 1)))
            }
            if let max = schema["maximum"]?.integer {
                add(pointer, "\(max)", true, put(.integer(max)))
                if max < Int.max { add(pointer, "\(max + 1)", false, put(.integer(max + 1))) }
            }
        }

        private mutating func probeArray(_ schema: JSONValue, at pointer: String, _ put: Put) throws {
            // Where one is needed, another field may say otherwise, which is the business of the routes' own tests.
            if schema["minItems"] == nil { add(pointer, "no element", true, put([])) }
            guard let max = schema["maxItems"]?.integer, let items = schema["items"] else { return }
            let element = try sample.value(items)
            add(pointer, "\(max) elements", true, put(.array(Array(repeating: element, count: max))))
            add(pointer, "\(max + 1) elements", false, put(.array(Array(repeating: element, count: max + 1))))
        }

        private mutating func probeLabels(_ schema: JSONValue, at pointer: String, _ put: Put) throws {
            func labels(_ count: Int) -> JSONValue {
                .object(JSONObject((0..<count).map { JSONObject.Member(name: "k\($0)", value: "v") }))
            }
            let (names, texts) = (schema["propertyNames"], schema["additionalProperties"])
            if let max = schema["maxProperties"]?.integer {
                add(pointer, "\(max) labels", true, put(labels(max)))
                add(pointer, "\(max + 1) labels", false, put(labels(max + 1)))
            }
            for (max, isName) in [(names?["maxLength"]?.integer, true), (texts?["maxLength"]?.integer, false)] {
                guard let max else { continue }
                for length in [max, max + 1] {
                    let text = String(repeating: "l", count: length)
                    let member = JSONObject.Member(name: isName ? text : "k", value: .string(isName ? "v" : text))
                    let reason = "\(length) characters in a label's \(isName ? "name" : "text")"
                    add("\(pointer)/\(member.name)", reason, length == max, put(.object(JSONObject([member]))))
                }
            }
        }
    }
}
