import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres
import ServiceLifecycle

/// Sees to it that what is due happens, as the end of a soak: on database time, by whichever daemon comes first, and
/// after any restart, because the deadline stands in the incident's row and nowhere else.
struct DeadlineRunner: Service {
    let desk: IncidentDesk
    let pool: PostgresPool
    let logger: Logger
    /// How often to look; a deadline is met at most this much late.
    var interval: Duration = .milliseconds(500)

    private static let batchMax = 100
    private let lateness = Metrics.Timer(label: "muster_deadline_lateness_seconds")
    private let progress = RunnerProgress("deadlines")
    let setbacks = Setbacks<Int>("deadlines")

    func run() async throws {
        progress.begin()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    // Of several soaks of one incident, each has its own moment, and the next may be due as well.
                    while try await RunnerPulse.pass({ try await passDue() }) > 0 {}
                    progress.passed()
                } catch {
                    guard !Task.isCancelled else { return }
                    logger.warning("deadlines could not be looked at", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
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
        for incident in due where !setbacks.isResting(incident.number) {
            // When it happened is when the soak ended, not when somebody looked.
            let context = CommandContext(principal: .daemon, occurredAt: incident.deadline)
            do {
                let outcome = try await desk.handle(.deadlinePassed, on: incident.number, context)
                setbacks.succeeded(incident.number)
                guard outcome.firstEntry != nil else { continue }
                changed += 1
                lateness.recordSeconds(incident.lateSeconds)
            } catch let error as PostgresError where error.isTransient {
                throw error
            } catch {
                guard !Task.isCancelled else { throw error }
                // One incident that cannot be read must not hold up the others.
                setbacks.failed(incident.number, error, logger: logger)
            }
        }
        return changed
    }
}
