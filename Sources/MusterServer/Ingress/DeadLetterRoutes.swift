import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore

/// Messages that no format understood: looking at them, and sending them through once more when the mapping is mended.
struct DeadLetterRoutes: Sendable {
    let store: DeadLetterStore
    let sources: SourceStore
    let desk: IngressDesk

    var routes: [Route] {
        [
            Route(
                .get, "/v1/dead-letters", role: .admin, "listDeadLetters", query: ["source", "limit", "cursor"],
                isLong: true,
                handler: list),
            Route(.get, "/v1/dead-letters/{id}", role: .admin, "getDeadLetter", isLong: true, handler: get),
            Route(.delete, "/v1/dead-letters/{id}", role: .admin, "deleteDeadLetter", handler: delete),
            Route(
                .post, "/v1/dead-letters/{id}/replay", role: .admin, "replayDeadLetter", body: .optionalJSON,
                isLong: true,
                handler: replay),
            Route(
                .post, "/v1/sources/{id}/replay", role: .admin, "replayDeadLetters", body: .optionalJSON, isLong: true,
                handler: replayAll),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        var source: UUID?
        if let text = query.string("source") {
            source = UUID(uuidString: text)
            if source == nil { query.refuse("source", "should be the id of a source") }
        }
        let page = query.page(of: "dead-letters")
        try query.finish()
        let last = try page.cursor?.uuid(0)
        let found = try await store.list(of: source, before: last, limit: page.limit + 1)
        return Answer.page(
            found, page, of: request, cursor: { PageCursor(list: "dead-letters", key: [.string($0.id.uuidString)]) }
        ) { json, letter in
            json.object { Self.write(letter, to: &$0) }
        }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let (letter, body) = try await found(request)
        return .json { json in
            json.object { json in
                Self.write(letter, to: &json)
                let text = Self.text(body, isCut: letter.isCut)
                json.member("body", text ?? Base64.encode(body))
                json.member("body_encoding", text == nil ? "base64" : "utf-8")
            }
        }
    }

    /// A body as the text that it is; nil when it is none. One that was cut may end within a character.
    private static func text(_ body: [UInt8], isCut: Bool) -> String? {
        for left in 0...(isCut ? min(3, body.count) : 0) {
            if let text = String(validating: body.dropLast(left), as: UTF8.self) { return text }
        }
        return nil
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Dead letter")
        guard try await store.delete(id) else { throw Problem.notFound("Dead letter \(id.text)") }
        return .noContent
    }

    /// 200 when it went through, and is a dead letter no more; else the problem that it still has.
    private func replay(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        try body.finish()
        let (letter, bytes) = try await found(request)
        let message = try await replay(letter, bytes)
        return .json { json in
            json.object { $0.member("accepted", message.alerts.count + message.changes.count) }
        }
    }

    private func replayAll(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Source")
        var body = try request.fields()
        try body.finish()
        guard try await sources.source(id) != nil else {
            throw Problem.notFound("Source \(id.text)")
        }
        var (replayed, left) = (0, 0)
        // In the order in which they came, or an end would go before its beginning.
        for letter in try await store.list(of: id, before: nil, limit: DeadLetterStore.lettersMax).reversed() {
            guard let (letter, bytes) = try await store.letter(letter.id) else { continue }
            do {
                _ = try await replay(letter, bytes)
                replayed += 1
            } catch let problem as Problem where problem.kind != .overloaded {
                left += 1
            }
        }
        return .json { json in
            json.object { json in
                json.member("replayed", replayed)
                json.member("left", left)
            }
        }
    }

    private func replay(_ letter: DeadLetter, _ body: [UInt8]) async throws -> IncomingMessage {
        guard !letter.isCut else {
            throw Problem.invalid(
                "",
                "Only \(body.count) of \(letter.bodyBytes) bytes of this message were kept, so it cannot be replayed.")
        }
        guard let source = try await sources.source(letter.source), let entry = IngressEntry(rawValue: letter.entry)
        else { throw Problem.notFound("The source of this dead letter") }
        var headers = HTTPFields()
        for member in try JSONParser.parse(letter.headers).object?.members ?? [] {
            if let name = HTTPField.Name(member.name), let value = member.value.string { headers[name] = value }
        }
        let foreign = ForeignRequest(body: ByteBuffer(bytes: body), headers: headers, receivedAt: letter.lastAt)
        let message = try read(foreign, by: entry, of: source)
        // It is kept until all of it is understood.
        if let refused = message.refused { throw Problem.invalid(refused.errors) }
        try await desk.store(message, from: source)
        _ = try await store.delete(letter.id)
        return message
    }

    /// What is no JSON is the letter's fault, not that of the request to replay it, as a 400 would say.
    private func read(
        _ letter: ForeignRequest, by entry: IngressEntry, of source: Source
    ) throws(Problem) -> IncomingMessage {
        do {
            return try entry.read(letter, of: source)
        } catch {
            guard error.kind.status == .badRequest else { throw error }
            throw Problem.invalid("", "The message still cannot be read: \(error.detail)")
        }
    }

    private func found(_ request: RequestContext) async throws -> (DeadLetter, [UInt8]) {
        let id = try request.uuid("id", of: "Dead letter")
        guard let (letter, body) = try await store.letter(id) else {
            throw Problem.notFound("Dead letter \(id.text)")
        }
        return (letter, body)
    }

    private static func write(_ letter: DeadLetter, to json: inout JSONWriter) {
        json.member("id", letter.id)
        json.member("source", letter.source)
        json.member("entry", letter.entry)
        json.member("first_at", letter.firstAt)
        json.member("last_at", letter.lastAt)
        json.member("occurrences", letter.occurrences)
        json.name("headers")
        json.raw(letter.headers)
        json.member("body_bytes", letter.bodyBytes)
        json.member("is_cut", letter.isCut)
        json.member("reason", letter.reason)
    }
}
