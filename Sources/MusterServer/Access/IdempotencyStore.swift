import FoundationEssentials
import Postgres

/// The claims and answers of requests with an `Idempotency-Key`.
struct IdempotencyStore: Sendable {
    let pool: PostgresPool

    /// What a request found under its key.
    enum Claim: Sendable {
        /// It is ours to carry out, as this command.
        case claimed(commandID: UUID)
        /// The encrypted answer of the first time.
        case answered([UInt8])
        case inFlight(secondsLeft: Int)
        case otherBody
    }

    /// How long an answer is kept.
    static let keptHours = 24

    /// Claims the key for one attempt, or says what stands under it.
    func claim(_ request: IdempotentRequest, claimID: UUID, lease: Duration) async throws -> Claim {
        // The row may be pruned between the two statements; then it is free, and the second round claims it.
        for _ in 0..<3 {
            if let commandID = try await insert(request, claimID: claimID, lease: lease) {
                return .claimed(commandID: commandID)
            }
            if let found = try await find(request) { return found }
        }
        return .inFlight(secondsLeft: 1)
    }

    /// A lease that is over passes to us with its command id, since the dead attempt may have committed; a row that is
    /// too old counts as none.
    private func insert(_ request: IdempotentRequest, claimID: UUID, lease: Duration) async throws -> UUID? {
        let rows = try await pool.query(
            """
            INSERT INTO idempotency AS i (scope, body_hash, command_id, claim_id, claimed_until, expires_at)
            VALUES (\(request.scope), \(request.bodyHash), \(UUID.random()), \(claimID),
                    now() + make_interval(secs => \(Double(lease.components.seconds))),
                    now() + make_interval(hours => \(Int32(Self.keptHours))))
            ON CONFLICT (scope) DO UPDATE
            SET body_hash = excluded.body_hash,
                command_id = CASE WHEN i.expires_at < now() THEN excluded.command_id ELSE i.command_id END,
                claim_id = excluded.claim_id,
                claimed_until = excluded.claimed_until,
                expires_at = excluded.expires_at,
                answer = NULL
            WHERE i.expires_at < now()
               OR (i.claimed_until <= now() AND i.body_hash = excluded.body_hash)
            RETURNING command_id
            """)
        return try rows.first?.decode(0)
    }

    private func find(_ request: IdempotentRequest) async throws -> Claim? {
        let rows = try await pool.query(
            """
            SELECT body_hash, answer, ceil(extract(epoch FROM claimed_until - now()))::bigint AS seconds_left
            FROM idempotency
            WHERE scope = \(request.scope) AND expires_at >= now()
            """)
        guard let row = rows.first else { return nil }
        guard try row.decode(0, as: [UInt8].self) == request.bodyHash else { return .otherBody }
        if let answer = try row.decode(1, as: [UInt8]?.self) { return .answered(answer) }
        return .inFlight(secondsLeft: try row.decode(2, as: Int?.self) ?? 1)
    }

    /// Keeps the answer, if the claim still is this attempt's.
    ///
    /// - Parameter incident: The one that the answer shows, if it shows one.
    func keep(_ sealed: [UInt8], of request: IdempotentRequest, incident: Int? = nil, claimID: UUID) async throws {
        _ = try await pool.query(
            """
            UPDATE idempotency SET answer = \(sealed), incident = \(incident), claimed_until = NULL
            WHERE scope = \(request.scope) AND claim_id = \(claimID) AND answer IS NULL
            """)
    }

    /// Forgets the answers that show an incident, because something in it was redacted. The rows stay, for their command ids:
    /// a repetition finds what is done already, and is answered by how the incident is then.
    static func forget(_ incident: Int) -> SQL {
        """
        UPDATE idempotency SET answer = NULL, claimed_until = now()
        WHERE answer IS NOT NULL AND (incident = \(incident) OR command_id IN (
            SELECT command_id FROM timeline_entry WHERE timeline_entry.incident = \(incident)))
        """
    }

    /// Ends the lease at once. The row stays, for its command id: the attempt may have committed before it failed.
    func release(_ request: IdempotentRequest, claimID: UUID) async throws {
        _ = try await pool.query(
            """
            UPDATE idempotency SET claimed_until = now()
            WHERE scope = \(request.scope) AND claim_id = \(claimID) AND answer IS NULL
            """)
    }

    /// Deletes what is too old, some at a time, and says how many.
    func prune(max: Int = 5_000) async throws -> Int {
        let result = try await pool.query(
            """
            DELETE FROM idempotency
            WHERE scope IN (
                SELECT scope FROM idempotency WHERE expires_at < now()
                ORDER BY expires_at LIMIT \(max) FOR UPDATE SKIP LOCKED)
            """)
        return result.affectedRows
    }
}
