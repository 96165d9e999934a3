import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing

/// A client of one daemon under one token: JSON in and out.
struct API: Sendable {
    let address: String
    var token: String?

    /// What is sent as a body.
    enum Body: Sendable {
        case none
        case json(JSON)
        case text(String)
        /// In pieces, without saying how long it is.
        case chunks(of: String, count: Int)
    }

    /// Never shut down: it lives as long as the test process.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // A daemon that is down shall be seen at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func send(
        _ method: String, _ path: String, _ body: Body = .none, headers: [String: String] = [:],
        timeout seconds: Int64 = 40
    ) async throws -> Reply {
        let response = try await Self.http.execute(request(method, path, body, headers), timeout: .seconds(seconds))
        let buffer = try await response.body.collect(upTo: 64 << 20)
        return Reply(
            request: "\(method) \(path)", status: Int(response.status.code), headers: response.headers,
            bytes: Array(buffer.readableBytesView))
    }

    /// An answer that goes on and on.
    func stream(_ path: String, headers: [String: String] = [:]) async throws -> HTTPClientResponse {
        try await Self.http.execute(request("GET", path, .none, headers), timeout: .hours(1))
    }

    private func request(
        _ method: String, _ path: String, _ body: Body, _ headers: [String: String]
    ) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://\(address)\(path)")
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        switch body {
        case .none: break
        case .json(let json):
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try json.bytes)
        case .text(let text):
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(Array(text.utf8))
        case .chunks(let text, let count):
            request.headers.add(name: "Content-Type", value: "application/json")
            let pieces = AsyncStream { continuation in
                for _ in 0..<count { continuation.yield(ByteBuffer(string: text)) }
                continuation.finish()
            }
            request.body = .stream(pieces, length: .unknown)
        }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        return request
    }
}

extension API {
    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: JSON? = nil, headers: [String: String] = [:]) async throws -> Reply {
        try await send("POST", path, body.map(Body.json) ?? .none, headers: headers)
    }

    func put(_ path: String, _ body: JSON, headers: [String: String] = [:]) async throws -> Reply {
        try await send("PUT", path, .json(body), headers: headers)
    }

    func patch(_ path: String, _ body: JSON, headers: [String: String] = [:]) async throws -> Reply {
        try await send("PATCH", path, .json(body), headers: headers)
    }

    func delete(_ path: String) async throws -> Reply {
        try await send("DELETE", path)
    }

    /// The same daemon under another token.
    func with(token: String?) -> API {
        API(address: address, token: token)
    }

    /// Makes a token of a role and a client that has it. Needs an admin.
    ///
    /// - Parameter person: Whose token it is; nil of a tool's own.
    func client(
        _ name: String, _ role: String, person: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> API {
        let made = try await post(
            "/v1/tokens",
            ["name": .string(name), "role": .string(role), "person": person.map { .string($0) } ?? .null]
        )
        .expect(201, sourceLocation: sourceLocation)
        return with(token: made["token"].string)
    }

    /// Begins the review of an incident and writes what only people know.
    ///
    /// - Parameter moment: An object with `occurred_at`, or an empty one.
    func writeReview(
        of path: String, _ moment: JSON = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await post(path + "/review", moment).expect(201, sourceLocation: sourceLocation)
        let sections = ["what_went_well", "what_went_wrong", "lessons"].map { id -> JSON in
            ["id": .string(id), "markdown": "It is understood."]
        }
        try await put(path + "/review", moment.with(["sections": .array(sections)]))
            .expect(200, sourceLocation: sourceLocation)
    }

    /// Every item of a list, page by page.
    func all(
        _ path: String, limit: Int = 200, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let query = "limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page = try await get(path + (path.contains("?") ? "&" : "?") + query)
                .expect(200, sourceLocation: sourceLocation)
            items += page["items"].items
            cursor = page["next_cursor"].string
        } while cursor != nil
        return items
    }
}

/// An answer.
struct Reply: Sendable, CustomStringConvertible {
    let request: String
    let status: Int
    let headers: HTTPHeaders
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON { (try? JSON(bytes)) ?? .null }
    /// The version of the incident that the answer shows.
    var version: Int? { headers.first(name: "ETag").flatMap { Int($0.filter { $0 != "\"" }) } }
    func header(_ name: String) -> String? { headers.first(name: name) }
    var isSuccess: Bool { (200..<300).contains(status) }
    var description: String { "\(request) -> \(status) \(text.prefix(2_000))" }

    /// The body, when the status is the expected one; else the test ends here.
    @discardableResult
    func expect(_ wanted: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> JSON {
        try #require(status == wanted, "\(self)", sourceLocation: sourceLocation)
        return json
    }

    /// The problem document, when it is the expected one; else the test ends here.
    @discardableResult
    func problem(
        _ wanted: Int, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let problem = try expect(wanted, sourceLocation: sourceLocation)
        #expect(
            header("Content-Type") == "application/problem+json", "\(self)", sourceLocation: sourceLocation)
        #expect(problem["type"] == .string("/problems/\(name)"), "\(self)", sourceLocation: sourceLocation)
        #expect(problem["status"].int == wanted, "\(self)", sourceLocation: sourceLocation)
        #expect(problem["title"].string?.isEmpty == false, "\(self)", sourceLocation: sourceLocation)
        #expect(header("X-Request-Id") != nil, sourceLocation: sourceLocation)
        return problem
    }
}
