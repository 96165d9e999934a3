import Testing

@testable import IncidentDomain

/// When a rule has something begin: dates worked out by hand.
struct RecurrenceTests {
    /// A series, and the moments at which it begins.
    struct Series: CustomTestStringConvertible, Sendable {
        let name: String
        let start: String
        let zone: ZoneOffsets
        let rule: String
        let moments: [String]

        init(_ name: String, _ start: String, _ zone: ZoneOffsets, _ rule: String, _ moments: String...) {
            (self.name, self.start, self.zone, self.rule, self.moments) = (name, start, zone, rule, moments)
        }

        var testDescription: String { name }
    }

    private static let zoned = [
        Series(
            "Berlin, forward: 02:30 does not exist on 29 March, and is not counted", "2026-03-27T02:30",
            SampleZones.berlin,
            "FREQ=DAILY;COUNT=4", "2026-03-27T01:30", "2026-03-28T01:30", "2026-03-30T00:30", "2026-03-31T00:30"),
        Series(
            "Berlin, back: 02:30 comes twice on 25 October, and the first counts", "2026-10-24T02:30",
            SampleZones.berlin,
            "FREQ=DAILY;COUNT=3", "2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"),
        Series(
            "New York, forward: 8 March is left out", "2026-03-01T02:30", SampleZones.newYork,
            "FREQ=WEEKLY;BYDAY=SU;COUNT=3", "2026-03-01T07:30", "2026-03-15T06:30", "2026-03-22T06:30"),
        Series(
            "New York, back: 01:30 comes twice on 1 November", "2026-10-25T01:30", SampleZones.newYork,
            "FREQ=WEEKLY;COUNT=3", "2026-10-25T05:30", "2026-11-01T05:30", "2026-11-08T06:30"),
        Series(
            "Sydney, forward in October", "2026-10-02T02:30", SampleZones.sydney, "FREQ=DAILY;COUNT=3",
            "2026-10-01T16:30", "2026-10-02T16:30", "2026-10-04T15:30"),
        Series(
            "Sydney, back in April", "2026-04-04T02:30", SampleZones.sydney, "FREQ=DAILY;COUNT=3",
            "2026-04-03T15:30", "2026-04-04T15:30", "2026-04-05T16:30"),
        Series(
            "Kolkata never sets its clocks; short months have no 31st", "2026-01-31T22:00", SampleZones.kolkata,
            "FREQ=MONTHLY;COUNT=4", "2026-01-31T16:30", "2026-03-31T16:30", "2026-05-31T16:30", "2026-07-31T16:30"),
        Series(
            "UNTIL is the last moment, itself included", "2026-03-27T02:30", SampleZones.berlin,
            "FREQ=DAILY;UNTIL=20260330T003000Z", "2026-03-27T01:30", "2026-03-28T01:30", "2026-03-30T00:30"),
        Series(
            "UNTIL a second earlier", "2026-03-27T02:30", SampleZones.berlin, "FREQ=DAILY;UNTIL=20260330T002959Z",
            "2026-03-27T01:30", "2026-03-28T01:30"),
        Series(
            "the last Sunday stays the last Sunday, though the clocks skip its time in March", "2026-02-22T02:30",
            SampleZones.berlin, "FREQ=MONTHLY;BYDAY=SU;BYSETPOS=-1;COUNT=2", "2026-02-22T01:30", "2026-04-26T00:30"),
        Series(
            "over both changes of a year", "2026-01-04T04:00", SampleZones.berlin,
            "FREQ=MONTHLY;INTERVAL=3;BYDAY=1SU;COUNT=4",
            "2026-01-04T03:00", "2026-04-05T02:00", "2026-07-05T02:00", "2026-10-04T02:00"),
    ]

    @Test(arguments: zoned) func `a series keeps its time by the clocks of its zone`(series: Series) throws {
        #expect(try Self.times(series).map { $0.moment.description } == series.moments.map { "\($0):00.000Z" })
    }

