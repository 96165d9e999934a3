import FoundationEssentials
import Glibc
import IncidentDomain
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// One look at one target. Every way to fail is an outcome; only a cancelled look throws.
struct ProbeCheck: Sendable {
    var networks = ProbeNetworks()
    /// Tells the moment by which certificates are judged.
    var now: @Sendable () -> Timestamp = { .now() }

    var names = NameLookup.shared
    var tls = ProbeTLS.shared

    /// What was wrong, as a clause.
    struct Failure: Error {
        let detail: String
    }

    /// Why nothing can be said of the target: something of our own is wrong.
    struct Unknown: Error {
        let detail: String
    }

    func look(at target: ProbeTarget, timeout: Duration) async throws -> ProbeOutcome {
        let start = ContinuousClock.now
        let connector = ProbeConnector(
            networks: networks, deadline: start + timeout, timeout: timeout, names: names, tls: tls)
        do {
            switch target {
            case .http(let page): return try await HTTPCheck(connector: connector).look(at: page)
            case .tcp(let port): return try await TCPCheck(connector: connector).look(at: port)
            case .tls(let port): return try await TLSCheck(connector: connector, now: now()).look(at: port)
            }
        } catch let failure as Failure {
            return .failed(failure.detail)
        } catch let unknown as Unknown {
            return .unknown(unknown.detail)
        } catch let problem as Problem {
            return .unknown("not checked: \(problem.detail)")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failed(ProbeFault.words(of: error))
        }
    }
}

extension ContinuousClock.Instant {
    /// Since this moment.
    var elapsedMilliseconds: Int {
        let passed = duration(to: .now).components
        return Int(passed.seconds) * 1000 + Int(passed.attoseconds / 1_000_000_000_000_000)
    }
}

// MARK: - Connections

/// Opens the connections of one look: a name is looked up once, each address is checked, and what was checked is what is
/// connected to. So a name that means something else a moment later leads nowhere else.
struct ProbeConnector: Sendable {
    let networks: ProbeNetworks
    let deadline: ContinuousClock.Instant
    let timeout: Duration
    var names = NameLookup.shared
    var tls = ProbeTLS.shared

    private static let addressesMax = 4

    /// Connects, and gives the promise to a channel that `prepare` makes ready to keep it. The connection ends with it.
    func exchange<Output: Sendable>(
        _ host: String, _ port: Int,
        _ prepare: @escaping @Sendable (any Channel, EventLoopPromise<Output>) throws -> Void
    ) async throws -> Output {
        var last: any Error = ProbeCheck.Failure(detail: "\(host) has no address")
        for address in try await addresses(of: host, port).prefix(Self.addressesMax) {
            do {
                return try await exchange(with: address, prepare)
            } catch let error as ConnectFailure {
                last = error.cause
            }
        }
        throw last
    }

    /// The connection itself did not come about, so another address may do better.
    private struct ConnectFailure: Error {
        let cause: any Error
    }

    private func exchange<Output: Sendable>(
        with address: SocketAddress,
        _ prepare: @escaping @Sendable (any Channel, EventLoopPromise<Output>) throws -> Void
    ) async throws -> Output {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Output.self)
        let left = try timeLeft()
        let late = ProbeCheck.Failure(detail: lateDetail)
        let alarm = loop.scheduleTask(in: left) { promise.fail(late) }
        let connection = ClientBootstrap(group: loop)
            .connectTimeout(left)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, promise) }
            }
            .connect(to: address)
        connection.whenFailure { promise.fail(ConnectFailure(cause: $0)) }
        promise.futureResult.whenComplete { _ in
            alarm.cancel()
            connection.whenSuccess { $0.close(promise: nil) }
        }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    private var lateDetail: String { "no response within \(timeout.components.seconds) s" }

    private func timeLeft() throws(ProbeCheck.Failure) -> TimeAmount {
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { throw ProbeCheck.Failure(detail: lateDetail) }
        return TimeAmount(left)
    }

    /// The addresses that may be reached, in the order of the resolver.
    private func addresses(of host: String, _ port: Int) async throws -> [SocketAddress] {
        let found = try await lookUp(host)
        let allowed = found.filter(networks.allows)
        guard !found.isEmpty else { throw ProbeCheck.Failure(detail: "\(host) has no address") }
        guard !allowed.isEmpty else {
            let which = found == [host] ? host : "\(host) (\(found.joined(separator: ", ")))"
            throw ProbeCheck.Failure(detail: "\(which) is not allowed as a probe target (see docs/senses.md)")
        }
        return try allowed.map { try SocketAddress(ipAddress: $0, port: port) }
    }

    private func lookUp(_ host: String) async throws -> [String] {
        if NetworkRange.bytes(of: host) != nil { return [host] }
        let left = try timeLeft()
        return try await names.addresses(of: host, within: .nanoseconds(left.nanoseconds))
    }

    /// A client's handler for TLS.
    static func tls(_ context: NIOSSLContext, serverName: String) throws -> NIOSSLClientHandler {
        let isAddress = NetworkRange.bytes(of: serverName) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : serverName)
    }
}

