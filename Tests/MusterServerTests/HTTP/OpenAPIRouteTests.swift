import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// The route table and `docs/openapi.yaml` say the same: what one has and the other has not is a mistake in either.
struct OpenAPIRouteTests {
    private let document: OpenAPIDocument
    private let routes: [Route]

    init() async throws {
        document = try OpenAPIDocument.loaded.get()
        routes = try await DescribedServer.withoutDatabase { $0.routes }
    }

    private func operation(_ route: Route) throws -> OpenAPIDocument.Operation {
        try #require(document.operation(route.operation), "\(route.operation) is not described")
    }

    @Test func `every route is described, and everything that is described is a route`() {
        let described = document.operations.map { operation in
            let role = operation.json["x-role"]?.string ?? "nobody"
            return "\(operation.method) \(operation.path) \(operation.id) for \(role)"
        }
        let served = routes.map { "\($0.method) \($0.path) \($0.operation) for \($0.role?.rawValue ?? "nobody")" }
        #expect(Set(served).subtracting(described) == [], "describe these in docs/openapi.yaml")
        #expect(Set(described).subtracting(served) == [], "there are no such routes")
        #expect(Set(described).count == document.operations.count && Set(served).count == routes.count)
    }

    @Test func `only what needs no token says so`() throws {
        for route in routes {
            let open = try operation(route).json["security"] == .array([])
            #expect(open == (route.role == nil), "\(route.operation)")
        }
        #expect(document.root["security"]?[0]?["bearer"] == .array([]))
    }

    @Test func `the parameters are the ones that the route takes`() throws {
        for route in routes {
            let operation = try operation(route)
            #expect(operation.names(in: "path") == Set(BoundRoute(route).captureNames), "\(route.operation)")
            #expect(operation.parameters(in: "path").allSatisfy { $0["required"] == .bool(true) }, "\(route.operation)")
            switch route.query {
            case .only(let names): #expect(operation.names(in: "query") == Set(names), "\(route.operation)")
            case .anything: #expect(operation.names(in: "query") == [], "\(route.operation)")
            }
            let headers = operation.names(in: "header")
            #expect(headers.contains("If-Match") == route.isConditional, "\(route.operation)")
            let isRepeatable = route.method == .post && route.role != nil
            #expect(headers.contains("Idempotency-Key") == isRepeatable, "\(route.operation)")
        }
    }

    @Test func `the fields that a list can be asked for are those of its items`() throws {
        // What stands in answers about one thing and not in lists.
        let alone = ["listIncidents": ["still_firing"], "listMaintenance": ["occurrences"]]
        for route in routes where !route.fields.isEmpty {
            let operation = try operation(route)
            let parameter = operation.parameters(in: "query").first { $0["name"] == "fields" }
            let told = parameter?["schema"]?["items"]?["enum"]?.array?.compactMap(\.string)
            #expect(told == route.fields, "\(route.operation)")
            let content = document.resolve(operation.json["responses"]?["200"] ?? .null)["content"]?["application/json"]
            let page = document.resolve(content?["schema"] ?? .null)
            let either = page["properties"]?["items"]?["items"]?["anyOf"]
            let item = document.resolve(either?[0] ?? .null)
            let described = Set(item["properties"]?.object?.members.map(\.name) ?? [])
            #expect(described.subtracting(alone[route.operation] ?? []) == Set(route.fields), "\(route.operation)")
            let whole = item["required"]?.array?.count ?? 0
            #expect(either?[1]?["maxProperties"] == .integer(whole - 1), "\(route.operation): fewer than a whole item")
        }
    }

    @Test func `what answers with an incident takes a preference`() {
        let answers = ["OpenedIncident", "PostedUpdate", "ChangedIncident", "ChangedRestoration"].map {
            "#/components/responses/\($0)"
        }
        for operation in document.operations {
            let used = (operation.json["responses"]?.object?.members ?? []).compactMap { $0.value["$ref"]?.string }
            let takes = operation.names(in: "header").contains("Prefer")
            #expect(takes == used.contains(where: answers.contains), "\(operation.id)")
        }
    }

