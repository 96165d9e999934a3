import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// A daemon with a public page and subscribers on a test's database; its mail program writes each mail into a directory.
struct SubscriptionSite: Sendable {
    let described: DescribedServer
    let database: TestDatabase
    let mailbox: String
    let news: PublicNewsRunner

    static let ana = "ana@example.org"
    static let page: HTTPFields = [.accept: "text/html"]
    private static let key = "a key of the tests that is long enough"

    var server: MusterServer.Server { described.server }
    var pool: PostgresPool { server.pool }

    private init(
        _ database: TestDatabase, pool: PostgresPool, mailbox: String, _ change: (inout ServerConfiguration) -> Void
    )
        throws
    {
        (self.database, self.mailbox) = (database, mailbox)
        described = try DescribedServer(pool: pool) { configuration in
            configuration.http.trustedProxies = [NetworkRange("127.0.0.0/8")].compactMap { $0 }
            configuration.http.publicURL = "https://status.test"
            configuration.secretsKey = Self.key
            configuration.notifications.networks = OutboundNetworks(
                exceptions: [NetworkRange("127.0.0.0/8")].compactMap { $0 })
            configuration.notifications.mailCommand = [
                "/bin/sh", "-c", #"f=$(mktemp "$0/XXXXXXXX") && cat > "$f" && mv "$f" "$f.eml""#, mailbox,
            ]
            configuration.subscriptions.from = Mailbox("Stätus <status@example.org>")
            configuration.status.offersMail = true
            change(&configuration)
        }
        news = try #require(described.server.publicNewsRunner)
    }

    static func with(
        _ change: (inout ServerConfiguration) -> Void = { _ in }, _ body: (SubscriptionSite) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let mailbox = "/tmp/muster-mailbox-\(UUID().text)"
            try FileManager.default.createDirectory(atPath: mailbox, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: mailbox) }
            let site = try SubscriptionSite(database, pool: database.pool, mailbox: mailbox, change)
            let listing: JSONValue = ["name": "Feed", "group": "Apps"]
            await site.put("/v1/components/feed", ["tier": 1, "name": "hunter2", "public": listing])
            await site.put("/v1/components/chat", ["tier": 1, "name": "hunter2", "public": ["name": "Chat"]])
            try await site.look()
            try await body(site)
            #expect(site.described.complaints == [])
        }
    }

    /// Another daemon on the same database and with the same mail program.
    func beside<T>(_ body: (SubscriptionSite) async throws -> T) async throws -> T {
        let pool = PostgresPool(configuration: database.configuration, logger: TestServer.quietLogger)
        let other = try SubscriptionSite(database, pool: pool, mailbox: mailbox) { _ in }
        do {
            let value = try await body(other)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    // MARK: - Requests

    @discardableResult
    func put(_ path: String, _ body: JSONValue) async -> DescribedServer.Reply {
        let reply = await described.ask(.put, path, body)
        #expect(reply.status < 300, "\(path): \(reply.text)")
        return reply
    }

    @discardableResult
    func post(_ path: String, _ body: JSONValue = [:]) async -> DescribedServer.Reply {
        let reply = await described.ask(.post, path, body)
        #expect(reply.status < 300, "\(path): \(reply.text)")
        return reply
    }

    /// What anybody asks for, from an address.
    func subscribe(
        _ wish: JSONValue, from address: String = "192.0.2.1", headers: HTTPFields = [:]
    ) async -> DescribedServer.Reply {
        var headers = headers
        headers[.xForwardedFor] = address
        return await described.ask(.post, "/status/subscriptions", wish, token: nil, headers: headers)
    }

    /// A confirmed subscriber.
    @discardableResult
    func subscriber(_ wish: JSONValue, from address: String = "192.0.2.1") async throws -> SubscriptionSecrets {
        #expect(await subscribe(wish, from: address).status == 202)
        let secrets = try await secrets(wish)
        let reply = await described.ask(
            .post, "/status/subscriptions/confirm?token=\(secrets.question)", token: nil)
        #expect(reply.status == 200, "\(reply.text)")
        return secrets
    }

    func secrets(_ wish: JSONValue) async throws -> SubscriptionSecrets {
        let mail = wish["email"]?.string.map(SubscriberAddress.mail)
        let read = mail ?? SubscriberAddress.webhook(wish["webhook"]?.string ?? "")
        return try await DescribedLife(server: described).subscriptionTokens(try read.get())
    }

    // MARK: - What is public

    func open(_ component: String = "feed", title: String = "hunter2") async throws -> String {
        let impact: JSONValue = ["component": .string(component), "impact": "major_outage"]
        let made = await post("/v1/incidents", ["title": .string(title), "components": [impact]])
        return "/v1/incidents/\(try #require(made.json["number"]?.integer))"
    }

    func publish(_ incident: String, _ body: String, steps: [JSONValue] = ["Wait."]) async {
        await post(
            "\(incident)/updates",
            ["audience": "users", "body": .string(body), "steps": .array(steps)])
    }

    // MARK: - The loops

    func look() async throws { try await server.publicStatus?.pass() }

    /// Until what is public is what was told, and all of it is handed out.
    func tell() async throws {
        for _ in 0..<3 {
            try await look()
            try await news.pass()
        }
    }

    func send(_ channels: [SubscriptionChannel] = SubscriptionChannel.allCases) async throws {
        for channel in channels {
            let sender = server.subscriptionSender(channel)
            do {
                try await sender.pass()
            } catch {
                await sender.carrier.shutdown()
                throw error
            }
            await sender.carrier.shutdown()
        }
    }

    /// Has everything that waits tried now.
    func hurry() async throws {
        _ = try await pool.query("UPDATE subscription_delivery SET next_at = now() WHERE next_at IS NOT NULL")
    }

    // MARK: - What arrived

    /// The mails that are there, in no order, each with its head as it was and its texts decoded.
    func mails() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: mailbox).filter { $0.hasSuffix(".eml") }.map { name in
            let raw = try String(contentsOf: URL(filePath: "\(mailbox)/\(name)"), encoding: .utf8)
            return Self.decoded(raw)
        }
    }

    /// Without the soft line ends and escapes of quoted-printable, as far as the tests read them.
    static func decoded(_ mail: String) -> String {
        mail.replacing("=\n", with: "").replacing("=3D", with: "=").replacing("=2E", with: ".")
            .replacing("=46", with: "F").replacing("=C2=B7", with: "·").replacing("=C3=A4", with: "ä")
    }

    func count(_ table: String, where condition: String = "true") async throws -> Int {
        let sql: SQL = "SELECT count(*) FROM \(unescaped: table) WHERE \(unescaped: condition)"
        return try await pool.query(sql)[0].decode(0)
    }

    /// Many confirmed ones, made by hand: their addresses cannot be opened.
    func fill(_ count: Int, channel: String = "webhook", components: [String]? = nil) async throws {
        _ = try await pool.query(
            """
            INSERT INTO subscription (id, channel, address_code, network_code, sealed, token_code, question_code,
                question_until, language, components, created_at, confirmed_at)
            SELECT gen_random_uuid(), \(channel), sha256(('a' || n)::bytea), 'n', 'x', sha256(('t' || n)::bytea),
                sha256(('q' || n)::bytea), now(), 'en', \(components), now() - interval '1 day', now() - interval '1 day'
            FROM generate_series(1, \(count)) AS n
            """)
    }
}
