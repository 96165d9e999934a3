import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import ServiceLifecycle

/// The history of an incident, redaction, and the stream of everything committed.
struct TimelineRoutes: Sendable {
    let desk: IncidentDesk
    let reader: TimelineReader
    let streams: FeedHub

    var routes: [Route] {
        [
            Route(
                .get, "/v1/incidents/{id}/timeline", role: .viewer, "getTimeline",
                query: ["after", "order", "limit", "cursor"], isLong: true, fields: MarkedEntry.fields,
                handler: timeline),
            Route(
                .post, "/v1/incidents/{id}/timeline/{sequence}/redact", role: .responder, "redactTimelineEntry",
                body: .json, isConditional: true, handler: redact),
            Route(
                .post, "/v1/incidents/{id}/timeline/{sequence}/strike", role: .responder, "strikeTimelineEntry",
                body: .json, isConditional: true, handler: strike),
            Route(
                .patch, "/v1/incidents/{id}/timeline/{sequence}", role: .responder, "correctTimelineEntry", body: .json,
                isConditional: true, handler: correct),
            Route(.get, "/v1/events", role: .viewer, "streamEvents", query: ["after"], handler: stream),
        ]
    }

    private func timeline(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let after = query.integer("after", 0...Int.max)
        let order: TimelineOrder = query.enumeration("order") ?? .oldest
        let page = query.page(of: "timeline")
        try query.finish()
        let place = try page.cursor?.integer(0)
        let found =
            switch order {
            case .oldest: try await reader.page(of: number, after: place ?? after ?? 0, limit: page.limit + 1)
            case .newest:
                try await reader.page(of: number, after: after ?? 0, before: place ?? .max, limit: page.limit + 1)
            }
        if found.isEmpty { _ = try await desk.current(number) }  // 404 when there is no such incident.
        let marks =
            found.isEmpty ? EntryMarks([]) : EntryMarks(try await reader.all(of: number, kinds: EntryMarks.kinds))
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "timeline", key: [.integer($0.recorded.sequence)]) }
        ) { $0.value(MarkedEntry(entry: $1, marks: marks)) }
    }

    private func strike(_ request: RequestContext) async throws -> Answer {
        try await mark(request) { body in
            let reason = body.string("reason", 1...2000)
            return { .strike($0, $1?.event, reason: reason) }
        }
    }

    /// A note is starred, or an entry gets the time at which it really happened.
    private func correct(_ request: RequestContext) async throws -> Answer {
        try await mark(request) { body in
            let key = body.optionalBool("key")
            let isMoved = body.has("happened_at")
            let moment = body.optionalTime("happened_at")
            let reason = body.optionalString("reason", 1...2000)
            return { (sequence, entry) throws(Problem) in
                if let key, moment == nil, reason == nil { return .star(sequence, entry?.event, key: key) }
                guard isMoved, key == nil else {
                    throw .invalid("/key", "is given alone, or happened_at with a reason; exactly one of the two")
                }
                guard let reason else {
                    throw .invalid("/reason", "is required with happened_at: why was the time wrong?")
                }
                return .correctEntryTime(sequence, entry, moment, reason: reason)
            }
        }
    }

    /// Reads the entry, which never changes, and puts a command about it.
    private func mark(
        _ request: RequestContext,
        _ read: (inout BodyReader) -> (Int, RecordedEvent?) throws(Problem) -> IncidentCommand
    ) async throws -> Answer {
        let number = try request.incidentNumber()
        let sequence = try request.number("sequence", of: "Timeline entry")
        var body = try request.fields()
        let command = read(&body)
        let context = try CommandContext(request, &body)
        let entry = try await reader.page(of: number, after: sequence - 1, limit: 1).first
        let recorded = entry.flatMap { $0.recorded.sequence == sequence ? $0.recorded : nil }
        let outcome = try await desk.handle(try command(sequence, recorded), on: number, context)
        return IncidentRepresentation.answer(outcome)
    }

    private func redact(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let sequence = try request.number("sequence", of: "Timeline entry")
        var body = try request.fields()
        let reason = body.string("reason", 1...2000)
        let outcome = try await desk.redact(
            sequence, of: number, reason: reason, try CommandContext(request, &body))
        return IncidentRepresentation.answer(outcome)
    }

    /// Server-sent events: each has its position as id, so that `Last-Event-ID` goes on exactly where the client was.
    private func stream(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let after = query.string("after")
        try query.finish()
        let rule = "is not an event id, as an event of this stream has it; 0-0 is the beginning"
        let given: FeedPosition?
        if let header = request.head.headerFields[.lastEventID] {
            given = FeedPosition(header)
            // The header goes before `after`, as a browser that comes again repeats the first address.
            if given == nil { throw Problem(.malformedRequest, "Last-Event-ID \(rule).") }
        } else {
            given = after.flatMap(FeedPosition.init)
            if after != nil, given == nil { throw Problem.invalid("/after", rule) }
        }
        let isBootstrap = request.principal == Authenticator.bootstrap
        let token = try Authenticator.token(in: request.head.headerFields)
        let seat = try streams.join(
            request.principal, tokenHash: isBootstrap ? nil : OpenSSL.sha256(Array(token.utf8)))
        let start: FeedPosition
        if let given {
            start = given
        } else {
            start = try await streams.feed.end()
        }
        return .events(FeedStream(seat: seat, start: start))
    }
}

