import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore

/// Opsgenie's Alert API, as its SDKs, Alertmanager and apprise use it (opsgenie-python-sdk, docs/AlertApi.md): the key is a
/// source's. It is asynchronous there; here a request is carried out before it is answered, and what became of it is kept
/// for those who ask.
struct OpsgenieRoutes: Sendable {
    let desk: IngressDesk
    let store: OpsgenieStore

    var routes: [Route] {
        [
            route(.post, "", "createOpsgenieAlert", create),
            route(.get, "", "listOpsgenieAlerts", list),
            route(.get, "/count", "countOpsgenieAlerts", count),
            route(.get, "/requests/{request}", "getOpsgenieRequest", outcome),
            route(.get, "/{id}", "getOpsgenieAlert", get),
            route(.delete, "/{id}", "deleteOpsgenieAlert") { try await act(.resolved, "Delete", $0, $1, $2) },
            route(.post, "/{id}/acknowledge", "acknowledgeOpsgenieAlert", body: .optionalForeign) {
                try await act(.acknowledged, "Acknowledge", $0, $1, $2)
            },
            route(.post, "/{id}/close", "closeOpsgenieAlert", body: .optionalForeign) {
                try await act(.resolved, "Close", $0, $1, $2)
            },
            route(.post, "/{id}/unacknowledge", "unacknowledgeOpsgenieAlert", body: .optionalForeign) {
                try await change("Unacknowledge", $0, $1, $2) { _ in .unacknowledged }
            },
            route(.post, "/{id}/notes", "noteOpsgenieAlert") {
                try await change("AddNote", $0, $1, $2) { fields throws(Problem) in
                    .note(try Self.required("note", fields), author: fields.text("user") ?? "Opsgenie")
                }
            },
            route(.get, "/{id}/notes", "listOpsgenieNotes", notes),
            route(.post, "/{id}/tags", "tagOpsgenieAlert") {
                try await change("AddTags", $0, $1, $2) { fields throws(Problem) in
                    let tags = Self.tags(fields["tags"])
                    guard !tags.isEmpty else { throw .invalid("/tags", "should be the tags to add") }
                    return .tags(added: tags, removed: [])
                }
            },
            route(.delete, "/{id}/tags", "untagOpsgenieAlert", untag),
            route(.put, "/{id}/message", "setOpsgenieMessage") {
                try await change("UpdateMessage", $0, $1, $2) { fields throws(Problem) in
                    .message(ForeignText.bounded(try Self.required("message", fields), bytes: 1000) ?? "-")
                }
            },
            route(.put, "/{id}/description", "setOpsgenieDescription") {
                try await change("UpdateDescription", $0, $1, $2) { fields throws(Problem) in
                    .description(ForeignText.bounded(try Self.required("description", fields), bytes: 15_000) ?? "-")
                }
            },
            route(.put, "/{id}/priority", "setOpsgeniePriority") {
                try await change("UpdatePriority", $0, $1, $2) { fields throws(Problem) in
                    let priority = try Self.required("priority", fields)
                    guard ["P1", "P2", "P3", "P4", "P5"].contains(priority) else {
                        throw .invalid("/priority", "should be P1, P2, P3, P4 or P5")
                    }
                    return .priority(priority)
                }
            },
        ]
    }

    private typealias Handler =
        @Sendable (RequestContext, IngressDesk.Caller, ContinuousClock.Instant) async throws -> Answer

    /// A route whose caller is a source, and whose problems have Opsgenie's form.
    private func route(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, body: Route.BodyRule = .foreign,
        _ handler: @escaping Handler
    ) -> Route {
        Route(
            method, "/v2/alerts\(path)", role: nil, operation, query: .anything,
            body: method == .post || method == .put ? body : .none
        ) { request in
            let start = ContinuousClock.now
            do {
                guard let key = try Credentials.secret(of: request),
                    let caller = try await desk.caller(request, key: key)
                else {
                    return OpsgenieAnswer.refusal(.unauthorized, "Could not authenticate: no source has this key")
                }
                return try await handler(request, caller, start)
            } catch let problem as Problem {
                guard let answer = OpsgenieAnswer.refusal(problem) else { throw problem }
                return answer
            }
        }.asDoor(desk, path.isEmpty ? .opsgenieAlert : nil, key: Credentials.secret).refusingAsOpsgenie
    }

