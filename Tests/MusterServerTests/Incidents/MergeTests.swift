import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

@Suite(.timeLimit(.minutes(20))) struct MergeTests {
    @Test func `a merge moves alerts and groups, and stands in both timelines`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0)])
            let source = try await daemon.makeSource()
            let into = try await daemon.open("The outage")
            try await daemon.take(source, .firing("a", group: "g", component: "cdn"), .firing("b", group: "g"))
            try await daemon.router.routeBatch()
            let from = into + 1
            let outcome = try await daemon.desk.merge(
                from, into: into, reason: "the same", CommandContext(principal: .ron))
            #expect(outcome.incident.phase == .merged && outcome.incident.mergedInto == into)
            #expect(try await daemon.kinds(from).last == "incident_merged")
            #expect(try await daemon.kinds(into).starts(with: ["incident_opened", "incident_absorbed"]))
            let absorbed = try await daemon.incident(into)
            #expect(absorbed.alerts == 2 && absorbed.firing == ["cdn": 1, "": 1])
            #expect(absorbed.impacts.map(\.component) == ["cdn"] && absorbed.steps.map(\.component) == ["cdn"])
            #expect(try await daemon.alerts().map(\.incident) == [into, into])
            #expect(try await daemon.count("alert_group", where: "incident = \(into)") == 1)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a merge is undone with its alerts, its groups, and what came in them since`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0)])
            let source = try await daemon.makeSource()
            let into = try await daemon.open("The outage")
            try await daemon.take(source, .firing("own", group: "other"))
            try await daemon.router.routeBatch()
            try await daemon.take(source, .firing("a", group: "g", component: "cdn"), .firing("b", group: "g"))
            try await daemon.router.routeBatch()
            let alerts = try await daemon.alerts()
            let from = try #require(alerts.compactMap(\.incident).max())
            let before = try await daemon.incident(from)
            try await daemon.tell(.addNote(text: "seen here", key: true), from)
            let context = { CommandContext(principal: .ron) }
            _ = try await daemon.desk.merge(from, into: into, reason: "the same", context())
            #expect(try await daemon.kinds(into).contains("note_added"))
            // One more in the group, which the target hears of; one that it has not heard of yet.
            try await daemon.take(source, .firing("c", group: "g", component: "cdn"))
            try await daemon.router.routeBatch()
            try await daemon.take(source, .firing("d", group: "g"))
            let apart = try await daemon.desk.unmerge(from, reason: "two outages", context())
            #expect(apart.incident.phase == before.phase && apart.incident.mergedInto == nil)
            #expect(apart.incident.firing["cdn"] == 2)
            try await daemon.router.routeBatch()
            let own = try await daemon.incident(from)
            #expect(own.firing == ["cdn": 2, "": 2])
            let rest = try await daemon.incident(into)
            #expect(rest.firing.isEmpty && rest.impacts.isEmpty)
            #expect(try await daemon.alerts().count { $0.incident == from } == 4)
            #expect(try await daemon.count("alert_group", where: "incident = \(from)") == 1)
            #expect(try await daemon.kinds(into).contains("incident_separated"))
            #expect(try await daemon.desk.unmerge(from, reason: "again", context()).firstEntry == nil)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a merge into what was merged on is undone one after the other`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"))
            try await daemon.router.routeBatch()
            let first = try #require(try await daemon.alerts().first?.incident)
            let (second, third) = (try await daemon.open(), try await daemon.open())
            let context = { CommandContext(principal: .ron) }
            _ = try await daemon.desk.merge(first, into: second, reason: nil, context())
            _ = try await daemon.desk.merge(second, into: third, reason: nil, context())
            let problem = await #expect(throws: Problem.self) {
                try await daemon.desk.unmerge(first, reason: "no", context())
            }
            #expect(problem?.kind == .mergeRefused)
            #expect(try await daemon.alerts().map(\.incident) == [third], "a refusal moves nothing")
            _ = try await daemon.desk.unmerge(second, reason: "two", context())
            #expect(try await daemon.alerts().map(\.incident) == [second])
            _ = try await daemon.desk.unmerge(first, reason: "two", context())
            #expect(try await daemon.alerts().map(\.incident) == [first])
            #expect(try await daemon.incident(first).firing == ["": 1])
            #expect(try await daemon.incident(second).firing.isEmpty)
            try await daemon.tell(.dismiss(reason: "a test"), third)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a merge into what is not open, not there, or itself changes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let (first, second) = (try await daemon.open(), try await daemon.open())
            try await daemon.tell(.dismiss(reason: "a test"), second)
            let context = CommandContext(principal: .mia)
            for (target, kind) in [(second, ProblemKind.mergeRefused), (99, .invalidValue), (first, .mergeRefused)] {
                let problem = await #expect(throws: Problem.self) {
                    try await daemon.desk.merge(first, into: target, reason: nil, context)
                }
                #expect(problem?.kind == kind)
            }
            #expect(try await daemon.incident(first).phase == .detect)
            #expect(try await daemon.count("timeline_entry") == 3)
        }
    }

    @Test func `two merges the other way round at once leave one of the two open`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                for _ in 0..<10 {
                    let (one, two) = (try await daemon.open(), try await daemon.open())
                    async let there = Self.merge(one, into: two, daemon)
                    async let back = Self.merge(two, into: one, other)
                    let landed = try await [there, back].count { $0 }
                    let phases = try await [daemon.incident(one).phase, daemon.incident(two).phase]
                    #expect(landed == 1 && Set(phases) == [.merged, .detect])
                }
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `merging and writing into both at once loses nothing`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let (into, from) = (try await daemon.open(), try await daemon.open())
            async let merging = Self.merge(from, into: into, daemon)
            let notes = try await withThrowingTaskGroup(of: Void.self) { group in
                for note in 0..<20 {
                    group.addTask { try await daemon.tell(.addNote(text: "\(note)", key: false), into) }
                }
                try await group.waitForAll()
                return 20
            }
            #expect(try await merging)
            #expect(try await daemon.incident(into).version == 1 + notes + 1)
            #expect(try await daemon.differences() == [])
        }
    }

    /// Whether it was carried out; false when the other one was faster.
    private static func merge(_ number: Int, into target: Int, _ daemon: TestDaemon) async throws -> Bool {
        do {
            _ = try await daemon.desk.merge(number, into: target, reason: nil, CommandContext(principal: .mia))
            return true
        } catch let problem as Problem {
            #expect([.mergeRefused, .wrongPhase].contains(problem.kind))
            return false
        }
    }
}
