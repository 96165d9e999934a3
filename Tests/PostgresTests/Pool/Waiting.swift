import Postgres
import TestSupport

/// Asks the database until it says yes; each question is a round trip, so nothing sleeps. Fails by time limit of the
/// test alone.
func waitUntil(_ database: PostgresPool, _ condition: SQL) async throws {
    while true {
        let answer = try await database.query("SELECT \(fragment: condition)")
        if try answer[0].decode(0, as: Bool.self) { return }
    }
}

/// Waits for a state that gives no signal of its own, such as what `/proc` or the pool's statistics show.
func waitUntil(_ condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

extension TestDatabase {
    /// Another pool on the same database, to look at what the first one does.
    func withObserver<T>(_ body: (PostgresPool) async throws -> T) async throws -> T {
        var configuration = configuration
        configuration.connections = 1
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

/// The pool's sessions of this database that run a statement with the mark in it.
func isRunning(_ mark: String) -> SQL {
    """
    EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'muster'
            AND state = 'active' AND query LIKE \("%\(mark)%"))
    """
}
