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
                    "self_recovered", "sort", "limit", "cursor",
                ], isLong: true, fields: IncidentRepresentation.fields, handler: list),
            Route(.get, "/v1/incidents/{id}", role: .viewer, "getIncident", handler: get),
            command(.patch, "", "amendIncident", .json) { body, _ in .amend(IncidentBodies.amendment(&body)) },
            command(.patch, "/times", "correctTimes", .json) { body, _ in
                .correctTimes(IncidentBodies.timesCorrection(&body))
            },
            command(.post, "/acknowledge", "acknowledgeIncident", .optionalJSON) { body, _ in
                body.optionalString("note", 1...10_000).map { .acknowledgeNoting($0) } ?? .acknowledge
            },
            // What changes what is restored may make a forecast.
            command(.post, "/advance", "advanceIncident", .optionalJSON, isLong: true) { body, _ in
                .advance(
                    to: body.optionalEnumeration("to"), reason: body.optionalString("reason", 1...2000),
                    override: body.optionalBool("override") ?? false)
            },
            command(.post, "/revert", "revertIncident", .json) { body, _ in
                .revert(to: body.enumeration("to"), reason: body.string("reason", 1...2000))
            },
            ending("/dismiss", "dismissIncident") { .dismiss(reason: $0) },
            ending("/reopen", "reopenIncident") { .reopen(reason: $0) },
            Route(
                .post, "/v1/incidents/{id}/unmerge", role: .responder, "unmergeIncident", body: .json,
                isConditional: true, isLong: true, handler: unmerge),
            Route(
                .post, "/v1/incidents/{id}/merge", role: .responder, "mergeIncident", body: .json, isConditional: true,
                isLong: true,
                handler: merge),
            command(.put, "/cause", "putCause", .json) { body, _ in .stateCause(IncidentBodies.cause(&body)) },
            command(.put, "/roles/{role}", "putRole", .json) { body, request in
                .assignRole(try request.choice("role"), person: body.string("person", 1...200))
            },
            command(.delete, "/roles/{role}", "removeRole", .optionalJSON) { body, request in
                .removeRole(try request.choice("role"), reason: body.optionalString("reason", 1...2000))
            },
            command(.put, "/impacts/{component}", "putImpact", .json, isLong: true) { body, request in
                .setImpact(IncidentBodies.impact(&body, component: request.parameter("component")))
            },
            command(.delete, "/impacts/{component}", "deleteImpact", .none, isLong: true) { _, request in
                .removeImpact(component: request.parameter("component"))
            },
            command(.put, "/audiences/{audience}", "putAudience", .json) { body, request in
                .setAudience(IncidentBodies.audience(&body, try request.word("audience")))
            },
            command(.delete, "/audiences/{audience}", "deleteAudience", .optionalJSON) { body, request in
                .removeAudience(try request.word("audience"), reason: body.optionalString("reason", 1...2000))
            },
        ]
    }

    private func open(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        var opening = IncidentBodies.open(&body)
        opening.labels = MessageTrail(request.head.headerFields[.musterVia]).added(to: opening.labels)
        let context = try CommandContext(request, &body)
        let outcome = try await desk.open(opening, context)
        var answer = IncidentRepresentation.answer(outcome, status: .created)
        answer.headers[.location] = "/v1/incidents/\(outcome.incident.number)"
        return answer
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = IncidentFilter()
        filter.phases = query.enumerations("phase")
        filter.severities = query.enumerations("severity")
        filter.components = query.words("component", 1...64)
        filter.causes = query.enumerations("cause")
        filter.labels = query.labels("label")
        filter.words = query.string("q", 1...500)
        filter.openedAfter = query.time("opened_after")
        filter.openedBefore = query.time("opened_before")
        filter.open = query.bool("open")
        filter.selfRecovered = query.bool("self_recovered")
        if let order = query.enumeration("sort", of: IncidentOrder.self) {
            filter.order = order
            if filter.words != nil, order != .newest {
                query.refuse("sort", "is \(IncidentOrder.newest.rawValue) for what `q` finds; leave sort out, or q")
            }
        }
        let page = query.page(of: "incidents")
        try query.finish()
        let place = try page.cursor.map { cursor throws(Problem) in
            IncidentSearch.Place(
                number: try cursor.integer(0),
                severity: cursor.key.count > 1 ? Severity(rawValue: try cursor.string(1)) : nil)
        }
        let found = try await search.list(filter, after: place, limit: page.limit + 1)
        return Answer.page(found, page, of: request, cursor: Self.cursor) { $0.raw($1.representation) }
    }

    private static func cursor(_ found: IncidentSearch.Found) -> PageCursor {
        let severity = found.severity.map { [JSONValue.string($0.rawValue)] } ?? []
        return PageCursor(list: "incidents", key: [.integer(found.number)] + severity)
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
        return IncidentRepresentation.answer(outcome, try await desk.withFiring(outcome))
    }

    private func unmerge(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let reason = body.string("reason", 1...2000)
        let outcome = try await desk.unmerge(number, reason: reason, try CommandContext(request, &body))
        return IncidentRepresentation.answer(outcome, try await desk.withFiring(outcome))
    }

    /// A route that ends an incident, or takes that back, with a reason: the answer says what still fires.
    private func ending(
        _ path: String, _ operation: String, _ command: @escaping @Sendable (String) -> IncidentCommand
    ) -> Route {
        Route(
            .post, "/v1/incidents/{id}\(path)", role: .responder, operation, body: .json, isConditional: true
        ) { request in
            let number = try request.incidentNumber()
            var body = try request.fields()
            let reason = body.string("reason", 1...2000)
            let outcome = try await desk.handle(command(reason), on: number, try CommandContext(request, &body))
            return IncidentRepresentation.answer(outcome, try await desk.withFiring(outcome))
        }
    }

    /// A route that carries out one command and answers with the incident.
    private func command(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ bodyRule: Route.BodyRule,
        isLong: Bool = false, _ read: @escaping @Sendable (inout BodyReader, RequestContext) throws -> IncidentCommand
    ) -> Route {
        Route(
            method, "/v1/incidents/{id}\(path)", role: .responder, operation, body: bodyRule, isConditional: true,
            isLong: isLong
        ) { request in
            let number = try request.incidentNumber()
            var body = bodyRule == .none ? try BodyReader(.object(JSONObject())) : try request.fields()
            let command = try read(&body, request)
            let context = try CommandContext(request, &body)
            let outcome = try await desk.handle(command, on: number, context)
            return IncidentRepresentation.answer(outcome)
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
    /// What a request says of its command; reads `occurred_at`, `precision` and `on_behalf_of`, and then ends the body.
    init(_ request: RequestContext, _ body: inout BodyReader) throws {
        let occurredAt = body.optionalTime("occurred_at")
        let precision: TimePrecision? = body.optionalEnumeration("precision")
        let other = body.optionalString("on_behalf_of", 1...200)
        try body.finish()
        self.init(
            principal: other.map(request.principal.onBehalf) ?? request.principal, commandID: request.commandID,
            isRepeatable: request.isRepeatable,
            ifMatch: try request.ifMatch(), occurredAt: occurredAt, precision: precision)
    }
}

extension QueryReader {
    /// The number of an incident, as 42 or INC-42.
    mutating func incidentNumber(_ name: String) -> Int? {
        guard let text = string(name) else { return nil }
        let number = Identifiers.incidentNumber(text)
        if number == nil { refuse(name, "should be the number of an incident, as 42 or INC-42") }
        return number
    }

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
        if let number = optionalJSON(field).flatMap(Self.incidentNumber) { return number }
        refuse(field, Self.incidentNumberRule)
        return 0
    }

    /// Nil of what is no number of an incident.
    static func incidentNumber(_ value: JSONValue) -> Int? {
        let number = value.integer ?? value.string.flatMap(Identifiers.incidentNumber)
        return number.flatMap { $0 > 0 ? $0 : nil }
    }

    static let incidentNumberRule = "should be the number of an incident, as 42 or \"INC-42\""
}

