import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Reading alerts, acknowledging and ending them.
struct AlertRoutes: Sendable {
    let search: AlertSearch
    let store: AlertStore
    let routing: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/v1/alerts", role: .viewer, "listAlerts",
                query: ["identity", "status", "source", "incident", "component", "label", "limit", "cursor"],
                isLong: true,
                handler: list),
            Route(.get, "/v1/alerts/{id}", role: .viewer, "getAlert", handler: get),
            Route(
                .post, "/v1/alerts/{id}/resolve", role: .responder, "resolveAlert", body: .optionalJSON,
                handler: resolve),
            Route(
                .post, "/v1/alerts/{id}/acknowledge", role: .responder, "acknowledgeAlert", body: .optionalJSON,
                handler: acknowledge),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = AlertFilter()
        filter.identity = query.string("identity", 1...1000)
        filter.status = query.enumeration("status")
        if let text = query.string("source") {
            filter.source = UUID(uuidString: text)
            if filter.source == nil { query.refuse("source", "should be the id of a source") }
        }
        if let text = query.string("incident") {
            filter.incident = Identifiers.incidentNumber(text)
            if filter.incident == nil { query.refuse("incident", "should be the number of an incident") }
        }
        filter.component = query.string("component", 1...200)
        filter.labels = query.labels("label")
        let page = query.page(of: "alerts")
        try query.finish()
        let last = try page.cursor?.uuid(0)
        let found = try await search.list(filter, before: last, limit: page.limit + 1)
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "alerts", key: [.string($0.id.uuidString)]) }
        ) { $0.value($1) }
    }

    /// The alert with what its sender sent first.
    private func get(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        guard let alert = try await store.alert(id), let payload = try await store.payload(id) else {
            throw Self.unknown(id)
        }
        return .json { json in
            json.object { json in
                alert.write(into: &json)
                json.member("payload", String(decoding: payload, as: UTF8.self))
            }
        }
    }

    private func acknowledge(_ request: RequestContext) async throws -> Answer {
        try await change(request) { try await store.acknowledge($0, by: request.principal.name) }
    }

    private func resolve(_ request: RequestContext) async throws -> Answer {
        try await change(request, store.resolve)
    }

    private func change(
        _ request: RequestContext, _ change: (UUID) async throws -> StoredAlert?
    ) async throws -> Answer {
        let id = try request.uuid("id", of: "Alert")
        var body = try request.fields()
        try body.finish()
        guard let alert = try await change(id) else { throw Self.unknown(id) }
        routing.wake()
        return .json { $0.value(alert) }
    }

    private static func unknown(_ id: UUID) -> Problem {
        .notFound("Alert \(id.text)")
    }
}
