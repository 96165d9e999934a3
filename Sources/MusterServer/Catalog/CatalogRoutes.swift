import HTTPTypes
import IncidentDomain

/// The catalog as one document, and its history.
struct CatalogRoutes: Sendable {
    let reader: CatalogReader

    var routes: [Route] {
        [
            Route(.get, "/v1/catalog.json", role: .viewer, "getCatalogJSON", isLong: true, handler: json),
            Route(.get, "/v1/catalog.yaml", role: .viewer, "getCatalogYAML", isLong: true, handler: yaml),
            Route(
                .get, "/v1/catalog/history", role: .viewer, "getCatalogHistory", query: ["limit", "cursor"],
                isLong: true,
                handler: history),
            Route(
                .get, "/v1/components/{slug}/history", role: .viewer, "getComponentHistory",
                query: ["limit", "cursor"], isLong: true, handler: componentHistory),
        ]
    }

    private func json(_ request: RequestContext) async throws -> Answer {
        let (components, version) = try await reader.all()
        return .json(version: version) { json in
            json.object { $0.member("components", components) }
        }
    }

    private func yaml(_ request: RequestContext) async throws -> Answer {
        let (components, version) = try await reader.all()
        var answer = Answer(.ok, CatalogYAML.bytes(components.map(\.component)), type: "application/yaml")
        answer.headers.append(HTTPField(name: .eTag, value: EntityTag.text(version)))
        return answer
    }

    private func history(_ request: RequestContext) async throws -> Answer {
        try await history(of: nil, request)
    }

    private func componentHistory(_ request: RequestContext) async throws -> Answer {
        try await history(of: request.parameter("slug"), request)
    }

    private func history(of slug: String?, _ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "catalog-history")
        try query.finish()
        let place = try page.cursor.map { cursor in
            CatalogHistoryStore.Place(catalogVersion: try cursor.integer(0), slug: try cursor.string(1))
        }
        let found = try await reader.changes(of: slug, before: place, limit: page.limit + 1)
        // A component may be older than its history; what is in neither has never been.
        if let slug, found.isEmpty, place == nil, try await reader.component(slug) == nil {
            throw Problem.notFound("Component \(slug)")
        }
        let items = found.prefix(page.limit)
        let next =
            found.count > page.limit
            ? items.last.map {
                PageCursor(list: "catalog-history", key: [.integer($0.catalogVersion), .string($0.slug)])
            } : nil
        return Answer.page(items, next: next, of: request) { $0.value($1) }
    }
}

extension CatalogHistoryStore.Change: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("catalog_version", catalogVersion)
            json.member("component", slug)
            json.member("version", version)
            json.member("action", action.rawValue)
            json.member("actor", actor)
            json.member("actor_id", actorID)
            json.member("recorded_at", recordedAt)
            json.name("changes")
            writeFieldChanges(from: before, to: after, to: &json)
        }
    }
}