    private func create(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        // Clients name the alert by the id of this request later.
        let id = UUID.timeOrdered(at: request.clock.now)
        let message = try await desk.receive(caller, by: .opsgenieAlert) { message in
            if !message.alerts.isEmpty { message.alerts[0].id = id }
        }
        if let alias = message.alerts.first?.identity {
            if let note = message.alerts.first?.annotations["note"],
                let alert = try await store.alert(.alias(alias), of: caller.source.id)
            {
                let author = message.alerts.first?.labels["user"] ?? "Opsgenie"
                try await store.set(.noteOnce(note, author: author), of: alert)
            }
            try await store.record(
                id, "Create", alias: alias, of: caller.source.id, found: "Created alert",
                missed: "Alert was not created")
        }
        return OpsgenieAnswer.accepted(id, since: start)
    }

    /// Acknowledging and closing go the way of all alerts. An alias that nobody knows is 202 there, too; the outcome tells.
    private func act(
        _ status: IncomingAlert.Status, _ action: String, _ request: RequestContext,
        _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let id = UUID.timeOrdered(at: request.clock.now)
        let foreign = caller.request
        guard let alert = try await store.alert(try Self.name(request, foreign), of: caller.source.id) else {
            try await store.recordMissed(id, action, of: caller.source.id)
            return OpsgenieAnswer.accepted(id, since: start)
        }
        let message = try OpsgenieFormat.readAction(status, of: alert.identity, foreign)
        if alert.status != .resolved {
            try await desk.store(message, from: caller.source)
        } else {
            // Its alias may be that of another alert, which is open.
            (status == .resolved ? IgnoredReason.alreadyOver : .notOpen).count(1)
        }
        if let note = message.alerts.first?.annotations["note"] {
            try await store.set(.note(note, author: message.alerts.first?.actor ?? "Opsgenie"), of: alert)
        }
        try await store.record(
            id, action, alias: alert.identity, of: caller.source.id, found: "Alert \(action.lowercased())d", missed: "")
        return OpsgenieAnswer.accepted(id, since: start)
    }

    private func change(
        _ action: String, _ request: RequestContext, _ caller: IngressDesk.Caller,
        _ start: ContinuousClock.Instant, _ field: (ForeignFields) throws(Problem) -> OpsgenieStore.Field
    ) async throws -> Answer {
        let id = UUID.timeOrdered(at: request.clock.now)
        let foreign = caller.request
        let fields = try foreign.body.readableBytes == 0 ? ForeignFields(.object([:])) : foreign.fields()
        let field = try field(fields)
        guard let alert = try await store.alert(try Self.name(request, foreign), of: caller.source.id) else {
            try await store.recordMissed(id, action, of: caller.source.id)
            return OpsgenieAnswer.accepted(id, since: start)
        }
        try await store.set(field, of: alert)
        try await store.record(
            id, action, alias: alert.identity, of: caller.source.id, found: "Alert changed", missed: "")
        return OpsgenieAnswer.accepted(id, since: start)
    }

    private func untag(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let named = try request.target.parameters().first { $0.name == "tags" }?.value ?? ""
        let tags = named.split(separator: ",").map(String.init)
        return try await change("RemoveTags", request, caller, start) { _ in .tags(added: [], removed: tags) }
    }

    private func get(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let alert = try await found(request, caller.source)
        let sent = try await store.sent([alert.id])[alert.id]
        return OpsgenieAnswer.data(since: start) { OpsgenieAnswer.write(alert, sent: sent, to: &$0) }
    }

