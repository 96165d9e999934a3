import NIOSSL
import Synchronization

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
