import Logging

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
