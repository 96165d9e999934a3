import NIOCore
import NIOHTTP1
import NIOPosix

/// What SwiftNIO alone costs: gathers a body and answers 200 with as many bytes as the daemon's `/healthz`. `edge.py` measures
/// the daemon beside it. Takes the port as its argument.
private final class BareHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let answer = ByteBuffer(string: #"{"status":"ok"}"#)
    private var body = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            let headers = HTTPHeaders([
                ("Content-Type", "application/json"), ("Content-Length", "\(Self.answer.readableBytes)"),
            ])
            context.write(
                Self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))),
                promise: nil)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(Self.answer))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .serverChannelOption(.backlog, value: 1024)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
            try channel.pipeline.syncOperations.addHandler(BareHandler())
        }
    }
    .bind(host: "127.0.0.1", port: Int(CommandLine.arguments.last ?? "") ?? 0).get()
try await channel.closeFuture.get()
