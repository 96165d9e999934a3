import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// The rules and silences in memory, read again when the database says that they changed.
///
/// Arriving alerts take the rules as they are here, told of changes by a notification; where it is decided whether an
/// incident opens, the database's version is asked for, so that no daemon opens one by what it has not heard yet.
final class RuleBook: Service, Sendable {
    /// A version of the rules and silences.
    struct Snapshot: Sendable {
        let version: Int
        /// In their order.
        let rules: [RoutingRule]
        /// Those that are not over.
        let silences: [Silence]

        func rule(_ id: UUID?) -> RoutingRule? {
            id.flatMap { id in rules.first { $0.id == id } }
        }
    }

    private struct State {
        var held: Snapshot?
        var reading: Task<Snapshot, any Error>?
    }

    private let pool: PostgresPool
    private let logger: Logger
    private let state = Mutex(State())

    init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// Sets what the rules say of each alert of a message: component, severity, group and rule. To be called before the
    /// message is stored; without rules it costs nothing.
    func apply(_ message: inout IncomingMessage, source: Source) async throws {
        let rules = try await current().rules
        guard !rules.isEmpty else { return }
        for index in message.alerts.indices {
            Self.apply(rules, to: &message.alerts[index], source: source)
        }
    }

    /// The same for what Muster notices by itself; its sources have no key by which anybody would have looked them up.
    func apply(_ message: inout IncomingMessage, source id: UUID) async throws {
        guard try await !current().rules.isEmpty,
            let source = try await SourceStore(pool: pool).find(id)?.readable
        else { return }
        try await apply(&message, source: source)
    }

    /// What the rules make of one alert of a source.
    static func routing(of alert: IncomingAlert, source: Source, rules: [RoutingRule]) -> Routing {
        Routing(facts(of: alert, source: source), rules: rules)
    }

    /// What matchers look at in one alert of a source.
    static func facts(of alert: IncomingAlert, source: Source) -> AlertFacts {
        AlertFacts(
            source: source.name, kind: source.kind.rawValue, identity: alert.identity, title: alert.title,
            component: alert.component, severity: alert.severity, labels: alert.labels)
    }

    /// The key of a group that a rule names: its parts may be as long as labels are.
    static func groupKey(_ group: String) -> String {
        "rule:" + HashChain.hex(OpenSSL.sha256(Array(group.utf8)))
    }

    private static func apply(_ rules: [RoutingRule], to alert: inout IncomingAlert, source: Source) {
        let routing = routing(of: alert, source: source, rules: rules)
        guard let deciding = routing.deciding else { return }
        alert.rule = deciding.id
        alert.component = routing.alert.component
        alert.severity = routing.alert.severity
        guard let group = routing.group else { return }
        alert.sentGroup = alert.groupKey
        alert.groupKey = groupKey(group)
    }

    /// What is in memory, or stored when nothing is.
    func current() async throws -> Snapshot {
        if let held = state.withLock({ $0.held }) { return held }
        return try await read(atLeast: 0)
    }

    /// This version, or a newer one.
    func snapshot(version: Int) async throws -> Snapshot {
        if let held = state.withLock({ $0.held }), held.version >= version { return held }
        return try await read(atLeast: version)
    }

    /// What is stored now: after a change of one's own.
    func refresh() async throws {
        let version = state.withLock { ($0.held?.version ?? 0) + 1 }
        _ = try await read(atLeast: version)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.pool.notifications(on: [RuleStore.channel]) {
                do {
                    try await RunnerPulse.pass { try await self.refresh() }
                } catch {
                    // Whoever needs them next reads them.
                    self.state.withLock { $0.held = nil }
                    self.logger.warning("routing rules could not be read", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Reads once for all who wait; a reading that began earlier may have been too early for us, once.
    private func read(atLeast version: Int) async throws -> Snapshot {
        let (joined, isOwn) = task()
        let snapshot = try await joined.value
        if snapshot.version >= version || isOwn { return snapshot }
        return try await task().0.value
    }

    private func task() -> (Task<Snapshot, any Error>, isOwn: Bool) {
        state.withLock { state in
            if let reading = state.reading { return (reading, false) }
            let reading = Task { try await self.readOnce() }
            state.reading = reading
            return (reading, true)
        }
    }

    private func readOnce() async throws -> Snapshot {
        do {
            let snapshot = try await RoutingStore.snapshot(in: pool)
            state.withLock { state in
                state.reading = nil
                if (state.held?.version ?? 0) <= snapshot.version { state.held = snapshot }
            }
            return snapshot
        } catch {
            state.withLock { $0.reading = nil }
            throw error
        }
    }
}
