import Testing

@testable import IncidentDomain

/// Which incidents the outside sees, and what of them.
struct PublicIncidentTests {
    static let catalog = PublicCatalog(
        [
            listed("feed", "Feed", order: 2), listed("user-db", "Sign-in", order: 1),
            listed("comments", "Comments", order: 3), Component(slug: "upload", name: "hunter2-upload", tier: 0),
        ],
        known: Dictionary(
            ["feed", "user-db", "comments", "upload"].map {
                ($0, PublicCatalog.Known(id: "id-\($0)", createdAt: clock("08:00"), updatedAt: clock("08:00")))
            }
        ) { first, _ in first })

    static func listed(_ slug: String, _ name: String, order: Int) -> Component {
        Component(
            slug: slug, name: "hunter2-\(slug)", tier: 1,
            publicListing: PublicListing(name: name, group: "Apps", order: order))
    }

    static func update(
        _ body: String, _ audience: UpdateAudience = .users, isPublic: Bool? = nil, eta: Timestamp? = nil,
        language: String = "en", steps: [String] = []
    ) -> IncidentCommand {
        .postUpdate(
            UpdateContent(
                audience: audience, isPublic: isPublic, language: language, body: body, eta: eta, steps: steps))
    }

    static func hit(_ component: String, _ level: ImpactLevel) -> IncidentCommand {
        .setImpact(ComponentImpact(component: component, impact: level))
    }

    static func shown(_ given: Given, _ severities: Set<Severity> = []) -> PublicIncident? {
        PublicIncident(
            given.incident, timeline: given.timeline, catalog: catalog, rule: PublicationRule(severities: severities))
    }

    private static func name(_ incident: PublicIncident, _ language: Language = .en) -> String {
        let record = PublicRecord(components: catalog.components, incidents: [incident], maintenance: [])
        return Speech(language: language)(PublicStatus(record, at: clock("12:00")).name(of: incident))
    }

    @Test func `an incident without a public update is not public`() throws {
        let given = try Given(
            Self.hit("feed", .majorOutage), .amend(IncidentAmendment(severity: .sev1)), Self.update("x", .staff),
            Self.update("x", .users, isPublic: false), Self.update("x", .regulators))
        #expect(Self.shown(given) == nil)
        #expect(Self.shown(try given.and(Self.update("Feed is down."))) != nil)
    }

    @Test func `a rule publishes its severities where a public component is hit`() throws {
        let hit = try Given(Self.hit("feed", .degraded), .amend(IncidentAmendment(severity: .sev1)))
        #expect(Self.shown(hit) == nil && Self.shown(hit, [.sev2]) == nil)
        #expect(Self.shown(hit, [.sev1])?.updates == [])
        let inside = try Given(Self.hit("upload", .majorOutage), .amend(IncidentAmendment(severity: .sev1)))
        #expect(Self.shown(inside, [.sev1]) == nil)
    }

    @Test func `a private incident is never public`() throws {
        let given = try Given(
            Self.hit("feed", .majorOutage),
            .amend(IncidentAmendment(severity: .sev1, labels: [Incident.privateLabel: "true"])), Self.update("x"))
        #expect(Self.shown(given, [.sev1]) == nil)
    }

    /// A label that hides something is never taken for none because it is written another way.
    @Test(
        arguments: [
            ("private", "true", false), ("Private", "TRUE", false), ("private", " yes", false), ("private", "", false),
            ("PRIVATE ", "1", false), ("private", "false", true), ("Private", " False ", true),
            ("privately", "true", true),
        ])
    func `a label that says private hides it, however it is written`(_ name: String, _ value: String, _ isShown: Bool)
        throws
    {
        let given = try Given(
            Self.hit("feed", .majorOutage), .amend(IncidentAmendment(labels: [name: value])), Self.update("x"))
        #expect((Self.shown(given) != nil) == isShown)
    }

