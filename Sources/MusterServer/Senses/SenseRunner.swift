import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Logging
import Postgres

/// Brings what heartbeats and probes have to say to the alerts, by the same intake as everybody else's. Any number of
/// daemons may do it: each signal is told by one, and by the next one when that daemon ends before it is done.
struct SenseRunner: PeriodicRunner {
    static let name = "senses"
    static let failure = "cannot raise the alerts of heartbeats and probes"

    let store: SenseSignalStore
    let intake: AlertIntake
    let rules: RuleBook
    /// What wakes the loop: an alert has something to hear.
    let signal: WakeSignal?
    let logger: Logger
    var interval: Duration = .seconds(1)

    private static let batchMax = 500
    let setbacks = Setbacks<String>("senses")

    func pass() async throws {
        while try await tell() == Self.batchMax {}
    }

    /// Tells what waits, up to one batch; returns how many signals that were.
    @discardableResult
    func tell() async throws -> Int {
        let claimed = try await store.claim(limit: Self.batchMax)
        guard !claimed.isEmpty else { return 0 }
        var told: [Int] = []
        for (source, signals) in Dictionary(grouping: claimed, by: \.signal.source) {
            told += try await tell(signals.sorted { $0.turn < $1.turn }, from: source)
        }
        try await store.remove(turns: told)
        return claimed.count
    }

    /// Tells signals of one source together; where that fails by itself, one by one, and what still fails is set aside.
    ///
    /// - Returns: The turns of those that were told.
    private func tell(_ signals: [SenseSignalStore.Claimed], from source: UUID) async throws -> [Int] {
        do {
            var message = IncomingMessage(alerts: signals.map(\.signal.alert))
            try await rules.apply(&message, source: source)
            try await intake.accept(message, from: source)
            return signals.map(\.turn)
        } catch {
            guard !Task.isCancelled, Self.isOfItself(error) else { throw error }
            if signals.count > 1 {
                var told: [Int] = []
                for signal in signals { told += try await tell([signal], from: source) }
                return told
            }
            for signal in signals { setbacks.failed(signal.signal.identity, error, isHopeless: true, logger: logger) }
            try await store.setAside(turns: signals.map(\.turn))
            return []
        }
    }

    /// Whether the fault is the signal's own: what is full or away now is there again in a moment.
    private static func isOfItself(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: !error.isTransient && error != .closed && error != .cancelled
        case let problem as Problem: problem.kind.status.code < 500
        case is CancellationError: false
        default: true
        }
    }
}
