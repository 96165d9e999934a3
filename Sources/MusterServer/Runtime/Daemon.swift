import Glibc
package import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Synchronization
import UnixSignals

extension Server {
    /// Runs the daemon until it is asked to stop: PostgreSQL, the schema, the loops and the socket, in this order, and
    /// back in the opposite one. Throws what kept it from starting or running.
    ///
    /// - Parameter reload: Reads the configuration anew.
    package static func serve(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger,
        reload: @escaping @Sendable () throws -> ServerConfiguration
    ) async throws {
        MemoryLimits.keepLittle()
        ProcessMetrics.markStart()
        let sockets = try SystemdSockets(environment: environment)
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        CountersFromStart.show()
        let (reloads, hangUps) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        var group = ServiceGroupConfiguration(
            services: [
                Daemon(
                    configuration: configuration, metrics: metrics,
                    notifier: SystemdNotifier(environment: environment), logger: logger,
                    reloading: Reloading(requests: reloads, read: reload, environment: environment),
                    inherited: sockets.http)
            ],
            logger: logger.atLeast(.notice))
        // What goes on after that is cancelled, and has the rest of the grace to end.
        group.maximumGracefulShutdownDuration = configuration.shutdownGrace * 0.9
        let daemon = ServiceGroup(configuration: group)
        // A private PostgreSQL is stopped after all else, and has its own time for it.
        let limit = configuration.shutdownGrace + (configuration.database.url == nil ? .seconds(24) : .zero)
        let isAsked = StopFlag()
        let signals = Task { await listen(for: daemon, logger, hangUps, isAsked, limit: limit) }
        defer { signals.cancel() }
        do {
            try await daemon.run()
        } catch is CancellationError where isAsked.isSet {
            logger.warning("requests that did not end within shutdown.grace_seconds were cancelled")
        }
    }

    /// SIGTERM and SIGINT stop the daemon gracefully; a second one ends the process at once, for whoever cannot wait. The
    /// private PostgreSQL is built to survive that. SIGHUP has the configuration read anew.
    private static func listen(
        for daemon: ServiceGroup, _ logger: Logger, _ hangUps: AsyncStream<Void>.Continuation, _ isAsked: StopFlag,
        limit: Duration
    ) async {
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
            if signal == .sighup {
                hangUps.yield()
                continue
            }
            if isAsked.isSet {
                logger.warning("ended by a second signal", metadata: ["signal": .stringConvertible(signal)])
                _exit(1)
            }
            isAsked.set()
            endAnyway(after: limit, logger)
            await daemon.triggerGracefulShutdown()
        }
    }

    /// However a stop goes, the process is gone in time: what hangs would otherwise be ended by a signal. Nothing that was
    /// acknowledged is lost by it, no more than by `kill -9`. By the kernel's clock, as threads of ours may be what hangs.
    private static func endAnyway(after limit: Duration, _ logger: Logger) {
        Task {
            try? await Task.sleep(for: limit - .milliseconds(200))
            logger.warning("the stop takes longer than shutdown.grace_seconds; the process ends now")
        }
        signal(SIGALRM) { _ in _exit(0) }
        let (seconds, attoseconds) = limit.components
        var timer = itimerval()
        timer.it_value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }
}

/// Everything between the start and the end of `musterd serve`, as one service, so that a signal is heard from the very
/// beginning: also while PostgreSQL is being set up.
struct Daemon: Service {
    let configuration: ServerConfiguration
    let metrics: MetricsRegistry
    let notifier: SystemdNotifier
    let logger: Logger
    let reloading: Reloading
    /// The listening socket that systemd opened.
    let inherited: CInt?