    private func notes(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let notes = try await store.notes(of: try await found(request, caller.source).id)
        return OpsgenieAnswer.data(since: start) { json in
            json.array(notes) { json, note in
                json.object { json in
                    json.member("note", note.text)
                    json.member("owner", note.author)
                    json.member("createdAt", note.at)
                }
            }
        }
    }

    private func list(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let query = try OpsgenieSearch(request.target)
        let alerts = try await store.alerts(
            of: caller.source.id, query, limit: query.limit, offset: query.offset)
        let sent = try await store.sent(alerts.map(\.id))
        return OpsgenieAnswer.data(since: start) { json in
            json.array(alerts) { OpsgenieAnswer.write($1, sent: sent[$1.id], to: &$0) }
        }
    }

    private func count(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        let count = try await store.count(of: caller.source.id, try OpsgenieSearch(request.target))
        return OpsgenieAnswer.data(since: start) { json in json.object { $0.member("count", count) } }
    }

    private func outcome(
        _ request: RequestContext, _ caller: IngressDesk.Caller, _ start: ContinuousClock.Instant
    ) async throws -> Answer {
        guard let id = UUID(uuidString: request.parameter("request")), let outcome = try await store.outcome(id),
            outcome.source == caller.source.id
        else { return OpsgenieAnswer.refusal(.notFound, "Request not found. It might not be processed, yet.") }
        return OpsgenieAnswer.data(since: start) { json in
            json.object { json in
                json.member("success", outcome.isSuccess)
                json.member("isSuccess", outcome.isSuccess)
                json.member("action", outcome.action)
                json.member("processedAt", outcome.processedAt)
                json.member("integrationId", outcome.source)
                json.member("status", outcome.status)
                json.member("alertId", outcome.alert.map { $0.text } ?? "")
                json.member("alias", outcome.alias ?? "")
            }
        }
    }

    private func found(_ request: RequestContext, _ source: Source) async throws -> StoredAlert {
        let name = try Self.name(request, request.foreign())
        guard let alert = try await store.alert(name, of: source.id) else { throw Problem.notFound("The alert") }
        return alert
    }

    private static func name(_ request: RequestContext, _ foreign: ForeignRequest) throws(Problem) -> OpsgenieName {
        if let problem = foreign.queryProblem { throw problem }
        return try OpsgenieName(
            request.parameter("id"), type: foreign.query.first { $0.name == "identifierType" }?.value)
    }

    private static func required(_ field: String, _ fields: ForeignFields) throws(Problem) -> String {
        guard let text = fields.text(field) else { throw .invalid("/\(field)", "is required") }
        return text
    }

    private static func tags(_ value: JSONValue?) -> [String] {
        (value?.array ?? []).prefix(20).compactMap { ForeignText.bounded($0.string, bytes: 50) }
            .map { $0.replacing(",", with: " ") }
    }
}

extension Route {
    /// The same, also where it is refused before its handler is asked.
    fileprivate var refusingAsOpsgenie: Route {
        var route = self
        route.refusalAnswer = OpsgenieAnswer.refusal
        return route
    }
}

// MARK: - Answers

/// The forms of Opsgenie's Alert API: always an object with `took` and `requestId`, for a yes and a no.
enum OpsgenieAnswer {
    /// The request was taken; what became of it can be asked under its id.
    static func accepted(_ id: UUID, since start: ContinuousClock.Instant) -> Answer {
        .json(status: .accepted) { json in
            json.object { json in
                json.member("result", "Request will be processed")
                finish(&json, id, start)
            }
        }
    }

    static func data(
        since start: ContinuousClock.Instant, _ write: (inout JSONWriter) -> Void
    ) -> Answer {
        .json { json in
            json.object { json in
                json.name("data")
                write(&json)
                finish(&json, .random(), start)
            }
        }
    }

