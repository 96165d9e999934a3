import FoundationEssentials
import IncidentDomain
import Logging
import Metrics
import Postgres
import Synchronization

/// Makes the notifications of what happened: for every event of a timeline, in the order of the feed, and for every other notice,
/// one for each endpoint that hears it. One daemon at a time does it; where the last one stopped stands in the database, and goes on
/// in the transaction that makes the notifications.
struct NoticeFanOut: PeriodicRunner {
    static let name = "notices"
    static let failure = "cannot make notifications of what happened"

    let pool: PostgresPool
    let policy: PhasePolicy
    /// Who is paged for incidents of a severity.
    let escalations: EscalationDefaults
    /// What wakes the loop: something was committed.
    let signal: WakeSignal?
    /// Woken when there is something to send.
    let sending: WakeSignal
    /// Woken when an escalation begins.
    let escalating: WakeSignal
    let logger: Logger
    var interval: Duration = .seconds(1)
    private let quietUntil = Moment()

    /// When to look again where nobody hears.
    private final class Moment: Sendable {
        let value = Mutex(ContinuousClock.now)
    }

    init(
        pool: PostgresPool, policy: PhasePolicy, escalations: EscalationDefaults = EscalationDefaults(),
        signal: WakeSignal?, sending: WakeSignal, escalating: WakeSignal = WakeSignal(), logger: Logger
    ) {
        self.pool = pool
        self.policy = policy
        self.escalations = escalations
        self.escalating = escalating
        self.signal = signal
        self.sending = sending
        self.logger = logger
    }

    /// How long it waits for what it cannot read yet, one after the other.
    private static let rests: [Duration] = [.milliseconds(5), .milliseconds(15), .milliseconds(50), .milliseconds(150)]

    func pass() async throws {
        guard quietUntil.value.withLock({ $0 <= .now }) else { return }
        var rests = Self.rests[...]
        while true {
            let outlook = try await NoticeStore.outlook(in: pool)
            guard outlook.hasEndpoints else {
                quietUntil.value.withLock { $0 = .now + .milliseconds(900) }
                if outlook.hasNews { try await NoticeStore.passBy(in: pool) }
                return
            }
            if outlook.hasNews, try await fanOut() {
                rests = Self.rests[...]
                continue
            }
            // Another daemon is at it and may have begun before the last commit, or a transaction that is older than the commit
            // still runs. Neither tells when it is over.
            guard outlook.hasNews || outlook.hasMore, let rest = rests.popFirst() else { return }
            try await Task.sleep(for: rest)
        }
    }

    /// Reads on from where the last pass stopped; whether it was our turn, and anything stood there.
    func fanOut() async throws -> Bool {
        let made: (notifications: Int, escalations: Int)? = try await pool.transaction { transaction in
            guard let start = try await NoticeStore.hold(in: transaction) else { return nil }
            let endpoints = try await EndpointStore.listeners(in: transaction)
            let page = try await NoticeStore.page(
                after: start, limit: Self.rows(for: endpoints.count), in: transaction)
            guard !page.isEmpty else { return nil }
            if !page.unreadable.isEmpty {
                logger.error(
                    "what this release cannot read is told to nobody",
                    metadata: ["entries": "\(page.unreadable.prefix(5).joined(separator: ", "))"])
            }
            var planned = page.notices.flatMap { plan($0, endpoints) }
            var starts: [EscalationStore.Start] = []
            if !endpoints.isEmpty, !page.entries.isEmpty {
                let numbers = Set(page.entries.map(\.incident))
                let incidents = try await NoticeStore.incidents(numbers, in: transaction)
                let paged = try await EscalationStore.paged(numbers, in: transaction)
                let going = page.entries.filter { $0.recorded.event.payload.saysHowItGoesOn }
                let told = try await EscalationStore.told(Set(going.map(\.incident)), in: transaction)
                planned += plan(page.entries, endpoints, incidents, paged, told)
                starts = try await self.starts(page.entries, incidents, in: transaction)
            }
            let reopened = page.entries.filter { $0.recorded.event.payload.beginsAnew }.map(\.incident)
            if !reopened.isEmpty { _ = try await transaction.query(EscalationStore.forgetEnded(of: reopened)) }
            if !starts.isEmpty { _ = try await transaction.query(try EscalationStore.begin(starts)) }
            try await NoticeStore.carryOut(planned, of: page, in: transaction)
            return (planned.count, starts.count)
        }
        guard let made else { return false }
        if made.escalations > 0 { escalating.wake() }
        if made.notifications > 0 {
            Counter(label: "muster_notifications_made").increment(by: made.notifications)
            sending.wake()
        }
        return true
    }

    /// A page makes so many notifications at the most, so that its transaction is short: the feed ends at the oldest one.
    private static let notificationsMax = 4_000

    private static func rows(for endpoints: Int) -> Int {
        min(200, max(8, notificationsMax / max(endpoints, 1)))
    }

    /// A notice that stands in the table already.
    private func plan(_ stored: NoticeStore.Stored, _ endpoints: [EndpointListener]) -> [NoticeStore.Planned] {
        let subject = NoticeFilter.Subject(stored.notice)
        return endpoints.compactMap { endpoint in
            let isMeant = stored.endpoints?.contains(endpoint.id) ?? endpoint.filter.takes(subject)
            guard isMeant, endpoint.tells(stored.notice) else { return nil }
            return NoticeStore.Planned(key: stored.key, notice: nil, endpoint: endpoint.id, lane: stored.lane)
        }
    }

