import Synchronization

/// How far a transaction is kept apart from others.
package enum PostgresIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    fileprivate var begin: SQL {
        switch self {
        case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}

extension PostgresPool {
    /// Runs `body` between `BEGIN` and `COMMIT`; an error, or a task cancelled, rolls back. A connection is bound to
    /// the transaction from its first statement on.
    @discardableResult
    package func transaction<T: Sendable>(
        _ isolation: PostgresIsolation = .readCommitted, _ body: (PostgresTransaction) async throws -> T
    ) async throws -> T {
        let transaction = PostgresTransaction(pool: self, isolation: isolation)
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            return value
        } catch {
            await transaction.rollBack()
            throw error
        }
    }
}

/// A transaction that `PostgresPool.transaction` opened. `BEGIN` travels with the first statement, and `commit(after:)`
/// lets `COMMIT` travel with the last ones. Statements run one after another, also when several tasks give them.
package final class PostgresTransaction: Sendable {
    private enum Phase {
        case untouched
        /// `BEGIN` is on its way; others must not overtake it.
        case opening([CheckedContinuation<Void, Never>])
        case open
        case over
    }

    private let pool: PostgresPool
    private let isolation: PostgresIsolation
    private let lease = LeaseID()
    private let phase = Mutex(Phase.untouched)

    fileprivate init(pool: PostgresPool, isolation: PostgresIsolation) {
        self.pool = pool
        self.isolation = isolation
    }

    /// What was read by the pool and could not be understood.
    package var unreadable: UnreadableRows { pool.unreadable }

    /// One statement within the transaction. After an error only the rollback can follow.
    @discardableResult
    package func query(_ sql: SQL) async throws -> PostgresResult {
        try await pipeline([sql])[0]
    }

    /// Statements within the transaction, in one round trip. An error fails those after it too.
    @discardableResult
    package func pipeline(_ statements: [SQL]) async throws -> [PostgresResult] {
        guard !statements.isEmpty else { return [] }
        guard try await isOpen() else { return try await begin(statements) }
        return try await pool.submit(statements, part: .continues(lease))
    }

    /// The last statements and `COMMIT` in one round trip. Nothing more may follow in `body`; an error rolls back.
    @discardableResult
    package func commit(after statements: [SQL]) async throws -> [PostgresResult] {
        guard try await isOpen() else {
            let results = try await begin(statements)
            _ = try await end([])
            return results
        }
        return try await end(statements)
    }

    /// Commits, unless `commit(after:)` did so already or there was nothing.
    fileprivate func commit() async throws {
        let isOpen = phase.withLock { phase in
            switch phase {
            case .open: return true
            case .untouched, .opening, .over:
                phase = .over
                return false
            }
        }
        if isOpen { _ = try await end([]) }
    }

    /// A cancelled task must not leave the transaction open, so the rollback cannot be cancelled.
    fileprivate func rollBack() async {
        let wasOpen = phase.withLock { phase in
            defer { phase = .over }
            guard case .open = phase else { return false }
            return true
        }
        guard wasOpen else { return }
        _ = try? await pool.submit(["ROLLBACK"], part: .ends(lease, commits: false), isCancellable: false)
    }

    private func end(_ statements: [SQL]) async throws -> [PostgresResult] {
        let results = try await pool.submit(statements + ["COMMIT"], part: .ends(lease, commits: true))
        phase.withLock { $0 = .over }
        // The server answers so when a statement had failed before and nobody minded.
        guard results.last?.commandTag != "ROLLBACK" else {
            throw PostgresError.transactionFailed(reason: "a statement had failed, so the commit rolled back")
        }
        return results.dropLast()
    }

    /// `BEGIN` and the first statements in one round trip. Whatever comes of them, the transaction then has to be
    /// ended.
    private func begin(_ statements: [SQL]) async throws -> [PostgresResult] {
        defer {
            let waiters = phase.withLock { phase in
                guard case .opening(let waiters) = phase else { return [CheckedContinuation<Void, Never>]() }
                phase = .open
                return waiters
            }
            waiters.forEach { $0.resume() }
        }
        return Array(try await pool.submit([isolation.begin] + statements, part: .begins(lease)).dropFirst())
    }

    /// False for the one caller who has to open it; others wait until that is done. Throws when the transaction is
    /// over.
    private func isOpen() async throws -> Bool {
        while true {
            let answer: Bool? = try phase.withLock { phase in
                switch phase {
                case .over: throw PostgresError.transactionFailed(reason: "the transaction is over")
                case .open: return true
                case .opening: return nil
                case .untouched:
                    phase = .opening([])
                    return false
                }
            }
            if let answer { return answer }
            await withCheckedContinuation { continuation in
                let mustWait = phase.withLock { phase in
                    guard case .opening(let waiters) = phase else { return false }
                    phase = .opening(waiters + [continuation])
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }
}
