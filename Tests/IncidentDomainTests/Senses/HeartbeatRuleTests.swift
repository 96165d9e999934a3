import Testing

@testable import IncidentDomain

/// When a heartbeat is late, also after a time in which nobody could hear it.
struct HeartbeatRuleTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)
    private static let day = HeartbeatRule(intervalSeconds: 86_400, graceSeconds: 3600)
    private static let minute = HeartbeatRule(intervalSeconds: 60, graceSeconds: 30)

    private static func after(_ seconds: Double) -> Timestamp { start.adding(seconds: seconds) }

    private static func away(_ from: Double, _ until: Double) -> FleetAbsence {
        FleetAbsence(start: after(from), end: after(until))
    }

    @Test func `it is late when interval and grace have passed`() {
        #expect(Self.minute.deadline(after: Self.start, absence: nil) == Self.after(90))
    }

    @Test func `what was expected while nobody was there is expected again an interval later`() {
        let back = Self.minute.deadline(after: Self.start, absence: Self.away(40, 7200))
        #expect(back == Self.after(7200 + 90))
        let nightly = Self.day.deadline(after: Self.start, absence: Self.away(86_000, 86_500))
        #expect(nightly == Self.after(86_500 + 90_000))
    }

    @Test func `a short absence in the middle of a long interval changes nothing`() {
        #expect(Self.day.deadline(after: Self.start, absence: Self.away(3600, 3610)) == Self.after(90_000))
    }

    @Test func `what was due at the moment of the return gets some minutes`() {
        // It was late before nobody was there, and nobody had noticed yet.
        let deadline = Self.day.deadline(after: Self.start, absence: Self.away(90_001, 95_000))
        #expect(deadline == Self.after(95_300))
        #expect(Self.minute.deadline(after: Self.start, absence: Self.away(91, 95)) == Self.after(95 + 90))
    }

    @Test func `an absence before the last ping is forgotten`() {
        #expect(Self.minute.deadline(after: Self.after(100), absence: Self.away(40, 99)) == Self.after(190))
    }
}
