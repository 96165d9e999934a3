import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import Postgres

/// Whether the process lives, and whether it can serve.
struct Health: Sendable {
    let pool: PostgresPool
    let migrator: Migrator
    let isStopping: StopFlag

    /// Long enough for a busy database, short enough for whoever probes.
    var answerTime: Duration = .seconds(2)

    var routes: [Route] {
        let routes = [
            Route(.get, "/healthz", role: nil, "checkHealth", query: .anything) { _ in
                .json { json in json.object { json in json.member("status", "ok") } }
            },
            Route(.get, "/readyz", role: nil, "checkReadiness", query: .anything) { request in
                let reasons = await reasonsAgainst(request.logger)
                guard reasons.isEmpty else {
                    throw Problem(
                        .notReady, reasons.joined(separator: " "),
                        members: ["reasons": .array(reasons.map(JSONValue.string))],
                        headers: [.retryAfter: "1"])
                }
                return .json { json in json.object { json in json.member("status", "ready") } }
            },
        ]
        return routes.map(\.reserved)
    }

    /// Why the daemon cannot serve; empty when it can. Tells no message of the database.
    private func reasonsAgainst(_ logger: Logger) async -> [String] {
        if isStopping.isSet { return ["The daemon is stopping."] }
        do {
            try await pool.query("SELECT 1", deadline: answerTime)
            let status = try await migrator.status(pool)
            guard status.pending.isEmpty else {
                return ["The schema lacks \(status.pending.count) migrations; run musterd migrate."]
            }
            return []
        } catch PostgresError.migration {
            return ["The schema is not the one of this program; run musterd migrate."]
        } catch {
            logger.debug("not ready", metadata: ["error": .string(String(reflecting: error))])
            return ["The database does not answer."]
        }
    }
}

/// The parts of the daemon that the watchdog asks.
extension VitalSign {
    /// Each thread that connections live on.
    static func eventLoops() -> [VitalSign] {
        HTTPServer.loops.makeIterator().enumerated().map { number, loop in
            VitalSign(name: "event loop \(number)") { answer in loop.execute(answer) }
        }
    }

    /// The thread that owns every connection to PostgreSQL.
    static func pool(_ pool: PostgresPool) -> VitalSign {
        VitalSign(name: "pool") { answer in pool.askDriver(answer) }
    }

    /// The daemon's loops: none may be at one thing for longer than everything that it waits for may take.
    static func runners(_ pulses: @escaping @Sendable () -> [RunnerPulse], limit: Duration) -> VitalSign {
        VitalSign(name: "runners") { answer in
            if pulses().allSatisfy({ !$0.isHanging(limit: limit) }) { answer() }
        }
    }
}
