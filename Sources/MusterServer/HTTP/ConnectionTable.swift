import Logging
import Metrics
import NIOCore
import Synchronization

/// What connections are held to, and what they share.
struct ConnectionSettings: Sendable {
    let dispatcher: CurrentDispatcher
    let budgets: ConnectionBudgets
    let metrics = ConnectionMetrics()
    /// Set when a stop begins, before anybody is told: from then on every answer says that its connection ends.
    let isStopping = StopFlag()
    let idleTimeout: TimeAmount
    let bodyTimeout: TimeAmount
    let writeTimeout: TimeAmount
    /// Bytes a second, once the grace is over.
    let bodyRateMin: Int
    let bodyGraceSeconds: Int64 = 5
    /// How long a stop waits for a request on a connection that is silent: longer than a request travels.
    let farewell: TimeAmount
    /// How long the last answer has to reach a client that still sends.
    let lingerTimeout: TimeAmount = .seconds(2)
    /// How much of bodies that were refused is read and thrown away, so that clients get their answer.
    let thrownAwayBytesMax: Int
    /// Of a message that is too large, what is kept as a dead letter.
    let letterBytesMax = DeadLetterStore.bodyBytesMax
    /// Bodies above this are read beside the loops.
    let loopBodyBytesMax = 65_536
    let headBytesMax = 65_536
    /// Of a connection that sends without waiting for answers; one read has no more.
    let queuedPartsMax = 1_400
    /// Requests of one connection that are answered in a row while others wait.
    let requestsPerTurn = 16
    /// Of one read, so that a connection that sends much is read in turn with the others.
    static let readBytesMax = 8_192

    init(_ http: ServerConfiguration.HTTP, dispatcher: CurrentDispatcher, farewell: Duration) {
        self.dispatcher = dispatcher
        budgets = ConnectionBudgets(bodies: http.bodyBudgetBytes, unsent: http.unsentBudgetBytes)
        idleTimeout = TimeAmount(http.idleTimeout)
        bodyTimeout = TimeAmount(http.bodyTimeout)
        writeTimeout = TimeAmount(http.writeTimeout)
        bodyRateMin = http.bodyRateMinBytes
        self.farewell = TimeAmount(farewell)
        thrownAwayBytesMax = max(http.requestBodyMaxBytes * 16, dispatcher.value.limits.messageBytesMax * 4)
    }
}

/// Why connections end that did not end by themselves.
struct ConnectionMetrics: Sendable {
    enum Reason: String, CaseIterable, Sendable {
        /// Nothing came for `http.idle_timeout_seconds`.
        case idle
        case slowHead = "slow_head"
        case slowBody = "slow_body"
        case slowReader = "slow_reader"
        /// A body of more than is thrown away after a refusal.
        case endlessBody = "endless_body"
        /// More requests without waiting for answers than are kept.
        case pipelining
        /// Idle, while newer ones needed its place.
        case evicted
        /// None was idle, and `http.connections_max` was reached.
        case full
    }

    private let closings = Reason.allCases.map { reason in
        Counter(label: "muster_http_connections_closed", dimensions: [("reason", reason.rawValue)])
    }
    /// Requests that could not be read.
    let refused = Counter(label: "muster_http_malformed_requests")
    /// Requests for which there was no room in `http.body_budget_bytes`.
    let overBudget = Counter(label: "muster_http_body_budget_refusals")
    /// Requests that read, refused while `http.unsent_budget_bytes` was full.
    let overUnsentBudget = Counter(label: "muster_http_unsent_budget_refusals")

    func closed(_ reason: Reason) {
        closings[Reason.allCases.firstIndex(of: reason) ?? 0].increment()
    }
}

/// How many connections there are, over all loops.
final class ConnectionCount: Sendable {
    let max: Int
    private let count = Atomic<Int>(0)
    private let emptied: AsyncStream<Void>
    private let emptiedContinuation: AsyncStream<Void>.Continuation

