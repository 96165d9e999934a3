import Glibc

/// A connection outside of the pool, in libpq's plain mode: for several statements in one text, and for what must not
/// share a pipeline (migrations, `CREATE DATABASE`). It blocks its thread, but never beyond the deadline that each call
/// gives.
final class SimpleSession {
    private let link: LibPQConnection

    /// Connects, blocking: for threads of our own only.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        let parameters = try ConnectionParameters(parsing: configuration.conninfo).limited(by: configuration)
        self.link = try LibPQConnection.open(parameters.pairs)
    }

    /// Opens a session on a thread of its own, runs `body` there, and closes the session.
    static func run<T: Sendable>(
        _ configuration: PostgresConfiguration, _ body: @escaping @Sendable (SimpleSession) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        try await BlockingThread.run("postgres-simple") { () throws(PostgresError) -> T in
            try body(try SimpleSession(configuration))
        }
    }

    var isOutsideTransaction: Bool { link.isOutsideTransaction }

    /// Runs any number of statements and returns the last one's rows, as text. After `.deadlineExceeded` the session is
    /// useless.
    @discardableResult
    func execute(_ sql: String, deadline: Duration = .seconds(30)) throws(PostgresError) -> [[String?]] {
        let limit = MonotonicTime.now + deadline
        guard link.sendSimple(sql) else { throw lost(link.errorMessage) }
        var flushed = link.flush()
        while flushed == .blocked {
            try wait(for: Int16(POLLIN | POLLOUT), until: limit)
            guard link.consumeInput() else { throw lost(link.errorMessage) }
            flushed = link.flush()
        }
        guard flushed == .done else { throw lost(link.errorMessage) }
        var rows: [[String?]] = []
        var failure: PostgresServerError?
        while true {
            while link.isBusy {
                try wait(for: Int16(POLLIN), until: limit)
                guard link.consumeInput() else { throw lost(link.errorMessage) }
            }
            switch link.nextReply() {
            case .value(let result): rows = Self.rows(of: result)
            case .failure(let error): failure = failure ?? error
            case .lost(let reason): throw lost(reason)
            case .aborted, .sync: break
            case .end:
                if let failure { throw .server(failure) }
                return rows
            }
        }
    }

    private func lost(_ reason: String) -> PostgresError {
        .connectionLost(outcomeUnknown: true, reason: reason)
    }

    private func wait(for events: Int16, until limit: MonotonicTime) throws(PostgresError) {
        while true {
            let left = (limit - .now) / 1_000_000
            guard left > 0 else {
                link.shutDown()
                throw .deadlineExceeded(outcomeUnknown: true)
            }
            var watched = pollfd(fd: link.socket, events: events, revents: 0)
            if poll(&watched, 1, Int32(clamping: left + 1)) > 0 { return }
        }
    }

    private static func rows(of result: ResultHandle) -> [[String?]] {
        (0..<result.rowCount).map { row in
            (0..<result.columnCount).map { column in result.text(row: row, column: column) }
        }
    }
}

extension String {
    /// As an SQL literal, for the few texts that cannot have parameters (`standard_conforming_strings` is on).
    var sqlLiteral: String {
        "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// As a quoted SQL name.
    package var sqlIdentifier: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// Administration that the pool's pipelines are not for, such as `CREATE DATABASE`.
package enum PostgresAdministration {
    /// Runs statements on a connection of their own, without parameters; returns the last one's rows as text. No
    /// statement timeout but `deadline` applies.
    @discardableResult
    package static func execute(
        _ sql: String, on conninfo: String, deadline: Duration = .seconds(30)
    ) async throws -> [[String?]] {
        var configuration = PostgresConfiguration(conninfo: conninfo)
        configuration.statementTimeout = .zero
        return try await SimpleSession.run(configuration) { session throws(PostgresError) in
            try session.execute(sql, deadline: deadline)
        }
    }
}
