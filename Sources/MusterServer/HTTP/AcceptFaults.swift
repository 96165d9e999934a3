import Glibc
import Logging
import Metrics
import NIOCore

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
                "no connection can be accepted, as every file descriptor is used: raise LimitNOFILE= or lower http.connections_max"
            )
        case ENFILE:
            logger.error("no connection can be accepted, as the machine has no file descriptor left")
        default:
            logger.error("no connection can be accepted", metadata: ["error": .string("\(fault)")])
        }
    }
}
