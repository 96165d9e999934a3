import Logging
import Metrics

/// Keeps the tables that grow with what comes in within their bounds, whoever floods them. Any daemon may do it.
struct TableBoundRunner: PeriodicRunner {
    static let name = "bounds"
    static let failure = "cannot keep a table within its limit"

    let store: TableBoundStore
    let logger: Logger
    var bounds = TableBound.all
    let interval: Duration = .seconds(60)
    let delay: Duration = .seconds(60)

    private static let batchRows = 5_000

    func pass() async throws {
        try await inTurn(bounds.map { bound in (bound.what, { try await cut(bound) }) })
    }

    private func cut(_ bound: TableBound) async throws {
        var total = 0
        var count = Self.batchRows
        while count == Self.batchRows, !Task.isCancelled {
            count = try await store.cut(bound, limit: Self.batchRows)
            total += count
        }
        guard total > 0 else { return }
        Counter(label: "muster_dropped_rows", dimensions: [("what", bound.what)]).increment(by: total)
        logger.warning(
            "too many \(bound.what), removed the oldest", metadata: ["rows": .stringConvertible(total)])
    }
}
