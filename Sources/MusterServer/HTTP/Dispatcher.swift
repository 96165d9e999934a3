import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import IncidentDomain
import Logging
import NIOCore

/// Takes a request to its route and back: the one place where limits, authentication, idempotency, problems, headers,
/// metrics and the request log come together, in this order.
struct Dispatcher: Sendable {
    let table: RouteTable
    let authenticator: Authenticator
    let idempotency: IdempotencyDesk?
    let limits: RequestLimits
    let inFlight: InFlightGate
    let clock: DatabaseClock
    let logger: Logger
    private let faults: FaultLog
    private let unmatched = RouteMetrics(method: "", route: "unmatched")

    init(
        table: RouteTable, authenticator: Authenticator, idempotency: IdempotencyDesk?, limits: RequestLimits,
        inFlight: InFlightGate, clock: DatabaseClock = DatabaseClock(), logger: Logger
    ) {
        self.table = table
        self.authenticator = authenticator
        self.idempotency = idempotency
        self.limits = limits
        self.inFlight = inFlight
        self.clock = clock
        self.logger = logger
        faults = FaultLog(logger: logger)
    }

    /// What was learnt of a request before its route runs; the log and the answer need it however it ends.
    private struct Arrival {
        let requestID: String
        let trace: Traceparent?
        let start = ContinuousClock.now
        var bound: BoundRoute?
    }

    /// Answers one request. Never throws: whatever goes wrong becomes a problem.
    func respond(
        to request: Request, from peer: SocketAddress? = nil, sendContinue: () async throws -> Void = {}
    ) async -> Answer {
        let headers = request.head.headerFields
        var arrival = Arrival(requestID: requestID(in: headers), trace: headers[.traceparent].flatMap(Traceparent.init))
        var answer: Answer
        do {
            let names = RequestNames(requestID: arrival.requestID, trace: arrival.trace)
            answer = try await RequestNames.$current.withValue(names) {
                try await handle(request, from: peer, &arrival, sendContinue)
            }
        } catch {
            answer = problemAnswer(error, arrival)
        }
        if request.method == .head { strip(&answer) }
        finish(&answer, arrival, request.method)
        return answer
    }

    private func handle(
        _ request: Request, from peer: SocketAddress?, _ arrival: inout Arrival, _ sendContinue: () async throws -> Void
    ) async throws -> Answer {
        guard inFlight.enter() else {
            throw Problem.later(.overloaded, "Too many requests are being served.", seconds: 1)
        }
        defer { inFlight.leave() }
        let head = request.head
        let target = try RequestTarget(head.path ?? "/")
        let (bound, captured) = try match(head.method, target)
        arrival.bound = bound
        bound.metrics.begin()
        let route = bound.route

        let (principal, token) = try await authenticate(route, head.headerFields)
        try checkQuery(route, target)
        if route.isConditional, limits.requiresIfMatch, head.headerFields[.ifMatch] == nil {
            throw Problem(.versionRequired, "Send If-Match with the version that you have seen.")
        }
        let body = try await body(of: request, for: route, sendContinue)
        func context(_ commandID: UUID) -> RequestContext {
            RequestContext(
                head: head, target: target, bound: bound, principal: principal, requestID: arrival.requestID,
                trace: arrival.trace, commandID: commandID, body: body, captured: captured, baseLogger: logger,
                // Only what counts people needs it, and that asks for no token.
                peer: route.role == nil ? peer?.ipAddress : nil, clock: clock)
        }
        var answer: Answer
        if let idempotency, head.method == .post, let token, let key = head.headerFields[.idempotencyKey] {
            let attempt = IdempotentRequest(
                principal: principal, token: token, method: head.method, path: head.path ?? "/",
                key: try IdempotentRequest.key(key), body: body)
            answer = try await idempotency.carryOut(attempt) { commandID in
                try await self.outcome(route, context(commandID), arrival)
            }
        } else {
            answer = try await route.carryOut(context(Self.isSafe(head.method) ? Self.noCommand : .random()))
        }
        notModified(&answer, head)
        return answer
    }

    /// The answer of a route, a refusal included: what a repetition under the same key gets again.
    private func outcome(_ route: Route, _ context: RequestContext, _ arrival: Arrival) async throws -> Answer {
        do {
            return try await route.carryOut(context)
        } catch {
            return problemAnswer(error, arrival)
        }
    }

    private func match(
        _ method: HTTPRequest.Method, _ target: RequestTarget
    ) throws(Problem) -> (BoundRoute, captured: [String]) {
        switch table.match(method, target.segments) {
        case .found(let bound, let captured): return (bound, captured)
        case .otherMethods(let methods):
            let allowed = methods.map(\.rawValue).joined(separator: ", ")
            throw Problem(.methodNotAllowed, "Allowed here: \(allowed).", headers: [.allow: allowed])
        case .nothing: throw Problem(.notFound, "There is no such path.")
        }
    }

    private func authenticate(
        _ route: Route, _ headers: HTTPFields
    ) async throws -> (principal: Principal, token: Substring?) {
        guard let role = route.role else { return (.nobody, nil) }
        let token = try Authenticator.token(in: headers)
        let principal = try await authenticator.principal(token: token)
        guard principal.role >= role else {
            throw Problem(
                .roleRequired, "This needs the role \(role.rawValue); the token has \(principal.role.rawValue).",
                members: ["role": .string(role.rawValue)])
        }
        return (principal, token)
    }

