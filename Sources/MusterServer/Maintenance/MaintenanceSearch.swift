import FoundationEssentials
import IncidentDomain
import Postgres

/// Maintenance as it is looked at: in lists, beside components and incidents, in calendars.
struct MaintenanceSearch: Sendable {
    let pool: PostgresPool

    /// Windows in a calendar.
    private static let calendarMax = 2 * MaintenanceStore.windowsMax
    /// For how long one that is over stays in calendars.
    private static let calendarDays = 90
    private static let besideMax = 50
    /// What ended so long before an incident began may be its cause.
    private static let beforeSeconds: Double = 86_400
    /// What begins so soon concerns those who work on an incident.
    private static let aheadSeconds: Double = 259_200

    /// One page of windows, and of each of them what runs and what comes next.
    func list(
        _ filter: MaintenanceFilter, before last: (createdAt: Timestamp, id: UUID)?, limit: Int
    ) async throws -> (rows: [ReadRow<Maintenance>], occurrences: [UUID: [MaintenanceOccurrence]]) {
        let rows = try await MaintenanceStore(pool: pool).list(filter, before: last, limit: limit)
        return (rows, try await OccurrenceStore.current(of: rows.compactMap { $0.readable?.id }, in: pool))
    }

    /// What runs on a component, and the next that will.
    func current(
        on component: String
    ) async throws -> (running: [ComponentMaintenance], next: ComponentMaintenance?) {
        try await OccurrenceStore.current(on: component, in: pool)
    }

    /// Maintenance of what an incident affects: what ran a day before it began or since, and what comes within three days.
    func beside(_ incident: Incident) async throws -> [ComponentMaintenance] {
        let components = incident.impacts.map(\.component)
        guard !components.isEmpty else { return [] }
        let now = try await MaintenanceStore.moment(in: pool).now
        let isOver = incident.clocks.restoredAt
        return try await OccurrenceStore.naming(
            components, from: incident.times.startedAt.adding(seconds: -Self.beforeSeconds),
            through: isOver ?? now.adding(seconds: Self.aheadSeconds), limit: Self.besideMax, in: pool)
    }

    /// All maintenance as iCalendar.
    func calendar(publicURL: String?) async throws -> [UInt8] {
        let now = try await MaintenanceStore.moment(in: pool).now
        let all = try await MaintenanceStore.all(
            overSinceDays: Self.calendarDays, limit: Self.calendarMax, in: pool)
        guard let first = all.map(\.window.start).min() else {
            return MaintenanceCalendar(windows: [], zones: [:], changed: [:], publicURL: publicURL).bytes
        }
        let zones = try await ZoneStore.zones(Set(all.map(\.window.timeZone)), from: first, now: now, in: pool)
        let changed = try await OccurrenceStore.changed(of: all.map(\.id), in: pool)
        return MaintenanceCalendar(windows: all, zones: zones, changed: changed, publicURL: publicURL).bytes
    }
}
