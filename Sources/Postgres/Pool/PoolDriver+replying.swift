import Logging
import Synchronization

/// What follows from the server's replies.
extension PoolDriver {
    func read(_ connection: PostgresConnection) {
        let problem = connection.receive { action in
            switch action {
            case .succeeded(let unit, let values): succeeded(unit, values, on: connection)
            case .failed(let unit, let error, _): failed(unit, error, on: connection)
            case .forget, .broken: break
            }
        }
        if let problem { return lost(connection, problem) }
        if case .listener(let id) = connection.purpose { return readNotifications(connection, listener: id) }
        if connection.isEmpty {
            emptied(connection)
        } else if connection.headWantsCancel {
            sendCancel(connection)
        }
    }

    private func succeeded(_ unit: PostgresConnection.Unit, _ values: [ResultHandle], on connection: PostgresConnection)
    {
        switch unit {
        case .job(let pending):
            released(pending.job, connection)
            // A second try began with a rollback, which nobody asked for.
            finish(pending, .success(values.suffix(pending.job.statements.count).map(PostgresResult.init)))
        case .listen: listens(connection)
        case .check, .housekeeping: break
        }
    }

    private func failed(
        _ unit: PostgresConnection.Unit, _ error: PostgresServerError, on connection: PostgresConnection
    ) {
        switch unit {
        case .job(let pending): failed(pending, error, on: connection)
        case .listen, .check:
            logger.warning("listening failed", metadata: ["error": "\(error)"])
            connection.isRetiring = true
        case .housekeeping: break
        }
    }

    /// A failed unit has done nothing: its implicit transaction was rolled back. So what is not the statement's own
    /// fault may be tried again, once; within a transaction only its first part may, as nobody has seen a result of it
    /// yet.
    private func failed(_ pending: PendingJob, _ error: PostgresServerError, on connection: PostgresConnection) {
        let isFirstTry = pending.attempts == 0
        let isCancelled = pending.job.isCancelled.load(ordering: .relaxed)
        if error.isAboutPreparedStatements {
            connection.forgetStatements(of: error.sqlState == "26000" ? pending.job : nil)
        }
        // After a switchover the connection leads to what has become a standby; another one will find the new primary.
        let isDemoted = error.sqlState == "25006" && connecting.parameters?.wantsWritable == true
        if isDemoted { connection.isRetiring = true }
        let isOthersFault =
            error.isAboutPreparedStatements || isDemoted || error.sqlState == "57014" && connection.mayBeHitByCancel
        guard isFirstTry, isOthersFault, !isCancelled else {
            released(pending.job, connection, failed: true)
            let cancelled = isCancelled && error.sqlState == "57014"
            return finish(pending, .failure(cancelled ? .cancelled : .server(error)))
        }
        switch pending.job.part {
        case .alone: retry(pending)
        case .begins where error.isAboutPreparedStatements && closesAt == nil:
            pending.attempts += 1
            if !connection.send(.job(pending), ["ROLLBACK"] + pending.job.statements) {
                connection.isRetiring = true
                finish(pending, .failure(.server(error)))
            }
        case .begins, .continues, .ends:
            released(pending.job, connection, failed: true)
            finish(pending, .failure(.server(error)))
        }
    }

    /// Frees the connection when the job was the end of a transaction. A `COMMIT` that failed is not: a `ROLLBACK` will
    /// follow.
    private func released(_ job: PostgresJob, _ connection: PostgresConnection, failed: Bool = false) {
        guard case .ends(let lease, let commits) = job.part, !(failed && commits) else { return }
        leases[lease] = nil
        connection.lease = nil
    }

    /// Nothing is in flight: the connection goes on with its transaction, to the idle ones, or away.
    func emptied(_ connection: PostgresConnection) {
        if connection.lease != nil {
            sendNextOfLease(connection)
            return
        }
        guard connection.cancelsUnderway == 0 else { return }
        connection.mayBeHitByCancel = false
        guard !connection.isRetiring else { return closeQuietly(connection) }
        guard connection.link.isOutsideTransaction else {
            logger.error(
                "a statement outside of PostgresPool.transaction left a transaction open; its connection is closed")
            return closeQuietly(connection)
        }
        guard closesAt == nil || !queue.isEmpty else { return closeQuietly(connection) }
        idle.append(connection.id)
    }
}

extension PostgresServerError {
    /// The plan that the server kept no longer fits (the function that says so is named, as the message may be
    /// translated), or it has lost the statement, as after `DISCARD ALL` or behind a pooler.
    fileprivate var isAboutPreparedStatements: Bool {
        sqlState == "26000" || sqlState == "0A000" && sourceFunction == "RevalidateCachedQuery"
    }
}
