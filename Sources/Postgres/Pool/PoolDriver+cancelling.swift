/// How a cancelled task's job ends: taken out of the queue, or cancelled on the server and drained.
extension PoolDriver {
    func cancel(_ job: PostgresJob) {
        for pending in queue.remove(where: { $0.job === job }) { finish(pending, .failure(.cancelled)) }
        for connection in connections.values {
            if connection.leaseQueue.count > 0 {
                for pending in connection.leaseQueue.remove(where: { $0.job === job }) {
                    finish(pending, .failure(.cancelled))
                }
            }
            if connection.headWantsCancel { sendCancel(connection) }
        }
    }

    /// Asks the server to stop what the connection is doing. The request names no statement, so it may hit the one that
    /// follows in the pipeline; that one is then sent again. A job behind the head is cancelled when it gets there.
    func sendCancel(_ connection: PostgresConnection) {
        guard startCancelThread(connection) else { return lost(connection, "too many cancellations at once") }
        connection.headWasCancelled(patience: .seconds(5))
        connection.mayBeHitByCancel = true
        connection.cancelsUnderway += 1
    }

    /// False when there are too many already, as each waits for as long as a frozen server lets it, or when the process may
    /// have no more threads.
    func startCancelThread(_ connection: PostgresConnection) -> Bool {
        guard cancelThreads < max(4, configuration.connections), let handle = connection.link.cancelHandle() else {
            return false
        }
        let (mailbox, id) = (mailbox, connection.id)
        do throws(PostgresError) {
            try BlockingThread.start("postgres-cancel") {
                handle.cancel()
                mailbox.post(.cancelDelivered(connection: id))
            }
        } catch {
            return false
        }
        cancelThreads += 1
        return true
    }

    func cancelDelivered(_ id: Int) {
        cancelThreads -= 1
        guard let connection = connections[id] else { return }
        connection.cancelsUnderway -= 1
        // It was kept from new jobs until now, lest they be hit.
        if connection.isEmpty, connection.lease == nil { emptied(connection) }
    }
}
