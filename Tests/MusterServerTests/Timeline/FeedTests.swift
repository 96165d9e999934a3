import FoundationEssentials
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// The committed order of everything: nothing skipped, nothing twice, and readers woken.
@Suite(.timeLimit(.minutes(20))) struct FeedTests {
    @Test func `a position is written as text and read back, and nothing else is`() {
        let position = FeedPosition(transaction: 812, position: 7)
        #expect(position.text == "812-7" && FeedPosition("812-7") == position)
        for text in ["", "812", "812-", "-7", "812-7-1", "a-b", "-1-7", "812--7", "99999999999999999999-1", " 1-1"] {
            #expect(FeedPosition(text) == nil, "\(text)")
        }
        #expect(FeedPosition(transaction: 1, position: 9) < FeedPosition(transaction: 2, position: 1))
    }

    @Test func `what commits later is not delivered before what was appended earlier`() async throws {
        try await TestDaemon.with { daemon async throws in
            let feed = FeedStore(pool: daemon.pool)
            _ = try await daemon.open("before")
            let before = try await Self.read(feed, after: .beginning, count: 1)
            try await daemon.database.withObserver { observer async throws in
                try await observer.transaction { transaction in
                    _ = try await daemon.desk.open(
                        OpenIncident(title: "held"), CommandContext(principal: .mia), in: transaction)
                    for index in 0..<5 { _ = try await daemon.open("after \(index)") }
                    #expect(try await daemon.count("incident") == 6)
                    for _ in 0..<20 { #expect(try await feed.read(after: before[0].position, limit: 10).isEmpty) }
                }
            }
            let rest = try await Self.read(feed, after: before[0].position, count: 6)
            #expect(rest.map(\.entry.incident) == [2, 3, 4, 5, 6, 7])
            #expect(rest.map(\.position) == rest.map(\.position).sorted())
            #expect(try await feed.read(after: rest[5].position, limit: 10).isEmpty)
        }
    }

    @Test func `what was rolled back is never delivered, and holds nothing up`() async throws {
        try await TestDaemon.with { daemon async throws in
            let feed = FeedStore(pool: daemon.pool)
            struct Given: Error {}
            await #expect(throws: Given.self) {
                try await daemon.pool.transaction { transaction in
                    _ = try await daemon.desk.open(
                        OpenIncident(title: "never"), CommandContext(principal: .mia), in: transaction)
                    throw Given()
                }
            }
            let number = try await daemon.open("after")
            #expect(try await Self.read(feed, after: .beginning, count: 1).map(\.entry.incident) == [number])
        }
    }

    @Test func `a reader beside many writers gets every entry once, in order, page by page`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let feed = FeedStore(pool: daemon.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let number = try await daemon.open()
                        for note in 0..<20 { try await daemon.tell(.addNote(text: "\(note)", key: false), number) }
                    }
                }
                group.addTask {
                    let read = try await Self.read(feed, after: .beginning, count: 126, page: 7)
                    #expect(Set(read.map(\.position)).count == 126)
                    #expect(read.map(\.position) == read.map(\.position).sorted())
                    for (_, own) in Dictionary(grouping: read, by: \.entry.incident) {
                        #expect(own.map(\.entry.recorded.sequence) == Array(1...21))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `within an incident the feed goes by sequence, also when the older transaction writes last`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.pool.transaction { transaction in
                // From here on it has its id, as one has that first locked something else.
                try await transaction.query("SELECT pg_current_xact_id()")
                try await daemon.tell(.addNote(text: "by the younger", key: false), number)
                let loaded = try await daemon.desk.incidents.load(number, hold: .lock, in: transaction)
                _ = try await daemon.desk.apply(
                    .addNote(text: "by the older", key: false), to: try #require(loaded.row),
                    CommandContext(principal: .mia), loaded: loaded, in: transaction)
            }
            let read = try await Self.read(FeedStore(pool: daemon.pool), after: .beginning, count: 3)
            #expect(read.map(\.entry.recorded.sequence) == [1, 2, 3])
        }
    }

    @Test func `the end of the feed lies behind everything that is committed, and before what comes`() async throws {
        try await TestDaemon.with { daemon async throws in
            let feed = FeedStore(pool: daemon.pool)
            _ = try await daemon.open("before")
            _ = try await Self.read(feed, after: .beginning, count: 1)
            let end = try await feed.end()
            #expect(try await feed.read(after: end, limit: 5).isEmpty)
            let number = try await daemon.open("after")
            #expect(try await Self.read(feed, after: end, count: 1).map(\.entry.incident) == [number])
        }
    }

    @Test func `a redacted entry is delivered as it reads now`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open("a secret")
            _ = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
            let read = try await Self.read(FeedStore(pool: daemon.pool), after: .beginning, count: 2)
            #expect(read.map(\.entry.isRedacted) == [true, false])
        }
    }

    @Test func `reading the feed goes by its index`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.pool.query(
                """
                INSERT INTO timeline_entry (incident, sequence, transaction_id, command_id, kind, kind_version, actor_id,
                    actor_name, actor_role, occurred_at, recorded_at, payload, salt, payload_digest, hash)
                SELECT \(number), n + 1, (n / 40)::text::xid8, gen_random_uuid(), 'acknowledged', 1, 'a', 'a', 'admin', now(),
                    now(), '{}', decode(md5('x'), 'hex'), sha256('x'), sha256('x')
                FROM generate_series(1, 20000) AS n
                """)
            try await daemon.pool.query("ANALYZE timeline_entry")
            let page = FeedStore.page(after: FeedPosition(transaction: 490, position: 5), limit: 200)
            let plan = try await daemon.pool.query("EXPLAIN \(fragment: page)").map {
                try $0.decode(0, as: String.self)
            }.joined(separator: "\n")
            #expect(plan.contains("timeline_entry_feed") && !plan.contains("Sort"), "\(plan)")
        }
    }

    @Test func `a commit wakes the readers of this daemon`() async throws {
        try await TestDaemon.with { daemon async throws in
            var signals = daemon.feed.signals().makeAsyncIterator()
            let number = try await daemon.open()
            await signals.next()
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.router.routeBatch()
            await signals.next()
            _ = try await daemon.desk.merge(number, into: number + 1, reason: nil, CommandContext(principal: .mia))
            await signals.next()
            #expect(try await daemon.count("timeline_entry") >= 5)
        }
    }

    @Test func `signals that come while a reader is busy are one, and a reader who leaves is forgotten`() async {
        let signal = FeedSignal()
        var staying = signal.signals().makeAsyncIterator()
        do { _ = signal.signals() }
        for _ in 0..<5 { signal.wake() }
        await staying.next()
        signal.wake()
        await staying.next()
    }

    @Test func `a commit of one daemon wakes the readers of another`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                var heard = other.feed.signals().makeAsyncIterator()
                // With the net of a second out of the way, only the notification is left.
                let services = ServiceGroup(
                    services: [daemon, other].map {
                        FeedNotifier(
                            signal: $0.feed, pool: $0.pool, logger: TestServer.quietLogger, net: .seconds(3600))
                    }, logger: TestServer.quietLogger)
                async let running: Void = services.run()
                await heard.next()  // It listens now.
                let number = try await daemon.open()
                await heard.next()
                let read = try await Self.read(FeedStore(pool: other.pool), after: .beginning, count: 1)
                #expect(read.map(\.entry.incident) == [number])
                await services.triggerGracefulShutdown()
                try await running
            }
        }
    }

    /// Reads until so many entries have come: transactions of other tests' databases hold the feed up for moments.
    private static func read(
        _ feed: FeedStore, after start: FeedPosition, count: Int, page: Int = 100
    ) async throws -> [(position: FeedPosition, entry: TimelineEntry)] {
        var read: [(position: FeedPosition, entry: TimelineEntry)] = []
        while read.count < count {
            read += try await feed.read(after: read.last?.position ?? start, limit: page)
            await Task.yield()
        }
        return read
    }
}
