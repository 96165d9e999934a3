import HTTPTypes
import IncidentDomain

/// Notes, mitigations, tasks and action items: each makes or changes one thing of an incident and answers with it.
struct IncidentWorkRoutes: Sendable {
    let desk: IncidentDesk

    var routes: [Route] {
        [
            route(.post, "/notes", "addNote", addNote),
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
        let outcome = try await desk.handle(
            .addNote(text: text, key: key), on: number, try CommandContext(request, &body))
        let entry = outcome.firstEntry
        return .json(status: .created, version: outcome.incident.version) { json in
            json.object { json in
                json.member("sequence", entry?.sequence ?? outcome.incident.version)
                json.member("text", text)
                json.member("key", key)
                json.member("actor", request.principal.name)
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
                    json.value(ActionRepresentation(action: action, incident: incident))
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
        return answer(outcome, .ok, action.map { ActionRepresentation(action: $0, incident: outcome.incident) })
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
            return incident.actions.last.map { ActionRepresentation(action: $0, incident: incident) }
        }
        return incident.actions.first { $0.ordinal == added.ordinal }.map {
            ActionRepresentation(action: $0, incident: incident)
        }
    }
}
