import FoundationEssentials
import IncidentDomain
import NIOCore
import NIOSSL
import NIOTLS

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
            ? .passed("received \"\(expected)\" in \(latency) ms", latency)
            : .failed("expected \"\(expected)\", received \"\(Self.printable(said))\"", latency)
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

/// Whether a port speaks TLS with a certificate that is trusted and good for long enough.
struct TLSCheck: Sendable {
    let connector: ProbeConnector
    let now: Timestamp

    func look(at target: TLSTarget) async throws -> ProbeOutcome {
        let start = ContinuousClock.now
        do {
            let end = try await end(of: target, verifies: target.verifies)
            return judge(end, target, start.elapsedMilliseconds)
        } catch let error where target.verifies && Self.isAboutTrust(error) {
            // A second look says more than "certificate verify failed": most often, it has expired.
            let latency = start.elapsedMilliseconds
            guard let end = try? await end(of: target, verifies: false) else { throw error }
            let expiry = judge(end, target, latency)
            return expiry.isPassed
                ? .failed("certificate not trusted for \(Self.name(target)): \(Self.reason(error))", latency)
                : expiry
        }
    }

    private static func name(_ target: TLSTarget) -> String { target.serverName ?? target.host }

    private static func isAboutTrust(_ error: any Error) -> Bool {
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: true
        default: false
        }
    }

    private static func reason(_ error: any Error) -> String {
        error is NIOSSLExtraError ? "issued for another name" : "invalid chain"
    }

    private func judge(_ end: Timestamp, _ target: TLSTarget, _ latency: Int) -> ProbeOutcome {
        let days = Int((end.seconds(since: now) / 86_400).rounded(.down))
        if end <= now { return .failed("certificate expired at \(end)", latency) }
        if days < target.daysLeftMin {
            return .failed("certificate expires in \(days) days, at \(end); required: \(target.daysLeftMin)", latency)
        }
        return .passed("certificate valid for \(days) days, until \(end)", latency)
    }

    /// When the server's certificate ends.
    private func end(of target: TLSTarget, verifies: Bool) async throws -> Timestamp {
        let name = Self.name(target)
        let context = try await connector.tls.context(verifies: verifies)
        return try await connector.exchange(target.host, target.port) { channel, promise in
            let pipeline = channel.pipeline.syncOperations
            let tls = try ProbeConnector.tls(context, serverName: name)
            try pipeline.addHandlers([tls, HandshakeHandler(tls: tls, promise: promise)])
        }
    }
}

/// Waits for the end of the handshake and looks at the certificate.
private final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let tls: NIOSSLClientHandler
    private let promise: EventLoopPromise<Timestamp>

    init(tls: NIOSSLClientHandler, promise: EventLoopPromise<Timestamp>) {
        self.tls = tls
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            if let certificate = tls.peerCertificate {
                promise.succeed(Timestamp(milliseconds: Int64(certificate.notValidAfter) * 1000))
            } else {
                promise.fail(ProbeCheck.Failure(detail: "the server sent no certificate"))
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ProbeCheck.Failure(detail: "connection closed during the TLS handshake"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
