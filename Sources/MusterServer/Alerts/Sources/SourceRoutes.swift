import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Inbound keys: making, changing and removing them, and trying out what their messages become.
struct SourceRoutes: Sendable {
    let store: SourceStore
    let cache: SourceCache
    let trial: RuleTrial
    let names: NamedComponents
    /// What URLs begin with, as `https://muster.example`; nil takes the host that the caller itself used.
    let publicURL: String?

    var routes: [Route] {
        [
            Route(
                .get, "/v1/sources", role: .admin, "listSources", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(.post, "/v1/sources", role: .admin, "createSource", body: .json, isLong: true, handler: create),
            Route(.get, "/v1/sources/{id}", role: .admin, "getSource", handler: get),
            Route(.patch, "/v1/sources/{id}", role: .admin, "updateSource", body: .json, isLong: true, handler: update),
            Route(
                .post, "/v1/sources/{id}/rotate", role: .admin, "rotateSource", body: .optionalJSON, handler: rotate),
            Route(
                .post, "/v1/sources/{id}/try", role: .admin, "trySource", query: .anything, body: .foreign,
                isLong: true,
                handler: SourceTrial(store: store, rules: trial).carryOut
            ).takingMessages,
            Route(.delete, "/v1/sources/{id}", role: .admin, "deleteSource", handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "sources")
        try query.finish()
        let last = try page.cursor?.uuid(0)
        let found = try await store.list(before: last, limit: page.limit + 1)
        return Answer.page(found, of: page, "sources", request) { json, source in
            json.object { Self.write(source, to: &$0) }
        }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let name = body.string("name", 1...200)
        // Those of Muster's own alerts are built in.
        let kind = body.enumeration("kind", among: SourceKind.allCases.filter { $0 != .internal })
        let isOther = body.errors.allSatisfy { $0.pointer != "/kind" } && kind != .generic
        let mapping = Self.mapping(&body, isLookedAt: !isOther)
        let signature = Self.signature(&body)
        try body.finish()
        if isOther { try Self.refuseMapping(body, of: kind) }
        try await names.check(Self.mentions(mapping))
        let key = try Self.makeKey()
        let source = try await store.create(
            id: request.commandID, name: name, kind: kind, keyHash: SourceCache.hash(key), mapping: mapping,
            signature: try signature.map { try Self.sealed($0, key) }, by: request.principal)
        // Under the same Idempotency-Key it takes the place of the first key.
        cache.forgetAll()
        return .created(
            document(source, key: key, request), location: "/v1/sources/\(source.id.text)")
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let source = try await found(request)
        return .json { json in json.object { Self.write(source, to: &$0) } }
    }

    /// What is not named stays; a `mapping` or `signature` of null goes.
    private func update(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let name = body.optionalString("name", 1...200)
        let changesMapping = body.has("mapping")
        let mapping = Self.mapping(&body)
        let changesSignature = body.has("signature")
        let signature = Self.signature(&body)
        let key = body.optionalString("key", 1...200)
        try body.finish()
        if signature != nil, key == nil {
            throw Problem.invalid("/key", "is required: the secrets are encrypted with the source's key")
        }
        var source = try await found(request)
        try Self.refuseMapping(body, of: source.kind)
        try await names.check(Self.mentions(mapping), before: Self.mentions(source.mapping))
        if let name { source.name = name }
        if changesMapping { source.mapping = mapping }
        if changesSignature { source.signature = nil }
        if let signature, let key {
            guard try await store.hasKey(source.id, keyHash: SourceCache.hash(key)) else {
                throw Problem.invalid("/key", "is not the key of this source")
            }
            source.signature = try Self.sealed(signature, key)
        }
        try await store.update(source, keyHash: nil, by: request.principal)
        cache.forgetAll()
        return .json { json in json.object { Self.write(source, to: &$0) } }
    }

    /// A new key in the place of the old one, which opens nothing from then on.
    private func rotate(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let old = body.optionalString("key", 1...200)
        try body.finish()
        var source = try await found(request)
        let key = try Self.makeKey()
        if let signature = source.signature {
            guard let old else {
                throw Problem.invalid("/key", "is required: the secrets are encrypted with the source's key")
            }
            guard let sealed = try signature.resealed(old: old, new: key) else {
                throw Problem.invalid("/key", "is not the key of this source")
            }
            source.signature?.sealedSecrets = sealed
        }
        try await store.update(source, keyHash: SourceCache.hash(key), by: request.principal)
        cache.forgetAll()
        return .json(document(source, key: key, request))
    }

    /// Built-in sources are not found: a key of theirs would let somebody raise alerts in Muster's name.
    private func found(_ request: RequestContext) async throws -> Source {
        let id = try request.uuid("id", of: "Source")
        guard let source = try await store.source(id), source.kind != .internal else {
            throw Problem.notFound("Source \(id.text)")
        }
        return source
    }

    private static func mapping(_ body: inout BodyReader, isLookedAt: Bool = true) -> PayloadMapping? {
        guard let json = body.optionalJSON("mapping"), json != .null else { return nil }
        guard isLookedAt || json.object == nil else { return nil }
        do throws(Problem) {
            return try PayloadMapping(json, at: "/mapping")
        } catch {
            body.take(error)
            return nil
        }
    }

    /// A mapping is for one kind only.
    private static func refuseMapping(_ body: BodyReader, of kind: SourceKind) throws(Problem) {
        guard kind != .generic, body.says("mapping") else { return }
        throw .invalid(
            "/mapping", "is only for sources of the kind generic; the kind \(kind.rawValue) reads its own format")
    }

    private static func mentions(_ mapping: PayloadMapping?) -> [NamedComponents.Mention] {
        mapping?.rules[.component]?.mentions(at: "/mapping/component") ?? []
    }

    private static func signature(
        _ body: inout BodyReader
    ) -> (signature: SourceSignature, secrets: [String])? {
        body.optionalObject("signature") { item in
            let read = SourceSignature.read(&item)
            if read.secrets.isEmpty, !item.errors.contains(where: { $0.pointer.contains("/secrets") }) {
                item.refuse("secrets", "should be one secret, or two while the secret is being changed")
            }
            for (field, name) in [
                ("header", read.signature.header), ("timestamp_header", read.signature.timestampHeader),
            ] {
                if let name, HTTPField.Name(name) == nil { item.refuse(field, "is not a valid header name") }
            }
            return read
        }
    }

    private static func sealed(
        _ signature: (signature: SourceSignature, secrets: [String]), _ key: String
    ) throws -> SourceSignature {
        var sealed = signature.signature
        sealed.sealedSecrets = try SourceSignature.seal(signature.secrets, sourceKey: key)
        return sealed
    }

    /// The source with its key and its URL, which are shown this once.
    private func document(_ source: Source, key: String, _ request: RequestContext) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            Self.write(source, to: &json)
            json.member("key", key)
            json.member("url", "\(publicURL ?? request.head.authority.map { "http://\($0)" } ?? "")/hooks/\(key)")
        }
        return json.bytes
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Source")
        guard !BuiltInSource.ids.contains(id) else {
            throw Problem(.inUse, "This source is built in: Muster itself raises its alerts.")
        }
        guard try await store.delete(id, by: request.principal) else {
            throw Problem.notFound("Source \(id.text)")
        }
        cache.forgetAll()
        return .noContent
    }

    private static func write(_ source: Source, to json: inout JSONWriter) {
        json.member("id", source.id)
        json.member("name", source.name)
        json.member("kind", source.kind.rawValue)
        json.member("created_at", source.createdAt)
        json.member("created_by", source.createdBy)
        json.member("mapping", source.mapping?.json ?? .null)
        json.member("signature", source.signature?.json ?? .null)
        json.member("confirmation_url", source.confirmationURL)
    }

    /// 32 lower-case letters and digits, as PagerDuty's routing keys have.
    private static func makeKey() throws -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        return String(decoding: try OpenSSL.randomBytes(32).map { letters[Int($0 % 32)] }, as: UTF8.self)
    }
}

