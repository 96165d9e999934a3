import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore
import Postgres

/// Takes a request to its route and back: the one place where limits, authentication, idempotency, problems, headers,
/// metrics and the request log come together, in this order.
struct Dispatcher: Sendable {
    let table: RouteTable
    let authenticator: Authenticator
    let idempotency: IdempotencyDesk?
    /// Refuses what this installation sent itself.
    let installation: Installation?
    let limits: RequestLimits
    /// How many requests may be carried out at the same time.
    let inFlight: Budget
    /// Requests that were handed over and have no answer yet: no limit, but what a reload waits for.
    let begun = Budget(max: .max)
    /// Of the routes by which operators see why nothing else is answered.
    let reserve = Budget(max: 64)
    let clock: DatabaseClock
    let logger: Logger
    /// Whether the daemon has just started and the database was not seen yet. Then only what is in memory is answered, and everybody
    /// else is told to come again: nothing is known of the schema.
    var waitsForDatabase = false
    /// Messages of other tools above this size take turns: each takes many times its size in memory, and together they would
    /// keep every thread of `WorkerPool` from the reads of people. Who waits too long is asked to send it again.
    private static let largeMessageMin = 1 << 20
    /// The same of a message that is inflated first, to up to two hundred times its size.
    private static let codedMessageMin = 32 << 10
    private static let largeMessages = Turns(max: 1, waitingMax: 16, patience: .seconds(5))
    private let faults: FaultLog
    /// Bounds the lines about slow requests.
    private let slowLines: FaultLog
    private let unmatched = RouteMetrics(method: "", route: "unmatched")
    private let unknownPaths: UnknownPaths

    init(
        table: RouteTable, authenticator: Authenticator, idempotency: IdempotencyDesk?,
        installation: Installation? = nil, limits: RequestLimits, inFlight: Budget,
        clock: DatabaseClock = DatabaseClock(), logger: Logger
    ) {
        self.table = table
        self.authenticator = authenticator
        self.idempotency = idempotency
        self.installation = installation
        self.limits = limits
        self.inFlight = inFlight
        self.clock = clock
        self.logger = logger
        faults = FaultLog(logger: logger)
        slowLines = FaultLog(logger: logger)
        unknownPaths = UnknownPaths(table, logger: logger)
    }

    /// Finds the route of a request and says what is to be done with its body. Never throws: what speaks against the request
    /// is kept with it, and answered by `respond`.
    func arrive(_ head: RequestHead, from address: SocketAddress? = nil) -> Arrival {
        var arrival = Arrival(head, from: address)
        do throws(Problem) {
            let target = try RequestTarget(head.path)
            arrival.target = target
            let (bound, captured) = try match(head.method, target)
            arrival.bound = bound
            arrival.captured = captured
            if bound.route.role != nil { arrival.token = try Authenticator.token(in: head.headerFields) }
        } catch {
            arrival.problem = error
            return arrival
        }
        guard let route = arrival.bound?.route else { return arrival }
        do throws(Problem) {
            arrival.body = try bodyPlan(of: head, for: route)
            try checkQuery(route, arrival.target)
            if route.isConditional, limits.requiresIfMatch, head.headerFields[.ifMatch] == nil {
                throw Problem(.versionRequired, "Send If-Match with the version that you read.")
            }
        } catch {
            // Of a message that is too large or cannot be read, its beginning is wanted.
            let isWanted = error.isOfMessage && route.door != nil
            arrival.body = isWanted ? .gathered(bytesMax(of: route)) : .ignored
            arrival.refusal = error
        }
        return arrival
    }

    /// What is known of who sends a request, before its body is here.
    enum Sender: Sendable {
        case known
        /// The door's handler refuses it in the words of its clients.
        case unknown
        /// It may not be sent by this caller, or that could not be found out.
        case refused(Problem)
    }

