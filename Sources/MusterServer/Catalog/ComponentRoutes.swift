import HTTPTypes
import IncidentDomain

/// The catalog: what the platform consists of, and what needs what.
struct ComponentRoutes: Sendable {
    let desk: CatalogDesk
    let reader: CatalogReader

    var routes: [Route] {
        [
            Route(
                .get, "/v1/components", role: .viewer, "listComponents", query: ["limit", "cursor"], handler: list),
            Route(.put, "/v1/components", role: .admin, "putComponents", body: .json, handler: putAll),
            Route(.get, "/v1/components/{slug}", role: .viewer, "getComponent", handler: get),
            Route(
                .put, "/v1/components/{slug}", role: .admin, "putComponent", body: .json, isConditional: true,
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
        let items = found.prefix(page.limit)
        let next =
            found.count > page.limit
            ? items.last.map { PageCursor(list: "components", key: [.string($0.component.slug)]) } : nil
        return Answer.page(items, next: next, of: request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let slug = request.parameter("slug")
        guard let found = try await reader.component(slug) else { throw Problem.notFound("Component \(slug)") }
        return .json(version: found.version) { $0.value(found) }
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let slug = request.parameter("slug")
        guard Identifiers.isSlug(slug) else { throw Problem.invalid("/slug", Self.slugRule) }
        let named = body.optionalString("slug", 1...64)
        if let named, named != slug { body.refuse("slug", "is \(named) and the path says \(slug)") }
        let component = Self.component(&body, slug: slug)
        try body.finish()
        let (stored, isNew) = try await desk.put(component, ifMatch: try request.ifMatch(), by: request.principal)
        var answer = Answer.json(status: isNew ? .created : .ok, version: stored.version) { $0.value(stored) }
        if isNew { answer.headers[.location] = "/v1/components/\(slug)" }
        return answer
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        try await desk.delete(
            request.parameter("slug"), ifMatch: try request.ifMatch(), by: request.principal)
        return .noContent
    }

    /// Takes `{"components": [...]}`, or the list alone.
    private func putAll(_ request: RequestContext) async throws -> Answer {
        let document = try request.json()
        var body = try BodyReader(document.array == nil ? document : ["components": document])
        var seen: Set<String> = []
        let components = body.array("components", max: 20_000) { item in
            let slug = item.string("slug", 1...64)
            if !Identifiers.isSlug(slug) { item.refuse("slug", Self.slugRule) }
            if !seen.insert(slug).inserted { item.refuse("slug", "\(slug) stands twice") }
            return Self.component(&item, slug: slug)
        }
        try body.finish()
        let difference = try await desk.replaceAll(components, by: request.principal)
        return .json { json in
            json.object { json in
                json.member("components", components.count)
                json.member("added", difference.added)
                json.member("changed", difference.changed)
                json.member("removed", difference.removed)
                json.member("unchanged", difference.unchanged)
            }
        }
    }

    private static let slugRule =
        "should be 1 to 64 lower-case letters, digits, -, _ or ., beginning with a letter or digit"

    private static func component(_ body: inout BodyReader, slug: String) -> Component {
        Component(
            slug: slug, name: body.optionalString("name", 1...200) ?? slug, tier: body.integer("tier", 0...3),
            owner: body.optionalString("owner", 1...200),
            regions: body.optionalStrings("regions", max: 200, 1...64) ?? [],
            expectedRestoreSeconds: body.optionalInteger("expected_restore_seconds", 0...31_536_000),
            soakSeconds: body.optionalInteger("soak_seconds", 0...604_800),
            dependsOn: body.optionalArray("depends_on", max: 1000) { item in
                Dependency(
                    component: item.string("component", 1...64), kind: item.optionalEnumeration("kind") ?? .hard)
            } ?? [], labels: body.optionalLabels("labels") ?? [:])
    }
}

extension StoredComponent: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("slug", component.slug)
            json.member("name", component.name)
            json.member("tier", component.tier)
            json.member("owner", component.owner)
            json.member("regions", component.regions)
            json.member("expected_restore_seconds", component.expectedRestoreSeconds)
            json.member("soak_seconds", component.soakSeconds)
            json.array("depends_on", component.dependsOn) { json, dependency in
                json.object { json in
                    json.member("component", dependency.component)
                    json.member("kind", dependency.kind.rawValue)
                }
            }
            json.object("labels") { json in
                for (name, value) in component.labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            }
            json.member("version", version)
        }
    }
}
