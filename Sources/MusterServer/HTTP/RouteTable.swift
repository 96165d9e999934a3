import HTTPTypes
import IncidentDomain
import Logging
import Metrics
import NIOCore
import NIOPosix
import Synchronization

/// One operation of the API: what it is called, who may do it, what it takes, and the function that does it.
///
/// The route table is data, so that the dispatcher, the metrics and the test that compares it with `docs/openapi.yaml`
/// all read the same rows.
struct Route: Sendable {
    typealias Handler = @Sendable (RequestContext) async throws -> Answer
    typealias ImmediateHandler = @Sendable (RequestContext) throws -> Answer

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
        /// A file of an incident: an image or a text.
        case file
        /// What a browser sends of a form that was filled in.
        case form
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
    /// The members of the items of the list that it answers, of which `fields` chooses some; empty where it answers no list.
    let fields: [String]
    let handler: Handler
    /// The same as the handler, where that waits for nothing and answers from memory in microseconds; nil of every other route.
    private(set) var immediate: ImmediateHandler?
    var refusals: RefusalForm = .problem
    /// Writes a refusal in the words of the route's clients, also where the edge refuses before the handler is asked; nil of
    /// a problem that has no words of theirs.
    var refusalAnswer: (@Sendable (Problem) -> Answer?)?
    /// Writes a refusal for a browser that asked for a page, also where the edge refuses; nil for whoever takes no page.
    var refusalPage: (@Sendable (Problem, Arrival) -> Answer?)?
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
        body: BodyRule = .none, isConditional: Bool = false, isLong: Bool = false, fields: [String] = [],
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.role = role
        self.operation = operation
        self.query = fields.isEmpty ? query : query.adding(QueryReader.fieldsParameter)
        self.fields = fields
        self.body = body
        self.isConditional = isConditional
        self.isLong = isLong
        self.handler = handler
    }

    /// What everybody may read, and is answered from memory, also when every other request is told to come again.
    init(
        fromMemory path: String, _ operation: String, query: QueryRule, immediate: @escaping ImmediateHandler
    ) {
        self.init(.get, path, role: nil, operation, query: query) { request in try immediate(request) }
        self.immediate = immediate
        isReserved = true
    }

    /// Whether a request may change something.
    var isWriting: Bool { getWrites || method != .get && method != .options }

    /// A body of so many bytes, some hundred alerts, is read in one or two milliseconds.
    static let shortBodyMax = 32 << 10

    /// Plans, pictures and documents that are read leave a thread to those who change something. Who waits too long is asked to
    /// come again, and what nobody waits for any more is not begun.
    private static let longReads = Turns(max: WorkerPool.threads - 1, waitingMax: 128, patience: .seconds(15))

    private static var nobodyWaits: Problem {
        .later(.overloaded, "The client closed its connection before the work began.", seconds: 1)
    }

    /// Carries a request out: beside the event loops where that may take long.
    func carryOut(_ request: RequestContext) async throws -> Answer {
        guard isLong || request.body.readableBytes > Self.shortBodyMax else { return try await handler(request) }
        guard isWriting else {
            return try await Self.longReads.take {
                guard !(request.departure?.hasLeft ?? false) else { throw Self.nobodyWaits }
                return try await WorkerPool.carryOut { try await handler(request) }
            }
        }
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

extension Route.QueryRule {
    fileprivate func adding(_ name: String) -> Self {
        switch self {
        case .only(let names): .only(names + [name])
        case .anything: .anything
        }
    }
}

extension Route.QueryRule: ExpressibleByArrayLiteral {
    init(arrayLiteral elements: String...) {
        self = .only(elements)
    }
}

/// Finds the route of a request: a tree of path segments.
///
/// Ours instead of Hummingbird's router because a path that exists under another method has to answer 405 with
/// `Allow`, and because the table has to be readable as data.
struct RouteTable: Sendable {
    /// What a lookup found.
    enum Match: Sendable {
        /// `captured` holds the values of the path's `{names}`, in order.
        case found(BoundRoute, captured: [String])
        /// The path exists, under these methods.
        case otherMethods([HTTPRequest.Method])
        case nothing
    }

    /// All routes, in the order in which they were given.
    let routes: [BoundRoute]
    private var nodes = [Node()]
    /// By the first two segments of their paths, routes whose clients read only their own forms of a no.
    private var doors: [String: Route] = [:]

    private struct Node: Sendable {
        var children: [String: Int] = [:]
        var capture: Int?
        var routes: [(method: HTTPRequest.Method, index: Int)] = []
        /// Whether the GET, if there is one, is to be answered under HEAD as well.
        var hasHead = true
    }

    init(_ routes: [Route]) {
        self.routes = routes.map(BoundRoute.init)
        for (index, bound) in self.routes.enumerated() {
            var node = 0
            for segment in bound.segments {
                node = child(of: node, for: segment)
            }
            precondition(
                !nodes[node].routes.contains { $0.method == bound.route.method },
                "\(bound.route.method) \(bound.route.path) stands twice in the route table")
            nodes[node].routes.append((bound.route.method, index))
            if bound.route.refusals != .problem || bound.route.refusalAnswer != nil,
                let door = Self.door(bound.route.path)
            {
                doors[door] = doors[door] ?? bound.route
            }
            if bound.route.getWrites { nodes[node].hasHead = false }
        }
    }

    private static func door(_ path: String) -> String? {
        let segments = path.split(separator: "/").prefix(2)
        return segments.count == 2 ? segments.joined(separator: "/") : nil
    }

    /// A route whose clients ask for a path that does not exist beside it, or by a method that it has not; nil of paths that
    /// are beside no door of other tools.
    func door(of segments: [String]) -> Route? {
        segments.count < 2 ? nil : doors["\(segments[0])/\(segments[1])"]
    }

    private mutating func child(of node: Int, for segment: BoundRoute.Segment) -> Int {
        switch segment {
        case .fixed(let text):
            if let child = nodes[node].children[text] { return child }
            nodes[node].children[text] = nodes.count
        case .capture:
            if let child = nodes[node].capture { return child }
            nodes[node].capture = nodes.count
        }
        nodes.append(Node())
        return nodes.count - 1
    }

    /// The route for a method and the segments of a path. HEAD is answered by the route for GET, unless that one writes.
    func match(_ method: HTTPRequest.Method, _ segments: [String]) -> Match {
        var captured: [String] = []
        guard let node = find(segments[...], from: 0, &captured) else { return .nothing }
        let wanted = method == .head && nodes[node].hasHead ? .get : method
        if let entry = nodes[node].routes.first(where: { $0.method == wanted }) {
            return .found(routes[entry.index], captured: captured)
        }
        return .otherMethods(allowed(at: node))
    }

    private func allowed(at node: Int) -> [HTTPRequest.Method] {
        let methods = nodes[node].routes.map(\.method)
        return methods.contains(.get) && nodes[node].hasHead ? methods + [.head] : methods
    }

    /// Fixed segments go before captures: `/v1/incidents/statistics` is not an incident.
    private func find(_ segments: ArraySlice<String>, from node: Int, _ captured: inout [String]) -> Int? {
        guard let segment = segments.first else { return nodes[node].routes.isEmpty ? nil : node }
        if let child = nodes[node].children[segment], let found = find(segments.dropFirst(), from: child, &captured) {
            return found
        }
        guard let child = nodes[node].capture, !segment.isEmpty else { return nil }
        captured.append(segment)
        if let found = find(segments.dropFirst(), from: child, &captured) { return found }
        captured.removeLast()
        return nil
    }
}

/// A route with what is worked out once: its segments, the names it captures and its metrics.
struct BoundRoute: Sendable {
    enum Segment: Hashable, Sendable {
        case fixed(String)
        case capture(String)
    }

    let route: Route
    let segments: [Segment]
    let captureNames: [String]
    let metrics: RouteMetrics

    init(_ route: Route) {
        self.route = route
        segments = route.path.split(separator: "/").map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .capture(String(part.dropFirst().dropLast())) : .fixed(String(part))
        }
        captureNames = segments.compactMap { segment in
            if case .capture(let name) = segment { name } else { nil }
        }
        metrics = RouteMetrics(method: route.method.rawValue, route: route.path)
    }
}

