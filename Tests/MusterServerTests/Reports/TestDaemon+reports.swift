import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import TestSupport
import Testing

@testable import MusterServer

extension Sequence where Self: Sendable, Element: Sendable {
    /// One after the other.
    func asyncMap<T>(_ body: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}

extension TestDaemon {
    func reportDesk(_ limits: ReportLimiter.Limits = .init(), proxies: [String] = []) -> ReportDesk {
        ReportDesk(
            store: ReportStore(pool: pool), catalog: catalog, limits: limits,
            proxies: proxies.compactMap(NetworkRange.init), clock: { .minute(0) })
    }

    func reportRoutes(_ reports: ReportDesk) -> [Route] {
        ReportRoutes(
            reports: reports, search: ReportSearch(pool: pool), desk: desk,
            beside: ReportsBeside(desk: desk, pool: pool), board: StatusBoard()
        ).routes
    }

    var beside: ReportsBeside { ReportsBeside(desk: desk, pool: pool) }

    /// What a responder does who says that the reports are about this incident.
    func confirmReports(of number: Int) async throws {
        let routes = reportRoutes(reportDesk())
        try await TestSite.with(routes) { site in
            let reply = try await site.ask("POST", "/v1/incidents/\(number)/reports/confirm", as: .responder)
            #expect(reply.status == 200, "\(reply.body)")
        }
    }

    func reportRunner(_ intake: AlertIntake, restSeconds: Double = 0) -> ReportRunner {
        ReportRunner(
            desk: desk, pool: pool, intake: intake, rules: book, routing: routing, logger: TestServer.quietLogger,
            restSeconds: restSeconds)
    }

    /// A chain: the app needs auth, auth needs the database; mail stands alone.
    func putChain() async throws {
        try await put([
            Component(
                slug: "app", name: "The App", tier: 1, regions: ["eu-north"],
                dependsOn: [Dependency(component: "auth", kind: .hard)]),
            Component(slug: "auth", name: "Sign-in", tier: 0, dependsOn: [Dependency(component: "db", kind: .hard)]),
            Component(slug: "db", name: "Database", tier: 0), Component(slug: "mail", name: "Mail", tier: 2),
        ])
    }

    /// As many reports as are given, of as many users, in this minute.
    func report(_ count: Int, _ symptom: String = "cannot_sign_in", on component: String = "auth") async throws {
        let reports = (0..<count).map { user in
            Report(
                reporter: OpenSSL.sha256(Array("\(user)".utf8)), component: component, symptom: symptom, region: "")
        }
        try await ReportStore(pool: pool).count(reports)
    }

    /// A surge on a component, told to the alerts.
    func surge(_ intake: AlertIntake, on component: String = "auth") async throws {
        try await report(84, on: component)
        let runner = reportRunner(intake)
        for _ in 1...ReportBaseline.passesToBegin { try await runner.look() }
    }

    /// The reports are over: as if the minutes had passed.
    func calm(_ intake: AlertIntake) async throws {
        _ = try await pool.query("UPDATE report_count SET minute = minute - interval '20 minutes'")
        let runner = reportRunner(intake)
        for _ in 1...ReportBaseline.passesToEnd { try await runner.look() }
    }

    /// Every row of every table, as text.
    func everything() async throws -> String {
        let tables: [String] = try await pool.query(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
        ).map { try $0.decode("table_name") }
        var rows: [String] = []
        for table in tables {
            let sql: SQL = "SELECT t::text AS line FROM \(unescaped: "\"\(table)\"") AS t"
            rows += try await pool.query(sql).map { try $0.decode("line") }
        }
        return rows.joined(separator: "\n")
    }
}
