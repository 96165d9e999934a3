import Logging
import Postgres
import ServiceLifecycle

/// The pieces that the features share, made once by `Server+build.swift`. Routes are listed in `Server+routes.swift`,
/// loops in `runners` below.
package struct Server: Sendable {
    let configuration: ServerConfiguration
    let logger: Logger
    let pool: PostgresPool
    let migrator: Migrator
    let metrics: MetricsRegistry
    let inFlight: InFlightGate
    let isStopping: StopFlag
    let clock: DatabaseClock
    let tokens: TokenStore
    let authenticator: Authenticator
    let idempotency: IdempotencyStore
    let features: Features
    private let figures: FigureCache

    init(
        configuration: ServerConfiguration, pool: PostgresPool, metrics: MetricsRegistry, logger: Logger,
        isStopping: StopFlag = StopFlag(), clock: DatabaseClock = DatabaseClock()
    ) {
        self.configuration = configuration
        self.logger = logger
        self.pool = pool
        self.metrics = metrics
        migrator = Migrator(migrations: Migrations.all)
        inFlight = InFlightGate(max: configuration.http.requestsInFlightMax)
        self.isStopping = isStopping
        self.clock = clock
        tokens = TokenStore(pool: pool)
        authenticator = Authenticator(tokens: tokens, bootstrapToken: configuration.bootstrapToken)
        idempotency = IdempotencyStore(pool: pool)
        features = Features(pool: pool, configuration: configuration, clock: clock, logger: logger)
        figures = FigureCache { try await FigureSearch(pool: pool).figures() }
    }

    var liveMetrics: LiveMetrics {
        LiveMetrics(
            inFlight: inFlight, intake: features.intake, feed: features.feed,
            connectionsMax: configuration.database.connections, figures: figures)
    }

    /// The loops that run beside the requests. A feature adds its own here.
    var runners: [any Service] {
        [
            DatabaseClockRunner(clock: clock, store: DatabaseClockStore(pool: pool), logger: logger),
            TokenChangeRunner(pool: pool, authenticator: authenticator),
            IdempotencyPruneRunner(store: idempotency, logger: logger),
        ] + features.runners
    }

    var dispatcher: Dispatcher {
        Dispatcher(
            table: RouteTable(routes),
            authenticator: authenticator,
            // A request makes a handful of statements, and each ends by its deadline.
            idempotency: IdempotencyDesk(
                store: idempotency, logger: logger, lease: configuration.database.statementDeadline * 4),
            limits: RequestLimits(
                bodyBytesMax: configuration.http.requestBodyMaxBytes,
                messageBytesMax: configuration.ingress.bodyMaxBytes,
                requiresIfMatch: configuration.http.requireIfMatch),
            inFlight: inFlight,
            clock: clock,
            logger: logger)
    }
}
