import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

struct DatabaseClockTests {
    private let noon = Timestamp(milliseconds: 1_767_268_800_000)

    @Test func `before the first look it says what the machine says`() {
        let clock = DatabaseClock { noon }
        #expect(clock.now == noon && !clock.isSet)
    }

    @Test func `then the machine's clock does not count, whatever it says`() {
        let clock = DatabaseClock { noon.adding(seconds: 3 * 3_600) }
        clock.set(noon)
        #expect(clock.isSet)
        #expect((noon...noon.adding(seconds: 60)).contains(clock.now))
        #expect(abs(clock.offsetSeconds - 3 * 3_600) < 60)
    }

    @Test func `it goes on from the moment at which the database said so`() {
        let clock = DatabaseClock { noon }
        clock.set(noon, at: .now - .seconds(600))
        #expect((noon.adding(seconds: 600)...noon.adding(seconds: 660)).contains(clock.now))
    }

    @Test func `the database is asked, also by a daemon whose clock is years behind`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let clock = DatabaseClock { noon.adding(seconds: -86_400 * 3_650) }
            let before: Timestamp = try await database.pool.query("SELECT now() AS now")[0].decode("now")
            try await DatabaseClockStore(pool: database.pool).read(into: clock)
            let after: Timestamp = try await database.pool.query("SELECT now() AS now")[0].decode("now")
            // A way of half a second at most lies between.
            #expect((before.adding(seconds: -1)...after.adding(seconds: 1)).contains(clock.now))
        }
    }
}
