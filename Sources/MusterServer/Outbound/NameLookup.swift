import Glibc
import IncidentDomain
import Metrics
import NIOCore
import NIOPosix
import Synchronization

/// Looks names up on threads of its own, since the machine's resolver blocks, for half a minute when it gets no answer.
///
/// A name is looked up once for all who ask at the same time, and what was found is kept for a moment. So a name without an
/// answer holds one thread at the most; names that took long before have half of the threads, and some are kept for names that
/// are known to be quick. Where names cannot be looked up at all, or one found no thread, that says nothing about what a probe
/// looks at: then a lookup ends as `ProbeCheck.Unknown` and not as a failure.
final class NameLookup: Sendable {
    /// What the resolver said.
    enum Answer: Sendable {
        case addresses([String])
        /// There is no such name, or it has no address.
        case noAddress(String)
        /// Nobody who could know has answered.
        case failed(String)
    }

    /// What who asks is told.
    private enum Outcome: Sendable {
        case answer(Answer)
        /// It took too long, or the task was cancelled.
        case late
        /// No thread was free in all the time.
        case notBegun
    }

    private struct Entry {
        var isWaiting = false
        var isRunning = false
        /// Whether it took long the last time; nil of a name that was never looked up.
        var isSlow: Bool?
        var answer: (value: Answer, until: ContinuousClock.Instant)?
        var waiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Names whose turn has not come, in their order.
        var queue: [String] = []
        var running = 0
        var runningSlow = 0
        /// Slow ones and those of which nothing is known.
        var runningDoubtful = 0
        var nextWaiter = 0
    }

    static let shared = NameLookup()
    /// Names that strangers chose take no thread from others.
    static let forSubscribers = NameLookup(threadsMax: 8)

    /// A name that nobody has (RFC 6761): whoever is asked for it says so, if he answers at all.
    static let control = "muster-resolver-check.invalid"
    private static let controlTime: Duration = .seconds(2)

    private let resolve: @Sendable (String) -> Answer
    private let threadsMax: Int
    private let keeping: Duration
    private let slowAfter: Duration
    private let entriesMax = 2_000
    private let threads: NIOThreadPool
    private let state = Mutex(State())

