import Testing

@testable import IncidentDomain

/// What is entered late stands where it happened, and changes nothing of what is known of later moments (W2 of the reviews' list).
struct LateFactsTests {
    private static func state(
        _ subcategory: CauseSubcategory?, _ confidence: CauseConfidence = .suspected, _ role: CauseRole? = nil,
        component: String? = nil, change: String? = nil
    ) -> IncidentCommand {
        .stateCause(
            CauseHypothesis(
                category: .technical, subcategory: subcategory, confidence: confidence, role: role,
                component: component, change: change))
    }

    private static func head(_ given: Given) -> CauseSubcategory? { given.incident.cause?.subcategory }

    @Test func `a contributing cause that is entered later does not replace the root`() throws {
        let given = try Given(
            Self.state(.capacity, .confirmed, .root), Self.state(.configuration, .suspected, .contributing))
        #expect(Self.head(given) == .capacity)
        #expect(given.incident.causes.map(\.role) == [.root, .contributing])
        let first = try Given(
            Self.state(.configuration, .confirmed, .detectionGap), Self.state(.capacity, .suspected, .trigger))
        #expect(Self.head(first) == .capacity, "what is sure of a lesser part comes after")
    }

    @Test(arguments: [
        (CauseRole?.some(.root), CauseRole?.some(.trigger)), (.trigger, nil), (nil, .contributing),
        (.contributing, .process), (.process, .detectionGap),
    ]) func `roles have an order, whatever is entered first`(_ first: CauseRole?, _ second: CauseRole?) throws {
        let one = Self.state(.capacity, .suspected, first)
        let other = Self.state(.configuration, .confirmed, second)
        #expect(Self.head(try Given(one, other)) == .capacity)
        #expect(Self.head(try Given(other, one)) == .capacity)
    }

    @Test func `an older suspicion that is entered late does not replace what is confirmed`() throws {
        let given = try Given().later("12:00").and(Self.state(.configuration, .confirmed))
        let late = try given.later("13:00").and(Self.state(.capacity), at: clock("11:00"))
        #expect(Self.head(late) == .configuration)
        #expect(late.incident.hypotheses.map(\.subcategory) == [.capacity, .configuration], "in the order of time")
        #expect(late.incident.hypotheses.map(\.statedAt) == [clock("11:00"), clock("12:00")])
        let newer = try given.later("13:00").and(Self.state(.capacity))
        #expect(Self.head(newer) == .configuration, "what is confirmed stands until it is refuted")
        #expect(Self.head(try newer.and(Self.state(.configuration, .refuted))) == .capacity)
    }

    @Test func `a refutation counts from its own time on`() throws {
        let given = try Given().later("12:00").and(Self.state(.capacity))
        let before = try given.later("13:00").and(Self.state(.capacity, .refuted), at: clock("11:00"))
        #expect(Self.head(before) == .capacity, "it was suspected again after it had been refuted")
        let after = try given.later("13:00").and(Self.state(.capacity, .refuted), at: clock("12:30"))
        #expect(after.incident.cause == nil)
        #expect(Self.head(try after.later("14:00").and(Self.state(.capacity))) == .capacity)
    }

    @Test func `a refutation is of what it names, and of nothing else`() throws {
        let given = try Given(
            Self.state(.capacity, .suspected, .root, component: "feed"),
            Self.state(.capacity, .suspected, .trigger, component: "auth", change: "4711"))
        let one = try given.and(Self.state(.capacity, .refuted, nil, component: "feed"))
        #expect(one.incident.causes.map(\.component) == ["auth"])
        #expect(try given.and(Self.state(.capacity, .refuted, .root)).incident.causes.map(\.component) == ["auth"])
        #expect(try given.and(Self.state(nil, .refuted)).incident.causes.isEmpty)
    }

