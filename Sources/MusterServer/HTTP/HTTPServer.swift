import Glibc
import IncidentDomain
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The listening socket and its connections: NIO's HTTP/1 parser, our `HTTPConnection` and the dispatcher.
struct HTTPServer: Service {
    let configuration: ServerConfiguration.HTTP
    let dispatcher: CurrentDispatcher
    let logger: Logger
    /// A listening socket that the service manager handed over, in place of the configured address. Closing our end of it
    /// refuses nobody: who connects meanwhile waits for our successor.
    var inherited: CInt?
    /// How long a stop waits for a request on a connection that is silent: longer than a request travels.
    var farewell: Duration = .seconds(1)
    /// Called once, when connections are accepted, with the address that is listened on.
    let onListening: @Sendable (String) async -> Void

    /// The kernel takes as much of it as `net.core.somaxconn` allows (4,096 on Linux). Who comes when it is full is not told,
    /// and tries again after a second.
    private static let backlog: Int32 = 65_535
    private static let acceptedAtOnce: UInt = 64
    /// Linux takes twice as much.
    private static let kernelBufferBytes: SocketOptionValue = 65_536

    /// The threads that all connections live on.
    static var loops: MultiThreadedEventLoopGroup { .singleton }
    /// Accepts, and carries out nothing, so that nobody new waits in the kernel while the loops have much to do. It is also the
    /// clock of `LoopMonitor`.
    static let acceptors = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Serves until it is asked to stop, and then until the last connection has ended.
    func run() async throws {
        let settings = ConnectionSettings(configuration, dispatcher: dispatcher, farewell: farewell)
        let count = ConnectionCount(max: configuration.connectionsMax)
        let tables = ConnectionTables(settings: settings, count: count)
        await tables.forEach { $0.watch(on: $1) }
        let channel = try await bind(bootstrap(settings, tables))
        let stopped = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await onListening(Self.text(channel.localAddress))
                for await _ in stopped.stream {}
                await count.untilEmpty()
            } onGracefulShutdown: {
                settings.isStopping.set()
                tables.stop(channel).whenComplete { _ in stopped.continuation.finish() }
            }
        } onCancel: {
            // The grace is over.
            channel.close(promise: nil)
            stopped.continuation.finish()
            tables.forEachSoon { $0.closeAll() }
        }
        await tables.forEach { table, _ in table.end() }
    }

    private func bootstrap(_ settings: ConnectionSettings, _ tables: ConnectionTables) -> ServerBootstrap {
        let logger = logger
        let limits = NIOHTTPDecoderLimitConfiguration.limits
        return ServerBootstrap(group: Self.acceptors, childGroup: Self.loops)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.maxMessagesPerRead, value: Self.acceptedAtOnce)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Accepted sockets have the listening one's. Without a limit the kernel keeps megabytes for each client that does
            // not read, or that sends while it has to wait.
            .serverChannelOption(.socketOption(.so_sndbuf), value: Self.kernelBufferBytes)
            .serverChannelOption(.socketOption(.so_rcvbuf), value: Self.kernelBufferBytes)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1_024, initial: 2_048, maximum: ConnectionSettings.readBytesMax)
            )
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    Self.keepFromPrograms(channel)
                    let faults = AcceptFaults(logger: logger) { tables.forEachSoon { $0.makeRoom() } }
                    try channel.pipeline.syncOperations.addHandler(faults)
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    Self.keepFromPrograms(channel)
                    let connection = HTTPConnection(settings: settings, table: tables.table(of: channel.eventLoop))
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([
                        ArrivingBytes(connection),
                        ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)),
                        connection,
                    ])
                }
            }
    }

    private func bind(_ bootstrap: ServerBootstrap) async throws -> any Channel {
        if let inherited {
            // An end of our own, so that the one we were given stays what it is.
            return try await bootstrap.withBoundSocket(fcntl(inherited, F_DUPFD_CLOEXEC, 0)).get()
        }
        switch configuration.listen {
        case .tcp(let host, let port): return try await bootstrap.bind(host: host, port: port).get()
        case .unix(let path):
            return try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        }
    }

    /// NIO opens and accepts sockets that programs we start would inherit: as long as one of them lived, closing a connection
    /// here would not close it for its client, and after a stop clients would still connect, and wait for nothing.
    private static func keepFromPrograms(_ channel: any Channel) {
        _ = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            fcntl($0, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address else { return "" }
        guard let host = address.ipAddress, let port = address.port else { return "unix:\(address.pathname ?? "")" }
        return ListenAddress.tcp(host: host, port: port).description
    }
}

extension NIOHTTPDecoderLimitConfiguration {
    fileprivate static var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 * 1024
        limits.maxHeaderListSize = 64 * 1024
        limits.maxHeaderFieldCount = 100
        return limits
    }
}

/// Tells the connection how many bytes come, before they are parsed.
private final class ArrivingBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.received(Self.unwrapInboundIn(data).readableBytes) { context.fireChannelRead(data) }
    }
}

/// The table of each loop.
private struct ConnectionTables: Sendable {
    private let tables: [ObjectIdentifier: NIOLoopBoundBox<ConnectionTable>]

    init(settings: ConnectionSettings, count: ConnectionCount) {
        var tables: [ObjectIdentifier: NIOLoopBoundBox<ConnectionTable>] = [:]
        for loop in HTTPServer.loops.makeIterator() {
            tables[ObjectIdentifier(loop)] = NIOLoopBoundBox.makeBoxSendingValue(
                ConnectionTable(loop: loop, settings: settings, count: count), eventLoop: loop)
        }
        self.tables = tables
        let all = self
        for loop in HTTPServer.loops.makeIterator() {
            loop.execute {
                all.table(of: loop).makeRoomElsewhere = { most in
                    all.forEachSoon(besides: loop) { $0.makeRoomForOthers(most) }
                }
            }
        }
    }