/// The contexts of TLS for probes. Making one reads and parses every certificate that the machine trusts, which takes tens of
/// milliseconds: so each is made once, beside the event loops, and made anew after a while, as what is trusted changes.
final class ProbeTLS: Sendable {
    /// Whether certificates have to be trusted: all that makes one context differ from another.
    private typealias Contexts = [Bool: (context: NIOSSLContext, until: ContinuousClock.Instant)]

    static let shared = ProbeTLS()

    private let keeping: Duration
    private let contexts = Mutex(Contexts())
    /// As many as probes can look at the same time.
    private let making = Turns(max: 1, waitingMax: 1_024)
    private let count = Atomic(0)

    init(keeping: Duration = .seconds(3_600)) {
        self.keeping = keeping
    }

    /// How many have been made.
    var made: Int { count.load(ordering: .relaxed) }

    func context(verifies: Bool) async throws -> NIOSSLContext {
        if let known = known(verifies) { return known }
        // Those who ask meanwhile wait for the one that is being made.
        return try await making.take {
            if let known = known(verifies) { return known }
            let context = try await WorkerPool.run {
                var configuration = TLSConfiguration.makeClientConfiguration()
                configuration.certificateVerification = verifies ? .fullVerification : .none
                return try NIOSSLContext(configuration: configuration)
            }
            count.wrappingAdd(1, ordering: .relaxed)
            contexts.withLock { $0[verifies] = (context, .now + keeping) }
            return context
        }
    }

    private func known(_ verifies: Bool) -> NIOSSLContext? {
        contexts.withLock { contexts in contexts[verifies].flatMap { $0.until > .now ? $0.context : nil } }
    }
}

// MARK: - Faults in words

/// What a fault of the network is called by people: it becomes the title of an alert. Nothing of it is what a program calls its
/// types, or where it was built.
enum ProbeFault {
    /// A clause, as "connection refused".
    static func words(of error: any Error) -> String {
        switch error {
        case let failure as ProbeCheck.Failure: failure.detail
        case let error as IOError: words(ofCode: error.errnoCode)
        case ChannelError.connectTimeout: "connection timed out"
        case is ChannelError: "connection closed"
        case let error as NIOSSLError: "TLS failed: \(words(of: error))"
        case let error as BoringSSLError: "TLS failed: \(words(of: error))"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "TLS failed: the certificate is issued for another name"
        case is NIOSSLExtraError, is NIOTLSUnwrappingError, is NIOSSLCloseTimedOutError:
            "TLS failed: connection lost"
        case is HTTPParserError: "the response is not HTTP"
        default: "connection failed"
        }
    }

    private static func words(ofCode code: CInt) -> String {
        switch code {
        case ECONNREFUSED: return "connection refused"
        case EHOSTUNREACH, ENETUNREACH: return "no route to host"
        case ECONNRESET, EPIPE: return "connection reset"
        case ETIMEDOUT: return "connection timed out"
        default:
            let text = String(cString: strerror(code))
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }

    private static func words(of error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause), .shutdownFailed(let cause): words(of: cause)
        case .noCertificateToValidate: "the server sent no certificate"
        case .unableToValidateCertificate: "the certificate is not trusted"
        case .uncleanShutdown: "connection lost"
        case .writeDuringTLSShutdown, .unableToAllocateBoringSSLObject, .noSuchFilesystemObject,
            .failedToLoadCertificate,
            .failedToLoadPrivateKey, .cannotMatchULabel, .cannotFindPeerIP, .readInInvalidTLSState:
            "the handshake failed"
        }
    }

    private static func words(of error: BoringSSLError) -> String {
        switch error {
        case .sslError(let causes), .unknownError(let causes), .invalidSNIName(let causes),
            .failedToSetALPN(let causes):
            if causes.contains(.eofDuringHandshake) { return "the server closed the connection during the handshake" }
            // Such as "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at /a/file.cc:1".
            let reasons = causes.compactMap { "\($0)".firstMatch(of: /:OPENSSL_internal:([A-Z0-9_]+)/)?.output.1 }
            return reasons.first.map { words(ofReason: String($0)) } ?? "the handshake failed"
        case .syscallError, .zeroReturn: return "the server closed the connection during the handshake"
        case .noError, .wantRead, .wantWrite, .wantConnect, .wantAccept, .wantX509Lookup, .wantCertificateVerify:
            return "the handshake failed"
        }
    }

    /// What BoringSSL calls a reason, such as `TLSV1_ALERT_PROTOCOL_VERSION`.
    private static func words(ofReason reason: String) -> String {
        switch reason {
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNEXPECTED_RECORD", "UNEXPECTED_MESSAGE",
            "INVALID_OUTER_RECORD_TYPE":
            return "the server does not speak TLS"
        case "CERTIFICATE_VERIFY_FAILED": return "the certificate is not trusted"
        case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION": return "no common TLS version"
        case "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE_ON_CLIENT_HELLO", "SSLV3_ALERT_HANDSHAKE_FAILURE":
            return "the server refused the handshake"
        default:
            guard let alert = reason.split(separator: "_ALERT_", maxSplits: 1).dropFirst().first else {
                return "the handshake failed (\(readable(reason)))"
            }
            return "the server refused the handshake (\(readable(alert)))"
        }
    }

    private static func readable(_ reason: some StringProtocol) -> String {
        reason.lowercased().split(separator: "_").joined(separator: " ")
    }
}
