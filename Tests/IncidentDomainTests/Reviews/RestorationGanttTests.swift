import Testing

@testable import IncidentDomain

struct RestorationGanttTests {
    private static func troubled() throws -> Given {
        try Given.restoring("feed", "auth", "upload", "archive").enforcing().and(
            .startStep(component: "feed", override: true, reason: "half of it is enough"), .verify("feed"),
            .start("auth"), .failStep(component: "auth", reason: "the disk"), .start("auth"), .verify("auth"),
            .fires("feed"), .clears("feed"), .waive("archive"))
    }

    private static func gantt(
        _ given: Given, planned: [String: RestorationGantt.Span] = [:]
    ) throws -> [String: RestorationGantt.Row] {
        let waves = Dictionary(uniqueKeysWithValues: given.incident.steps.map { ($0.component, 1) })
        let gantt = try #require(
            RestorationGantt.make(
                of: given.incident, timeline: given.timeline, waves: waves, planned: planned, asOf: given.now))
        return Dictionary(uniqueKeysWithValues: gantt.rows.map { ($0.component, $0) })
    }

    @Test func `each component has its course, without gaps while something goes on`() throws {
        let rows = try Self.gantt(try Self.troubled())
        #expect(rows["auth"]?.actual.map(\.activity) == [.waiting, .restoring, .waiting, .restoring])
        #expect(rows["auth"]?.marks.map(\.kind) == [.failed, .restored])
        #expect(rows["feed"]?.actual.map(\.activity) == [.waiting, .restoring, .regressed])
        #expect(rows["feed"]?.marks.map(\.kind) == [.forced, .restored, .regressed])
        #expect(rows["archive"]?.actual.map(\.activity) == [.waiting])
        #expect(rows["archive"]?.marks.map(\.kind) == [.waived])
        for row in rows.values {
            #expect(row.actual.allSatisfy { $0.span.begin <= $0.span.end })
            #expect(zip(row.actual, row.actual.dropFirst()).allSatisfy { $0.span.end <= $1.span.begin })
        }
    }

    @Test func `durations have one definition, and attempts are listed`() throws {
        let given = try Given.restoring("auth").later("11:00").and(
            .start("auth"), .failStep(component: "auth", reason: "the disk"), .start("auth"), .verify("auth")
        )
        .later("14:00").and(.fires("auth"), .clears("auth"), .start("auth"), .verify("auth"))
        let row = try #require(try Self.gantt(given)["auth"])
        #expect(row.startedAt == clock("14:02"), "what fell back is restored anew")
        #expect(row.attempts.map(\.startedAt) == [clock("11:00"), clock("11:02"), clock("14:02")])
        #expect(row.attempts.map(\.outcome) == [.failed, .restored, .restored])
        let text = given.section(.restoration)
        #expect(text.contains("2026-11-22 14:02:00 | 2026-11-22 14:03:00 | 1 min | restored |"), "the order")
        #expect(text.contains("2026-11-22 14:02:00 for 1 min |"), "planned and actual")
        #expect(
            text.contains(
                "- **Sign-in (auth):** 2026-11-22 11:00:00 failed after 1 min → 2026-11-22 11:02:00 restored after 1 min → "
                    + "2026-11-22 14:02:00 restored after 1 min"))
    }

    @Test func `what regressed is not back, and what has not ended reaches to now`() throws {
        let given = try Self.troubled()
        let rows = try Self.gantt(given)
        #expect(rows["auth"]?.restoredAt != nil && rows["feed"]?.restoredAt == nil)
        #expect(rows["feed"]?.actual.last?.span.end == given.now)
        #expect(rows["upload"]?.startedAt == nil && rows["upload"]?.actual.last?.span.end == given.now)
        #expect(rows["feed"]?.isTroubled == true && rows["archive"]?.isTroubled == false)
    }

    @Test func `before restoring begins there is nothing to show`() throws {
        #expect(try Given(.setImpact(ComponentImpact(component: "feed", impact: .degraded))).review.gantt == nil)
        let given = try Given.restoring("feed")
        #expect(given.review.gantt?.rows.map { $0.planned != nil && $0.startedAt == nil } == [true])
        let started = try given.and(.start("feed"))
        #expect(started.review.gantt?.rows.map(\.component) == ["feed"])
    }

    @Test func `the table says for each component what was planned, what was, and the difference`() throws {
        let given = try Self.troubled()
        let back = try #require(try Self.gantt(given)["auth"]?.restoredAt)
        let planned = RestorationGantt.Span(begin: back.adding(seconds: -1800), end: back.adding(seconds: -600))
        let gantt = RestorationGantt.make(
            of: given.incident, timeline: given.timeline,
            waves: ["auth": 1, "feed": 2, "archive": 3, "upload": 3],
            planned: ["auth": planned, "feed": planned, "archive": planned], asOf: given.now)
        let facts = ReviewFacts(
            incident: given.incident, timeline: given.timeline, graph: given.graph, policy: given.policy,
            speech: .standard)
        let text = DocumentMarkdown.render(ReviewDraft.againstPlan(gantt, facts))
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
            .map { $0.dropFirst(2).dropLast(2).split(separator: " | ").map(String.init) }
        #expect(rows.map { $0[0] } == ["Sign-in (auth)", "Feed (feed)", "Archive (archive)", "Upload (upload)"])
        #expect(rows.map { $0[3] } == ["10 min late", "not restored", "waived", "not restored"])
        #expect(rows[0][1] == "\(planned.begin.dateAndTime) for 20 min")
        #expect(rows[3][1] == "not planned" && rows[3][2] == "not started")
    }

    @Test func `what came is compared with the plan that stood when restoring began`() throws {
        #expect(try Self.troubled().section(.restoration).contains("Planned and actual"))
        #expect(
            try !Given(.setImpact(ComponentImpact(component: "feed", impact: .degraded))).section(.restoration)
                .contains("Planned and actual"))
    }

    @Test func `times that were entered in an odd order give no negative stretch`() throws {
        let given = try Given.restoring("auth").and(.start("auth"))
        let odd = try given.and(.verify("auth"), at: given.now.adding(seconds: -50))
        let row = try #require(try Self.gantt(odd)["auth"])
        #expect(row.actual.allSatisfy { $0.span.begin <= $0.span.end })
    }
}
