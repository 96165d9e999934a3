import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// Streams of events: one reader of the database for all, bounded in number and in what is kept for them, and over when their
/// token is.
@Suite(.timeLimit(.minutes(20))) struct FeedStreamTests {
    /// A client's end of a stream: what it was sent, and, if wished, a hand that holds it up.
    private final class Client: Sendable {
        private struct State {
            var text = ""
            var isHeld = false
            var held: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())
        private let (arrivals, arrived) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

        var text: String { state.withLock { $0.text } }
        /// The ids of the events that came.
        var ids: [String] {
            text.split(separator: "\n").filter { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
        }

        /// What the connection does with what is written: it returns when more may follow.
        func take(_ bytes: ByteBuffer) async {
            // Whoever holds it up once these bytes are seen holds up what comes after them.
            await withCheckedContinuation { continuation in
                let text = String(buffer: bytes)
                let goesOn = state.withLock { state in
                    state.text += text
                    // Not by the comment that keeps a quiet stream open: it comes at any moment, and no event would follow.
                    guard state.isHeld, text.contains("id: ") else { return true }
                    state.held.append(continuation)
                    return false
                }
                arrived.yield()
                if goesOn { continuation.resume() }
            }
        }

        func hold() {
            state.withLock { $0.isHeld = true }
        }

        func release() {
            let held = state.withLock { state in
                state.isHeld = false
                defer { state.held = [] }
                return state.held
            }
            held.forEach { $0.resume() }
        }

        func wait(until isSo: (String) -> Bool) async {
            if isSo(text) { return }
            for await _ in arrivals where isSo(text) { return }
        }

        func wait(events count: Int) async {
            await wait { _ in ids.count >= count }
        }
    }

    /// A hub that runs, on a daemon.
    private static func with(
        _ limits: FeedHub.Limits = FeedHub.Limits(), _ body: (TestDaemon, FeedHub) async throws -> Void
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let hub = Self.hub(daemon, limits)
            let services = ServiceGroup(
                services: [
                    hub, FeedNotifier(signal: daemon.feed, pool: daemon.pool, logger: TestServer.quietLogger),
                ], logger: TestServer.quietLogger)
            async let running: Void = services.run()
            do {
                try await body(daemon, hub)
                await services.triggerGracefulShutdown()
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            try await running
        }
    }

    private static func hub(_ daemon: TestDaemon, _ limits: FeedHub.Limits = FeedHub.Limits()) -> FeedHub {
        FeedHub(
            feed: FeedStore(pool: daemon.pool), signal: daemon.feed, tokens: TokenStore(pool: daemon.pool),
            limits: limits, logger: TestServer.quietLogger)
    }

    private static func stream(
        _ hub: FeedHub, after start: FeedPosition? = nil, by holder: Principal = .mia, tokenHash: [UInt8]? = nil,
        to client: Client
    ) async throws -> Task<Void, any Error> {
        let seat = try hub.join(holder, tokenHash: tokenHash)
        let position = if let start { start } else { try await hub.feed.end() }
        return Task { try await FeedStream(seat: seat, start: position).write { await client.take($0) } }
    }

    @Test func `every stream gets every event once, in order, wherever it began`() async throws {
        try await Self.with { daemon, hub async throws in
            for _ in 1...3 { _ = try await daemon.open() }
            let clients = (0..<5).map { _ in Client() }
            let streams = try await clients.asyncMap { try await Self.stream(hub, after: .beginning, to: $0) }
            for client in clients { await client.wait(events: 3) }
            for _ in 1...4 { _ = try await daemon.open() }
            for client in clients { await client.wait(events: 7) }
            let late = Client()
            let resumed = try await Self.stream(
                hub, after: FeedPosition(try #require(clients[0].ids.dropFirst(4).first)), to: late)
            await late.wait(events: 2)
            let all = clients[0].ids
            #expect(all.count == 7 && Set(all).count == 7)
            #expect(clients.allSatisfy { $0.ids == all } && late.ids == Array(all.suffix(2)))
            hub.end()
            for stream in streams + [resumed] { try await stream.value }
        }
    }

    @Test func `a hundred streams cost the database no more than one`() async throws {
        try await Self.with { daemon, hub async throws in
            let clients = (0..<100).map { _ in Client() }
            for client in clients { _ = try await Self.stream(hub, to: client) }
            _ = try await daemon.open()
            for client in clients { await client.wait(events: 1) }
            // All have caught up; from here on there is one reader.
            let before = hub.pagesRead
            for _ in 1...10 { _ = try await daemon.open() }
            for client in clients { await client.wait(events: 11) }
            let reads = hub.pagesRead - before
            #expect(reads < 100, "one for each commit and each second, and not for each stream: \(reads)")
            hub.end()
        }
    }

    @Test func `streams are bounded, of a token and of all, and a place that is left is free again`() async throws {
        try await TestDaemon.with { daemon async throws in
            let hub = Self.hub(daemon, FeedHub.Limits(streams: 3, perToken: 2))
            var seats = [try hub.join(.mia, tokenHash: nil), try hub.join(.mia, tokenHash: nil)]
            let tooMany = #expect(throws: Problem.self) { try hub.join(.mia, tokenHash: nil) }
            #expect(tooMany?.kind == .tooManyRequests && tooMany?.headers[.retryAfter] == "5")
            seats.append(try hub.join(.ron, tokenHash: nil))
            let full = #expect(throws: Problem.self) { try hub.join(.ron, tokenHash: nil) }
            #expect(full?.kind == .overloaded && full?.headers[.retryAfter] == "5")
            seats.removeFirst()
            #expect(hub.streams == 2)
            seats.append(try hub.join(.mia, tokenHash: nil))
            seats = []
            #expect(hub.streams == 0)
        }
    }

    @Test func `a stream that does not keep up is cut, and its client goes on where it was`() async throws {
        var limits = FeedHub.Limits()
        limits.recent = RecentEvents.Limits(events: 3, bytes: 1 << 20)
        try await Self.with(limits) { daemon, hub async throws in
            let (slow, quick) = (Client(), Client())
            let stream = try await Self.stream(hub, to: slow)
            _ = try await Self.stream(hub, to: quick)
            _ = try await daemon.open()
            await slow.wait(events: 1)
            slow.hold()
            // The first of these it still takes, and holds the stream up.
            for number in 2...9 {
                _ = try await daemon.open()
                await quick.wait(events: number)
                if number == 2 { await slow.wait(events: 2) }
            }
            slow.release()
            try await stream.value
            #expect(slow.ids.count == 2 && slow.text.hasSuffix(": too slow\n\n"), "\(slow.text)")
            let again = Client()
            _ = try await Self.stream(hub, after: FeedPosition(try #require(slow.ids.last)), to: again)
            await again.wait(events: 7)
            #expect(slow.ids + again.ids == quick.ids)
            hub.end()
        }
    }

    @Test func `what is kept for streams is bounded in events and in bytes`() {
        func events(_ positions: ClosedRange<Int>, bytes: Int = 10) -> [RecentEvents.Event] {
            positions.map {
                .init(
                    position: FeedPosition(transaction: 1, position: $0),
                    bytes: ByteBuffer(repeating: 0x61, count: bytes))
            }
        }
        func place(_ position: Int) -> FeedPosition { FeedPosition(transaction: 1, position: position) }
        var recent = RecentEvents(start: place(0), limits: .init(events: 5, bytes: 100))
        recent.append(events(1...4))
        #expect(recent.start == place(0) && recent.end == place(4) && recent.count == 4)
        #expect(recent.events(after: place(0), bytesMax: 25)?.map(\.position) == [place(1), place(2)])
        #expect(recent.events(after: place(4), bytesMax: 25)?.isEmpty == true)
        recent.append(events(5...8))
        #expect(recent.start == place(3) && recent.count == 5)
        #expect(recent.events(after: place(2), bytesMax: 25) == nil)
        recent.append(events(9...9, bytes: 1_000))
        #expect(recent.start == place(8) && recent.count == 1)
        #expect(recent.events(after: place(8), bytesMax: 25)?.map(\.position) == [place(9)])
    }

    @Test func `a page of the feed is bounded in bytes`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            for _ in 1...5 {
                try await daemon.tell(.addNote(text: String(repeating: "x", count: 300_000), key: false), number)
            }
            let feed = FeedStore(pool: daemon.pool)
            var read: [FeedStore.Placed] = []
            while read.count < 5 { read = try await feed.read(after: .beginning, limit: 200) }
            #expect(read.count == 5 && FeedStore.isFull(read, limit: 200))
            // Another test's transaction may hold the feed back for a moment.
            var rest: [FeedStore.Placed] = []
            while rest.isEmpty { rest = try await feed.read(after: read[4].position, limit: 200) }
            #expect(rest.count == 1)
        }
    }

    @Test func `only a few read pages of their own at the same time`() async throws {
        /// How many are inside, and how many were at most.
        final class Crowd: Sendable {
            private let state = Mutex((now: 0, most: 0))

            var now: Int { state.withLock { $0.now } }
            var most: Int { state.withLock { $0.most } }

            func enter() {
                state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            }

            func leave() {
                state.withLock { $0.now -= 1 }
            }
        }
        let turns = Turns(max: 2, waitingMax: 18)
        let crowd = Crowd()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 1...20 {
                group.addTask {
                    try await turns.take {
                        crowd.enter()
                        for _ in 1...3 { await Task.yield() }
                        crowd.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(crowd.now == 0 && crowd.most == 2)
    }

    @Test func `a stream ends when its token is revoked, also when no notification says so`() async throws {
        try await Self.with { daemon, hub async throws in
            let tokens = TokenStore(pool: daemon.pool)
            let made = try await [1, 2].asyncMap { number in
                let new = try NewToken(name: "\(number)", role: .viewer)
                return (new, try await tokens.create(new, id: .random(), by: .mia))
            }
            let clients = [Client(), Client()]
            var streams: [Task<Void, any Error>] = []
            for (client, (new, token)) in zip(clients, made) {
                let holder = Principal(id: token.id.uuidString.lowercased(), name: token.name, role: .viewer)
                streams.append(try await Self.stream(hub, by: holder, tokenHash: new.secretHash, to: client))
            }
            let administrator = Client()
            let bootstrap = try await Self.stream(hub, by: Authenticator.bootstrap, to: administrator)
            // As if another daemon did it, and its notification was lost.
            _ = try await daemon.pool.query(
                "UPDATE access_token SET revoked_at = now() WHERE id = \(made[0].1.id)")
            // Every second it is looked at.
            try await streams[0].value
            #expect(clients[0].text.hasSuffix(": the token was revoked\n\n"))
            _ = try await daemon.open()
            await clients[1].wait(events: 1)
            await administrator.wait(events: 1)
            #expect(clients[0].ids.isEmpty)
            hub.end()
            try await bootstrap.value
            try await streams[1].value
        }
    }

    @Test func `a quiet stream gets a comment`() async throws {
        try await Self.with { _, hub async throws in
            let client = Client()
            let stream = try await Self.stream(hub, to: client)
            await client.wait { $0.contains("\n\n:\n\n") }
            hub.end()
            try await stream.value
        }
    }

    @Test func `while nobody follows, nothing is read, and who comes then misses nothing`() async throws {
        try await Self.with { daemon, hub async throws in
            let first = Client()
            let stream = try await Self.stream(hub, after: .beginning, to: first)
            _ = try await daemon.open()
            await first.wait(events: 1)
            stream.cancel()
            _ = try? await stream.value
            // Its seat goes with the task.
            while hub.streams > 0 { await Task.yield() }
            for _ in 1...3 { _ = try await daemon.open() }
            let second = Client()
            _ = try await Self.stream(hub, after: FeedPosition(first.ids[0]), to: second)
            await second.wait(events: 3)
            #expect(Set(first.ids + second.ids).count == 4)
            hub.end()
        }
    }

    @Test func `a HEAD of the stream takes no place for longer than its answer`() async throws {
        try await DescribedServer.with { server in
            await server.ask(.head, "/v1/events")
            #expect(server.server.streams.streams == 0)
        }
    }
}