    /// Only on that loop.
    func table(of loop: any EventLoop) -> ConnectionTable {
        guard let table = tables[ObjectIdentifier(loop)] else {
            preconditionFailure("a connection lives on a loop of ours")
        }
        return table.value
    }

    func forEach(_ work: @escaping @Sendable (ConnectionTable, any EventLoop) -> Void) async {
        for loop in HTTPServer.loops.makeIterator() {
            try? await loop.submit { work(table(of: loop), loop) }.get()
        }
    }

    func forEachSoon(
        besides own: (any EventLoop)? = nil, _ work: @escaping @Sendable (ConnectionTable) -> Void
    ) {
        for loop in HTTPServer.loops.makeIterator() where loop !== own { loop.execute { work(table(of: loop)) } }
    }

    /// Accepts no more, waits until every connection that was accepted has been handed over, closes the listening socket and
    /// tells the connections. One that is still on its way when its listening socket closes would be dropped.
    ///
    /// All of it happens on the loops: who connects meanwhile waits in the kernel, and must not wait for Swift's pool.
    func stop(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.setOption(.autoRead, value: false)
            .flatMap { visitLoops(from: channel) }
            .flatMap { channel.close() }
            .flatMapError { _ in channel.eventLoop.makeSucceededVoidFuture() }
            .flatMap { visitLoops(from: channel) }
            .map { forEachSoon { $0.quiesce() } }
    }

    /// After all that was waiting in any loop. A connection goes to its own loop and back twice: once for its options, once
    /// for its handlers.
    private func visitLoops(from channel: any Channel) -> EventLoopFuture<Void> {
        (0..<2).reduce(channel.eventLoop.makeSucceededVoidFuture()) { before, _ in
            before.flatMap {
                .andAllSucceed(HTTPServer.loops.makeIterator().map { $0.submit {} }, on: channel.eventLoop)
            }
        }
    }
}

/// Set once, when the daemon begins to stop.
final class StopFlag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() {
        value.store(true, ordering: .relaxed)
    }
}

/// The dispatcher that new requests go to. A reload puts another in its place; requests that are being served end with
/// the one they began with.
final class CurrentDispatcher: Sendable {
    private final class Box: Sendable {
        let dispatcher: Dispatcher

        init(_ dispatcher: Dispatcher) {
            self.dispatcher = dispatcher
        }
    }

    private let box: Mutex<Box>

    init(_ dispatcher: Dispatcher) {
        box = Mutex(Box(dispatcher))
    }

    var value: Dispatcher {
        box.withLock { $0 }.dispatcher
    }

    /// The newest dispatcher, with one more request handed over to it; `begun` has to get it back. Whoever replaces the
    /// dispatcher sees every request of the one before counted.
    func begin() -> Dispatcher {
        while true {
            let dispatcher = value
            dispatcher.begun.add(1)
            if value.begun === dispatcher.begun { return dispatcher }
            dispatcher.begun.give(1)
        }
    }

    /// - Returns: The one before.
    func replace(with dispatcher: Dispatcher) -> Dispatcher {
        let new = Box(dispatcher)
        return box.withLock { box in
            defer { box = new }
            return box.dispatcher
        }
    }
}

/// Says in the log why connections are not accepted, and lets them wait in the kernel for a while. NIO would try again at once,
/// and without end: where accepting fails, it goes on reading whatever its own `AcceptBackoffHandler` says.
final class AcceptFaults: ChannelInboundHandler {
    typealias InboundIn = Channel

    private let logger: Logger
    private let refused = Counter(label: "muster_http_accept_failures")
    private let pause: TimeAmount
    private let makeRoom: @Sendable () -> Void
    private var quietUntil = NIODeadline.uptimeNanoseconds(0)
    private var isPaused = false

    /// What keeps every connection out. Others concern one, as when a client has gone before it was accepted.
    private static let shortages = [EMFILE, ENFILE, ENOBUFS, ENOMEM]
    /// Between two lines.
    private static let quiet: TimeAmount = .seconds(10)

    /// - Parameters:
    ///   - pause: Between two attempts.
    ///   - makeRoom: Called when descriptors are short.
    init(
        logger: Logger, pause: TimeAmount = .milliseconds(500), makeRoom: @escaping @Sendable () -> Void = {}
    ) {
        self.makeRoom = makeRoom
        self.logger = logger
        self.pause = pause
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let fault = error as? IOError, Self.shortages.contains(fault.errnoCode) {
            tell(fault)
            makeRoom()
            if !isPaused { waitAWhile(context) }
        }
        context.fireErrorCaught(error)
    }

    private func waitAWhile(_ context: ChannelHandlerContext) {
        let channel = context.channel
        guard let options = channel.syncOptions, (try? options.setOption(.autoRead, value: false)) != nil else {
            return
        }
        isPaused = true
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isPaused = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    /// Counts it, and logs it unless that was just done.
    func tell(_ fault: IOError) {
        refused.increment()
        guard NIODeadline.now() >= quietUntil else { return }
        quietUntil = .now() + Self.quiet
        switch fault.errnoCode {
        case EMFILE:
            logger.error(
                "cannot accept connections: all file descriptors are in use; raise LimitNOFILE= or lower http.connections_max"
            )
        case ENFILE:
            logger.error("cannot accept connections: the machine has no file descriptors left")
        default:
            logger.error("cannot accept connections", metadata: ["error": .string("\(fault)")])
        }
    }
}