    /// What timelines say. An incident is shown as it stands now, which is never older than what is told of it.
    private func plan(
        _ entries: [TimelineEntry], _ endpoints: [EndpointListener], _ incidents: [Int: Incident],
        _ paged: [Int: Set<UUID>],
        _ told: [Int: Set<UUID>]
    ) -> [NoticeStore.Planned] {
        entries.flatMap { entry -> [NoticeStore.Planned] in
            guard let incident = incidents[entry.incident] else { return [] }
            let subject = NoticeFilter.Subject(entry.recorded.event, of: incident)
            let goesOn = entry.recorded.event.payload.saysHowItGoesOn
            let (paged, told) = goesOn ? (paged[entry.incident] ?? [], told[entry.incident] ?? []) : ([], [])
            let takers = endpoints.filter { endpoint in
                guard endpoint.createdAt <= entry.recorded.recordedAt else { return false }
                let filter = endpoint.filter
                // Whoever heard that it began hears that it is over, also when its severity fell meanwhile.
                return filter.takes(subject) || paged.contains(endpoint.id)
                    || told.contains(endpoint.id) && filter.takesKind(of: subject)
            }
            guard !takers.isEmpty else { return [] }
            let notice = Notice(entry, of: incident, policy: policy)
            return takers.filter { $0.tells(notice) }.map { endpoint in
                NoticeStore.Planned(
                    key: NoticeStore.key(of: entry.incident, entry.recorded.sequence), notice: notice,
                    endpoint: endpoint.id, lane: NoticeStore.lane(of: entry.incident))
            }
        }
    }

    /// Which escalations begin: by the severity of an incident, and by the rules of alerts that came to it, as long as nobody has
    /// acknowledged it.
    private func starts(
        _ entries: [TimelineEntry], _ incidents: [Int: Incident], in transaction: PostgresTransaction
    ) async throws -> [EscalationStore.Start] {
        var starts: [EscalationStore.Start] = []
        var alerts: [UUID: Int] = [:]
        for entry in entries {
            guard let incident = incidents[entry.incident], incident.isUnattended else { continue }
            let event = entry.recorded.event
            if event.as(IncidentOpened.self) != nil || event.as(SeveritySet.self) != nil || event.payload.beginsAnew {
                starts += escalations.start(of: incident).map { [$0] } ?? []
            }
            let batch = event.as(AlertsAttached.self)?.value ?? event.as(AlertsMovedIn.self)?.batch
            for mention in batch?.alerts ?? [] {
                if let id = UUID(uuidString: mention.id) { alerts[id] = entry.incident }
            }
        }
        guard !alerts.isEmpty else { return starts }
        let rules = try await EscalationStore.rules(ofAlerts: Array(alerts.keys), in: transaction)
        for (alert, rule) in rules {
            guard let incident = alerts[alert], let plan = rule.paging else { continue }
            starts.append(.init(incident: incident, policy: "rule/\(rule.id.text)", plan: plan))
        }
        return starts
    }
}

extension TimelineEvent {
    /// Whether whoever was told of the incident before hears of it, whatever the incident is like by now: it is taken care of, or over, or
    /// open again, or of another severity.
    fileprivate var saysHowItGoesOn: Bool {
        self is Acknowledged || self is IncidentDismissed || self is IncidentMerged || self is PhaseEntered
            || self is PhaseReverted || self is SeveritySet || self is SelfRecovered || isAcknowledgementStruck
    }

    /// Whether nobody takes care of it after all, as when an incident that closed itself fires again: who is paged is paged anew.
    fileprivate var beginsAnew: Bool { (self as? PhaseReverted)?.phase == .detect || isAcknowledgementStruck }

    private var isAcknowledgementStruck: Bool { (self as? EntryStruck)?.acknowledgement ?? false }
}

extension Incident {
    /// Whether somebody has to be paged for it.
    fileprivate var isUnattended: Bool { phase.isOpen && phase != .review && clocks.acknowledgedAt == nil }
}

/// Who is paged for incidents of a severity, and for those that have none yet: `escalation` in the configuration.
struct EscalationDefaults: Sendable {
    var bySeverity: [Severity: EscalationPlan] = [:]
    var unset: EscalationPlan?

    /// All that are named.
    var endpoints: Set<String> {
        Set((Array(bySeverity.values) + [unset].compactMap(\.self)).flatMap { $0.steps.flatMap(\.endpoints) })
    }

    /// Who is paged of incidents of a severity; nil for nobody.
    ///
    /// - Parameter severity: Nil while none is set.
    func plan(for severity: Severity?) -> EscalationPlan? {
        severity.map { bySeverity[$0] } ?? unset
    }

    fileprivate func start(of incident: Incident) -> EscalationStore.Start? {
        plan(for: incident.severity).map {
            EscalationStore.Start(
                incident: incident.number, policy: "severity/\(incident.severity?.rawValue ?? "unset")", plan: $0)
        }
    }
}

extension Notice {
    /// What an entry of a timeline tells.
    init(_ entry: TimelineEntry, of incident: Incident, policy: PhasePolicy) {
        self.init(
            kind: entry.stored.kind, version: entry.stored.version,
            sentence: entry.recorded.event.sentence, occurredAt: entry.recorded.occurredAt,
            actor: entry.recorded.actor.name, sequence: entry.recorded.sequence,
            data: (try? JSONParser.parse(entry.stored.payload)) ?? .null,
            incident: NoticeIncident(incident, policy: policy))
    }
}
