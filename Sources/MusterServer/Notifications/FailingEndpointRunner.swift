import Logging

/// Disables endpoints of which every attempt failed for days: somebody has to look at them, and the log and the other endpoints say so.
/// What waits for an endpoint meanwhile is kept within its limit.
struct FailingEndpointRunner: PeriodicRunner {
    static let name = "failing endpoints"
    static let failure = "cannot look for endpoints that fail"

    let store: BacklogStore
    let days: Int
    let logger: Logger
    let interval: Duration = .seconds(60)
    let delay: Duration = .seconds(60)

    func pass() async throws {
        try await inTurn([("disabling", disable), ("sweeping", store.sweep), ("limits", cut)])
    }

    private func disable() async throws {
        for id in try await store.failing(forSeconds: Double(days) * 86_400) {
            let reason = "every attempt failed for \(days) days"
            guard let name = try await store.disable(id, because: reason) else { continue }
            logger.error("an endpoint was disabled", metadata: ["endpoint": "\(name)", "reason": "\(reason)"])
        }
    }

    private func cut() async throws {
        for (endpoint, rows) in try await store.cut() {
            logger.warning(
                "too many notifications wait for an endpoint, gave up the oldest",
                metadata: ["endpoint": "\(endpoint)", "rows": "\(rows)"])
        }
    }
}
