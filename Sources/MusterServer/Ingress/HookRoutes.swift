import HTTPTypes

/// `/hooks/{key}`: whatever the kind of the key's source reads.
struct HookRoutes: Sendable {
    let desk: IngressDesk

    var routes: [Route] {
        [
            Route(
                .post, "/hooks/{key}", role: nil, "receiveHook", query: .anything, body: .foreign, handler: receive),
            // Grafana can be told to PUT.
            Route(.put, "/hooks/{key}", role: nil, "putHook", query: .anything, body: .foreign, handler: receive),
        ].map { $0.asDoor(desk, .hook) { $0.parameter("key") } }
    }

    /// Answers when all of it is committed; 503 when too much waits, which Alertmanager takes as "again later".
    private func receive(_ request: RequestContext) async throws -> Answer {
        let key = request.parameter("key")
        guard let caller = try await desk.caller(request, key: key) else {
            throw Problem(.notFound, "No source has this key.")
        }
        let message = try await desk.receive(caller, by: .hook)
        return .json { json in json.object { $0.member("accepted", message.alerts.count + message.changes.count) } }
    }
}
