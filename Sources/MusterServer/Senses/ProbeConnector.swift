import FoundationEssentials
import NIOCore
import NIOPosix
import NIOSSL

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

    private var lateDetail: String { "no answer within \(timeout.components.seconds) s" }

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
            throw ProbeCheck.Failure(detail: "\(which) is refused: probes may not go there (docs/senses.md)")
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
