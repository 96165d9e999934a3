import NIOCore
import NIOPosix
import Postgres

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
