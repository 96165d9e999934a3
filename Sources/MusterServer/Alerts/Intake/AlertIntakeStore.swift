import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of alerts. Taking them in is one statement for many, which also leaves word of what changed state: for the
/// incident that takes their group, else as a mark on the alert. So nothing is forgotten when the daemon ends between
/// storing an alert and telling its incident.
struct AlertIntakeStore: Sendable {
    let pool: PostgresPool

    /// An alert on its way into the table; each identity stands at most once in a batch.
    struct Arrival: Sendable {
        /// When it came, by the database's clock.
        let at: Timestamp
        let source: UUID
        var alert: IncomingAlert
        /// How often it was said to fire within this batch; 1 for an end.
        var occurrences: Int
        /// Stands for the alert while this program runs (`AlertKey.hash`).
        let hash: Int

        /// The id that its sender was told, or a new one.
        func makeID() -> UUID { alert.id ?? .timeOrdered(at: at) }

        init(at: Timestamp, source: UUID, alert: IncomingAlert, occurrences: Int = 1, hash: Int? = nil) {
            self.at = at
            self.source = source
            self.alert = alert
            self.occurrences = occurrences
            self.hash = hash ?? AlertKey.hash(of: alert.identity, from: source)
        }
    }

    /// Stores a batch: new firings are inserted, repeats are counted, resolutions end what is open. Late messages about a
    /// firing that is over change nothing; they are counted, and the alert says so (`IgnoredReason`).
    ///
    /// - Returns: How many alerts changed state, so that their incidents have to hear of it.
    func apply(_ batch: [Arrival]) async throws -> Int {
        try await apply(batch, supersedes: true)
    }

    private func apply(_ batch: [Arrival], supersedes: Bool) async throws -> Int {
        guard !batch.isEmpty else { return 0 }
        guard let row = try await pool.query(Self.apply(batch, supersedes: supersedes)).first else { return 0 }
        let superseding = try row.decode("superseding", as: [Int]?.self) ?? []
        guard superseding.isEmpty else { return try await supersede(superseding.map { batch[$0 - 1] }, of: batch, row) }
        return try await changed(row, of: batch)
    }

    /// Ends the firings whose end was never told, and takes in those that came in their place. Once: what does not end by it, as what
    /// flaps, goes on.
    private func supersede(_ new: [Arrival], of batch: [Arrival], _ row: PostgresRow) async throws -> Int {
        let hashes = Set(new.map(\.hash))
        let changed = try await changed(row, of: batch.filter { !hashes.contains($0.hash) })
        let ends = new.map { arrival in
            var end = arrival
            (end.alert.status, end.alert.endsAt, end.alert.startsAt, end.occurrences) = (
                .resolved, arrival.alert.startsAt, nil, 1
            )
            return end
        }
        return try await changed + apply(ends, supersedes: false) + apply(new, supersedes: false)
    }

    private func changed(_ row: PostgresRow, of batch: [Arrival]) async throws -> Int {
        let taken = Taken(
            firings: try row.decode("firings"), ends: try row.decode("ends"), lateEnds: try row.decode("late_ends"),
            acknowledgements: try row.decode("acknowledgements"))
        return try await row.decode("changed") + noteIgnored(of: batch, taken)
    }

    /// How far ahead of the database's clock a beginning is believed; one that is further ahead is now (`AlertFolding`). Rows of
    /// programs before that rule may have such a beginning, and keep out nothing.
    static let aheadMax = "5 minutes"

    /// The open incident that takes a group's alerts. One that is only being reviewed takes none.
    private static let owner: SQL = """
        SELECT number FROM incident
        WHERE phase IN ('detect', 'assess', 'mitigate', 'restore') AND number = (
            SELECT incident FROM alert_group
            WHERE alert_group.source = arrived.source AND alert_group.group_key = arrived.group_key
        )
        """

