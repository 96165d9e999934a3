@testable import IncidentDomain

/// Time zones as they are in 2026 and 2027, written down by hand.
enum SampleZones {
    /// Clocks are set on the last Sundays of March and October, at 01:00 UTC.
    static let berlin = ZoneOffsets(
        name: "Europe/Berlin", firstOffset: 3600,
        changes: [
            change("2026-03-29T01:00:00Z", 7200), change("2026-10-25T01:00:00Z", 3600),
            change("2027-03-28T01:00:00Z", 7200), change("2027-10-31T01:00:00Z", 3600),
        ])
    /// On the second Sunday of March and the first of November, at two o'clock.
    static let newYork = ZoneOffsets(
        name: "America/New_York", firstOffset: -18_000,
        changes: [
            change("2026-03-08T07:00:00Z", -14_400), change("2026-11-01T06:00:00Z", -18_000),
            change("2027-03-14T07:00:00Z", -14_400), change("2027-11-07T06:00:00Z", -18_000),
        ])
    /// On the first Sundays of April and October; there it is summer in January.
    static let sydney = ZoneOffsets(
        name: "Australia/Sydney", firstOffset: 39_600,
        changes: [
            change("2026-04-04T16:00:00Z", 36_000), change("2026-10-03T16:00:00Z", 39_600),
            change("2027-04-03T16:00:00Z", 36_000), change("2027-10-02T16:00:00Z", 39_600),
        ])
    static let kolkata = ZoneOffsets(name: "Asia/Kolkata", firstOffset: 19_800)

    private static func change(_ moment: String, _ offset: Int) -> ZoneOffsets.Change {
        ZoneOffsets.Change(at: Int(Timestamp(moment).map { $0.milliseconds / 1000 } ?? 0), offset: offset)
    }
}

extension Timestamp {
    /// A time that the test wrote; the beginning of time, if it is none.
    static func at(_ text: String) -> Timestamp { Timestamp(text) ?? .earliest }
}

extension LocalTime {
    static func at(_ text: String) -> LocalTime { LocalTime(text) ?? LocalTime(seconds: 0) }
}
