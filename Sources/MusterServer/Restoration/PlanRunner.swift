import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle

/// Has every plan looked at that is being carried out, because time goes by and the catalog changes without anybody saying
/// so to an incident: what changed materially becomes a revision in its timeline. Any number of daemons may do it; the one
/// that comes second finds nothing to revise.
struct PlanRunner: Service {
    let desk: IncidentDesk
    let pool: PostgresPool
    let logger: Logger
    var interval: Duration = .seconds(15)
    private let progress = RunnerProgress("plans")
    let setbacks = Setbacks<Int>("plans")

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await RunnerPulse.pass { try await reviewPlans() }
                    progress.passed()
                } catch {
                    guard !Task.isCancelled else { return }
                    logger.warning("plans could not be looked at", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Looks at every plan once; returns how many incidents there were.
    @discardableResult
    func reviewPlans() async throws -> Int {
        let restoring = try await DeadlineStore(pool: pool).restoring(limit: 1_000)
        for number in restoring where !setbacks.isResting(number) {
            do {
                _ = try await desk.handle(.reviewPlan, on: number, CommandContext(principal: .daemon))
                setbacks.succeeded(number)
            } catch let error as PostgresError where error.isTransient {
                throw error
            } catch {
                guard !Task.isCancelled else { throw error }
                setbacks.failed(number, error, logger: logger)
            }
        }
        return restoring.count
    }
}
