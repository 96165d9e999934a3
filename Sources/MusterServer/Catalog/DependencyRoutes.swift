import HTTPTypes
import IncidentDomain

/// What the dependencies of the catalog lead to: what goes down with a component, and how one depends on another.
struct DependencyRoutes: Sendable {
    let catalog: CatalogCache

    var routes: [Route] {
        [
            Route(
                .get, "/v1/components/{slug}/blast-radius", role: .viewer, "getBlastRadius", isLong: true,
                handler: blastRadius),
            Route(
                .get, "/v1/components/{slug}/path", role: .viewer, "getDependencyPath", query: ["to"], isLong: true,
                handler: path),
        ]
    }

    private func blastRadius(_ request: RequestContext) async throws -> Answer {
        let slug = request.parameter("slug")
        let snapshot = try await catalog.snapshot()
        guard let radius = BlastRadius(of: slug, in: snapshot.graph) else {
            throw Problem.notFound("Component \(slug)")
        }
        return .json(version: snapshot.version) { json in
            json.object { json in
                json.member("component", slug)
                json.member("tier", radius.component.tier)
                json.member("fails", radius.failCount)
                json.member("degrades", radius.degradeCount)
                json.array("tiers", radius.tiers) { json, tier in
                    json.object { json in
                        json.member("tier", tier.tier)
                        json.name("fails")
                        Self.write(tier.fails, radius, to: &json)
                        json.name("degrades")
                        Self.write(tier.degrades, radius, to: &json)
                    }
                }
            }
        }
    }

    private static func write(_ reached: [BlastRadius.Reached], _ radius: BlastRadius, to json: inout JSONWriter) {
        json.array(reached) { json, reached in
            json.object { json in
                json.member("component", reached.component.slug)
                json.member("name", reached.component.name)
                json.member("owner", reached.component.owner)
                json.member("distance", reached.distance)
                json.member("path", radius.path(from: reached.component.slug))
            }
        }
    }

    private func path(_ request: RequestContext) async throws -> Answer {
        let slug = request.parameter("slug")
        var query = try request.query()
        let other = query.string("to", 1...64)
        if other == nil { query.refuse("to", "is required: the component at the end of the path") }
        if other == slug { query.refuse("to", "should be another component") }
        try query.finish()
        let snapshot = try await catalog.snapshot()
        let graph = snapshot.graph
        guard graph.components[slug] != nil else { throw Problem.notFound("Component \(slug)") }
        guard let other, graph.components[other] != nil else {
            throw Problem.invalid("/to", "\(other ?? "") is not in the catalog")
        }
        let forth = DependencyPath.find(from: slug, to: other, in: graph)
        let back = forth == nil ? DependencyPath.find(from: other, to: slug, in: graph) : nil
        return .json(version: snapshot.version) { json in
            json.object { json in
                json.member("from", slug)
                json.member("to", other)
                json.member("kind", forth?.kind.rawValue)
                json.member("path", forth?.edges)
                json.member("reverse_kind", back?.kind.rawValue)
                json.member("reverse_path", back?.edges)
                json.member("text", Self.text(slug, other, forth ?? back))
            }
        }
    }

    /// One sentence that names the path from the one that needs to the one that is needed.
    private static func text(_ slug: String, _ other: String, _ path: DependencyPath?) -> String {
        guard let path else { return "Neither \(slug) nor \(other) depends on the other." }
        let needed = path.from == slug ? other : slug
        let names = ([path.from] + path.edges.map(\.component)).joined(separator: " -> ")
        let consequence = path.kind == .hard ? "cannot work without" : "works degraded without"
        return "\(path.from) \(consequence) \(needed): \(names)."
    }
}
