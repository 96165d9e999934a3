import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import TestSupport

@testable import MusterServer

/// A daemon's part that tells, on a test's database.
struct NotificationSite: Sendable {
    let daemon: TestDaemon
    let endpoints: EndpointStore
    let log = RecordedLog()

    var pool: PostgresPool { daemon.pool }
    var store: NotificationStore { NotificationStore(pool: pool) }
    var search: NotificationSearch { NotificationSearch(pool: pool) }
    var backlog: BacklogStore { BacklogStore(pool: pool) }

    static let secretsKey = "a key of the tests that is long enough"

    init(_ daemon: TestDaemon) {
        self.daemon = daemon
        endpoints = EndpointStore(pool: daemon.pool, secretsKey: Self.secretsKey)
    }

    static func with(_ body: (NotificationSite) async throws -> Void) async throws {
        try await TestDaemon.with { try await body(NotificationSite($0)) }
    }

    // MARK: - Endpoints

    /// One that hears everything, or the kinds that are named.
    @discardableResult
    func endpoint(
        _ name: String = "ops", _ url: String = "http://127.0.0.1:9/", format: EndpointFormat = .standardWebhooks,
        events: [String]? = Array(NoticeKinds.names), headers: [String: String] = [:],
        options: [String: String] = [:], timeout: Int = 5
    ) async throws -> UUID {
        var filter = NoticeFilter()
        filter.events = events
        let settings = EndpointSettings(
            name: name, format: format, filter: filter, headers: headers.keys.sorted(), options: options,
            timeoutSeconds: timeout)
        let secrets = EndpointSecrets(url: url, headers: headers, signing: try .make(.hmac))
        let id = UUID()
        guard case .done = try await endpoints.create(id, settings, secrets, by: .mia) else {
            throw PostgresError.misconfigured(reason: "the endpoint was not made")
        }
        return id
    }

    func state(_ id: UUID) async throws -> Endpoint.State? {
        try await endpoints.find(id)?.get().state
    }

    // MARK: - The loops

    var fanOut: NoticeFanOut {
        NoticeFanOut(
            pool: pool, policy: PhasePolicy(), signal: nil, sending: WakeSignal(), logger: TestServer.quietLogger)
    }

    /// Until all that was committed is fanned out: transactions of other tests hold the feed back for a while.
    func tellAll() async throws {
        while true {
            try await fanOut.pass()
            let outlook = try await NoticeStore.outlook(in: pool)
            if !outlook.hasNews, !outlook.hasMore { return }
        }
    }

    func sender(
        _ schedule: RetrySchedule = RetrySchedule(), names: NameLookup = .shared,
        networks: [String] = ["127.0.0.0/8"], mail: MailProgram? = nil
    ) -> NotificationSender {
        let client = OutboundClient(
            networks: OutboundNetworks(exceptions: networks.compactMap(NetworkRange.init)), names: names,
            clients: PinnedClients())
        let log = log
        return NotificationSender(
            store: store, endpoints: endpoints, carrier: MessageCarrier(client: client, mail: mail),
            installation: Installation(store: InstallationStore(pool: pool)), publicURL: "https://muster.test",
            signal: WakeSignal(), noticing: WakeSignal(),
            logger: Logger(label: "test") { _ in RecordingLogHandler(log: log) }, schedule: schedule)
    }

    /// Lets a sender run until something holds in the database.
    func send(_ sender: NotificationSender, until condition: SQL) async throws {
        sender.signal.wake()
        let running = Task { try await sender.run() }
        try await pool.waitUntil(condition)
        running.cancel()
        try await running.value
    }

    /// Sends notifications of an endpoint again; returns how many.
    func replay(_ endpoint: UUID, _ wanted: NotificationStore.Replay) async throws -> Int {
        try await store.replay(endpoint, wanted, by: .mia).count
    }

    static let nothingWaits: SQL = "NOT EXISTS (SELECT FROM notification WHERE state = 'pending')"
    static let somethingWasTried: SQL = "EXISTS (SELECT FROM notification_attempt)"

    // MARK: - What came of it

    /// Of an endpoint's notifications, in their order, a column as text.
    func column(_ name: String, of endpoint: UUID, where condition: String = "true") async throws -> [String] {
        try await pool.query(
            """
            SELECT coalesce((\(unescaped: name))::text, '-') AS value
            FROM notification JOIN notice ON notice.id = notification.notice
            WHERE endpoint = \(endpoint) AND \(unescaped: condition) ORDER BY notification.id
            """
        ).map { try $0.decode("value") }
    }
}
