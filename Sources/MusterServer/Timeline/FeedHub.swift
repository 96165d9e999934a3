import IncidentDomain
import Logging
import Metrics
import NIOCore
import Postgres
import ServiceLifecycle
import Synchronization

/// The one reader of the feed in this daemon. What was committed is read and rendered once, and each stream takes it from
/// here, at its own pace: a thousand streams cost the database as much as one.
///
/// What is kept is bounded (`RecentEvents`), and so are the streams. A stream that was not here when something was read, as
/// its client comes back, reads its own pages until it has caught up, and only a few do so at once. One that falls behind
/// while it follows is cut: its client comes back with `Last-Event-ID` and misses nothing.
final class FeedHub: Service, Sendable {
    struct Limits: Sendable {
        /// `streams.max`.
        var streams = 1_000
        /// `streams.per_token_max`.
        var perToken = 100
        /// What is kept for those who write slowly.
        var recent = RecentEvents.Limits()
        /// How many streams may read pages of their own at the same time.
        var catchingUp = 2
    }

    /// Why a stream is ended by us. Its client may come again.
    enum Ending: String, Sendable {
        /// The daemon stops, or has another configuration.
        case over
        /// Its token was revoked.
        case revoked
        /// It did not read what was sent for too long.
        case slow
    }

    /// What a stream has to send next.
    enum News: Sendable {
        case none
        case events([RecentEvents.Event])
        /// What follows its position is not kept here. Whoever has read everything may go on from `boundary`, if there is one.
        case behind(boundary: FeedPosition?)
        case ended(Ending)
    }

    private struct Member {
        let holder: String
        /// SHA-256 of the token; nil of the built-in administrator's, which cannot be revoked.
        let tokenHash: [UInt8]?
        let wakes: AsyncStream<Void>.Continuation
        var ending: Ending?
        var isBeatDue = false
    }

    private struct State {
        var members: [Int: Member] = [:]
        var perHolder: [String: Int] = [:]
        var joined = 0
        /// Nil while nobody follows: then nothing is read.
        var recent: RecentEvents?
        var beats = 0
        var isOver = false
    }

    let feed: FeedStore
    private let catchingUp: Turns
    private let reads = Atomic(0)
    private let signal: FeedSignal
    private let tokens: TokenStore
    private let limits: Limits
    private let logger: Logger
    private let state = Mutex(State())
    private let (tokenChanges, tokenChanged) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private static let pageRows = 200
    /// A quiet stream gets a comment every so many seconds, each in its own one.
    private static let beatEvery = 10
    private static let writeBytesMax = 64 << 10

    init(feed: FeedStore, signal: FeedSignal, tokens: TokenStore, limits: Limits = Limits(), logger: Logger) {
        self.feed = feed
        self.signal = signal
        self.tokens = tokens
        self.limits = limits
        self.logger = logger
        catchingUp = Turns(max: limits.catchingUp, waitingMax: limits.streams)
    }

    /// How often the database was asked for events.
    var pagesRead: Int { reads.load(ordering: .relaxed) }

    /// How many streams there are.
    var streams: Int { state.withLock { $0.members.count } }

