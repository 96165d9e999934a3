import FoundationEssentials
import IncidentDomain
import Postgres
import Synchronization
import TestSupport

@testable import MusterServer

/// What one daemon consists of, without its socket, on a test's database. A second one beside it is another daemon.
struct TestDaemon: Sendable {
    let database: TestDatabase
    let pool: PostgresPool
    let catalog: CatalogCache
    let feed = FeedSignal()
    let desk: IncidentDesk
    let routing = WakeSignal()
    let book: RuleBook
    let router: AlertRouter

    static let template = TestTemplate("muster", migrations: Migrations.all)

    init(
        _ database: TestDatabase, pool: PostgresPool, policy: PhasePolicy, soak: SoakPolicy,
        clearing: ClearingPolicy = .keep
    ) {
        self.database = database
        self.pool = pool
        catalog = CatalogCache(pool: pool)
        desk = IncidentDesk(
            pool: pool, catalog: catalog, policy: policy, soak: soak, feed: feed, clearing: clearing)
        book = RuleBook(pool: pool, logger: TestServer.quietLogger)
        router = AlertRouter(
            pool: pool, desk: desk, signal: routing, logger: TestServer.quietLogger, book: book,
            correlationWindow: .seconds(1800))
    }

    /// Runs `body` with a daemon on an empty, migrated database.
    @discardableResult
    static func with<T>(
        connections: Int = 4, policy: PhasePolicy = PhasePolicy(), soak: SoakPolicy = SoakPolicy(),
        clearing: ClearingPolicy = .keep, _ body: (TestDaemon) async throws -> T
    ) async throws -> T {
        try await TestDatabase.with(template: template, connections: connections) { database in
            try await body(
                TestDaemon(database, pool: database.pool, policy: policy, soak: soak, clearing: clearing))
        }
    }

    /// Another daemon on the same database, with connections of its own.
    @discardableResult
    func beside<T>(policy: PhasePolicy? = nil, _ body: (TestDaemon) async throws -> T) async throws -> T {
        let pool = PostgresPool(configuration: database.configuration, logger: TestServer.quietLogger)
        let other = TestDaemon(
            database, pool: pool, policy: policy ?? desk.policy, soak: desk.soak, clearing: desk.clearing)
        do {
            let value = try await body(other)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Opens an incident; its number.
    func open(_ title: String = "Videos do not play", components: [String] = []) async throws -> Int {
        let impacts = components.map { ComponentImpact(component: $0, impact: .majorOutage) }
        let opening = OpenIncident(title: title, impacts: impacts)
        return try await desk.open(opening, CommandContext(principal: .mia)).incident.number
    }

    @discardableResult
    func tell(_ command: IncidentCommand, _ number: Int, by principal: Principal = .mia) async throws -> Incident {
        try await desk.handle(command, on: number, CommandContext(principal: principal)).incident
    }

    /// Carries an incident, which has an impact, on to the phase in which components are brought back.
    func bringToRestore(_ number: Int) async throws {
        let advance = IncidentCommand.advance(to: nil, reason: nil, override: false)
        let commands: [IncidentCommand] = [
            .acknowledge, advance, .amend(IncidentAmendment(severity: .sev2)), .assignRole(.commander, person: "Mia"),
            .stateCause(CauseHypothesis(category: .technical)), advance,
            .addMitigation(MitigationDraft(description: "Roll back", state: .succeeded)), advance,
        ]
        for command in commands { try await tell(command, number) }
    }

    func incident(_ number: Int) async throws -> Incident {
        try await desk.current(number).incident
    }

    func timeline(_ number: Int) async throws -> [TimelineEntry] {
        try await TimelineStore().all(of: number, in: pool)
    }

    func kinds(_ number: Int) async throws -> [String] {
        try await timeline(number).map(\.stored.kind)
    }

    /// What `musterd verify` would say.
    func differences() async throws -> [String] {
        try await Verification(pool: pool).run().differences
    }

    /// Puts a catalog in place.
    func put(_ components: [Component]) async throws {
        _ = try await CatalogDesk(pool: pool).replaceAll(components, by: .mia)
    }

    func count(_ table: String, where condition: String = "true") async throws -> Int {
        let sql: SQL = "SELECT count(*) FROM \(unescaped: table) WHERE \(unescaped: condition)"
        return try await pool.query(sql)[0].decode(0)
    }
}

extension Principal {
    /// May do everything.
    static let mia = Principal(id: "token-mia", name: "Mia", role: .admin)
    /// Works on incidents, and may not override.
    static let ron = Principal(id: "token-ron", name: "Ron", role: .responder)
}

extension PostgresPool {
    /// Asks until the answer is yes. Each question is a round trip, so nothing sleeps; the test's time limit ends it.
    func waitUntil(_ condition: SQL) async throws {
        while true {
            if try await query("SELECT \(fragment: condition)")[0].decode(0, as: Bool.self) { return }
            await Task.yield()
        }
    }

    /// Waits until a session of this database waits for a lock.
    func waitUntilSomebodyWaits() async throws {
        try await waitUntil(
            """
            EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
            """)
    }

    /// Ends every session of this database but the asker's; how many there were.
    @discardableResult
    func killOthers() async throws -> Int {
        try await query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'muster'
            """
        ).count
    }
}

extension PostgresPool {
    /// Runs `body` while the other sessions of this database are ended again and again: each time, when the rows of a
    /// table have become some more. Returns how many sessions that were.
    func killingOthers(asGrows table: String, _ body: () async throws -> Void) async throws -> Int {
        let isOver = Flag()
        async let killed = killOthers(asGrows: table, until: isOver)
        do {
            try await body()
            isOver.raise()
        } catch {
            isOver.raise()
            throw error
        }
        return try await killed
    }

    private func killOthers(asGrows table: String, until isOver: Flag) async throws -> Int {
        var killed = 0
        var last = 0
        while !isOver.isRaised {
            let count: Int = try await query("SELECT count(*) FROM \(unescaped: table)")[0].decode(0)
            guard count > last + 2 else {
                await Task.yield()
                continue
            }
            last = count
            killed += try await killOthers()
        }
        return killed
    }
}

/// Something that becomes true once.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .acquiring) }

    func raise() {
        value.store(true, ordering: .releasing)
    }
}

extension TestDatabase {
    /// A pool beside the daemon's, which `killOthers` spares.
    @discardableResult
    func withObserver<T>(_ body: (PostgresPool) async throws -> T) async throws -> T {
        var configuration = configuration
        configuration.connections = 2
        configuration.applicationName = "observer"
        let observer = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
        do {
            let value = try await body(observer)
            await observer.close()
            return value
        } catch {
            await observer.close()
            throw error
        }
    }
}

/// Numbers that look random and are the same in every run of a seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
