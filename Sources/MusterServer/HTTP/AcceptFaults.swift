import Glibc
import Logging
import Metrics
import NIOCore

/// Says in the log why connections are not accepted. They wait in the kernel meanwhile, and NIO tries again every second.
final class AcceptFaults: ChannelInboundHandler {
    typealias InboundIn = Channel

    private let logger: Logger
    private let refused = Counter(label: "muster_http_accept_failures")
    private var quietUntil = NIODeadline.uptimeNanoseconds(0)

    /// Between two lines.
    private static let quiet: TimeAmount = .seconds(10)

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tell(error)
        context.fireErrorCaught(error)
    }

    /// Counts it, and logs it unless that was just done.
    func tell(_ error: any Error) {
        refused.increment()
        guard let fault = error as? IOError, NIODeadline.now() >= quietUntil else { return }
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
