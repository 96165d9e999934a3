import FoundationEssentials
import IncidentDomain
import Metrics
import Postgres

/// Why a message about an alert, which its sender was told is taken, changes nothing.
enum AlertIgnorance: String, CaseIterable, Sendable {
    /// It fires, and that firing, or a later one, is over already.
    case lateFiring = "late_firing"
    /// The end of an earlier firing.
    case lateEnd = "late_end"
    /// An end of what is over already: it says nothing new, and the alert is not marked.
    case alreadyOver = "already_over"
    /// Somebody looks at what does not fire.
    case notOpen = "not_open"

    func count(_ messages: Int) {
        Counter(label: "muster_alerts_ignored", dimensions: [("reason", rawValue)]).increment(by: messages)
    }
}

/// Nothing that was acknowledged is dropped in silence: what the intake does not act on is counted by its reason, and the alert
/// that it was about says how many such messages there were, and why.
extension AlertStore {
    /// What the statement did with a batch.
    struct Taken {
        let firings: Int
        let ends: Int
        let lateEnds: Int
        let acknowledgements: Int
    }

    /// Late ends are marked by the statement itself. Everything else is so seldom that it is looked up afterwards.
    func noteIgnored(of batch: [Arrival], _ taken: Taken) async throws {
        var (firings, ends, acknowledgements) = (0, 0, 0)
        for arrival in batch {
            switch arrival.alert.status {
            case .firing: firings += 1
            case .resolved: ends += 1
            case .acknowledged: acknowledgements += 1
            }
        }
        if taken.lateEnds > 0 { AlertIgnorance.lateEnd.count(taken.lateEnds) }
        if ends > taken.ends + taken.lateEnds { AlertIgnorance.alreadyOver.count(ends - taken.ends - taken.lateEnds) }
        if firings > taken.firings { try await note(.lateFiring, of: batch.filter { $0.alert.status == .firing }) }
        if acknowledgements > taken.acknowledgements {
            try await note(.notOpen, of: batch.filter { $0.alert.status == .acknowledged })
        }
    }

    /// Marks the newest alert of each identity of which nothing is open.
    private func note(_ reason: AlertIgnorance, of batch: [Arrival]) async throws {
        let rows = try await pool.query(
            """
            WITH missed AS MATERIALIZED (
                SELECT (
                    SELECT newest.id FROM alert AS newest
                    WHERE newest.source = arrived.source AND newest.identity = arrived.identity
                    ORDER BY newest.starts_at DESC LIMIT 1
                ) AS id
                FROM unnest(\(batch.map(\.source)), \(batch.map { $0.alert.identity })) AS arrived (source, identity)
                WHERE (
                    SELECT open.id FROM alert AS open
                    WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                ) IS NULL
            ), marked AS (
                UPDATE alert SET ignored = coalesce(ignored, 0) + 1, ignored_reason = \(reason.rawValue),
                    ignored_at = now()
                WHERE id = ANY (ARRAY(SELECT id FROM missed))
            )
            SELECT count(*) AS missed FROM missed
            """)
        if let missed: Int = try rows.first?.decode("missed"), missed > 0 { reason.count(missed) }
    }
}
