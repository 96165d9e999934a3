import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore

/// One request as a route sees it: read, authenticated and within all limits.
struct RequestContext: Sendable {
    /// The request line and header fields.
    let head: RequestHead
    let target: RequestTarget
    let bound: BoundRoute
    /// Who asks; `Principal.nobody` on routes without a role.
    let principal: Principal
    /// In every answer's `X-Request-Id` and in every log line.
    let requestID: String
    /// The caller's trace, if it sent a valid one.
    let trace: Traceparent?
    /// Names this command for ever: the same for every repetition under one `Idempotency-Key`, else random. Stores
    /// recognise by it what is done already.
    let commandID: UUID
    /// The body as it came; empty where there is none.
    let body: ByteBuffer
    let captured: [String]
    let baseLogger: Logger
    /// The address at the other end of the connection, which may be a proxy's; nil of a socket of the file system. It is
    /// nobody's business: neither stored nor logged.
    var peer: String? = nil
    /// Tells the present moment.
    let clock: DatabaseClock
}

extension RequestContext {
    /// The value of a `{name}` in the route's path.
    func parameter(_ name: String) -> String {
        guard let index = bound.captureNames.firstIndex(of: name) else {
            preconditionFailure("the path \(bound.route.path) has no {\(name)}")
        }
        return captured[index]
    }

    /// The incident's number in the path, from `42` or `INC-42`.
    func incidentNumber(_ name: String = "id") throws(Problem) -> Int {
        let text = parameter(name)
        guard let number = Identifiers.incidentNumber(text) else { throw .notFound("Incident \(text)") }
        return number
    }

    /// A whole number in the path, as of a mitigation.
    func number(_ name: String, of thing: String) throws(Problem) -> Int {
        let text = parameter(name)
        guard let number = Int(text), number >= 0 else { throw .notFound("\(thing) \(text)") }
        return number
    }

    /// A UUID in the path.
    func uuid(_ name: String, of thing: String) throws(Problem) -> UUID {
        let text = parameter(name)
        guard let id = UUID(uuidString: text) else { throw .notFound("\(thing) \(text)") }
        return id
    }

    /// The query, for reading parameters from.
    func query() throws(Problem) -> QueryReader {
        QueryReader(try target.parameters())
    }

    /// What `If-Match` asks.
    func ifMatch() throws(Problem) -> IfMatch {
        try IfMatch(header: head.headerFields[.ifMatch])
    }

    /// The body as JSON. 400 when it is none.
    func json(doubledNames: JSONParser.DoubledNames = .refused) throws(Problem) -> JSONValue {
        if body.readableBytes == 0 {
            guard bound.route.body == .optionalJSON else {
                throw Problem(
                    .notJSON,
                    "The body is empty; send the JSON that /openapi.yaml describes for \(bound.route.operation).")
            }
            return .object(JSONObject())
        }
        do {
            return try JSONParser.parse(ForeignBytes.unmarked(body.readableBytesView), doubledNames: doubledNames)
        } catch {
            throw Problem(
                .notJSON, ForeignBytes.reason(body.readableBytesView) ?? "At byte \(error.offset): \(error.reason).")
        }
    }

    /// The body as an object of our own API, for reading fields from.
    func fields() throws(Problem) -> BodyReader {
        try BodyReader(try json())
    }

    /// The request as a format of another vendor reads it.
    func foreign() -> ForeignRequest {
        var foreign = ForeignRequest(body: body, headers: head.headerFields.all, receivedAt: clock.now)
        do {
            foreign.query = try target.parameters().map { ($0.name, $0.value) }
        } catch {
            foreign.queryProblem = error
        }
        return foreign
    }

    /// A logger whose lines carry the request and the trace. Made on demand, since most requests log nothing.
    var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request_id"] = .string(requestID)
        if let trace {
            logger[metadataKey: "trace_id"] = .string(trace.traceID)
            // The caller's: that is where in its trace this request belongs.
            logger[metadataKey: "span_id"] = .string(trace.parentID)
        }
        return logger
    }
}

extension Principal {
    /// Whoever calls a route that needs no token.
    static let nobody = Principal(id: "", name: "", role: .viewer)
}
