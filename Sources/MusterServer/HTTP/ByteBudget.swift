import Synchronization

/// A number of bytes that many share: of bodies that are being received, or of answers that are being sent.
final class ByteBudget: Sendable {
    let max: Int
    private let taken = Atomic<Int>(0)

    init(max: Int) {
        self.max = max
    }

    /// Whether so many more bytes may be held; they have to be given back then.
    func take(_ bytes: Int) -> Bool {
        guard taken.wrappingAdd(bytes, ordering: .relaxed).newValue <= max else {
            give(bytes)
            return false
        }
        return true
    }

    /// Holds more, whether or not the budget allows it: of what cannot be refused any more.
    func add(_ bytes: Int) {
        taken.wrappingAdd(bytes, ordering: .relaxed)
    }

    /// Whether more is held than should be.
    var isFull: Bool { current > max }

    func give(_ bytes: Int) {
        taken.wrappingSubtract(bytes, ordering: .relaxed)
    }

    /// How many bytes are held at this moment.
    var current: Int { taken.load(ordering: .relaxed) }
}

/// What all connections share.
struct ConnectionBudgets: Sendable {
    /// `http.body_budget_bytes`: of requests that are not complete.
    let bodies: ByteBudget
    /// A quarter of it: of those whose sender is unknown, so that strangers leave room for the others.
    let strangers: ByteBudget
    /// `http.unsent_budget_bytes`: of answers that their clients have not read.
    let unsent: ByteBudget

    init(bodies: Int, unsent: Int) {
        self.bodies = ByteBudget(max: bodies)
        strangers = ByteBudget(max: bodies / 4)
        self.unsent = ByteBudget(max: unsent)
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
