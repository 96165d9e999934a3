import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres

/// Sees to it that what is due happens, as the end of a soak: on database time, by whichever daemon comes first, and
/// after any restart, because the deadline stands in the incident's row and nowhere else.
struct DeadlineRunner: PeriodicRunner {
    static let name = "deadlines"
    static let failure = "cannot process deadlines"

    let desk: IncidentDesk
    let pool: PostgresPool
    let logger: Logger
    /// How often to look; a deadline is met at most this much late.
    var interval: Duration = .milliseconds(500)

    private static let batchMax = 100
    private let lateness = Metrics.Timer(label: "muster_deadline_lateness_seconds")
    let setbacks = Setbacks<Int>("deadlines")

    func pass() async throws {
        // Of several soaks of one incident, each has its own moment, and the next may be due as well.
        while try await passDue() > 0 {}
    }

    /// Passes the earliest deadline of every incident that has one due now; returns how many incidents that changed.
    @discardableResult
    func passDue() async throws -> Int {
        var changed = 0
        var last: (number: Int, deadline: Timestamp)?
        // What a probe holds stays due, and must not stand in front of the others for ever.
        repeat {
            let due = try await DeadlineStore(pool: pool).due(after: last, limit: Self.batchMax)
            changed += try await pass(due)
            last = due.count == Self.batchMax ? due.last.map { ($0.number, $0.deadline) } : nil
        } while last != nil
        return changed
    }

    private func pass(_ due: [(number: Int, deadline: Timestamp, lateSeconds: Double)]) async throws -> Int {
        var changed = 0
        for incident in due {
            // When it happened is when the soak ended, not when somebody looked.
            let context = CommandContext(principal: .daemon, occurredAt: incident.deadline)
            _ = try await setbacks.attempt(incident.number, logger: logger) {
                guard try await desk.handle(.deadlinePassed, on: incident.number, context).firstEntry != nil else {
                    return
                }
                changed += 1
                lateness.recordSeconds(incident.lateSeconds)
            }
        }
        return changed
    }
}
