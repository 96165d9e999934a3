import Logging
import Metrics
import Postgres
import ServiceLifecycle

/// Forgets what is older than its retention: dead letters, changes, silences, the audit, the outcomes of Opsgenie's requests,
/// and alerts that are over. Never incidents and their timelines, which are chains. A little at a time, so that nothing else waits for it; any daemon may do it.
struct IngressPruneRunner: Service {
    /// For how many days each is kept; 0 keeps for ever.
    struct Retention: Sendable {
        var alertDays = 365
        var deadLetterDays = 30
        var changeDays = 90
        var silenceDays = 365
        /// Who changed what is kept for ever, unless somebody must forget it.
        var auditDays = 0
        var requestDays = 7
    }

    let retention: Retention
    let alerts: AlertStore
    let deadLetters: DeadLetterStore
    let changes: ChangeStore
    let requests: OpsgenieStore
    let silences: SilenceStore
    let logger: Logger
    var interval: Duration = .seconds(600)

    private static let batchRows = 1_000

    private static let kinds = ["alerts", "dead letters", "changes", "silences", "audit lines", "requests"]

    private static func removed(_ what: String) -> Counter {
        Counter(label: "muster_pruned_rows", dimensions: [("what", what)])
    }

    func run() async throws {
        // Seen as 0 from the beginning: a counter that first appears with a value has not grown.
        for kind in Self.kinds { Self.removed(kind).increment(by: 0) }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                guard !Task.isCancelled else { return }
                await RunnerPulse.pass { await prune() }
            }
        }
    }

    /// Forgets all that is due.
    func prune() async {
        await prune("alerts", retention.alertDays) { try await alerts.prune(days: $0, limit: $1) }
        await prune("dead letters", retention.deadLetterDays) { try await deadLetters.prune(days: $0, limit: $1) }
        await prune("changes", retention.changeDays) { try await changes.prune(days: $0, limit: $1) }
        await prune("silences", retention.silenceDays) { try await silences.prune(days: $0, limit: $1) }
        await prune("audit lines", retention.auditDays) {
            try await AuditStore.prune(days: $0, limit: $1, in: silences.pool)
        }
        await prune("requests", retention.requestDays) { try await requests.prune(days: $0, limit: $1) }
    }

    private func prune(_ what: String, _ days: Int, _ some: (Int, Int) async throws -> Int) async {
        guard days > 0 else { return }
        do {
            let removed = Self.removed(what)
            var count = Self.batchRows
            while count == Self.batchRows, !Task.isCancelled {
                count = try await some(days, Self.batchRows)
                removed.increment(by: count)
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning("cannot remove old \(what)", metadata: ["error": "\(error)"])
        }
    }
}