    @Test func `a body is described where one is read`() throws {
        for route in routes {
            let body = try operation(route).json["requestBody"]
            switch route.body {
            case .none: #expect(body == nil, "\(route.operation)")
            case .json, .jsonOrYAML, .foreign, .file, .form:
                #expect(body?["required"] == .bool(true), "\(route.operation)")
            case .optionalJSON, .optionalForeign: #expect(body != nil && body?["required"] == nil, "\(route.operation)")
            }
            let types = body?["content"]?.object?.members.map(\.name)
            #expect(types == Self.types(route.body), "\(route.operation)")
        }
    }

    /// The media types that a body can have.
    private static func types(_ body: Route.BodyRule) -> [String]? {
        switch body {
        case .none: nil
        case .json, .optionalJSON, .foreign, .optionalForeign: ["application/json"]
        case .jsonOrYAML: ["application/json", "application/yaml"]
        case .file: AttachmentType.allCases.map(\.rawValue)
        case .form: ["application/x-www-form-urlencoded"]
        }
    }

    @Test func `each answer that the edge can give to a route is described`() throws {
        for route in routes {
            let described = Set(try operation(route).json["responses"]?.object?.members.map(\.name) ?? [])
            let possible = Self.statuses(route)
            #expect(possible.subtracting(described) == [], "\(route.operation) can answer these")
            var own = Set(
                ["200", "201", "202", "204", "304", "404", "409", "415", "429"]
                    + (Self.ownStatuses[route.operation] ?? []))
            // The doors of other vendors answer as these do.
            if route.role == nil { own.formUnion(["202", "400", "401", "413", "422", "429"]) }
            #expect(described.subtracting(possible).subtracting(own) == [], "\(route.operation) never answers these")
        }
    }

    /// What routes answer by themselves that take other credentials than a token, or need a program that may not be there.
    private static let ownStatuses = Dictionary(
        uniqueKeysWithValues: [
            "pingHeartbeat", "pingHeartbeatByGet", "pingOpsgenieHeartbeat", "pingOpsgenieHeartbeatByPost",
            "pingOpsgenieHeartbeatByPut",
        ].map { ($0, ["401", "403"]) } + [("getReviewPDF", ["501"])]
            + ["getSignInPage", "getBoardPage", "getRoomPage", "getReviewPage", "getRoomPicture"].map { ($0, ["303"]) }
            + ["signIn", "signOut", "callFromPage", "getListPage", "getItemPage"].map { ($0, ["303", "403"]) }
            + [("callOnIncident", ["303", "403", "412"])])

    /// What the dispatcher answers before or instead of the handler.
    private static func statuses(_ route: Route) -> Set<String> {
        var statuses: Set<String> = ["500", "503"]
        if let role = route.role {
            statuses.formUnion(["400", "401", "422"])
            if role > .viewer { statuses.insert("403") }
            if route.method == .post { statuses.insert("409") }
        }
        switch route.body {
        case .none: break
        case .foreign, .optionalForeign, .file: statuses.formUnion(["400", "413"])
        case .form: statuses.formUnion(["400", "413", "415"])
        case .json, .optionalJSON, .jsonOrYAML: statuses.formUnion(["400", "413", "415", "422"])
        }
        if route.isConditional { statuses.formUnion(["412", "428"]) }
        return statuses
    }

    @Test func `each problem stands under its own status, and no other problem is described`() throws {
        var described: [String: Set<Int>] = [:]
        for response in document.root["components"]?["responses"]?.object?.members ?? [] {
            guard let schema = response.value["content"]?["application/problem+json"]?["schema"] else { continue }
            let status = try #require(schema["properties"]?["status"]?["const"]?.integer, "\(response.name)")
            let type = schema["properties"]?["type"]
            for name in type?["enum"]?.array ?? [type?["const"] ?? .null] {
                described[name.string ?? "", default: []].insert(status)
            }
        }
        let ours = Dictionary(
            uniqueKeysWithValues: ProblemKind.allCases.map { ("/problems/\($0.rawValue)", Set([$0.status.code])) })
        #expect(described == ours)
    }

