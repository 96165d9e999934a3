import Testing

@testable import IncidentDomain

/// What is told to somebody for whom something does not work.
struct HelpAnswerTests {
    private static let catalog = PublicIncidentTests.catalog

    private static func status(_ incidents: [PublicIncident], at now: Timestamp = clock("12:00")) -> PublicStatus {
        PublicStatus(
            PublicRecord(
                components: catalog.components, incidents: incidents, maintenance: [],
                help: HelpBookTests.book.outside(catalog)), at: now)
    }

    private static func ask(
        _ status: PublicStatus, _ symptom: String? = nil, on component: String? = nil, _ language: Language = .en
    ) -> HelpAnswer {
        HelpAnswer(
            HelpQuestion(symptom: symptom, component: component, platform: nil), status, in: language)
    }

    private static func said(_ answer: HelpAnswer, _ language: Language = .en) -> String {
        Speech(language: language)(answer.sentence)
    }

    private static func down(_ told: IncidentCommand...) throws -> Given {
        var given = try Given(PublicIncidentTests.hit("feed", .majorOutage))
        for update in told { given = try given.and(update) }
        return given
    }

    private static func shown(_ given: Given) throws -> PublicIncident {
        try #require(PublicIncidentTests.shown(given))
    }

    @Test func `where nothing is known, that is said, and what to try`() {
        let answer = Self.ask(Self.status([]), "slow", on: "id-feed")
        #expect(answer.known == .nothing && answer.steps.map(\.id) == ["restart"])
        #expect(Self.said(answer) == "Nothing is known to be wrong with Feed.")
        #expect(Self.said(Self.ask(Self.status([]))) == "Nothing is known to be wrong.")
        #expect(Self.said(answer, .de) == "Es ist keine Störung bekannt: Feed.")
        #expect(answer.lengths == nil && answer.experience == nil)
    }

    @Test func `a known incident explains it, until when, and what to do meanwhile; nothing is tried then`() throws {
        let told = PublicIncidentTests.update("Feed is down.", eta: clock("14:48"), steps: ["Use the old app."])
        let german = PublicIncidentTests.update("Geht nicht.", eta: clock("14:48"), language: "de", steps: ["Geduld."])
        let status = Self.status([try Self.shown(try Self.down(told, german))])
        let answer = Self.ask(status, "errors", on: "id-feed")
        #expect(answer.known == .incident && answer.eta == clock("14:48") && answer.steps.isEmpty)
        #expect(
            Self.said(answer)
                == "A known incident explains this: Feed: major outage. It is expected to be over at 2026-11-22 14:48:00 UTC."
        )
        #expect(answer.meanwhile == ["Use the old app."] && answer.meanwhileLanguage == "en")
        #expect(Self.ask(status, "errors", on: "id-feed", .de).meanwhile == ["Geduld."])
        #expect(Self.ask(status, "slow").known == .incident, "the symptom is usually of the feed")
    }

    @Test func `while nobody has said what is hit, an incident may be why of everything`() throws {
        let incident = try Self.shown(try Given(PublicIncidentTests.update("Something is wrong.")))
        let answer = Self.ask(Self.status([incident]), "errors", on: "id-feed")
        #expect(answer.known == .possible && answer.incidents == [incident] && !answer.steps.isEmpty)
        #expect(Self.said(answer) == "There is a disruption that may be why: Service disruption.")
    }

    @Test func `an end that has passed is told as one, and one that nobody said is not made up`() throws {
        let incident = try Self.shown(try Self.down(PublicIncidentTests.update("x", eta: clock("14:48"))))
        let late = Self.ask(Self.status([incident], at: clock("15:00")), on: "id-feed")
        #expect(
            Self.said(late).hasSuffix(
                "It was expected to be over at 2026-11-22 14:48:00 UTC; a new time is not known yet."))
        let silent = try Self.shown(try Self.down(PublicIncidentTests.update("x")))
        let answer = Self.ask(Self.status([silent]), on: "id-feed")
        #expect(answer.eta == nil && Self.said(answer).hasSuffix("When it will be over is not known yet."))
    }

    @Test func `what may be why is not said to be why`() throws {
        let incident = try Self.shown(try Self.down(PublicIncidentTests.update("x")))
        let unsaid = Self.ask(Self.status([incident]), "errors")
        #expect(unsaid.known == .possible && !unsaid.steps.isEmpty && unsaid.eta == nil)
        #expect(Self.said(unsaid) == "There is a disruption that may be why: Feed: major outage.")
        let other = Self.ask(Self.status([incident]), "errors", on: "id-user-db")
        #expect(other.known == .nothing && other.incidents.isEmpty)
        let back = try Self.shown(
            try Self.down(PublicIncidentTests.update("x")).and(PublicIncidentTests.hit("feed", .none)))
        #expect(Self.ask(Self.status([back]), on: "id-feed").known == .possible, "it was harmed until just now")
    }

    @Test func `how long it lasts is told of five or more, by hand`() {
        #expect(OutageLengths([60, 60, 60, 60]) == nil)
        let five = OutageLengths([300, 60, 240, 120, 180])
        #expect(five?.count == 5 && five?.median == 180 && five?.ninth == 300)
        let ten = OutageLengths((1...10).map { Double($0) * 60 })
        #expect(ten?.median == 330 && ten?.ninth == 540)
        let eleven = OutageLengths((1...11).map { Double($0) * 60 })
        #expect(eleven?.median == 360 && eleven?.ninth == 600)
    }

    /// An incident of the feed that is over, of a kind of cause.
    private static func past(_ category: CauseCategory?) throws -> PublicIncident {
        var given = try Given(PublicIncidentTests.hit("feed", .majorOutage), PublicIncidentTests.update("x"))
        if let category { given = try given.and(.stateCause(CauseHypothesis(category: category, evidence: "a test"))) }
        given = try given.and(PublicIncidentTests.hit("feed", .none))
        for phase in [Phase.assess, .mitigate, .restore, .review] {
            given = try given.and(.advance(to: phase, reason: "a test", override: true))
        }
        let codes = Dictionary(CauseCategory.allCases.map { ($0, "code-\($0.rawValue)") }) { first, _ in first }
        let catalog = PublicCatalog(
            [PublicIncidentTests.listed("feed", "Feed", order: 1)],
            known: ["feed": .init(id: "id-feed", createdAt: clock("08:00"), updatedAt: clock("08:00"))],
            causeCodes: codes)
        return try #require(
            PublicIncident(given.incident, timeline: given.timeline, catalog: catalog, rule: PublicationRule()))
    }

    @Test func `our own history answers, of the same cause where enough are known`() throws {
        let unknown = try (1...3).map { _ in try Self.past(.unknown) }
        let technical = try (1...5).map { _ in try Self.past(.technical) }
        #expect(unknown[0].causeCode == nil && technical[0].causeCode == "code-technical")
        #expect(Self.ask(Self.status(unknown), on: "id-feed").lengths == nil)
        let all = Self.ask(Self.status(unknown + technical), on: "id-feed")
        #expect(all.lengths?.count == 8 && !all.isOfSameCause)
        let text = all.experience.map { Speech(language: .en)($0) }
        #expect(text?.hasPrefix("Half of the last 8 disruptions of Feed were over after") == true, "\(text ?? "")")
        #expect(Self.ask(Self.status(unknown + technical), on: "id-user-db").lengths == nil)
    }
}
