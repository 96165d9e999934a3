import IncidentDomain
import Postgres

/// Who changed the configuration that lives in the database: tokens, sources, the catalog. Incidents have their timeline.
enum AuditStore {
    /// A statement for the pipeline or transaction that makes the change. `data` must hold no secret.
    static func insert(actor: Principal, action: String, subject: String, data: JSONObject = JSONObject()) -> SQL {
        """
        INSERT INTO audit_line (actor_id, actor, action, subject, data)
        VALUES (\(actor.id), \(actor.name), \(action), \(subject), \(PostgresJSON(bytes: JSONValue.object(data).bytes)))
        """
    }

    /// Forgets some lines that are older than so many days, the oldest first; how many those were. Their numbers grow with
    /// time, so only the first ones are looked at.
    static func prune(days: Int, limit: Int, in runner: some SQLRunner) async throws -> Int {
        try await runner.query(
            """
            DELETE FROM audit_line WHERE id IN (
                SELECT id FROM (SELECT id, at FROM audit_line ORDER BY id LIMIT \(limit)) AS oldest
                WHERE at < now() - make_interval(days => \(Int32(days)))
            ) RETURNING id
            """
        ).count
    }
}
