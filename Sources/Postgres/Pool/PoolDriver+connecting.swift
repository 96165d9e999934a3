import Logging

/// Where connections come from and where they go.
extension PoolDriver {
    /// What the driver knows about reaching the server.
    struct Connecting {
        let parameters: ConnectionParameters?
        let misconfiguration: PostgresError?
        /// Connections that helper threads are opening for the pool.
        var underway = 0
        /// No attempt before this.
        var notBefore = MonotonicTime(nanoseconds: 0)
        var backoff = Backoff(min: .zero, max: .zero)
        var lastFailure: String?
        /// Which host to try first: moves on when one of them stopped answering, lest a zombie be chosen again and
        /// again.
        var firstHost = 0

        init() {
            self.parameters = nil
            self.misconfiguration = .closed
        }

        init(_ configuration: PostgresConfiguration) {
            self.backoff = Backoff(min: configuration.reconnectDelayMin, max: configuration.reconnectDelayMax)
            do throws(PostgresError) {
                self.parameters = try ConnectionParameters(parsing: configuration.conninfo).limited(by: configuration)
                self.misconfiguration = nil
            } catch {
                self.parameters = nil
                self.misconfiguration = error
            }
        }
    }

    /// When to try again to connect, if there is need.
    var connectTimer: MonotonicTime {
        connecting.backoff.failures > 0 && connecting.underway == 0 && wantedConnections > 0
            ? connecting.notBefore : .distantFuture
    }

    /// Connections are opened when jobs wait for them; while the server is away one at a time asks whether it is back.
    private var wantedConnections: Int {
        let room = configuration.connections - poolConnectionCount - connecting.underway
        let waiting = queue.count - idle.count - connecting.underway
        let warm = isKeptWarm && closesAt == nil && poolConnectionCount + connecting.underway == 0 ? 1 : 0
        return min(room, max(waiting, warm))
    }

    func openConnections() {
        guard connecting.parameters != nil else { return }
        var wanted = wantedConnections
        guard wanted > 0 else { return }
        if connecting.backoff.failures > 0 {
            guard connecting.underway == 0, connecting.notBefore <= .now else { return }
            wanted = 1
        }
        for _ in 0..<wanted {
            connecting.underway += 1
            open(.pool)
        }
    }

    func open(_ purpose: ConnectionPurpose) {
        guard let parameters = connecting.parameters?.rotated(toBeginWith: connecting.firstHost) else { return }
        let mailbox = mailbox
        do throws(PostgresError) {
            try BlockingThread.start("postgres-open") {
                let result: Result<OpenedConnection, PostgresError>
                do throws(PostgresError) {
                    result = .success(OpenedConnection(link: try LibPQConnection.open(parameters.pairs)))
                } catch {
                    result = .failure(error)
                }
                mailbox.post(.opened(purpose, result))
            }
        } catch {
            mailbox.post(.opened(purpose, .failure(error)))
        }
    }

    func opened(_ purpose: ConnectionPurpose, _ result: Result<OpenedConnection, PostgresError>) {
        if purpose == .pool { connecting.underway -= 1 }
        switch result {
        case .failure(let error):
            metrics.connectionFailed()
            // Its own words would say a second time that PostgreSQL is unavailable.
            if case .unavailable(let reason) = error { return failedToOpen(purpose, reason: reason) }
            failedToOpen(purpose, reason: error.description)
        case .success(let opened):
            guard opened.link.enterPipelineMode() else {
                return failedToOpen(purpose, reason: opened.link.errorMessage)
            }
            metrics.connectionOpened()
            let connection = PostgresConnection(
                id: nextConnectionID(), purpose: purpose, link: opened.link,
                configuration: configuration
            )
            adopt(connection)
        }
    }

    private func adopt(_ connection: PostgresConnection) {
        if connecting.backoff.failures > 0 { logger.info("PostgreSQL is reachable again") }
        connecting.backoff.succeeded()
        connecting.lastFailure = nil
        poller.add(connection.link.socket, id: connection.id)
        connections[connection.id] = connection
        switch connection.purpose {
        case .pool: emptied(connection)
        case .listener(let id): listenerConnected(id, connection)
        }
    }

    private func failedToOpen(_ purpose: ConnectionPurpose, reason: String) {
        let wait = connecting.backoff.failed(random: Double.random(in: 0...1))
        let failures = connecting.backoff.failures
        connecting.lastFailure = reason
        connecting.notBefore = .now + wait
        // The first failure, and then ever fewer: an hour's outage should not fill the log.
        if failures & (failures - 1) == 0 {
            logger.warning(
                "cannot connect to PostgreSQL", metadata: ["reason": "\(reason)", "failures": "\(failures)"])
        }
        if case .listener(let id) = purpose { listenerFailed(id) }
    }
}

// MARK: - Closing

extension PoolDriver {
    /// Takes the connection out of everything and tells its jobs. `expired` when it was our own deadline that ended it.
    func lost(_ connection: PostgresConnection, _ reason: String, expired: Bool = false) {
        guard remove(connection) else { return }
        metrics.connectionLost()
        if closesAt == nil { logger.warning("a connection to PostgreSQL was lost", metadata: ["reason": "\(reason)"]) }
        var isHead = true
        for case .job(let pending) in connection.pipeline.units {
            let unknown = pending.job.mayCommit
            if expired && isHead {
                finish(pending, .failure(.deadlineExceeded(outcomeUnknown: unknown)))
            } else {
                finish(pending, .failure(.connectionLost(outcomeUnknown: unknown, reason: reason)))
            }
            isHead = false
        }
        while let pending = connection.leaseQueue.popFirst() {
            finish(pending, .failure(.connectionLost(outcomeUnknown: false, reason: reason)))
        }
        if case .listener(let id) = connection.purpose { listenerLost(id) }
    }

