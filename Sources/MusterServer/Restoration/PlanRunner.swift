import IncidentDomain
import Logging
import Postgres

/// Has every plan looked at that is being carried out, because time goes by and the catalog changes without anybody saying
/// so to an incident: what changed materially becomes a revision in its timeline. Any number of daemons may do it; the one
/// that comes second finds nothing to revise.
struct PlanRunner: PeriodicRunner {
    static let name = "plans"
    static let failure = "cannot revise restoration plans"

    let desk: IncidentDesk
    let pool: PostgresPool
    let logger: Logger
    var interval: Duration = .seconds(15)
    let setbacks = Setbacks<Int>("plans")

    /// In one pass, of one incident.
    private static let takeoversMax = 100

    func pass() async throws {
        try await reviewPlans()
    }

    /// Looks at every plan once; returns how many incidents there were.
    @discardableResult
    func reviewPlans() async throws -> Int {
        let restoring = try await DeadlineStore(pool: pool).restoring(limit: 1_000)
        for number in restoring {
            _ = try await setbacks.attempt(number, logger: logger) {
                // What was restored elsewhere is taken over at its own time, one time after the other.
                for _ in 0..<Self.takeoversMax {
                    let outcome = try await desk.handle(.reviewPlan, on: number, CommandContext(principal: .daemon))
                    guard outcome.firstEntry?.event.as(StepRestored.self) != nil else { break }
                }
            }
        }
        return restoring.count
    }
}
