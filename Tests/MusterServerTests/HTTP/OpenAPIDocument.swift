import Yams

@testable import MusterServer

/// `docs/openapi.yaml` as the daemon serves it, for tests to hold the daemon against.
struct OpenAPIDocument: Sendable {
    /// One operation, with the parameters of its path.
    struct Operation: Sendable {
        let id: String
        let method: String
        let path: String
        let json: JSONValue
        let parameters: [JSONValue]

        func parameters(in place: String) -> [JSONValue] {
            parameters.filter { $0["in"]?.string == place }
        }

        func names(in place: String) -> Set<String> {
            Set(parameters(in: place).compactMap { $0["name"]?.string })
        }
    }

    struct Unreadable: Error {
        let reason: String
    }

    let root: JSONValue
    private(set) var operations: [Operation] = []

    /// Read once per process: it is long.
    static let loaded = Result { try OpenAPIDocument(yaml: String(decoding: OpenAPIRoutes.document, as: UTF8.self)) }

    private static let methods = ["get", "put", "post", "delete", "patch", "options"]

    init(yaml: String) throws {
        guard let node = try Yams.compose(yaml: yaml) else { throw Unreadable(reason: "the document is empty") }
        root = Self.value(node)
        for path in root["paths"]?.object?.members ?? [] {
            let shared = path.value["parameters"]?.array ?? []
            for method in path.value.object?.members ?? [] where Self.methods.contains(method.name) {
                let parameters = shared + (method.value["parameters"]?.array ?? [])
                operations.append(
                    Operation(
                        id: method.value["operationId"]?.string ?? "", method: method.name.uppercased(),
                        path: path.name, json: method.value, parameters: parameters.map(resolve)))
            }
        }
    }

    /// What a `$ref` points at; anything else is itself.
    func resolve(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string else { return value }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    func operation(_ id: String) -> Operation? {
        operations.first { $0.id == id }
    }

    func schema(_ name: String) -> JSONValue {
        root["components"]?["schemas"]?[name] ?? .null
    }

    /// The words of a schema that is a list of words.
    func words(_ schema: String) -> [String] {
        self.schema(schema)["enum"]?.array?.compactMap(\.string) ?? []
    }

    private static func value(_ node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(
                JSONObject(mapping.map { JSONObject.Member(name: $0.key.string ?? "", value: value($0.value)) }))
        case .sequence(let sequence): return .array(sequence.map(value))
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            if let bool = node.bool { return .bool(bool) }
            if let integer = node.int { return .integer(integer) }
            if let number = node.float { return .number(JSONNumber(number)) }
            return scalar.string == "null" ? .null : .string(scalar.string)
        case .alias: return .null
        }
    }
}
