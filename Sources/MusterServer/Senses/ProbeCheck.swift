import FoundationEssentials
import IncidentDomain
import NIOCore
import NIOPosix
import NIOSSL
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
