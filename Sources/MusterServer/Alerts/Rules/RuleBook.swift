import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres
import Synchronization

/// The rules and silences in memory, read again when the database says that they changed.
///
/// Arriving alerts take the rules as they are here, told of changes by a notification; where it is decided whether an
/// incident opens, the database's version is asked for, so that no daemon opens one by what it has not heard yet.
final class RuleBook: Sendable {
    /// A version of the rules and silences.
    struct Snapshot: Sendable {
        let version: Int
        /// In their order.
        let rules: [RoutingRule]
        /// Those that are not over, the cheap ones first.
        let silences: [Silence]

        /// Operations that matching all rules takes at most: for each alert, and for each character of its longest text.
        private let costOfAlert: Int
        private let costOfCharacter: Int

        init(version: Int, rules: [RoutingRule], silences: [Silence]) {
            self.version = version
            self.rules = rules
            self.silences = Silence.cheapFirst(silences)
            let matchers = rules.flatMap(\.matchers)
            let fixed = matchers.reduce(0) { $0 + $1.operationsMax(forCharacters: 0) }
            costOfAlert = fixed
            costOfCharacter = matchers.reduce(0) { $0 + $1.operationsMax(forCharacters: 1) } - fixed
        }

        /// Operations that matching the rules may take at most for the alerts of a message.
        fileprivate func matchingCost(of alerts: [IncomingAlert]) -> Int {
            var longest = 0
            for alert in alerts {
                longest = max(longest, alert.identity.utf8.count, alert.title.utf8.count)
                for text in alert.labels.values { longest = max(longest, text.utf8.count) }
            }
            return alerts.count * (costOfAlert + costOfCharacter * min(longest, LinearPattern.valueMax))
        }

        func rule(_ id: UUID?) -> RoutingRule? {
            id.flatMap { id in rules.first { $0.id == id } }
        }
    }

    private let pool: PostgresPool
    private let logger: Logger
    private let cache: VersionedCache<Snapshot>

    init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
        cache = VersionedCache(version: \.version) { try await RuleStore.snapshot(in: pool) }
    }

    /// Sets what the rules say of each alert of a message: component, severity, group and rule. To be called before the
    /// message is stored; without rules it costs nothing.
    func apply(_ message: inout IncomingMessage, source: Source) async throws {
        let snapshot = try await current()
        let rules = snapshot.rules
        guard !rules.isEmpty else { return }
        let cost = snapshot.matchingCost(of: message.alerts)
        let (outcomes, skipped) = try await WorkerPool.run(beside: cost > Self.matchingCostOnLoopMax) {
            [alerts = message.alerts] in
            var budget = MatchBudget()
            let outcomes = alerts.map { Self.outcome(of: $0, source: source, rules: rules, within: &budget) }
            return (outcomes, budget.skipped)
        }
        note(skipped, of: .rule)
        for (index, outcome) in zip(message.alerts.indices, outcomes) {
            Self.apply(outcome, to: &message.alerts[index])
        }
    }

    /// Operations of matching that an event loop may do itself: about 0.2 ms.
    private static let matchingCostOnLoopMax = 400_000

    /// The same for what Muster notices by itself; its sources have no key by which anybody would have looked them up.
    func apply(_ message: inout IncomingMessage, source id: UUID) async throws {
        guard try await !current().rules.isEmpty,
            let source = try await SourceStore(pool: pool).find(id)?.readable
        else { return }
        try await apply(&message, source: source)
    }

    /// What the rules make of one alert of a source.
    private static func outcome(
        of alert: IncomingAlert, source: Source, rules: [RoutingRule], within budget: inout MatchBudget
    ) -> RuleOutcome {
        budget.nextAlert()
        return RuleOutcome(facts(of: alert, source: source), rules: rules, within: &budget)
    }

    /// What matchers look at in one alert of a source.
    static func facts(of alert: IncomingAlert, source: Source) -> AlertFacts {
        AlertFacts(
            source: source.name, sourceID: source.id, kind: source.kind.rawValue, identity: alert.identity,
            title: alert.title, component: alert.component, severity: alert.severity, labels: alert.labels)
    }

    /// The key of a group that a rule names: its parts may be as long as labels are.
    static func groupKey(_ group: String) -> String {
        "rule:" + HashChain.hex(OpenSSL.sha256(Array(group.utf8)))
    }

    private static func apply(_ outcome: RuleOutcome, to alert: inout IncomingAlert) {
        guard let deciding = outcome.deciding else { return }
        alert.rule = deciding.id
        alert.component = outcome.alert.component
        alert.severity = outcome.alert.severity
        guard let group = outcome.group else { return }
        alert.sentGroup = alert.groupKey
        alert.groupKey = groupKey(group)
    }

    /// What was left out because matching an alert takes it too long, as metric and log name it.
    enum Skipped: String {
        case rule, silence
    }

    /// Tells of rules or silences that were left out, and of how many alerts.
    func note(_ skipped: [UUID: Int], of what: Skipped = .silence) {
        for (id, alerts) in skipped {
            Counter(label: "muster_matching_skipped", dimensions: [("what", what.rawValue)]).increment(by: alerts)
            guard MatchingSkips.shared.add(alerts, to: id) else { continue }
            logger.warning(
                "matching took too long and was skipped; shorten its regular expressions",
                metadata: [what.rawValue: .string(id.text)])
        }
    }

    /// What is in memory, or stored when nothing is.
    func current() async throws -> Snapshot {
        try await cache.current()
    }

    /// This version, or a newer one.
    func snapshot(version: Int) async throws -> Snapshot {
        try await cache.value(version: version)
    }

    /// What is stored now: after a change of one's own.
    func refresh() async throws {
        try await cache.refresh()
    }

    /// Another daemon changed something.
    func forget() {
        cache.forget()
    }
}

/// For how many alerts this daemon has left out each rule or silence since it started, because matching takes too long.
final class MatchingSkips: Sendable {
    static let shared = MatchingSkips()
    /// More than there can be; then it begins anew.
    private static let itemsMax = 10_000
    private let alerts = Mutex<[UUID: Int]>([:])

    /// Whether it is the first time.
    func add(_ count: Int, to id: UUID) -> Bool {
        alerts.withLock { alerts in
            if alerts.count >= Self.itemsMax { alerts = [:] }
            defer { alerts[id, default: 0] += count }
            return alerts[id] == nil
        }
    }

    func count(of id: UUID) -> Int {
        alerts.withLock { $0[id] ?? 0 }
    }
}
