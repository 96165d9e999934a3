import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// A server with one source, and what a tool sees of it.
struct IngressSite: Sendable {
    let server: DescribedServer
    let source: String
    let key: String

    /// Runs `body` with a source of a kind on an empty, migrated database.
    static func with(
        _ kind: SourceKind, _ settings: JSONObject = JSONObject(),
        _ body: @escaping @Sendable (IngressSite) async throws -> Void
    ) async throws {
        try await DescribedServer.with { try await body(IngressSite($0, kind, settings)) }
    }

    init(_ server: DescribedServer, _ kind: SourceKind, _ settings: JSONObject = JSONObject()) async throws {
        var fields = settings
        fields["name"] = .string(kind.rawValue)
        fields["kind"] = .string(kind.rawValue)
        let made = await server.ask(.post, "/v1/sources", .object(fields))
        try #require(made.status == 201, "\(made.text)")
        self.server = server
        source = try #require(made.json["id"]?.string)
        key = try #require(made.json["key"]?.string)
    }

    private init(_ server: DescribedServer, source: String, key: String) {
        (self.server, self.source, self.key) = (server, source, key)
    }

    /// The same source at another daemon, begun after the first one, on the same database.
    func afterRestart(_ body: @escaping @Sendable (IngressSite) async throws -> Void) async throws {
        let next = try DescribedServer(pool: server.server.pool)
        let running = Task { try await next.server.intake.run() }
        try await body(IngressSite(next, source: source, key: key))
        running.cancel()
        try await running.value
    }

    /// The same source at a daemon that takes no more alerts in.
    func whenOverloaded(_ body: (IngressSite) async throws -> Void) async throws {
        let full = try DescribedServer(pool: server.server.pool)
        let running = Task { try await full.server.intake.run() }
        running.cancel()
        try await running.value
        try await body(IngressSite(full, source: source, key: key))
    }

    /// What a tool sends that has only the key.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, raw: String? = nil,
        sent: [UInt8]? = nil, headers: HTTPFields = [:], gives status: Int
    ) async -> DescribedServer.Reply {
        let reply = await server.ask(method, path, body, raw: raw, sent: sent, token: nil, headers: headers)
        #expect(reply.status == status, "\(method) \(path): \(reply.text)")
        return reply
    }

    /// What an administrator sends.
    @discardableResult
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, gives status: Int = 200
    ) async -> DescribedServer.Reply {
        let reply = await server.ask(method, path, body)
        #expect(reply.status == status, "\(method) \(path): \(reply.text)")
        return reply
    }

    /// Every alert as `identity status occurrences`, in order.
    func alerts() async -> [String] {
        let items = await ask(.get, "/v1/alerts?limit=200").json["items"]?.array ?? []
        return items.map { alert in
            "\(alert["identity"]?.string ?? "") \(alert["status"]?.string ?? "") \(alert["occurrences"]?.integer ?? 0)"
        }.sorted()
    }

    func count(_ path: String) async -> Int {
        await ask(.get, path).json["items"]?.array?.count ?? -1
    }
}
