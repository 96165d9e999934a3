import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Synchronization

/// Sends what waits in the outbox. Any number of daemons may do it: a lane, the notifications of one incident at one endpoint, is
/// sent by one of them at a time and in its order; when that daemon ends, the next one goes on after the lease, which is short. An
/// endpoint has so many connections of a daemon, and takes none from another, so that a slow or dead one delays no other.
///
/// It is no `PeriodicRunner`, since what a pass begins goes on while the next ones claim more.
struct NotificationSender: Service {
    let store: NotificationStore
    let endpoints: EndpointStore
    let carrier: MessageCarrier
    let installation: Installation
    /// What links begin with, as `https://muster.example`.
    let publicURL: String
    /// Woken when there is something to send.
    let signal: WakeSignal
    /// To be woken when there is something to tell.
    let noticing: WakeSignal
    let logger: Logger
    var schedule = RetrySchedule()

    private let work = Work()
    private let opened = OpenedEndpoints()
    private let results: ResultWriter

    /// Messages of one endpoint at the same time, of a daemon; one that fails gets one. There is no limit for all endpoints together
    /// but the number of endpoints: those that hang would leave nothing of it for the others.
    static let perEndpoint = 4
    /// A lane is given back after so long, so that other incidents have their turn.
    private static let turn: Duration = .seconds(8)
    /// A daemon that ends leaves its lanes for so long. What takes longer is renewed every second.
    private static let leaseSeconds: Double = 5
    /// What was sent is written down after so long, or when the lane is given back.
    private static let writingAfter: Duration = .milliseconds(500)
    /// What is under way when the daemon stops may take so long.
    private static let farewell: Duration = .seconds(3)

    init(
        store: NotificationStore, endpoints: EndpointStore, carrier: MessageCarrier, installation: Installation,
        publicURL: String, signal: WakeSignal, noticing: WakeSignal, logger: Logger,
        schedule: RetrySchedule = RetrySchedule()
    ) {
        self.store = store
        self.endpoints = endpoints
        self.carrier = carrier
        self.installation = installation
        self.publicURL = publicURL
        self.signal = signal
        self.noticing = noticing
        self.logger = logger
        self.schedule = schedule
        results = ResultWriter(store: store, logger: logger)
    }

    /// The lanes that are under way.
    private final class Work: Sendable {
        private struct State {
            var lanes: [LaneKey: (claim: UUID, since: ContinuousClock.Instant)] = [:]
            var renewedAt = ContinuousClock.now
        }

        private let state = Mutex(State())

        func begin(_ lane: ClaimedLane) {
            state.withLock { $0.lanes[lane.key] = (lane.claim, lane.began) }
        }

        func end(_ lane: ClaimedLane) {
            state.withLock { state in
                if state.lanes[lane.key]?.claim == lane.claim { state.lanes[lane.key] = nil }
            }
        }

        /// False when somebody else has claimed it since, or may have: the lease was not renewed in time.
        func isOurs(_ lane: ClaimedLane, lease: Duration) -> Bool {
            state.withLock { state in
                guard let held = state.lanes[lane.key], held.claim == lane.claim else { return false }
                return .now < max(held.since, state.renewedAt) + lease
            }
        }

        var isEmpty: Bool { state.withLock { $0.lanes.isEmpty } }

        var busy: [UUID: Int] {
            state.withLock { state in
                state.lanes.keys.reduce(into: [:]) { $0[$1.endpoint, default: 0] += 1 }
            }
        }

        /// Those that have to be renewed, once a second; what was claimed just now is not among them.
        func toRenew(every rest: Duration) -> [LaneKey: UUID] {
            state.withLock { state in
                let now = ContinuousClock.now
                guard state.renewedAt + rest <= now else { return [:] }
                let old = state.lanes.filter { $0.value.since + rest <= now }.mapValues(\.claim)
                if old.isEmpty { state.renewedAt = now }
                return old
            }
        }

        func renewed(_ asked: [LaneKey: UUID], _ held: Set<LaneKey>) {
            state.withLock { state in
                state.renewedAt = .now
                for (key, claim) in asked where !held.contains(key) && state.lanes[key]?.claim == claim {
                    state.lanes[key] = nil
                }
            }
        }
    }

