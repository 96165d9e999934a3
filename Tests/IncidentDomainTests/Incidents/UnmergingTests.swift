import Testing

@testable import IncidentDomain

/// Two incidents that were one for a while: each has what it had, and nobody gains a right by it.
struct UnmergingTests {
    private static func other(_ commands: IncidentCommand...) throws -> Incident {
        try numbered(Given().and(commands), 7)
    }

    private static func numbered(_ given: Given, _ number: Int) throws -> Incident {
        try #require(given.timeline.reduce(nil) { Incident.evolve($0, $1, number: number) })
    }

    @Test func `once apart, each has its own beginning and detection again`() throws {
        let early = try Self.numbered(Given(opening: OpenIncident(title: "A", startedAt: clock("09:00"))), 7)
        let given = try Given()
        let before = given.incident.clocks
        let merged = try given.and(.absorb(early))
        #expect(merged.incident.clocks.startedAt == clock("09:00"))
        let apart = try merged.and(.separate(from: early, MovedAlerts(), reason: "two"))
        #expect(apart.incident.clocks == before)
    }

    @Test func `the worse impact in the regions of both holds, and the other one's own comes back`() throws {
        let other = try Self.other(.hit("upload"))
        let own = ComponentImpact(component: "upload", impact: .degraded, regions: ["eu-west"])
        let given = try Given(.setImpact(own))
        let merged = try given.and(.absorb(other))
        let impact = try #require(merged.incident.impacts.first)
        #expect(impact.impact == .majorOutage && impact.regions.isEmpty)
        let facts = DecisionFacts(
            principal: .carla, now: merged.now, policy: PhasePolicy(), graph: SampleCatalog.graph, soak: SoakPolicy(),
            updates: .none)
        let gone = try #require(
            Incident.evolve(
                other,
                RecordedEvent(
                    sequence: other.version + 1, event: IncidentEvent(IncidentMerged(into: Given.number, reason: nil)),
                    actor: .carla, occurredAt: merged.now, recordedAt: merged.now), number: 7))
        let events = try Incident.decide(
            .unmerge(from: merged.incident, MovedAlerts(), reason: "two"), on: gone, facts: facts)
        #expect((events.first as? IncidentUnmerged)?.impacts == [], "nobody changed anything")
        let apart = try merged.and(.separate(from: gone, MovedAlerts(), reason: "two"))
        #expect(apart.incident.impacts.first?.impact == .degraded)
        #expect(apart.incident.impacts.first?.regions == ["eu-west"])
    }

    private static func levels(_ given: Given) -> [String] {
        (ImpactHistory(given.incident).stretches["feed"] ?? []).map { stretch in
            let times = [stretch.begin, stretch.end].map { $0.map { "\($0)".dropFirst(11).prefix(5) } ?? "now" }
            return "\(stretch.level.rawValue) \(times[0]) \(times[1])"
        }
    }

    @Test func `what was back before a merge is back after its undoing, with the time that it took`() throws {
        let other = try Self.other(.hit("feed"))
        let given = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        let (impact, step) = (try #require(given.incident.impacts.first), given.incident.step("feed"))
        let history = ImpactHistory(given.incident)
        let merged = try given.and(.absorb(other))
        #expect(merged.incident.impacts.first?.isOngoing == true && merged.incident.step("feed")?.state == .regressed)
        for since: [IncidentCommand] in [[], [.start("feed"), .verify("feed")]] {
            let apart = try merged.and(since).and(.separate(from: other, MovedAlerts(), reason: "two"))
            #expect(apart.incident.impacts == [impact])
            #expect(apart.incident.step("feed") == step)
            #expect(ImpactHistory(apart.incident) == history)
        }
    }

    @Test func `what came back while they were one is back in both`() throws {
        let other = try Self.other(.hit("feed"))
        let own = ComponentImpact(component: "feed", impact: .degraded, startedAt: clock("10:00"))
        let given = try Given.restoring("feed", "auth").and(.setImpact(own))
        let merged = try given.and(.absorb(other), .start("feed"), .verify("feed"))
        let end = try #require(merged.incident.impacts.first { $0.component == "feed" }?.endedAt)
        let apart = try merged.and(.separate(from: other, MovedAlerts(), reason: "two"))
        let impact = apart.incident.impacts.first { $0.component == "feed" }
        #expect(impact?.endedAt == end && impact?.impact == .degraded)
        #expect(apart.incident.step("feed")?.state == .restored)
        #expect(ImpactHistory(apart.incident).stretches["feed"]?.map(\.level) == [.degraded])
        #expect(ImpactHistory(apart.incident).stretches["feed"]?.last?.end == end)
    }

    /// Down in both: the worse of both holds at each moment, and the earlier beginning.
    @Test(
        arguments: [
            ("major_outage", "10:00", "10:30", "major_outage", "10:05", ["major_outage 10:00 now"]),
            (
                "major_outage", "10:00", "10:30", "degraded", "10:05",
                ["major_outage 10:00 10:30", "degraded 10:30 now"]
            ),
            (
                "major_outage", "10:10", "10:30", "degraded", "10:05",
                ["degraded 10:05 10:10", "major_outage 10:10 10:30", "degraded 10:30 now"]
            ),
            ("partial_outage", "10:10", nil, "partial_outage", "10:00", ["partial_outage 10:00 now"]),
            ("partial_outage", "10:10", nil, "major_outage", "10:00", ["major_outage 10:00 now"]),
            (
                "major_outage", "10:10", nil, "partial_outage", "10:00",
                ["partial_outage 10:00 10:10", "major_outage 10:10 now"]
            ),
        ] as [(String, String, String?, String, String, [String])])
    func `one history of both while they are one, and each its own afterwards`(
        _ own: String, _ start: String, _ end: String?, _ theirs: String, _ their: String, _ wanted: [String]
    ) throws {
        func hit(_ level: String, _ start: String, _ end: String?) throws -> IncidentCommand {
            .setImpact(
                ComponentImpact(
                    component: "feed", impact: try #require(ImpactLevel(rawValue: level)), startedAt: clock(start),
                    endedAt: end.map { clock($0) }))
        }
        let late = { (commands: [IncidentCommand]) in try Given().later("11:00").and(commands) }
        let given = try late([hit(own, start, end)])
        let other = try Self.numbered(late([hit(theirs, their, nil)]), 7)
        let merged = try given.and(.absorb(other))
        #expect(Self.levels(merged) == wanted)
        #expect(merged.incident.impacts[0].isOngoing)
        let apart = try merged.and(.separate(from: other, MovedAlerts(), reason: "two"))
        #expect(Self.levels(apart) == Self.levels(given) && apart.incident.impacts == given.incident.impacts)
    }

    @Test func `of two that are both over, the later end holds while they are one`() throws {
        func over(_ end: String) throws -> Given {
            try Given().later("11:00").and(
                .setImpact(
                    ComponentImpact(
                        component: "feed", impact: .majorOutage, startedAt: clock("10:00"), endedAt: clock(end))))
        }
        let given = try over("10:30")
        let other = try Self.numbered(over("10:50"), 7)
        let merged = try given.and(.absorb(other))
        #expect(merged.incident.impacts[0].endedAt == clock("10:50"))
        #expect(Self.levels(merged) == ["major_outage 10:00 10:50"])
        let apart = try merged.and(.separate(from: other, MovedAlerts(), reason: "two"))
        #expect(apart.incident.impacts == given.incident.impacts && Self.levels(apart) == Self.levels(given))
    }

    @Test func `what is said of a component while they are one is so in the other one as well`() throws {
        let other = try Self.other(.hit("feed"))
        let given = try Given(.hit("feed"))
        for (said, level, isOver) in [(ImpactLevel.none, ImpactLevel.majorOutage, true), (.degraded, .degraded, false)]
        {
            let merged = try given.and(.absorb(other)).later("10:40").and(.hit("feed", said), at: clock("10:30"))
            let gone = try Self.merged(other, at: merged.now)
            let events = try Incident.decide(
                .unmerge(from: merged.incident, MovedAlerts(), reason: "two"), on: gone, facts: Self.facts(merged))
            let impact = try #require((events.first as? IncidentUnmerged)?.impacts.first)
            #expect(impact.impact == level)
            #expect(impact.endedAt == (isOver ? clock("10:30") : nil))
        }
    }

    private static func facts(_ given: Given) -> DecisionFacts {
        DecisionFacts(
            principal: .carla, now: given.now, policy: PhasePolicy(), graph: SampleCatalog.graph, soak: SoakPolicy(),
            updates: .none)
    }

    private static func merged(_ other: Incident, at moment: Timestamp) throws -> Incident {
        try #require(
            Incident.evolve(
                other,
                RecordedEvent(
                    sequence: other.version + 1, event: IncidentEvent(IncidentMerged(into: Given.number, reason: nil)),
                    actor: .carla, occurredAt: moment, recordedAt: moment), number: 7))
    }

    @Test func `a beginning can be corrected after a merge`() throws {
        let given = try Given().later("11:00").and(
            .setImpact(ComponentImpact(component: "feed", impact: .majorOutage, startedAt: clock("10:00"))))
        let merged = try given.and(
            .absorb(Self.other(.hit("auth"))),
            .setImpact(
                ComponentImpact(component: "feed", impact: .majorOutage, startedAt: clock("10:10"))))
        #expect(Self.levels(merged) == ["major_outage 10:10 now"])
    }

    @Test func `what goes on in a third incident goes on when the second one has gone`() throws {
        let second = try Self.numbered(Given(.hit("feed")), 7)
        let third = try Self.numbered(Given(.hit("feed")), 8)
        let given = try Given.restoring("feed").and(.start("feed"), .verify("feed"))
        let merged = try given.and(.absorb(second), .absorb(third))
        let apart = try merged.and(.separate(from: second, MovedAlerts(), reason: "two"))
        #expect(apart.incident.impacts[0].isOngoing)
        #expect(ImpactHistory(apart.incident).stretches["feed"]?.last?.end == nil)
    }

    @Test func `apart in the order of merging, the severity is what it was before, or none`() throws {
        let severe = { (number: Int, severity: Severity) in try Self.numbered(Given(.set(severity)), number) }
        let (first, second) = (try severe(7, .sev2), try severe(8, .sev1))
        for own in [Severity.sev3, nil] {
            var given = try Given()
            if let own { given = try given.and(.set(own)) }
            let merged = try given.and(.absorb(first), .absorb(second))
            #expect(merged.incident.severity == .sev1)
            let apart = try merged.and(
                .separate(from: first, MovedAlerts(), reason: "r"), .separate(from: second, MovedAlerts(), reason: "r"))
            #expect(apart.incident.severity == own)
        }
    }

    @Test func `a severity that a person said stays a person's, whatever alerts of the other one say`() throws {
        let alarmed = try Self.other(
            .attachAlerts([AlertMention(id: "a", title: "E", component: nil)], saying: AlertsSay(severity: .sev1)))
        let merged = try Given(.set(.sev3)).and(.absorb(alarmed))
        #expect(merged.incident.severity == .sev1 && merged.incident.severityOrigin != .alert)
        #expect(merged.when(.set(.sev4), by: .rita).code == "role-required")
    }

    @Test func `what was promised and scheduled goes on after a dismissal that is undone`() throws {
        let given = try Given(.set(.sev1))
        let (next, at) = (given.now.adding(seconds: 1800), given.now.adding(seconds: 900))
        let told = try given.and(
            .postUpdate(UpdateContent(audience: .users, body: "b", nextUpdateAt: next)),
            .draftUpdate(UpdateRequest(UpdateContent(audience: .users, body: "more"), publishAt: at)))
        let reopened = try told.and(.dismiss(reason: "no"), .reopen(reason: "yes"))
        #expect(reopened.incident.nextUpdateDueAt == next)
        #expect(reopened.incident.communication?.drafts.first?.publishAt == at)
        #expect(reopened.incident.nextDeadline == at)
        var late = try told.and(.dismiss(reason: "no"))
        late.now = at.adding(seconds: 60)
        late = try late.and(.reopen(reason: "yes"))
        #expect(late.incident.communication?.drafts.first?.publishAt == nil, "nobody knows whether it still holds")
    }
}