    /// One statement for a batch of any size. The partial unique index decides who is first; a firing whose row exists
    /// already, resolved, was over before this message came. (`least` passes over what is NULL.)
    ///
    /// Alerts are looked up by scalar subqueries, and there is no join with the table: these can only be carried out by an
    /// index. A join planned while the table was small would go on reading all of it when it has grown.
    ///
    /// A repetition changes no column that is in an index, so that the row is changed in place: `due_at` only ever moves to an
    /// earlier time here, which is seldom, and `postponeExpiry` moves it along.
    static func apply(_ batch: [Arrival], supersedes: Bool = true) -> SQL {
        // In a storm nothing ends; the statement is a third shorter then.
        let endings = batch.contains { $0.alert.status == .resolved } ? Self.endings : Self.noEndings
        let acknowledging =
            batch.contains { $0.alert.status == .acknowledged } ? Self.acknowledging : Self.noAcknowledging
        return """
            WITH arrived AS (
                SELECT * FROM unnest(\(batch.map { $0.makeID() }), \(batch.map { $0.source }), \(batch.map { $0.alert.identity }),
                    \(batch.map { $0.alert.groupKey }), \(batch.map { $0.alert.title }), \(batch.map { $0.alert.status.rawValue }),
                    \(batch.map { $0.occurrences }), \(batch.map { $0.alert.startsAt }), \(batch.map { $0.alert.endsAt }),
                    \(batch.map { $0.alert.component }), \(batch.map { $0.alert.severity }),
                    \(batch.map { AlertTexts.json($0.alert.labels) }), \(batch.map { AlertTexts.json($0.alert.annotations) }),
                    \(batch.map { $0.alert.expiresAt }), \(batch.map { $0.alert.actor }), \(batch.map { $0.alert.payload.kept }),
                    \(batch.map { $0.alert.rule }), \(batch.map { $0.alert.sentGroup }), \(batch.map { $0.alert.contentHash }))
                    WITH ORDINALITY AS arrived (id, source, identity, group_key, title, status, occurrences, starts_at,
                        ends_at, component, severity, labels, annotations, expires_at, actor, payload, rule, sent_group, words,
                        place)
            ), \(fragment: supersedes ? superseding : noSuperseding), \(fragment: endings), \(fragment: acknowledging), stored AS (
                INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at,
                    last_seen_at, resolved_at, component, severity, labels, annotations, expires_at, due_at, payload, flaps,
                    rule, sent_group, words, said_end_at, incident, routed)
                SELECT id, source, identity, group_key, title, status, occurrences,
                    coalesce(starts_at, least(ends_at, now())), now(), now(),
                    CASE WHEN status = 'resolved' THEN greatest(least(ends_at, now()), starts_at) END, component, severity, labels,
                    annotations, expiry.at, expiry.at, payload,
                    CASE WHEN status = 'firing' THEN coalesce((\(fragment: flaps)), 0) ELSE 0 END, rule, sent_group, words,
                    CASE WHEN status = 'resolved' THEN ends_at END, taken.incident, status = 'resolved' OR taken.incident IS NOT NULL
                FROM arrived CROSS JOIN LATERAL (
                    SELECT CASE WHEN arrived.status <> 'resolved' THEN (\(fragment: owner)) END AS incident OFFSET 0
                ) AS taken CROSS JOIN LATERAL (
                    SELECT CASE WHEN arrived.status <> 'resolved' THEN arrived.expires_at END AS at
                ) AS expiry
                WHERE status <> 'acknowledged' AND place <> ALL (ARRAY(SELECT place FROM superseding)) AND (
                    SELECT earlier.id FROM alert AS earlier
                    WHERE earlier.source = arrived.source AND earlier.identity = arrived.identity
                        AND earlier.starts_at >= arrived.starts_at AND earlier.status = 'resolved'
                        AND earlier.starts_at <= earlier.first_seen_at + interval '\(unescaped: Self.aheadMax)' LIMIT 1
                ) IS NULL AND (arrived.status <> 'resolved' OR (
                    SELECT open.id FROM alert AS open
                    WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                ) IS NULL) AND (arrived.status <> 'resolved' OR arrived.starts_at IS NOT NULL OR (
                    SELECT known.id FROM alert AS known
                    WHERE known.source = arrived.source AND known.identity = arrived.identity LIMIT 1
                ) IS NULL)
                ON CONFLICT (source, identity) WHERE status <> 'resolved' DO UPDATE
                SET occurrences = alert.occurrences + excluded.occurrences, last_seen_at = now(), words = excluded.words,
                    \(fragment: saidAgain), expires_at = excluded.expires_at,
                    due_at = least(alert.due_at, excluded.expires_at),
                    flaps = alert.flaps + (alert.quiet_since IS NOT NULL)::int, quiet_since = NULL
                RETURNING id, incident, status <> 'resolved' AS is_open,
                    status <> 'resolved' AND last_seen_at = first_seen_at AS is_new
            ), \(fragment: deliveries), counted AS (
                SELECT count(*) FILTER (WHERE is_new) AS begun, count(*) FILTER (WHERE is_open) AS firings,
                    count(*) FILTER (WHERE NOT is_open) AS ended
                FROM stored
            )
            SELECT (SELECT count(*) FROM resolved WHERE is_over) + (SELECT count(*) FROM acknowledged) + begun AS changed,
                firings, ended + (SELECT count(*) FROM resolved) AS ends,
                (SELECT count(*) FROM late) AS late_ends, (SELECT count(*) FROM acknowledged) AS acknowledgements,
                (SELECT array_agg(place) FROM superseding) AS superseding
            FROM counted
            """
    }

