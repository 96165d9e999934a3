import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport

@testable import MusterServer

extension TestDaemon {
    private static let grace: Double = 300

    var maintenance: MaintenanceDesk { MaintenanceDesk(pool: pool, grace: Self.grace, routing: routing) }

    var maintenanceRunner: MaintenanceRunner {
        MaintenanceRunner(desk: desk, pool: pool, grace: Self.grace, routing: routing, logger: TestServer.quietLogger)
    }

    /// A window of an hour on db that begins in so many seconds.
    func window(
        in seconds: Double, rule: String? = nil, ending: MaintenanceWindow.Ending = .automatic,
        components: [String] = ["db"], regions: [String] = []
    ) throws -> MaintenanceWindow {
        let start = LocalTime(seconds: Int((Timestamp.now().adding(seconds: seconds).milliseconds / 1000)))
        return MaintenanceWindow(
            title: "Switches", components: components, regions: regions, start: start, timeZone: "Etc/UTC",
            durationSeconds: 3600, rule: try rule.map { try RecurrenceRule($0) }, ending: ending)
    }

    /// Plans it, and takes every step that is due.
    func plan(_ window: MaintenanceWindow) async throws -> UUID {
        let id = UUID.timeOrdered(at: .now())
        _ = try await maintenance.create(id, window, by: .mia)
        try await maintenanceRunner.pass()
        return id
    }

    /// Lets so many hours go by for all occurrences, and takes every step that is due.
    func passHours(_ hours: Double) async throws {
        try await moveMaintenance(byHours: hours)
        try await maintenanceRunner.pass()
    }

    /// Makes all maintenance so many hours older, to the second.
    func moveMaintenance(byHours hours: Double) async throws {
        let span: SQL = "make_interval(secs => \((hours * 3600).rounded()))"
        let local: SQL = """
            to_char(local_start::timestamp - \(fragment: span), 'YYYY-MM-DD"T"HH24:MI:SS')
            """
        try await pool.query(
            """
            UPDATE maintenance_occurrence SET starts_at = starts_at - \(fragment: span), ends_at = ends_at - \(fragment: span),
                began_at = began_at - \(fragment: span), next_at = next_at - \(fragment: span), local_start = \(fragment: local)
            """)
        try await pool.query(
            "UPDATE maintenance SET local_start = \(fragment: local), plan_at = plan_at - \(fragment: span)")
        try await pool.query(
            "UPDATE alert SET held_until = held_until - \(fragment: span) WHERE held = 'maintenance'")
    }

    /// The states of a window's times, in their order.
    func states(_ id: UUID) async throws -> [String] {
        try await maintenance.view(id).occurrences.map(\.state.rawValue)
    }

    /// What was told of maintenance, in its order, without what all kinds have in common.
    func told() async throws -> [String] {
        try await pool.query("SELECT kind FROM notice WHERE kind LIKE 'maintenance%' ORDER BY id")
            .map { String(try $0.decode("kind", as: String.self).dropFirst("maintenance_".count)) }
    }

    /// What the audit says of maintenance.
    func audited() async throws -> [String] {
        try await pool.query("SELECT action, actor FROM audit_line WHERE action LIKE 'maintenance.%' ORDER BY id")
            .map {
                "\(try $0.decode("action", as: String.self).dropFirst("maintenance.".count)) \(try $0.decode("actor", as: String.self))"
            }
    }

    /// The catalog that these tests are about.
    func putPlatform() async throws {
        try await put([
            Component(slug: "db", name: "Database", tier: 0, regions: ["eu", "us"]),
            Component(slug: "mail", name: "Mail", tier: 2),
        ])
    }
}
