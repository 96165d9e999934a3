import Logging
import Postgres
import ServiceLifecycle

/// What Muster notices by itself, heartbeats and probes: their pieces, made once.
struct Senses: Sendable {
    let heartbeats: HeartbeatStore
    let probes: ProbeStore
    let check: ProbeCheck
    /// Wakes `SenseRunner` when an alert has something to hear.
    let signal = WakeSignal()
    private let fleet: FleetStore
    private let signals: SenseSignalStore
    private let intake: AlertIntake
    private let rules: RuleBook
    private let concurrentMax: Int
    private let logger: Logger

    init(
        pool: PostgresPool, intake: AlertIntake, rules: RuleBook, probes: ServerConfiguration.Probes,
        secretsKey: String? = nil, clock: DatabaseClock = DatabaseClock(), logger: Logger
    ) {
        heartbeats = HeartbeatStore(pool: pool)
        self.probes = ProbeStore(pool: pool, secretsKey: secretsKey)
        check = ProbeCheck(networks: probes.networks) { clock.now }
        fleet = FleetStore(pool: pool)
        signals = SenseSignalStore(pool: pool)
        self.intake = intake
        self.rules = rules
        concurrentMax = probes.concurrentMax
        self.logger = logger
    }

    var heartbeatRunner: HeartbeatRunner {
        HeartbeatRunner(store: heartbeats, fleet: fleet, signal: signal, logger: logger)
    }

    var probeRunner: ProbeRunner {
        ProbeRunner(store: probes, check: check, signal: signal, logger: logger, concurrentMax: concurrentMax)
    }

    var senseRunner: SenseRunner {
        SenseRunner(store: signals, intake: intake, rules: rules, signal: signal, logger: logger)
    }

    var runners: [any Service] { [heartbeatRunner, probeRunner, senseRunner] }

    func routes(authenticator: Authenticator, sources: SourceCache, names: NamedComponents) -> [Route] {
        HeartbeatRoutes(store: heartbeats, names: names, signal: signal).routes
            + HeartbeatPingRoutes(
                store: heartbeats, credentials: PingCredentials(authenticator: authenticator, sources: sources),
                signal: signal
            ).routes
            + ProbeRoutes(store: probes, check: check, names: names, signal: signal).routes
    }
}