    /// What a repetition says takes the place of what was said before; what it does not say stays (`IncomingAlert.repeated`).
    /// Annotations that would become too many by that are those of the repetition alone.
    private static let saidAgain: SQL = """
        title = CASE WHEN excluded.words = \(IncomingAlert.contentHashOfCounted) OR excluded.title = excluded.identity
            THEN alert.title ELSE excluded.title END,
        severity = CASE WHEN excluded.words = \(IncomingAlert.contentHashOfCounted) THEN alert.severity
            ELSE coalesce(excluded.severity, alert.severity) END,
        annotations = CASE WHEN excluded.words = \(IncomingAlert.contentHashOfCounted) THEN alert.annotations
            WHEN (SELECT count(*) FROM jsonb_object_keys(alert.annotations || excluded.annotations)) > \(ForeignText.labelsMax)
            THEN excluded.annotations ELSE alert.annotations || excluded.annotations END
        """

    /// Firings that began after the open one was last said, where the incident of that is over: it ended, and nobody told. So the new
    /// one opens an incident of its own. Where the incident is open, a later beginning is one more repetition. Mostly no such incident
    /// is there, and nothing is looked up.
    private static let superseding: SQL = """
        over AS MATERIALIZED (
            SELECT ARRAY(
                SELECT number FROM incident WHERE \(fragment: AlertSearch.isOverAndFires)
            ) AS numbers
        ), superseding AS MATERIALIZED (
            SELECT place FROM arrived
            WHERE arrived.status = 'firing' AND cardinality((SELECT numbers FROM over)) > 0 AND (
                SELECT open.id FROM alert AS open
                WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                    AND open.incident = ANY ((SELECT numbers FROM over)::bigint[]) AND open.last_seen_at < arrived.starts_at
            ) IS NOT NULL
        )
        """

    private static let noSuperseding: SQL = "superseding AS (SELECT NULL::bigint AS place WHERE false)"

    /// How many firings of this identity began soon after the end of the one before.
    private static let flaps: SQL = """
        SELECT CASE
            WHEN latest.resolved_at > now() - make_interval(secs => \(Double(AlertFlapping.windowSeconds)))
            THEN least(latest.flaps + 1, 30000) END
        FROM alert AS latest
        WHERE latest.source = arrived.source AND latest.identity = arrived.identity
        ORDER BY latest.starts_at DESC LIMIT 1
        """

    /// Ends what is open, as far as the message is not about an earlier firing (`isLate`). What flaps only falls quiet. What was
    /// waiting to settle is looked at once more: whether it had is decided by when it ended.
    private static let endings: SQL = """
        ended AS (
            SELECT found.id, CASE WHEN found.id IS NULL THEN (\(fragment: open())) END AS late, arrived.ends_at,
                arrived.actor
            FROM arrived CROSS JOIN LATERAL (
                SELECT (\(fragment: open(unless: isLate))) AS id OFFSET 0
            ) AS found
            WHERE arrived.status = 'resolved'
        ), resolved AS (
            UPDATE alert SET last_seen_at = now(),
                status = CASE WHEN flaps < \(AlertFlapping.flapsMin) THEN 'resolved' ELSE status END,
                resolved_at = CASE WHEN flaps < \(AlertFlapping.flapsMin)
                    THEN greatest(least(\(fragment: saidEnd), now()), starts_at) END,
                said_end_at = \(fragment: saidEnd), routed = routed AND held IS DISTINCT FROM 'settling',
                quiet_since = CASE WHEN flaps >= \(AlertFlapping.flapsMin) THEN coalesce(quiet_since, now()) END,
                expires_at = \(fragment: quietEnough), due_at = least(due_at, \(fragment: quietEnough))
            WHERE id = ANY (ARRAY(SELECT id FROM ended)) AND resolved_at IS NULL
            RETURNING id, incident, status = 'resolved' AS is_over
        ), late AS (
            UPDATE alert SET ignored = coalesce(ignored, 0) + 1, ignored_reason = 'late_end', ignored_at = now()
            WHERE id = ANY (ARRAY(SELECT late FROM ended))
            RETURNING id
        )
        """

