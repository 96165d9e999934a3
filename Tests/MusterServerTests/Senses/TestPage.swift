import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

@testable import MusterServer

/// A small server on the loopback interface, for probes to look at.
final class TestPage: Sendable {
    /// What it answers; nil stands for never.
    struct Reply: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = "ok"
    }

    let port: Int
    private let channel: any Channel
    private let requests: RequestLog

    var url: String { "http://127.0.0.1:\(port)/" }

    /// What was asked so far.
    var asked: [HTTPRequestHead] { requests.heads.withLock { $0 } }

    private init(_ channel: any Channel, _ requests: RequestLog) throws {
        self.channel = channel
        self.requests = requests
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        self.port = port
    }

    /// Runs `body` with a server that speaks HTTP.
    static func with<T>(
        tls: NIOSSLContext? = nil, _ answer: @escaping @Sendable (HTTPRequestHead) -> Reply? = { _ in Reply() },
        _ body: (TestPage) async throws -> T
    ) async throws -> T {
        let requests = RequestLog()
        return try await with(requests, body) { channel in
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(PageHandler(requests: requests, answer: answer))
        }
    }

    /// Runs `body` with a server that says something to whoever connects, and then nothing more.
    static func with<T>(saying text: String, _ body: (TestPage) async throws -> T) async throws -> T {
        try await with(RequestLog(), body) { channel in
            try channel.pipeline.syncOperations.addHandler(GreetingHandler(text: text))
        }
    }

    private static func with<T>(
        _ requests: RequestLog, _ body: (TestPage) async throws -> T,
        prepare: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> T {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try prepare(channel) } }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let value = try await body(try TestPage(channel, requests))
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    /// A port on which nobody listens.
    static let closedPort = 1

    /// Makes a certificate for localhost that nobody vouches for.
    static func selfSigned(days: Int) throws -> NIOSSLContext {
        let directory = try TestServer.makeDirectory()
        let (key, certificate) = ("\(directory)/key.pem", "\(directory)/certificate.pem")
        let status = run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "\(days)", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ])
        guard status == 0 else { throw ChannelError.operationUnsupported }
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        var pid: pid_t = 0
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var texts = arguments.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        guard posix_spawnp(&pid, arguments[0], &actions, nil, &texts, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}

private final class RequestLog: Sendable {
    let heads = Mutex<[HTTPRequestHead]>([])
}

private final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let requests: RequestLog
    private let answer: @Sendable (HTTPRequestHead) -> TestPage.Reply?

    init(requests: RequestLog, answer: @escaping @Sendable (HTTPRequestHead) -> TestPage.Reply?) {
        self.requests = requests
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = Self.unwrapInboundIn(data) else { return }
        requests.heads.withLock { $0.append(head) }
        guard let reply = answer(head) else { return }
        let fields = HTTPHeaders(reply.headers + [("Content-Length", "\(reply.body.utf8.count)")])
        let response = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: fields)
        context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: reply.body)))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

private final class GreetingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String

    init(text: String) {
        self.text = text
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !text.isEmpty else { return }
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
