import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// How clocks are set, as PostgreSQL says.
struct ZoneStoreTests {
    @Test func `changes of the clocks are found to the minute, and unknown zones are missing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let start = try #require(LocalTime("2026-01-01T00:00"))
            let end = try #require(Timestamp("2027-06-01T00:00:00Z"))
            let names: Set = [
                "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Mars/Olympus",
            ]
            let zones = try await ZoneStore.zones(names, from: start, through: end, in: daemon.pool)
            let known = try await ZoneStore.zones(
                names.subtracting(["Mars/Olympus"]), from: start, through: end, areKnown: true, in: daemon.pool)
            #expect(known == zones)
            #expect(Set(zones.keys) == names.subtracting(["Mars/Olympus"]))
            #expect(zones["Asia/Kolkata"] == ZoneOffsets(name: "Asia/Kolkata", firstOffset: 19_800))
            #expect(
                Self.text(zones["Europe/Berlin"]) == [
                    "3600", "2026-03-29T01:00 7200", "2026-10-25T01:00 3600", "2027-03-28T01:00 7200",
                ])
            #expect(
                Self.text(zones["America/New_York"]) == [
                    "-18000", "2026-03-08T07:00 -14400", "2026-11-01T06:00 -18000", "2027-03-14T07:00 -14400",
                ])
            // Half an hour, in the south.
            #expect(
                Self.text(zones["Australia/Lord_Howe"]) == [
                    "39600", "2026-04-04T15:00 37800", "2026-10-03T15:30 39600", "2027-04-03T15:00 37800",
                ])
        }
    }

    @Test func `what is not the same zone on every machine is unknown, to rules as well`() async throws {
        try await TestDaemon.with { daemon async throws in
            let start = try #require(LocalTime("2026-01-01T00:00"))
            let rules = RuleStore(pool: daemon.pool)
            let odd: Set = ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin"]
            let zones = try await ZoneStore.zones(
                odd.union(["UTC", "Etc/GMT+3"]), from: start, now: .now(), in: daemon.pool)
            #expect(Set(zones.keys) == ["UTC", "Etc/GMT+3"])
            for zone in odd { #expect(try await !rules.knows(timeZone: zone), "\(zone)") }
            #expect(try await rules.knows(timeZone: "Europe/Berlin"))
        }
    }

    private static func text(_ zone: ZoneOffsets?) -> [String] {
        guard let zone else { return [] }
        return ["\(zone.firstOffset)"]
            + zone.changes.map { "\(LocalTime(seconds: $0.at).description.prefix(16)) \($0.offset)" }
    }
}
