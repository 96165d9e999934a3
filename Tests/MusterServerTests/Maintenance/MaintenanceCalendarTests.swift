import FoundationEssentials
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// Maintenance as iCalendar: the bytes.
struct MaintenanceCalendarTests {
    private static let berlin = ZoneOffsets(
        name: "Europe/Berlin", firstOffset: 3600,
        changes: [
            ZoneOffsets.Change(at: 1_774_746_000, offset: 7200), ZoneOffsets.Change(at: 1_792_890_000, offset: 3600),
            ZoneOffsets.Change(at: 1_806_195_600, offset: 7200),
        ])

    private static let id = UUID(uuidString: "0197a1b2-0000-7000-8000-000000000001") ?? UUID()

    private static func maintenance(
        _ start: String, rule: String? = nil, _ change: (inout Maintenance) -> Void = { _ in }
    ) throws -> Maintenance {
        let window = MaintenanceWindow(
            title: "Switches", components: ["db", "cdn"], start: try #require(LocalTime(start)),
            timeZone: "Europe/Berlin",
            durationSeconds: 5400, rule: try rule.map { try RecurrenceRule($0) })
        let moment = try #require(Timestamp("2026-01-05T10:00:00.123Z"))
        var maintenance = Maintenance(
            id: id, window: window, version: 3, cancelledAt: nil, planAt: nil, createdAt: moment, createdBy: "Mia",
            updatedAt: moment, updatedBy: "Mia")
        change(&maintenance)
        return maintenance
    }

    private static func text(_ maintenance: Maintenance, changed: [MaintenanceOccurrence] = []) throws -> String {
        let calendar = MaintenanceCalendar(
            windows: [maintenance], zones: ["Europe/Berlin": berlin], changed: [id: changed],
            publicURL: "https://muster.test")
        return try #require(String(validating: calendar.bytes, as: UTF8.self))
    }

    private static func lines(_ text: String) -> [String] {
        text.replacing("\r\n ", with: "").split(separator: "\r\n").map(String.init)
    }

