import FoundationEssentials
import Postgres
import TestSupport
import Testing

@Suite struct RoundTripTests {
    /// Sends the value, and reads it back from the server with what it thinks of it.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [T], as type: String, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        try await TestDatabase.with(connections: 1) { database in
            for value in values {
                let row = try await database.pool.query("SELECT \(value) AS value, pg_typeof(\(value))::text AS type")[
                    0]
                #expect(try row.decode("value", as: T.self) == value, sourceLocation: location)
                #expect(try row.decode("type", as: String.self) == type, sourceLocation: location)
            }
        }
    }

    @Test func `text keeps emptiness, unicode and length`() async throws {
        try await roundTrip(
            ["", "a", "ünïcödé 😀 مرحبا", String(repeating: "x", count: 300_000), "' \" \\ $1 \n"], as: "text")
        try await roundTrip(["x", nil, ""], as: "text")
        try await roundTrip([[], [""], ["a", "ü,\"{}"], ["NULL"]] as [[String]], as: "text[]")
        try await roundTrip([["a", nil, ""], [nil], []] as [[String?]], as: "text[]")
    }

    @Test func `numbers keep their whole range`() async throws {
        try await roundTrip([0, 1, -1, .max, .min], as: "bigint")
        try await roundTrip([0, .max, .min] as [Int32], as: "integer")
        try await roundTrip(
            [0, -0.5, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity], as: "double precision")
        try await roundTrip([true, false, nil], as: "boolean")
        try await roundTrip([[1, .min], []] as [[Int]], as: "bigint[]")
        try await roundTrip([[1, nil]] as [[Int?]], as: "bigint[]")
        try await roundTrip([[1, nil]] as [[Int32?]], as: "integer[]")
        try await roundTrip([[0.5, nil]] as [[Double?]], as: "double precision[]")
        try await roundTrip([[true, nil, false]] as [[Bool?]], as: "boolean[]")
    }

    @Test func `identifiers and bytes keep every bit`() async throws {
        try await roundTrip([UUID(), UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), nil], as: "uuid")
        try await roundTrip([[UUID(), nil, UUID()]] as [[UUID?]], as: "uuid[]")
        try await roundTrip([[], [0], Array(0...255)] as [[UInt8]], as: "bytea")
        try await roundTrip([[[], [0, 255]], []] as [[[UInt8]]], as: "bytea[]")
        try await roundTrip([[[1], nil]] as [[[UInt8]?]], as: "bytea[]")
        try await roundTrip([Data(), Data([0, 1, 2])], as: "bytea")
    }

    @Test func `dates keep microseconds, and the ends of time`() async throws {
        let dates: [Date] = [
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: -0.000_001),
            Date(timeIntervalSince1970: 1_763_849_000.123_456),
            .distantPast, .distantFuture, Date(timeIntervalSinceReferenceDate: .infinity),
            Date(timeIntervalSinceReferenceDate: -.infinity),
            Date(timeIntervalSince1970: -210_866_803_200), Date(timeIntervalSince1970: 9_224_318_015_999),
        ]
        try await TestDatabase.with(connections: 1) { database in
            for date in dates {
                let read = try await database.pool.query("SELECT \(date)")[0].decode(0, as: Date.self)
                #expect(read == date || abs(read.timeIntervalSince(date)) < 0.000_001, "\(date.timeIntervalSince1970)")
            }
        }
        try await roundTrip([[Date(timeIntervalSince1970: 5), nil]] as [[Date?]], as: "timestamp with time zone[]")
    }

    @Test func `a date is the moment that the server means`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let row = try await database.pool.query(
                "SELECT '2025-11-22 22:03:20.5+00'::timestamptz, '1970-01-02'::date")[0]
            #expect(try row.decode(0, as: Date.self) == Date(timeIntervalSince1970: 1_763_849_000.5))
            #expect(try row.decode(1, as: Date.self) == Date(timeIntervalSince1970: 86_400))
        }
    }

    @Test func `JSON comes back as the server writes it`() async throws {
        let json = PostgresJSON(#"{"a": [1, 2.50, null, "ü"]}"#)
        try await roundTrip([json], as: "jsonb")
        try await roundTrip([[json, nil, PostgresJSON("3")]] as [[PostgresJSON?]], as: "jsonb[]")
        try await TestDatabase.with(connections: 1) { database in
            let row = try await database.pool.query(
                "SELECT \(json)->'a'->>3 AS text, '{\"b\":1}'::json AS json, \(json) AS whole")[0]
            #expect(try row.decode("text", as: String.self) == "ü")
            #expect(try row.decode("json", as: PostgresJSON.self) == PostgresJSON(#"{"b":1}"#))
            #expect(try row.decode("whole", as: String.self) == #"{"a": [1, 2.50, null, "ü"]}"#)
        }
    }

    @Test func `enumerations travel as what they are made of`() async throws {
        enum Colour: String, PostgresEncodable, PostgresDecodable { case red, green }
        try await TestDatabase.with(connections: 1) { database in
            try await database.pool.query("CREATE TYPE colour AS ENUM ('red', 'green', 'blue')")
            let row = try await database.pool.query("SELECT \(Colour.red)::colour AS colour, 'blue'::colour AS other")[
                0]
            #expect(try row.decode("colour", as: Colour.self) == .red)
            #expect(throws: PostgresError.decoding(column: "other", reason: "is no Colour that this program knows")) {
                try row.decode("other", as: Colour.self)
            }
        }
    }

    @Test func `the other numbers of SQL decode as well`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            let row = try await database.pool.query(
                """
                SELECT 7::smallint AS small, 1.5::real AS real, sum(x) AS sum, avg(x) AS average, 12345.0625::numeric AS numeric,
                       -0.001::numeric AS little, 'NaN'::numeric AS nan, pg_current_xact_id() AS xid, 1e20::numeric AS large
                FROM generate_series(1::bigint, 4::bigint) AS x
                """)[0]
            #expect(try row.decode("small", as: Int.self) == 7)
            #expect(try row.decode("real", as: Double.self) == 1.5)
            #expect(try row.decode("sum", as: Int.self) == 10)
            #expect(try row.decode("average", as: Double.self) == 2.5)
            #expect(try row.decode("numeric", as: Double.self) == 12345.0625)
            #expect(try row.decode("little", as: Double.self) == -0.001)
            #expect(try row.decode("nan", as: Double.self).isNaN)
            #expect(try row.decode("xid", as: Int.self) > 0)
            #expect(throws: PostgresError.self) { try row.decode("large", as: Int.self) }
        }
    }
}
