import Testing

@testable import IncidentDomain

/// States and uptime of components, computed by hand.
struct PublicStatusTests {
    private static func day(_ text: String) -> Timestamp {
        guard let moment = Timestamp("2026-\(text)Z") else { preconditionFailure("\(text) is no time") }
        return moment
    }

    private static func stretch(_ level: ImpactLevel, _ begin: String, _ end: String?) -> PublicIncident.Stretch {
        PublicIncident.Stretch(level: level, begin: day(begin), end: end.map(day))
    }

    private static let now = day("11-22T12:00:00")

    @Test func `an incident that was merged leads to the one that is shown, over several merges`() throws {
        let shown = try #require(
            PublicIncidentTests.shown(
                try Given(PublicIncidentTests.hit("feed", .degraded), PublicIncidentTests.update("x"))))
        func merged(_ merged: [Int: Int]) -> [Int: Int]? {
            PublicRecord(components: [], incidents: [shown], maintenance: [], merged: merged).merged
        }
        #expect(merged([7_001: shown.number]) == [7_001: shown.number])
        #expect(merged([7_001: 7_002, 7_002: shown.number]) == [7_001: shown.number, 7_002: shown.number])
        #expect(merged([7_001: 7_002]) == [:], "nobody sees where it went")
        #expect(merged([7_001: 7_002, 7_002: 7_001]) == [:], "a circle leads nowhere")
    }

    @Test func `a major outage counts fully, a partial one 30 percent, and degraded performance not`() {
        // In the last 24 hours: 1 h of major and 2 h of partial outage; 5 h of degraded performance.
        let uptime = PublicUptime(
            [
                Self.stretch(.majorOutage, "11-22T01:00:00", "11-22T02:00:00"),
                Self.stretch(.partialOutage, "11-22T02:00:00", "11-22T04:00:00"),
                Self.stretch(.degraded, "11-22T04:00:00", "11-22T09:00:00"),
            ], since: Self.day("01-01T00:00:00"), now: Self.now)
        #expect(uptime.share(ofDays: 1).map { ($0 * 1_000_000).rounded() } == ((1 - 1.6 / 24) * 1_000_000).rounded())
        let today = uptime.days[89]
        #expect(today.major == 3_600 && today.partial == 7_200 && today.degraded == 18_000 && today.known == 43_200)
        #expect(today.worst == .majorOutage && uptime.days[88].worst == nil && uptime.days.count == 90)
    }

    @Test func `where incidents overlap, the worst holds and counts once`() {
        let uptime = PublicUptime(
            [
                Self.stretch(.partialOutage, "11-21T10:00:00", "11-21T14:00:00"),
                Self.stretch(.majorOutage, "11-21T11:00:00", "11-21T12:00:00"),
                Self.stretch(.majorOutage, "11-21T11:30:00", "11-21T12:30:00"),
            ], since: Self.day("01-01T00:00:00"), now: Self.now)
        let day = uptime.days[88]
        #expect(day.major == 1.5 * 3_600 && day.partial == 2.5 * 3_600)
    }

    @Test func `an outage over midnight counts in both days, and one that goes on until now`() {
        let uptime = PublicUptime(
            [Self.stretch(.majorOutage, "11-21T23:00:00", nil)], since: Self.day("11-21T00:00:00"), now: Self.now)
        #expect(uptime.days[88].major == 3_600 && uptime.days[89].major == 43_200)
        #expect(uptime.days[87].known == 0 && uptime.days[88].known == 86_400)
        // Of 36 hours that are known, 13 were down.
        #expect(uptime.share(ofDays: 7).map { ($0 * 1_000).rounded() } == (23.0 / 36 * 1_000).rounded())
        #expect(uptime.since == Self.day("11-21T00:00:00") && !uptime.isKnownWholly)
        // That is more than a tenth of 7 days, and less than one of 30.
        #expect(uptime.share(ofDays: 30) == nil && uptime.share(ofDays: 365) == nil)
    }

    @Test func `of a component that is new nothing is known before, unless an incident says so`() {
        let fresh = PublicUptime([], since: Self.now, now: Self.now)
        #expect(fresh.share(ofDays: 30) == nil && fresh.days.allSatisfy { $0.known == 0 })
        let entered = PublicUptime(
            [Self.stretch(.majorOutage, "11-12T12:00:00", "11-13T12:00:00")], since: Self.now, now: Self.now)
        #expect(entered.share(ofDays: 30).map { ($0 * 100).rounded() } == 90)
    }

    private static func component(_ id: String, _ name: String) -> PublicComponent {
        PublicComponent(
            id: id, name: name, createdAt: day("01-01T00:00:00"), updatedAt: day("01-01T00:00:00"))
    }

    private static func occurrence(_ begin: String, _ end: String) -> MaintenanceOccurrence {
        MaintenanceOccurrence(local: LocalTime(seconds: 0), startsAt: day(begin), endsAt: day(end))
    }

    private static func maintenance(_ components: [String], _ begin: String, _ end: String) -> PublicMaintenance? {
        PublicMaintenance(
            occurrence(begin, end),
            of: MaintenanceWindow(
                title: "hunter2", components: components, start: LocalTime(seconds: 0), timeZone: "Etc/UTC",
                durationSeconds: 3_600),
            id: "m-1", version: 1, createdAt: now, updatedAt: now, catalog: PublicIncidentTests.catalog)
    }

    @Test func `maintenance shows while it runs, and only of public components`() throws {
        let found = try #require(Self.maintenance(["feed", "upload"], "11-22T11:00:00", "11-22T13:00:00"))
        #expect(found.components == ["id-feed"])
        #expect(Self.maintenance(["upload"], "11-22T11:00:00", "11-22T13:00:00") == nil)
        let record = PublicRecord(
            components: PublicIncidentTests.catalog.components, incidents: [], maintenance: [found])
        #expect(PublicStatus(record, at: Self.day("11-22T10:59:59")).indicator == .none)
        let during = PublicStatus(record, at: Self.now)
        #expect(during.indicator == .maintenance && during.state(of: "id-feed") == .underMaintenance)
        #expect(during.state(of: "id-comments") == .operational)
        #expect(PublicStatus(record, at: Self.day("11-22T13:00:00")).indicator == .none)
    }

    @Test(
        arguments: [
            (ImpactLevel.degraded, PublicIndicator.minor, PublicComponentState.degradedPerformance),
            (.partialOutage, .major, .partialOutage), (.majorOutage, .critical, .majorOutage),
        ]) func `the worst component makes the indicator`(
            _ level: ImpactLevel, _ indicator: PublicIndicator, _ state: PublicComponentState
        ) throws
    {
        let given = try Given(PublicIncidentTests.hit("feed", level), PublicIncidentTests.update("x"))
        let shown = try #require(PublicIncidentTests.shown(given))
        let record = PublicRecord(
            components: PublicIncidentTests.catalog.components, incidents: [shown], maintenance: [])
        let status = PublicStatus(record, at: clock("12:00"))
        #expect(status.indicator == indicator && status.state(of: "id-feed") == state)
        #expect(status.rows.map(\.component.name) == ["Sign-in", "Feed", "Comments"])
    }

    @Test func `at a major outage it is said how many others are partly down`() throws {
        func sentence(_ others: String...) throws -> Phrase {
            let hits =
                [PublicIncidentTests.hit("feed", .majorOutage)]
                + others.map { PublicIncidentTests.hit($0, .partialOutage) }
            let given = try Given(PublicIncidentTests.update("x")).and(hits)
            let shown = try #require(PublicIncidentTests.shown(given))
            let record = PublicRecord(
                components: PublicIncidentTests.catalog.components, incidents: [shown], maintenance: [])
            return PublicStatus(record, at: clock("12:00")).sentence
        }
        #expect(try sentence().english == "Major outage: Feed.")
        #expect(try sentence("user-db").english == "Major outage: Feed. 1 more is partly down.")
        let both = try sentence("user-db", "comments")
        #expect(both.english == "Major outage: Feed. 2 more are partly down.")
        #expect(
            Speech(language: .de)(both) == "Vollständiger Ausfall: Feed. 2 weitere sind teilweise ausgefallen.")
    }

    @Test func `an incident that hits no public component and goes on is minor`() throws {
        let given = try Given(PublicIncidentTests.hit("upload", .majorOutage), PublicIncidentTests.update("x"))
        let shown = try #require(PublicIncidentTests.shown(given))
        let record = PublicRecord(components: [], incidents: [shown], maintenance: [])
        let status = PublicStatus(record, at: clock("12:00"))
        #expect(status.indicator == .minor && status.sentence.english == "There is a service disruption.")
    }

    @Test func `groups stand where their first component does`() {
        let known = PublicCatalog.Known(id: "x", createdAt: Self.now, updatedAt: Self.now)
        func component(_ slug: String, _ group: String?, _ order: Int?) -> Component {
            Component(
                slug: slug, name: slug, tier: 1, publicListing: PublicListing(name: slug, group: group, order: order))
        }
        let catalog = PublicCatalog(
            [component("a", "One", 1), component("b", "Two", 2), component("c", "One", 3), component("d", nil, nil)],
            known: Dictionary(["a", "b", "c", "d"].map { ($0, known) }) { first, _ in first })
        #expect(catalog.components.map(\.name) == ["a", "c", "b", "d"])
    }
}