    static func refusal(_ status: HTTPResponse.Status, _ message: String) -> Answer {
        .json(status: status) { json in
            json.object { json in
                json.member("message", message)
                finish(&json, .random(), .now)
            }
        }
    }

    /// A problem in their form; nil of a fault of ours, which their clients should meet as it is.
    static func refusal(_ problem: Problem) -> Answer? {
        let isOverload = problem.kind == .overloaded
        guard isOverload || problem.kind.status.code < 500 else { return nil }
        let letter = problem.members["dead_letter"]?.string.map { " Kept as dead letter \($0)." }
        let detail = letter.map { Problem.sentence(problem.detail) + $0 } ?? problem.detail
        var answer = refusal(isOverload ? .tooManyRequests : problem.kind.status, detail)
        answer.headers.append(contentsOf: problem.headers)
        return answer
    }

    /// An alert as their `GET` answers it: what its client sent comes back as it was.
    ///
    /// - Parameter sent: The body that created it. An alert that came by another door shows its labels as details.
    static func write(_ alert: StoredAlert, sent: JSONValue?, to json: inout JSONWriter) {
        let labels = (try? AlertTexts.texts(alert.labels)) ?? [:]
        let annotations = (try? AlertTexts.texts(alert.annotations)) ?? [:]
        let own = sent.map { OpsgenieFormat.ownLabels(of: $0) } ?? labels
        json.object { json in
            json.member("id", alert.id)
            json.member("tinyId", OpsgenieName.tiny(alert.id))
            json.member("alias", alert.identity)
            json.member("message", alert.title)
            json.member("status", alert.status == .resolved ? "closed" : "open")
            json.member("acknowledged", alert.status == .acknowledged)
            json.member("isSeen", alert.status != .firing)
            json.member("snoozed", false)
            json.array("tags", (labels["tags"] ?? "").split(separator: ",")) { $0.value(String($1)) }
            json.member("count", alert.occurrences)
            json.member("createdAt", alert.firstSeenAt)
            json.member("updatedAt", alert.lastSeenAt)
            json.member("lastOccurredAt", alert.lastSeenAt)
            json.member("source", own["source"])
            json.member("owner", alert.acknowledgedBy ?? "")
            json.member("priority", alert.severity ?? "P3")
            json.member("entity", own["entity"] ?? "")
            json.member("description", description(of: sent, annotations["description"]))
            json.member("responders", JSONValue.array((sent?["responders"]?.array ?? []).map(responder)))
            json.member("actions", JSONValue.array(sent?["actions"]?.array ?? []))
            json.member("details", details(of: sent, labels))
        }
    }

    /// All of what was sent, unless it was changed since: of long ones, the alert has the beginning.
    private static func description(of sent: JSONValue?, _ stored: String?) -> String {
        guard let told = sent?["description"]?.string,
            ForeignText.bounded(told, bytes: ForeignText.annotationBytesMax) == stored
        else { return stored ?? "" }
        return told
    }

    /// As it was sent. Their SDKs read no responder without an id, which Opsgenie itself looks up by the name.
    private static func responder(_ sent: JSONValue) -> JSONValue {
        guard var object = sent.object, object["id"] == nil else { return sent }
        let name = ["name", "username"].lazy.compactMap { object[$0]?.string }.first ?? ""
        object["id"] = .string(UUID.digest(of: "responder \(name)").text)
        return .object(object)
    }

    private static func details(of sent: JSONValue?, _ labels: [String: String]) -> JSONValue {
        guard let sent else {
            return .object(
                JSONObject(labels.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }))
        }
        return .object(sent["details"]?.object ?? JSONObject())
    }

    private static func finish(_ json: inout JSONWriter, _ id: UUID, _ start: ContinuousClock.Instant) {
        let took = start.duration(to: .now).components
        json.member("took", Double(took.seconds) + Double(took.attoseconds / 1_000_000_000_000_000) / 1000)
        json.member("requestId", id)
    }
}
