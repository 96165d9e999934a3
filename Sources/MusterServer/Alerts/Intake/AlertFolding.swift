import FoundationEssentials
import IncidentDomain

/// Puts the alerts of a batch into statements in which each identity stands once.
enum AlertFolding {
    private struct Key: Hashable, Comparable {
        let source: UUID
        let identity: String
        let hash: Int

        static func == (left: Key, right: Key) -> Bool {
            left.hash == right.hash && left.identity == right.identity && left.source == right.source
        }

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }

        static func < (left: Key, right: Key) -> Bool {
            left.source == right.source ? left.identity < right.identity : left.source < right.source
        }
    }

    /// How far ahead of the database's time a sender's clock may be.
    private static let aheadSecondsMax = 300.0

    /// What begins or ends later than that does so now: else no message about a later firing would count until then. What the
    /// sender said stays in the payload.
    ///
    /// Repeats of the same state are one arrival that counts the firings, and says what they say one after the other; a change of
    /// state waits for the next round. Within a round the order is by source and identity, so that two daemons lock the same rows in the same order.
    static func rounds(
        _ messages: [(source: UUID, alerts: [IncomingAlert])], at now: Timestamp
    ) -> [[AlertIntakeStore.Arrival]] {
        var rounds: [[AlertIntakeStore.Arrival]] = []
        let latest = now.adding(seconds: aheadSecondsMax)
        /// Where the newest arrival of each identity is.
        var newest: [Key: (round: Int, index: Int)] = [:]
        for (source, alerts) in messages {
            for var alert in alerts {
                if let startsAt = alert.startsAt, startsAt > latest { alert.startsAt = nil }
                if let endsAt = alert.endsAt, endsAt > latest { alert.endsAt = nil }
                let hash = AlertKey.hash(of: alert.identity, from: source)
                let key = Key(source: source, identity: alert.identity, hash: hash)
                let last = newest[key]
                if let last {
                    let known = rounds[last.round][last.index].alert
                    if known.status == alert.status, known.startsAt == alert.startsAt {
                        if alert.status == .firing {
                            rounds[last.round][last.index].alert = known.repeated(by: alert)
                            rounds[last.round][last.index].occurrences += 1
                        } else {
                            rounds[last.round][last.index].alert = alert
                        }
                        continue
                    }
                }
                let round = last.map { $0.round + 1 } ?? 0
                if round == rounds.count { rounds.append([]) }
                rounds[round].append(
                    AlertIntakeStore.Arrival(at: now, source: source, alert: alert, hash: hash))
                newest[key] = (round, rounds[round].count - 1)
            }
        }
        return rounds.map(sorted)
    }

    /// By source and identity. The keys are sorted, and each arrival is moved once: it is large, and sorting would move it
    /// many times.
    private static func sorted(_ round: [AlertIntakeStore.Arrival]) -> [AlertIntakeStore.Arrival] {
        guard round.count > 1 else { return round }
        let keys = round.map { Key(source: $0.source, identity: $0.alert.identity, hash: $0.hash) }
        let order = round.indices.sorted { keys[$0] < keys[$1] }
        return order.map { round[$0] }
    }
}

/// Which alerts were stored as open not long ago. Only a hint of which statement to try first: the database knows.
struct RecentAlerts: Sendable {
    /// Hashes (`AlertKey.hash`) in two generations: when the younger one is full, the elder is forgotten.
    private var young: Set<Int> = []
    private var old: Set<Int> = []
    private let generationMax: Int

    /// - Parameter max: How many are remembered; each takes about 20 bytes.
    init(max: Int = 200_000) {
        generationMax = max / 2
    }

    /// Takes the firings that are probably repetitions out of a round, in its order.
    func divide(_ round: [AlertIntakeStore.Arrival]) -> (
        again: [AlertIntakeStore.Arrival], others: [AlertIntakeStore.Arrival]
    ) {
        guard !young.isEmpty || !old.isEmpty else { return ([], round) }
        var (again, others): ([AlertIntakeStore.Arrival], [AlertIntakeStore.Arrival]) = ([], [])
        for arrival in round {
            if arrival.alert.status == .firing, contains(arrival.hash) {
                again.append(arrival)
            } else {
                others.append(arrival)
            }
        }
        return (again, others)
    }

    /// Remembers what became of a round.
    mutating func note(_ round: [AlertIntakeStore.Arrival]) {
        for arrival in round {
            switch arrival.alert.status {
            case .firing:
                guard young.insert(arrival.hash).inserted, young.count == generationMax else { continue }
                old = young
                young = []
            case .resolved:
                young.remove(arrival.hash)
                old.remove(arrival.hash)
            case .acknowledged: continue
            }
        }
    }

    private func contains(_ hash: Int) -> Bool {
        young.contains(hash) || old.contains(hash)
    }
}
