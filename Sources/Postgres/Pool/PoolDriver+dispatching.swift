import Synchronization

/// How jobs get onto connections.
extension PoolDriver {
    func accept(_ job: PostgresJob, _ completion: @escaping JobCompletion) {
        var expires = job.created.after(nanoseconds: acquireTimeout_nanoseconds)
        if let wanted = job.expires { expires = min(expires, wanted) }
        let pending = PendingJob(job: job, completion: completion, queueExpires: expires)
        if job.isCancelled.load(ordering: .relaxed) { return finish(pending, .failure(.cancelled)) }
        if let lease = job.lease { return accept(pending, of: lease) }
        if closesAt != nil { return finish(pending, .failure(.closed)) }
        if let problem = connecting.misconfiguration { return finish(pending, .failure(problem)) }
        guard queue.count < configuration.waitingMax else {
            metrics.jobRefused()
            return finish(pending, .failure(.overloaded))
        }
        queue.append(pending)
    }

    /// Gives waiting jobs to free connections. A connection takes its share of the jobs that wait, so that with more
    /// jobs than connections several travel in one pipeline; a transaction, and a job with a deadline of its own, gets
    /// a connection alone.
    func dispatch() {
        while let head = queue.head {
            guard !head.isFinished else {
                _ = queue.popFirst()
                continue
            }
            guard let id = idle.popLast() else { return }
            guard let connection = connections[id] else { continue }
            let share = (queue.count + poolConnectionCount - 1) / max(1, poolConnectionCount)
            var room = head.isExclusive ? 1 : max(1, min(configuration.pipelineMax, share))
            guard connection.sendHousekeeping() else { return lost(connection, connection.link.errorMessage) }
            while room > 0, let next = queue.head, connection.isEmpty || !next.isExclusive {
                _ = queue.popFirst()
                guard !next.isFinished else { continue }
                guard send(next, on: connection) else { break }
                if next.isExclusive { break }
                room -= 1
            }
            flush(connection)
        }
    }

    /// False when the connection is lost; the job then waits for another one.
    private func send(_ pending: PendingJob, on connection: PostgresConnection) -> Bool {
        if case .begins(let lease) = pending.job.part {
            leases[lease] = connection.id
            connection.lease = lease
        }
        guard connection.send(.job(pending), pending.job.statements) else {
            if let lease = connection.lease { leases[lease] = nil }
            connection.lease = nil
            retry(pending)
            lost(connection, connection.link.errorMessage)
            return false
        }
        metrics.jobSent(waitedNanoseconds: .now - pending.job.created)
        return true
    }

    /// Queues a job again of which the server has certainly done nothing.
    func retry(_ pending: PendingJob) {
        pending.attempts += 1
        if pending.job.isCancelled.load(ordering: .relaxed) { return finish(pending, .failure(.cancelled)) }
        pending.queueExpires = MonotonicTime.now.after(nanoseconds: acquireTimeout_nanoseconds)
        if let expires = pending.job.expires { pending.queueExpires = min(pending.queueExpires, expires) }
        queue.prepend(pending)
    }

    func flush(_ connection: PostgresConnection) {
        switch connection.link.flush() {
        case .failed: lost(connection, connection.link.errorMessage)
        case .done: watchWrites(connection, false)
        case .blocked: watchWrites(connection, true)
        }
    }

    private func watchWrites(_ connection: PostgresConnection, _ writes: Bool) {
        guard connection.watchesWrites != writes else { return }
        connection.watchesWrites = writes
        poller.watch(connection.link.socket, id: connection.id, writes: writes)
    }

    func finish(_ pending: PendingJob, _ result: Result<[PostgresResult], PostgresError>) {
        metrics.jobFinished(nanoseconds: .now - pending.job.created)
        pending.finish(result)
    }
}

// MARK: - Transactions

extension PoolDriver {
    private func accept(_ pending: PendingJob, of lease: LeaseID) {
        guard let id = leases[lease], let connection = connections[id] else {
            // Its connection died, and with it all that the transaction did.
            if case .ends(_, commits: false) = pending.job.part { return finish(pending, .success([])) }
            return finish(
                pending,
                .failure(.connectionLost(outcomeUnknown: false, reason: "the transaction's connection is gone")))
        }
        guard connection.isEmpty else { return connection.leaseQueue.append(pending) }
        sendWithinLease(pending, on: connection)
    }

    func sendNextOfLease(_ connection: PostgresConnection) {
        while connection.isEmpty, let next = connection.leaseQueue.popFirst() {
            if !next.isFinished { sendWithinLease(next, on: connection) }
        }
    }

    private func sendWithinLease(_ pending: PendingJob, on connection: PostgresConnection) {
        guard connection.send(.job(pending), pending.job.statements) else {
            let reason = connection.link.errorMessage
            finish(pending, .failure(.connectionLost(outcomeUnknown: false, reason: reason)))
            return lost(connection, reason)
        }
        flush(connection)
    }
}