    /// Whether the sender is known, where the head says who it is. Asked only when a body does not come at once: nobody who
    /// is unknown may have us keep more than its beginning.
    func sender(of arrival: Arrival) async -> Sender {
        guard let bound = arrival.bound else { return .unknown }
        if waitsForDatabase { return .refused(Self.notYet) }
        do {
            if arrival.token != nil {
                _ = try await principal(of: arrival, for: bound.route)
                return .known
            }
            guard let door = bound.route.door else { return .known }
            let context = context(arrival, bound, .nobody, ByteBuffer(), Self.noCommand)
            return try await door.knowsSender(context) ? .known : .unknown
        } catch {
            return .refused(ProblemMapping.problem(of: error).problem)
        }
    }

    /// Answers one request. Never throws: whatever goes wrong becomes a problem.
    ///
    /// - Parameter body: All of it; the beginning of one that is too large; empty where the sender is unknown.
    func respond(to arrival: Arrival, body: ByteBuffer = ByteBuffer()) async -> Answer {
        (arrival.bound?.metrics ?? unmatched).begin()
        var answer: Answer
        do {
            let names = RequestNames(requestID: arrival.requestID, trace: arrival.trace)
            answer = try await RequestNames.$current.withValue(names) { try await handle(arrival, body) }
        } catch {
            answer = problemAnswer(error, arrival)
        }
        if arrival.head.method == .head { strip(&answer) }
        finish(&answer, arrival)
        return answer
    }

    /// Answers one request that is here whole.
    func respond(to head: RequestHead, body: ByteBuffer, from address: SocketAddress? = nil) async -> Answer {
        var arrival = arrive(head, from: address)
        if case .gathered(let max) = arrival.body, body.readableBytes > max { arrival.refusal = tooLarge(max) }
        return await respond(to: arrival, body: body)
    }

    private func handle(_ arrival: Arrival, _ body: ByteBuffer) async throws -> Answer {
        if let problem = arrival.problem { throw waitsForDatabase ? Self.notYet : problem }
        guard let bound = arrival.bound else {
            throw Problem(.notFound, "No such path. /openapi.yaml lists every path.")
        }
        let route = bound.route
        if waitsForDatabase, !route.isReserved { throw Self.notYet }
        if waitsForDatabase, route.operation == "checkReadiness" {
            // The database may be there already, and the schema not yet looked at.
            let reason = "The daemon has started and waits for the database."
            throw Problem(
                .notReady, reason, members: ["reasons": .array([.string(reason)])], headers: [.retryAfter: "1"])
        }
        let gate = route.isReserved ? reserve : inFlight
        guard gate.take(1) else { throw Problem.later(.overloaded, "Too many requests at the same time.", seconds: 1) }
        defer { gate.give(1) }

        if route.isWriting, let installation, let trail = arrival.head.headerFields[.musterVia] {
            try await installation.refuseLoop(trail)
        }
        let principal = try await principal(of: arrival, for: route)
        var body = body
        if let refusal = arrival.refusal {
            guard refusal.isOfMessage, let door = route.door else { throw refusal }
            let context = context(arrival, bound, principal, body, Self.noCommand)
            if try await door.knowsSender(context) {
                throw refusal.adding(try await door.refuse(context, .init(problem: refusal)))
            }
            body = ByteBuffer()  // A stranger's: its handler refuses it in the words of its clients.
        }
        if arrival.isStranger, let door = route.door,
            try await door.knowsSender(context(arrival, bound, principal, body, Self.noCommand))
        {
            throw Problem.later(.unavailable, "The key became known while the message came. Send it again.", seconds: 1)
        }
        guard mayBeLarge(body, of: arrival, for: route) else {
            return try await serve(arrival, bound, principal, body)
        }
        return try await Self.largeMessages.take { try await serve(arrival, bound, principal, body) }
    }

    /// Whether a message of a sender that is known is larger than most, or may be once it is inflated.
    private func mayBeLarge(_ body: ByteBuffer, of arrival: Arrival, for route: Route) -> Bool {
        guard route.door != nil, !arrival.isStranger else { return false }
        let isCoded = arrival.head.headerFields[.contentEncoding] != nil
        return body.readableBytes > (isCoded ? Self.codedMessageMin : Self.largeMessageMin)
    }