    func run() async throws {
        var configuration = configuration
        let database = try await Database.open(&configuration, logger: logger)
        do {
            try await serve(configuration, on: database)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
        let held = LoopMonitor.shared.ever
        logger.notice(
            "stopped",
            metadata: [
                "loop_held_ms": .stringConvertible(held.wall.wholeMilliseconds),
                "loop_held_cpu_ms": .stringConvertible(held.cpu.wholeMilliseconds),
            ])
    }

    private func serve(_ configuration: ServerConfiguration, on database: Database) async throws {
        let pool = PostgresPool(configuration: database.pool, logger: logger)
        let server = Server(configuration: configuration, pool: pool, metrics: metrics, logger: logger)
        let status = DaemonStatus(notifier: notifier)
        let generations = Generations(first: server)
        let gate = SchemaGate()
        let http = HTTPServer(
            configuration: configuration.http, dispatcher: generations.dispatcher, logger: logger, inherited: inherited,
            onListening: { address in
                if !gate.isOpen {
                    logger.notice(
                        "only the public page is answered until the database can be reached",
                        metadata: ["address": .string(address)])
                }
                await gate.pass()
                guard !server.isStopping.isSet else { return }
                logger.notice("listening", metadata: ["address": .string(address)])
                status.ready(at: address)
            })
        let hangs = configuration.database.statementDeadline * 2 + .seconds(20)
        let vital =
            VitalSign.eventLoops() + [.pool(pool), .runners({ generations.pulses }, limit: hangs)]
        // Services are stopped from the last to the first.
        let services: [any Service] = [
            SystemdWatchdog(notifier: notifier, signs: vital, logger: logger),
            LoopMonitorRunner(logger: logger),
            MemoryRunner(),
            pool,
            StatusRunner(status: status, store: StatusStore(pool: pool), gate: gate),
            GatedService(service: generations, gate: gate, isStopping: server.isStopping),
            ReloadRunner(reloading: reloading, generations: generations, status: status, gate: gate),
            ServingService(
                server: server, generations: generations, database: database, http: http, notifier: notifier, gate: gate
            ),
        ]
        let group = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            logger: logger.atLeast(.notice))
        try await ServiceGroup(configuration: group).run()
    }
}

/// Brings the schema up to date and then serves. One service, because nothing may be answered before.
struct ServingService: Service {
    let server: Server
    let generations: Generations
    let database: Database
    let http: HTTPServer
    let notifier: SystemdNotifier
    let gate: SchemaGate

    func run() async throws {
        // Also when it fails, so that the loops, which wait for nothing else, can end.
        defer { gate.open() }
        try await withGracefulShutdownHandler {
            let listening = SchemaGate()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await listening.pass()
                    guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
                    try await http.run()
                }
                do {
                    try await prepare(listening)
                } catch {
                    // It is over: nobody is told that we are ready.
                    server.isStopping.set()
                    group.cancelAll()
                    gate.open()
                    listening.open()
                    throw error
                }
                if Task.isShuttingDownGracefully { server.isStopping.set() }
                gate.open()
                listening.open()
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            server.isStopping.set()
            generations.endStreams()
            notifier.stopping()
            server.logger.notice("stopping")
        }
    }

    /// Everything that comes before the first request that needs the database.
    ///
    /// - Parameter listening: Opened early where the database is away: the public page is shown meanwhile, as it was last known.
    private func prepare(_ listening: SchemaGate) async throws {
        do {
            try await cancelWhenGracefulShutdown { try await migrate(listening) }
        } catch {
            // Whoever stops us while we wait for the database is not told that we failed.
            guard Task.isShuttingDownGracefully else { throw error }
        }
        guard !Task.isShuttingDownGracefully else { return }
        try await server.checkWithDatabase()
        // Before the first request; if it fails, the loop asks again.
        try? await DatabaseClockStore(pool: server.pool).read(into: server.clock)
        if let publicStatus = server.publicStatus {
            do { try await publicStatus.pass() } catch { await publicStatus.restore() }
        }
        generations.open()
    }

    /// Waits for a database that is not there yet: after a power failure everything starts at once.
    private func migrate(_ listening: SchemaGate) async throws {
        guard server.configuration.database.migrate else { return }
        var delay: Duration = .milliseconds(200)
        while !Task.isCancelled {
            do {
                let applied = try await server.migrator.migrate(database.pool, logger: server.logger)
                if !applied.isEmpty {
                    server.logger.notice("schema changed", metadata: ["migrations": .stringConvertible(applied.count)])
                }
                return
            } catch let error as PostgresError where error.isTransient {
                server.logger.warning("the database cannot be reached yet", metadata: ["error": .string("\(error)")])
                notifier.status("waiting for the database")
                if !listening.isOpen {
                    await server.publicStatus?.restore()
                    listening.open()
                }
                await server.publicStatus?.tellAge()
                try? await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(5))
            }
        }
    }
}

extension Logger {
    /// The same logger, saying nothing below a level: for libraries that tell of each step. Whatever the level is, since
    /// they also tell what our services hold, the secrets of the configuration included.
    func atLeast(_ level: Logger.Level) -> Logger {
        var logger = self
        logger.logLevel = max(logger.logLevel, level)
        return logger
    }
}

/// Opens once, when the schema is right: until then no loop may look at tables.
final class SchemaGate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Lets everybody pass, now and from now on. To be called in any case at the end, so that nobody waits for ever.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Loops that begin behind the gate.
struct GatedService: Service {
    let service: any Service
    let gate: SchemaGate
    let isStopping: StopFlag

    func run() async throws {
        await gate.pass()
        // A stop opens the gate, too. Loops that began now would wait for a database that is not there, and the stop for them.
        guard !isStopping.isSet else {
            try? await gracefulShutdown()
            return
        }
        try await service.run()
    }
}
