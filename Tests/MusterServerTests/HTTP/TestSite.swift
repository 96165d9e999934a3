import HTTPTypes
import IncidentDomain
import Logging
import ServiceLifecycle
import Synchronization

@testable import MusterServer

/// The HTTP edge on a port of its own, with routes and tokens of the test's choosing and no database.
struct TestSite: Sendable {
    let port: Int
    let log: RecordedLog
    let authenticator: Authenticator
    private let group: ServiceGroup

    /// The token of each role is the role's name and enough else to be one.
    static func token(_ role: Role) -> String {
        "muster_test_\(role.rawValue)"
    }

    /// Runs `body` with a site that serves the routes.
    static func with<Result: Sendable>(
        _ routes: [Route], configure: (inout ServerConfiguration) -> Void = { _ in },
        tokens: any TokenLookup = RoleTokens(), farewell: Duration = .milliseconds(20),
        _ body: @Sendable (TestSite) async throws -> Result
    ) async throws -> Result {
        var configuration = try ServerConfiguration(
            SettingSource(yaml: "http: {listen: \"127.0.0.1:0\"}", fileName: nil, environment: [:]))
        configure(&configuration)
        let log = RecordedLog()
        let logger = Logger(label: "test") { _ in RecordingLogHandler(log: log) }
        let authenticator = Authenticator(tokens: tokens, bootstrapToken: "muster_test_bootstrap")
        let dispatcher = Dispatcher(
            table: RouteTable(routes), authenticator: authenticator, idempotency: nil,
            limits: RequestLimits(
                bodyBytesMax: configuration.http.requestBodyMaxBytes,
                messageBytesMax: configuration.ingress.bodyMaxBytes,
                requiresIfMatch: configuration.http.requireIfMatch),
            inFlight: Budget(max: configuration.http.requestsInFlightMax), logger: logger)
        let (addresses, continuation) = AsyncStream.makeStream(of: String.self)
        let server = HTTPServer(
            configuration: configuration.http, dispatcher: CurrentDispatcher(dispatcher), logger: logger,
            farewell: farewell, onListening: { address in continuation.yield(address) })
        let group = ServiceGroup(services: [server], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = addresses.makeAsyncIterator()
            let address = await iterator.next() ?? ""
            let port = Int(address.split(separator: ":").last ?? "") ?? 0
            let site = TestSite(port: port, log: log, authenticator: authenticator, group: group)
            let result = try await body(site)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    /// Asks the site to stop, as a signal would.
    func stop() async {
        await group.triggerGracefulShutdown()
    }

    /// One request on a connection of its own. Header lines as they are sent.
    func ask(
        _ method: String, _ path: String, as role: Role? = nil, headers: [String] = [], body: String? = nil
    ) async throws -> RawClient.Reply {
        let client = try RawClient(port: port)
        var lines = ["\(method) \(path) HTTP/1.1", "Host: test"] + headers
        if let role { lines.append("Authorization: Bearer \(Self.token(role))") }
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        let request = lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
        try await client.send(Array(request.utf8))
        return try await client.reply(hasBody: method != "HEAD")
    }
}

/// Knows the tokens of `TestSite.token(_:)`.
struct RoleTokens: TokenLookup {
    func principal(tokenHash: [UInt8]) async throws -> Principal? {
        let role = Role.allCases.first { OpenSSL.sha256(Array(TestSite.token($0).utf8)) == tokenHash }
        return role.map { Principal(id: "id-\($0.rawValue)", name: $0.rawValue, role: $0) }
    }
}

/// What was logged.
final class RecordedLog: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: [String: String]
    }

    private let stored = Mutex<[Line]>([])

    var lines: [Line] { stored.withLock { $0 } }

    func add(_ line: Line) {
        stored.withLock { $0.append(line) }
    }
}

struct RecordingLogHandler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    init(log: RecordedLog) {
        self.log = log
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        log.add(
            RecordedLog.Line(
                level: event.level, message: event.message.description, metadata: all.mapValues(\.description)))
    }
}
