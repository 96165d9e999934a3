import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Synchronization

/// Sends what waits in the outbox. Any number of daemons may do it: a lane, the notifications of one incident at one endpoint, is
/// sent by one of them at a time and in its order; when that daemon ends, the next one goes on after the lease. An endpoint has so
/// many connections of a daemon and no more, so that a slow or dead one delays no other.
struct NotificationSender: Service {
    let store: NotificationStore
    let endpoints: EndpointStore
    let carrier: MessageCarrier
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

    /// Messages of one endpoint at the same time, and of all.
    static let perEndpoint = 4
    static let lanesMax = 128
    /// A lane is given back after so long, so that the lease never ends while it is sent: an attempt takes 30 s at the most.
    private static let turn: Duration = .seconds(8)
    private static let leaseSeconds: Double = 45

    init(
        store: NotificationStore, endpoints: EndpointStore, carrier: MessageCarrier, publicURL: String,
        signal: WakeSignal, noticing: WakeSignal, logger: Logger, schedule: RetrySchedule = RetrySchedule()
    ) {
        self.store = store
        self.endpoints = endpoints
        self.carrier = carrier
        self.publicURL = publicURL
        self.signal = signal
        self.noticing = noticing
        self.logger = logger
        self.schedule = schedule
        results = ResultWriter(store: store, logger: logger)
    }

    /// How many lanes of which endpoint are under way.
    private final class Work: Sendable {
        let busy = Mutex<[UUID: Int]>([:])

        func change(_ endpoint: UUID, by count: Int) {
            busy.withLock { busy in
                let left = (busy[endpoint] ?? 0) + count
                busy[endpoint] = left > 0 ? left : nil
            }
        }

        var all: [UUID: Int] { busy.withLock { $0 } }
    }

