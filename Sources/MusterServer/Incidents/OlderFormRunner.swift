import IncidentDomain
import Logging
import Postgres

/// Makes the rows of incidents anew that a release wrote which kept less of their events, from their timelines: after an upgrade,
/// and after an import of an older archive. Commands do the same for the incident that they load, so nothing waits for this.
/// Several daemons may do it; each row is held while it is written.
struct OlderFormRunner: PeriodicRunner {
    static let name = "older_forms"
    static let failure = "cannot make incidents of an older release anew"

    let desk: IncidentDesk
    let pool: PostgresPool
    let logger: Logger
    /// Daemons of the older release may still write while an upgrade goes on.
    var interval: Duration = .seconds(6 * 3600)
    let setbacks = Setbacks<Int>("older_forms")

    private static let batchRows = 100

    func pass() async throws {
        try await rebuild()
    }

    /// Goes over all incidents once; returns how many were made anew.
    @discardableResult
    func rebuild() async throws -> Int {
        var (last, count) = (0, 0)
        while true {
            let numbers = try await desk.incidents.numbersOfOlderForm(after: last, limit: Self.batchRows, in: pool)
            guard let newest = numbers.last else { break }
            for number in numbers {
                _ = try await setbacks.attempt(number, logger: logger) {
                    if try await desk.rebuild(number) { count += 1 }
                }
            }
            last = newest
        }
        if count > 0 { logger.notice("Incidents of an older release were made anew.", metadata: ["count": "\(count)"]) }
        return count
    }
}