    /// A place for one more stream.
    ///
    /// - Throws: `Problem` 429 when this token has as many as it may have, 503 when all together have.
    func join(_ holder: Principal, tokenHash: [UInt8]?) throws(Problem) -> FeedSeat {
        let (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (problem, id) = state.withLock { state -> (Problem?, Int) in
            guard state.members.count < limits.streams else { return (Self.full(limits.streams), 0) }
            guard state.perHolder[holder.id, default: 0] < limits.perToken else {
                return (Self.tooMany(limits.perToken), 0)
            }
            state.joined += 1
            state.perHolder[holder.id, default: 0] += 1
            state.members[state.joined] = Member(
                holder: holder.id, tokenHash: tokenHash, wakes: continuation, ending: state.isOver ? .over : nil)
            return (nil, state.joined)
        }
        if let problem {
            Counter(label: "muster_feed_streams_refused").increment()
            throw problem
        }
        signal.wake()
        return FeedSeat(hub: self, id: id, wakes: wakes)
    }

    private static func tooMany(_ max: Int) -> Problem {
        .later(
            .tooManyRequests, "This token already has \(max) event streams open, the maximum. Close one, or share one.",
            seconds: 5)
    }

    private static func full(_ max: Int) -> Problem {
        .later(.overloaded, "\(max) event streams are open, the maximum. Try again later.", seconds: 5)
    }

    fileprivate func leave(_ id: Int) {
        state.withLock { state in
            guard let member = state.members.removeValue(forKey: id) else { return }
            let left = state.perHolder[member.holder, default: 1] - 1
            state.perHolder[member.holder] = left > 0 ? left : nil
        }
    }

    fileprivate func news(of id: Int, after position: FeedPosition) -> News {
        state.withLock { state in
            if let ending = state.members[id]?.ending { return .ended(ending) }
            guard let recent = state.recent else { return .behind(boundary: nil) }
            guard let events = recent.events(after: position, bytesMax: Self.writeBytesMax) else {
                return .behind(boundary: recent.start)
            }
            return events.isEmpty ? .none : .events(events)
        }
    }

    /// Whether a comment is due that keeps the connection alive.
    fileprivate func takeBeat(of id: Int) -> Bool {
        state.withLock { state in
            guard state.members[id]?.isBeatDue == true else { return false }
            state.members[id]?.isBeatDue = false
            return true
        }
    }

    /// Ends every stream, now and from now on: clients come again and get the feed of a newer configuration.
    func end() {
        // First, so that nobody joins between.
        state.withLock { $0.isOver = true }
        end(as: .over) { _ in true }
    }

    /// Some token was made or revoked: whose token is not valid any more is looked up now, and not at the next second.
    func tokensChanged() {
        tokenChanged.yield()
    }

    @discardableResult
    private func end(as ending: Ending, where isMeant: (Member) -> Bool) -> Int {
        let woken = state.withLock { state in
            let ids = state.members.filter { $0.value.ending == nil && isMeant($0.value) }.map(\.key)
            for id in ids { state.members[id]?.ending = ending }
            return ids.compactMap { state.members[$0]?.wakes }
        }
        for wakes in woken { wakes.yield() }
        return woken.count
    }
}

// MARK: - Reading

extension FeedHub {
    func run() async throws {
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown {
                await withTaskGroup { group in
                    group.addTask { await self.follow() }
                    group.addTask { await self.watchTokens() }
                    group.addTask { await self.tick() }
                }
            }
        } onGracefulShutdown: {
            self.end()
        }
        end()
    }