    func closeQuietly(_ connection: PostgresConnection) {
        _ = remove(connection)
        if case .listener(let id) = connection.purpose { listenerLost(id) }
    }

    private func remove(_ connection: PostgresConnection) -> Bool {
        guard connections.removeValue(forKey: connection.id) != nil else { return false }
        poller.remove(connection.link.socket)
        idle.removeAll { $0 == connection.id }
        if let lease = connection.lease { leases[lease] = nil }
        return true
    }

    /// The server has not answered in time. It may be frozen or cut off, so nothing waits for it: the socket is closed,
    /// and another host is tried first, unless it was the job's own short deadline. A server that lives is told to stop
    /// the work.
    func deadlinePassed(_ connection: PostgresConnection) {
        metrics.deadlineExceeded()
        if connection.headHasOwnDeadline {
            _ = startCancelThread(connection)
        } else if let index = connecting.parameters?.index(ofHost: connection.link.host, port: connection.link.port) {
            connecting.firstHost = index + 1
        }
        connection.link.shutDown()
        lost(connection, "no answer before the deadline", expired: true)
    }

    func close(within: Duration) {
        let wanted = MonotonicTime.now + within
        closesAt = min(closesAt ?? .distantFuture, wanted)
        listeners.keys.forEach(stopListening)
        for id in idle { connections[id].map(closeQuietly) }
    }

    /// Nothing is left to do, or no time to do it.
    var isDone: Bool {
        guard let closesAt else { return false }
        return connections.isEmpty && queue.isEmpty || closesAt <= .now
    }

    func giveUpEverything() {
        for connection in connections.values {
            connection.link.shutDown()
            lost(connection, "the pool is closed")
        }
        while let pending = queue.popFirst() { finish(pending, .failure(.closed)) }
    }

    /// What was posted while the driver ended.
    func refuse(_ message: PoolMessage) {
        switch message {
        case .submit(_, let completion): completion(.failure(.closed))
        case .listen(let request): request.continuation.finish()
        case .ask(let answer): answer()
        case .cancel, .opened, .cancelDelivered, .stopListening, .keepWarm, .close: break
        }
    }
}

/// Someone who wants notifications, and the connection that listens for them.
struct Listener {
    let request: ListenerRequest
    var connection: Int?
    var isConnecting = false
    /// When to try again, without a connection.
    var notBefore = MonotonicTime(nanoseconds: 0)
    /// The reader was too slow and something was dropped: it must hear `.reconnected` before anything else.
    var hasMissed = false
}

/// `LISTEN` on connections of their own, which the pool's jobs never use.
extension PoolDriver {
    func listen(_ request: ListenerRequest) {
        guard closesAt == nil, connecting.misconfiguration == nil else { return request.continuation.finish() }
        listeners[request.id] = Listener(request: request)
        connectListener(request.id)
    }

    func stopListening(_ id: Int) {
        guard let listener = listeners.removeValue(forKey: id) else { return }
        listener.request.continuation.finish()
        if let connection = listener.connection.flatMap({ connections[$0] }) { closeQuietly(connection) }
    }

    private func connectListener(_ id: Int) {
        listeners[id]?.isConnecting = true
        open(.listener(id))
    }

    func listenerConnected(_ id: Int, _ connection: PostgresConnection) {
        guard let listener = listeners[id] else { return closeQuietly(connection) }
        listeners[id]?.isConnecting = false
        listeners[id]?.connection = connection.id
        let statements = listener.request.channels.map { SQL(unescaped: "LISTEN \($0.sqlIdentifier)") }
        guard connection.send(.listen, statements) else { return lost(connection, connection.link.errorMessage) }
        flush(connection)
    }

    func listens(_ connection: PostgresConnection) {
        guard case .listener(let id) = connection.purpose else { return }
        tell(id, .reconnected)
    }

    func readNotifications(_ connection: PostgresConnection, listener id: Int) {
        while let notification = connection.link.nextNotification() {
            tell(id, .notified(channel: notification.channel, payload: notification.payload))
        }
        if connection.isRetiring, connection.isEmpty { closeQuietly(connection) }
    }

    private func tell(_ id: Int, _ notification: PostgresNotification) {
        guard let listener = listeners[id] else { return }
        let stream = listener.request.continuation
        if listener.hasMissed {
            guard case .enqueued = stream.yield(.reconnected) else { return }
            listeners[id]?.hasMissed = false
        }
        if case .dropped = stream.yield(notification) { listeners[id]?.hasMissed = true }
    }

    func listenerLost(_ id: Int) {
        listeners[id]?.connection = nil
        listeners[id]?.notBefore = .now + configuration.reconnectDelayMin
    }

    func listenerFailed(_ id: Int) {
        listeners[id]?.isConnecting = false
        listeners[id]?.notBefore = connecting.notBefore
    }

    func timer(of listener: Listener) -> MonotonicTime {
        guard !listener.isConnecting else { return .distantFuture }
        guard let connection = listener.connection.flatMap({ connections[$0] }) else { return listener.notBefore }
        return connection.isEmpty ? connection.lastReply + configuration.listenerCheckInterval : .distantFuture
    }

    /// Connects again, or asks a quiet connection whether it lives: a server that is gone without a goodbye says
    /// nothing.
    func wake(_ listener: Listener) {
        guard let connection = listener.connection.flatMap({ connections[$0] }) else {
            return connectListener(listener.request.id)
        }
        guard connection.sendPlain(.check, "SELECT 1") else { return lost(connection, connection.link.errorMessage) }
        flush(connection)
    }
}
