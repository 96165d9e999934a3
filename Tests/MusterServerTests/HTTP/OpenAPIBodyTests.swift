import HTTPTypes
import Testing

@testable import MusterServer

/// Each body takes exactly what its schema says: every field and no other, up to every limit and no further.
///
/// Every request below also has a field that does not exist, so that all of it is read and nothing is carried out.
struct OpenAPIBodyTests {
    private let document: OpenAPIDocument

    init() throws {
        document = try OpenAPIDocument.loaded.get()
    }

    /// A field that no body has.
    private static let stranger = "no_such_field"

    @Test func `each field is taken, each other is refused, and the refusal lists them`() async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            for (route, schema) in try Self.bodies(server, document) {
                let sample = try BodySample(document).value(schema, strangers: Self.stranger)
                let errors = await Self.errors(server, route, sample)
                let expected = BodySample(document).strangers(schema, named: Self.stranger)
                #expect(errors == expected, "\(route.operation)")
            }
            #expect(server.complaints == [])
        }
    }

    @Test func `each limit is where the schema says`() async throws {
        // The longest list of components is longer than the bodies that are usually taken.
        let large: (inout ServerConfiguration) -> Void = { $0.http.requestBodyMaxBytes = 1 << 26 }
        try await DescribedServer.withoutDatabase(configure: large) { (server: DescribedServer) in
            var cases = 0
            for (route, schema) in try Self.bodies(server, document) {
                for probe in try BodyProbe.all(of: schema, document) {
                    cases += 1
                    let errors = await Self.errors(server, route, probe.body(adding: Self.stranger))
                    let isTaken = errors[probe.pointer] == nil
                    #expect(
                        isTaken == probe.isTaken,
                        "\(route.operation) \(probe.pointer) \(probe.reason): \(errors[probe.pointer] ?? "taken")")
                }
            }
            #expect(cases > 400)
            #expect(server.complaints == [])
        }
    }

    @Test func `a body has to be an object, and one that may be left out may be empty`() async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            for (route, _) in try Self.bodies(server, document) {
                let path = Self.path(route)
                #expect(await server.ask(route.method, path, raw: "{").status == 400, "\(route.operation)")
                #expect(await server.ask(route.method, path, raw: "7").status == 422, "\(route.operation)")
                let xml = await server.ask(route.method, path, raw: "<a/>", headers: [.contentType: "text/xml"])
                #expect(xml.status == 415, "\(route.operation)")
                if route.body != .optionalJSON {
                    #expect(await server.ask(route.method, path).status == 400, "\(route.operation)")
                }
            }
            #expect(server.complaints == [])
        }
    }

    /// The routes with a body of ours, and its schema.
    private static func bodies(_ server: DescribedServer, _ document: OpenAPIDocument) throws -> [(Route, JSONValue)] {
        try server.server.routes.compactMap { route in
            guard [.json, .optionalJSON, .jsonOrYAML].contains(route.body) else { return nil }
            let body = document.operation(route.operation)?.json["requestBody"]
            return (route, try #require(body?["content"]?["application/json"]?["schema"]))
        }
    }

    /// What is wrong with a body, by pointer.
    private static func errors(_ server: DescribedServer, _ route: Route, _ body: JSONValue) async -> [String: String] {
        let reply = await server.ask(route.method, path(route), body)
        guard reply.status == 422 else { return ["": "is answered by \(reply.status): \(reply.json.text)"] }
        let errors = (reply.json["errors"]?.array ?? []).map {
            ($0["pointer"]?.string ?? "?", $0["detail"]?.string ?? "?")
        }
        return Dictionary(errors) { first, _ in first }
    }

    /// Operations whose path has a UUID.
    private static let byUUID: Set<String> = [
        "acknowledgeAlert", "unacknowledgeAlert", "resolveAlert", "reopenAlert", "moveAlert", "replayDeadLetter",
        "replayDeadLetters",
        "updateSource",
        "rotateSource",
        "replaceRule", "updateEndpoint", "testEndpoint", "rotateEndpoint", "replayEndpoint",
        "changeMaintenance", "beginMaintenance", "endMaintenance", "extendMaintenance", "cancelMaintenance",
    ]

    /// A path of the route that leads to its handler.
    private static func path(_ route: Route) -> String {
        let samples = [
            "{role}": "scribe", "{audience}": "users", "{action}": "1-1", "{slug}": BodySample.slug,
            "{component}": BodySample.slug,
        ]
        let segments = route.path.split(separator: "/").map { segment in
            guard segment.hasPrefix("{") else { return String(segment) }
            if Self.byUUID.contains(route.operation) {
                return "0197a1b2-0000-7000-8000-000000000000"
            }
            return samples[String(segment)] ?? "1"
        }
        return "/" + segments.joined(separator: "/")
    }
}