    /// The open alert of an arrived identity, unless something holds for the two.
    private static func open(unless condition: SQL = "false") -> SQL {
        """
        SELECT open.id FROM alert AS open
        WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
            AND NOT \(fragment: condition)
        """
    }

    /// Whether an arrived end is that of a firing before the open one. Where the sender named the beginning of both, that tells; an
    /// end after the beginning of the open one always counts. Else the times may be of two clocks (the beginning is ours where the
    /// sender named none), and an end is late only if an earlier firing is known that it can belong to: one that ended when it says,
    /// or of which nobody told when it ended.
    private static let isLate: SQL = """
        CASE
            WHEN open.starts_at <> open.first_seen_at AND arrived.ends_at >= open.starts_at THEN false
            WHEN open.starts_at <> open.first_seen_at AND arrived.starts_at IS NOT NULL THEN
                arrived.starts_at < open.starts_at
                AND coalesce(
                    arrived.ends_at < open.starts_at,
                    (\(fragment: before("earlier.starts_at >= arrived.starts_at"))), false
                )
            WHEN arrived.starts_at IS NULL AND arrived.ends_at IS NULL THEN false
            ELSE coalesce((\(fragment: before(isOfEarlier))), false)
        END
        """

    /// Whether an end whose times say nothing of the open firing is that of the one before.
    private static let isOfEarlier: SQL = """
        coalesce(earlier.starts_at = arrived.starts_at, false)
        OR coalesce(arrived.ends_at <= earlier.said_end_at, false)
        OR earlier.said_end_at IS NULL AND coalesce(arrived.ends_at < date_trunc('second', open.starts_at), false)
        """

    /// Whether something holds for the last firing before the open one; NULL when none is known.
    private static func before(_ condition: SQL) -> SQL {
        """
        SELECT \(fragment: condition) FROM alert AS earlier
        WHERE earlier.source = open.source AND earlier.identity = open.identity AND earlier.starts_at < open.starts_at
            AND earlier.status = 'resolved'
        ORDER BY earlier.starts_at DESC LIMIT 1
        """
    }

    /// When an alert that flaps and is quiet now is over; NULL when it does not flap.
    private static let quietEnough: SQL = """
        CASE WHEN flaps >= \(AlertFlapping.flapsMin)
            THEN coalesce(quiet_since, now()) + make_interval(secs => \(Double(AlertFlapping.quietSeconds))) END
        """

    /// When an alert ended by its sender's clock; NULL when the sender did not say.
    private static let saidEnd: SQL =
        "(ARRAY(SELECT ends_at FROM ended))[array_position(ARRAY(SELECT id FROM ended), alert.id)]"

    private static let noEndings: SQL = """
        resolved AS (SELECT NULL::uuid AS id, NULL::bigint AS incident, NULL::boolean AS is_over WHERE false),
        late AS (SELECT NULL::uuid AS id WHERE false)
        """

    /// Somebody looks at what is open.
    private static let acknowledging: SQL = """
        acknowledged AS (
            UPDATE alert SET status = 'acknowledged', acknowledged_at = now(), last_seen_at = now(),
                acknowledged_by = (SELECT actor FROM arrived WHERE arrived.source = alert.source
                    AND arrived.identity = alert.identity)
            WHERE id = ANY (ARRAY(
                SELECT (
                    SELECT open.id FROM alert AS open
                    WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                ) FROM arrived WHERE arrived.status = 'acknowledged'
            )) AND status = 'firing'
            RETURNING id, incident
        )
        """

    private static let noAcknowledging: SQL =
        "acknowledged AS (SELECT NULL::uuid AS id, NULL::bigint AS incident WHERE false)"