/// The golden signals of one route, resolved once so that a request only adds to them. Its series are shown once it was
/// called.
struct RouteMetrics: Sendable {
    static let requestsLabel = "muster_http_requests"
    static let durationLabel = "muster_http_request_duration_seconds"

    private let requests: [Counter]
    private let duration: Metrics.Timer
    private let operation: LoopOperation

    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - route: The path as the route table has it; never the path of a request, which would make endless series.
    init(method: String, route: String) {
        requests = (2...5).map { statusClass in
            Counter(
                label: Self.requestsLabel,
                dimensions: [("method", method), ("route", route), ("status", "\(statusClass)xx")])
        }
        duration = Metrics.Timer(label: Self.durationLabel, dimensions: [("method", method), ("route", route)])
        operation = LoopOperation(method.isEmpty ? route : "\(method) \(route)")
    }

    /// A request for the route has come; `count` has to follow, on the same event loop.
    func begin() {
        LoopWork.current.currentValue?.began(operation)
    }

    /// Counts one answered request.
    func count(_ status: HTTPResponse.Status, took nanoseconds: Int64) {
        let statusClass = min(max(status.code / 100, 2), 5)
        requests[statusClass - 2].increment()
        duration.recordNanoseconds(nanoseconds)
        LoopWork.current.currentValue?.ended(operation)
    }
}

/// Counts and logs requests for paths that do not exist beside the doors of other tools: a tool that was given a wrong
/// address is heard of here and nowhere else.
final class UnknownPaths: Sendable {
    /// The first segments of the doors' paths.
    private static let doors: Set<String> = ["hooks", "api", "v2", "-"]
    private static let quiet: Duration = .seconds(60)

    private let logger: Logger
    /// What stands in the paths of routes; anything else may be a key.
    private let known: Set<String>
    private let counter = Counter(label: "muster_ingress_unknown_paths")
    private let quietUntil = Mutex<ContinuousClock.Instant>(.now)

    init(_ table: RouteTable, logger: Logger) {
        self.logger = logger
        known = Self.doors.union(table.routes.flatMap { $0.route.path.split(separator: "/").map(String.init) })
    }

    func count(_ target: RequestTarget) {
        guard let first = target.segments.first, Self.doors.contains(first) else { return }
        counter.increment()
        let isDue = quietUntil.withLock { until in
            guard until <= .now else { return false }
            until = .now + Self.quiet
            return true
        }
        guard isDue else { return }
        let shown = target.segments.prefix(5).map { "/" + (known.contains($0) ? $0 : "...") }.joined()
        logger.warning(
            "a tool asks for a path that does not exist; compare its address with docs/ingress.md",
            metadata: ["path": .string(shown)])
    }
}
