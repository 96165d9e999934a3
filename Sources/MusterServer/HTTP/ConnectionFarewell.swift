import HTTPTypes
import NIOCore
import NIOExtras
import NIOHTTPTypes

/// Ends a connection, when the daemon stops, so that no request is lost on it.
///
/// A request may be on its way on a connection that is open and silent; closing it at once would lose that request, and
/// a client may not repeat a write. So a silent connection gets a little time: a request that comes is answered, with
/// `Connection: close`, and only one that stays silent is closed.
final class ConnectionFarewell: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let patience: TimeAmount
    private var requests = 0
    /// Whether an answer is being written that did not say that the connection will be closed.
    private var isAnsweringUnannounced = false
    private var isWaiting = false
    private var timeout: Scheduled<Void>?

    init(patience: Duration) {
        self.patience = TimeAmount(patience)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent, requests == 0 || isAnsweringUnannounced else {
            return context.fireUserInboundEventTriggered(event)
        }
        isWaiting = true
        if requests == 0 { startTimeout(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let isHead = if case .head = unwrapInboundIn(data) { true } else { false }
        if isHead { requests += 1 }
        context.fireChannelRead(data)
        // With a request under way this closes after its answer.
        if isHead, isWaiting, !isAnsweringUnannounced { end(context) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var isEnd = false
        switch unwrapOutboundIn(data) {
        case .head(let head): isAnsweringUnannounced = head.headerFields[.connection] != "close"
        case .body: break
        case .end:
            requests -= 1
            isAnsweringUnannounced = false
            isEnd = true
        }
        context.write(data, promise: promise)
        if isEnd, isWaiting { startTimeout(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeout?.cancel()
        timeout = nil
    }

    private func startTimeout(_ context: ChannelHandlerContext) {
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.end(context) }
    }

    private func end(_ context: ChannelHandlerContext) {
        isWaiting = false
        timeout?.cancel()
        timeout = nil
        context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