    private func follow() async {
        for await _ in signal.signals() {
            do {
                try await RunnerPulse.pass { try await readOn() }
            } catch {
                logger.debug("cannot read the feed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Reads what was committed since, and hands it out.
    private func readOn() async throws {
        guard var position = try await whereToGoOn() else { return }
        while true {
            let page = try await page(after: position)
            guard let last = page.last else { return }
            position = last.position
            let events = page.map { RecentEvents.Event(position: $0.position, entry: $0.entry) }
            let woken = state.withLock { state in
                state.recent?.append(events)
                return state.members.values.map(\.wakes)
            }
            for wakes in woken { wakes.yield() }
            if !FeedStore.isFull(page, limit: Self.pageRows) || Task.isCancelled { return }
        }
    }

    private func page(
        after position: FeedPosition, bytesMax: Int = FeedStore.pageBytesMax
    ) async throws -> [FeedStore.Placed] {
        reads.wrappingAdd(1, ordering: .relaxed)
        return try await feed.read(after: position, limit: Self.pageRows, bytesMax: bytesMax)
    }

    /// A page for a stream that has still to catch up. It waits for its turn, and gets no more than is written at once: each
    /// of a thousand streams holds its own. To read and render one takes milliseconds, which are not for an event loop.
    fileprivate func pageToCatchUp(after position: FeedPosition) async throws -> [RecentEvents.Event] {
        try await catchingUp.take {
            try await withTaskExecutorPreference(WorkerPool.executor) {
                try await page(after: position, bytesMax: Self.writeBytesMax).map {
                    RecentEvents.Event(position: $0.position, entry: $0.entry)
                }
            }
        }
    }

    /// Nil when nobody follows.
    private func whereToGoOn() async throws -> FeedPosition? {
        let (isFollowed, known) = state.withLock { state in
            if state.members.isEmpty { state.recent = nil }
            return (!state.members.isEmpty, state.recent?.end)
        }
        guard isFollowed else { return nil }
        if let known { return known }
        let now = try await feed.end()
        let woken = state.withLock { state in
            state.recent = RecentEvents(start: now, limits: limits.recent)
            return state.members.values.map(\.wakes)
        }
        for wakes in woken { wakes.yield() }
        return now
    }

    /// Once a second: who is to be told that the connection lives, and whether every token still holds. A revocation of
    /// which we heard nothing is found here.
    private func tick() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            beat()
            tokenChanged.yield()
        }
    }

    private func beat() {
        let due = state.withLock { state in
            state.beats += 1
            let ids = state.members.keys.filter { $0 % Self.beatEvery == state.beats % Self.beatEvery }
            for id in ids { state.members[id]?.isBeatDue = true }
            return ids.compactMap { state.members[$0]?.wakes }
        }
        for wakes in due { wakes.yield() }
    }

    private func watchTokens() async {
        for await _ in tokenChanges {
            do {
                try await RunnerPulse.pass { try await endRevoked() }
            } catch {
                logger.debug("cannot check the tokens of event streams", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Ends the streams whose tokens were revoked.
    func endRevoked() async throws {
        let held = state.withLock { Set($0.members.values.compactMap(\.tokenHash)) }
        guard !held.isEmpty else { return }
        let valid = try await tokens.valid(Array(held))
        guard valid.count < held.count else { return }
        let ended = end(as: .revoked) { member in
            guard let hash = member.tokenHash else { return false }
            return held.contains(hash) && !valid.contains(hash)
        }
        count(ended, .revoked)
    }

    fileprivate func count(_ streams: Int, _ ending: Ending) {
        guard streams > 0 else { return }
        Counter(label: "muster_feed_streams_cut", dimensions: [("reason", ending.rawValue)]).increment(by: streams)
    }
}

/// A stream's place at the hub. Whoever lets go of it gives it up.
final class FeedSeat: Sendable {
    private let hub: FeedHub
    private let id: Int
    /// Comes when there may be news. What comes while the stream is busy is one.
    let wakes: AsyncStream<Void>

    fileprivate init(hub: FeedHub, id: Int, wakes: AsyncStream<Void>) {
        self.hub = hub
        self.id = id
        self.wakes = wakes
    }

    deinit {
        hub.leave(id)
    }

    func news(after position: FeedPosition) -> FeedHub.News { hub.news(of: id, after: position) }

    func takeBeat() -> Bool { hub.takeBeat(of: id) }

    func pageToCatchUp(after position: FeedPosition) async throws -> [RecentEvents.Event] {
        try await hub.pageToCatchUp(after: position)
    }

    func cutAsSlow() { hub.count(1, .slow) }
}

/// The newest events of the feed, rendered: everything behind `start`, up to `end`. The oldest go when there are too many.
struct RecentEvents: Sendable {
    struct Limits: Sendable {
        var events = 8_192
        var bytes = 8 << 20
    }

    struct Event: Sendable {
        let position: FeedPosition
        let bytes: ByteBuffer

        init(position: FeedPosition, bytes: ByteBuffer) {
            self.position = position
            self.bytes = bytes
        }

        /// As server-sent events have it.
        init(position: FeedPosition, entry: TimelineEntry) {
            self.position = position
            var json = JSONWriter()
            entry.write(to: &json)
            var buffer = ByteBuffer()
            buffer.writeString("id: \(position.text)\nevent: \(entry.stored.kind)\ndata: ")
            buffer.writeBytes(json.bytes)
            buffer.writeString("\n\n")
            bytes = buffer
        }
    }

    private let limits: Limits
    private(set) var start: FeedPosition
    private(set) var end: FeedPosition
    private var kept: [Event] = []
    /// Those before it are gone; they are taken out of the array together.
    private var first = 0
    private var bytes = 0

    init(start: FeedPosition, limits: Limits = Limits()) {
        self.limits = limits
        self.start = start
        end = start
    }

    var count: Int { kept.count - first }

    mutating func append(_ events: [Event]) {
        guard let last = events.last else { return }
        kept += events
        end = last.position
        bytes += events.reduce(0) { $0 + $1.bytes.readableBytes }
        // The newest one stays, however large.
        while count > 1, count > limits.events || bytes > limits.bytes {
            bytes -= kept[first].bytes.readableBytes
            start = kept[first].position
            first += 1
        }
        if first > kept.count / 2 {
            kept.removeFirst(first)
            first = 0
        }
    }

    /// What follows a position, at least one and then up to so many bytes; nil when the first of it is gone.
    func events(after position: FeedPosition, bytesMax: Int) -> [Event]? {
        guard position >= start else { return nil }
        var (low, high) = (first, kept.count)
        while low < high {
            let middle = (low + high) / 2
            if kept[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        var upTo = low
        var size = 0
        while upTo < kept.count, upTo == low || size + kept[upTo].bytes.readableBytes <= bytesMax {
            size += kept[upTo].bytes.readableBytes
            upTo += 1
        }
        return Array(kept[low..<upTo])
    }
}
