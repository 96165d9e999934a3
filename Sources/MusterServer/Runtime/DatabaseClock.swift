import IncidentDomain
import Logging
import Metrics
import Synchronization

/// The database's time between two looks at it. What this machine's clock says is for logs only: with several daemons on one
/// database, a wrong one must do no harm.
///
/// The database's time is counted on by a clock that nobody sets, so that a step of this machine's clock changes nothing.
final class DatabaseClock: Sendable {
    private struct Reading {
        let moment: Timestamp
        let at: ContinuousClock.Instant
    }

    private let reading = Mutex<Reading?>(nil)
    /// What this machine's clock says.
    private let machine: @Sendable () -> Timestamp
    private let offset = Gauge(label: "muster_clock_offset_seconds")

    init(machine: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.machine = machine
    }

    /// The present moment. Before the first look, which the start makes, it is what this machine says.
    var now: Timestamp {
        guard let reading = reading.withLock({ $0 }) else { return machine() }
        let passed = reading.at.duration(to: .now).components
        return reading.moment.adding(
            seconds: Double(passed.seconds) + Double(passed.attoseconds) / 1_000_000_000_000_000_000)
    }

    /// Whether the database was ever asked.
    var isSet: Bool { reading.withLock { $0 != nil } }

    /// - Parameter at: When the database said so.
    func set(_ moment: Timestamp, at: ContinuousClock.Instant = .now) {
        reading.withLock { $0 = Reading(moment: moment, at: at) }
        offset.record(offsetSeconds)
    }

    /// How far this machine's clock is ahead of the database's.
    var offsetSeconds: Double { machine().seconds(since: now) }
}

/// Looks at the database's clock now and then, and says when this machine's is wrong.
final class DatabaseClockRunner: PeriodicRunner {
    static let name = "clock"
    static let failure = "cannot read the database's clock"

    private let clock: DatabaseClock
    private let store: DatabaseClockStore
    let logger: Logger
    let interval: Duration = .seconds(15)
    private let wasWrong = Mutex(false)

    /// So far apart, somebody should do something.
    private static let offsetMax = 2.0

    init(clock: DatabaseClock, store: DatabaseClockStore, logger: Logger) {
        self.clock = clock
        self.store = store
        self.logger = logger
    }

    func pass() async throws {
        try await store.read(into: clock)
        let offset = clock.offsetSeconds
        let isWrong = abs(offset) > Self.offsetMax
        let isNews = wasWrong.withLock { wasWrong in
            defer { wasWrong = isWrong }
            return isWrong && !wasWrong
        }
        guard isNews else { return }
        logger.warning(
            "this machine's clock differs from the database's, which Muster uses; synchronise both with NTP",
            metadata: ["seconds_ahead": .stringConvertible(offset.rounded())])
    }
}
