import FoundationEssentials
import IncidentDomain
import Logging
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

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await passDue()
                } catch {
                    guard !Task.isCancelled else { return }
                    logger.warning("deadlines could not be looked at", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Passes every deadline that is due now; returns how many incidents had one.
    @discardableResult
    func passDue() async throws -> Int {
        let due = try await DeadlineStore(pool: pool).due(limit: 100)
        for incident in due {
            // When it happened is when the soak ended, not when somebody looked.
            let context = CommandContext(principal: .daemon, occurredAt: incident.deadline)
            do {
                _ = try await desk.handle(.deadlinePassed, on: incident.number, context)
            } catch let error as PostgresError where error.isTransient {
                throw error
            } catch {
                guard !Task.isCancelled else { throw error }
                // One incident that cannot be read must not hold up the others.
                logger.error(
                    "a deadline could not be passed",
                    metadata: ["incident": .stringConvertible(incident.number), "error": .string("\(error)")])
            }
        }
        return due.count
    }
}