/// What a payload would become if it came to a source: everything is read and nothing is stored.
///
/// The body is the payload as the tool would send it. To try a mapping that is not saved, the body is
/// `{"mapping": ..., "payload": ...}` with the media type `application/vnd.muster.try+json`.
struct SourceTrial: Sendable {
    let store: SourceStore
    let rules: RuleTrial

    private static let wrapper = "application/vnd.muster.try+json"

    func carryOut(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Source")
        guard var source = try await store.source(id) else {
            throw Problem.notFound("Source \(id.text)")
        }
        var foreign = request.foreign()
        if foreign.mediaType == Self.wrapper {
            var body = try request.fields()
            let mapping = body.optionalJSON("mapping") ?? .null
            let payload = body.optionalJSON("payload") ?? .null
            try body.finish()
            source.mapping = try PayloadMapping(mapping, at: "/mapping")
            foreign.headers[.contentType] = "application/json"
            foreign.parsed = payload
        }
        let message = try IngressEntry.hook.read(foreign, of: source)
        var tried: [Tried] = []
        for alert in message.alerts {
            let facts = RuleBook.facts(of: alert, source: source)
            // An end opens nothing, whatever the rules say.
            let isEnd = alert.status == .resolved
            tried.append(Tried(alert: alert, routing: isEnd ? nil : try await rules.outcome(of: facts)))
        }
        return .json { [tried] json in json.object { Self.write(message, tried, to: &$0) } }
    }

    /// An alert, and what the rules and silences would make of it.
    private struct Tried {
        let alert: IncomingAlert
        let routing: RuleTrial.Outcome?
    }

    private static func write(_ message: IncomingMessage, _ tried: [Tried], to json: inout JSONWriter) {
        json.array("alerts", tried) { json, tried in
            let alert = tried.alert
            json.object { json in
                json.member("identity", alert.identity)
                json.member("status", alert.status.rawValue)
                json.member("title", alert.title)
                json.member("group", alert.groupKey)
                json.member("component", alert.component)
                json.member("severity", alert.severity)
                json.member("starts_at", alert.startsAt)
                json.member("ends_at", alert.endsAt)
                json.member("expires_at", alert.expiresAt)
                json.member("routing", tried.routing)
                json.object("labels") { json in
                    for (name, value) in alert.labels.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
                }
                json.object("annotations") { json in
                    for (name, value) in alert.annotations.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
                }
            }
        }
        json.array("changes", message.changes) { json, change in
            json.object { json in
                json.member("summary", change.summary)
                json.member("component", change.component)
                json.member("at", change.at)
            }
        }
        json.array("refused", message.refused?.errors ?? []) { json, error in
            json.object { json in
                json.member("pointer", error.pointer)
                json.member("detail", error.detail)
            }
        }
        json.member("ends_group", message.resolvedGroup)
        json.member("confirmation_url", message.confirmationURL)
    }
}
