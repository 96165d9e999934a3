import FoundationEssentials
import IncidentDomain
import Postgres

/// The one door by which people plan and change maintenance. Each change, what is told of it and its line in the audit are
/// committed together.
struct MaintenanceDesk: Sendable {
    let pool: PostgresPool
    /// Seconds after its end that maintenance which is ended by hand may go on.
    let grace: Double
    /// Woken when alerts are let go.
    let routing: WakeSignal

    /// Which time of a window a command is about.
    enum Target: Hashable, Sendable {
        /// The one that runs; to begin, else the next.
        case current
        case named(LocalTime)
        /// All that are not over; only for cancelling.
        case series
    }

    // MARK: Reading

    func view(_ id: UUID) async throws -> MaintenanceView {
        guard let row = try await MaintenanceStore.find(id, in: pool) else { throw Self.missing(id) }
        return try await view(try row.get(), in: pool)
    }

    private func view(_ maintenance: Maintenance, in runner: some SQLRunner) async throws -> MaintenanceView {
        MaintenanceView(
            maintenance: maintenance, occurrences: try await OccurrenceStore.all(of: maintenance.id, in: runner),
            isWhole: true)
    }

    static func missing(_ id: UUID) -> Problem { .notFound("Maintenance \(id.text)") }

    // MARK: Planning

    /// Plans maintenance. The same id again changes nothing.
    func create(_ id: UUID, _ window: MaintenanceWindow, by principal: Principal) async throws -> MaintenanceView {
        try await pool.transaction { transaction in
            let (now, windows) = try await MaintenanceStore.moment(in: transaction)
            if let made = try await MaintenanceStore.find(id, in: transaction) {
                return try await view(try made.get(), in: transaction)
            }
            guard windows < MaintenanceStore.windowsMax else {
                throw Problem.invalid(
                    "",
                    "There are \(MaintenanceStore.windowsMax) windows that are not over; delete or cancel one first.")
            }
            try check(window.startFault(now: now))
            let zone = try await zone(of: window, now: now, in: transaction)
            try check(window.fault(in: zone, now: now))
            let plan = MaintenancePlan(of: window, in: zone, now: now)
            try await transaction.query(
                MaintenanceStore.insert(id, window, by: principal))
            try await transaction.pipeline(OccurrenceStore.put(plan, of: id, window, grace: grace))
            guard let stored = try await MaintenanceStore.find(id, in: transaction)?.readable else {
                throw Self.missing(id)
            }
            let notice = MaintenanceNotice(maintenance: stored, now: now, actor: principal.name)
            try await transaction.pipeline([
                NoticeStore.put([notice.planned(isNew: true, next: plan)]),
                Self.audit("create", stored, by: principal),
            ])
            return try await view(stored, in: transaction)
        }
    }

    /// Changes what is planned. What runs already goes on as it is, but for its components and how it ends.
    func change(
        _ id: UUID, by principal: Principal, _ edit: (inout MaintenanceWindow) -> Void
    ) async throws -> MaintenanceView {
        let view = try await pool.transaction { transaction in
            let (now, _) = try await MaintenanceStore.moment(in: transaction)
            let before = try await locked(id, in: transaction)
            guard before.cancelledAt == nil else {
                throw Problem(
                    .maintenanceState, "Maintenance \(id.text) is cancelled and cannot be changed; plan a new one.")
            }
            var after = before
            edit(&after.window)
            guard after.window != before.window else { return try await self.view(before, in: transaction) }
            if after.window.beginning != before.window.beginning { try check(after.window.startFault(now: now)) }
            let zone = try await zone(of: after.window, now: now, in: transaction)
            if after.window.times != before.window.times { try check(after.window.fault(in: zone, now: now)) }
            let plan = MaintenancePlan(of: after.window, in: zone, now: now)
            (after.version, after.updatedBy) = (before.version + 1, principal.name)
            try await transaction.query(MaintenanceStore.update(after))
            try await transaction.pipeline(OccurrenceStore.put(plan, of: id, after.window, grace: grace))
            for occurrence in try await OccurrenceStore.all(of: id, isLocked: true, in: transaction)
            where occurrence.state == .running {
                let nextAt = occurrence.nextMoment(after.window.ending, grace: grace)
                try await transaction.query(OccurrenceStore.update(occurrence, of: id, nextAt: nextAt))
            }
            let notice = MaintenanceNotice(maintenance: after, now: now, actor: principal.name)
            try await transaction.pipeline([
                NoticeStore.put([notice.planned(isNew: false, next: plan)]),
                Self.audit("change", after, by: principal),
            ])
            try await letGo(of: before.window.components, in: transaction)
            return try await self.view(try await stored(id, in: transaction), in: transaction)
        }
        routing.wake()
        return view
    }

