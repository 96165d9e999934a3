import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// A component waits for what it needs; the refusal says for what, in words and in fields.
@Suite(.timeLimit(.minutes(20))) struct RestorationGateTests {
    private static let catalog = [
        Component(slug: "db", name: "Database", tier: 0), Component(slug: "comments", name: "Comments", tier: 3),
        Component(slug: "feed", name: "Feed", tier: 1, dependsOn: [Dependency(component: "db", kind: .hard)]),
    ]

    private static func restoring(_ daemon: TestDaemon) async throws -> Int {
        try await daemon.put(catalog)
        let number = try await daemon.open(components: ["comments", "feed", "db"])
        try await daemon.bringToRestore(number)
        return number
    }

    @Test func `a start before its time is a problem that names what it waits for`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.restoring(daemon)
            let problem = await #expect(throws: Problem.self) {
                try await daemon.tell(.startStep(component: "feed", override: false, reason: nil), number)
            }
            #expect(problem?.kind == .gateClosed && problem?.members["component"]?.string == "feed")
            #expect(problem?.json["waits_for"]?[0]?["component"]?.string == "db")
            #expect(problem?.json["waits_for"]?[0]?["reason"]?.string == "waits for db (ready)")
            let how = problem?.json["how"]?.array?.last
            #expect(how?["body"]?["without"]?[0]?.string == "db" && how?["body"]?["override"] == nil)
            #expect(try await daemon.kinds(number).contains("step_started") == false)
        }
    }

    @Test func `what is most critical comes first, and opens the way`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.restoring(daemon)
            for component in ["db", "feed", "comments"] {
                try await daemon.tell(.startStep(component: component, override: false, reason: nil), number)
                try await daemon.tell(.rampStep(component: component, percent: 50), number)
                try await daemon.tell(.verifyStep(component: component), number)
            }
            let incident = try await daemon.tell(.advance(to: nil, reason: nil, override: false), number)
            #expect(incident.phase == .review && incident.impacts.allSatisfy { $0.endedAt != nil })
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a start by force needs a commander and a reason, and says what was closed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.restoring(daemon)
            let responder = await #expect(throws: Problem.self) {
                try await daemon.tell(
                    .startStep(component: "feed", override: false, without: ["db"], reason: "now"), number, by: .ron)
            }
            #expect(responder?.kind == .roleRequired)
            let silent = await #expect(throws: Problem.self) {
                try await daemon.tell(
                    .startStep(component: "feed", override: false, without: ["db"], reason: nil), number)
            }
            #expect(silent?.kind == .invalidValue)
            let named = IncidentCommand.startStep(
                component: "feed", override: true, without: ["db"], reason: "reads only")
            try await daemon.tell(named, number)
            guard let start = try await daemon.timeline(number).last?.recorded.event.as(StepStarted.self) else {
                return #expect(Bool(false), "the start stands last in the timeline")
            }
            #expect(start.overridden == ["waits for db (ready)"] && start.reason == "reads only")
        }
    }

    @Test func `a firing alert keeps a component from being verified`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let number = try await Self.restoring(daemon)
            try await daemon.tell(.startStep(component: "db", override: false, reason: nil), number)
            try await daemon.pool.query(
                "INSERT INTO alert_group (source, group_key, incident) VALUES (\(source), 'g', \(number))")
            try await daemon.take(source, .firing("a", group: "g", component: "db"))
            try await daemon.router.routeBatch()
            let problem = await #expect(throws: Problem.self) {
                try await daemon.tell(.verifyStep(component: "db"), number)
            }
            #expect(problem?.kind == .gateClosed)
            #expect(problem?.json["waits_for"]?[0]?["reason"]?.string == "1 alert is still firing on db")
            try await daemon.take(source, .resolved("a", group: "g", component: "db"))
            try await daemon.router.routeBatch()
            #expect(try await daemon.tell(.verifyStep(component: "db"), number).step("db")?.state == .restored)
        }
    }

    @Test func `a component that is not affected, or not in this state, is refused`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.restoring(daemon)
            let unknown = await #expect(throws: Problem.self) {
                try await daemon.tell(.verifyStep(component: "ghost"), number)
            }
            #expect(unknown?.kind == .notFound)
            let early = await #expect(throws: Problem.self) {
                try await daemon.tell(.verifyStep(component: "db"), number)
            }
            #expect(early?.kind == .stepState && early?.members["state"]?.string == "ready")
            let fresh = try await daemon.open(components: ["db"])
            let phase = await #expect(throws: Problem.self) {
                try await daemon.tell(.startStep(component: "db", override: false, reason: nil), fresh)
            }
            #expect(phase?.kind == .wrongPhase)
        }
    }

    @Test func `the plan that is shown agrees with what is refused`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await Self.restoring(daemon)
            let incident = try await daemon.incident(number)
            let plan = RestorationPlan.make(
                for: incident, in: try await daemon.catalog.current(), soak: SoakPolicy(), measured: .none,
                now: incident.lastRecordedAt)
            var json = JSONWriter()
            RestorationRepresentation(incident: incident, plan: plan).write(to: &json)
            let shown = try JSONParser.parse(json.bytes)
            let waves = shown["waves"]?.array ?? []
            #expect(waves.compactMap { $0["steps"]?[0]?["component"]?.string } == ["db", "feed", "comments"])
            #expect(waves.compactMap { $0["steps"]?[0]?["ready"]?.bool } == [true, false, true])
            #expect(waves[1]["steps"]?[0]?["waits_for"]?[0]?["component"]?.string == "db")
            #expect(shown["progress"]?.number == 0 && shown["revision"]?.integer == 1)
        }
    }
}
