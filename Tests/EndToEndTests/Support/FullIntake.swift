import Postgres
import TestSupport
import Testing

/// A daemon that takes no alerts any more, for as long as it takes a client to notice.
enum FullIntake {
    static let settings = ["intake.waiting_max": "1", "intake.batch_max": "1"]

    /// Lets alerts wait in the database until too many do, runs the client, and lets go of them once the daemon has refused
    /// it by that route.
    ///
    /// - Returns: What the client came to in the end.
    static func run<T: Sendable>(
        _ daemon: Daemon, _ database: TestDatabase, refusing route: String,
        client: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        let hook = try await daemon.api.makeSource("filler").hook
        return try await withThrowingTaskGroup { fillers in
            let running = try await database.pool.transaction { transaction in
                try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
                for index in 0..<6 {
                    let message = AlertmanagerMessage(group: "filler", [.init("filler-\(index)")])
                    fillers.addTask { try await daemon.api.post(hook, message.json) }
                }
                // Whatever was taken cannot end yet, so the first to be answered is one too many.
                try #require(try await fillers.next()).problem(503, "overloaded")
                let before = try await refusals(route, daemon.api)
                let running = Task { try await client() }
                try await Eventually.holds("a refusal by \(route)") {
                    try await refusals(route, daemon.api) > before
                }
                return running
            }
            for try await reply in fillers { try #require([200, 503].contains(reply.status), "\(reply)") }
            return try await running.value
        }
    }

    private static func refusals(_ route: String, _ api: API) async throws -> Double {
        try await api.get("/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix("muster_http_requests_total{") && $0.contains("route=\"\(route)\"") }
            .filter { $0.contains("status=\"4xx\"") || $0.contains("status=\"5xx\"") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
