import HTTPTypes
import HummingbirdCore
import IncidentDomain
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The listening socket and its connections: Hummingbird's HTTP/1 server in front of our dispatcher.
struct HTTPServer: Service {
    let configuration: ServerConfiguration.HTTP
    let dispatcher: CurrentDispatcher
    let logger: Logger
    /// A listening socket that the service manager handed over, in place of the configured address.
    var inherited: CInt?
    /// How long a stop waits for a request on a connection that is silent: longer than a request travels.
    var farewell: Duration = .seconds(1)
    /// Called once, when connections are accepted, with the address that is listened on.
    let onListening: @Sendable (String) async -> Void

    /// How much of a body that was refused is read and thrown away, as a multiple of what a body may have.
    private static let drainedBodies = 16

    func run() async throws {
        let isStopping = StopFlag()
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                try await respond(to: request, from: channel.remoteAddress, writer, isStopping)
            }, configuration: channelConfiguration)
        let listener = Listener(
            place: inherited.map(Listener.Place.inherited) ?? .address(configuration.listen),
            connectionsMax: configuration.connectionsMax, connection: LoopBoundChannel(http: http), logger: quietLogger)
        try await listener.run(
            onListening: { address in await onListening(Self.text(address)) }, onStopping: { isStopping.set() })
    }

    private func respond(
        to request: Request, from peer: SocketAddress?, _ writer: consuming ResponseWriter, _ isStopping: StopFlag
    ) async throws {
        var answer = await dispatcher.value.respond(to: request, from: peer) {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        answer.headers.append(HTTPField(name: .date, value: HTTPDate.now()))
        if isStopping.isSet { answer.headers[.connection] = "close" }
        let body: ResponseBody
        switch answer.body {
        case .empty:
            body = ResponseBody()
            if Self.hasLength(answer.status), answer.headers[.contentLength] == nil {
                answer.headers.append(HTTPField(name: .contentLength, value: "0"))
            }
        case .bytes(let bytes):
            body = ResponseBody(byteBuffer: bytes)
            answer.headers.append(HTTPField(name: .contentLength, value: String(bytes.readableBytes)))
        case .stream(let write):
            body = ResponseBody(write)
        }
        try await writer.write(response: HTTPResponse(status: answer.status, headerFields: answer.headers), body: body)
    }

    /// 204 and 304 have no body by definition, and so no length.
    private static func hasLength(_ status: HTTPResponse.Status) -> Bool {
        status != .noContent && status != .notModified && status.code >= 200
    }

    private var channelConfiguration: HTTP1Channel.Configuration {
        let (timeout, patience) = (configuration.bodyTimeout, farewell)
        let bytesMax = configuration.requestBodyMaxBytes * Self.drainedBodies
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionLimits(bodyTimeout: timeout, bodyBytesMax: bytesMax),
                ConnectionFarewell(patience: patience),
            ],
            idleTimeout: TimeAmount(configuration.idleTimeout),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 64 * 1024, maxHeaderFieldCount: 100))
    }

    /// Hummingbird tells of its own start and stop, which we do ourselves.
    private var quietLogger: Logger {
        var logger = logger
        if logger.logLevel > .trace { logger.logLevel = .warning }
        return logger
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address else { return "" }
        guard let host = address.ipAddress, let port = address.port else { return "unix:\(address.pathname ?? "")" }
        return ListenAddress.tcp(host: host, port: port).description
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