    /// Word for the incidents, one row for each and for beginnings and ends.
    private static let deliveries: SQL = """
        delivered AS (
            INSERT INTO alert_delivery (incident, ended, acknowledged, alerts)
            SELECT incident, ended, acknowledged, array_agg(id)
            FROM (
                SELECT incident, false AS ended, false AS acknowledged, id FROM stored WHERE is_new UNION ALL
                SELECT incident, false, true, id FROM acknowledged UNION ALL
                SELECT incident, true, false, id FROM resolved WHERE is_over
            ) AS changed
            WHERE incident IS NOT NULL GROUP BY incident, ended, acknowledged
        )
        """
}

// MARK: - Repetitions

/// Repetitions that say nothing new: most of what comes in a storm, and the least work.
extension AlertIntakeStore {
    /// Counts the alerts of a batch that are open and were last told in the same words; each identity stands at most once in
    /// it, and all of them fire.
    ///
    /// - Returns: The others. `apply` knows what becomes of them.
    func count(_ batch: [Arrival]) async throws -> [Arrival] {
        guard !batch.isEmpty else { return [] }
        let rows = try await pool.query(Self.count(batch))
        guard let counted = try rows.first?.decode("counted", as: [Int]?.self) else { return [] }
        let places = Set(counted)
        return batch.enumerated().filter { !places.contains($0.offset + 1) }.map(\.element)
    }

    /// Does what `apply` would do to such an alert. A firing of another beginning, one that has fallen quiet and one that is
    /// over are not counted. There is no join with the table, for the reason that `apply` has; what belongs to a row is found in
    /// arrays that are sorted by the rows' ids. What the update asks again, of rows that another changed meanwhile, has a form
    /// that no partial index knows.
    static func count(_ batch: [Arrival]) -> SQL {
        """
        WITH said AS MATERIALIZED (
            SELECT found.id, words, occurrences, expires_at, place
            FROM unnest(\(batch.map { $0.source }), \(batch.map { $0.alert.identity }), \(batch.map { $0.alert.contentHash }),
                    \(batch.map { $0.alert.startsAt }), \(batch.map { $0.occurrences }), \(batch.map { $0.alert.expiresAt }))
                WITH ORDINALITY AS arrived (source, identity, words, starts_at, occurrences, expires_at, place)
            CROSS JOIN LATERAL (
                SELECT (
                    SELECT open.id FROM alert AS open
                    WHERE open.source = arrived.source AND open.identity = arrived.identity AND open.status <> 'resolved'
                        AND open.words = arrived.words AND open.quiet_since IS NULL
                        AND coalesce(open.starts_at = arrived.starts_at, true)
                ) AS id OFFSET 0
            ) AS found
            WHERE found.id IS NOT NULL ORDER BY found.id
        ), counted AS (
            UPDATE alert SET occurrences = occurrences + \(fragment: said("occurrences")), last_seen_at = now(),
                expires_at = \(fragment: said("expires_at")), due_at = least(due_at, \(fragment: said("expires_at")))
            WHERE id = ANY (ARRAY(SELECT id FROM said)) AND coalesce(status, '') <> 'resolved' AND quiet_since IS NULL
                AND words = \(fragment: said("words"))
            RETURNING id
        )
        SELECT CASE WHEN (SELECT count(*) FROM counted) < \(batch.count)
            THEN ARRAY(SELECT place FROM said WHERE id = ANY (ARRAY(SELECT id FROM counted))) END AS counted
        """
    }

    /// What was said of the row at hand: `width_bucket` looks its place up in the sorted array.
    private static func said(_ column: String) -> SQL {
        "(ARRAY(SELECT \(unescaped: column) FROM said))[width_bucket(alert.id, ARRAY(SELECT id FROM said))]"
    }
}

// MARK: - Flapping

/// When an alert that begins and ends again and again is called flapping, and how that is damped: its end counts only
/// when it lasts. So an incident is not told of every turn, and never that something is over that will be back.
enum AlertFlapping {
    /// A firing within this time after the end of the one before it counts on.
    static let windowSeconds = 900
    /// So many of them in a row are flapping: from the fifth firing on.
    static let flapsMin = 4
    /// How long a flapping alert has to be quiet until it is over.
    static let quietSeconds = 300
}
