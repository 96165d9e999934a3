import HTTPTypes
import IncidentDomain
import Logging
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// One row that cannot be read stops nothing but itself, in whichever table it is.
@Suite(.timeLimit(.minutes(20))) struct UnreadableRowTests {
    private static func hook(_ server: DescribedServer) async throws -> String {
        let made = await server.ask(.post, "/v1/sources", ["name": "tool", "kind": "generic"])
        return "/hooks/\(try #require(made.json["key"]?.string))"
    }

    /// Raises an alert by the hook; whether an incident opened.
    private static func opens(_ alert: String, _ hook: String, _ server: DescribedServer, _ daemon: TestDaemon)
        async throws -> Bool
    {
        let before = try await daemon.count("incident")
        let body: JSONValue = [
            "id": .string(alert), "title": .string(alert), "status": "firing", "component": .string(alert),
        ]
        let taken = await server.ask(.post, hook, body, token: nil)
        #expect((200..<300).contains(taken.status), "\(taken.text)")
        try await daemon.routeAll()
        return try await daemon.count("incident") == before + 1
    }

    @Test(arguments: PoisonedRow.allCases)
    func `alerts still open incidents beside a row that cannot be read`(_ poison: PoisonedRow) async throws {
        try await TestDaemon.with(connections: 6) { daemon async throws in
            let server = try DescribedServer(pool: daemon.pool)
            let running = Task { try await server.server.intake.run() }
            let hook = try await Self.hook(server)
            try await poison.plant(in: daemon.pool)
            #expect(try await Self.opens("first", hook, server, daemon))

            let senses = server.server.senses
            _ = try await daemon.pool.query("UPDATE sense_fleet SET seen_at = now() + interval '1 hour'")
            #expect(await server.ask(.put, "/v1/heartbeats/late", ["interval_seconds": 5]).status == 201)
            try await daemon.age(heartbeat: "late", by: 60)
            #expect(try await senses.heartbeatRunner.passDue() == 1)
            try await senses.senseRunner.tell()
            #expect(try await senses.probeRunner.runDue() == 0)
            try await daemon.report(84, on: "mail")
            let reports = daemon.reportRunner(server.server.intake)
            for _ in 1...ReportBaseline.passesToBegin { try await reports.look() }
            #expect(try await daemon.count("alert", where: "title LIKE 'Users report%'") == 1)

            let component: JSONValue = ["name": "New", "tier": 1]
            #expect(await server.ask(.put, "/v1/components/new", component).status == 201)
            #expect(await server.ask(.get, "/v1/catalog/history").status == 200)
            #expect(await server.ask(.get, "/readyz", token: nil).status == 200)
            running.cancel()
            try await running.value
        }
    }

    @Test(arguments: PoisonedRow.allCases)
    func `a row that cannot be read is counted, found by the doctor, shown by its list and deleted`(
        _ poison: PoisonedRow
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let server = try DescribedServer(pool: daemon.pool)
            let examination = RowExamination(pool: daemon.pool)
            let runner = RowExaminationRunner(examination: examination, logger: TestServer.quietLogger)
            #expect(try await examination.findings().map(\.level) == [.ok])
            try await poison.plant(in: daemon.pool)
            let findings = try await examination.findings()
            #expect(findings.map(\.check) == ["rows.\(poison.table)"])
            #expect(findings[0].says.contains(poison.key) && findings[0].advice?.contains(poison.key) == true)
            try await runner.look()
            #expect(daemon.pool.unreadable.counts == [poison.table: 1])
            let metric = "muster_unreadable_rows{table=\"\(poison.table)\"}"
            #expect(await server.ask(.get, "/metrics", token: nil).text.contains("\(metric) 1"))
            guard let list = poison.list else { return }
            let shown = await server.ask(.get, list)
            #expect(shown.status == 200 && shown.json["items"]?.array != nil, "\(shown.text)")
            #expect(shown.json["unreadable"]?[0]?["id"] == .string(poison.key), "\(shown.text)")
            #expect(shown.json["unreadable"]?[0]?["reason"]?.string?.isEmpty == false)
            if poison != .token {
                let alone = await server.ask(.get, "\(list)/\(poison.key)")
                #expect(alone.status == 409 && alone.json["type"] == "/problems/unreadable", "\(alone.text)")
            }
            #expect(await server.ask(.delete, "\(list)/\(poison.key)").status == 204)
            #expect(await server.ask(.get, list).json["unreadable"] == nil)
            try await runner.look()
            #expect(daemon.pool.unreadable.counts == [:])
            #expect(server.complaints == [])
        }
    }

    @Test func `every table that is read into memory is examined, and has been poisoned`() {
        #expect(Set(ExaminedTable.all.map(\.name)) == Set(PoisonedRow.allCases.map(\.table)))
    }

    @Test func `a row that cannot be read is named in the log once, however often it is read`() async throws {
        try await TestDaemon.with { daemon async throws in
            let log = RecordedLog()
            let logger = Logger(label: "test") { _ in RecordingLogHandler(log: log) }
            let pool = PostgresPool(configuration: daemon.database.configuration, logger: logger)
            try await PoisonedRow.rule.plant(in: pool)
            let book = RuleBook(pool: pool, logger: logger)
            for _ in 1...3 { try await book.refresh() }
            try await RowExaminationRunner(examination: RowExamination(pool: pool), logger: logger).look()
            let lines = log.lines.filter { $0.level >= .warning }
            #expect(lines.map { $0.metadata["row"] } == [PoisonedRow.id], "\(lines)")
            await pool.close()
        }
    }

    @Test func `a sender whose source cannot be read is told to come again, as long as it takes`() async throws {
        try await TestDaemon.with { daemon async throws in
            let server = try DescribedServer(pool: daemon.pool)
            try await PoisonedRow.mapping.plant(in: daemon.pool)
            let reply = await server.ask(.post, "/hooks/poison", ["id": "a", "status": "firing"], token: nil)
            #expect(reply.status == 503 && reply.headers[.retryAfter] == "60", "\(reply.text)")
        }
    }

    @Test func `a catalog in place of one with a component that cannot be read is taken whole`() async throws {
        try await TestDaemon.with { daemon async throws in
            let desk = CatalogDesk(pool: daemon.pool)
            try await PoisonedRow.component.plant(in: daemon.pool)
            let needing = Component(
                slug: "app", name: "App", tier: 1, dependsOn: [Dependency(component: "poison", kind: .hard)])
            _ = try await desk.put(needing, ifMatch: .absent, by: .mia)
            let mended = Component(slug: "poison", name: "Mended", tier: 2)
            _ = try await desk.replaceAll([needing, mended], by: .mia)
            #expect(try await CatalogReader(pool: daemon.pool).all().components.map(\.component) == [needing, mended])
            try await daemon.pool.query("UPDATE component SET body = '{}' WHERE slug = 'app'")
            _ = try await desk.replaceAll([mended], by: .mia)
            #expect(try await daemon.count("component") == 1)
        }
    }
}