    @Test func `a series is one event with its rule and its time zone`() throws {
        let lines = Self.lines(try Self.text(try Self.maintenance("2026-03-01T02:30", rule: "FREQ=MONTHLY;BYDAY=1SU")))
        let event = try #require(lines.firstIndex(of: "BEGIN:VEVENT"))
        #expect(
            Array(lines[event...]) == [
                "BEGIN:VEVENT", "UID:0197a1b2-0000-7000-8000-000000000001@muster", "DTSTAMP:20260105T100000Z",
                "DTSTART;TZID=Europe/Berlin:20260301T023000", "DURATION:PT1H30M", "RRULE:FREQ=MONTHLY;BYDAY=1SU",
                "SEQUENCE:2",
                "CREATED:20260105T100000Z", "LAST-MODIFIED:20260105T100000Z", "SUMMARY:Switches", "CATEGORIES:db,cdn",
                "URL:https://muster.test/v1/maintenance/0197a1b2-0000-7000-8000-000000000001", "STATUS:CONFIRMED",
                "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR",
            ])
        let zone = try #require(lines.firstIndex(of: "BEGIN:VTIMEZONE"))
        #expect(
            Array(lines[zone..<event]) == [
                "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19700101T000000",
                "TZOFFSETFROM:+0100",
                "TZOFFSETTO:+0100", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:20260329T020000",
                "RDATE:20270328T020000",
                "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT", "BEGIN:STANDARD", "DTSTART:20261025T030000",
                "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
            ])
    }

    @Test func `what differs from the rule is an event of its own, in the place of the time that it had`() throws {
        let maintenance = try Self.maintenance("2026-03-01T02:30", rule: "FREQ=WEEKLY")
        func occurrence(_ local: String, _ start: String, _ change: (inout MaintenanceOccurrence) -> Void) throws
            -> MaintenanceOccurrence
        {
            let start = try #require(Timestamp(start))
            var occurrence = MaintenanceOccurrence(
                local: try #require(LocalTime(local)), startsAt: start, endsAt: start.adding(seconds: 5400))
            occurrence.isChanged = true
            change(&occurrence)
            return occurrence
        }
        let changed = [
            try occurrence("2026-03-08T02:30", "2026-03-08T01:30:00Z") { $0.state = .cancelled },
            try occurrence("2026-04-05T02:30", "2026-04-05T00:30:00Z") {
                $0.endsAt = $0.startsAt.adding(seconds: 7261)
            },
            // Begun early, in the hour that comes twice, the second time.
            try occurrence("2026-11-01T02:30", "2026-10-25T01:10:00.5Z") { _ in },
            // The rule was changed since.
            try occurrence("2026-03-10T02:30", "2026-03-10T01:30:00Z") { $0.state = .cancelled },
        ]
        let events = Self.lines(try Self.text(maintenance, changed: changed)).joined(separator: "\n")
            .split(separator: "BEGIN:VEVENT").dropFirst()
        #expect(events.count == 4)
        let parts = events.map { event in
            event.split(separator: "\n").filter { line in
                ["DTSTART", "DURATION", "RECURRENCE-ID", "STATUS"].contains { line.hasPrefix($0) }
            }.joined(separator: " ")
        }
        #expect(
            parts.dropFirst() == [
                "DTSTART;TZID=Europe/Berlin:20260308T023000 DURATION:PT1H30M RECURRENCE-ID;TZID=Europe/Berlin:20260308T023000 STATUS:CANCELLED",
                "DTSTART;TZID=Europe/Berlin:20260405T023000 DURATION:PT2H1M1S RECURRENCE-ID;TZID=Europe/Berlin:20260405T023000 STATUS:CONFIRMED",
                "DTSTART:20261025T011000Z DURATION:PT1H30M RECURRENCE-ID;TZID=Europe/Berlin:20261101T023000 STATUS:CONFIRMED",
            ])
    }

    @Test func `what was extended and is no time of the rule any more is a date of its own`() throws {
        let maintenance = try Self.maintenance("2026-03-01T02:30", rule: "FREQ=WEEKLY")
        let start = try #require(Timestamp("2026-03-10T01:30:00Z"))
        var extended = MaintenanceOccurrence(
            local: try #require(LocalTime("2026-03-10T02:30")), startsAt: start, endsAt: start.adding(seconds: 9000))
        extended.isChanged = true
        let lines = Self.lines(try Self.text(maintenance, changed: [extended]))
        let rule = try #require(lines.firstIndex(of: "RRULE:FREQ=WEEKLY"))
        #expect(lines[rule + 1] == "RDATE;TZID=Europe/Berlin:20260310T023000")
        let own = try #require(lines.firstIndex(of: "RECURRENCE-ID;TZID=Europe/Berlin:20260310T023000"))
        #expect(lines[own - 1] == "DURATION:PT2H30M" && lines.count { $0 == "BEGIN:VEVENT" } == 2)
    }

    @Test func `a time that the clocks skip is written as the time that it means, and a cancelled window says so`()
        throws
    {
        let lines = Self.lines(
            try Self.text(try Self.maintenance("2026-03-29T02:30") { $0.cancelledAt = $0.createdAt }))
        #expect(lines.contains("DTSTART;TZID=Europe/Berlin:20260329T033000"))
        #expect(lines.contains("STATUS:CANCELLED") && !lines.contains { $0.hasPrefix("RRULE") })
    }

    @Test func `every line ends by CRLF and has at most 75 octets, and hostile text stays text`() throws {
        let hostile = "A\\B;C,D\r\nEND:VEVENT\u{0}\u{7}\u{2028}" + String(repeating: "é\u{1F4A5}漢", count: 60)
        let text = try Self.text(
            try Self.maintenance("2026-03-01T02:30") {
                ($0.window.title, $0.window.description, $0.window.regions) = (hostile, hostile, ["eu;1", "us"])
            })
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() where byte == 10 || byte == 13 {
            #expect(byte == 13 ? bytes[index + 1] == 10 : bytes[index - 1] == 13)
        }
        let raw = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(raw.allSatisfy { $0.utf8.count <= 75 } && raw.contains { $0.utf8.count > 71 })
        let lines = Self.lines(text)
        #expect(lines.filter { $0 == "END:VEVENT" }.count == 1)
        #expect(lines.contains { $0.hasPrefix("SUMMARY:A\\\\B\\;C\\,D\\nEND:VEVENT\\né") })
        #expect(lines.contains("LOCATION:eu\\;1\\, us"))
    }

    @Test func `without maintenance it is a calendar all the same`() {
        let bytes = MaintenanceCalendar(windows: [], zones: [:], changed: [:], publicURL: nil).bytes
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.hasSuffix("END:VCALENDAR\r\n"))
    }
}
