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

/// Suggestions as the API shows them: each with its reasons and, where something can be recorded, the call that would.
struct SuggestionRepresentation: JSONWritable {
    let incident: Incident
    let suggestions: Suggestions

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("incident", incident.number)
            json.member("version", incident.version)
            json.object("symptoms") { json in
                json.member("components", SlugSample(suggestions.symptoms, of: 20))
                json.member("firing", suggestions.firing)
                json.member("unknown", SlugSample(suggestions.unknown, of: 20))
                json.member("alerts_without_component", suggestions.anonymousAlerts)
            }
            json.array("root", suggestions.roots, write)
            json.array("affected", suggestions.affected, write)
            json.member("affected_total", suggestions.affectedTotal)
            json.object("severity", writeSeverity)
        }
    }

    private func write(_ json: inout JSONWriter, _ root: SuggestedRoot) {
        json.object { json in
            json.member("component", root.component)
            json.member("explains", SlugSample(root.explains, of: 20))
            json.member("newly_explained", root.newlyExplained)
            json.member("not_hit", SlugSample(root.healthy, of: 10))
            json.member("is_symptom", root.isSymptom)
            json.member("match", (root.match * 1000).rounded() / 1000)
            json.member("impact", root.suggestedImpact?.rawValue)
            json.member("reasons", root.reasons)
            let body = root.suggestedImpact.map { Self.impact($0) }
            json.member("how", incident.mayBreak ? body.map { call(impactOn: root.component, $0) } : nil)
            json.array("alternatives", root.alternatives, write)
        }
    }

    private func write(_ json: inout JSONWriter, _ impact: SuggestedImpact) {
        json.object { json in
            json.member("component", impact.component)
            json.member("impact", impact.impact.rawValue)
            json.member("regions", impact.regions)
            json.member("tier", impact.tier)
            json.member("effective_tier", impact.effectiveTier)
            json.member("cause", impact.cause)
            json.member("distance", impact.distance)
            json.member("path", impact.path)
            json.member("reasons", impact.reasons)
            json.member("how", call(impactOn: impact.component, Self.impact(impact.impact, in: impact.regions)))
        }
    }

    private func writeSeverity(_ json: inout JSONWriter) {
        let severity = suggestions.severity
        json.member("suggested", severity.severity?.rawValue)
        json.member("current", severity.current?.rawValue)
        json.member("differs", severity.differs)
        json.member("reasons", severity.reasons)
        let wanted = severity.differs && incident.phase.isOpen ? severity.severity : nil
        json.member(
            "how", wanted.map { SuggestedCall("PATCH", "", of: incident.number, ["severity": .string($0.rawValue)]) })
    }

    private static func impact(_ level: ImpactLevel, in regions: [String] = []) -> JSONValue {
        let impact = JSONValue.string(level.rawValue)
        return regions.isEmpty
            ? ["impact": impact] : ["impact": impact, "regions": .array(regions.map { .string($0) })]
    }

    private func call(impactOn component: String, _ body: JSONValue) -> SuggestedCall {
        SuggestedCall("PUT", "/impacts/\(component)", of: incident.number, body)
    }
}

/// Some names of many, and how many there are.
private struct SlugSample: JSONWritable {
    let slugs: [String]
    let limit: Int

    init(_ slugs: [String], of limit: Int) {
        self.slugs = slugs
        self.limit = limit
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("total", slugs.count)
            json.member("components", Array(slugs.prefix(limit)))
        }
    }
}
