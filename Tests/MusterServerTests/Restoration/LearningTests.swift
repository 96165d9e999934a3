import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What past restorations teach the next plan, and how honest the plans were.
@Suite(.timeLimit(.minutes(20))) struct LearningTests {
    private static let catalog = [
        Component(slug: "db", name: "Database", tier: 0, expectedRestoreSeconds: 600),
        Component(slug: "ghost", name: "Ghost", tier: 3),
    ]

    /// An incident whose database takes `seconds` to restore, entered afterwards.
    private static func restore(_ daemon: TestDaemon, takes seconds: Double) async throws -> Int {
        let now = try await daemon.pool.query("SELECT now() - interval '2 hours' AS at")[0].decode(
            "at", as: Timestamp.self)
        let opening = OpenIncident(
            title: "t", impacts: [ComponentImpact(component: "db", impact: .majorOutage)], startedAt: now)
        func context(_ after: Double) -> CommandContext {
            CommandContext(principal: .mia, occurredAt: now.adding(seconds: after))
        }
        let number = try await daemon.desk.open(opening, context(0)).incident.number
        let advance = IncidentCommand.advance(to: nil, reason: "drill", override: true)
        for command in [.acknowledge, advance, advance, advance] as [IncidentCommand] {
            _ = try await daemon.desk.handle(command, on: number, context(1))
        }
        let start = IncidentCommand.startStep(component: "db", override: false, reason: nil)
        _ = try await daemon.desk.handle(start, on: number, context(10))
        _ = try await daemon.desk.handle(.verifyStep(component: "db"), on: number, context(10 + seconds))
        _ = try await daemon.desk.handle(advance, on: number, context(11 + seconds))
        return number
    }

    @Test func `five restorations teach the sixth plan what they took`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            for seconds in [100, 200, 300, 400, 900] as [Double] { _ = try await Self.restore(daemon, takes: seconds) }
            let number = try await daemon.open(components: ["db"])
            try await daemon.bringToRestore(number)
            let estimate = try #require(try await daemon.desk.plan(of: number).plan.step("db")?.estimate)
            #expect(estimate.source == .measured && estimate.samples == 5)
            #expect(estimate.medianSeconds == 300 && estimate.p90Seconds == 900)
            let step = try await daemon.tell(.startStep(component: "db", override: false, reason: nil), number).step(
                "db")
            #expect(step?.estimate == estimate, "what was thought stays with the step")
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what is set right of a restoration is what it teaches`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            let number = try await Self.restore(daemon, takes: 600)
            func taught() async throws -> Int? {
                try await daemon.pool.query("SELECT median_seconds FROM component_duration").first?
                    .decode("median_seconds")
            }
            #expect(try await taught() == 600)
            let start = try #require(try await daemon.incident(number).step("db")?.startedAt)
            let earlier = IncidentCommand.correctStep(
                component: "db", startedAt: start.adding(seconds: -5), restoredAt: start.adding(seconds: 95),
                reason: "entered afterwards")
            _ = try await daemon.desk.handle(earlier, on: number, CommandContext(principal: .mia))
            #expect(try await taught() == 100)
            let back = IncidentCommand.revert(to: .restore, reason: "it was the replica")
            _ = try await daemon.desk.handle(back, on: number, CommandContext(principal: .mia))
            let undo = IncidentCommand.undoStep(component: "db", reason: "it was the replica")
            _ = try await daemon.desk.handle(undo, on: number, CommandContext(principal: .mia))
            #expect(try await taught() == nil)
            #expect(try await daemon.count("restoration_sample") == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `predictions are set beside what came of them`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            for seconds in [500, 700, 1300] as [Double] { _ = try await Self.restore(daemon, takes: seconds) }
            let search = EstimateSearch(pool: daemon.pool)
            let steps = try await search.ofSteps()
            #expect(steps.predictions == 3 && steps.medianErrorSeconds == 100)
            #expect(abs((steps.withinMedian ?? 0) - 1 / 3) < 0.001 && abs((steps.withinP90 ?? 0) - 2 / 3) < 0.001)
            let components = try await search.components(after: "", only: nil, limit: 10)
            #expect(components.map(\.component) == ["db"] && components.first?.measured.samples == 3)
            let forecasts = try await search.forecasts(limit: 10)
            #expect(forecasts.map(\.incident).sorted() == [1, 2, 3])
            #expect(try await search.ofIncidents().predictions == 3)
        }
    }

    @Test func `without restorations there is nothing to tell, and a component nobody can estimate is named`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            let search = EstimateSearch(pool: daemon.pool)
            let steps = try await search.ofSteps()
            #expect(steps.predictions == 0 && steps.withinMedian == nil)
            #expect(try await search.ofIncidents().predictions == 0)
            let number = try await daemon.open(components: ["db", "ghost"])
            try await daemon.bringToRestore(number)
            let plan = try await daemon.desk.plan(of: number).plan
            #expect(plan.forecast() != nil && plan.unestimated == ["ghost"] && plan.without == ["ghost"])
        }
    }

    @Test func `times that contradict each other are refused, and teach nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            await #expect(throws: (any Error).self) { try await Self.restore(daemon, takes: -5) }
            #expect(try await daemon.count("restoration_sample") == 0)
        }
    }

    @Test func `a plan that slips is revised without anybody asking, once`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put(Self.catalog)
            let number = try await daemon.open(components: ["db"])
            try await daemon.bringToRestore(number)
            let runner = PlanRunner(desk: daemon.desk, pool: daemon.pool, logger: TestServer.quietLogger)
            #expect(try await runner.reviewPlans() == 1)
            #expect(try await daemon.incident(number).plan?.revision == 1)
            try await daemon.put([Component(slug: "db", name: "Database", tier: 0, expectedRestoreSeconds: 6000)])
            try await runner.reviewPlans()
            try await runner.reviewPlans()
            #expect(try await daemon.incident(number).plan?.revision == 2)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `every refusal of a step names a call, and following the calls brings everything back`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([
                Component(slug: "db", name: "Database", tier: 0),
                Component(slug: "auth", name: "Auth", tier: 0, dependsOn: [Dependency(component: "db", kind: .hard)]),
                Component(slug: "feed", name: "Feed", tier: 2, dependsOn: [Dependency(component: "auth", kind: .hard)]),
            ])
            let number = try await daemon.open(components: ["feed", "auth", "db"])
            try await daemon.bringToRestore(number)
            var done: [String] = []
            var wanted = "/v1/incidents/\(number)/restoration/feed/start"
            for _ in 0..<20 where done.last != "feed/verify" {
                let parts = wanted.split(separator: "/").suffix(2).map(String.init)
                do {
                    try await daemon.tell(
                        parts[1] == "start"
                            ? .startStep(component: parts[0], override: false, reason: nil)
                            : .verifyStep(component: parts[0]), number)
                    done.append(parts.joined(separator: "/"))
                    wanted =
                        "/v1/incidents/\(number)/restoration/feed/" + (done.contains("feed/start") ? "verify" : "start")
                } catch let problem as Problem {
                    wanted = try #require(problem.json["how"]?[0]?["path"]?.string)
                }
            }
            #expect(done == ["db/start", "db/verify", "auth/start", "auth/verify", "feed/start", "feed/verify"])
        }
    }
}