    /// Deletes a window with all of its times, also one that cannot be read.
    func delete(_ id: UUID, by principal: Principal) async throws {
        try await pool.transaction { transaction in
            let (now, _) = try await MaintenanceStore.moment(in: transaction)
            guard let row = try await MaintenanceStore.find(id, isLocked: true, in: transaction) else {
                throw Self.missing(id)
            }
            if let maintenance = row.readable {
                let open = try await OccurrenceStore.all(of: id, isLocked: true, in: transaction)
                if maintenance.planAt != nil || open.contains(where: { !$0.state.isOver }) {
                    let notice = MaintenanceNotice(maintenance: maintenance, now: now, actor: principal.name)
                    try await transaction.query(NoticeStore.put([notice.cancelled(reason: nil)]))
                }
                try await letGo(of: maintenance.window.components, in: transaction)
            }
            try await MaintenanceStore.delete(id, in: transaction)
            try await transaction.query(
                AuditStore.insert(actor: principal, action: "maintenance.delete", subject: id.text))
        }
        routing.wake()
    }

    // MARK: Commands

    /// Begins, ends, extends or cancels one time of a window, or cancels all of it.
    func carryOut(
        _ command: MaintenanceCommand, on target: Target, of id: UUID, reason: String? = nil, by principal: Principal
    ) async throws -> MaintenanceView {
        let view = try await pool.transaction { transaction in
            let (now, _) = try await MaintenanceStore.moment(in: transaction)
            var maintenance = try await locked(id, in: transaction)
            let isWhole = target == .series || command == .cancel && maintenance.window.rule == nil
            let targets = try await occurrences(
                of: maintenance, command, isWhole ? .series : target, in: transaction)
            guard !isWhole || !targets.isEmpty || maintenance.planAt != nil || maintenance.cancelledAt != nil else {
                throw Problem(.maintenanceState, "Maintenance \(id.text) is over; there is nothing to cancel.")
            }
            var told: [(key: String, notice: Notice)] = []
            var statements: [SQL] = []
            let notices = MaintenanceNotice(maintenance: maintenance, now: now, actor: principal.name)
            for var occurrence in targets {
                guard let news = try Self.carryOut(command, on: &occurrence, isWhole: isWhole, at: now) else {
                    continue
                }
                let nextAt = occurrence.nextMoment(maintenance.window.ending, grace: grace)
                statements.append(OccurrenceStore.update(occurrence, of: id, nextAt: nextAt))
                if !isWhole || news == .ended { told.append(notices.tell(news, of: occurrence, reason: reason)) }
            }
            let cancelsNow = isWhole && maintenance.cancelledAt == nil
            guard !statements.isEmpty || cancelsNow else { return try await self.view(maintenance, in: transaction) }
            maintenance.version += 1
            maintenance.updatedBy = principal.name
            if maintenance.planAt != nil { maintenance.planAt = now }
            if cancelsNow {
                (maintenance.cancelledAt, maintenance.planAt) = (now, nil)
                told.append(
                    MaintenanceNotice(maintenance: maintenance, now: now, actor: principal.name)
                        .cancelled(reason: reason))
            }
            try await transaction.pipeline(
                statements + [
                    MaintenanceStore.update(maintenance), NoticeStore.put(told),
                    Self.audit(command.verb, maintenance, targets, reason, by: principal),
                ])
            try await letGo(of: maintenance.window.components, in: transaction)
            return try await self.view(try await stored(id, in: transaction), in: transaction)
        }
        routing.wake()
        return view
    }