    private func checkQuery(_ route: Route, _ target: RequestTarget) throws(Problem) {
        guard !target.rawQuery.isEmpty, case .only(let names) = route.query else { return }
        let unknown = try target.parameters().filter { !names.contains($0.name) }
        guard unknown.isEmpty else {
            throw .invalid(
                unknown.map { FieldError(pointer: "/\($0.name)", detail: "is not a query parameter of this path") })
        }
    }

    private static let noCommand = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    private static func isSafe(_ method: HTTPRequest.Method) -> Bool {
        method == .get || method == .head
    }
}

// MARK: - Bodies

extension Dispatcher {
    private func body(
        of request: Request, for route: Route, _ sendContinue: () async throws -> Void
    ) async throws -> ByteBuffer {
        let headers = request.head.headerFields
        switch route.body {
        case .none: return ByteBuffer()
        case .json, .optionalJSON: _ = try MediaType(headers[.contentType], taken: [.json])
        case .jsonOrYAML: _ = try MediaType(headers[.contentType], taken: [.json, .yaml])
        case .foreign, .optionalForeign: break
        }
        let announced = headers[.contentLength].flatMap { Int($0) }
        if announced == 0 { return ByteBuffer() }
        if let announced, announced > limits.bodyBytesMax { throw tooLarge }
        // A client that asks first, as curl does with large bodies, waits a second if nobody answers.
        if headers[.expect]?.lowercased() == "100-continue" { try await sendContinue() }
        var body = ByteBuffer()
        for try await var part in request.body {
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
            guard body.readableBytes <= limits.bodyBytesMax else { throw tooLarge }
        }
        return body
    }

    private var tooLarge: Problem {
        Problem(.bodyTooLarge, "The body may have at most \(limits.bodyBytesMax) bytes.")
    }
}

// MARK: - Answers

extension Dispatcher {
    private func requestID(in headers: HTTPFields) -> String {
        if let own = headers[.xRequestID], RequestID.isSane(own) { return own }
        return RequestID.make()
    }

    /// A problem as it is, a fault as a problem that tells nothing of it; faults are logged here and nowhere else.
    private func problemAnswer(_ error: any Error, _ arrival: Arrival) -> Answer {
        let mapped = ProblemMapping.problem(of: error)
        if let level = mapped.logLevel {
            faults.log(
                level,
                [
                    "request_id": .string(arrival.requestID),
                    "trace_id": .string(arrival.trace?.traceID ?? ""),
                    "span_id": .string(arrival.trace?.parentID ?? ""),
                    "operation": .string(arrival.bound?.route.operation ?? ""),
                    "problem": .string(mapped.problem.kind.rawValue),
                    "error": .string(String(reflecting: error)),
                ])
        }
        switch arrival.bound?.route.refusals ?? .problem {
        case .problem: return mapped.problem.answer
        case .jsonText: return mapped.problem.textAnswer
        }
    }

    /// 304 when the caller has this version already.
    private func notModified(_ answer: inout Answer, _ head: HTTPRequest) {
        guard Self.isSafe(head.method), answer.status == .ok, !answer.isOfTheMoment,
            let header = head.headerFields[.ifNoneMatch],
            let tag = answer.headers[.eTag]
        else { return }
        let tags = header == "*" ? [] : EntityTag.list(header) ?? []
        guard header == "*" || tags.contains(where: { "\"\($0)\"" == tag }) else { return }
        answer = Answer(.notModified, headers: [.eTag: tag])
    }

    /// A HEAD has the header fields of the GET, its length included, and no body.
    private func strip(_ answer: inout Answer) {
        if case .bytes(let bytes) = answer.body {
            answer.headers[.contentLength] = String(bytes.readableBytes)
        }
        answer.body = .empty
    }

    private func finish(_ answer: inout Answer, _ arrival: Arrival, _ method: HTTPRequest.Method) {
        answer.headers.append(HTTPField(name: .xRequestID, value: arrival.requestID))
        let took = arrival.start.duration(to: .now)
        let nanoseconds = took.components.seconds * 1_000_000_000 + took.components.attoseconds / 1_000_000_000
        if arrival.bound == nil { unmatched.begin() }
        (arrival.bound?.metrics ?? unmatched).count(answer.status, took: nanoseconds)
        let level: Logger.Level = took > limits.slowRequest ? .notice : .debug
        guard logger.logLevel <= level else { return }
        logger.log(
            level: level, "request",
            metadata: [
                "request_id": .string(arrival.requestID),
                "trace_id": .string(arrival.trace?.traceID ?? ""),
                "span_id": .string(arrival.trace?.parentID ?? ""),
                "method": .string(method.rawValue),
                "route": .string(arrival.bound?.route.path ?? ""),
                "status": .stringConvertible(answer.status.code),
                "duration_ms": .stringConvertible(Double(nanoseconds / 1000) / 1000),
            ])
    }
}

extension HTTPField.Name {
    static let xRequestID = HTTPField.Name("X-Request-Id")!
    static let traceparent = HTTPField.Name("traceparent")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let link = HTTPField.Name("Link")!
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
}
