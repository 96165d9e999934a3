import HTTPTypes
import IncidentDomain

/// What the catalog makes probable about an incident, to be judged by a person: nothing is changed by asking.
struct SuggestionRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [Route(.get, "/v1/incidents/{id}/suggestions", role: .viewer, "getSuggestions", isLong: true, handler: get)]
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let incident = try await desk.current(try request.incidentNumber()).incident
        let suggestions = Suggestions.make(for: incident, in: try await desk.catalog.current())
        var answer = Answer.json(version: incident.version) { json in
            SuggestionRepresentation(incident: incident, suggestions: suggestions).write(to: &json)
        }
        // The catalog can change without the incident.
        answer.isOfTheMoment = true
        return answer
    }
}