    private static func carryOut(
        _ command: MaintenanceCommand, on occurrence: inout MaintenanceOccurrence, isWhole: Bool, at now: Timestamp
    ) throws(Problem) -> MaintenanceNews? {
        // What overran has happened: with its series it ends, and cannot be cancelled.
        let command = isWhole && occurrence.state == .overrun ? .end : command
        do {
            return try occurrence.carryOut(command, at: now)
        } catch {
            throw Problem(.maintenanceState, error.detail, members: ["state": .string(occurrence.state.rawValue)])
        }
    }

    /// What a command is about.
    private func occurrences(
        of maintenance: Maintenance, _ command: MaintenanceCommand, _ target: Target,
        in transaction: PostgresTransaction
    ) async throws -> [MaintenanceOccurrence] {
        let all = try await OccurrenceStore.all(of: maintenance.id, isLocked: true, in: transaction)
        switch target {
        case .series: return all.filter { !$0.state.isOver }
        case .named(let local):
            let key = OccurrenceStore.Key(maintenance: maintenance.id, local: local.description)
            guard let found = try await OccurrenceStore.find(key, in: transaction) else {
                throw Problem.invalid(
                    "/occurrence",
                    "is no time of this maintenance that is kept; GET /v1/maintenance/\(maintenance.id.text) lists them"
                )
            }
            return [found]
        case .current:
            let running = all.filter { $0.state == .running || $0.state == .overrun }
            if let first = running.first { return [first] }
            if command == .begin, let next = all.first(where: { $0.state == .scheduled }) { return [next] }
            throw Problem(
                .maintenanceState,
                command == .begin
                    ? "Nothing is planned that could begin." : "Nothing runs at the moment. Send the occurrence.")
        }
    }

    // MARK: Parts

    private func locked(_ id: UUID, in transaction: PostgresTransaction) async throws -> Maintenance {
        guard let row = try await MaintenanceStore.find(id, isLocked: true, in: transaction) else {
            throw Self.missing(id)
        }
        return try row.get()
    }

    private func stored(_ id: UUID, in transaction: PostgresTransaction) async throws -> Maintenance {
        guard let row = try await MaintenanceStore.find(id, in: transaction) else { throw Self.missing(id) }
        return try row.get()
    }

    private func zone(
        of window: MaintenanceWindow, now: Timestamp, in runner: some SQLRunner
    ) async throws -> ZoneOffsets {
        guard let zone = try await ZoneStore.zone(of: window, now: now, in: runner) else {
            throw Problem.invalid(
                "/time_zone", "\(window.timeZone) is not a known time zone; use an IANA name such as Europe/Berlin")
        }
        return zone
    }

    private func check(_ fault: (field: String, detail: String)?) throws(Problem) {
        if let fault { throw .invalid("/\(fault.field)", fault.detail) }
    }

    /// Alerts that were held are looked at again, after everything that is being placed at this moment: else one of that could
    /// be held by what is over.
    private func letGo(of components: [String], in transaction: PostgresTransaction) async throws {
        try await PlacementStore().waitForPlacement(in: transaction)
        try await transaction.query(OccurrenceStore.releaseAlerts(on: components))
    }

    static func audit(
        _ action: String, _ maintenance: Maintenance, _ occurrences: [MaintenanceOccurrence] = [],
        _ reason: String? = nil, by principal: Principal
    ) -> SQL {
        var data: JSONObject = ["title": .string(maintenance.window.title), "version": .integer(maintenance.version)]
        if !occurrences.isEmpty {
            data["occurrences"] = .array(occurrences.map { .string($0.local.description) })
        }
        if let reason { data["reason"] = .string(reason) }
        return AuditStore.insert(
            actor: principal, action: "maintenance.\(action)", subject: maintenance.id.text, data: data)
    }
}

extension MaintenanceCommand {
    /// As the audit and the paths name it.
    var verb: String {
        switch self {
        case .begin: "begin"
        case .end: "end"
        case .extend, .extendBy: "extend"
        case .cancel: "cancel"
        }
    }
}

extension MaintenanceWindow {
    /// What says when it begins.
    fileprivate var beginning: [String] { [start.description, timeZone] }

    /// What says when it is.
    fileprivate var times: [String] { beginning + [String(durationSeconds), rule?.description ?? ""] }
}
