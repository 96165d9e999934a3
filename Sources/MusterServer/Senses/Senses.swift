import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

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
}

// MARK: - The sources of alerts that Muster makes itself

/// The sources that no tool has a key of: the alerts that Muster makes itself come from them. The migration makes their rows.
enum BuiltInSource {
    static let heartbeats = id(1)
    static let probes = id(2)
    static let reports = id(3)

    static let ids: Set<UUID> = [heartbeats, probes, reports]

    private static func id(_ last: UInt8) -> UUID {
        UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, last))
    }
}

// MARK: - What heartbeats and probes have in common

/// What heartbeats and probes have in common.
enum SenseFields {
    static let nameRule =
        "should be 1 to 100 letters, digits, -, _ or ., beginning with a letter or digit"

    /// The name in the path; 422 when nothing can be called that.
    static func name(_ request: RequestContext) throws(Problem) -> String {
        let name = request.parameter("name")
        guard isName(name) else { throw .invalid("/name", nameRule) }
        return name
    }

    static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...100).contains(bytes.count), let first = bytes.first, isLetterOrDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// The component that is harmed; whether the catalog has it is asked by `NamedComponents`.
    static func component(_ body: inout BodyReader) -> String? {
        guard let slug = body.optionalString("component", 1...64) else { return nil }
        if !Identifiers.isSlug(slug) { body.refuse("component", "should be the slug of a component") }
        return slug
    }
}
