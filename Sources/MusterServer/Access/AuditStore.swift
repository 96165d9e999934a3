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
}
