import IncidentDomain

/// The board: where somebody who was paged begins.
struct BoardRoutes: Sendable {
    let door: RoomDoor
    let desk: IncidentDesk
    let incidents: IncidentSearch
    let alerts: AlertSearch
    let actions: ActionSearch

    private static let rowsMax = 50
    private static let recentMax = 10
    private static let orphansMax = 20
    private static let lateMax = 20
    /// Of how many incidents that are being restored it is worked out how far they are.
    private static let plansMax = 10

    var routes: [Route] {
        [
            door.page("/", "getBoardPage", isLong: true) { request, session in
                var page = try await board(request, session)
                if page.frame.canAct {
                    page.components = Array(try await desk.catalog.current().sortedSlugs.prefix(RoomPage.namesMax))
                }
                return Pages.shared.render(page)
            }
        ]
    }

    private func board(_ request: RequestContext, _ session: Session) async throws -> BoardPage {
        let filter = try BoardFilter(request.target)
        let frame = RoomFrame(session, version: 0)
        let now = request.clock.now
        let place = filter.before.map { IncidentSearch.Place(number: $0) }
        let found = try await incidents.list(filter.incidents, after: place, limit: Self.rowsMax + 1)
        let shown = found.prefix(Self.rowsMax)
        // The board has the worst first; what does not fit on it is found by age.
        let last = filter.isFiltered ? shown.map(\.number).min() ?? 1 : Int.max
        let older = found.count > Self.rowsMax ? filter.address(before: last) : nil
        let rows = try await rows(shown.map(\.representation), now)
        guard !filter.isFiltered else {
            return BoardPage(
                filter, frame, rows: rows, older: older, orphans: [], moreOrphans: nil, late: [], recent: [])
        }
        let orphans = try await orphans(frame)
        var closed = IncidentFilter()
        closed.open = false
        let recent = try await incidents.list(closed, after: nil, limit: Self.recentMax)
        return BoardPage(
            filter, frame, rows: rows, older: older, orphans: Array(orphans.prefix(Self.orphansMax)),
            moreOrphans: orphans.count > Self.orphansMax ? "and more" : nil, late: try await late(rows),
            recent: try await self.rows(recent.map(\.representation), now))
    }

    private func rows(_ representations: [[UInt8]], _ now: Timestamp) async throws -> [BoardPage.Row] {
        var rows: [BoardPage.Row] = []
        var plans = 0
        for bytes in representations {
            let json = try JSONParser.parse(bytes)
            var progress: RestorationProgress?
            if json["phase"] == .string(Phase.restore.rawValue), plans < Self.plansMax,
                let number = json["number"]?.integer
            {
                plans += 1
                progress = try await desk.plan(of: number).plan.progress
            }
            if let row = BoardPage.Row(json, progress: progress, now: now) { rows.append(row) }
        }
        return rows
    }

    /// Alerts that fire while no incident is open that they belong to.
    private func orphans(_ frame: RoomFrame) async throws -> [RoomSection.Line] {
        var filter = AlertFilter()
        filter.isOrphaned = true
        return try await alerts.list(filter, before: nil, limit: Self.orphansMax + 1).map { alert in
            let forms = { (operation: String) -> [RoomForm] in
                guard frame.canAct, let call = RoomCall.named(operation) else { return [] }
                return [
                    RoomForm(
                        call, id: "\(operation)\(alert.id.text)", on: "",
                        fixed: [RoomCall.alertField: alert.id.text, "page": "/"], about: alert.title)
                ]
            }
            return RoomSection.Line(
                alert.title, style: alert.status.rawValue,
                detail: [alert.status.rawValue, alert.component, alert.severity, alert.held.map { "held: \($0)" }]
                    .compactMap(\.self).joined(separator: ", "), at: RoomTime(alert.startsAt),
                forms: (alert.status == .firing ? forms("acknowledgeAlert") : []) + forms("resolveAlert"))
        }
    }

    /// What should have been done by now.
    private func late(_ rows: [BoardPage.Row]) async throws -> [RoomSection.Line] {
        var filter = ActionFilter()
        filter.overdue = true
        let actions = try await actions.list(filter, after: nil, limit: Self.lateMax).found
        return rows.compactMap { row in
            row.lateness.map {
                RoomSection.Line("INC-\(row.number): \($0)", detail: row.title, url: "/incidents/\(row.number)")
            }
        }
            + actions.map { found in
                RoomSection.Line(
                    "\(found.action.id(in: found.incident)) \(found.action.title)",
                    detail: "due \(found.action.due ?? ""), \(found.action.owner ?? "no owner")",
                    url: "/incidents/\(found.incident)#actions")
            }
    }
}
