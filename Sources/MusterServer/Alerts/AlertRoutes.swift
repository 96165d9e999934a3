import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Reading alerts, acknowledging and ending them.
struct AlertRoutes: Sendable {
    let search: AlertSearch
    let store: AlertStore
    let desk: AlertDesk
    let catalog: CatalogCache
    let routing: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/v1/alerts", role: .viewer, "listAlerts",
                query: [
                    "identity", "status", "source", "incident", "component", "label", "orphaned",
                    "component_unknown", "limit", "cursor",
                ],
                isLong: true, fields: StoredAlert.fields, handler: list),
            Route(.get, "/v1/alerts/{id}", role: .viewer, "getAlert", handler: get),
            Route(.patch, "/v1/alerts", role: .responder, "moveAlerts", body: .json, isLong: true, handler: moveAll),
            Route(.patch, "/v1/alerts/{id}", role: .responder, "moveAlert", body: .json, isLong: true, handler: move),
            Route(
                .post, "/v1/alerts/{id}/resolve", role: .responder, "resolveAlert", body: .optionalJSON,
                handler: resolve),
            Route(
                .post, "/v1/alerts/{id}/reopen", role: .responder, "reopenAlert", body: .json, isLong: true,
                handler: reopen),
            Route(
                .post, "/v1/alerts/{id}/acknowledge", role: .responder, "acknowledgeAlert", body: .optionalJSON,
                handler: acknowledge),
            Route(
                .post, "/v1/alerts/{id}/unacknowledge", role: .responder, "unacknowledgeAlert", body: .optionalJSON,
                handler: unacknowledge),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = AlertFilter()
        filter.identity = query.string("identity", 1...1000)
        filter.statuses = query.enumerations("status")
        if let text = query.string("source") {
            filter.source = UUID(uuidString: text)
            if filter.source == nil { query.refuse("source", "should be the id of a source") }
        }
        filter.incident = query.incidentNumber("incident")
        filter.components = query.words("component")
        filter.labels = query.labels("label")
        filter.isOrphaned = query.bool("orphaned") ?? false
        filter.isComponentUnknown = query.bool("component_unknown") ?? false
        let page = query.page(of: "alerts")
        try query.finish()
        let last = try page.cursor?.uuid(0)
        let found = try await shown(try await search.list(filter, before: last, limit: page.limit + 1))
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "alerts", key: [.string($0.alert.id.uuidString)]) }
        ) { $0.value($1) }
    }

    /// The alert with what its sender sent first.
    private func get(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        guard let alert = try await store.alert(id), let payload = try await store.payload(id) else {
            throw Self.unknown(id)
        }
        let shown = try await shown([alert])[0]
        return .json { json in
            json.object { json in
                shown.write(into: &json)
                json.member("payload", String(decoding: payload, as: UTF8.self))
            }
        }
    }

    private func move(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        var body = try request.fields()
        try await move([id], request, &body)
        return try await answer(try await store.alert(id), id)
    }

    /// Alerts with what the catalog says of their components.
    private func shown(_ alerts: [StoredAlert]) async throws -> [ShownAlert] {
        let unknown = UnknownComponents(alerts.compactMap(\.component), in: try await catalog.current())
        return alerts.map { ShownAlert(alert: $0, unknown: unknown) }
    }

    private func moveAll(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let ids = body.strings("alerts", max: AlertDesk.alertsMax, 36...36).compactMap { text in
            let id = UUID(uuidString: text)
            if id == nil { body.refuse("alerts", "should be ids of alerts, and \(text) is none") }
            return id
        }
        if body.isEmptyArray("alerts") { body.refuse("alerts", "should have at least one id") }
        try await move(Array(Set(ids)).sorted(), request, &body)
        let alerts = try await shown(try await store.alerts(ids))
        return .json { json in
            json.object { json in
                json.array("items", alerts) { $0.value($1) }
                json.name("next_cursor")
                json.literal("null")
            }
        }
    }

    /// Reads where to and why, and moves.
    private func move(_ ids: [UUID], _ request: RequestContext, _ body: inout BodyReader) async throws {
        let target = Self.target(&body)
        let reason = body.string("reason", 1...2000)
        let context = try CommandContext(request, &body)
        try await desk.move(ids, to: target, reason: reason, context)
    }

    /// A number, `new`, or null, which has to be said.
    private static func target(_ body: inout BodyReader) -> AlertDesk.Target {
        guard body.has("incident") else {
            body.refuse("incident", "is required: the number of an incident, \"new\", or null for none")
            return .none
        }
        guard let value = body.optionalJSON("incident") else { return .none }
        if value.string?.lowercased() == "new" { return .new }
        if let number = BodyReader.incidentNumber(value) { return .incident(number) }
        body.refuse("incident", "should be the number of an incident, as 42 or \"INC-42\", \"new\", or null for none")
        return .none
    }

    private func acknowledge(_ request: RequestContext) async throws -> Answer {
        try await change(request) { try await store.acknowledge($0, by: request.principal.name) }
    }

    private func unacknowledge(_ request: RequestContext) async throws -> Answer {
        try await change(request) { try await store.unacknowledge($0) }
    }

    private func resolve(_ request: RequestContext) async throws -> Answer {
        try await change(request) { try await store.resolve($0, by: request.principal.name) }
    }

    private func reopen(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        var body = try request.fields()
        let reason = body.string("reason", 1...2000)
        try await desk.reopen(id, reason: reason, try CommandContext(request, &body))
        return try await answer(try await store.alert(id), id)
    }

    private func change(
        _ request: RequestContext, _ change: (UUID) async throws -> StoredAlert?
    ) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        var body = try request.fields()
        try body.finish()
        let alert = try await change(id)
        if let number = alert?.incident { await desk.delivery.deliverNow(to: number) }
        routing.wake()
        return try await answer(alert, id)
    }

    /// An alert as it is then; 404 when there is none.
    private func answer(_ alert: StoredAlert?, _ id: UUID) async throws -> Answer {
        guard let alert else { throw Self.unknown(id) }
        let shown = try await shown([alert])[0]
        return .json { $0.value(shown) }
    }

    private static func unknown(_ id: UUID) -> Problem {
        .notFound("Alert \(id.text)")
    }
}