/// Notes, mitigations, tasks and action items: each makes or changes one thing of an incident and answers with it.
struct IncidentWorkRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [
            route(.post, "/notes", "addNote", addNote),
            route(.post, "/facts", "addFact", addFact),
            route(.post, "/mitigations", "addMitigation", addMitigation),
            route(.patch, "/mitigations/{mitigation}", "changeMitigation", changeMitigation),
            route(.post, "/tasks", "addTask", addTask),
            route(.patch, "/tasks/{task}", "changeTask", changeTask),
            Route(.get, "/v1/incidents/{id}/actions", role: .viewer, "listActions", handler: listActions),
            route(.post, "/actions", "addAction", addAction),
            Route(
                .patch, "/v1/actions/{action}", role: .responder, "changeAction", body: .json, isConditional: true,
                handler: changeAction),
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ handler: @escaping Route.Handler
    ) -> Route {
        Route(
            method, "/v1/incidents/{id}\(path)", role: .responder, operation, body: .json, isConditional: true,
            handler: handler)
    }

    private func addNote(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let text = body.string("text", 1...10_000)
        let key = body.optionalBool("key") ?? false
        let by = body.optionalString("by", 1...200)
        let context = try CommandContext(request, &body)
        let precision = context.precision ?? .exact
        let outcome = try await desk.handle(
            .addNote(text: text, key: key, by: by, precision: precision), on: number, context)
        let entry = outcome.firstEntry
        return .json(status: .created, version: outcome.incident.version) { json in
            json.object { json in
                json.member("sequence", entry?.sequence ?? outcome.incident.version)
                json.member("text", text)
                json.member("key", key)
                json.member("by", by)
                json.member("precision", precision.rawValue)
                json.member("actor", context.principal.name)
                json.member("occurred_at", entry?.occurredAt)
                json.member("recorded_at", entry?.recordedAt)
            }
        }
    }

    private func addFact(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        var draft = IncidentBodies.fact(&body)
        let context = try CommandContext(request, &body)
        draft.precision = context.precision
        let outcome = try await desk.handle(.addFact(draft), on: number, context)
        let entry = outcome.firstEntry
        return .json(status: .created, version: outcome.incident.version) { json in
            json.object { json in
                json.member("entry", entry?.sequence ?? outcome.incident.version)
                (entry?.event.as(FactAdded.self)?.value ?? draft).writeMembers(to: &json)
                json.member("actor", context.principal.name)
                json.member("occurred_at", entry?.occurredAt)
                json.member("recorded_at", entry?.recordedAt)
            }
        }
    }

    private func addMitigation(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let draft = IncidentBodies.mitigation(&body)
        let outcome = try await desk.handle(.addMitigation(draft), on: number, try CommandContext(request, &body))
        return answer(outcome, .created, outcome.addedMitigation)
    }

    private func changeMitigation(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let id = try request.number("mitigation", of: "Mitigation")
        var body = try request.fields()
        let patch = IncidentBodies.mitigationPatch(&body)
        let outcome = try await desk.handle(
            .changeMitigation(id: id, patch), on: number, try CommandContext(request, &body))
        return answer(outcome, .ok, outcome.incident.mitigations.first { $0.id == id })
    }

    private func addTask(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let command = IncidentCommand.addTask(
            text: body.string("text", 1...2000), owner: body.optionalString("owner", 1...200))
        let outcome = try await desk.handle(command, on: number, try CommandContext(request, &body))
        return answer(outcome, .created, outcome.addedTask)
    }

    private func changeTask(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let id = try request.number("task", of: "Task")
        var body = try request.fields()
        let command = IncidentCommand.changeTask(
            id: id, text: body.optionalString("text", 1...2000), owner: body.optionalString("owner", 1...200),
            done: body.optionalBool("done"))
        let outcome = try await desk.handle(command, on: number, try CommandContext(request, &body))
        return answer(outcome, .ok, outcome.incident.tasks.first { $0.id == id })
    }

    private func listActions(_ request: RequestContext) async throws -> Answer {
        let incident = try await desk.current(try request.incidentNumber()).incident
        // An incident has only so many of them (`IncidentLimits`).
        return .json { json in
            json.object { json in
                json.array("items", incident.actions) { json, action in
                    json.value(ActionRepresentation(action: action, incident: incident.number))
                }
                json.name("next_cursor")
                json.literal("null")
            }
        }
    }

    private func addAction(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let draft = IncidentBodies.action(&body)
        let outcome = try await desk.handle(.addAction(draft), on: number, try CommandContext(request, &body))
        return answer(outcome, .created, outcome.addedAction)
    }

    private func changeAction(_ request: RequestContext) async throws -> Answer {
        let id = request.parameter("action")
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Identifiers.incidentNumber(String(parts[0])), let ordinal = Int(parts[1])
        else { throw Problem.notFound("Action item \(id)") }
        var body = try request.fields()
        let patch = IncidentBodies.actionPatch(&body)
        let outcome = try await desk.handle(
            .changeAction(ordinal: ordinal, patch), on: number, try CommandContext(request, &body))
        let action = outcome.incident.actions.first { $0.ordinal == ordinal }
        return answer(outcome, .ok, action.map { ActionRepresentation(action: $0, incident: outcome.incident.number) })
    }

    private func answer(
        _ outcome: IncidentDesk.Outcome, _ status: HTTPResponse.Status, _ item: (some JSONWritable)?
    ) -> Answer {
        .json(status: status, version: outcome.incident.version) { $0.value(item) }
    }
}

/// What a command just added: named by its event, since others may have added more meanwhile. After a repeat that was
/// already carried out, the newest of its kind stands for it.
extension IncidentDesk.Outcome {
    fileprivate var addedMitigation: Mitigation? {
        guard let added = firstEntry?.event.as(MitigationAdded.self) else { return incident.mitigations.last }
        return incident.mitigations.first { $0.id == added.id }
    }

    fileprivate var addedTask: IncidentTask? {
        guard let added = firstEntry?.event.as(TaskAdded.self) else { return incident.tasks.last }
        return incident.tasks.first { $0.id == added.id }
    }

    fileprivate var addedAction: ActionRepresentation? {
        guard let added = firstEntry?.event.as(ActionAdded.self) else {
            return incident.actions.last.map { ActionRepresentation(action: $0, incident: incident.number) }
        }
        return incident.actions.first { $0.ordinal == added.ordinal }.map {
            ActionRepresentation(action: $0, incident: incident.number)
        }
    }
}
