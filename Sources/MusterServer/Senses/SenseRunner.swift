import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// Brings what heartbeats and probes have to say to the alerts, by the same intake as everybody else's. Any number of
/// daemons may do it: each signal is told by one, and by the next one when that daemon ends before it is done.
struct SenseRunner: Service {
    let store: SenseSignalStore
    let intake: AlertIntake
    let rules: RuleBook
    let signal: RoutingSignal
    let logger: Logger
    var interval: Duration = .seconds(1)

    private static let batchMax = 500
    private let progress = RunnerProgress("senses")

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await follow() }
                group.addTask {
                    while !Task.isCancelled {
                        signal.wake()
                        try? await Task.sleep(for: interval)
                    }
                }
            }
        }
    }

    private func follow() async {
        for await _ in signal.signals {
            do {
                while try await RunnerPulse.pass({ try await tell() }) == Self.batchMax {}
                progress.passed()
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("heartbeats and probes could not raise their alerts", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Tells what waits, up to one batch; returns how many signals that were.
    @discardableResult
    func tell() async throws -> Int {
        let claimed = try await store.claim(limit: Self.batchMax)
        guard !claimed.isEmpty else { return 0 }
        for (source, signals) in Dictionary(grouping: claimed, by: \.signal.source) {
            let alerts = signals.sorted { $0.turn < $1.turn }.map(\.signal.alert)
            var message = IncomingMessage(alerts: alerts)
            try await rules.apply(&message, source: source)
            try await intake.take(message, from: source)
        }
        try await store.remove(turns: claimed.map(\.turn))
        return claimed.count
    }
}
