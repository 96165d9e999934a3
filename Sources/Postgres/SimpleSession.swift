import Glibc
import Synchronization

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

    /// Opens a session on a thread of its own, runs `body` there, and closes the session. A cancelled task does not wait
    /// for a connection, which a server that says nothing can hold up for long; `body`, once begun, is waited for.
    static func run<T: Sendable>(
        _ configuration: PostgresConfiguration, _ body: @escaping @Sendable (SimpleSession) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let attempt = Attempt<T>()
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                attempt.begin(continuation)
                do throws(PostgresError) {
                    try BlockingThread.start("postgres-simple") {
                        do throws(PostgresError) {
                            let session = try SimpleSession(configuration)
                            guard attempt.isOpen() else { return }
                            attempt.end(.success(try body(session)))
                        } catch {
                            attempt.end(.failure(error))
                        }
                    }
                } catch {
                    attempt.end(.failure(error))
                }
            }
        } onCancel: {
            attempt.cancel()
        }.get()
    }

    /// Who waits for a session. He is told once: by the thread, or by the cancellation of his task before there is one.
    private final class Attempt<T: Sendable>: Sendable {
        private struct State {
            var waiter: CheckedContinuation<Result<T, PostgresError>, Never>?
            var isOpen = false
            var isCancelled = false
        }

        private let state = Mutex(State())

        func begin(_ waiter: CheckedContinuation<Result<T, PostgresError>, Never>) {
            let isCancelled = state.withLock { state in
                state.waiter = waiter
                return state.isCancelled
            }
            if isCancelled { end(.failure(.cancelled)) }
        }

        /// False when nobody waits any more.
        func isOpen() -> Bool {
            state.withLock { state in
                state.isOpen = state.waiter != nil
                return state.isOpen
            }
        }

        func cancel() {
            let isConnecting = state.withLock { state in
                state.isCancelled = true
                return !state.isOpen
            }
            if isConnecting { end(.failure(.cancelled)) }
        }

        func end(_ result: Result<T, PostgresError>) {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: result)
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