    private func serve(
        _ arrival: Arrival, _ bound: BoundRoute, _ principal: Principal, _ body: ByteBuffer
    ) async throws -> Answer {
        let route = bound.route
        var body = body
        let head = arrival.head
        let inflated = try await decoded(body, of: arrival, for: route)
        defer { ContentCoding.budget.give(inflated.charged) }
        body = inflated.body
        var answer: Answer
        if let idempotency, head.method == .post, let token = arrival.token,
            let key = head.headerFields[.idempotencyKey]
        {
            let attempt = IdempotentRequest(
                principal: principal, token: token, method: head.method, path: head.path,
                key: try IdempotentRequest.key(key), body: body)
            answer = try await idempotency.carryOut(attempt) { commandID in
                try await self.outcome(route, context(arrival, bound, principal, body, commandID), arrival)
            }
        } else {
            let commandID = Self.isSafe(head.method) ? Self.noCommand : .random()
            let context = context(arrival, bound, principal, body, commandID)
            answer = try await carryOut(route, context)
        }
        notModified(&answer, head)
        return answer
    }

    private static var notYet: Problem {
        .later(.unavailable, "The daemon has started and waits for the database. Send the request again.", seconds: 2)
    }

    private func context(
        _ arrival: Arrival, _ bound: BoundRoute, _ principal: Principal, _ body: ByteBuffer, _ commandID: UUID
    ) -> RequestContext {
        RequestContext(
            head: arrival.head, target: arrival.target, bound: bound, principal: principal,
            requestID: arrival.requestID, trace: arrival.trace, commandID: commandID, body: body,
            captured: arrival.captured, baseLogger: logger, peer: arrival.peer, clock: clock,
            departure: arrival.departure)
    }

    private func carryOut(_ route: Route, _ context: RequestContext) async throws -> Answer {
        let answer = try await route.carryOut(context)
        guard !answer.minimalMembers.isEmpty,
            let preference = ReturnPreference(header: context.head.headerFields[.prefer])
        else { return answer }
        return preference.applied(to: answer)
    }

    /// The answer of a route, a refusal included: what a repetition under the same key gets again.
    private func outcome(_ route: Route, _ context: RequestContext, _ arrival: Arrival) async throws -> Answer {
        do {
            return try await carryOut(route, context)
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
        case .nothing:
            unknownPaths.count(target)
            throw Problem(.notFound, "No such path. /openapi.yaml lists every path.")
        }
    }

