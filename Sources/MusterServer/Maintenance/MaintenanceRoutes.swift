import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Planned maintenance: making and changing it, what people do with it while it runs, and where it is shown.
struct MaintenanceRoutes: Sendable {
    let desk: MaintenanceDesk
    let search: MaintenanceSearch
    let incidents: IncidentDesk
    let names: NamedComponents
    let publicURL: String?
    let authenticator: Authenticator

    var routes: [Route] {
        [
            Route(
                .get, "/v1/maintenance", role: .viewer, "listMaintenance",
                query: ["state", "component", "limit", "cursor"], isLong: true, fields: MaintenanceView.fields,
                handler: list),
            Route(
                .post, "/v1/maintenance", role: .responder, "createMaintenance", body: .json, isLong: true,
                handler: create),
            Route(
                .get, "/v1/maintenance.ics", role: nil, "getMaintenanceCalendar", query: ["key"], isLong: true,
                handler: calendar),
            Route(.get, "/v1/maintenance/{id}", role: .viewer, "getMaintenance", handler: get),
            Route(
                .patch, "/v1/maintenance/{id}", role: .responder, "changeMaintenance", body: .json, isLong: true,
                handler: change),
            Route(.delete, "/v1/maintenance/{id}", role: .responder, "deleteMaintenance", handler: delete),
            command("begin", "beginMaintenance") { body in
                (.begin, MaintenanceBodies.target(&body, otherwise: .current))
            },
            command("end", "endMaintenance") { body in (.end, MaintenanceBodies.target(&body, otherwise: .current)) },
            command("extend", "extendMaintenance", body: .json) { body in
                (MaintenanceBodies.extending(&body), MaintenanceBodies.target(&body, otherwise: .current))
            },
            command("cancel", "cancelMaintenance") { body in
                (.cancel, MaintenanceBodies.target(&body, otherwise: .series))
            },
            Route(
                .get, "/v1/incidents/{id}/maintenance", role: .viewer, "getIncidentMaintenance", handler: ofIncident),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = MaintenanceFilter()
        filter.states = query.enumerations("state")
        filter.components = query.words("component", 1...64)
        let page = query.page(of: "maintenance")
        try query.finish()
        let last = try page.cursor.map { (createdAt: try $0.time(0), id: try $0.uuid(1)) }
        let (found, occurrences) = try await search.list(filter, before: last, limit: page.limit + 1)
        return Answer.page(found, of: page, "maintenance", request) { json, maintenance in
            json.value(MaintenanceView(maintenance: maintenance, occurrences: occurrences[maintenance.id] ?? []))
        }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let window = try MaintenanceBodies.window(&body)
        try await check(window, before: nil)
        let view = try await desk.create(request.commandID, window, by: request.principal)
        var json = JSONWriter()
        json.value(view)
        return .created(json.bytes, location: "/v1/maintenance/\(view.maintenance.id.text)")
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let view = try await desk.view(try request.uuid("id", of: "Maintenance"))
        return .json { $0.value(view) }
    }

    private func change(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Maintenance")
        var body = try request.fields()
        let patch = try MaintenanceBodies.patch(&body)
        let before = try await desk.view(id).maintenance.window
        var after = before
        patch(&after)
        try await check(after, before: before)
        let view = try await desk.change(id, by: request.principal, patch)
        return .json { $0.value(view) }
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        try await desk.delete(try request.uuid("id", of: "Maintenance"), by: request.principal)
        return .noContent
    }

    /// Nil for the command says that the body does not say how far to extend.
    private typealias Command = (command: MaintenanceCommand?, target: MaintenanceDesk.Target)

    private func command(
        _ verb: String, _ operation: String, body rule: Route.BodyRule = .optionalJSON,
        _ read: @escaping @Sendable (inout BodyReader) -> Command
    ) -> Route {
        Route(.post, "/v1/maintenance/{id}/\(verb)", role: .responder, operation, body: rule) { request in
            let id = try request.uuid("id", of: "Maintenance")
            var body = try request.fields()
            let (command, target) = read(&body)
            let reason = command == .cancel ? body.optionalString("reason", 1...2000) : nil
            try body.finish()
            guard let command else {
                throw Problem.invalid("/until", "or seconds is required, and only one of the two")
            }
            let view = try await desk.carryOut(command, on: target, of: id, reason: reason, by: request.principal)
            return .json { $0.value(view) }
        }
    }

    /// Calendar programs know an address, a user and a password, and no bearer tokens.
    private func calendar(_ request: RequestContext) async throws -> Answer {
        guard let secret = try Credentials.secret(of: request) else {
            throw Authenticator.unauthenticated(
                "Send an API token: Authorization: Bearer, basic-auth password, or ?key=.", error: nil)
        }
        _ = try await authenticator.principal(token: Substring(secret))
        return Answer(.ok, try await search.calendar(publicURL: publicURL), type: "text/calendar; charset=utf-8")
    }

    private func ofIncident(_ request: RequestContext) async throws -> Answer {
        let incident = try await incidents.current(request.incidentNumber()).incident
        let found = try await search.beside(incident)
        return .json { json in
            json.object { json in
                json.member("incident", incident.number)
                json.member("items", found)
            }
        }
    }

    /// Components and regions have to be those of the catalog; what stood there before may stay.
    private func check(_ window: MaintenanceWindow, before: MaintenanceWindow?) async throws {
        func mentions(_ window: MaintenanceWindow) -> [NamedComponents.Mention] {
            window.components.enumerated().map { .init("/components/\($0.offset)", $0.element) }
        }
        try await names.check(mentions(window), before: before.map(mentions) ?? [])
        let runs = try await names.regions(of: window.components)
        guard let runs else { return }
        let kept = Set(before?.regions ?? [])
        let unknown = window.regions.enumerated().filter { !runs.contains($0.element) && !kept.contains($0.element) }
        guard unknown.isEmpty else {
            throw Problem.invalid(
                unknown.map { place, region in
                    FieldError(
                        pointer: "/regions/\(place)",
                        detail: "none of the components runs in \(region); they run in: "
                            + runs.sorted().joined(separator: ", "))
                })
        }
    }
}
