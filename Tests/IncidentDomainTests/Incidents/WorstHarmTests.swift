import Testing

@testable import IncidentDomain

/// Mitigated is when the worst harm was over, whatever phase people are in and whatever succeeded (W6 of the reviews' list).
struct WorstHarmTests {
    private static func hit(_ level: ImpactLevel, _ component: String = "feed", until end: String? = nil)
        -> IncidentCommand
    {
        .setImpact(ComponentImpact(component: component, impact: level, endedAt: end.map { clock($0) }))
    }

    /// Down from 10:00; a mitigation that helps a little succeeds at 15:36, degraded from 18:14, well at 23:14.
    private static func partial() throws -> Given {
        try Given.incident(in: .mitigate).later("15:36").and(.mitigate(.succeeded), .advance)
    }

    @Test func `a mitigation that helps only in part stops no clock`() throws {
        let given = try Self.partial()
        #expect(given.incident.phase == .restore && given.incident.clocks.mitigatedAt == nil)
        let better = try given.later("18:14").and(Self.hit(.degraded))
        #expect(better.incident.clocks.timeToMitigate == 29_640)
        let back = try better.later("23:14").and(.start("feed"), .verify("feed"))
        #expect(back.incident.clocks.mitigatedAt == clock("18:14"))
        #expect(back.incident.clocks.restoredAt == clock("23:15"))
        let spans = PhaseSpan.visits(in: back.timeline, of: back.incident)
        #expect(spans.first { $0.phase == .restore }?.startedAt == clock("15:36"), "phases are what people did")
    }

    @Test func `the worst is over when the last that was at the worst level is better`() throws {
        let given = try Given().and(
            Self.hit(.majorOutage), Self.hit(.majorOutage, "auth"), Self.hit(.degraded, "upload")
        )
        .later("11:00").and(Self.hit(.partialOutage)).later("11:30")
        #expect(given.incident.clocks.mitigatedAt == nil)
        let better = try given.and(Self.hit(.degraded, "auth"))
        #expect(better.incident.clocks.mitigatedAt == clock("11:30"))
        let worse = try better.later("12:00").and(Self.hit(.majorOutage, "upload"))
        #expect(worse.incident.clocks.mitigatedAt == nil)
        #expect(
            try worse.and(Self.hit(.majorOutage, "upload", until: "12:00:30")).incident.clocks.mitigatedAt
                == clock("12:00:30"))
        let maintenance = try given.and(Self.hit(.none, "auth"))
        #expect(maintenance.incident.clocks.mitigatedAt == clock("11:30"))
    }

    @Test func `what was given up does not count as long as it goes on`() throws {
        let given = try Given.restoring("feed", "auth").later("12:00").and(
            .start("feed"), .verify("feed"), .waive("auth"))
        #expect(given.incident.clocks.mitigatedAt == clock("12:01"))
        let alone = try Given.restoring("feed").later("12:00").and(.waive("feed"))
        #expect(alone.incident.clocks.mitigatedAt != nil, "then as without impacts")
    }

    @Test func `who leaves restoring with harm going on says that it ends there`() throws {
        let given = try Self.partial().later("16:00").and(.force("the rest is retired"))
        #expect(given.incident.clocks.mitigatedAt == clock("16:00"))
        let merged = try given.and(.merge(into: 7, reason: nil))
        for incident in [given.incident, merged.incident] {
            let ends = ImpactHistory(incident).stretches.values.compactMap { $0.last?.end }
            #expect(ends.max() == clock("16:00"), "also after it was merged")
        }
    }

    @Test func `what is entered late and what is struck out count where they belong`() throws {
        let given = try Given().and(Self.hit(.degraded)).later("12:00").and(Self.hit(.majorOutage)).later("12:10")
            .and(Self.hit(.degraded))
        #expect(given.incident.clocks.mitigatedAt == clock("12:10"))
        let entry = try #require(given.timeline.first { $0.event.as(ImpactSet.self)?.value.impact == .majorOutage })
        let struck = try given.and(.strike(entry.sequence, entry.event, reason: "a slip"))
        #expect(struck.incident.clocks.mitigatedAt == nil, "degraded is the worst then, and goes on")
    }

    @Test func `the clock is that of the levels, whatever is done`() throws {
        var random = SeededGenerator()
        for _ in 0..<60 {
            let life = RandomLife.make(commands: 80, &random) { _ in }
            guard let incident = life.incident, incident.clockFacts?.revertedAt == nil else { continue }
            let waived = Set(incident.steps.filter { $0.state == .waived }.map(\.slug))
            let stretches = (incident.impactLog ?? [:]).flatMap { component, said in
                ImpactTrack(said, from: incident.times.startedAt).stretches.filter {
                    $0.end != nil || !waived.contains(component)
                }
            }
            let worst = stretches.map(\.level.rank).max()
            let ends = stretches.filter { $0.level.rank == worst }.map(\.end)
            let expected = ends.contains(nil) ? nil : ends.compactMap(\.self).max()
            let found = incident.worstHarm(since: nil)
            try #require(found?.level.rank == worst && found?.end == expected, "\(random.seedText)")
        }
    }

    @Test func `the review says what each mitigation changed, and what was left`() throws {
        let given = try Given().and(Self.hit(.majorOutage), Self.hit(.majorOutage, "auth"))
            .later("15:36").and(.mitigate(.succeeded)).and(Self.hit(.degraded, "auth"))
            .later("18:14").and(.mitigate(.succeeded), Self.hit(.degraded))
        let text = given.section(.mitigations)
        #expect(
            text.contains(
                "- Mitigation 1: Sign-in (auth) from major outage to degraded 2026-11-22 15:37:00; still at major outage: Feed (feed)."
            ))
        #expect(
            text.contains(
                "- Mitigation 2: Feed (feed) from major outage to degraded 2026-11-22 18:15:00; still at degraded: Sign-in (auth), Feed (feed)."
            ) || text.contains("still at degraded: Feed (feed), Sign-in (auth)"))
        #expect(
            text.contains(
                "Mitigated 2026-11-22 18:15:00 UTC: that is when nothing was at the worst level (major outage) any more."
            ))
        let correction = TimesCorrection([TimesCorrection.Statement(.mitigated, clock("18:10"))], reason: "the graph")
        let corrected = try given.and(.correctTimes(correction)).section(.mitigations)
        #expect(corrected.contains("Mitigated 2026-11-22 18:10:00 UTC, as a person corrected it."))
    }
}
