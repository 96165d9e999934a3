import Synchronization

/// What one request may ask for.
struct RequestLimits: Sendable {
    /// `http.request_body_max_bytes`.
    let bodyBytesMax: Int
    /// `ingress.body_max_bytes`: of a message of another tool, whose sender is known before its body is read.
    let messageBytesMax: Int
    /// `http.require_if_match`.
    let requiresIfMatch: Bool
    /// A request that takes longer is logged even when requests are not.
    let slowRequest: Duration

    init(
        bodyBytesMax: Int = 1 << 20, messageBytesMax: Int = 1 << 24, requiresIfMatch: Bool = false,
        slowRequest: Duration = .seconds(1)
    ) {
        self.bodyBytesMax = bodyBytesMax
        self.messageBytesMax = messageBytesMax
        self.requiresIfMatch = requiresIfMatch
        self.slowRequest = slowRequest
    }
}

/// Bounds how many requests are carried out at the same time; the ones beyond get 503 at once instead of a queue that
/// grows until nothing is answered in time.
final class InFlightGate: Sendable {
    private let count = Atomic<Int>(0)
    let max: Int

    init(max: Int) {
        self.max = max
    }

    /// Whether one more may begin; it has to leave then.
    func enter() -> Bool {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue <= max else {
            count.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }

    /// How many are being carried out.
    var current: Int {
        count.load(ordering: .relaxed)
    }
}
