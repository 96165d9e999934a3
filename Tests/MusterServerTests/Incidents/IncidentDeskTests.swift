import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// The one door: what it writes, what it refuses, and which conditions it keeps.
@Suite(.timeLimit(.minutes(20))) struct IncidentDeskTests {
    @Test func `an incident is opened with its timeline, its row and what GET answers`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0, regions: ["eu"])])
            let opening = OpenIncident(
                title: "Videos do not play", severity: .sev1,
                impacts: [ComponentImpact(component: "cdn", impact: .majorOutage, regions: ["eu"])],
                cause: CauseHypothesis(category: .technical), labels: ["team": "video"])
            let outcome = try await daemon.desk.open(opening, CommandContext(principal: .mia))
            #expect(outcome.isNew && outcome.incident.number == 1 && outcome.incident.version == 4)
            #expect(try await daemon.kinds(1) == ["incident_opened", "severity_set", "impact_set", "cause_stated"])
            let found = try await IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy).incident(1)
            #expect(found?.representation == outcome.representation && found?.version == 4)
            #expect(try await daemon.incident(1) == outcome.incident)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `each change raises the version by its entries, and the version is the newest sequence`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            #expect(try await daemon.tell(.acknowledge, number).version == 2)
            #expect(try await daemon.tell(.addNote(text: "a", key: false), number).version == 3)
            let amendment = IncidentAmendment(title: "No videos", severity: .sev2)
            #expect(try await daemon.tell(.amend(amendment), number).version == 5)
            #expect(try await daemon.timeline(number).map(\.recorded.sequence) == [1, 2, 3, 4, 5])
        }
    }

    @Test func `what already holds appends nothing and keeps the version`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.tell(.acknowledge, number)
            let outcome = try await daemon.desk.handle(.acknowledge, on: number, CommandContext(principal: .ron))
            #expect(outcome.incident.version == 2 && outcome.firstEntry == nil)
            #expect(try await daemon.count("timeline_entry") == 2)
        }
    }

    @Test func `If-Match lets the version through that the caller has seen, and no other`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let seen = CommandContext(principal: .mia, ifMatch: .versions([1]))
            _ = try await daemon.desk.handle(.acknowledge, on: number, seen)
            let problem = await #expect(throws: Problem.self) {
                try await daemon.desk.handle(.addNote(text: "late", key: false), on: number, seen)
            }
            #expect(problem?.kind == .versionMismatch && problem?.headers[.eTag] == "\"2\"")
            #expect(try await daemon.incident(number).version == 2)
            let any = CommandContext(principal: .mia, ifMatch: .anyVersion)
            #expect(
                try await daemon.desk.handle(.addNote(text: "b", key: false), on: number, any).incident.version == 3)
        }
    }

    @Test func `a refused command leaves no row, no entry and no gap in the numbers`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let before = try await daemon.incident(number)
            let problem = await #expect(throws: Problem.self) {
                try await daemon.tell(.advance(to: nil, reason: nil, override: false), number)
            }
            #expect(problem?.kind == .requirementsUnmet)
            await #expect(throws: Problem.self) {
                try await daemon.tell(.removeImpact(component: "x"), number + 1)
            }
            let unknown = OpenIncident(title: "t", impacts: [ComponentImpact(component: "ghost", impact: .degraded)])
            for _ in 0..<3 {
                await #expect(throws: IncidentRefusal.self) {
                    try await daemon.desk.open(unknown, CommandContext(principal: .mia))
                }
            }
            #expect(try await daemon.incident(number) == before)
            #expect(try await daemon.count("timeline_entry") == 1)
            #expect(try await daemon.count("incident") == 1)
            #expect(try await daemon.open() == number + 1)
        }
    }

    @Test func `a refusal's problem says what is unmet and which call meets it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let problem = await #expect(throws: Problem.self) {
                try await daemon.tell(.advance(to: nil, reason: nil, override: false), number)
            }
            let document = try #require(problem).json
            let unmet = document["unmet"]?[0]
            #expect(document["incident"]?.integer == number)
            #expect(unmet?["requirement"]?.string == "acknowledged")
            #expect(unmet?["how"]?["path"]?.string == "/v1/incidents/\(number)/acknowledge")
        }
    }

    @Test func `an incident that does not exist is not found by any command`() async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia)
            for attempt in [
                { _ = try await daemon.desk.handle(.acknowledge, on: 9, context) },
                { _ = try await daemon.desk.merge(9, into: 1, reason: nil, context) },
                { _ = try await daemon.desk.redact(1, of: 9, reason: "r", context) },
            ] {
                let problem = await #expect(throws: Problem.self) { try await attempt() }
                #expect(problem?.kind == .notFound)
            }
            #expect(try await daemon.count("incident") == 0)
        }
    }

    @Test func `the columns that lists filter by follow the incident`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0)])
            let number = try await daemon.open(components: ["cdn"])
            try await daemon.tell(
                .amend(IncidentAmendment(summary: "Buffering", severity: .sev3, labels: ["a": "b"])), number)
            try await daemon.tell(.stateCause(CauseHypothesis(category: .attack)), number)
            let search = IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy)
            var filters = [IncidentFilter](repeating: IncidentFilter(), count: 7)
            filters[0].severities = [.sev3]
            filters[1].components = ["cdn"]
            filters[2].causes = [.attack]
            filters[3].labels = [("a", "b")]
            filters[4].words = "buffering videos"
            filters[5].phases = [.detect]
            filters[6].open = true
            for filter in filters {
                #expect(try await search.list(filter, after: nil, limit: 5).map(\.number) == [number])
            }
            var other = IncidentFilter()
            other.labels = [("a", "c")]
            #expect(try await search.list(other, after: nil, limit: 5).isEmpty)
            other.labels = []
            other.open = false
            #expect(try await search.list(other, after: nil, limit: 5).isEmpty)
        }
    }

    @Test func `another policy shows the same incident with its own requirements`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let strict = PhasePolicy(general: [.detect: [.acknowledged, .severitySet]])
            let search = IncidentSearch(pool: daemon.pool, policy: strict)
            let found = try #require(try await search.incident(number))
            let unmet = try JSONParser.parse(found.representation)["next"]?["unmet"]
            #expect(unmet?.array?.compactMap { $0["requirement"]?.string } == ["acknowledged", "severity_set"])
            try await daemon.beside(policy: strict) { other async throws in
                #expect(try await other.desk.current(number).representation == found.representation)
                try await other.tell(.acknowledge, number)
            }
            // The row is now written under the strict policy, and this daemon shows it under its own.
            let mine = try #require(
                try await IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy).incident(number))
            #expect(try JSONParser.parse(mine.representation)["next"]?["ready"]?.bool == true)
        }
    }
}
