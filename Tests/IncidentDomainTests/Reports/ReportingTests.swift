import Testing

@testable import IncidentDomain

/// When users' reports are worth an entry in the timeline.
struct ReportingTests {
    private static func series(_ total: Int) -> ReportSeries {
        ReportSeries(
            total: total, peakPerMinute: total, baselinePerMinute: 0.5, from: Given.start, bucketSeconds: 60,
            buckets: [total])
    }

    private static func count(_ total: Int, changedAt: Timestamp = Given.start) -> IncidentCommand {
        .countReports(series(total), changedAt: changedAt)
    }

    private static func counted(_ total: Int) -> Answer { .events([ReportsCounted(series(total))]) }

    @Test func `they are counted first when a surge has joined, and not for nothing`() throws {
        #expect(try Given().when(Self.count(0)) == .nothing)
        #expect(try Given().when(Self.count(9)) == Self.counted(9))
        let reports = try Given().and(Self.count(9)).incident.reports
        #expect(reports?.total == 9 && reports?.peakPerMinute == 9 && reports?.since == Given.start)
    }

    @Test func `while a surge goes on, they are counted every quarter of an hour`() throws {
        let given = try Given().and(Self.count(9))
        #expect(given.later("10:15").when(Self.count(20)) == .nothing)
        #expect(given.later("10:16").when(Self.count(20)) == Self.counted(20))
        #expect(given.later("10:16").when(Self.count(9)) == .nothing)
    }

    @Test func `the end of a surge, or another one, is counted at once`() throws {
        let given = try Given().and(Self.count(9)).later("10:03")
        #expect(given.when(Self.count(9, changedAt: clock("10:02"))) == Self.counted(9))
        #expect(given.when(Self.count(9, changedAt: clock("10:00"))) == .nothing)
    }

    @Test func `an incident that is over does not hear of them`() throws {
        let given = try Given(.dismiss(reason: "a test"))
        #expect(given.when(Self.count(9)) == .nothing)
    }
}
