import NIOCore

/// Whether a port takes connections, and says what it should.
struct TCPCheck: Sendable {
    let connector: ProbeConnector

    func look(at target: TCPTarget) async throws -> ProbeOutcome {
        let start = ContinuousClock.now
        let said = try await connector.exchange(target.host, target.port) { channel, promise in
            try channel.pipeline.syncOperations.addHandler(
                BannerHandler(expects: target.expects.map { Array($0.utf8) }, promise: promise))
        }
        let latency = start.elapsedMilliseconds
        guard let said else { return .passed("connected in \(latency) ms", latency) }
        let expected = target.expects ?? ""
        let isThere = Self.contains(said, Array(expected.utf8))
        return isThere
            ? .passed("it says \"\(expected)\" after \(latency) ms", latency)
            : .failed("it does not say \"\(expected)\", but \"\(Self.printable(said))\"", latency)
    }

    /// Whether bytes stand somewhere in others.
    static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first else { return true }
        guard bytes.count >= wanted.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            (0...(bytes.count - wanted.count)).contains { start in
                bytes[start] == first && bytes[start..<(start + wanted.count)].elementsEqual(wanted)
            }
        }
    }

    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(100), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }
}

/// Reads what a server says first: up to the wanted text, the end, or 4 KiB. Nil when nothing was wanted.
private final class BannerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let bytesMax = 4096

    private let expects: [UInt8]?
    private let promise: EventLoopPromise<[UInt8]?>
    private var said: [UInt8] = []

    init(expects: [UInt8]?, promise: EventLoopPromise<[UInt8]?>) {
        self.expects = expects
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        if expects == nil { promise.succeed(nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        said += Self.unwrapInboundIn(data).readableBytesView.prefix(Self.bytesMax - said.count)
        guard let expects else { return }
        if said.count >= Self.bytesMax || TCPCheck.contains(said, expects) { promise.succeed(said) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.succeed(said)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
