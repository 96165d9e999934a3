import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import Postgres
import Synchronization
import TestSupport

@testable import MusterServer

/// The whole server without its socket. Every answer that it gives is held against `docs/openapi.yaml`.
final class DescribedServer: Sendable {
    struct Reply {
        let status: Int
        let headers: HTTPFields
        /// The body: what JSON or YAML says, other text as it is.
        let json: JSONValue
        let text: String
    }

    private struct Findings {
        var complaints: [String] = []
        var covered: Set<String> = []
        var seen: Set<String> = []
    }

    static let token = "muster_test_bootstrap"
    let server: MusterServer.Server
    private let dispatcher: Dispatcher
    private let document: OpenAPIDocument
    private let findings = Mutex(Findings())

    /// What was answered and is not described.
    var complaints: [String] { findings.withLock { $0.complaints } }
    /// Every `operation status` that was answered.
    var covered: Set<String> { findings.withLock { $0.covered } }
    /// Every property of a schema that was answered.
    var seen: Set<String> { findings.withLock { $0.seen } }

    init(pool: PostgresPool, configure: (inout MusterServer.ServerConfiguration) -> Void = { _ in }) throws {
        var configuration = try MusterServer.ServerConfiguration(
            SettingSource(
                yaml: nil, fileName: nil,
                environment: [
                    "MUSTER_AUTH_BOOTSTRAP_TOKEN": Self.token, "MUSTER_UPDATES_APPROVAL_SEV1": "businesses",
                    "MUSTER_ESCALATION_SEV4_NOTIFY": "nobody",
                ]))
        configure(&configuration)
        server = MusterServer.Server(
            configuration: configuration, pool: pool, metrics: MetricsRegistry(), logger: TestServer.quietLogger)
        dispatcher = server.dispatcher
        document = try OpenAPIDocument.loaded.get()
    }

    /// Runs `body` with a server on an empty, migrated database, which takes alerts in and looks at its feed: as
    /// transaction ids are the whole cluster's, another test's transaction can hold the feed back for a while.
    static func with(_ body: @escaping @Sendable (DescribedServer) async throws -> Void) async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let described = try DescribedServer(pool: database.pool) { configuration in
                // So that requests can come from several addresses.
                configuration.http.trustedProxies = [NetworkRange("127.0.0.0/8")].compactMap { $0 }
            }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await described.server.intake.run()
                    return false
                }
                group.addTask {
                    let feed = described.server.feed
                    try await FeedNotifier(signal: feed, pool: database.pool, logger: TestServer.quietLogger).run()
                    return false
                }
                group.addTask {
                    try await described.server.streams.run()
                    return false
                }
                group.addTask {
                    try await body(described)
                    return true
                }
                while let isDone = try await group.next(), !isDone {}
                group.cancelAll()
            }
        }
    }

    /// For what is answered before the database is asked.
    static func withoutDatabase<T>(_ body: (MusterServer.Server) async throws -> T) async throws -> T {
        try await withoutDatabase { described in try await body(described.server) }
    }

    static func withoutDatabase<T>(
        configure: (inout MusterServer.ServerConfiguration) -> Void = { _ in },
        _ body: (DescribedServer) async throws -> T
    ) async throws -> T {
        let nowhere = PostgresConfiguration(conninfo: "host=/nowhere")
        let pool = PostgresPool(configuration: nowhere, logger: TestServer.quietLogger)
        let result: T
        do {
            result = try await body(try DescribedServer(pool: pool, configure: configure))
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
        return result
    }

    /// The repository, above this file.
    static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
}

