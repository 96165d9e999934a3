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
        let api = daemon.api
        let hook = try await api.makeSource("filler").hook
        return try await database.pool.transaction { transaction in
            try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
            return try await withThrowingTaskGroup { fillers in
                for index in 0..<6 { fillers.addTask { try await fill(index, hook, api) } }
                try await Eventually.holds("a full intake") { try await refusals("/hooks/{key}", api) > 0 }
                let before = try await refusals(route, api)
                let running = Task { try await client() }
                try await Eventually.holds("a refusal by \(route)") {
                    try await refusals(route, api) > before
                }
                fillers.cancelAll()
                return running
            }
        }.value
    }

    /// Sends until it is cancelled: what was taken and cannot be written is given up at its deadline, and then there is room.
    private static func fill(_ index: Int, _ hook: String, _ api: API) async throws {
        let message = AlertmanagerMessage(group: "filler", [.init("filler-\(index)")])
        while !Task.isCancelled {
            if let reply = try? await api.post(hook, message.json) {
                try #require([200, 503].contains(reply.status), "\(reply)")
            }
            // As a sender that was refused: it comes again, and leaves the daemon a processor meanwhile.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func refusals(_ route: String, _ api: API) async throws -> Double {
        try await api.get("/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix("muster_http_requests_total{") && $0.contains("route=\"\(route)\"") }
            .filter { $0.contains("status=\"4xx\"") || $0.contains("status=\"5xx\"") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
