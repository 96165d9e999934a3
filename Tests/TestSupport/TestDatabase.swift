package import Postgres

/// What a test's database is copied from: made once per process, by migrations or by a closure.
package struct TestTemplate: Sendable {
    /// Names the template within the process; equal names share one.
    package let name: String
    let fill: @Sendable (PostgresConfiguration) async throws -> Void

    /// `fill` gets an empty database, and must have closed its connections when it returns.
    package init(_ name: String, fill: @escaping @Sendable (PostgresConfiguration) async throws -> Void) {
        self.name = name
        self.fill = fill
    }

    package init(_ name: String, migrations: [Migration]) {
        self.init(name) { try await Migrator(migrations: migrations).migrate($0, logger: TestServer.quietLogger) }
    }

    /// A database with nothing in it.
    package static let empty = TestTemplate("empty") { _ in }
}

/// A database of one test's own.
package struct TestDatabase: Sendable {
    package let name: String
    package let configuration: PostgresConfiguration
    /// Connected to it, and closed with it.
    package let pool: PostgresPool

    package var conninfo: String { configuration.conninfo }

    /// So many tests have databases at once: each takes 10 MB and some connections, and a test that shares two cores with
    /// a thousand others would run into its own timeouts.
    private static let places = Places(12)
    @TaskLocal private static var hasPlace = false

    /// Copies the template, runs `body`, drops the copy (also with connections to it open).
    @discardableResult
    package static func with<T>(
        template: TestTemplate = .empty, connections: Int = 4,
        configure: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestDatabase) async throws -> T
    ) async throws -> T {
        // A test's second database needs no place of its own, for which all would wait together.
        guard hasPlace else {
            return try await places.with {
                try await $hasPlace.withValue(true) {
                    try await make(template, connections, configure, body)
                }
            }
        }
        return try await make(template, connections, configure, body)
    }

    private static func make<T>(
        _ template: TestTemplate, _ connections: Int, _ configure: (inout PostgresConfiguration) -> Void,
        _ body: (TestDatabase) async throws -> T
    ) async throws -> T {
        let made = try await TestCluster.shared.makeDatabase(from: template)
        var configuration = made.configuration
        configuration.connections = connections
        // Many tests share two cores: a test that means to wait for a connection sets its own limit.
        configuration.acquireTimeout = .seconds(60)
        configuration.connectTimeout = .seconds(60)
        configuration.statementTimeout = .seconds(60)
        configuration.statementDeadline = .seconds(90)
        // Many tests hold a lock in a transaction that does nothing, while they wait for what others do about it.
        configuration.idleInTransactionTimeout = .seconds(900)
        configure(&configuration)
        let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
        let database = TestDatabase(name: made.name, configuration: configuration, pool: pool)
        do {
            let value = try await body(database)
            try await database.drop()
            return value
        } catch {
            try? await database.drop()
            throw error
        }
    }

    private func drop() async throws {
        await pool.close()
        try await PostgresAdministration.execute(
            "DROP DATABASE IF EXISTS \(name.sqlIdentifier) WITH (FORCE)",
            on: try await TestCluster.shared.administration().conninfo
        )
    }
}
