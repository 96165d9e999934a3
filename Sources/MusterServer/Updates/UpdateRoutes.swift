import HTTPTypes
import IncidentDomain

/// What is told to those who wait: updates from the draft to their corrections, and when it is expected to be over.
struct UpdateRoutes: Sendable {
    let desk: IncidentDesk
    let reader: TimelineReader
    let templates: UpdateTemplates
    /// Has the guides that updates take their steps from.
    let catalog: CatalogCache

    var routes: [Route] {
        [
            Route(
                .get, "/v1/incidents/{id}/updates", role: .viewer, "listUpdates", query: ["limit", "cursor"],
                isLong: true, handler: list),
            Route(.get, "/v1/incidents/{id}/updates/{update}", role: .viewer, "getUpdate", handler: get),
            route(.post, "/updates", "postUpdate", post),
            route(.post, "/updates/draft", "draftUpdate", draft),
            route(.patch, "/updates/{update}", "reviseUpdate") { request in
                try await change(request) { .revise(UpdateBodies.patch(&$0)) }
            },
            route(.post, "/updates/{update}/approve", "approveUpdate") { request in
                try await change(request) {
                    .approve(revision: $0.integer("revision", 1...IncidentLimits.updateRevisions))
                }
            },
            route(.post, "/updates/{update}/publish", "publishUpdate", body: .optionalJSON) { request in
                try await change(request) { .publish(at: $0.optionalTime("publish_at")) }
            },
            route(.post, "/updates/{update}/withdraw", "withdrawUpdate", body: .optionalJSON) { request in
                try await change(request) { .withdraw(reason: $0.optionalString("reason", 1...2_000)) }
            },
            route(.post, "/updates/{update}/correct", "correctUpdate") { request in
                try await change(request, UpdateBodies.correction)
            },
            route(.post, "/eta", "setEta", setEta),
            Route(.get, "/v1/update-templates", role: .viewer, "listUpdateTemplates", handler: listTemplates),
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, body: Route.BodyRule = .json,
        _ handler: @escaping Route.Handler
    ) -> Route {
        Route(
            method, "/v1/incidents/{id}\(path)", role: .responder, operation, body: body, isConditional: true,
            handler: handler)
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let page = query.page(of: "updates")
        try query.finish()
        let last = try page.cursor?.integer(0) ?? 0
        let incident = try await desk.current(number).incident
        let found = try await history(number).filter { $0.id > last }
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "updates", key: [.integer($0.id)]) }
        ) { $0.value(shown($1, of: incident, at: request.clock.now)) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let id = try request.number("update", of: "Update")
        let incident = try await desk.current(number).incident
        guard let update = try await history(number).first(where: { $0.id == id }) else {
            throw Problem.notFound("Update \(id) of INC-\(number)")
        }
        let found = shown(update, of: incident, at: request.clock.now)
        return .json(version: incident.version) { $0.value(found) }
    }

    private func shown(_ update: UpdateRecord, of incident: Incident, at moment: Timestamp) -> UpdateRepresentation {
        let draft = incident.communication?.drafts.first { $0.id == update.id }
        return UpdateRepresentation(
            update: update,
            needsApproval: draft.map { incident.needsApproval($0, desk.updates, at: moment) } ?? false)
    }

    private func history(_ number: Int) async throws -> [UpdateRecord] {
        let entries = try await reader.all(of: number, kinds: UpdateHistory.kinds)
        return try await WorkerPool.run(beside: entries.count > 100) { UpdateHistory.make(entries.map(\.recorded)) }
    }

    private func post(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        var content = UpdateBodies.content(&body)
        let guide = UpdateBodies.guide(&body)
        let context = try CommandContext(request, &body)
        if let guide { content.steps = try await steps(of: guide, after: content.steps, in: content.language) }
        let outcome = try await desk.handle(.postUpdate(content), on: number, context)
        var answer = IncidentRepresentation.answer(outcome, status: .created)
        let id = outcome.firstEntry?.event.as(UpdatePosted.self)?.id ?? outcome.incident.communication?.last ?? 0
        answer.headers[.location] = "/v1/incidents/\(number)/updates/\(id)"
        return answer
    }

    private func draft(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let draft = UpdateBodies.Draft(&body)
        let guide = UpdateBodies.guide(&body)
        let context = try CommandContext(request, &body)
        var wanted = UpdateRequest(
            draft.content, publishAt: draft.publishAt, template: draft.template, corrects: draft.corrects)
        if let guide {
            wanted.content.steps = try await steps(of: guide, after: draft.content.steps, in: draft.content.language)
        }
        if let template = draft.template, draft.isWritten {
            guard templates.hasTemplate(template) else { throw unknownTemplate }
        } else if let template = draft.template {
            try await write(&wanted, from: template, keepsSteps: draft.hasSteps || guide != nil, number)
        }
        let outcome = try await desk.handle(.draftUpdate(wanted), on: number, context)
        let id = outcome.firstEntry?.event.as(UpdateDrafted.self)?.id ?? outcome.incident.communication?.last ?? 0
        return try await answer(id, of: outcome, at: request.clock.now, status: .created)
    }

    /// What a guide says, in the language of the update: it stands there as if it had been typed, and stays when the guide changes.
    private func steps(of guide: HelpQuestion, after typed: [String], in language: String) async throws -> [String] {
        let book = try await catalog.snapshot().help
        if let symptom = guide.symptom, book.symptom(symptom) == nil {
            throw Problem.invalid("/guide/symptom", "\(symptom) is no symptom of GET /v1/catalog/help")
        }
        if let platform = guide.platform, book.platform(platform) == nil {
            throw Problem.invalid("/guide/platform", "\(platform) is no platform of GET /v1/catalog/help")
        }
        let language = Language(rawValue: language.prefix { $0 != "-" }.lowercased()) ?? .en
        let steps = typed + book.steps(for: guide.symptom, on: guide.platform).map { $0.text(language) }
        guard steps.count <= UpdateBodies.stepsMax else {
            throw Problem.invalid(
                "/guide", "makes \(steps.count) steps with those that are typed; the limit is \(UpdateBodies.stepsMax)")
        }
        return steps
    }

    /// Fills in what the template says of the incident as it stands.
    private func write(
        _ request: inout UpdateRequest, from template: String, keepsSteps: Bool, _ number: Int
    ) async throws {
        let (incident, graph, now) = try await desk.situation(of: number)
        let content = request.content
        // What was promised and has passed is nothing to tell.
        let eta = content.eta ?? incident.eta.flatMap { $0 > now ? $0 : nil }
        let next =
            content.nextUpdateAt
            ?? (incident.phase.hasWaitingPeople
                ? desk.updates.nextUpdate(after: request.publishAt ?? now, severity: incident.severity) : nil)
        let situation = KnownSituation(
            of: incident, in: graph, for: content.audience, eta: eta, nextUpdateAt: next)
        guard let written = templates.write(situation, name: template, language: content.language) else {
            throw unknownTemplate
        }
        let steps = keepsSteps ? content.steps : written.steps
        guard (1...10_000).contains(written.body.unicodeScalars.count), steps.count <= UpdateBodies.stepsMax,
            steps.allSatisfy({ UpdateBodies.stepLength.contains($0.unicodeScalars.count) })
        else {
            throw Problem.invalid(
                "/template",
                "\(written.template) writes a text that an update cannot have: a body of 1 to 10,000 characters and at most "
                    + "\(UpdateBodies.stepsMax) steps of 500")
        }
        request.template = "\(written.template).\(written.language)"
        request.content.body = written.body
        request.content.steps = steps
        request.content.language = written.language
        request.content.eta = eta
        request.content.nextUpdateAt = next
    }

    private var unknownTemplate: Problem {
        let names = Set(templates.texts.filter { !$0.isPart }.map(\.name)).sorted().joined(separator: ", ")
        return .invalid("/template", "should be auto or one of \(names)")
    }

    private func change(
        _ request: RequestContext, _ read: (inout BodyReader) -> UpdateChange
    ) async throws -> Answer {
        let number = try request.incidentNumber()
        let id = try request.number("update", of: "Update")
        var body = try request.fields()
        let change = read(&body)
        let outcome = try await desk.handle(
            .changeUpdate(id: id, change), on: number, try CommandContext(request, &body))
        return try await answer(id, of: outcome, at: request.clock.now)
    }

    /// The update as it stands after a command.
    private func answer(
        _ id: Int, of outcome: IncidentDesk.Outcome, at moment: Timestamp, status: HTTPResponse.Status = .ok
    ) async throws -> Answer {
        let incident = outcome.incident
        let update = try await history(incident.number).first { $0.id == id }
        let found = update.map { shown($0, of: incident, at: moment) }
        return .json(status: status, version: incident.version) { $0.value(found) }
    }

    private func setEta(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var body = try request.fields()
        let command = UpdateBodies.eta(&body)
        let outcome = try await desk.handle(command, on: number, try CommandContext(request, &body))
        return IncidentRepresentation.answer(outcome)
    }

    private func listTemplates(_ request: RequestContext) async throws -> Answer {
        // There are only so many of them (`UpdateTemplateFiles`).
        .json { json in
            json.object { json in
                json.array("items", templates.texts) { json, template in
                    json.object { json in
                        json.member("name", template.name)
                        json.member("language", template.language)
                        json.member("own", !template.isOurs)
                        json.member("text", template.text)
                    }
                }
                json.name("next_cursor")
                json.literal("null")
            }
        }
    }
}