    func run() async throws {
        let progress = RunnerProgress("notifications", every: .seconds(1))
        progress.begin()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Retries are due by time, which tells nobody.
                    try? await Task.sleep(for: .seconds(1))
                    signal.wake()
                    await carrier.tidy()
                }
            }
            for await _ in signal.signals.cancelOnGracefulShutdown() {
                do {
                    for lane in try await RunnerPulse.pass({ try await claim() }) {
                        work.begin(lane)
                        group.addTask {
                            await send(lane)
                            signal.wake()
                        }
                    }
                    progress.passed()
                } catch {
                    guard !Task.isCancelled else { break }
                    logger.warning("cannot look for notifications to send", metadata: ["error": "\(error)"])
                }
            }
            let end = ContinuousClock.now + Self.farewell
            while !work.isEmpty, ContinuousClock.now < end, !Task.isCancelled {
                // The daemon stops: the last lanes tell nobody that they are over.
                try? await Task.sleep(for: .milliseconds(20))
            }
            group.cancelAll()
        }
        await carrier.shutdown()
    }

    /// First the leases of what is under way: what is ours still must not be claimed anew.
    private func claim() async throws -> [ClaimedLane] {
        let old = work.toRenew(every: .seconds(1))
        if !old.isEmpty { work.renewed(old, try await store.renew(old, leaseSeconds: Self.leaseSeconds)) }
        return try await store.claim(
            perEndpoint: Self.perEndpoint, busy: work.busy, leaseSeconds: Self.leaseSeconds)
    }

    // MARK: - One lane

    /// Sends what waits in a lane, one after the other, until one has to be tried again, the turn is over, or nothing is left. What
    /// was sent is written down for several together: a daemon that ends before has them sent again, under the same ids.
    func send(_ lane: ClaimedLane) async {
        work.begin(lane)
        defer { work.end(lane) }
        let end = ContinuousClock.now + Self.turn
        var sent: [AttemptResult] = []
        do {
            guard let endpoint = try await opened.endpoint(lane, in: endpoints) else {
                let name = lane.endpoint.text
                logger.error(
                    "an endpoint cannot be used: its secrets cannot be opened", metadata: ["endpoint": "\(name)"])
                return try await results.write([], release(lane, after: RetrySchedule.unreadableSeconds))
            }
            let own = try await installation.id()
            var thread = lane.due.first?.thread
            var retry: Double?
            var writeAt = ContinuousClock.now + Self.writingAfter
            for due in lane.due where work.isOurs(lane, lease: .seconds(Self.leaseSeconds)) {
                var result = await attempt(due, at: endpoint, thread, lane, from: own)
                if case .anew = result.verdict, thread != nil {
                    thread = nil
                    result = await attempt(due, at: endpoint, nil, lane, from: own)
                }
                // It was cut off, which says nothing of the endpoint.
                if Task.isCancelled { break }
                if case .delivered(let reference?) = result.verdict { thread = reference }
                sent.append(result)
                count(result)
                retry = result.isEnd ? nil : schedule.delay(after: due.tries + 1)
                if !result.isEnd || ContinuousClock.now >= end { break }
                if case .disabled = result.verdict { break }
                if ContinuousClock.now >= writeAt {
                    try await results.write(sent, nil)
                    sent = []
                    writeAt = ContinuousClock.now + Self.writingAfter
                }
            }
            try await results.write(sent, release(lane, after: retry))
            // It works again: what waits for its next attempt need not.
            if lane.isFailing, sent.contains(where: \.isDelivered) { try await store.hurry(endpoint.id) }
            if case .disabled(let reason)? = sent.last?.verdict { try await disable(endpoint, because: reason) }
        } catch {
            guard !Task.isCancelled else { return }
            // The lease ends by itself, and somebody sends it again under the same id.
            logger.warning(
                "cannot record what became of notifications", metadata: ["lane": "\(lane.lane)", "error": "\(error)"])
        }
    }

    private func release(_ lane: ClaimedLane, after seconds: Double?) -> LaneRelease {
        LaneRelease(endpoint: lane.endpoint, lane: lane.lane, claim: lane.claim, retrySeconds: seconds)
    }

    private func attempt(
        _ due: DueNotification, at endpoint: OpenedEndpoint, _ thread: String?, _ lane: ClaimedLane,
        from installation: UUID
    ) async -> AttemptResult {
        let start = ContinuousClock.now
        let sentAt = lane.now
        let format = endpoint.settings.format.format
        var status: Int?
        var answer: String?
        var verdict: OutboundVerdict
        do {
            guard let notice = (try? JSONParser.parse(due.body)).flatMap(Notice.init) else {
                throw OutboundMistake(reason: "its notice cannot be read")
            }
            let message = OutboundMessage(
                notice: notice, id: due.publicID, sentAt: sentAt, publicURL: publicURL, url: endpoint.secrets.url,
                options: endpoint.settings.options.merging(endpoint.secrets.options) { $1 },
                secrets: endpoint.secrets.signing(at: sentAt), thread: thread)
            var request = try format.message(message)
            for (name, value) in endpoint.secrets.headers.sorted(by: { $0.key < $1.key }) {
                request.headers.removeAll { $0.name == name.lowercased() }
                request.headers.append((name.lowercased(), value))
            }
            let trail = MessageTrail(notice.incident?.labels[MessageTrail.label]).through(installation)
            request.headers.append((MessageTrail.header, trail.text))
            let got = try await carrier.send(request, timeout: .seconds(endpoint.settings.timeoutSeconds))
            status = got.status
            answer = endpoint.shown(got.text)
            verdict = format.verdict(of: got)
            if case .delivered(nil) = verdict { verdict = .delivered(reference: request.reference) }
        } catch let mistake as OutboundMistake {
            verdict = .failed(reason: mistake.reason)
        } catch OutboundFault.network(let detail) {
            verdict = .retry(reason: detail)
        } catch OutboundFault.refused(let detail) {
            verdict = .failed(reason: detail)
        } catch {
            verdict = .retry(reason: ProbeFault.words(of: error))
        }
        return AttemptResult(
            notification: due.id, endpoint: endpoint.id, lane: lane.lane, attempt: due.attempts + 1, at: sentAt,
            durationMilliseconds: start.elapsedMilliseconds, status: status, verdict: endpoint.cleaned(verdict),
            answer: answer,
            isLast: due.tries + 1 >= schedule.attemptsMax, wasFailing: lane.isFailing)
    }

    private func disable(_ endpoint: OpenedEndpoint, because reason: String) async throws {
        guard let name = try await BacklogStore(pool: store.pool).disable(endpoint.id, because: reason) else { return }
        noticing.wake()
        logger.error(
            "an endpoint was disabled: it takes no messages any more",
            metadata: ["endpoint": "\(name)", "reason": "\(reason)"])
    }

    private func count(_ result: AttemptResult) {
        Counter(
            label: "muster_notification_attempts",
            dimensions: [("outcome", result.outcome)]
        ).increment()
    }
}