    @Test(arguments: [
        ("Phase", Phase.allCases.map(\.rawValue)), ("Severity", Severity.allCases.map(\.rawValue)),
        ("CauseCategory", CauseCategory.allCases.map(\.rawValue)),
        ("CauseSubcategory", CauseSubcategory.allCases.map(\.rawValue)),
        ("CauseConfidence", CauseConfidence.allCases.map(\.rawValue)),
        ("CauseRole", CauseRole.allCases.map(\.rawValue)), ("FactKind", FactKind.allCases.map(\.rawValue)),
        ("Detection", Detection.allCases.map(\.rawValue)), ("TimePrecision", TimePrecision.allCases.map(\.rawValue)),
        ("ActionPriority", ActionPriority.allCases.map(\.rawValue)),
        ("IncidentRole", IncidentRole.allCases.map(\.rawValue)), ("ImpactLevel", ImpactLevel.allCases.map(\.rawValue)),
        ("Audience", Audience.allCases.map(\.rawValue)), ("MitigationState", MitigationState.allCases.map(\.rawValue)),
        ("ActionKind", ActionKind.allCases.map(\.rawValue)), ("ActionState", ActionState.allCases.map(\.rawValue)),
        ("ReviewStatus", ReviewStatus.allCases.map(\.rawValue)),
        ("StepState", RestorationStatus.allCases.map(\.rawValue)),
        ("DependencyKind", DependencyKind.allCases.map(\.rawValue)),
        ("ComponentField", ComponentField.allCases.map(\.rawValue)),
        ("ComponentAction", ComponentAction.allCases.map(\.rawValue)),
        ("AlertStatus", AlertStatus.allCases.map(\.rawValue)),
        ("ToolKind", SourceKind.allCases.filter { $0 != .internal }.map(\.rawValue)),
        ("SourceKind", SourceKind.allCases.map(\.rawValue)),
        ("HeartbeatStatus", Heartbeat.Status.allCases.map(\.rawValue)),
        ("ProbeStatus", ProbeStatus.allCases.map(\.rawValue)),
        ("ProbeKind", ProbeTarget.Kind.allCases.map(\.rawValue)),
        ("ProbeMethod", HTTPTarget.Method.allCases.map(\.rawValue)), ("Role", Role.allCases.map(\.rawValue)),
        ("Requirement", Requirement.allCases.map(\.rawValue)), ("ProblemName", ProblemKind.allCases.map(\.rawValue)),
    ])
    func `the words of a list are the same in both`(schema: String, words: [String]) {
        #expect(document.words(schema) == words)
    }

    @Test func `what is served is the file`() throws {
        let file = try String(contentsOfFile: DescribedServer.root + "/docs/openapi.yaml", encoding: .utf8)
        #expect(String(decoding: OpenAPIRoutes.document, as: UTF8.self) == file)
        #expect(document.root["info"]?["version"]?.string == MusterVersion.current)
    }

    @Test func `every example fits its schema`() throws {
        var examples = 0
        for (place, holder) in Self.holders(of: "schema", in: document.root, at: "") {
            let named = holder["examples"]?.object?.members.compactMap { $0.value["value"] } ?? []
            let schema = try #require(holder["schema"])
            for example in named + (holder["example"].map { [$0] } ?? []) {
                examples += 1
                #expect(SchemaCheck.complaints(example, schema, in: document) == [], "\(place)")
            }
        }
        #expect(examples > 20)
    }

    @Test func `every schema is made of keywords that the checks know`() {
        for (place, holder) in Self.holders(of: "schema", in: document.root, at: "") {
            #expect(SchemaCheck.unknownKeywords(in: holder["schema"] ?? .null, at: place) == [])
        }
        for schema in document.root["components"]?["schemas"]?.object?.members ?? [] {
            #expect(SchemaCheck.unknownKeywords(in: schema.value, at: schema.name) == [])
        }
    }

    /// Everything in the document that has a member of that name.
    private static func holders(of name: String, in value: JSONValue, at place: String) -> [(String, JSONValue)] {
        let members = value.object?.members.map { ($0.name, $0.value) } ?? []
        let elements = value.array?.enumerated().map { ("\($0.offset)", $0.element) } ?? []
        let own = value[name].map { _ in [(place, value)] } ?? []
        return own + (members + elements).flatMap { holders(of: name, in: $0.1, at: "\(place)/\($0.0)") }
    }
}
