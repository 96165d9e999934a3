import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Silences: making them, looking at them, ending them.
struct SilenceRoutes: Sendable {
    let store: SilenceStore
    /// What is let go is looked at by this daemon at once.
    let routing: WakeSignal

    var routes: [Route] {
        [
            Route(
                .get, "/v1/silences", role: .viewer, "listSilences", query: ["state", "source", "limit", "cursor"],
                isLong: true, fields: StoredSilence.fields, handler: list),
            Route(.post, "/v1/silences", role: .responder, "createSilence", body: .json, isLong: true, handler: create),
            Route(.get, "/v1/silences/{id}", role: .viewer, "getSilence", handler: get),
            Route(.delete, "/v1/silences/{id}", role: .responder, "expireSilence", handler: expire),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var filter = SilenceFilter()
        filter.states = query.enumerations("state")
        if let text = query.string("source") {
            filter.source = UUID(uuidString: text)
            if filter.source == nil { query.refuse("source", "should be the id of a source") }
        }
        let page = query.page(of: "silences")
        try query.finish()
        let last = try page.cursor.map { (createdAt: try $0.time(0), id: try $0.uuid(1)) }
        let found = try await store.list(filter, before: last, limit: page.limit + 1)
        return Answer.page(found, of: page, "silences", request) { $0.value($1) }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let matchers = MatcherBodies.matchers(&body)
        let startsAt = body.optionalTime("starts_at")
        let seconds = body.optionalInteger("duration_seconds", 1...Int(Silence.secondsMax))
        let endsAt = body.optionalTime("ends_at")
        let comment = body.string("comment", 1...2000)
        let isForEverything = body.optionalBool("everything") ?? false
        let draft = SilenceDraft(
            matchers: matchers, startsAt: startsAt, endsAt: endsAt, seconds: seconds, comment: comment,
            createdBy: request.principal.name)
        try body.finish()
        guard seconds == nil || endsAt == nil else {
            throw Problem.invalid("/ends_at", "is sent with duration_seconds; send only one of the two")
        }
        guard seconds != nil || endsAt != nil else {
            throw Problem.invalid("/ends_at", "or duration_seconds is required: every silence has an end")
        }
        guard isForEverything || !matchers.matchEverything else {
            throw Problem.invalid(
                "/matchers",
                "match every alert, so that no incident would open; narrow them, or send "
                    + "\"everything\": true")
        }
        let stored = try await store.create(request.commandID, draft, by: request.principal).silence()
        var json = JSONWriter()
        json.value(stored)
        return .created(json.bytes, location: "/v1/silences/\(stored.silence.id.text)")
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Silence")
        guard let stored = try await store.find(id)?.get() else { throw Self.unknown(id) }
        return .json { $0.value(stored) }
    }

    private func expire(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Silence")
        guard let row = try await store.expire(id, by: request.principal) else { throw Self.unknown(id) }
        routing.wake()
        guard let stored = row.readable else { return .noContent }
        return .json { $0.value(stored) }
    }

    private static func unknown(_ id: UUID) -> Problem {
        .notFound("Silence \(id.text)")
    }
}

extension SilenceStore.Saving {
    /// The silence that was stored.
    ///
    /// - Throws: `Problem` that says why none was.
    func silence() throws(Problem) -> StoredSilence {
        switch self {
        case .saved(let silence): return silence
        case .unknown: throw .notFound("The silence")
        case .tooMany(let max):
            throw .invalid("", "There are \(max) silences already, as many as are allowed here; end one first.")
        case .refused(let field, let detail): throw .invalid("/\(field)", detail)
        }
    }
}

extension StoredSilence: JSONWritable {
    /// Its members, of which `fields` chooses some.
    static let fields = [
        "id", "matchers", "state", "starts_at", "ends_at", "comment", "created_at", "created_by", "source", "holding",
        "skipped_alerts",
    ]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", silence.id)
            MatcherBodies.write(silence.matchers, to: &json)
            json.member("state", state.rawValue)
            json.member("starts_at", silence.startsAt)
            json.member("ends_at", silence.endsAt)
            json.member("comment", comment)
            json.member("created_at", createdAt)
            json.member("created_by", createdBy)
            json.member("source", source)
            json.member("holding", holding)
            json.member("skipped_alerts", MatchingSkips.shared.count(of: silence.id))
        }
    }
}
