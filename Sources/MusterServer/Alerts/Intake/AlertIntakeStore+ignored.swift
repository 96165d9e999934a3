import FoundationEssentials
import IncidentDomain
import Metrics
import Postgres

/// Why a message about an alert, which its sender was told is taken, changes nothing.
enum IgnoredReason: String, CaseIterable, Sendable {
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
extension AlertIntakeStore {
    /// What the statement did with a batch.
    struct Taken {
        let firings: Int
        let ends: Int
        let lateEnds: Int
        let acknowledgements: Int
    }

    /// Late ends are marked by the statement itself. Everything else is so seldom that it is looked up afterwards.
    ///
    /// - Returns: How many alerts changed state by it: the ends that came before their firing (`noteLate`).
    func noteIgnored(of batch: [Arrival], _ taken: Taken) async throws -> Int {
        var (firings, ends, acknowledgements) = (0, 0, 0)
        for arrival in batch {
            switch arrival.alert.status {
            case .firing: firings += 1
            case .resolved: ends += 1
            case .acknowledged: acknowledgements += 1
            }
        }
        if taken.lateEnds > 0 { IgnoredReason.lateEnd.count(taken.lateEnds) }
        if ends > taken.ends + taken.lateEnds {
            IgnoredReason.alreadyOver.count(ends - taken.ends - taken.lateEnds)
            try await noteSaidOver(batch.filter { $0.alert.status == .resolved })
        }
        if acknowledgements > taken.acknowledgements {
            try await noteNotOpen(batch.filter { $0.alert.status == .acknowledged })
        }
        guard firings > taken.firings else { return 0 }
        return try await noteLate(batch.filter { $0.alert.status == .firing })
    }

    /// Marks the alerts that late firings are about. An alert whose end came first, and which no firing was ever seen of, is no
    /// reason to pass its firing over: it did fire, and its incident hears of both, as if they had come in order.
    private func noteLate(_ batch: [Arrival]) async throws -> Int {
        let rows = try await pool.query(
            """
            WITH missed AS MATERIALIZED (
                SELECT (
                    SELECT own.id FROM alert AS own
                    WHERE own.source = arrived.source AND own.identity = arrived.identity
                        AND own.starts_at >= arrived.starts_at
                    ORDER BY own.starts_at LIMIT 1
                ) AS id
                FROM unnest(\(batch.map(\.source)), \(batch.map { $0.alert.identity }), \(batch.map { $0.alert.startsAt }))
                    AS arrived (source, identity, starts_at)
                WHERE (\(fragment: Self.openAlert)) IS NULL
            ), overtaken AS (
                UPDATE alert SET routed = false, last_seen_at = now()
                WHERE id = ANY (ARRAY(SELECT id FROM missed)) AND \(fragment: Self.neverFired)
                RETURNING id
            ), marked AS (
                UPDATE alert SET ignored = coalesce(ignored, 0) + 1, ignored_reason = \(IgnoredReason.lateFiring.rawValue),
                    ignored_at = now(),
                    still_said_at = CASE WHEN resolved_by IS NULL THEN still_said_at ELSE now() END
                WHERE id = ANY (ARRAY(SELECT id FROM missed)) AND NOT (\(fragment: Self.neverFired))
            )
            SELECT (SELECT count(*) FROM overtaken) AS overtaken, (SELECT count(*) FROM missed) AS missed
            """)
        guard let row = rows.first else { return 0 }
        let (overtaken, missed): (Int, Int) = (try row.decode("overtaken"), try row.decode("missed"))
        if missed > overtaken { IgnoredReason.lateFiring.count(missed - overtaken) }
        return overtaken
    }

    /// Marks the newest alert of each identity of which nothing is open.
    private func noteNotOpen(_ batch: [Arrival]) async throws {
        let rows = try await pool.query(
            """
            WITH missed AS MATERIALIZED (
                SELECT (
                    SELECT newest.id FROM alert AS newest
                    WHERE newest.source = arrived.source AND newest.identity = arrived.identity
                    ORDER BY newest.starts_at DESC LIMIT 1
                ) AS id
                FROM unnest(\(batch.map(\.source)), \(batch.map { $0.alert.identity })) AS arrived (source, identity)
                WHERE (\(fragment: Self.openAlert)) IS NULL
            ), marked AS (
                UPDATE alert SET ignored = coalesce(ignored, 0) + 1, ignored_reason = \(IgnoredReason.notOpen.rawValue),
                    ignored_at = now()
                WHERE id = ANY (ARRAY(SELECT id FROM missed))
            )
            SELECT count(*) AS missed FROM missed
            """)
        if let missed: Int = try rows.first?.decode("missed"), missed > 0 { IgnoredReason.notOpen.count(missed) }
    }

    /// What a person ended is over by the sender's own word now: nobody can take that back by hand.
    private func noteSaidOver(_ batch: [Arrival]) async throws {
        try await pool.query(
            """
            UPDATE alert SET still_said_at = NULL, resolved_by = NULL WHERE id = ANY (ARRAY(
                SELECT (
                    SELECT newest.id FROM alert AS newest
                    WHERE newest.source = arrived.source AND newest.identity = arrived.identity
                    ORDER BY newest.starts_at DESC LIMIT 1
                ) FROM unnest(\(batch.map(\.source)), \(batch.map { $0.alert.identity })) AS arrived (source, identity)
            )) AND resolved_by IS NOT NULL AND status = 'resolved'
            """)
    }

    private static let openAlert: SQL = """
        SELECT open.id FROM alert AS open
        WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
        """

    /// Of an alert that is over: its end is all that came.
    private static let neverFired: SQL = """
        status = 'resolved' AND last_seen_at = first_seen_at AND routed AND incident IS NULL AND held IS NULL
        """
}
