import Testing

@testable import IncidentDomain

/// Rules as they are written.
struct RecurrenceRuleTests {
    @Test(arguments: [
        "FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", "FREQ=MONTHLY;COUNT=3;BYDAY=1MO,-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=-1,15;BYSETPOS=-1", "FREQ=YEARLY;UNTIL=20271231T235959Z;BYMONTH=3,9;BYDAY=SU",
    ]) func `a rule is written as it was read`(text: String) throws {
        #expect(try RecurrenceRule(text).description == text)
        #expect(try RecurrenceRule("rrule:" + text.lowercased()).description == text)
    }

    @Test(arguments: [
        ("", "has the part \"\"; each part is NAME=VALUE, as in FREQ=WEEKLY;BYDAY=SU"),
        ("FREQ=DAILY;", "has the part \"\"; each part is NAME=VALUE, as in FREQ=WEEKLY;BYDAY=SU"),
        ("COUNT=3", "has no FREQ; allowed: DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=HOURLY", "has FREQ=HOURLY; allowed: DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;FREQ=DAILY", "has FREQ twice"),
        (
            "FREQ=YEARLY;BYWEEKNO=20",
            "has BYWEEKNO, which is not supported; allowed: FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST"
        ),
        ("FREQ=DAILY;COUNT=0", "has COUNT=0; allowed: 1 to 10000"),
        ("FREQ=DAILY;INTERVAL=1001", "has INTERVAL=1001; allowed: 1 to 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z", "has COUNT and UNTIL; send one of the two"),
        ("FREQ=DAILY;UNTIL=20270101", "has UNTIL=20270101; it should be a moment in UTC, as in UNTIL=20271231T235959Z"),
        (
            "FREQ=DAILY;UNTIL=20270101T000000",
            "has UNTIL=20270101T000000; it should be a moment in UTC, as in UNTIL=20271231T235959Z"
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "has BYMONTHDAY=0; allowed: -31 to -1 and 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,32", "has BYMONTHDAY=32; allowed: -31 to -1 and 1 to 31"),
        ("FREQ=YEARLY;BYMONTH=13", "has BYMONTH=13; allowed: 1 to 12"),
        (
            "FREQ=WEEKLY;BYDAY=XX",
            "has \"XX\" in BYDAY; allowed: MO, TU, WE, TH, FR, SA, SU, with a number before as in 1MO or -1SU"
        ),
        ("FREQ=MONTHLY;BYDAY=54MO", "has BYDAY=54; allowed: -53 to -1 and 1 to 53"),
        ("FREQ=WEEKLY;BYDAY=1MO", "has a number in BYDAY, which needs FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "has BYMONTHDAY with FREQ=WEEKLY; use BYDAY, or FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "has BYSETPOS alone; it needs BYDAY, BYMONTHDAY or BYMONTH"),
        ("FREQ=WEEKLY;WKST=1", "has WKST=1; allowed: MO, TU, WE, TH, FR, SA, SU"),
    ]) func `what is not supported is refused with what is allowed`(text: String, detail: String) {
        #expect(throws: RecurrenceComplaint(detail: detail)) { try RecurrenceRule(text) }
    }
}
