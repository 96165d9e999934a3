import Testing

@testable import MusterServer

/// `docs/review.schema.json` is what `docs/openapi.yaml` says of `review.json`, as a schema that stands alone.
struct ReviewSchemaTests {
    @Test func `the schema of review.json is the one of the API`() throws {
        let document = try OpenAPIDocument.loaded.get()
        var names: Set<String> = []
        var pending = ["Review"]
        while let name = pending.popLast() {
            guard names.insert(name).inserted else { continue }
            pending += Self.references(in: document.schema(name))
        }
        #expect(names.count > 10 && names.allSatisfy { document.schema($0) != .null }, "\(names)")
        let definitions = names.sorted().map { name in
            JSONObject.Member(name: name, value: Self.pointed(document.schema(name)))
        }
        let schema = JSONValue.object(
            JSONObject([
                JSONObject.Member(name: "$schema", value: "https://json-schema.org/draft/2020-12/schema"),
                JSONObject.Member(name: "title", value: "The post-incident review as review.json of Muster"),
                JSONObject.Member(name: "$ref", value: "#/$defs/Review"),
                JSONObject.Member(name: "$defs", value: .object(JSONObject(definitions))),
            ]))
        try Golden.expect(Self.text(schema, "") + "\n", equals: "review.schema.json", in: "docs")
    }

    private static let place = "#/components/schemas/"

    private static func references(in value: JSONValue) -> [String] {
        if let array = value.array { return array.flatMap(references) }
        return (value.object?.members ?? []).flatMap { member -> [String] in
            guard member.name == "$ref", let target = member.value.string else { return references(in: member.value) }
            return target.hasPrefix(place) ? [String(target.dropFirst(place.count))] : [target]
        }
    }

    /// With its references as they are in a schema of its own.
    private static func pointed(_ value: JSONValue) -> JSONValue {
        if let array = value.array { return .array(array.map(pointed)) }
        guard let object = value.object else { return value }
        return .object(
            JSONObject(
                object.members.map { member in
                    guard member.name == "$ref", let target = member.value.string else {
                        return JSONObject.Member(name: member.name, value: pointed(member.value))
                    }
                    return JSONObject.Member(
                        name: member.name, value: .string("#/$defs/\(target.dropFirst(place.count))"))
                }))
    }

    /// One member a line.
    private static func text(_ value: JSONValue, _ indent: String) -> String {
        let inner = indent + "  "
        if let object = value.object, !object.members.isEmpty {
            let lines = object.members.map { "\(inner)\(text(.string($0.name), "")): \(text($0.value, inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        }
        var json = JSONWriter(capacity: 256)
        json.value(value)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
