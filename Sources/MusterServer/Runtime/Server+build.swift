import Glibc
package import Logging
import Metrics
import Postgres
import ServiceLifecycle
import UnixSignals

extension Server {
    /// Runs the daemon until it is asked to stop: PostgreSQL, the schema, the loops and the socket, in this order, and
    /// back in the opposite one. Throws what kept it from starting or running.
    package static func serve(
        _ configuration: ServerConfiguration, environment: [String: String], logger: Logger
    ) async throws {
        ProcessMetrics.markStart()
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        var group = ServiceGroupConfiguration(
            services: [
                Daemon(
                    configuration: configuration, metrics: metrics,
                    notifier: SystemdNotifier(environment: environment), logger: logger)
            ],
            logger: logger.atLeast(.notice))
        group.maximumGracefulShutdownDuration = configuration.shutdownGrace
        let daemon = ServiceGroup(configuration: group)
        let signals = Task { await stop(daemon, onSignals: logger) }
        defer { signals.cancel() }
        try await daemon.run()
    }

    /// SIGTERM and SIGINT stop the daemon gracefully; a second one ends the process at once, for whoever cannot wait. The
    /// private PostgreSQL is built to survive that.
    private static func stop(_ daemon: ServiceGroup, onSignals logger: Logger) async {
        var isStopping = false
        for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            if isStopping {
                logger.warning("ended by a second signal", metadata: ["signal": .stringConvertible(signal)])
                _exit(1)
            }
            isStopping = true
            await daemon.triggerGracefulShutdown()
        }
    }
}

/// Everything between the start and the end of `musterd serve`, as one service, so that a signal is heard from the very
/// beginning: also while PostgreSQL is being set up.
struct Daemon: Service {
    let configuration: ServerConfiguration
    let metrics: MetricsRegistry
    let notifier: SystemdNotifier
    let logger: Logger
    /// Told the address once the daemon serves; for tests.
    var onListening: @Sendable (String) -> Void = { _ in }

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
        logger.notice("stopped")
    }

    private func serve(_ configuration: ServerConfiguration, on database: Database) async throws {
        let pool = PostgresPool(configuration: database.pool, logger: logger)
        let server = Server(configuration: configuration, pool: pool, metrics: metrics, logger: logger)
        let http = HTTPServer(
            configuration: configuration.http, dispatcher: server.dispatcher, logger: logger,
            onListening: { address in
                logger.notice("listening", metadata: ["address": .string(address)])
                notifier.ready(status: "listening on \(address)")
                onListening(address)
            })
        // Services are stopped from the last to the first.
        let gate = SchemaGate()
        let services: [any Service] =
            [WatchdogRunner(notifier: notifier), pool]
            + server.runners.map { GatedService(service: $0, gate: gate) }
            + [ServingService(server: server, database: database, http: http, notifier: notifier, gate: gate)]
        let group = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            logger: logger.atLeast(.notice))
        try await ServiceGroup(configuration: group).run()
    }
}

/// Brings the schema up to date and then serves. One service, because nothing may be answered before.
struct ServingService: Service {
    let server: Server
    let database: Database
    let http: HTTPServer
    let notifier: SystemdNotifier
    let gate: SchemaGate

    func run() async throws {
        // Also when it fails, so that the loops, which wait for nothing else, can end.
        defer { gate.open() }
        try await withGracefulShutdownHandler {
            do {
                try await cancelWhenGracefulShutdown { try await migrate() }
            } catch {
                // Whoever stops us while we wait for the database is not told that we failed.
                guard Task.isShuttingDownGracefully else { throw error }
            }
            guard !Task.isShuttingDownGracefully else { return }
            gate.open()
            try await http.run()
        } onGracefulShutdown: {
            server.isStopping.set()
            notifier.stopping()
            server.logger.notice("stopping")
        }
    }

    /// Waits for a database that is not there yet: after a power failure everything starts at once.
    private func migrate() async throws {
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
