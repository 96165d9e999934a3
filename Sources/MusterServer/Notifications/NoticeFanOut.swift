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
    /// What wakes the loop: something was committed.
    let signal: WakeSignal?
    /// Woken when there is something to send.
    let sending: WakeSignal
    let logger: Logger
    var interval: Duration = .seconds(1)
    private let quietUntil = Moment()

    /// When to look again where nobody hears.
    private final class Moment: Sendable {
        let value = Mutex(ContinuousClock.now)
    }

    init(
        pool: PostgresPool, policy: PhasePolicy, signal: WakeSignal?, sending: WakeSignal, logger: Logger
    ) {
        self.pool = pool
        self.policy = policy
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
        let made: Int? = try await pool.transaction { transaction in
            guard let start = try await NoticeStore.hold(in: transaction) else { return nil }
            let endpoints = try await EndpointStore.enabled(in: transaction)
            let page = try await NoticeStore.page(
                after: start, limit: Self.rows(for: endpoints.count), in: transaction)
            guard !page.isEmpty else { return nil }
            var planned = page.notices.flatMap { plan($0, endpoints) }
            planned += try await plan(page.entries, endpoints, in: transaction)
            try await NoticeStore.carryOut(planned, of: page, in: transaction)
            return planned.count
        }
        guard let made else { return false }
        if made > 0 {
            Counter(label: "muster_notifications_made").increment(by: made)
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
    private func plan(_ stored: NoticeStore.Stored, _ endpoints: [Endpoint]) -> [NoticeStore.Planned] {
        let subject = NoticeFilter.Subject(stored.notice)
        return endpoints.compactMap { endpoint in
            let isMeant = stored.endpoints?.contains(endpoint.id) ?? endpoint.settings.filter.takes(subject)
            guard isMeant, endpoint.settings.format.format.tells(stored.notice) else { return nil }
            return NoticeStore.Planned(key: stored.key, notice: nil, endpoint: endpoint.id, lane: stored.lane)
        }
    }

    /// What timelines say. An incident is shown as it stands now, which is never older than what is told of it.
    private func plan(
        _ entries: [TimelineEntry], _ endpoints: [Endpoint], in transaction: PostgresTransaction
    ) async throws -> [NoticeStore.Planned] {
        guard !endpoints.isEmpty, !entries.isEmpty else { return [] }
        let incidents = try await NoticeStore.incidents(Set(entries.map(\.incident)), in: transaction)
        return entries.flatMap { entry -> [NoticeStore.Planned] in
            guard let incident = incidents[entry.incident] else { return [] }
            let subject = NoticeFilter.Subject(entry.recorded.event, of: incident)
            let takers = endpoints.filter {
                $0.createdAt <= entry.recorded.recordedAt && $0.settings.filter.takes(subject)
            }
            guard !takers.isEmpty else { return [] }
            let notice = Notice(entry, of: incident, policy: policy)
            return takers.filter { $0.settings.format.format.tells(notice) }.map { endpoint in
                NoticeStore.Planned(
                    key: NoticeStore.key(of: entry.incident, entry.recorded.sequence), notice: notice,
                    endpoint: endpoint.id, lane: NoticeStore.lane(of: entry.incident))
            }
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
