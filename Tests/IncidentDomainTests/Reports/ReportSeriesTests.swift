import Testing

@testable import IncidentDomain

/// Counts of minutes, as an incident tells them.
struct ReportSeriesTests {
    private static func series(_ minutes: Int, each reports: Int) -> ReportSeries {
        let counts = (0..<minutes).map { (Given.start.adding(seconds: Double($0) * 60), reports) }
        return ReportSeries(
            minutes: Dictionary(uniqueKeysWithValues: counts), from: Given.start,
            until: Given.start.adding(seconds: Double(minutes - 1) * 60), baseline: 0.613)
    }

    @Test(arguments: [1, 2, 119, 120, 121, 500, 10_000])
    func `however long it lasts, the buckets are few and nothing is lost`(minutes: Int) {
        let series = Self.series(minutes, each: 3)
        #expect(series.buckets.count <= ReportSeries.bucketsMax)
        #expect(series.total == minutes * 3 && series.buckets.reduce(0, +) == series.total)
        #expect(series.peakPerMinute == 3 && series.baselinePerMinute == 0.61)
        #expect(series.buckets.count * series.bucketSeconds >= minutes * 60)
    }

    @Test func `what is outside of the time is left out`() {
        let series = ReportSeries(
            minutes: [Given.start.adding(seconds: -60): 9, Given.start: 1, Given.start.adding(seconds: 120): 9],
            from: Given.start, until: Given.start.adding(seconds: 60), baseline: 0)
        #expect(series.buckets == [1, 0] && series.peakPerMinute == 1)
    }

    @Test func `a sentence says how many, and how many are normal`() {
        let text = Self.series(2, each: 1_500).sentence
        #expect(text == "3,000 user reports since 2026-11-22 10:00:00 UTC, peak 1,500 per minute (normally 0.6).")
    }

    @Test func `what is related is all that it needs and all that needs it`() {
        let graph = DependencyGraph([
            Component(slug: "app", name: "App", tier: 1, dependsOn: [Dependency(component: "auth", kind: .soft)]),
            Component(slug: "auth", name: "Auth", tier: 0, dependsOn: [Dependency(component: "db", kind: .hard)]),
            Component(slug: "db", name: "DB", tier: 0), Component(slug: "mail", name: "Mail", tier: 2),
        ])
        #expect(graph.related(to: "auth") == ["app", "auth", "db"])
        #expect(graph.related(to: "app") == ["app", "auth", "db"])
        #expect(graph.related(to: "mail") == ["mail"] && graph.related(to: "moon") == [])
    }
}

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
