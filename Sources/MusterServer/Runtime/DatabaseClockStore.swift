import IncidentDomain
import Postgres

/// Asks the database for its time.
struct DatabaseClockStore: Sendable {
    let pool: PostgresPool

    /// A question under way for longer tells less than the clock knows already.
    private static let roundTripMax: Duration = .milliseconds(500)

    /// Sets the clock by the database, as of the middle of the question's way. A first answer is taken however slow it was.
    func read(into clock: DatabaseClock) async throws {
        let before = ContinuousClock.now
        let rows = try await pool.query("SELECT clock_timestamp() AS now", deadline: .seconds(5))
        let took = before.duration(to: .now)
        guard let now: Timestamp = try rows.first?.decode("now"), took < Self.roundTripMax || !clock.isSet else {
            return
        }
        clock.set(now, at: before + took / 2)
    }
}
