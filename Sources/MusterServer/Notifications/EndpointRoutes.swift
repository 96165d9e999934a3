import HTTPTypes
import IncidentDomain

/// Endpoints: who hears, what was sent to them, and sending it again.
struct EndpointRoutes: Sendable {
    let store: EndpointStore
    let notifications: NotificationStore
    let search: NotificationSearch
    let rules: RuleStore
    let escalations: EscalationDefaults
    /// The daemon's own address: nothing is sent to it.
    let publicURL: String
    let reach: OutboundReach
    /// Woken when something is to be sent at once.
    let signal: WakeSignal

    /// How long messages are signed with the old secret as well, after a rotation.
    private static let overlapSeconds = 86_400

    var routes: [Route] {
        [
            Route(
                .get, "/v1/endpoints", role: .viewer, "listEndpoints", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(.post, "/v1/endpoints", role: .admin, "createEndpoint", body: .json, handler: create),
            Route(.get, "/v1/endpoints/{id}", role: .viewer, "getEndpoint", handler: get),
            Route(.patch, "/v1/endpoints/{id}", role: .admin, "updateEndpoint", body: .json, handler: update),
            Route(.delete, "/v1/endpoints/{id}", role: .admin, "deleteEndpoint", handler: delete),
            Route(.post, "/v1/endpoints/{id}/test", role: .admin, "testEndpoint", body: .optionalJSON, handler: test),
            Route(
                .post, "/v1/endpoints/{id}/rotate", role: .admin, "rotateEndpoint", body: .optionalJSON, handler: rotate
            ),
            Route(.post, "/v1/endpoints/{id}/replay", role: .admin, "replayEndpoint", body: .json, handler: replay),
            Route(
                .get, "/v1/endpoints/{id}/attempts", role: .admin, "listAttempts", query: ["limit", "cursor"],
                isLong: true, handler: attempts),
            Route(
                .get, "/v1/incidents/{id}/notifications", role: .viewer, "listIncidentNotifications",
                query: ["limit", "cursor"], isLong: true, handler: ofIncident),
            Route(.get, "/v1/event-kinds", role: .viewer, "listEventKinds", isLong: true, handler: kinds),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "endpoints")
        try query.finish()
        let found = try await store.list(after: try page.cursor?.string(0), limit: page.limit + 1)
        return Answer.page(found, of: page, "endpoints", request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let endpoint = try await found(request)
        return .json { $0.value(endpoint) }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let format: EndpointFormat = body.enumeration("format")
        let read = EndpointBody(&body, isNew: true)
        try body.finish()
        try read.check(format, isNew: true, publicURL: publicURL)
        let (settings, secrets) = try read.made(format)
        try Self.check(settings, secrets)
        let outcome = try await store.create(request.commandID, settings, secrets, by: request.principal)
        let endpoint = try Self.done(outcome, request.commandID.text)
        let warnings = await reach.warnings(about: secrets.url)
        return .created(try Self.document(endpoint, secrets, warnings), location: "/v1/endpoints/\(endpoint.id.text)")
    }

    private func update(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let read = EndpointBody(&body, isNew: false)
        try body.finish()
        let before = try await found(request)
        try read.check(before.settings.format, isNew: false, publicURL: publicURL)
        if let name = read.name, name != before.settings.name { try await requireUnused(before) }
        let outcome = try await store.change(before.id, action: "endpoint.update", by: request.principal) {
            read.apply(to: &$0, &$1)
            try Self.check($0.settings, $1)
        }
        let endpoint = try Self.done(outcome, before.id.text)
        try await notifications.hurry(endpoint.id)
        signal.wake()
        let warnings = if let url = read.url { await reach.warnings(about: url) } else { [String]() }
        return .json(try Self.document(endpoint, EndpointSecrets(url: ""), warnings))
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Endpoint")
        if let endpoint = try await store.find(id)?.readable { try await requireUnused(endpoint) }
        guard try await store.delete(id, by: request.principal) else { throw Problem.notFound("Endpoint \(id.text)") }
        return .noContent
    }

    /// Sends a message to this endpoint, whatever its filters say.
    private func test(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        try body.finish()
        let endpoint = try await found(request)
        try Self.requireEnabled(endpoint)
        let notification = try await notifications.tell(
            Notice(
                kind: NoticeKinds.test, version: 1,
                sentence: "This is a test message of Muster to \(endpoint.settings.name).",
                occurredAt: request.clock.now, actor: request.principal.name, data: [:],
                title: "Test message", path: "/v1/endpoints/\(endpoint.id.text)"),
            key: "test/\(request.commandID.text)", to: endpoint.id)
        signal.wake()
        return .json(status: .accepted) { json in
            json.object { json in
                json.member("notification", NotificationID.text(notification))
                json.member("attempts", "/v1/endpoints/\(endpoint.id.text)/attempts")
            }
        }
    }

    /// A new signing secret. For a day messages are signed with the old one as well, or not at all with it when it leaked.
    private func rotate(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let overlap = body.optionalInteger("overlap_seconds", 0...604_800) ?? Self.overlapSeconds
        let secret = SecretBody(&body)
        try body.finish()
        let before = try await found(request)
        guard before.settings.format.format.isSigned else { throw SecretBody.unsigned(before.settings.format) }
        try secret.check()
        let until = request.clock.now.adding(seconds: Double(overlap))
        let made = try secret.made()
        let outcome = try await store.change(before.id, action: "endpoint.rotate", by: request.principal) {
            _, secrets in
            secrets.previous = overlap > 0 ? secrets.signing.map { ($0, until) } : nil
            secrets.signing = made
        }
        let endpoint = try Self.done(outcome, before.id.text)
        return .json(try Self.document(endpoint, EndpointSecrets(url: "", signing: made)))
    }

    private func replay(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let text = body.optionalString("notification", 1...40)
        let place = body.optionalString("after", 1...40)
        let from = body.optionalTime("from")
        let to = body.optionalTime("to")
        let all = body.optionalBool("delivered") ?? false
        try body.finish()
        let id = try text.map { try Self.notification($0, "notification") }
        let after = try place.map { try Self.notification($0, "after") }
        if text != nil {
            guard from == nil, to == nil, after == nil else {
                throw Problem.invalid("/notification", "is for a single one; leave from, to and after out")
            }
        } else {
            guard let from else { throw Problem.invalid("/from", "is required unless notification names a single one") }
            if let to, from > to { throw Problem.invalid("/to", "should not be before from") }
        }
        let endpoint = try await found(request)
        try Self.requireEnabled(endpoint)
        let wanted = NotificationStore.Replay(
            id: id, range: from.map { $0...max($0, to ?? .latest) }, after: after ?? 0, onlyDead: id == nil && !all)
        let replayed = try await notifications.replay(endpoint.id, wanted, by: request.principal)
        if let text, replayed.count == 0 {
            throw Problem.notFound(
                "Notification \(text)", because: "is none of this endpoint's, or still waits to be sent")
        }
        try await notifications.hurry(endpoint.id)
        signal.wake()
        return .json(status: .accepted) { json in
            json.object { json in
                json.member("replayed", replayed.count)
                json.member("next_after", replayed.stoppedAt.map(NotificationID.text))
            }
        }
    }

    private static func notification(_ text: String, _ field: String) throws(Problem) -> Int {
        guard let id = NotificationID.number(text) else {
            throw .invalid("/\(field)", "should be the id of a notification, such as ntf_42")
        }
        return id
    }

    private func attempts(_ request: RequestContext) async throws -> Answer {
        let endpoint = try await found(request)
        var query = try request.query()
        let page = query.page(of: "attempts")
        try query.finish()
        let place = try page.cursor.map { try ($0.integer(0), $0.integer(1)) }
        let found = try await search.attempts(of: endpoint.id, before: place, limit: page.limit + 1)
        return Answer.page(found, page, of: request) {
            PageCursor(list: "attempts", key: [.integer($0.notification), .integer($0.attempt)])
        } _: {
            $0.value($1)
        }
    }

    /// Who was told what of an incident, and who is paged next.
    private func ofIncident(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let page = query.page(of: "notifications")
        try query.finish()
        let last = try page.cursor?.integer(0)
        guard try await search.knows(incident: number) else { throw Problem.notFound("Incident INC-\(number)") }
        let found = try await search.notifications(of: number, before: last, limit: page.limit + 1)
        let escalations = try await EscalationStore.shown(of: number, in: search.pool)
        return Answer.page(found, page, of: request) {
            PageCursor(list: "notifications", key: [.integer($0.id)])
        } _: {
            $0.value($1)
        } besides: {
            $0.array("escalations", escalations) { $0.value($1) }
        }
    }

    private func kinds(_ request: RequestContext) async throws -> Answer {
        .json { json in json.object { $0.array("items", NoticeKinds.all) { $0.value($1) } } }
    }

    private func found(_ request: RequestContext) async throws -> Endpoint {
        let id = try request.uuid("id", of: "Endpoint")
        guard let row = try await store.find(id) else { throw Problem.notFound("Endpoint \(id.text)") }
        return try row.get()
    }

    /// What goes together, as a URL and options of a format.
    private static func check(_ settings: EndpointSettings, _ secrets: EndpointSecrets) throws(Problem) {
        let options = settings.options.merging(secrets.options) { $1 }
        for option in settings.format.format.options where option.isRequired && options[option.name] == nil {
            throw .invalid(
                "/options/\(option.name)",
                "is required; a URL on another host drops the secret options, so send it again: \(option.description)")
        }
        guard let complaint = settings.format.format.complaint(url: secrets.url, options: options) else { return }
        throw .invalid("/options", complaint)
    }

    /// Rules name endpoints: one that is named keeps its name.
    private func requireUnused(_ endpoint: Endpoint) async throws {
        let name = endpoint.settings.name
        let user = try await rules.list().compactMap(\.readable).first { stored in
            stored.rule.paging?.steps.contains { $0.endpoints.contains(name) } ?? false
        }
        guard !escalations.endpoints.contains(name) else {
            throw Problem(.inUse, "The configuration (escalation) pages the endpoint \(name). Change it first.")
        }
        guard let user else { return }
        throw Problem(
            .inUse,
            "The rule “\(user.rule.name)” (\(user.rule.id.text)) pages the endpoint \(name). Change the rule first.")
    }

    private static func requireEnabled(_ endpoint: Endpoint) throws(Problem) {
        guard !endpoint.state.isEnabled else { return }
        throw Problem(
            .endpointDisabled,
            "Enable it first: PATCH /v1/endpoints/\(endpoint.id.text) with {\"enabled\": true}.")
    }

    private static func done(_ outcome: EndpointStore.Outcome, _ id: String) throws(Problem) -> Endpoint {
        switch outcome {
        case .done(let endpoint): return endpoint
        case .nameTaken: throw .invalid("/name", "is the name of another endpoint")
        case .tooMany:
            throw .invalid("", "There are \(EndpointStore.endpointsMax) endpoints already; delete one first.")
        case .notFound: throw .notFound("Endpoint \(id)")
        }
    }

    /// The endpoint with what checks its signatures, which is shown this once.
    ///
    /// - Parameter warnings: Nil where nothing was looked at.
    private static func document(
        _ endpoint: Endpoint, _ secrets: EndpointSecrets, _ warnings: [String]? = nil
    ) throws -> [UInt8] {
        let shown = try secrets.signing?.shown()
        var json = JSONWriter()
        json.object { json in
            endpoint.writeMembers(to: &json)
            if let shown { json.member("secret", shown) }
            if let warnings { json.member("warnings", warnings) }
        }
        return json.bytes
    }
}

extension NotificationSearch.Shown: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("notification", NotificationID.text(id))
            json.member("endpoint", endpoint)
            json.member("endpoint_name", endpointName)
            json.member("event", kind)
            json.member("text", sentence)
            json.member("state", state)
            json.member("attempts", attempts)
            json.member("reason", reason)
            json.member("created_at", createdAt)
            json.member("finished_at", finishedAt)
        }
    }
}

extension EscalationStore.Shown: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("policy", policy)
            json.member("begun_at", begunAt)
            json.member("next_at", nextAt)
            json.member("ended", ended)
            json.member("ended_at", endedAt)
            json.array("steps", Array((plan?.steps ?? []).enumerated())) { json, item in
                json.object { json in
                    json.member("after_seconds", item.element.afterSeconds)
                    json.member("endpoints", item.element.endpoints)
                    json.member("told", item.offset < told)
                }
            }
        }
    }
}

extension NotificationSearch.Attempt: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("notification", NotificationID.text(notification))
            json.member("event", kind)
            json.member("incident", incident)
            json.member("text", sentence)
            json.member("state", state)
            json.member("attempt", attempt)
            json.member("at", at)
            json.member("duration_ms", durationMilliseconds)
            json.member("status", status)
            json.member("outcome", outcome)
            json.member("detail", detail)
            json.member("answer", answer)
        }
    }
}
