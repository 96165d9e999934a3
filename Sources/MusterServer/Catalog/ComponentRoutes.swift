import HTTPTypes
import IncidentDomain

/// The components of the catalog: what the platform consists of, and what needs what.
struct ComponentRoutes: Sendable {
    let desk: CatalogDesk
    let reader: CatalogReader

    var routes: [Route] {
        [
            Route(
                .get, "/v1/components", role: .viewer, "listComponents", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(
                .put, "/v1/components", role: .admin, "putComponents", query: ["dry_run"], body: .jsonOrYAML,
                isConditional: true, isLong: true, handler: putAll),
            Route(.get, "/v1/components/{slug}", role: .viewer, "getComponent", handler: get),
            Route(
                .put, "/v1/components/{slug}", role: .admin, "putComponent", body: .jsonOrYAML, isConditional: true,
                isLong: true,
                handler: put),
            Route(
                .delete, "/v1/components/{slug}", role: .admin, "deleteComponent", isConditional: true, handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "components")
        try query.finish()
        let found = try await reader.list(after: try page.cursor?.string(0), limit: page.limit + 1)
        return Answer.page(found, of: page, "components", request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let slug = request.parameter("slug")
        guard let found = try await reader.component(slug)?.get() else { throw Problem.notFound("Component \(slug)") }
        return .json(version: found.version) { $0.value(found) }
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        let document = try RequestDocument(request)
        do {
            let slug = request.parameter("slug")
            let component = try ComponentBodies.component(document.value, slug: slug)
            let (stored, isNew) = try await desk.put(
                component, ifMatch: try request.ifMatch(), by: request.principal)
            var answer = Answer.json(status: isNew ? .created : .ok, version: stored.version) { $0.value(stored) }
            if isNew { answer.headers[.location] = "/v1/components/\(slug)" }
            return answer
        } catch let problem as Problem {
            throw document.locating(problem)
        }
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        try await desk.delete(
            request.parameter("slug"), ifMatch: try request.ifMatch(), by: request.principal)
        return .noContent
    }

    private func putAll(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let isDryRun = query.bool("dry_run") ?? false
        try query.finish()
        let document = try RequestDocument(request)
        do {
            let outcome = try await desk.replaceAll(
                try ComponentBodies.catalog(document.value), ifMatch: try request.ifMatch(), dryRun: isDryRun,
                by: request.principal)
            return .json(version: outcome.version) { Self.write(outcome, isDryRun, to: &$0) }
        } catch let problem as Problem {
            throw document.locating(document.value.array == nil ? problem : problem.inListAlone)
        }
    }

    private static func write(_ outcome: CatalogDesk.Replacement, _ isDryRun: Bool, to json: inout JSONWriter) {
        let difference = outcome.difference
        json.object { json in
            json.member("dry_run", isDryRun)
            json.member("version", outcome.version)
            json.member("components", outcome.count)
            json.member("added", difference.added.map(\.slug))
            json.array("changed", difference.changed) { json, change in
                json.object { json in
                    json.member("component", change.after.slug)
                    json.name("changes")
                    writeFieldChanges(from: change.before, to: change.after, to: &json)
                }
            }
            json.member("removed", difference.removed)
            json.member("unchanged", difference.unchanged)
        }
    }
}

extension Problem {
    /// The same with pointers into a body that is the list of components alone.
    fileprivate var inListAlone: Problem {
        guard kind == .invalidValue else { return self }
        let prefix = "/components"
        func shortened(_ text: String) -> String {
            text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        }
        let errors = errors.map { FieldError(pointer: shortened($0.pointer), detail: $0.detail) }
        let isOfBody = errors.first?.pointer.isEmpty ?? false
        let detail = (isOfBody ? "the body" : "") + shortened(detail)
        return Problem(kind, detail, errors: errors, members: members, headers: headers)
    }
}
