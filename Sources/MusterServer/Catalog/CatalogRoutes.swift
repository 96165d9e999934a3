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
        let catalog = try await reader.all()
        return .json(version: catalog.version) { json in
            json.object { $0.member("components", catalog.components) }
        }
    }

    private func yaml(_ request: RequestContext) async throws -> Answer {
        let catalog = try await reader.all()
        var answer = Answer(.ok, CatalogYAML.bytes(catalog.components.map(\.component)), type: "application/yaml")
        answer.headers.append(HTTPField(name: .eTag, value: EntityTag.text(catalog.version)))
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
        return Answer.page(
            found, page, of: request,
            cursor: { PageCursor(list: "catalog-history", key: [.integer($0.catalogVersion), .string($0.slug)]) }
        ) { $0.value($1) }
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

// MARK: - YAML

/// The catalog as one YAML document, to be kept with the code and sent back as it is: what a person would write, without
/// versions and without fields that hold nothing.
enum CatalogYAML {
    static func bytes(_ components: [Component]) -> [UInt8] {
        var yaml = YAMLWriter(capacity: 256 * components.count + 64)
        yaml.line(components.isEmpty ? "components: []" : "components:")
        for component in components { write(component, to: &yaml) }
        return yaml.bytes
    }

    private static func write(_ component: Component, to yaml: inout YAMLWriter) {
        yaml.line("  - slug: \(YAMLWriter.scalar(component.slug))")
        for field in ComponentField.differences(from: nil, to: component) {
            switch field {
            case .name where component.name == component.slug: break
            case .dependsOn:
                yaml.line("    depends_on:")
                for dependency in component.dependsOn {
                    let slug = YAMLWriter.scalar(dependency.component)
                    let at = dependency.at.map { ", at: \($0.text)" } ?? ""
                    yaml.line("      - {component: \(slug), kind: \(dependency.kind.rawValue)\(at)}")
                }
                for need in component.restoreNeeds ?? [] {
                    let slug = YAMLWriter.scalar(need.component)
                    let otherwise = need.otherwise.map { ", otherwise: \(YAMLWriter.scalar($0))" } ?? ""
                    yaml.line("      - {component: \(slug), kind: restore\(otherwise)}")
                }
            case .name, .tier, .owner, .regions, .expectedRestoreSeconds, .soakSeconds, .labels, .goal,
                .enoughRegions, .regional, .ramp, .publicListing:
                yaml.line("    \(field.rawValue): \(text(of: field, component))")
            }
        }
    }

    private static func text(_ listing: PublicListing) -> String {
        let members: [String?] = [
            "name: \(YAMLWriter.scalar(listing.name))", listing.group.map { "group: \(YAMLWriter.scalar($0))" },
            listing.order.map { "order: \($0)" }, listing.description.map { "description: \(YAMLWriter.scalar($0))" },
        ]
        return YAMLWriter.flow(members.compactMap(\.self), "{", "}")
    }

    private static func text(of field: ComponentField, _ component: Component) -> String {
        switch field {
        case .name: YAMLWriter.scalar(component.name)
        case .tier: "\(component.tier)"
        case .owner: YAMLWriter.scalar(component.owner ?? "")
        case .regions: YAMLWriter.flow(component.regions.map(YAMLWriter.scalar), "[", "]")
        case .expectedRestoreSeconds: "\(component.expectedRestoreSeconds ?? 0)"
        case .soakSeconds: "\(component.soakSeconds ?? 0)"
        case .dependsOn: ""
        case .goal: "\(component.goal ?? false)"
        case .ramp:
            YAMLWriter.flow(
                (component.ramp ?? []).map { "{percent: \($0.percent), minutes: \($0.minutes)}" }, "[", "]")
        case .enoughRegions: "\(component.enoughRegions ?? 0)"
        case .regional: "\(component.regional ?? true)"
        case .publicListing: component.publicListing.map(text) ?? ""
        case .labels:
            YAMLWriter.flow(
                component.labels.sorted { $0.key < $1.key }.map {
                    "\(YAMLWriter.scalar($0.key)): \(YAMLWriter.scalar($0.value))"
                }, "{", "}")
        }
    }
}