    private static let dated = [
        Series(
            "the last working day of a month", "2026-01-30T22:00", .utc,
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=4", "2026-01-30", "2026-02-27", "2026-03-31",
            "2026-04-30"
        ),
        Series(
            "the first and the last of them", "2026-01-01T22:00", .utc,
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1;COUNT=4", "2026-01-01", "2026-01-30", "2026-02-02",
            "2026-02-27"
        ),
        Series(
            "the last day", "2027-12-31T01:00", .utc, "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "2027-12-31", "2028-01-31",
            "2028-02-29"),
        Series(
            "29 February", "2028-02-29T01:00", .utc, "FREQ=YEARLY;COUNT=3", "2028-02-29", "2032-02-29", "2036-02-29"),
        Series(
            "RFC 5545: weeks begin on Monday", "1997-08-05T09:00", .utc,
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"),
        Series(
            "RFC 5545: weeks begin on Sunday", "1997-08-05T09:00", .utc,
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"),
        Series(
            "RFC 5545: the 20th Monday of the year", "1997-05-19T09:00", .utc, "FREQ=YEARLY;BYDAY=20MO;COUNT=3",
            "1997-05-19", "1998-05-18", "1999-05-17"),
        Series(
            "RFC 5545: Fridays that are the 13th", "1998-02-13T09:00", .utc,
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3",
            "1998-02-13", "1998-03-13", "1998-11-13"),
        Series(
            "RFC 5545: election days", "1996-11-05T09:00", .utc,
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3", "1996-11-05", "2000-11-07",
            "2004-11-02"),
        Series(
            "RFC 5545: the last Friday but one", "1997-09-22T09:00", .utc, "FREQ=MONTHLY;BYDAY=-2MO;COUNT=3",
            "1997-09-22", "1997-10-20", "1997-11-17"),
        Series(
            "every day of January", "1998-01-30T09:00", .utc, "FREQ=DAILY;BYMONTH=1;COUNT=3", "1998-01-30",
            "1998-01-31",
            "1999-01-01"),
        Series(
            "some months", "2026-03-15T09:00", .utc, "FREQ=YEARLY;BYMONTH=3,9;COUNT=3", "2026-03-15", "2026-09-15",
            "2027-03-15"),
    ]

    @Test(arguments: dated) func `a rule names its days`(series: Series) throws {
        #expect(try Self.times(series).map { String($0.local.description.prefix(10)) } == series.moments)
    }

    private static func times(_ series: Series) throws -> [Recurrence.Time] {
        let start = try #require(LocalTime(series.start))
        let end = Timestamp.at("2040-01-01T00:00:00Z")
        return Array(Recurrence(try RecurrenceRule(series.rule), from: start, in: series.zone, through: end))
    }

    @Test func `a rule that never comes ends with the time that is looked at`() throws {
        let never = try RecurrenceRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
        var times = Recurrence(never, from: .at("2026-01-01T00:00"), in: .utc, through: .at("9999-12-31T00:00:00Z"))
        #expect(times.next() == nil)
    }
}

/// Clocks of time zones.
struct ZoneOffsetsTests {
    @Test func `a time that is skipped is told with its gap, and as what an unset clock would show`() {
        let skipped = LocalTime.at("2026-03-29T02:30")
        #expect(SampleZones.berlin.moment(of: skipped) == nil)
        #expect(SampleZones.berlin.momentOrLater(of: skipped) == .at("2026-03-29T01:30:00Z"))
        let gap = SampleZones.berlin.gap(at: skipped)
        #expect(gap?.from == .at("2026-03-29T02:00") && gap?.to == .at("2026-03-29T03:00"))
        for edge in ["2026-03-29T01:59:59", "2026-03-29T03:00"] {
            #expect(SampleZones.berlin.gap(at: .at(edge)) == nil && SampleZones.berlin.moment(of: .at(edge)) != nil)
        }
        #expect(SampleZones.berlin.moment(of: .at("2026-03-29T03:00")) == .at("2026-03-29T01:00:00Z"))
    }

    @Test func `a time that comes twice is the first, and its second moment shows the same time`() {
        let first = SampleZones.berlin.moment(of: .at("2026-10-25T02:30"))
        #expect(first == .at("2026-10-25T00:30:00Z"))
        #expect(SampleZones.berlin.local(at: .at("2026-10-25T01:30:00Z")) == .at("2026-10-25T02:30"))
        #expect(SampleZones.berlin.local(at: .at("2026-07-01T00:00:00Z")) == .at("2026-07-01T02:00"))
    }

    @Test(arguments: [
        "2026-12-06", "2026-12-06T02:30Z", "2026-12-06T02:30:00+01:00", "2026-12-06 02:30", "2026-02-30T02:30",
        "1969-12-31T23:59",
        "2026-12-06T24:00", "2026-12-06T02:30:60", "2026-12-06T02:30:", "", "soon",
    ]) func `what is no date and time of a clock is not read`(text: String) {
        #expect(LocalTime(text) == nil)
    }

    @Test func `dates and weekdays are those of the calendar`() {
        #expect(CivilDay(year: 2026, month: 11, day: 30).weekday == .monday)
        #expect(CivilDay(year: 1970, month: 1, day: 1).weekday == .thursday)
        #expect(CivilDay.days(inMonth: 2, of: 2028) == 29 && CivilDay.days(inMonth: 2, of: 2100) == 28)
        #expect(LocalTime.at("2026-12-06T02:30").compact == "20261206T023000")
    }
}
