import HTTPTypes
import IncidentDomain

/// Probes as people make, read and try them.
struct ProbeRoutes: Sendable {
    let store: ProbeStore
    let check: ProbeCheck
    let names: NamedComponents
    /// Woken when a change of a probe ends its alert.
    let signal: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/v1/probes", role: .viewer, "listProbes", query: ["limit", "cursor"], isLong: true, handler: list
            ),
            Route(.post, "/v1/probes/try", role: .admin, "tryProbe", body: .json, handler: tryOut),
            Route(.get, "/v1/probes/{name}", role: .viewer, "getProbe", handler: get),
            Route(.put, "/v1/probes/{name}", role: .admin, "putProbe", body: .json, handler: put),
            Route(.delete, "/v1/probes/{name}", role: .admin, "deleteProbe", handler: delete),
            Route(
                .get, "/v1/probes/{name}/results", role: .viewer, "listProbeResults", query: ["limit"], isLong: true,
                handler: results),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "probes")
        try query.finish()
        let found = try await store.list(after: try page.cursor?.string(0), limit: page.limit + 1)
        return Answer.page(found, of: page, "probes", request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let name = request.parameter("name")
        guard let probe = try await store.probe(name) else { throw Problem.notFound("Probe \(name)") }
        return .json { $0.value(probe) }
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        let name = try SenseFields.name(request)
        var body = try request.fields()
        let sent = try ProbeBodies.draft(&body, name: name)
        let before = try await store.find(name)?.readable?.draft
        let draft = try sent.keepingSecrets(of: before?.target)
        try await names.check(draft.component, before: before?.component)
        let (probe, isNew) = try await store.put(draft, by: request.principal)
        signal.wake()
        var answer = Answer.json(status: isNew ? .created : .ok) { $0.value(probe) }
        if isNew { answer.headers[.location] = "/v1/probes/\(name)" }
        return answer
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let name = request.parameter("name")
        guard try await store.delete(name, by: request.principal) else { throw Problem.notFound("Probe \(name)") }
        signal.wake()
        return .noContent
    }

    private func results(_ request: RequestContext) async throws -> Answer {
        let name = request.parameter("name")
        var query = try request.query()
        let limit = query.integer("limit", 1...100) ?? 20
        try query.finish()
        guard let results = try await store.results(name, limit: limit) else { throw Problem.notFound("Probe \(name)") }
        return .json { json in json.object { $0.array("items", results) { $0.value($1) } } }
    }

    /// Looks now, and stores nothing.
    private func tryOut(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let draft = try ProbeBodies.draft(&body, name: "try").keepingSecrets(of: nil)
        let start = request.clock.now
        let outcome = try await check.look(at: draft.target, timeout: .seconds(draft.timeoutSeconds))
        let result = Probe.Result(
            isPassed: outcome.isPassed, checkedAt: start, latencyMilliseconds: outcome.latencyMilliseconds,
            detail: outcome.detail)
        return .json { $0.value(result) }
    }
}
