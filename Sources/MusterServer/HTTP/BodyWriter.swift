import NIOCore

/// Where a streamed answer is written to.
protocol BodyWriter: Sendable {
    /// Sends a piece; returns when the client has taken it, so that no more waits than this.
    ///
    /// - Throws: `ChannelError` when the client has gone, or has not read for `http.write_timeout_seconds`.
    func write(_ bytes: ByteBuffer) async throws
}

struct StreamWriter: BodyWriter {
    private let connection: NIOLoopBound<HTTPConnection>
    private let loop: any EventLoop

    init(_ connection: HTTPConnection, loop: any EventLoop) {
        self.connection = NIOLoopBound(connection, eventLoop: loop)
        self.loop = loop
    }

    func write(_ bytes: ByteBuffer) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            onLoop { $0.sendPiece(bytes, done) }
        }
    }

    func finish() {
        onLoop { $0.finishStream() }
    }

    func abandon() {
        onLoop { $0.closeAtOnce() }
    }

    private func onLoop(_ work: @escaping @Sendable (HTTPConnection) -> Void) {
        if loop.inEventLoop {
            work(connection.value)
        } else {
            loop.execute { [connection] in work(connection.value) }
        }
    }
}
