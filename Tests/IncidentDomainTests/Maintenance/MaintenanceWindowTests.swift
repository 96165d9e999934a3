import Testing

@testable import IncidentDomain

/// What is planned ahead of a window, and what is wrong with one.
struct MaintenanceWindowTests {
    private static let now = Timestamp.at("2026-03-01T00:00:00Z")

    private static func window(
        _ start: String, _ rule: String? = nil, seconds: Int = 3600
    ) throws -> MaintenanceWindow {
        MaintenanceWindow(
            title: "Switches", components: ["db"], start: .at(start), timeZone: "Europe/Berlin",
            durationSeconds: seconds,
            rule: try rule.map { try RecurrenceRule($0) })
    }

    private static func plan(
        _ window: MaintenanceWindow, now: Timestamp = now
    ) -> (locals: [String], nextLookAt: Timestamp, isMoreToCome: Bool) {
        let plan = MaintenancePlan(of: window, in: SampleZones.berlin, now: now)
        return (plan.times.map { String($0.local.description.prefix(10)) }, plan.nextLookAt, plan.isMoreToCome)
    }

    @Test func `what begins within 90 days is planned, and at least the next one`() throws {
        let weekly = Self.plan(try Self.window("2026-03-01T04:00", "FREQ=WEEKLY"))
        #expect(weekly.locals.count == 13 && weekly.locals.last == "2026-05-24", "90 days are 12.9 weeks")
        let yearly = Self.plan(try Self.window("2026-12-06T04:00", "FREQ=YEARLY"))
        #expect(yearly.locals == ["2026-12-06"])
        #expect(yearly.nextLookAt == Self.now.adding(seconds: 86_400), "zones change their rules")
        let soon = Self.plan(try Self.window("2026-03-01T04:00", "FREQ=YEARLY"))
        #expect(
            soon.locals == ["2026-03-01"] && soon.nextLookAt == .at("2026-03-01T03:00:00Z"),
            "then the next one is needed")
    }

    @Test func `what is over is planned no more, and what runs still is`() throws {
        let window = try Self.window("2026-02-27T01:30", "FREQ=DAILY;COUNT=3", seconds: 7200)
        #expect(Self.plan(window, now: .at("2026-02-28T02:00:00Z")).locals == ["2026-02-28", "2026-03-01"])
        #expect(Self.plan(window, now: .at("2026-03-01T02:00:00Z")).locals == ["2026-03-01"])
        let over = Self.plan(window, now: .at("2026-03-01T02:30:00Z"))
        #expect(over.locals == [] && !over.isMoreToCome)
    }

    @Test func `a window of a skipped time is an hour later, and its length is time that goes by`() throws {
        let once = try Self.window("2026-03-29T02:30")
        let times = Array(once.times(in: SampleZones.berlin, through: .latest))
        #expect(times.map(\.moment) == [.at("2026-03-29T01:30:00Z")])
        let overTheChange = try Self.window("2026-10-25T01:30", seconds: 7200)
        let start = try #require(Array(overTheChange.times(in: SampleZones.berlin, through: .latest)).first).moment
        #expect(
            SampleZones.berlin.local(at: overTheChange.end(from: start)) == .at("2026-10-25T02:30"), "the second time")
        #expect(overTheChange.end(from: start) == .at("2026-10-25T01:30:00Z"))
    }

    @Test(
        arguments: [
            ("2026-03-29T04:00", nil, 3600, nil),
            ("2026-02-28T22:00", nil, 3600, "local_start is over already; send a window that ends in the future"),
            ("2026-02-28T23:30", nil, 7200, nil),
            ("2032-02-28T22:00", nil, 3600, "local_start is more than 5 years ahead"),
            (
                "2025-02-01T22:00", "FREQ=DAILY", 3600,
                "local_start is more than a year ago; send the next time at which it begins"
            ),
            (
                "2026-03-29T02:30", "FREQ=DAILY", 3600,
                "local_start does not exist in Europe/Berlin: the clocks are set from 2026-03-29T02:00:00 to "
                    + "2026-03-29T03:00:00. Send another time"
            ),
            (
                "2026-03-02T04:00", "FREQ=WEEKLY;BYDAY=SU", 3600,
                "local_start is not a time of the rrule; the first one after it is 2026-03-08T04:00:00"
            ),
            ("2026-03-02T04:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 3600, "rrule names no day that there is"),
            ("2026-03-02T04:00", "FREQ=DAILY;UNTIL=20260301T000000Z", 3600, "rrule has an UNTIL before local_start"),
            (
                "2026-03-02T04:00", "FREQ=DAILY", 90_000,
                "duration_seconds is too long: the one of 2026-03-02T04:00:00 would not be over when that of "
                    + "2026-03-03T04:00:00 begins"
            ),
            ("2026-03-02T04:00", "FREQ=DAILY", 82_800, nil),
            // On 28 March it is only 23 hours until the same time of the next day.
            (
                "2026-03-28T04:00", "FREQ=DAILY", 86_400,
                "duration_seconds is too long: the one of 2026-03-28T04:00:00 would not be over when that of "
                    + "2026-03-29T04:00:00 begins"
            ),
        ] as [(String, String?, Int, String?)]) func `what is wrong with a window is said`(
            start: String, rule: String?, seconds: Int, complaint: String?
        ) throws
    {
        let window = try Self.window(start, rule, seconds: seconds)
        let fault = window.startFault(now: Self.now) ?? window.fault(in: SampleZones.berlin, now: Self.now)
        #expect(fault.map { "\($0.field) \($0.detail)" } == complaint)
    }

    @Test func `a series that began long ago may be changed`() throws {
        let old = try Self.window("2025-02-01T22:00", "FREQ=DAILY")
        #expect(old.fault(in: SampleZones.berlin, now: Self.now) == nil)
    }
}
