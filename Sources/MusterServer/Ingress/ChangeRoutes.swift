import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Changes that tools told of: all of them, and those that may explain an incident.
struct ChangeRoutes: Sendable {
    let store: ChangeStore
    let desk: IncidentDesk

    /// How long before an incident a change may have caused it, unless the caller says otherwise.
    private static let hoursBefore = 2
    private static let shownMax = 200

    var routes: [Route] {
        [
            Route(
                .get, "/v1/changes", role: .viewer, "listChanges",
                query: ["component", "since", "until", "limit", "cursor"], isLong: true, handler: list),
            Route(
                .get, "/v1/incidents/{id}/changes", role: .viewer, "listIncidentChanges", query: ["hours"],
                isLong: true,
                handler: beside),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let component = query.string("component", 1...200)
        let (since, until) = (query.time("since"), query.time("until"))
        let page = query.page(of: "changes")
        try query.finish()
        let last = try page.cursor.map { (at: try $0.time(0), id: try $0.uuid(1)) }
        let found = try await store.list(
            component: component, since: since, until: until, before: last, limit: page.limit + 1)
        return Answer.page(
            found, page, of: request,
            cursor: {
                PageCursor(list: "changes", key: [.integer(Int($0.at.milliseconds)), .string($0.id.uuidString)])
            }
        ) { json, change in
            json.object { Self.write(change, to: &$0) }
        }
    }

    /// From some hours before the incident until its harm was stopped: first those of what is affected, then those of what
    /// that depends on, then the rest.
    private func beside(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let hours = query.integer("hours", 1...168) ?? Self.hoursBefore
        try query.finish()
        let number = try request.incidentNumber()
        let incident = try await desk.current(number).incident
        let graph = try await desk.catalog.current()
        let started = incident.times.startedAt
        let found = try await store.list(
            component: nil, since: started.adding(seconds: -Double(hours) * 3600), until: incident.clocks.mitigatedAt,
            before: nil, limit: Self.shownMax)
        let affected = Set(incident.impacts.map(\.component))
        let needed = Self.needs(of: affected, graph)
        let ranked = found.map { change -> (rank: Int, reason: String, change: StoredChange) in
            guard let component = change.component else { return (2, "it happened shortly before", change) }
            if affected.contains(component) { return (0, "\(component) is affected", change) }
            if let dependent = needed[component] { return (1, "\(dependent) depends on \(component)", change) }
            return (2, "it happened shortly before", change)
        }.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
        return .json { json in
            json.object { json in
                json.array("items", ranked) { json, item in
                    json.object { json in
                        Self.write(item.change, to: &json)
                        json.member("reason", item.reason)
                    }
                }
            }
        }
    }

    /// Everything that the components depend on, and which of them does.
    private static func needs(of components: Set<String>, _ graph: DependencyGraph) -> [String: String] {
        var needs: [String: String] = [:]
        for component in components.sorted() {
            var next = [component]
            while let dependent = next.popLast() {
                for dependency in graph.hardDependencies(of: dependent) where needs[dependency] == nil {
                    needs[dependency] = component
                    next.append(dependency)
                }
            }
        }
        return needs
    }

    private static func write(_ change: StoredChange, to json: inout JSONWriter) {
        json.member("id", change.id)
        json.member("source", change.source)
        json.member("at", change.at)
        json.member("summary", change.summary)
        json.member("origin", change.origin)
        json.member("component", change.component)
        json.name("labels")
        json.raw(change.labels)
        json.array("links", change.links) { $0.value($1) }
    }
}
