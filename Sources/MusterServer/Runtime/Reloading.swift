import Logging
import ServiceLifecycle
import Synchronization

/// How the configuration is read anew, and who asks for it.
struct Reloading: Sendable {
    let requests: AsyncStream<Void>
    let read: @Sendable () throws -> ServerConfiguration
    let environment: [String: String]
}

/// Takes a new configuration on SIGHUP: whole, or not at all.
struct ReloadRunner: Service {
    let reloading: Reloading
    let generations: Generations
    let status: DaemonStatus
    let gate: SchemaGate

    func run() async throws {
        await gate.pass()
        for await _ in reloading.requests.cancelOnGracefulShutdown() { await reload() }
    }

    /// One reload, from its first word to the service manager to its last.
    func reload() async {
        let old = generations.server
        status.notifier.reloading()
        do {
            let read = try reloading.read()
            let new = read.keepingFixed(of: old.configuration)
            let logger = new.makeLogger(environment: reloading.environment)
            for warning in read.warnings { logger.warning("\(warning)") }
            let fixed = read.fixedKeys(differingFrom: old.configuration)
            if !fixed.isEmpty {
                logger.warning(
                    "some settings take effect only after a restart",
                    metadata: ["keys": .array(fixed.map { .string($0) })])
            }
            let server = Server(
                configuration: new, pool: old.pool, metrics: old.metrics, logger: logger,
                isStopping: old.isStopping, clock: old.clock, board: old.board)
            try await server.checkWithDatabase()
            await generations.replace(with: server)
            logger.notice("configuration reloaded")
            status.reloaded(isRefused: false)
        } catch {
            let mistakes = (error as? ConfigurationError)?.errors ?? ["\(error)"]
            old.logger.error(
                "configuration reload refused; the old configuration stays in force",
                metadata: ["errors": .array(mistakes.map { .string($0) })])
            status.reloaded(isRefused: true)
        }
    }
}

extension ServerConfiguration {
    /// The keys that a running daemon cannot change, each with what it is compared by.
    private static let fixed: [(key: String, value: @Sendable (ServerConfiguration) -> String)] = [
        ("http.listen", { $0.http.listen.description }),
        ("http.connections_max", { "\($0.http.connectionsMax)" }),
        ("http.idle_timeout_seconds", { "\($0.http.idleTimeout)" }),
        ("http.body_timeout_seconds", { "\($0.http.bodyTimeout)" }),
        ("http.body_budget_bytes", { "\($0.http.bodyBudgetBytes)" }),
        ("http.body_rate_min_bytes", { "\($0.http.bodyRateMinBytes)" }),
        ("http.write_timeout_seconds", { "\($0.http.writeTimeout)" }),
        ("http.unsent_budget_bytes", { "\($0.http.unsentBudgetBytes)" }),
        ("data.directory", { $0.data.directory }),
        ("data.postgres_user", { $0.data.postgresUser ?? "" }),
        ("database.url", { $0.database.url ?? "" }),
        ("database.password", { $0.database.password ?? "" }),
        ("database.connections", { "\($0.database.connections)" }),
        ("database.statement_deadline_seconds", { "\($0.database.statementDeadline)" }),
        ("database.statement_timeout_seconds", { "\($0.database.statementTimeout)" }),
        ("database.connect_timeout_seconds", { "\($0.database.connectTimeout)" }),
        ("shutdown.grace_seconds", { "\($0.shutdownGrace)" }),
    ]

    /// Which settings of this one the daemon that runs with `other` cannot take.
    func fixedKeys(differingFrom other: ServerConfiguration) -> [String] {
        Self.fixed.filter { $0.value(self) != $0.value(other) }.map(\.key)
    }

    /// This one, with what cannot be changed as it is.
    func keepingFixed(of other: ServerConfiguration) -> ServerConfiguration {
        var merged = self
        merged.http.listen = other.http.listen
        merged.http.connectionsMax = other.http.connectionsMax
        merged.http.idleTimeout = other.http.idleTimeout
        merged.http.bodyTimeout = other.http.bodyTimeout
        merged.http.bodyBudgetBytes = other.http.bodyBudgetBytes
        merged.http.bodyRateMinBytes = other.http.bodyRateMinBytes
        merged.http.writeTimeout = other.http.writeTimeout
        merged.http.unsentBudgetBytes = other.http.unsentBudgetBytes
        merged.data = other.data
        merged.database = other.database
        merged.shutdownGrace = other.shutdownGrace
        // With the embedded PostgreSQL and none configured, the one that was made at the start.
        if merged.database.url == nil, merged.bootstrapToken == nil { merged.bootstrapToken = other.bootstrapToken }
        return merged
    }
}

/// One configuration at work: a server made of it, and its loops.
///
/// A reload makes the next one beside it instead of changing settings one by one under way, so that every request and
/// every loop sees one configuration, whole. Two at the same time do each other no more harm than two daemons do.
final class Generation: Service {
    let server: Server
    let pulses: [RunnerPulse]
    private let loops: ServiceGroup

    init(_ server: Server) {
        self.server = server
        let runners = server.runners.map(PulsingService.init)
        pulses = runners.map(\.pulse)
        loops = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: runners.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                logger: server.logger.atLeast(.notice)))
    }

    func run() async throws {
        try await loops.run()
    }

    /// Ends the loops once the requests that began under this configuration have their answers.
    ///
    /// - Parameter begun: These requests.
    func retire(after begun: Budget) async {
        server.streams.end()
        // A count of the hot path, which must not pay for a signal at each request: a reload is rare and may look now and then.
        while begun.current > 0, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await loops.triggerGracefulShutdown()
    }
}

/// The generations of this daemon: the newest one gets what is new, those before it end what they have begun.
final class Generations: Service {
    let dispatcher: CurrentDispatcher
    private let alive: Mutex<[Generation]>
    private let arrivals: AsyncStream<Generation>
    private let arrived: AsyncStream<Generation>.Continuation

    init(first server: Server) {
        let first = Generation(server)
        // Until the schema is right, only what is in memory is answered.
        var waiting = server.dispatcher
        waiting.waitsForDatabase = true
        dispatcher = CurrentDispatcher(waiting)
        alive = Mutex([first])
        (arrivals, arrived) = AsyncStream.makeStream()
        arrived.yield(first)
    }

    /// The newest one's server.
    var server: Server {
        alive.withLock { $0[$0.count - 1] }.server
    }

    /// The schema is right: from now on everything is answered.
    func open() {
        _ = dispatcher.replace(with: server.dispatcher)
    }

    /// Of every loop that runs.
    var pulses: [RunnerPulse] {
        alive.withLock { $0.flatMap(\.pulses) }
    }

    /// Ends what would go on for ever: streams of events.
    func endStreams() {
        for generation in alive.withLock({ $0 }) { generation.server.streams.end() }
    }

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await generation in arrivals.cancelOnGracefulShutdown() {
                group.addTask {
                    try await generation.run()
                    self.alive.withLock { alive in
                        if alive.count > 1 { alive.removeAll { $0 === generation } }
                    }
                }
            }
        }
    }

    /// Has everything from now on done under another configuration; returns when what was begun before has ended.
    func replace(with server: Server) async {
        let new = Generation(server)
        let old = alive.withLock { alive in
            defer { alive.append(new) }
            return alive[alive.count - 1]
        }
        arrived.yield(new)
        let begun = dispatcher.replace(with: server.dispatcher).begun
        await old.retire(after: begun)
    }
}
