import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What becomes of the public page while the database does not answer, and of the file on disk.
struct PublicStatusRunnerTests {
    private func makeServer(
        _ pool: PostgresPool, data directory: String = "/tmp/muster-status-\(UUID().uuidString)",
        log: RecordedLog = RecordedLog()
    ) throws -> Server {
        let configuration = try ServerConfiguration(
            SettingSource(yaml: nil, fileName: nil, environment: ["MUSTER_DATA_DIRECTORY": directory]))
        return Server(
            configuration: configuration, pool: pool, metrics: MetricsRegistry(),
            logger: Logger(label: "test") { _ in RecordingLogHandler(log: log) })
    }

    private func page(_ server: Server, _ language: Language = .en) -> (text: String, asOf: String?) {
        let answer = server.board.snapshot?.answer("/status", language)?.answer(
            to: RequestHead(method: .get, path: "/status"))
        guard case .bytes(let body)? = answer?.body else { return ("", nil) }
        return (String(buffer: body), answer?.headers[.musterAsOf])
    }

    @Test func `a database that is gone is told of when what is shown is too old, and not before`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let pool = PostgresPool(configuration: database.configuration, logger: TestServer.quietLogger)
            let server = try makeServer(pool)
            var runner = try #require(server.publicStatus)
            try await runner.pass()
            #expect(page(server).asOf == nil && page(server).text.contains("All systems are operational."))
            await pool.close()
            await #expect(throws: (any Error).self) { try await runner.pass() }
            #expect(page(server).asOf == nil, "a minute has not passed")
            runner.interruptedAfter = 0
            await #expect(throws: (any Error).self) { try await runner.pass() }
            let (text, asOf) = page(server)
            #expect(text.contains("is interrupted") && text.contains("All systems are operational."))
            #expect(asOf != nil)
            #expect(page(server, .de).text.contains("wird zurzeit nicht aktualisiert"))
        }
    }

    @Test func `a database that answers nothing is told of while it is waited for`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let server = try makeServer(database.pool)
            var runner = try #require(server.publicStatus)
            runner.interruptedAfter = 1
            try await runner.pass()
            let (held, release) = AsyncStream.makeStream(of: Void.self)
            let (locked, lock) = AsyncStream.makeStream(of: Void.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await database.pool.transaction { transaction in
                        _ = try await transaction.query("LOCK TABLE timeline_entry IN ACCESS EXCLUSIVE MODE")
                        lock.finish()
                        for await _ in held {}
                    }
                }
                for await _ in locked {}
                group.addTask { [runner] in try await runner.pass() }
                while page(server).asOf == nil { await Task.yield() }
                #expect(page(server).text.contains("is interrupted"))
                release.finish()
                try await group.waitForAll()
            }
            #expect(page(server).asOf == nil && !page(server).text.contains("is interrupted"))
        }
    }

    @Test func `a page that is old says how old it is`() {
        let asOf = Timestamp("2026-12-02T09:00:00Z")!
        let record = PublicRecord(components: [], incidents: [], maintenance: [])
        func text(_ minutes: Double, _ language: Language) -> String {
            let now = asOf.adding(seconds: minutes * 60)
            let renderer = StatusRenderer(
                record: record, settings: StatusSettings(), asOf: asOf, age: StatusAge(of: asOf, at: now),
                previous: nil, now: now)
            let answer = renderer.render().answer("/status", language)?.answer(
                to: RequestHead(method: .get, path: "/status"))
            guard case .bytes(let body)? = answer?.body else { return "" }
            return String(buffer: body)
        }
        #expect(text(12.9, .en).contains("As of 2026-12-02 09:00:00 UTC, 12 min ago."))
        #expect(text(135, .en).contains("As of 2026-12-02 09:00:00 UTC, 2 h 15 min ago."))
        #expect(text(12, .de).contains("vor 12 Min."))
        #expect(text(0.5, .en).contains("As of 2026-12-02 09:00:00 UTC. Our"))
        #expect(StatusAge(of: asOf, at: asOf.adding(seconds: -5)).minutes == 0, "clocks differ")
    }

    @Test func `a file that cannot be written is complained of once, and again after it could be`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let directory = "/tmp/muster-status-\(UUID().uuidString)"
            try Data().write(to: URL(filePath: directory))
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let log = RecordedLog()
            let server = try makeServer(database.pool, data: directory, log: log)
            func complaints() -> Int {
                log.lines.count { $0.level == .warning && $0.message.contains("cannot be written to data.directory") }
            }
            // At the start, then in the loop.
            try await server.publicStatus?.pass()
            var loop = try #require(server.runners.compactMap { $0 as? PublicStatusRunner }.first)
            loop.writeEvery = .zero
            for name in ["first", "second"] {
                let listed = Component(
                    slug: name, name: name, tier: 1, publicListing: PublicListing(name: name))
                _ = try await CatalogDesk(pool: database.pool).put(listed, ifMatch: .absent, by: .mia)
                try await loop.pass()
            }
            #expect(server.board.snapshot?.record.components.count == 2)
            #expect(complaints() == 1)
            try FileManager.default.removeItem(atPath: directory)
            let third = Component(slug: "third", name: "third", tier: 1, publicListing: PublicListing(name: "third"))
            _ = try await CatalogDesk(pool: database.pool).put(third, ifMatch: .absent, by: .mia)
            try await loop.pass()
            #expect(StatusFile(directory: directory).read()?.record.components.count == 3)
            #expect(complaints() == 1)
        }
    }
}