    func run() async throws {
        let progress = RunnerProgress("notifications", every: .seconds(1))
        progress.begin()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        // Retries are due by time, which tells nobody.
                        try? await Task.sleep(for: .seconds(1))
                        signal.wake()
                        await carrier.tidy()
                    }
                }
                for await _ in signal.signals {
                    do {
                        for lane in try await RunnerPulse.pass({ try await claim() }) {
                            work.change(lane.endpoint, by: 1)
                            group.addTask {
                                await send(lane)
                                work.change(lane.endpoint, by: -1)
                                signal.wake()
                            }
                        }
                        progress.passed()
                    } catch {
                        guard !Task.isCancelled else { break }
                        logger.warning("cannot look for notifications to send", metadata: ["error": "\(error)"])
                    }
                }
                group.cancelAll()
            }
        }
        await carrier.shutdown()
    }

    private func claim() async throws -> [ClaimedLane] {
        let busy = work.all
        let free = Self.lanesMax - busy.values.reduce(0, +)
        guard free > 0 else { return [] }
        return try await store.claim(
            perEndpoint: Self.perEndpoint, busy: busy, limit: free, leaseSeconds: Self.leaseSeconds)
    }

    // MARK: - One lane

    /// Sends what waits in a lane, one after the other, until one has to be tried again, the turn is over, or nothing is left.
    func send(_ lane: ClaimedLane) async {
        let end = ContinuousClock.now + Self.turn
        do {
            guard let endpoint = try await opened.endpoint(lane, in: endpoints) else {
                let name = lane.endpoint.text
                logger.error(
                    "an endpoint cannot be used: its secrets cannot be opened", metadata: ["endpoint": "\(name)"])
                return try await results.write(nil, release(lane, after: RetrySchedule.unreadableSeconds))
            }
            if !lane.unreadable.isEmpty {
                try await store.giveUp(lane.unreadable, because: "its notice cannot be read")
            }
            var thread = lane.due.first?.thread
            for (index, due) in lane.due.enumerated() {
                var result = await attempt(due, at: endpoint, thread, lane)
                if case .anew = result.verdict, thread != nil {
                    thread = nil
                    result = await attempt(due, at: endpoint, nil, lane)
                }
                guard !Task.isCancelled else { return }
                if case .delivered(let reference?) = result.verdict { thread = reference }
                let goesOn = result.isEnd && index + 1 < lane.due.count && ContinuousClock.now < end
                let retry = result.isEnd ? nil : schedule.delay(after: due.tries + 1)
                try await results.write(result, goesOn ? nil : release(lane, after: retry))
                count(result)
                if case .disabled(let reason) = result.verdict { try await disable(endpoint, because: reason) }
                if !goesOn { return }
            }
            // Only unreadable ones waited, or nothing.
            try await results.write(nil, release(lane, after: nil))
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
        _ due: DueNotification, at endpoint: OpenedEndpoint, _ thread: String?, _ lane: ClaimedLane
    ) async -> AttemptResult {
        let start = ContinuousClock.now
        let sentAt = lane.now
        let format = endpoint.settings.format.format
        var status: Int?
        var answer: String?
        var verdict: OutboundVerdict
        do {
            let message = OutboundMessage(
                notice: due.notice, id: due.publicID, sentAt: sentAt, publicURL: publicURL, url: endpoint.secrets.url,
                options: endpoint.settings.options.merging(endpoint.secrets.options) { $1 },
                secrets: endpoint.secrets.signing(at: sentAt), thread: thread)
            var request = try format.message(message)
            for (name, value) in endpoint.secrets.headers.sorted(by: { $0.key < $1.key }) {
                request.headers.removeAll { $0.name == name.lowercased() }
                request.headers.append((name.lowercased(), value))
            }
            let got = try await carrier.send(request, timeout: .seconds(endpoint.settings.timeoutSeconds))
            status = got.status
            answer = endpoint.hidingSecrets(in: ForeignText.cut(ForeignText.clean(got.text), scalars: 1_000))
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
            durationMilliseconds: start.elapsedMilliseconds, status: status, verdict: verdict, answer: answer,
            isLast: due.tries + 1 >= schedule.attemptsMax)
    }

    private func disable(_ endpoint: OpenedEndpoint, because reason: String) async throws {
        guard let name = try await store.disable(endpoint.id, because: reason) else { return }
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

/// An endpoint with its secrets open.
struct OpenedEndpoint: Sendable {
    let id: UUID
    let settings: EndpointSettings
    let secrets: EndpointSecrets
    let changedAt: Timestamp

    /// Receivers sometimes say what they were sent.
    func hidingSecrets(in text: String) -> String {
        var known = Array(secrets.headers.values) + Array(secrets.options.values) + [secrets.url]
        known += secrets.signing.map { [$0.stored] } ?? []
        return known.filter { $0.count >= 6 }.sorted { $0.count > $1.count }.reduce(text) {
            $0.replacing($1, with: "***")
        }
    }
}

/// Endpoints as they were opened last, by when they were changed. There are few.
private final class OpenedEndpoints: Sendable {
    private let held = Mutex<[UUID: OpenedEndpoint]>([:])

    /// Nil when its row or its secrets cannot be read.
    func endpoint(_ lane: ClaimedLane, in store: EndpointStore) async throws -> OpenedEndpoint? {
        if let known = held.withLock({ $0[lane.endpoint] }), known.changedAt == lane.endpointChangedAt { return known }
        guard let endpoint = try await store.find(lane.endpoint)?.readable else { return nil }
        do {
            let secrets = try await EndpointSecrets(opening: endpoint.secrets, with: store.box, of: endpoint.id)
            let opened = OpenedEndpoint(
                id: endpoint.id, settings: endpoint.settings, secrets: secrets, changedAt: endpoint.updatedAt)
            held.withLock { held in
                if held.count >= EndpointStore.endpointsMax { held = [:] }
                held[endpoint.id] = opened
            }
            return opened
        } catch is EndpointSecrets.Unopenable {
            return nil
        }
    }
}

/// Writes results down, those that come while the last statement runs together with the next one.
private final class ResultWriter: Sendable {
    private struct State {
        var waiting: [Item] = []
        var isWriting = false
    }

    private struct Item: Sendable {
        let result: AttemptResult?
        let release: LaneRelease?
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let store: NotificationStore
    private let logger: Logger
    private let state = Mutex(State())
    private static let batchMax = 256
    private static let triesMax = 20

    init(store: NotificationStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Returns when it is committed. What waits is bounded by the lanes under way.
    func write(_ result: AttemptResult?, _ release: LaneRelease?) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append(Item(result: result, release: release, continuation: continuation))
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
                for item in batch { item.continuation.resume(throwing: error) }
            }
        }
    }

    /// The database may be away for a moment: what was sent should not be sent again for that.
    private func record(_ batch: [Item]) async throws {
        for attempt in 1...Self.triesMax {
            do {
                return try await store.record(batch.compactMap(\.result), batch.compactMap(\.release))
            } catch let error as PostgresError where error.isTransient && attempt < Self.triesMax {
                logger.debug("results of notifications are written again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
