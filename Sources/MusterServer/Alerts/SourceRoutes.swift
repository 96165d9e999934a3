import FoundationEssentials
import HTTPTypes
import IncidentDomain

/// Making and removing inbound keys.
struct SourceRoutes: Sendable {
    let store: SourceStore
    let cache: SourceCache
    /// What URLs begin with, as `https://muster.example`; nil takes the host that the caller itself used.
    let publicURL: String?

    var routes: [Route] {
        [
            Route(.get, "/v1/sources", role: .admin, "listSources", query: ["limit", "cursor"], handler: list),
            Route(.post, "/v1/sources", role: .admin, "createSource", body: .json, handler: create),
            Route(.delete, "/v1/sources/{id}", role: .admin, "deleteSource", handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "sources")
        try query.finish()
        let last = try page.cursor.map { UUID(uuidString: try $0.string(0)) ?? .random() }
        let found = try await store.list(before: last, limit: page.limit + 1)
        let items = found.prefix(page.limit)
        let next =
            found.count > page.limit
            ? items.last.map { PageCursor(list: "sources", key: [.string($0.id.uuidString)]) } : nil
        return Answer.page(items, next: next, of: request) { json, source in
            json.object { Self.write(source, to: &$0) }
        }
    }

    private func create(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let name = body.string("name", 1...200)
        let kind: SourceKind = body.enumeration("kind")
        try body.finish()
        let key = try Self.makeKey()
        let source = try await store.create(
            id: request.commandID, name: name, kind: kind, keyHash: SourceCache.hash(key), by: request.principal)
        var json = JSONWriter()
        json.object { json in
            Self.write(source, to: &json)
            json.member("key", key)
            json.member("url", "\(publicURL ?? request.head.authority.map { "http://\($0)" } ?? "")/hooks/\(key)")
        }
        return .created(json.bytes, location: "/v1/sources/\(source.id.uuidString.lowercased())")
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Source")
        guard try await store.delete(id, by: request.principal) else {
            throw Problem.notFound("Source \(id.uuidString.lowercased())")
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
    }

    /// 32 lower-case letters and digits, as PagerDuty's routing keys have.
    private static func makeKey() throws -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        return String(decoding: try OpenSSL.randomBytes(32).map { letters[Int($0 % 32)] }, as: UTF8.self)
    }
}
