import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore
import Synchronization

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
    /// Tells whether the client has left; nil where nobody can say.
    var departure: Departure? = nil
}

/// Whether the client of a connection has left: what only answers it need not be begun any more.
final class Departure: Sendable {
    private let isNoted = Atomic<Bool>(false)

    var hasLeft: Bool { isNoted.load(ordering: .relaxed) }

    func note() {
        isNoted.store(true, ordering: .relaxed)
    }
}

extension RequestContext {
    /// The value of a `{name}` in the route's path.
    func parameter(_ name: String) -> String {
        guard let index = bound.captureNames.firstIndex(of: name) else {
            preconditionFailure("the path \(bound.route.path) has no {\(name)}")
        }
        return captured[index]
    }

    /// One of the cases in the path, in upper or lower case. 404 for another text, with the ones that there are.
    func choice<Value: RawRepresentable & CaseIterable>(_ name: String) throws(Problem) -> Value
    where Value.RawValue == String {
        let text = parameter(name)
        switch FieldRules.enumeration(.string(text)) as Result<Value, FieldComplaint> {
        case .success(let value): return value
        case .failure(let complaint): throw .notFound("\(name.capitalized) \(text)", because: complaint.detail)
        }
    }

    /// One of the cases in the path, refused as in a body when it is none: a word that people chose, and no address.
    func word<Value: RawRepresentable & CaseIterable>(_ name: String) throws(Problem) -> Value
    where Value.RawValue == String {
        switch FieldRules.enumeration(.string(parameter(name))) as Result<Value, FieldComplaint> {
        case .success(let value): return value
        case .failure(let complaint): throw .invalid("/\(name)", complaint.detail)
        }
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
        QueryReader(try target.parameters(), fields: bound.route.fields)
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

    /// The body as it came, of a file.
    var bytes: [UInt8] { Array(body.readableBytesView) }

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

/// What one request may ask for.
struct RequestLimits: Sendable {
    /// `http.request_body_max_bytes`.
    let bodyBytesMax: Int
    /// `ingress.body_max_bytes`: of a message of another tool, whose sender is known before its body is read.
    let messageBytesMax: Int
    /// `http.require_if_match`.
    let requiresIfMatch: Bool
    /// A request that takes longer is logged even when requests are not.
    let slowRequest: Duration

    init(
        bodyBytesMax: Int = 1 << 20, messageBytesMax: Int = 1 << 24, requiresIfMatch: Bool = false,
        slowRequest: Duration = .seconds(1)
    ) {
        self.bodyBytesMax = bodyBytesMax
        self.messageBytesMax = messageBytesMax
        self.requiresIfMatch = requiresIfMatch
        self.slowRequest = slowRequest
    }
}

/// Names requests: the caller's own name when it is sane, else one of ours.
enum RequestID {
    /// A random beginning per process and a count, so that a new one costs neither a system call nor a lock.
    private static let process = String(UInt64.random(in: 1 << 63 ... .max), radix: 16)
    private static let count = Atomic<UInt64>(0)

    static func make() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(process)-\(String(number, radix: 16))"
    }

    /// Whether a caller's name may go into our logs and answers: 1 to 128 letters, digits and `-_.:/+=`.
    static func isSane(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...128).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="):
                    true
                default: false
                }
            }
    }
}

/// The caller's place in a distributed trace, by the W3C recommendation 'Trace Context'.
struct Traceparent: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    let traceID: String
    /// The caller's span: 16 lower-case hexadecimal digits.
    let parentID: String
    /// Two hexadecimal digits; bit 0 says that the trace is recorded.
    let flags: String

    /// Reads the header; nil when it is not valid, which means that it is to be ignored.
    init?(header: String) {
        let bytes = Array(header.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        let version = bytes[0..<2]
        let trace = bytes[3..<35]
        let parent = bytes[36..<52]
        let flags = bytes[53..<55]
        guard [version, trace, parent, flags].allSatisfy(Self.isLowerHexadecimal),
            !version.elementsEqual("ff".utf8), trace.contains(where: { $0 != UInt8(ascii: "0") }),
            parent.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        // Version 00 ends here; a later one may go on after another dash.
        guard bytes.count == 55 || (!version.elementsEqual("00".utf8) && bytes[55] == dash) else { return nil }
        traceID = String(decoding: trace, as: UTF8.self)
        parentID = String(decoding: parent, as: UTF8.self)
        self.flags = String(decoding: flags, as: UTF8.self)
    }

    /// The header for a call that we make on behalf of the caller; `spanID` has 16 hexadecimal digits.
    func outgoing(spanID: String) -> String {
        "00-\(traceID)-\(spanID)-\(flags)"
    }

    private static func isLowerHexadecimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) }
    }
}

/// What the head of a request decided, before its body is here.
struct Arrival: Sendable {
    /// What is to be done with the body.
    enum BodyPlan: Hashable, Sendable {
        /// The route reads none, or the head was refused: what comes is thrown away.
        case ignored
        /// Gathered up to so many bytes; beyond, the request is refused.
        case gathered(Int)
    }

    let head: RequestHead
    let requestID: String
    let trace: Traceparent?
    private(set) var start = ContinuousClock.now
    var target = RequestTarget()
    var bound: BoundRoute?
    var captured: [String] = []
    /// The bearer token, on routes that ask for a role.
    var token: Substring?
    var body = BodyPlan.ignored
    /// Why the request is refused, whoever sends it.
    var problem: Problem?
    /// Whether nobody knows its sender, and so nothing of its body was kept.
    var isStranger = false
    /// Why it is refused once it is known who sends it.
    var refusal: Problem?
    private let address: SocketAddress?
    /// Tells whether its client has left; nil where nobody can say.
    private(set) var departure: Departure?

    init(_ head: RequestHead, from address: SocketAddress? = nil) {
        self.head = head
        self.address = address
        trace = head.headerFields[.traceparent].flatMap(Traceparent.init)
        if let own = head.headerFields[.xRequestID], RequestID.isSane(own) {
            requestID = own
        } else {
            requestID = RequestID.make()
        }
    }

    /// The same, here whole: how long its client took to send it is not our time.
    func complete(_ departure: Departure? = nil) -> Arrival {
        var arrival = self
        (arrival.start, arrival.departure) = (.now, departure)
        return arrival
    }

    /// Whether its answer may be large, as lists, pictures and documents are.
    var mayAnswerMuch: Bool {
        guard problem == nil, let route = bound?.route else { return false }
        return route.isLong && route.method == .get
    }

    /// The address at the other end, of routes that ask for no token: only what counts people needs it.
    var peer: String? {
        guard let bound, bound.route.role == nil, bound.route.door == nil else { return nil }
        return address?.ipAddress
    }
}
