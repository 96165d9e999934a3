import Glibc
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

/// Accepts connections: on an address, or on a socket that the service manager opened before us and keeps.
///
/// Hummingbird's own server takes addresses only; this one does the same beside, with the same connections.
struct Listener: Sendable {
    /// Where connections come from.
    enum Place: Sendable {
        case address(ListenAddress)
        /// A listening socket. Closing our end of it refuses nobody: who connects meanwhile waits for our successor.
        case inherited(CInt)
    }

    let place: Place
    let connectionsMax: Int
    let connection: LoopBoundChannel
    let logger: Logger

    private static let backlog: Int32 = 1_024

    /// Serves until it is asked to stop, and then until the last connection has ended.
    ///
    /// - Parameter onStopping: Called before any connection is told.
    func run(
        onListening: @Sendable (SocketAddress?) async -> Void, onStopping: @escaping @Sendable () -> Void
    ) async throws {
        let quiescing = ServerQuiescingHelper(group: Self.loops)
        let listening = try await bind(bootstrap(quiescing))
        try await withGracefulShutdownHandler {
            await onListening(listening.channel.localAddress)
            try await withThrowingDiscardingTaskGroup { group in
                try await listening.executeThenClose { inbound in
                    for try await accepted in inbound {
                        group.addTask { await connection.handle(value: accepted, logger: logger) }
                    }
                }
            }
        } onGracefulShutdown: {
            onStopping()
            Self.stopAccepting(listening.channel).whenComplete { _ in quiescing.initiateShutdown(promise: nil) }
        }
    }

    /// Accepts no more, and waits until every connection that was accepted has been handed over.
    ///
    /// One that is still on its way when its listening socket closes would be dropped: its client would wait for
    /// nothing, or NIO end the process.
    private static func stopAccepting(_ channel: any Channel) -> EventLoopFuture<Void> {
        // A connection goes to its own loop and back twice: once for its options, once for its handlers.
        channel.setOption(.autoRead, value: false).flatMap { visitLoops(from: channel) }
            .flatMap { visitLoops(from: channel) }
    }

    /// Returns after all that was waiting in any loop.
    private static func visitLoops(from channel: any Channel) -> EventLoopFuture<Void> {
        .andAllSucceed(loops.makeIterator().map { loop in loop.submit {} }, on: channel.eventLoop)
    }

    /// The threads that all connections live on.
    static var loops: MultiThreadedEventLoopGroup { .singleton }

    private func bootstrap(_ quiescing: ServerQuiescingHelper) -> ServerBootstrap {
        let (connectionsMax, logger) = (connectionsMax, logger)
        return ServerBootstrap(group: Self.loops)
            .serverChannelOption(ChannelOptions.backlog, value: Self.backlog)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AcceptFaults(logger: logger))
                    try pipeline.addHandler(AvailableConnectionsChannelHandler(maxConnections: connectionsMax))
                    try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
    }

    private func bind(_ bootstrap: ServerBootstrap) async throws -> NIOAsyncChannel<HTTP1Channel.Value, Never> {
        let setUp: @Sendable (any Channel) -> EventLoopFuture<HTTP1Channel.Value> = { channel in
            Self.keepFromPrograms(channel)
            return connection.setup(channel: channel, logger: logger)
        }
        switch place {
        case .address(.tcp(let host, let port)):
            return try await bootstrap.bind(host: host, port: port, childChannelInitializer: setUp)
        case .address(.unix(let path)):
            return try await bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true, childChannelInitializer: setUp)
        case .inherited(let descriptor):
            // An end of our own, so that the one we were given stays what it is.
            let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            return try await bootstrap.bind(own, childChannelInitializer: setUp)
        }
    }

    /// NIO accepts sockets that programs we start would inherit: as long as one of them lived, closing the connection
    /// here would not close it for its client.
    private static func keepFromPrograms(_ channel: any Channel) {
        _ = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            fcntl($0, F_SETFD, FD_CLOEXEC)
        }
    }
}