/// When something is tried again: the schedule of Standard Webhooks, 75 hours in all, with a fifth of jitter both ways.
struct RetrySchedule: Sendable {
    var delays: [Double] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    var jitter: ClosedRange<Double> = 0.8...1.2

    /// How long an endpoint rests whose secrets cannot be opened.
    static let unreadableSeconds: Double = 60

    var attemptsMax: Int { delays.count + 1 }

    /// Seconds until the next attempt, after so many.
    func delay(after tries: Int) -> Double {
        delays[min(max(tries, 1), delays.count) - 1] * Double.random(in: jitter)
    }
}

/// Writes results down, those that come while the last statement runs together with the next one.
private final class ResultWriter: Sendable {
    private struct State {
        var waiting: [Item] = []
        var isWriting = false
    }

    private struct Item: Sendable {
        let results: [AttemptResult]
        let release: LaneRelease?
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let store: NotificationStore
    private let logger: Logger
    private let state = Mutex(State())
    /// Lanes that are written together.
    private static let batchMax = 128
    private static let triesMax = 30

    init(store: NotificationStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Returns when it is committed. What waits is bounded by the lanes under way.
    func write(_ results: [AttemptResult], _ release: LaneRelease?) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append(Item(results: results, release: release, continuation: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if begins { Task { await drain() } }
        }
    }

    private func drain() async {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batchMax))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            if batch.isEmpty { return }
            do {
                try await record(batch)
                for item in batch { item.continuation.resume() }
            } catch {
                await recordAlone(batch, after: error)
            }
        }
    }

    /// One that cannot be written keeps no other from it.
    private func recordAlone(_ batch: [Item], after error: any Error) async {
        guard batch.count > 1, (error as? PostgresError)?.isTransient != true else {
            for item in batch { item.continuation.resume(throwing: error) }
            return
        }
        for item in batch {
            do {
                try await record([item])
                item.continuation.resume()
            } catch {
                item.continuation.resume(throwing: error)
            }
        }
    }

    /// The database may be away for a moment: what was sent should not be sent again for that.
    private func record(_ batch: [Item]) async throws {
        for attempt in 1...Self.triesMax {
            do {
                return try await store.record(batch.flatMap(\.results), batch.compactMap(\.release))
            } catch let error as PostgresError where error.isTransient && attempt < Self.triesMax {
                logger.debug("results of notifications are written again", metadata: ["error": "\(error)"])
                // The database tells nobody when it is back. The rests grow to a second.
                try? await Task.sleep(for: .milliseconds(min(1_000, 50 << min(attempt, 5))))
            }
        }
    }
}