/// An update as the API shows it.
struct UpdateRepresentation: JSONWritable {
    let update: UpdateRecord
    /// Whether a second person still has to approve it.
    let needsApproval: Bool

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", update.id)
            json.member("state", update.state.rawValue)
            json.member("audience", update.audience)
            json.member("public", update.isPublic)
            json.member("language", update.language)
            json.member("body", update.body)
            json.member("steps", update.steps)
            json.member("eta", update.eta)
            json.member("next_update_at", update.nextUpdateAt)
            json.member("revision", update.revision)
            json.member("authors", update.authors)
            json.member("template", update.template)
            json.member("corrects", update.corrects)
            json.member("needs_approval", needsApproval)
            json.member("approved_by", update.approvedBy)
            json.member("approved_at", update.approvedAt)
            json.member("publish_at", update.publishAt)
            json.member("held", update.held?.rawValue)
            json.member("reason", update.reason)
            json.array("versions", update.versions) { json, version in
                json.object { json in
                    json.member("audience", version.audience)
                    json.member("public", version.isPublic)
                    json.member("language", version.language)
                    json.member("body", version.body)
                    json.member("steps", version.steps)
                    json.member("eta", version.eta)
                    json.member("published_at", version.publishedAt)
                    json.member("published_by", version.publishedBy)
                    json.member("reason", version.reason)
                }
            }
        }
    }
}
