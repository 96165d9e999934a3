import HTTPTypes
import NIOCore

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
    func complete() -> Arrival {
        var arrival = self
        arrival.start = .now
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
