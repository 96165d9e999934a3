import Logging
import Metrics

/// Forgets what is older than its retention: dead letters, changes, silences, the audit, the outcomes of Opsgenie's requests,
/// what was sent, and alerts that are over. Never incidents and their timelines, which are chains. A little at a time, so that nothing else waits for it; any daemon may do it.
struct IngressPruneRunner: PeriodicRunner {
    static let name = "retention"
    static let failure = "cannot remove rows past their retention"

    /// For how many days each is kept; 0 keeps for ever.
    struct Retention: Sendable {
        var alertDays = 365
        var deadLetterDays = 30
        var changeDays = 90
        var silenceDays = 365
        /// Who changed what is kept for ever, unless somebody must forget it.
        var auditDays = 0
        var requestDays = 7
        var notificationDays = 30
    }

    /// What is removed, as `muster_pruned_rows` names it.
    enum Kind: String, CaseIterable {
        case alerts
        case deadLetters = "dead letters"
        case changes
        case silences
        case auditLines = "audit lines"
        case requests
        case notifications
    }

    let retention: Retention
    let alerts: AlertStore
    let deadLetters: DeadLetterStore
    let changes: ChangeStore
    let requests: OpsgenieStore
    let silences: SilenceStore
    let notifications: NotificationStore
    let logger: Logger
    let interval: Duration = .seconds(600)
    let delay: Duration = .seconds(600)

    private static let batchRows = 1_000

    func pass() async throws {
        try await inTurn(Kind.allCases.map { kind in (kind.rawValue, { try await remove(kind) }) })
    }

    private func remove(_ kind: Kind) async throws {
        var count = Self.batchRows
        while count == Self.batchRows, !Task.isCancelled {
            count = try await removeBatch(of: kind)
            Counter(label: "muster_pruned_rows", dimensions: [("what", kind.rawValue)]).increment(by: count)
        }
    }

    private func removeBatch(of kind: Kind) async throws -> Int {
        let days = days(of: kind)
        guard days > 0 else { return 0 }
        return switch kind {
        case .alerts: try await alerts.prune(days: days, limit: Self.batchRows)
        case .deadLetters: try await deadLetters.prune(days: days, limit: Self.batchRows)
        case .changes: try await changes.prune(days: days, limit: Self.batchRows)
        case .silences: try await silences.prune(days: days, limit: Self.batchRows)
        case .auditLines: try await AuditStore.prune(days: days, limit: Self.batchRows, in: silences.pool)
        case .requests: try await requests.prune(days: days, limit: Self.batchRows)
        case .notifications: try await notifications.prune(days: days, limit: Self.batchRows)
        }
    }

    private func days(of kind: Kind) -> Int {
        switch kind {
        case .alerts: retention.alertDays
        case .deadLetters: retention.deadLetterDays
        case .changes: retention.changeDays
        case .silences: retention.silenceDays
        case .auditLines: retention.auditDays
        case .requests: retention.requestDays
        case .notifications: retention.notificationDays
        }
    }
}
