import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Hours in a time zone, whose clocks are set forward and back, and hours that go on after midnight.
@Suite(.timeLimit(.minutes(20))) struct OpeningHoursTests {
    private static let work = OpeningHours(timeZone: "Europe/Berlin", days: [1, 2, 3, 4, 5], from: 540, to: 1020)
    private static let night = OpeningHours(timeZone: "Europe/Berlin", days: [5, 6], from: 1320, to: 360)

    private static let moments: [(OpeningHours, String, String?)] = [
        // A Monday in winter: 09:00 is 08:00 in UTC.
        (work, "2026-01-12T07:59:59Z", "2026-01-12T08:00:00.000Z"), (work, "2026-01-12T08:00:00Z", nil),
        (work, "2026-01-12T15:59:59Z", nil), (work, "2026-01-12T16:00:00Z", "2026-01-13T08:00:00.000Z"),
        // Friday evening: the next is Monday; the clocks go forward in between.
        (work, "2026-03-27T16:00:00Z", "2026-03-30T07:00:00.000Z"),
        // Friday 22:00 to Saturday 06:00, and once more.
        (night, "2026-01-16T20:59:00Z", "2026-01-16T21:00:00.000Z"), (night, "2026-01-17T04:59:00Z", nil),
        (night, "2026-01-17T05:00:00Z", "2026-01-17T21:00:00.000Z"), (night, "2026-01-18T04:59:00Z", nil),
        (night, "2026-01-18T05:00:00Z", "2026-01-23T21:00:00.000Z"),
        // The night of Saturday to Sunday has an hour less, and one more in autumn.
        (night, "2026-03-29T03:59:00Z", nil), (night, "2026-03-29T04:00:00Z", "2026-04-03T20:00:00.000Z"),
        (night, "2026-10-25T04:59:00Z", nil), (night, "2026-10-25T05:00:00Z", "2026-10-30T21:00:00.000Z"),
    ]

    @Test func `hours are those of the place, on every day of the year`() async throws {
        try await TestDaemon.with { daemon async throws in
            for (hours, moment, expected) in Self.moments {
                let at = try #require(Timestamp(moment))
                let next = try await RuleStore.opening(of: hours, at: at, in: daemon.pool)
                #expect(next?.description == expected, "\(moment)")
            }
        }
    }

    @Test func `an hour that a clock skips is the one after, and a whole day has no gap`() async throws {
        try await TestDaemon.with { daemon async throws in
            let skipped = OpeningHours(timeZone: "Europe/Berlin", days: [7], from: 150, to: 240)
            let before = try #require(Timestamp("2026-03-29T00:00:00Z"))
            let next = try await RuleStore.opening(of: skipped, at: before, in: daemon.pool)
            #expect(next?.description == "2026-03-29T01:30:00.000Z")
            let always = OpeningHours(timeZone: "America/New_York", days: Array(1...7), from: 0, to: 1440)
            for hour in 0..<48 {
                let at = try #require(Timestamp("2026-11-01T00:00:00Z")).adding(seconds: Double(hour) * 3600)
                #expect(try await RuleStore.opening(of: always, at: at, in: daemon.pool) == nil)
            }
            #expect(try await RuleStore(pool: daemon.pool).knows(timeZone: "Europe/Berlin"))
            #expect(try await !RuleStore(pool: daemon.pool).knows(timeZone: "Europe/Atlantis"))
        }
    }
}
