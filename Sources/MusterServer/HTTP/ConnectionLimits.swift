import NIOCore
import NIOHTTPTypes

/// Bounds in time and bytes how long a connection may take to send one request's body, whether a route reads it or it
/// is thrown away after a refusal. (A connection that sends nothing or half a head is closed by the idle timeout.)
///
/// A request that arrives whole, as nearly all do, costs no timer: one is set only when reading pauses within a body.
final class ConnectionLimits: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let bodyTimeout: TimeAmount
    private let bodyBytesMax: Int
    private var isReadingBody = false
    private var bodyBytes = 0
    private var timeout: Scheduled<Void>?

    /// - Parameter bodyBytesMax: Beyond it the connection is closed without an answer; a multiple of what a request may
    ///   have, so that honest clients get their 413.
    init(bodyTimeout: Duration, bodyBytesMax: Int) {
        self.bodyTimeout = TimeAmount(bodyTimeout)
        self.bodyBytesMax = bodyBytesMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReadingBody = true
            bodyBytes = 0
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            guard bodyBytes <= bodyBytesMax else {
                context.close(promise: nil)
                return
            }
        case .end:
            isReadingBody = false
            timeout?.cancel()
            timeout = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReadingBody, timeout == nil {
            timeout = context.eventLoop.assumeIsolated().scheduleTask(in: bodyTimeout) {
                context.close(promise: nil)
            }
        }
        context.fireChannelReadComplete()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeout?.cancel()
        timeout = nil
    }
}
