import Synchronization

/// A number of something that many share: bytes of bodies that are being received, of answers that are being sent, or requests
/// that are carried out. What is beyond is refused at once, instead of a queue that grows until nothing is answered in time.
final class Budget: Sendable {
    let max: Int
    private let taken = Atomic<Int>(0)

    init(max: Int) {
        self.max = max
    }

    /// Whether so much more may be held; it has to be given back then.
    func take(_ amount: Int) -> Bool {
        guard taken.wrappingAdd(amount, ordering: .relaxed).newValue <= max else {
            give(amount)
            return false
        }
        return true
    }

    /// Holds more, whether or not the budget allows it: of what cannot be refused any more.
    func add(_ amount: Int) {
        taken.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Whether more is held than should be.
    var isFull: Bool { current > max }

    func give(_ amount: Int) {
        taken.wrappingSubtract(amount, ordering: .relaxed)
    }

    /// How much is held at this moment.
    var current: Int { taken.load(ordering: .relaxed) }
}

/// What all connections share.
struct ConnectionBudgets: Sendable {
    /// `http.body_budget_bytes`: of requests that are not complete.
    let bodies: Budget
    /// A quarter of it: of those whose sender is unknown, so that strangers leave room for the others.
    let strangers: Budget
    /// `http.unsent_budget_bytes`: of answers that their clients have not read.
    let unsent: Budget

    init(bodies: Int, unsent: Int) {
        self.bodies = Budget(max: bodies)
        strangers = Budget(max: bodies / 4)
        self.unsent = Budget(max: unsent)
    }
}

/// What one connection holds of the budgets for a request that is not complete.
struct BodyCharge {
    private(set) var bytes = 0
    /// Those of them that were taken while the sender was unknown.
    private var strangerBytes = 0

    /// False when the budgets do not allow so much; then it stays as it was.
    mutating func raise(to bytes: Int, isKnown: Bool, of budgets: ConnectionBudgets) -> Bool {
        let more = bytes - self.bytes
        guard more > 0 else { return true }
        guard budgets.bodies.take(more) else { return false }
        if !isKnown, !budgets.strangers.take(more) {
            budgets.bodies.give(more)
            return false
        }
        self.bytes = bytes
        if !isKnown { strangerBytes += more }
        return true
    }

    mutating func giveBack(to budgets: ConnectionBudgets) {
        guard bytes > 0 else { return }
        budgets.bodies.give(bytes)
        if strangerBytes > 0 { budgets.strangers.give(strangerBytes) }
        bytes = 0
        strangerBytes = 0
    }
}
