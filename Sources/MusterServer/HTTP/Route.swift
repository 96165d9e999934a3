import HTTPTypes
import IncidentDomain
import NIOCore

/// One operation of the API: what it is called, who may do it, what it takes, and the function that does it.
///
/// The route table is data, so that the dispatcher, the metrics and the test that compares it with `docs/openapi.yaml`
/// all read the same rows.
struct Route: Sendable {
    typealias Handler = @Sendable (RequestContext) async throws -> Answer

    /// What the query may hold.
    enum QueryRule: Hashable, Sendable {
        /// These names and no others; others get 422, because a filter that is not understood must not be ignored.
        case only([String])
        /// Whatever a foreign client sends.
        case anything
    }

    /// What the body may be.
    enum BodyRule: Hashable, Sendable {
        /// None is read.
        case none
        /// One JSON document.
        case json
        /// One JSON document, or nothing, which reads as `{}`.
        case optionalJSON
        /// One document of JSON or YAML.
        case jsonOrYAML
        /// Bytes of any media type, for foreign formats.
        case foreign
        /// The same, or nothing.
        case optionalForeign
    }

    /// What a door of other tools says of a request before its body is read.
    struct Door: Sendable {
        /// Whether the key that the head names is that of a source. Where it is not, no more of the body is read, and the
        /// handler refuses the request in the words of its clients.
        let knowsSender: @Sendable (RequestContext) async throws -> Bool
        /// Told of a message of a known sender that is refused before the handler is asked: it is too large, or has a coding
        /// that nobody can read. What it returns goes into the refusal.
        let refuse: @Sendable (RequestContext, Refused) async throws -> JSONObject
    }

    /// A message that is refused before a handler is asked. The request's body is what came of it.
    struct Refused: Sendable {
        let problem: Problem
        /// The beginning of the body without its coding, where that could be taken off.
        var inflated: ContentCoding.Beginning? = nil
    }

    /// How a refusal is written.
    enum RefusalForm: Hashable, Sendable {
        /// `application/problem+json`, as everywhere in our own API.
        case problem
        /// A text in JSON, for clients of others that can read nothing else.
        case jsonText
    }

    let method: HTTPRequest.Method
    /// As OpenAPI writes it: `/v1/incidents/{id}`.
    let path: String
    /// The least role; nil for what needs no token.
    let role: Role?
    /// OpenAPI's `operationId`, also the name in metrics and logs.
    let operation: String
    let query: QueryRule
    let body: BodyRule
    /// Whether the write is of something with an `ETag`, and so falls under `http.require_if_match`.
    let isConditional: Bool
    /// Whether it may compute for more than a few milliseconds, as what lists, draws or reads much does.
    let isLong: Bool
    let handler: Handler
    var refusals: RefusalForm = .problem
    /// Writes a refusal in the words of the route's clients, also where the edge refuses before the handler is asked; nil of
    /// a problem that has no words of theirs.
    var refusalAnswer: (@Sendable (Problem) -> Answer?)?
    /// Whether a body may come that nobody looks at: it is thrown away as it comes, and costs its sender nothing.
    var ignoresBody = false
    /// Whether a GET changes something, for clients that can do nothing else. Then there is no HEAD, which never may.
    var getWrites = false
    /// What a body may have, where neither `http.request_body_max_bytes` nor `ingress.body_max_bytes` says it.
    var bodyBytesMax: Int?
    /// Whether its body is a message as a door of other tools takes it, and may be as large.
    var takesMessages = false
    /// How a door of other tools knows its senders by their keys; nil of every other route.
    var door: Door?
    /// Whether it is answered also when every other request is told to come again: the routes by which operators see why.
    var isReserved = false

    init(
        _ method: HTTPRequest.Method, _ path: String, role: Role?, _ operation: String, query: QueryRule = .only([]),
        body: BodyRule = .none, isConditional: Bool = false, isLong: Bool = false, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.role = role
        self.operation = operation
        self.query = query
        self.body = body
        self.isConditional = isConditional
        self.isLong = isLong
        self.handler = handler
    }

    /// A body of so many bytes, some hundred alerts, is read in one or two milliseconds.
    static let shortBodyMax = 32 << 10

    /// Carries a request out: beside the event loops where that may take long.
    func carryOut(_ request: RequestContext) async throws -> Answer {
        guard isLong || request.body.readableBytes > Self.shortBodyMax else { return try await handler(request) }
        guard body == .jsonOrYAML, RequestDocument.isYAML(request.head) else {
            return try await WorkerPool.carryOut { try await handler(request) }
        }
        return try await RequestDocument.turns.take {
            try await WorkerPool.carryOut { try await handler(request) }
        }
    }
}

extension Route {
    /// The same route for bodies as large as the messages of other tools.
    var takingMessages: Route {
        var route = self
        route.takesMessages = true
        return route
    }

    /// The same route, answered also when every other request is told to come again.
    var reserved: Route {
        var route = self
        route.isReserved = true
        return route
    }
}

extension Route.QueryRule: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: String...) {
        self = .only(elements)
    }
}