    @Test func `what was published by its severity stays when that is lowered, unless it was a slip`() throws {
        let high = try Given(Self.hit("feed", .degraded), .amend(IncidentAmendment(severity: .sev1)))
        let low = try high.and(.amend(IncidentAmendment(severity: .sev3)))
        #expect(Self.shown(low, [.sev1]) != nil && Self.shown(low, [.sev2]) == nil)
        let entry = try #require(low.timeline.first { $0.event.as(SeveritySet.self)?.severity == .sev1 })
        let struck = try low.and(.strike(entry.sequence, entry.event, reason: "the wrong key"))
        #expect(Self.shown(struck, [.sev1]) == nil)
    }

    @Test func `an expected end that was taken back holds no more`() throws {
        let given = try Given(
            Self.hit("feed", .majorOutage), Self.update("x", eta: clock("11:30")))
        #expect(Self.shown(given)?.eta == clock("11:30"))
        let back = try given.and(.withdrawEta(reason: "the part is not there"))
        #expect(Self.shown(back)?.eta == nil && Self.shown(back)?.etas.map(\.eta) == [clock("11:30")])
        let again = try back.and(Self.update("y", eta: clock("12:30")))
        #expect(Self.shown(again)?.eta == clock("12:30"))
    }

    @Test func `it is resolved when people were told so, and not when the harm was over`() throws {
        let given = try Given.restoring("feed").and(Self.update("down")).later("10:40").and(.start("feed"))
            .later("10:50").and(.verify("feed")).later("11:00").and(Self.update("watching")).later("11:30").and(
                .advance)
        let untold = try #require(Self.shown(given))
        #expect(untold.status == .resolved && untold.resolvedAt == clock("10:50"))
        let told = try #require(Self.shown(try given.later("11:35").and(Self.update("over"))))
        #expect(told.resolvedAt == clock("11:35") && told.monitoringAt == clock("10:50"))
        #expect(told.endedAt == clock("10:50"), "the page shows how long it lasted")
        #expect(told.updates.map(\.status) == [.resolved, .monitoring, .identified])
        let more = try #require(
            Self.shown(try given.later("11:35").and(Self.update("over")).later("12:00").and(Self.update("why"))))
        #expect(more.resolvedAt == clock("11:35"))
    }

    @Test func `an update that was told before a phase began, in the same moment, is of the phase before`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), .acknowledge).later("11:00")
            .and(Self.update("x"), at: clock("10:30")).and(.advance, at: clock("10:30"))
        let way = try given.and(.set(.sev2), .assignRole(.commander, person: "Ann"), .technical, at: clock("10:40"))
        let later = try way.and(Self.update("y"), at: clock("10:50")).and(.advance, at: clock("10:50"))
        #expect(Self.shown(later)?.updates.map(\.status) == [.investigating, .investigating])
        let after = try later.and(Self.update("z"), at: clock("10:50"))
        #expect(Self.shown(after)?.updates.first?.status == .identified)
    }

    @Test func `what was dismissed or merged is withdrawn`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), Self.update("x"))
        #expect(Self.shown(try given.and(.dismiss(reason: "a test"))) == nil)
    }

    @Test func `its name is made of public names and the worst level`() throws {
        let given = try Given(Self.hit("feed", .degraded), Self.hit("user-db", .majorOutage), Self.update("x"))
        let shown = try #require(Self.shown(given))
        #expect(Self.name(shown) == "Sign-in and Feed: major outage")
        #expect(Self.name(shown, .de) == "Sign-in und Feed: vollständiger Ausfall")
        #expect(shown.impact == .critical && shown.hits.map(\.component) == ["id-user-db", "id-feed"])
        let inside = try Given(Self.hit("upload", .majorOutage), Self.update("x"))
        let nameless = try #require(Self.shown(inside))
        #expect(Self.name(nameless) == "Service disruption" && nameless.impact == .none && nameless.hits == [])
    }

    @Test func `corrections take the place of what was wrong, and updates keep their status`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), Self.update("Frobnitz is down.", eta: clock("12:00")))
            .and(.changeUpdate(id: 1, .correct(UpdatePatch(body: "Feed is down."), reason: "the wrong name")))
            .and(Self.update("It takes longer.", eta: clock("13:00"), steps: ["Wait"]))
            .and(Self.update("For staff", .staff))
        let shown = try #require(Self.shown(given))
        #expect(shown.updates.map(\.body) == ["It takes longer.", "Feed is down."])
        #expect(shown.updates[1].correctedAt != nil && shown.updates[0].correctedAt == nil)
        #expect(shown.updates.allSatisfy { $0.status == .investigating } && shown.updates[0].steps == ["Wait"])
        #expect(shown.eta == clock("13:00") && shown.etas.map(\.eta) == [clock("13:00"), clock("12:00")])
        #expect(shown.updates[0].levels == ["id-feed": .majorOutage])
    }

    @Test func `the latest update is the newest in the reader's language, else the newest`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), Self.update("Feed geht nicht.", language: "de"))
            .and(Self.update("Feed is down."))
        let shown = try #require(Self.shown(given))
        #expect(shown.latest(in: .de)?.body == "Feed geht nicht." && shown.latest(in: .en)?.body == "Feed is down.")
        let german = try #require(Self.shown(try Given(Self.update("Geduld.", language: "de"))))
        #expect(german.latest(in: .en)?.body == "Geduld.")
    }

    @Test func `an ETA that nobody was told is not public`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), Self.update("x"))
            .and(.setEta(clock("14:00"), reason: "hunter2 thinks so"))
        #expect(Self.shown(given)?.eta == nil && Self.shown(given)?.etas == [])
    }

    @Test func `an update that was redacted is gone`() throws {
        let given = try Given(Self.hit("feed", .majorOutage), Self.update("secret"), Self.update("Feed is down."))
        let timeline = given.timeline.map { recorded in
            guard let posted = recorded.event.as(UpdatePosted.self), posted.body == "secret" else { return recorded }
            return RecordedEvent(
                sequence: recorded.sequence, event: IncidentEvent(posted.redacted), actor: recorded.actor,
                occurredAt: recorded.occurredAt, recordedAt: recorded.recordedAt)
        }
        let shown = PublicIncident(
            given.incident, timeline: timeline, catalog: Self.catalog, rule: PublicationRule())
        #expect(shown?.updates.map(\.body) == ["Feed is down."])
    }

    private static func advanced(_ given: Given, to phase: Phase) throws -> Given {
        try given.and(.advance(to: phase, reason: "a test", override: true))
    }

    @Test func `its status follows the phases, and is monitoring when all public components are back`() throws {
        var given = try Given(.acknowledge, Self.hit("feed", .majorOutage), Self.hit("upload", .majorOutage))
        given = try given.and(Self.update("We look into it."))
        #expect(Self.shown(given)?.status == .investigating)
        given = try Self.advanced(given, to: .assess)
        #expect(Self.shown(given)?.status == .investigating)
        given = try Self.advanced(given, to: .mitigate)
        #expect(Self.shown(given)?.status == .identified)
        given = try Self.advanced(given, to: .restore)
        #expect(Self.shown(given)?.status == .identified)
        #expect(Self.shown(given)?.progress == .init(total: 1, back: [], next: ["id-feed"]))
        given = try given.and(Self.hit("feed", .none))
        let watched = try #require(Self.shown(given))
        #expect(watched.status == .monitoring && watched.monitoringAt != nil && watched.resolvedAt == nil)
        given = try Self.advanced(given.and(Self.hit("upload", .none)), to: .review)
        let over = try #require(Self.shown(given))
        #expect(over.status == .resolved && over.resolvedAt != nil && over.progress == nil && over.eta == nil)
        // What was said at the time stays.
        #expect(over.updates.map(\.status) == [.investigating])
    }
}