extension Answer {
    /// What is committed, as server-sent events.
    static func events(_ events: FeedStream) -> Answer {
        var answer = Answer(
            .ok,
            body: .stream { writer in try await events.write { try await writer.write($0) } })
        answer.headers[.contentType] = "text/event-stream"
        answer.headers[.cacheControl] = "no-store"
        return answer
    }
}

extension HTTPField.Name {
    static var lastEventID: HTTPField.Name { HTTPField.Name("Last-Event-ID")! }
}

/// Reads timelines for the routes, which know no SQL and no pool.
struct TimelineReader: Sendable {
    let runner: any SQLRunner
    let store = TimelineStore()

    func page(of number: Int, after sequence: Int, limit: Int) async throws -> [TimelineEntry] {
        try await store.page(
            of: number, after: sequence, order: .oldest, limit: limit, bytesMax: Page.bytesMax, in: runner)
    }

    /// The newest first.
    func page(
        of number: Int, after sequence: Int, before end: Int, kinds: [String]? = nil, limit: Int
    ) async throws -> [TimelineEntry] {
        try await store.page(
            of: number, after: sequence, before: end, kinds: kinds, order: .newest, limit: limit,
            bytesMax: Page.bytesMax, in: runner)
    }

    /// What people did after a sequence, the oldest first.
    func byPeople(of number: Int, after sequence: Int, limit: Int) async throws -> [TimelineEntry] {
        try await store.byPeople(of: number, after: sequence, limit: limit, in: runner)
    }

    /// Whether a command appended something to an incident.
    func isCarriedOut(_ commandID: UUID, on number: Int) async throws -> Bool {
        try await store.firstEntry(of: commandID, on: number, in: runner) != nil
    }

    func all(of number: Int, kinds: [String]? = nil) async throws -> [TimelineEntry] {
        try await store.all(of: number, kinds: kinds, in: runner)
    }
}

/// What was said of entries later: which were struck out, when they really happened, which notes are starred, and how exactly their
/// times are known.
struct EntryMarks: Sendable {
    static let kinds = [EntryStruck.kind, EntryTimeCorrected.kind, EntryStarred.kind, TimeQualified.kind]

    private(set) var struck: [Int: (by: String, at: Timestamp, reason: String)] = [:]
    private(set) var moved: [Int: (happenedAt: Timestamp, by: String, at: Timestamp, reason: String)] = [:]
    private(set) var starred: [Int: Bool] = [:]
    private(set) var precisions: [Int: TimePrecision] = [:]

    init(_ entries: [TimelineEntry]) {
        for entry in entries.map(\.recorded) {
            if let strike = entry.event.as(EntryStruck.self) {
                struck[strike.sequence] = (entry.actor.name, entry.occurredAt, strike.reason)
            } else if let moving = entry.event.as(EntryTimeCorrected.self) {
                moved[moving.sequence] =
                    moving.restores ?? false
                    ? nil : (moving.happenedAt, entry.actor.name, entry.occurredAt, moving.reason)
            } else if let star = entry.event.as(EntryStarred.self) {
                starred[star.sequence] = star.key
            } else if let qualified = entry.event.as(TimeQualified.self) {
                for sequence in qualified.sequences { precisions[sequence] = qualified.precision }
            }
        }
    }
}

/// An entry with what was said of it later.
struct MarkedEntry: JSONWritable {
    /// Its members, of which `fields` chooses some.
    static let fields = [
        "incident", "sequence", "kind", "text", "actor", "actor_id", "actor_token", "occurred_at", "recorded_at",
        "data", "redacted",
        "precision", "key", "struck", "corrected", "hash",
    ]

    let entry: TimelineEntry
    let marks: EntryMarks

    func write(to json: inout JSONWriter) {
        let sequence = entry.recorded.sequence
        json.object { json in
            entry.writeMembers(to: &json)
            if let precision = marks.precisions[sequence] { json.member("precision", precision.rawValue) }
            if let key = marks.starred[sequence] { json.member("key", key) }
            if let moved = marks.moved[sequence] {
                json.object("corrected") { json in
                    json.member("happened_at", moved.happenedAt)
                    json.member("by", moved.by)
                    json.member("at", moved.at)
                    json.member("reason", moved.reason)
                }
            }
            guard let strike = marks.struck[sequence] else { return }
            json.object("struck") { json in
                json.member("by", strike.by)
                json.member("at", strike.at)
                json.member("reason", strike.reason)
            }
        }
    }
}

extension TimelineEntry: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.member("incident", incident)
        json.member("sequence", recorded.sequence)
        json.member("kind", stored.kind)
        json.member("text", recorded.event.sentence)
        json.member("actor", recorded.actor.name)
        json.member("actor_id", recorded.actor.id)
        json.member("actor_token", recorded.actor.token)
        json.member("occurred_at", recorded.occurredAt)
        json.member("recorded_at", recorded.recordedAt)
        json.name("data")
        json.raw(stored.payload)
        json.member("redacted", isRedacted)
        json.member("hash", HashChain.hex(hash))
    }
}