    private func principal(of arrival: Arrival, for route: Route) async throws -> Principal {
        guard let role = route.role, let token = arrival.token else { return .nobody }
        let principal = try await authenticator.principal(token: token)
        guard principal.role >= role else {
            throw Problem(
                .roleRequired, "Requires role \(role.rawValue); this token has \(principal.role.rawValue).",
                members: ["role": .string(role.rawValue)])
        }
        return principal
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
    private func bodyPlan(of head: RequestHead, for route: Route) throws(Problem) -> Arrival.BodyPlan {
        if route.ignoresBody { return .ignored }
        let headers = head.headerFields
        switch route.body {
        case .none: return .ignored
        case .json, .optionalJSON: _ = try MediaType(headers[.contentType], taken: [.json])
        case .jsonOrYAML: _ = try MediaType(headers[.contentType], taken: [.json, .yaml])
        case .form: _ = try MediaType(headers[.contentType], taken: [.form])
        case .foreign, .optionalForeign, .file: break
        }
        try ContentCoding.check(headers[.contentEncoding])
        let announced = headers[.contentLength].flatMap { Int($0) }
        if announced == 0 { return .ignored }
        let max = bytesMax(of: route)
        if let announced, announced > max { throw tooLarge(max) }
        return .gathered(max)
    }

    private func bytesMax(of route: Route) -> Int {
        if let own = route.bodyBytesMax { return own }
        let takesMessages = route.door != nil || route.takesMessages
        return takesMessages ? max(limits.messageBytesMax, limits.bodyBytesMax) : limits.bodyBytesMax
    }

    /// The body without its content coding, and what it holds of `ContentCoding.budget`. Inflating takes its time, and so
    /// happens beside the loops; of strangers nothing is inflated.
    private func decoded(
        _ body: ByteBuffer, of arrival: Arrival, for route: Route
    ) async throws -> (body: ByteBuffer, charged: Int) {
        guard body.readableBytes > 0, route.body != .none, let bound = arrival.bound,
            let coding = try ContentCoding(arrival.head.headerFields[.contentEncoding])
        else { return (body, 0) }
        let request = context(arrival, bound, .nobody, body, Self.noCommand)
        if let door = route.door, try await !door.knowsSender(request) { return (ByteBuffer(), 0) }
        let max = bytesMax(of: route)
        // Those whom nobody knows wait for each other and for nobody else.
        let turns = route.door == nil && arrival.token == nil ? ContentCoding.strangersTurns : ContentCoding.turns
        let decoded = try await turns.take {
            try await WorkerPool.run {
                // It may take two hundred times its size; what others left free is given back first.
                if body.readableBytes > Self.codedMessageMin { MemoryLimits.giveBack() }
                return coding.decode(body, bytesMax: max)
            }
        }
        switch decoded {
        case .inflated(let inflated):
            guard ContentCoding.budget.take(inflated.readableBytes) else {
                throw Problem.later(.overloaded, "Too many request bodies are being decompressed.", seconds: 1)
            }
            return (inflated, inflated.readableBytes)
        case .refused(let problem, let beginning):
            guard let door = route.door else { throw problem }
            throw problem.adding(try await door.refuse(request, .init(problem: problem, inflated: beginning)))
        }
    }

    /// A body of more than so many bytes.
    func tooLarge(_ max: Int) -> Problem {
        Problem(.bodyTooLarge, "The body may have at most \(max) bytes.")
    }
}

extension Problem {
    /// Whether it is about a message that its sender will send no other way: a door keeps what came of it.
    fileprivate var isOfMessage: Bool { kind == .bodyTooLarge || kind == .unsupportedMediaType }
}

// MARK: - Answers

extension Dispatcher {
    /// A problem as it is, a fault as a problem that tells nothing of it; faults are logged here and nowhere else.
    private func problemAnswer(_ thrown: any Error, _ arrival: Arrival) -> Answer {
        let paged = thrown as? PagedRefusal
        let error = paged?.cause ?? thrown
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
        if let paged { return paged.page }
        let route = arrival.bound?.route ?? table.door(of: arrival.target.segments)
        if let page = route?.refusalPage?(mapped.problem, arrival) { return page }
        if let answer = route?.refusalAnswer?(mapped.problem) { return answer }
        switch route?.refusals ?? .problem {
        case .problem: return mapped.problem.answer
        case .jsonText: return mapped.problem.textAnswer
        }
    }

    /// 304 when the caller has this version already.
    private func notModified(_ answer: inout Answer, _ head: RequestHead) {
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

    private func finish(_ answer: inout Answer, _ arrival: Arrival) {
        answer.headers.append(HTTPField(name: .xRequestID, value: arrival.requestID))
        let took = arrival.start.duration(to: .now)
        let nanoseconds = took.components.seconds * 1_000_000_000 + took.components.attoseconds / 1_000_000_000
        (arrival.bound?.metrics ?? unmatched).count(answer.status, took: nanoseconds)
        let isSlow = took > limits.slowRequest
        guard logger.logLevel <= (isSlow ? .notice : .debug) else { return }
        let level: Logger.Level = isSlow && slowLines.isDue() ? .notice : .debug
        logger.log(
            level: level, "request",
            metadata: [
                "request_id": .string(arrival.requestID),
                "trace_id": .string(arrival.trace?.traceID ?? ""),
                "span_id": .string(arrival.trace?.parentID ?? ""),
                "method": .string(arrival.head.method.rawValue),
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
    static let musterVia = HTTPField.Name(MessageTrail.header)!
    static let link = HTTPField.Name("Link")!
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
}
