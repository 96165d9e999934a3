@testable import MusterServer

/// Makes values that a schema of `docs/openapi.yaml` takes.
struct BodySample {
    /// Stands wherever a slug may: a body's slug has to be that of its path.
    static let slug = "a"

    struct NoSample: Error {
        let schema: String
    }

    let document: OpenAPIDocument

    init(_ document: OpenAPIDocument) {
        self.document = document
    }

    /// The schema with what its `$ref` points at; what stands beside the reference wins.
    func whole(_ schema: JSONValue) -> JSONValue {
        guard schema["$ref"] != nil, case .object(var merged) = whole(document.resolve(schema)) else { return schema }
        for member in schema.object?.members ?? [] where member.name != "$ref" { merged[member.name] = member.value }
        return .object(merged)
    }

    /// The alternatives of a schema, null left out.
    func alternatives(_ schema: JSONValue) -> [JSONValue] {
        let schema = whole(schema)
        return (schema["anyOf"]?.array ?? [schema]).map(whole).filter { $0["type"]?.string != "null" }
    }

    /// The schema that its values follow: the first alternative that is not null.
    func first(_ schema: JSONValue) -> JSONValue {
        alternatives(schema).first ?? .null
    }

    func types(_ schema: JSONValue) -> [String] {
        let type = first(schema)["type"]
        return (type?.array ?? type.map { [$0] } ?? []).compactMap(\.string)
    }

    func takesNull(_ schema: JSONValue) -> Bool {
        SchemaCheck.complaints(.null, schema, in: document).isEmpty
    }

    /// A value with every field that the schema has.
    /// - Parameter strangers: The name of one more field in every object.
    func value(_ schema: JSONValue, strangers: String? = nil) throws -> JSONValue {
        let schema = first(schema)
        if let word = schema["enum"]?[0] ?? schema["const"] { return word }
        switch types(schema).first {
        // What a format of its own describes.
        case "object"? where schema["examples"] != nil: return schema["examples"]?[0] ?? .null
        case "object"?: return try object(schema, strangers)
        case "array"?: return [try value(schema["items"] ?? .null, strangers: strangers)]
        case "integer"?, "number"?: return schema["minimum"] ?? 0
        case "boolean"?: return false
        case "string"?: return try text(schema)
        default: throw NoSample(schema: schema.text)
        }
    }

    private func object(_ schema: JSONValue, _ strangers: String?) throws -> JSONValue {
        var object = JSONObject()
        for property in schema["properties"]?.object?.members ?? [] {
            object[property.name] = try value(property.value, strangers: strangers)
        }
        if let other = schema["additionalProperties"], other != .bool(false) {
            object["k"] = try value(other)
        } else if let strangers {
            object[strangers] = 1
        }
        return .object(object)
    }

    private func text(_ schema: JSONValue) throws -> JSONValue {
        let candidates: [JSONValue] = [
            .string(Self.slug), "EUR", "INC-1", "2026-12-24", "2026-11-22T03:12:00Z", "09:30", "http://a/", "204",
            "0197a1b2-0000-7000-8000-000000000000", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "2026-12-06T02:30", "FREQ=DAILY",
        ]
        guard let fit = candidates.first(where: { SchemaCheck.complaints($0, schema, in: document).isEmpty }) else {
            throw NoSample(schema: schema.text)
        }
        return fit
    }

    /// The errors that the strangers in `value(_:strangers:)` lead to: each with the fields that there are instead.
    func strangers(_ schema: JSONValue, named name: String, at pointer: String = "") -> [String: String] {
        let schema = first(schema)
        var errors: [String: String] = [:]
        if schema["additionalProperties"] == .bool(false) {
            let fields = schema["properties"]?.object?.members.map(\.name) ?? []
            errors["\(pointer)/\(name)"] = BodyReader.unknownField(fields)
            for property in schema["properties"]?.object?.members ?? [] {
                let inner = strangers(property.value, named: name, at: "\(pointer)/\(property.name)")
                errors.merge(inner) { own, _ in own }
            }
        } else if let items = schema["items"] {
            errors = strangers(items, named: name, at: "\(pointer)/0")
        }
        return errors
    }
}