    init(
        threadsMax: Int = 48, keeping: Duration = .seconds(5), slowAfter: Duration = .seconds(1),
        resolve: @escaping @Sendable (String) -> Answer = HostLookup.addresses
    ) {
        self.threadsMax = threadsMax
        self.keeping = keeping
        self.slowAfter = slowAfter
        self.resolve = resolve
        threads = NIOThreadPool(numberOfThreads: threadsMax)
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// The addresses of a name.
    ///
    /// - Throws: `ProbeCheck.Failure` when it has none, or those who should know it do not answer; `ProbeCheck.Unknown` when
    ///   nothing can be looked up here.
    func addresses(of host: String, within limit: Duration) async throws -> [String] {
        let cannot = "cannot resolve \(host)"
        let trouble: String
        switch await answer(host, within: limit) {
        case .notBegun:
            try Task.checkCancellation()
            throw unknown("too many slow DNS lookups at the same time, \(host) had to wait")
        case .answer(.addresses(let found)): return found
        case .answer(.noAddress(let reason)): throw ProbeCheck.Failure(detail: "\(cannot): \(reason)")
        case .answer(.failed(let reason)): trouble = "\(cannot): \(reason)"
        case .late:
            try Task.checkCancellation()
            trouble = "DNS lookup of \(host) timed out"
        }
        // Either those who should know this name, or our own resolver. A name that nobody has tells which.
        if await answers() { throw ProbeCheck.Failure(detail: trouble) }
        try Task.checkCancellation()
        throw unknown("this machine's DNS resolver does not respond: \(trouble)")
    }

    private func unknown(_ reason: String) -> ProbeCheck.Unknown {
        Counter(label: "muster_probe_lookups_failed").increment()
        return ProbeCheck.Unknown(detail: "not checked: \(reason)")
    }

    /// Whether the resolver answers at all.
    private func answers() async -> Bool {
        switch await answer(Self.control, within: Self.controlTime) {
        case .answer(.addresses), .answer(.noAddress): true
        case .answer(.failed), .late, .notBegun: false
        }
    }

    private func answer(_ host: String, within limit: Duration) async -> Outcome {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                ask(host, id, continuation)
                // Not before somebody waits whom it could tell.
                MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: TimeAmount(limit)) {
                    self.giveUp(host, id)
                }
            }
        } onCancel: {
            giveUp(host, id)
        }
    }

    private func ask(_ host: String, _ id: Int, _ waiter: CheckedContinuation<Outcome, Never>) {
        // A task that was cancelled before it waits is not told again.
        if Task.isCancelled { return waiter.resume(returning: .late) }
        let known: Outcome? = state.withLock { state in
            if state.entries.count > entriesMax {
                let now = ContinuousClock.now
                state.entries = state.entries.filter { entry in
                    entry.value.isRunning || entry.value.isWaiting || !entry.value.waiters.isEmpty
                        || entry.value.answer.map { $0.until > now } ?? false
                }
                if state.entries.count > entriesMax { return .notBegun }
            }
            if let answer = state.entries[host]?.answer, answer.until > .now { return .answer(answer.value) }
            var entry = state.entries[host] ?? Entry()
            entry.waiters[id] = waiter
            if !entry.isRunning, !entry.isWaiting {
                entry.isWaiting = true
                if host == Self.control { state.queue.insert(host, at: 0) } else { state.queue.append(host) }
            }
            state.entries[host] = entry
            return nil
        }
        if let known { return waiter.resume(returning: known) }
        if Task.isCancelled { giveUp(host, id) }
        startWhatCan()
    }

    private func giveUp(_ host: String, _ id: Int) {
        let (waiter, outcome) = state.withLock { state in
            let waiter = state.entries[host]?.waiters.removeValue(forKey: id)
            let outcome: Outcome = state.entries[host]?.isWaiting == true ? .notBegun : .late
            // Whom nobody waits for needs no turn.
            if let entry = state.entries[host], entry.isWaiting, entry.waiters.isEmpty {
                state.entries[host]?.isWaiting = false
                state.queue.removeAll { $0 == host }
            }
            return (waiter, outcome)
        }
        waiter?.resume(returning: outcome)
    }

    private func startWhatCan() {
        while let (host, kind) = state.withLock({ Self.next(&$0, threadsMax) }) {
            threads.submit { _ in
                let start = ContinuousClock.now
                let answer = self.resolve(host)
                self.resolved(host, answer, kind, took: start.duration(to: .now))
            }
        }
    }

    /// What is known of a name before it is looked up.
    private enum Kind {
        case quick
        case unknown
        case slow
    }

    /// The next name whose turn it is, taken out of the queue.
    private static func next(_ state: inout State, _ threadsMax: Int) -> (host: String, Kind)? {
        guard state.running < threadsMax else { return nil }
        func kind(_ host: String) -> Kind {
            if host == control { return .quick }
            return state.entries[host]?.isSlow.map { $0 ? .slow : .quick } ?? .unknown
        }
        let hasRoomForSlow = state.runningSlow < max(1, threadsMax / 2)
        let hasRoomForDoubtful = state.runningDoubtful < max(1, threadsMax - threadsMax / 8)
        let index = state.queue.firstIndex { host in
            switch kind(host) {
            case .quick: true
            case .unknown: hasRoomForDoubtful
            case .slow: hasRoomForSlow && hasRoomForDoubtful
            }
        }
        guard let index else { return nil }
        let host = state.queue.remove(at: index)
        let found = kind(host)
        state.entries[host]?.isWaiting = false
        state.entries[host]?.isRunning = true
        state.running += 1
        if found == .slow { state.runningSlow += 1 }
        if found != .quick { state.runningDoubtful += 1 }
        return (host, found)
    }

    private func resolved(_ host: String, _ answer: Answer, _ kind: Kind, took: Duration) {
        let waiters = state.withLock { state in
            state.running -= 1
            if kind == .slow { state.runningSlow -= 1 }
            if kind != .quick { state.runningDoubtful -= 1 }
            state.entries[host]?.isRunning = false
            state.entries[host]?.isSlow = took > slowAfter
            state.entries[host]?.answer = (answer, .now + keeping)
            defer { state.entries[host]?.waiters = [:] }
            return state.entries[host].map { Array($0.waiters.values) } ?? []
        }
        for waiter in waiters { waiter.resume(returning: .answer(answer)) }
        startWhatCan()
    }
}

/// The resolver of the machine.
enum HostLookup {
    /// All addresses of a name in their usual form, each once. Blocks.
    static func addresses(of host: String) -> NameLookup.Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            return isAboutTheName(code) ? .noAddress(reason) : .failed(reason)
        }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            if let text = numeric(entry.pointee), !found.contains(text) { found.append(text) }
            next = entry.pointee.ai_next
        }
        return .addresses(found)
    }

    /// Whether somebody who knows has said that there is no such name, or no address. The other codes (`EAI_AGAIN`,
    /// `EAI_FAIL`, `EAI_SYSTEM`, no memory) say that nobody could be asked.
    private static func isAboutTheName(_ code: Int32) -> Bool {
        // EAI_NODATA and EAI_ADDRFAMILY stand in <netdb.h> for _GNU_SOURCE only.
        code == EAI_NONAME || code == -5 || code == -9
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
