import HTTPTypes
import IncidentDomain

/// Opening, finding and reading incidents, and the commands on one.
struct IncidentRoutes: Sendable {
    let desk: IncidentDesk
    let search: IncidentSearch

    var routes: [Route] {
        [
            Route(.post, "/v1/incidents", role: .responder, "openIncident", body: .json, handler: open),
            Route(
                .get, "/v1/incidents", role: .viewer, "listIncidents",
                query: [
                    "phase", "severity", "component", "cause", "label", "q", "opened_after", "opened_before", "open",
                    "limit", "cursor",
                ], isLong: true, handler: list),
            Route(.get, "/v1/incidents/{id}", role: .viewer, "getIncident", handler: get),
            command(.patch, "", "amendIncident", .json) { body, _ in .amend(IncidentBodies.amendment(&body)) },
            command(.post, "/acknowledge", "acknowledgeIncident", .optionalJSON) { _, _ in .acknowledge },
            command(.post, "/advance", "advanceIncident", .optionalJSON) { body, _ in
                .advance(
                    to: body.optionalEnumeration("to"), reason: body.optionalString("reason", 1...2000),
                    override: body.optionalBool("override") ?? false)
            },
            command(.post, "/revert", "revertIncident", .json) { body, _ in
                .revert(to: body.enumeration("to"), reason: body.string("reason", 1...2000))
            },
            command(.post, "/dismiss", "dismissIncident", .json) { body, _ in
                .dismiss(reason: body.string("reason", 1...2000))
            },
            Route(
                .post, "/v1/incidents/{id}/merge", role: .responder, "mergeIncident", body: .json, isConditional: true,
                isLong: true,
                handler: merge),
            command(.put, "/cause", "putCause", .json) { body, _ in .stateCause(IncidentBodies.cause(&body)) },
            command(.put, "/roles/{role}", "putRole", .json) { body, request in
                let name = request.parameter("role")
                guard let role = IncidentRole(rawValue: name) else { throw Problem.notFound("Role \(name)") }
                return .assignRole(role, person: body.string("person", 1...200))
            },
            command(.put, "/impacts/{component}", "putImpact", .json) { body, request in
                .setImpact(IncidentBodies.impact(&body, component: request.parameter("component")))
            },
            command(.delete, "/impacts/{component}", "deleteImpact", .none) { _, request in
                .removeImpact(component: request.parameter("component"))
            },
            command(.put, "/audiences/{audience}", "putAudience", .json) { body, request in
                let name = request.parameter("audience")
                guard let audience = Audience(rawValue: name) else { throw Problem.notFound("Audience \(name)") }
                return .setAudience(IncidentBodies.audience(&body, audience))
            },
            command(.post, "/updates", "postUpdate", .json, created: true) { body, _ in
                .postUpdate(IncidentBodies.update(&body))
            },
        ]
    }

    private func open(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let opening = IncidentBodies.open(&body)
        let context = try CommandContext(request, &body)
        let outcome = try await desk.open(opening, context)
        return .created(
            outcome.representation, location: "/v1/incidents/\(outcome.incident.number)",
            version: outcome.incident.version)
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = IncidentFilter()
        filter.phases = query.enumeration("phase", of: Phase.self).map { [$0] } ?? []
        filter.severities = query.enumeration("severity", of: Severity.self).map { [$0] } ?? []
        filter.component = query.string("component", 1...64)
        filter.cause = query.enumeration("cause")
        filter.labels = query.labels("label")
        filter.words = query.string("q", 1...500)
        filter.openedAfter = query.time("opened_after")
        filter.openedBefore = query.time("opened_before")
        filter.open = query.bool("open")
        let page = query.page(of: "incidents")
        try query.finish()
        let before = try page.cursor?.integer(0)
        let found = try await search.list(filter, before: before, limit: page.limit + 1)
        let items = found.prefix(page.limit)
        let next =
            found.count > page.limit
            ? items.last.map { PageCursor(list: "incidents", key: [.integer($0.number)]) } : nil
        return Answer.page(items, next: next, of: request) { json, item in json.raw(item.representation) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        guard let found = try await search.incident(number) else { throw IncidentDesk.missing(number) }
        return .json(found.representation, version: found.version)
    }

    private func merge(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let into = body.incidentNumber("into")
        let reason = body.optionalString("reason", 1...2000)
        let context = try CommandContext(request, &body)
        let outcome = try await desk.merge(number, into: into, reason: reason, context)
        return .json(outcome.representation, version: outcome.incident.version)
    }

    /// A route that carries out one command and answers with the incident.
    private func command(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ bodyRule: Route.BodyRule,
        created: Bool = false,
        _ read: @escaping @Sendable (inout BodyReader, RequestContext) throws -> IncidentCommand
    ) -> Route {
        Route(
            method, "/v1/incidents/{id}\(path)", role: .responder, operation, body: bodyRule, isConditional: true
        ) { request in
            let number = try request.incidentNumber()
            var body = bodyRule == .none ? try BodyReader(.object(JSONObject())) : try request.fields()
            let command = try read(&body, request)
            let context = try CommandContext(request, &body)
            let outcome = try await desk.handle(command, on: number, context)
            return .json(
                outcome.representation, status: created ? .created : .ok, version: outcome.incident.version)
        }
    }
}

extension RequestContext {
    /// Whether the same command may come again under the same id.
    fileprivate var isRepeatable: Bool {
        guard let name = HTTPField.Name("Idempotency-Key") else { return false }
        return head.headerFields[name] != nil
    }
}

extension CommandContext {
    /// What a request says of its command; reads `occurred_at` and then ends the body.
    init(_ request: RequestContext, _ body: inout BodyReader) throws {
        let occurredAt = body.optionalTime("occurred_at")
        try body.finish()
        self.init(
            principal: request.principal, commandID: request.commandID, isRepeatable: request.isRepeatable,
            ifMatch: try request.ifMatch(), occurredAt: occurredAt)
    }
}

extension QueryReader {
    /// A parameter that stands once for each label that has to match, as `name:value`.
    mutating func labels(_ name: String) -> [(name: String, value: String)] {
        strings(name).compactMap { text in
            guard let colon = text.firstIndex(where: { $0 == ":" || $0 == "=" }), colon != text.startIndex else {
                refuse(name, "should be written name:value")
                return nil
            }
            return (String(text[..<colon]), String(text[text.index(after: colon)...]))
        }
    }
}

extension BodyReader {
    /// The number of an incident, as 42, "42" or "INC-42".
    mutating func incidentNumber(_ field: String) -> Int {
        guard has(field) else {
            refuse(field, "is required")
            return 0
        }
        let value = optionalJSON(field)
        let number = value?.integer ?? value?.string.flatMap(Identifiers.incidentNumber)
        if let number, number > 0 { return number }
        refuse(field, "should be the number of an incident, as 42 or \"INC-42\"")
        return 0
    }
}