    init(max: Int) {
        self.max = max
        (emptied, emptiedContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var current: Int { count.load(ordering: .relaxed) }

    fileprivate func add() -> Int {
        count.wrappingAdd(1, ordering: .relaxed).newValue
    }

    fileprivate func remove() {
        if count.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { emptiedContinuation.yield() }
    }

    /// Returns when there is none. Nothing may be accepted any more.
    func untilEmpty() async {
        guard current > 0 else { return }
        for await _ in emptied where current == 0 { return }
    }
}

/// The connections of one loop: how long each may wait, and which has to go when there are too many. Used on that loop only.
///
/// One timer looks at all of them, instead of several each: a timer for every request costs more than the request.
final class ConnectionTable {
    enum Admission: Hashable, Sendable {
        case admitted
        /// There are as many as may be, and none that could be closed.
        case full
    }

    let executor: LoopExecutor
    private let settings: ConnectionSettings
    private let count: ConnectionCount
    private var connections: [HTTPConnection] = []
    private var isQuiescing = false
    /// Asks the tables of the other loops to make room, by closing what is no more worth than this.
    var makeRoomElsewhere: (HTTPConnection.Dispensability) -> Void = { _ in }
    private var watch: RepeatedTask?
    /// Until when it need not be looked again for one of this rank, or of a lower one: none was there a moment ago.
    private var barren: (upTo: HTTPConnection.Dispensability, until: NIODeadline)?

    private static let watchInterval: TimeAmount = .milliseconds(500)
    /// The part of a loop's connections that goes at once when a place is needed, as looking for them costs a walk over all.
    private static let evictedShare = 32

    init(loop: any EventLoop, settings: ConnectionSettings, count: ConnectionCount) {
        executor = LoopExecutor(loop: loop)
        self.settings = settings
        self.count = count
    }

    func watch(on loop: any EventLoop) {
        let table = NIOLoopBound(self, eventLoop: loop)
        watch = loop.scheduleRepeatedTask(initialDelay: Self.watchInterval, delay: Self.watchInterval) { _ in
            table.value.checkTimes()
        }
    }

    private func checkTimes() {
        let now = NIODeadline.now()
        // From the end, since one that is closed gives its place to the last.
        for index in connections.indices.reversed() where index < connections.count {
            connections[index].checkTime(now)
        }
    }

    func add(_ connection: HTTPConnection) -> Admission {
        connection.index = connections.count
        connections.append(connection)
        let isOver = count.add() > count.max
        if isQuiescing { connection.quiesce() }
        guard isOver, !evict(besides: connection, upTo: .notReading) else { return .admitted }
        // Strangers may all be on other loops; until they are gone, a few more than the limit are admitted.
        makeRoomElsewhere(.notReading)
        let slack = count.max / 16 + 1
        guard count.current > count.max + slack, !evict(besides: connection, upTo: .strangerFresh) else {
            return .admitted
        }
        makeRoomElsewhere(.strangerFresh)
        guard count.current > count.max + slack * 2, !evict(besides: connection, upTo: .idle) else { return .admitted }
        settings.metrics.closed(.full)
        return .full
    }

    func remove(_ connection: HTTPConnection) {
        guard connections.indices.contains(connection.index), connections[connection.index] === connection else {
            return
        }
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        connection.index = -1
        count.remove()
    }

    /// Closes those of which least is lost, and of these the ones that have waited longest. Whoever opens connections without
    /// end so takes them from himself.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    private func evict(besides newest: HTTPConnection?, upTo most: HTTPConnection.Dispensability) -> Bool {
        let now = NIODeadline.now()
        if let barren, barren.upTo >= most, now < barren.until { return false }
        var found = connections.compactMap { connection -> (HTTPConnection.Dispensability, HTTPConnection)? in
            guard connection !== newest, let rank = connection.dispensability(at: now), rank <= most else { return nil }
            return (rank, connection)
        }
        found.sort { ($0.0, $0.1.since) < ($1.0, $1.1.since) }
        guard let first = found.first else {
            barren = (most, now + .milliseconds(50))
            return false
        }
        // One alone of those that were known: the next newcomer may need none.
        let wanted = first.0 == .idle ? 1 : max(1, connections.count / Self.evictedShare)
        for (rank, connection) in found.prefix(wanted) where rank == first.0 { connection.evict() }
        return true
    }

    /// Makes room where the process has no descriptor left.
    func makeRoom() {
        evict(besides: nil, upTo: .strangerFresh)
    }

    /// Makes room where another loop has nobody to close, unless there is room by now.
    func makeRoomForOthers(_ most: HTTPConnection.Dispensability) {
        if count.current > count.max { evict(besides: nil, upTo: most) }
    }

    /// The daemon stops: each connection ends with the request that it serves.
    func quiesce() {
        isQuiescing = true
        for connection in connections.reversed() { connection.quiesce() }
    }

    /// The time for it is over.
    func closeAll() {
        for connection in connections.reversed() { connection.closeAtOnce() }
    }

    func end() {
        watch?.cancel()
        watch = nil
    }
}

extension HTTPConnection {
    /// How little is lost when it is closed to make room; nil of one that has to stay.
    enum Dispensability: Int, Comparable {
        /// Its last answer was sent.
        case leaving
        /// Between two requests, and nobody who was known has sent one.
        case strangerIdle
        /// Sends a body, and is not known.
        case strangerSending
        /// Has not read for a second.
        case notReading
        /// Has come this moment: its request is on its way.
        case strangerFresh
        case idle

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
}

/// Runs tasks on an event loop.
///
/// Without this, a request goes from the loop's thread to one of Swift's pool and back at every wait, and these wake-ups
/// cost more than the request itself. Nothing in a request may therefore block or compute for long: what does runs in
/// `WorkerPool`.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
