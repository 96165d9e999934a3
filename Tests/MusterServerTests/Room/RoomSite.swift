import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// A daemon with pages for engineers on a test's database; every answer of it is held against `docs/openapi.yaml`.
struct RoomSite: Sendable {
    let described: DescribedServer

    static let page: HTTPFields = [.accept: "text/html"]
    /// Of an address that somebody typed.
    static let typed: HTTPFields = [.accept: "text/html", .secFetchSite: "none"]

    static func with(
        _ configure: @escaping @Sendable (inout ServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RoomSite) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let site = RoomSite(described: try DescribedServer(pool: database.pool, configure: configure))
            try await body(site)
            #expect(site.described.complaints == [])
        }
    }

    // MARK: - Scripts

    @discardableResult
    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil
    ) async -> DescribedServer.Reply {
        let reply = await described.ask(method, path, body)
        #expect(reply.status < 300, "\(method) \(path): \(reply.text)")
        return reply
    }

    /// A new token, and its id.
    func token(_ role: Role, name: String = "ana") async throws -> (secret: String, id: String) {
        let made = await call(.post, "/v1/tokens", ["name": .string(name), "role": .string(role.rawValue)])
        return (try #require(made.json["token"]?.string), try #require(made.json["id"]?.string))
    }

    func open(_ body: JSONValue = ["title": "Nobody can sign in"]) async throws -> Int {
        try #require(await call(.post, "/v1/incidents", body).json["number"]?.integer)
    }

    func incident(_ number: Int) async -> JSONValue { await call(.get, "/v1/incidents/\(number)").json }

    // MARK: - Browsers

    /// Somebody who is signed in.
    func browser(_ role: Role = .commander, name: String = "ana") async throws -> Browser {
        try await signIn(try await token(role, name: name).secret)
    }

    func signIn(_ token: String) async throws -> Browser {
        let reply = await send("/sign-in", [("token", token)])
        #expect(reply.status == 303)
        let cookie = try #require(reply.headers[.setCookie])
        return Browser(site: self, cookie: String(cookie.prefix { $0 != ";" }))
    }

    func send(
        _ path: String, _ fields: [(String, String)], cookie: String? = nil, headers: HTTPFields = page
    ) async -> DescribedServer.Reply {
        var headers = headers
        headers[.contentType] = "application/x-www-form-urlencoded"
        if let cookie { headers[.cookie] = cookie }
        let text = fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
        return await described.ask(.post, path, raw: text.joined(separator: "&"), token: nil, headers: headers)
    }
}

/// A browser with a session: it sends the hidden fields that its page had.
struct Browser: Sendable {
    let site: RoomSite
    let cookie: String

    func get(_ path: String, headers: HTTPFields = RoomSite.page) async -> DescribedServer.Reply {
        var headers = headers
        headers[.cookie] = cookie
        return await site.described.ask(.get, path, token: nil, headers: headers)
    }

    /// The hidden fields of a page's forms.
    func hidden(_ path: String) async throws -> [(String, String)] {
        let page = await get(path)
        #expect(page.status == 200, "\(path)")
        return try ["form_code", "once", "version"].map { name in
            let mark = "name=\"\(name)\" value=\""
            let start = try #require(page.text.firstRange(of: mark), "\(path) has no \(name)")
            return (name, String(page.text[start.upperBound...].prefix { $0 != "\"" }))
        }
    }

    /// Sends a form of an incident as its page has it now.
    @discardableResult
    func send(
        _ operation: String, on number: Int, _ fields: [(String, String)] = [],
        hidden: [(String, String)]? = nil, headers: HTTPFields = RoomSite.page
    ) async throws -> DescribedServer.Reply {
        let known: [(String, String)]
        if let hidden { known = hidden } else { known = try await self.hidden("/incidents/\(number)") }
        return await site.send(
            "/incidents/\(number)/calls/\(operation)", known + fields, cookie: cookie, headers: headers)
    }
}
