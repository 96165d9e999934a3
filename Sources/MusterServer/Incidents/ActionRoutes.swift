import HTTPTypes
import IncidentDomain

/// Action items across incidents: who still has to do what.
struct ActionRoutes: Sendable {
    let search: ActionSearch

    var routes: [Route] {
        [
            Route(
                .get, "/v1/actions", role: .viewer, "findActions",
                query: ["owner", "state", "overdue", "incident", "limit", "cursor"], isLong: true,
                fields: ActionSearch.Found.fields, handler: list)
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = ActionFilter()
        filter.owners = query.words("owner")
        filter.states = query.enumerations("state")
        filter.overdue = query.bool("overdue")
        filter.incident = query.incidentNumber("incident")
        let page = query.page(of: "actions")
        try query.finish()
        let place = try page.cursor.map { cursor throws(Problem) in
            ActionSearch.Place(incident: try cursor.integer(0), ordinal: try cursor.integer(1))
        }
        let (found, onwards) = try await search.list(filter, after: place, limit: page.limit + 1)
        return Answer.page(
            found, page, of: request, onwards: onwards.map(Self.cursor), cursor: { Self.cursor($0.place) }
        ) { $0.value($1) }
    }

    private static func cursor(_ place: ActionSearch.Place) -> PageCursor {
        PageCursor(list: "actions", key: [.integer(place.incident), .integer(place.ordinal)])
    }
}

extension ActionSearch.Found: JSONWritable {
    /// Its members, of which `fields` chooses some.
    static let fields = [
        "id", "incident", "title", "kind", "owner", "due", "required", "state", "entry", "priority", "link", "answers",
        "from",
        "struck", "incident_title", "overdue",
    ]

    func write(to json: inout JSONWriter) {
        json.object { json in
            ActionRepresentation(action: action, incident: incident).writeMembers(to: &json)
            json.member("incident_title", title)
            json.member("overdue", isOverdue)
        }
    }
}
