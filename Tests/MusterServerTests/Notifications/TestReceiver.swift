import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A receiver of webhooks on the loopback interface, which keeps what it was sent.
final class TestReceiver: Sendable {
    struct Message: Sendable {
        let head: HTTPRequestHead
        let body: String

        var id: String { head.headers.first(name: "webhook-id") ?? "" }
    }

    enum Reply: Sendable {
        case status(Int, headers: [(String, String)] = [], body: String = "")
        /// Says that more comes than ever does.
        case begins(String)
        case nothing

        static let ok = Reply.status(200)
    }

    let port: Int
    private let log: MessageLog

    var messages: [Message] { log.messages.withLock { $0 } }

    private init(_ port: Int, _ log: MessageLog) {
        self.port = port
        self.log = log
    }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    static func with<T>(
        _ answer: @escaping @Sendable (Message) -> Reply = { _ in .ok }, _ body: (TestReceiver) async throws -> T
    ) async throws -> T {
        let log = MessageLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ReceiverHandler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let value = try await body(TestReceiver(channel.localAddress?.port ?? 0, log))
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }
}

private final class MessageLog: Sendable {
    let messages = Mutex<[TestReceiver.Message]>([])
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: MessageLog
    private let answer: @Sendable (TestReceiver.Message) -> TestReceiver.Reply
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(log: MessageLog, answer: @escaping @Sendable (TestReceiver.Message) -> TestReceiver.Reply) {
        self.log = log
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let message = TestReceiver.Message(head: head, body: String(buffer: body))
            log.messages.withLock { $0.append(message) }
            reply(answer(message), context)
        }
    }

    private func reply(_ reply: TestReceiver.Reply, _ context: ChannelHandlerContext) {
        let (status, fields, text, length): (Int, [(String, String)], String, Int)
        switch reply {
        case .nothing: return
        case .status(let code, let headers, let body):
            (status, fields, text, length) = (code, headers, body, body.utf8.count)
        case .begins(let body): (status, fields, text, length) = (200, [], body, body.utf8.count + 1_000)
        }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status),
            headers: HTTPHeaders(fields + [("Content-Length", "\(length)")]))
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        guard text.utf8.count == length else { return }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