extension DescribedServer {
    /// Sends a request and holds its answer against the document.
    @discardableResult
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, raw: String? = nil,
        sent: [UInt8]? = nil, token: String? = DescribedServer.token, headers: HTTPFields = [:]
    ) async -> Reply {
        var fields = headers
        if let token { fields[.authorization] = "Bearer \(token)" }
        let bytes = body?.bytes ?? sent ?? raw.map { Array($0.utf8) } ?? []
        fields[.host] = "muster.test"
        let head = RequestHead(method: method, path: path, headerFields: RequestFields(fields))
        var answer = await dispatcher.respond(to: head, body: ByteBuffer(bytes: bytes))
        if let id = answer.requestID { answer.headers[.xRequestID] = id }
        let content = await Self.content(of: answer.body)
        let type = answer.headers[.contentType] ?? ""
        let text = String(decoding: content, as: UTF8.self)
        let json = Self.value(of: content, type) ?? .string(text)
        examine(method, path, answer, type, json)
        return Reply(status: Int(answer.status.code), headers: answer.headers, json: json, text: text)
    }

    /// Nil when it is another text.
    private static func value(of content: [UInt8], _ type: String) -> JSONValue? {
        if type == "text/event-stream" { return firstEvent(String(decoding: content, as: UTF8.self)) }
        if type == "application/yaml" { return (try? YAMLDocument(content))?.value ?? .null }
        guard type == "application/json" || type.hasSuffix("+json") else { return nil }
        return (try? JSONParser.parse(content)) ?? .null
    }

    /// The fields of the first server-sent event that has data.
    private static func firstEvent(_ stream: String) -> JSONValue? {
        let blocks = stream.split(separator: "\n\n").map { $0.split(separator: "\n") }
        guard let lines = blocks.first(where: { $0.contains { $0.hasPrefix("data: ") } }) else { return nil }
        let fields = lines.compactMap { line in
            line.firstRange(of: ": ").map {
                JSONObject.Member(
                    name: String(line[..<$0.lowerBound]), value: .string(String(line[$0.upperBound...])))
            }
        }
        return .object(JSONObject(fields))
    }

    /// A stream is read up to its first event.
    private static func content(of body: Answer.Body) async -> [UInt8] {
        switch body {
        case .empty: return []
        case .bytes(let buffer): return Array(buffer.readableBytesView)
        case .stream(let write):
            let first = FirstEvent()
            try? await write(FirstEventWriter(first: first))
            return first.bytes.withLock { $0 }
        }
    }

    private func examine(
        _ method: HTTPRequest.Method, _ path: String, _ answer: Answer, _ type: String, _ content: JSONValue
    ) {
        guard let segments = try? RequestTarget(path).segments, let operation = operation(method, segments) else {
            return examineUnrouted(method, path, answer, content)
        }
        let place = "\(operation.id) \(answer.status.code)"
        findings.withLock { _ = $0.covered.insert(place) }
        guard let described = operation.json["responses"]?["\(answer.status.code)"].map(document.resolve) else {
            return complain("\(place) is not described: \(method) \(path): \(content.text)")
        }
        examine(answer.headers, described, place)
        let contents = described["content"]?.object?.members ?? []
        guard let match = contents.first(where: { $0.name == type }) else {
            if contents.isEmpty, type.isEmpty, content == .string("") { return }
            return complain("\(place) has the media type \(type), described are \(contents.map(\.name))")
        }
        check(content, match.value["schema"] ?? .null, place)
    }

    /// Paths and methods that nothing describes get the answers that belong to none.
    private func examineUnrouted(
        _ method: HTTPRequest.Method, _ path: String, _ answer: Answer, _ content: JSONValue
    ) {
        let name = ["400": "BadRequest", "404": "NotFound", "405": "MethodNotAllowed"]["\(answer.status.code)"]
        guard let name, let described = document.root["components"]?["responses"]?[name] else {
            return complain("\(method) \(path) is answered by \(answer.status.code)")
        }
        examine(answer.headers, described, name)
        check(content, described["content"]?["application/problem+json"]?["schema"] ?? .null, name)
    }

    /// Each header that is described as required is there, and each that is there is described.
    private func examine(_ headers: HTTPFields, _ described: JSONValue, _ place: String) {
        let known = described["headers"]?.object?.members ?? []
        for header in known {
            let header = (name: header.name, value: document.resolve(header.value))
            guard let name = HTTPField.Name(header.name), let text = headers[name] else {
                if header.value["required"] == .bool(true) { complain("\(place) lacks the header \(header.name)") }
                continue
            }
            let isInteger = header.value["schema"]?["type"]?.string == "integer"
            let value = isInteger ? Int(text).map(JSONValue.integer) ?? .string(text) : .string(text)
            check(value, header.value["schema"] ?? .null, "\(place) header \(header.name)")
        }
        let edge: Set<String> = ["content-type", "content-length"]
        let names = Set(known.map { $0.name.lowercased() }).union(edge)
        for field in headers where !names.contains(field.name.canonicalName) {
            complain("\(place) has the header \(field.name), which is not described")
        }
    }

    private func operation(_ method: HTTPRequest.Method, _ segments: [String]) -> OpenAPIDocument.Operation? {
        guard case .found(let bound, _) = dispatcher.table.match(method, segments) else { return nil }
        return document.operation(bound.route.operation)
    }

    func check(_ value: JSONValue, _ schema: JSONValue, _ place: String) {
        var check = SchemaCheck(document)
        check.check(value, schema, at: "", name: "")
        findings.withLock { findings in
            findings.complaints += check.complaints.map { "\(place): \($0)" }
            findings.seen.formUnion(check.seen)
        }
    }

    private func complain(_ text: String) {
        findings.withLock { $0.complaints.append(text) }
    }
}

private final class FirstEvent: Sendable {
    let bytes = Mutex<[UInt8]>([])
}

/// Reads a stream of events up to the end of the first one, and then hangs up.
private struct FirstEventWriter: BodyWriter {
    struct HungUp: Error {}

    let first: FirstEvent

    func write(_ buffer: ByteBuffer) async throws {
        first.bytes.withLock { $0 += buffer.readableBytesView }
        if String(buffer: buffer).contains("data: ") { throw HungUp() }
    }
}
