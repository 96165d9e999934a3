import FoundationEssentials
import Postgres
import TestSupport
import Testing

@Suite struct ValueErrorTests {
    @Test func `a NUL in text is refused before anything is sent`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            await #expect(throws: PostgresError.invalidParameter(position: 2, reason: "text holds a NUL character")) {
                try await database.pool.query("SELECT \(1), \("secret\0")")
            }
            await #expect(throws: PostgresError.invalidParameter(position: 1, reason: "text holds a NUL character")) {
                try await database.pool.query("SELECT \(["a", "\0"])")
            }
            await #expect(throws: PostgresError.invalidParameter(position: 1, reason: "JSON holds a NUL byte")) {
                try await database.pool.query("SELECT \(PostgresJSON(bytes: [0]))")
            }
            #expect(database.pool.statistics().size == 0)
        }
    }

    @Test func `a date that PostgreSQL cannot hold is refused before anything is sent`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            for seconds in [1e300, -1e300, 9.3e12, .nan] {
                await #expect(throws: PostgresError.self) {
                    try await database.pool.query("SELECT \(Date(timeIntervalSince1970: seconds))")
                }
            }
            #expect(database.pool.statistics().size == 0)
        }
    }

    @Test func `decoding names the column and says what is wrong`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let row = try await database.pool.query(
                "SELECT 1 AS one, NULL::text AS nothing, '{{1},{2}}'::int[] AS square")[0]
            #expect(row.columns == ["one", "nothing", "square"])
            #expect(throws: PostgresError.decoding(column: "two", reason: "there is no such column in the result")) {
                try row.decode("two", as: Int.self)
            }
            #expect(throws: PostgresError.decoding(column: "nothing", reason: "is NULL")) {
                try row.decode("nothing", as: String.self)
            }
            #expect(
                throws: PostgresError.decoding(column: "one", reason: "the server's type 23 does not decode as String")
            ) {
                try row.decode("one", as: String.self)
            }
            #expect(throws: PostgresError.decoding(column: "square", reason: "an array of 2 dimensions")) {
                try row.decode("square", as: [Int].self)
            }
            #expect(throws: PostgresError.self) { try row.decode(3, as: Int.self) }
        }
    }

    @Test func `a description shows neither values nor details`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TABLE t (id text CONSTRAINT t_id PRIMARY KEY)")
            try await database.pool.query("INSERT INTO t VALUES (\("secret"))")
            let duplicate = await #expect(throws: PostgresError.self) {
                try await database.pool.query("INSERT INTO t VALUES (\("secret"))")
            }
            #expect(duplicate?.sqlState == "23505")
            #expect(duplicate?.constraint == "t_id")
            #expect(duplicate.map { "\($0)".contains("secret") } == false)
            let malformed = await #expect(throws: PostgresError.self) {
                try await database.pool.query("SELECT \("secret")::uuid")
            }
            #expect(malformed.map { "\($0)" } == "ERROR 22P02: invalid input syntax for type uuid")
        }
    }
}
