import FoundationEssentials
import IncidentDomain
import Logging
import Synchronization

/// Finds what is new for subscribers and hands it out. It compares what the public page shows with what was told, so it can tell nothing else;
/// one daemon at a time does so, with a record that is newer than all that was told before.
struct PublicNewsRunner: PeriodicRunner {
    static let name = "public_news"
    static let failure = "cannot tell subscribers what is new"

    /// What is public, and as of when.
    let looked: @Sendable () -> (record: PublicRecord, at: Timestamp)?
    let store: PublicNewsStore
    /// Those to be woken when there is something to send.
    let sending: [WakeSignal]
    let signal: WakeSignal?
    let logger: Logger
    let interval: Duration = .seconds(1)

    private let memory = Memory()
    private static let claimSeconds: Double = 10
    /// Batches of one pass; the next one goes on.
    private static let batchesMax = 20

    init(
        looked: @escaping @Sendable () -> (record: PublicRecord, at: Timestamp)?, store: PublicNewsStore,
        sending: [WakeSignal], signal: WakeSignal?, logger: Logger
    ) {
        (self.looked, self.store, self.sending, self.signal, self.logger) = (looked, store, sending, signal, logger)
    }

    /// What the passes of one runner remember.
    private final class Memory: Sendable {
        struct State: Sendable {
            /// What was compared last; nil before everything was.
            var marks: [String: PublicTeller.Mark]?
            var record: PublicRecord?
            /// Until when it need not be looked at while the record is the same.
            var until = Timestamp.earliest
            var claim: PublicNewsStore.Claim?
        }

        let state = Mutex(State())
    }

    func pass() async throws {
        try await inTurn([("telling", tell), ("handing out", handOut)])
    }

    // MARK: Telling

    private func tell() async throws {
        guard let (record, at) = looked() else { return }
        let before = memory.state.withLock { $0 }
        if before.marks != nil, before.record == record, at < before.until { return }
        let marks = PublicTeller.marks(of: record, at: at)
        let changed: Set<String>? = before.marks.map { known in
            Set(marks.keys.filter { known[$0] != marks[$0] }).union(known.keys.filter { marks[$0] == nil })
        }
        if let changed, changed.isEmpty { return remember(record, marks, at) }
        guard let claim = try await claim(before.claim, at) else { return }
        let known = try await store.told(changed.map { $0.sorted() })
        let subjects = (changed ?? Set(marks.keys).union(known.told.keys)).subtracting(known.unreadable)
        let result = try await WorkerPool.run { PublicTeller(record, told: known.told, at: at).tell(of: subjects) }
        memory.state.withLock { $0.claim = nil }
        guard try await store.tell(result, claim) else { return }
        remember(record, marks, at)
    }

    private func remember(_ record: PublicRecord, _ marks: [String: PublicTeller.Mark], _ at: Timestamp) {
        // Maintenance comes near, begins and ends by itself.
        let near = record.maintenance.map { $0.startsAt.adding(seconds: -PublicTeller.nearSeconds) }.filter { $0 > at }
        let until = min(PublicStatus.changes(record, after: at), near.min() ?? .latest)
        memory.state.withLock { state in
            (state.marks, state.record, state.until) = (marks, record, until)
        }
    }

    /// The right to compare, once what is known is newer than it. It is asked for in one pass and used in a later one, when the page has been
    /// looked at anew.
    private func claim(_ held: PublicNewsStore.Claim?, _ at: Timestamp) async throws -> PublicNewsStore.Claim? {
        if let held, at.seconds(since: held.at) >= 0 {
            // One that is over is refused when it is used.
            return held
        }
        if held == nil {
            let claim = try await store.claim(seconds: Self.claimSeconds)
            memory.state.withLock { $0.claim = claim }
        }
        return nil
    }

    // MARK: Handing out

    private func handOut() async throws {
        for _ in 0..<Self.batchesMax {
            guard try await store.handOut() else { return }
            for signal in sending { signal.wake() }
        }
    }
}

/// Forgets what nobody confirmed, and disables what never takes anything.
struct SubscriptionPruneRunner: PeriodicRunner {
    static let name = "subscriptions"
    static let failure = "cannot tidy subscriptions"

    let store: SubscriptionStore
    let keptDays: Int
    let failingDays: Int
    let logger: Logger
    var interval: Duration = .seconds(60)

    /// Statements of one pass; the next one goes on.
    private static let roundsMax = 100

    func pass() async throws {
        try await inTurn([("forgetting", prune), ("disabling", disable)])
    }

    private func prune() async throws {
        for _ in 0..<Self.roundsMax {
            guard try await store.prune(days: keptDays) else { return }
        }
    }

    private func disable() async throws {
        let count = try await store.disableFailing(days: failingDays)
        guard count > 0 else { return }
        logger.warning(
            "subscriptions were disabled, as nothing was taken for days",
            metadata: ["subscriptions": .stringConvertible(count), "days": .stringConvertible(failingDays)])
    }
}
