import HTTPTypes
import IncidentDomain

/// Heartbeats as people make and read them.
struct HeartbeatRoutes: Sendable {
    let store: HeartbeatStore
    let names: NamedComponents
    /// Woken when a change of a heartbeat ends its alert.
    let signal: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/v1/heartbeats", role: .viewer, "listHeartbeats", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(.get, "/v1/heartbeats/{name}", role: .viewer, "getHeartbeat", handler: get),
            Route(.put, "/v1/heartbeats/{name}", role: .admin, "putHeartbeat", body: .json, handler: put),
            Route(.delete, "/v1/heartbeats/{name}", role: .admin, "deleteHeartbeat", handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "heartbeats")
        try query.finish()
        let found = try await store.list(after: try page.cursor?.string(0), limit: page.limit + 1)
        return Answer.page(found, of: page, "heartbeats", request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let name = request.parameter("name")
        guard let heartbeat = try await store.heartbeat(name) else { throw Self.missing(name) }
        return .json { $0.value(heartbeat) }
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        let name = try SenseFields.name(request)
        var body = try request.fields()
        let draft = try HeartbeatBodies.draft(&body, name: name)
        if let component = draft.component {
            try await names.check(component, before: try await store.find(name)?.readable?.draft.component)
        }
        let (heartbeat, isNew) = try await store.put(draft, by: request.principal)
        signal.wake()
        var answer = Answer.json(status: isNew ? .created : .ok) { $0.value(heartbeat) }
        if isNew { answer.headers[.location] = "/v1/heartbeats/\(name)" }
        return answer
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let name = request.parameter("name")
        guard try await store.delete(name, by: request.principal) else { throw Self.missing(name) }
        signal.wake()
        return .noContent
    }

    /// Says how to make one, since a ping is often the first that anybody hears of it.
    static func missing(_ name: String) -> Problem {
        guard SenseFields.isName(name) else {
            return Problem(.notFound, "No such heartbeat: a name \(SenseFields.nameRule).")
        }
        let call = SuggestedCall(
            "PUT", whole: "/v1/heartbeats/\(name)", ["interval_seconds": 3600, "grace_seconds": 300])
        return Problem(
            .notFound,
            "No heartbeat \(name). An admin can create it: PUT /v1/heartbeats/\(name) with "
                + "{\"interval_seconds\": 3600, \"grace_seconds\": 300}.",
            members: ["how": .array([call.value])])
    }
}

extension SuggestedCall {
    /// As a value, for a problem's members.
    fileprivate var value: JSONValue {
        ["method": .string(method), "path": .string(path), "body": body ?? .null]
    }
}

/// Heartbeats as requests write them.
enum HeartbeatBodies {
    private static let secondsMax = 2_592_000

    static func draft(_ body: inout BodyReader, name: String) throws(Problem) -> HeartbeatDraft {
        let interval = body.integer("interval_seconds", 5...secondsMax)
        let draft = HeartbeatDraft(
            name: name, intervalSeconds: interval,
            graceSeconds: body.optionalInteger("grace_seconds", 0...secondsMax) ?? 0,
            component: SenseFields.component(&body), severity: body.optionalString("severity", 1...64),
            description: body.optionalString("description", 1...1000),
            isEnabled: body.optionalBool("enabled") ?? true)
        try body.finish()
        return draft
    }
}