    @Test func `the same cause is known once, as it was said last`() throws {
        let given = try Given(Self.state(.capacity, .suspected, .root), Self.state(.capacity, .confirmed, .root))
        #expect(given.incident.causes.map(\.confidence) == [.confirmed])
        #expect(given.when(Self.state(.capacity, .confirmed, .root)) == .nothing)
        #expect(
            given.when(Self.state(.capacity, .suspected, .root), at: clock("10:01:30")) == .nothing, "it was so then")
        let struck = try given.and(
            .strike(3, given.timeline[2].event, reason: "not confirmed"))
        #expect(struck.incident.causes.map(\.confidence) == [.suspected])
    }

    @Test func `a component at fault is one of the catalog`() throws {
        let answer = try Given().when(Self.state(.capacity, component: "fed"))
        #expect(answer.field == "/component" && answer.detail?.contains("feed") == true)
        let opening = OpenIncident(title: "t", cause: CauseHypothesis(category: .technical, component: "fed"))
        #expect(throws: IncidentRefusal.self) { try Given(opening: opening) }
    }

    @Test func `what a component was before something else that is known says so, and changes nothing of the present`()
        throws
    {
        let given = try Given(.hit("feed", .degraded)).later("11:00")
            .and(.hit("feed", .majorOutage), at: clock("10:00"))
        #expect(given.incident.impacts.map(\.impact) == [.degraded])
        let entry = try #require(given.timeline.last?.event.as(ImpactSet.self))
        #expect(entry.value.past == true)
        #expect(entry.phrase.english == "Impact on feed at that time: major outage.")
        let now = try given.and(.hit("feed", .majorOutage))
        #expect(now.incident.impacts.map(\.impact) == [.majorOutage])
        #expect(now.timeline.last?.event.as(ImpactSet.self)?.value.past == nil)
    }

    @Test func `severities that are entered out of order are told in order, and the newest holds`() throws {
        let given = try Given().later("12:00").and(.set(.sev3)).and(.set(.sev1), at: clock("11:00"))
        #expect(given.incident.severity == .sev3)
        #expect(given.timeline.last?.event.sentence == "Severity at that time: sev1.")
        #expect(given.section(.summary).contains("- **Severity:** sev3 (sev1 → sev3)"))
        #expect(given.incident.clockFacts?.severityAt == clock("11:00"), "it was known then")
        let again = try given.and(.set(.sev1), at: clock("11:00"))
        #expect(again.section(.summary).contains("sev3 (sev1 → sev3)"), "said twice, told once")
        let newer = try given.and(.set(.sev2), at: clock("12:00:30"))
        #expect(newer.incident.severity == .sev2)
    }

    @Test func `what is past takes the same right, and no severity is taken from alerts by it`() throws {
        let given = try Given().later("12:00").and(.set(.sev3))
        #expect(given.when(.set(.sev1), by: .rita, at: clock("11:00")).code == "role-required")
    }

    @Test func `roles and audiences that are entered late are history`() throws {
        func hit(_ people: Int) -> IncidentCommand {
            .setAudience(AudienceImpact(audience: .users, description: "cannot watch", people: people))
        }
        let given = try Given().later("12:00")
            .and(.assignRole(.commander, person: "Ron"), hit(90))
            .and(.assignRole(.commander, person: "Mia"), hit(10), at: clock("11:00"))
        #expect(given.incident.roles[.commander] == "Ron" && given.incident.audiences.map(\.people) == [90])
        #expect(
            given.timeline.suffix(2).map(\.event.sentence) == [
                "Mia was commander at that time.",
                "Impact on users at that time: cannot watch. 10 people affected.",
            ])
        #expect(given.incident.clockFacts?.commanderAt == clock("11:00"))
        #expect(try given.and(.assignRole(.commander, person: "Mia")).incident.roles[.commander] == "Mia")
    }

    @Test func `the severities of a review end with the one that holds, also where an alert told it now`() throws {
        let alert = AlertMention(id: "a-0", title: "Errors", component: "feed")
        let opened = try Given(opening: OpenIncident(title: "Errors", severity: .sev1, alerts: [alert])).later("12:00")
        #expect(opened.incident.severity == .sev1)
        let lower = try opened.and(.set(.sev2), at: clock("11:00"))
        #expect(lower.incident.severity == .sev2)
        #expect(lower.section(.summary).contains("sev2 (sev1 → sev2)"))
    }

    @Test func `a corrected end that was told is told, and the wrong one is marked`() throws {
        let content = { (eta: String) in UpdateContent(audience: .users, body: "b", eta: clock(eta)) }
        let given = try Given().and(.postUpdate(content("16:00"))).later("10:34")
            .and(.changeUpdate(id: 1, .correct(UpdatePatch(eta: clock("15:15")), reason: "a slip")))
        let text = given.section(.communication)
        #expect(text.contains("2026-11-22 16:00:00 | told with an update | corrected |"), "\(text)")
        #expect(text.contains("2026-11-22 15:15:00 | told with a correction | not restored yet |"), "\(text)")
        // A correction of the text between them changes nothing of that.
        let twice = try Given().and(.postUpdate(content("16:00"))).later("10:33")
            .and(.changeUpdate(id: 1, .correct(UpdatePatch(body: "c"), reason: nil))).later("10:34")
            .and(.changeUpdate(id: 1, .correct(UpdatePatch(eta: clock("15:15")), reason: "a slip")))
        let told = UpdateHistory.make(twice.timeline).flatMap(\.toldEtas)
        #expect(told.map(\.eta) == [clock("16:00"), clock("15:15")] && told.map(\.isCorrected) == [true, false])
    }

    @Test func `a title has no moment, so the last word counts`() throws {
        let given = try Given().later("12:00").and(.amend(IncidentAmendment(title: "Feed is down")))
            .and(.amend(IncidentAmendment(title: "The feed is down")), at: clock("11:00"))
        #expect(given.incident.title == "The feed is down")
    }
}
