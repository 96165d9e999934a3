import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of escalations: one for each incident and what asked for it.
enum EscalationStore {
    /// An escalation that is to begin.
    struct Start: Hashable, Sendable {
        let incident: Int
        /// `rule/ID` or `severity/SEVERITY`.
        let policy: String
        let plan: EscalationPlan
    }

    /// Begins escalations, each once; one that ended does not begin again.
    static func begin(_ starts: [Start]) throws -> SQL {
        """
        INSERT INTO escalation (incident, policy, plan)
        SELECT incident, policy, plan::json
        FROM unnest(\(starts.map(\.incident)), \(starts.map(\.policy)), \(try starts.map { try StoredJSON.text($0.plan) }))
            AS start (incident, policy, plan)
        ON CONFLICT (incident, policy) DO NOTHING
        """
    }

    /// What ended with an incident that is open again begins anew.
    static func forgetEnded(of incidents: [Int]) -> SQL {
        "DELETE FROM escalation WHERE incident = ANY (\(incidents)) AND ended IS NOT NULL"
    }

    /// Who was paged for incidents: they also hear how those go on.
    static func paged(
        _ incidents: Set<Int>, in transaction: PostgresTransaction
    ) async throws -> [Int: Set<UUID>] {
        var paged: [Int: Set<UUID>] = [:]
        let rows = try await transaction.query(
            """
            SELECT incident, paged FROM escalation WHERE incident = ANY (\(Array(incidents))) AND paged <> '{}'
            """)
        for row in rows {
            paged[try row.decode("incident"), default: []].formUnion(try row.decode("paged", as: [UUID].self))
        }
        return paged
    }

    /// Who was told of incidents before, whatever of.
    static func told(
        _ incidents: Set<Int>, in transaction: PostgresTransaction
    ) async throws -> [Int: Set<UUID>] {
        guard !incidents.isEmpty else { return [:] }
        var told: [Int: Set<UUID>] = [:]
        let rows = try await transaction.query(
            """
            SELECT DISTINCT notice.incident, notification.endpoint
            FROM notice JOIN notification ON notification.notice = notice.id
            WHERE notice.incident = ANY (\(Array(incidents)))
            """)
        for row in rows { told[try row.decode("incident"), default: []].insert(try row.decode("endpoint")) }
        return told
    }

    /// What the rules of alerts ask for, by the alert's id.
    static func rules(
        ofAlerts ids: [UUID], in transaction: PostgresTransaction
    ) async throws -> [UUID: RoutingRule] {
        let rows = try await transaction.query(
            """
            SELECT alert.id AS alert, routing_rule.* FROM alert JOIN routing_rule ON routing_rule.id = alert.rule
            WHERE alert.id = ANY (\(ids)) AND routing_rule.body -> 'then' -> 'notify' IS NOT NULL
            """)
        var found: [UUID: RoutingRule] = [:]
        for row in rows {
            guard let stored = RuleStore.reader.read(row, in: transaction).readable else { continue }
            found[try row.decode("alert", as: UUID.self)] = stored.rule
        }
        return found
    }

    // MARK: - Carrying out

    /// An escalation that is due, held until the transaction ends.
    struct Due: Sendable {
        let incident: Int
        let policy: String
        /// Nil when its plan cannot be read.
        let escalation: Escalation?
        let paged: [UUID]
        let now: Timestamp
    }

    static func claim(limit: Int, in transaction: PostgresTransaction) async throws -> [Due] {
        try await transaction.query(
            """
            SELECT incident, policy, plan, begun_at, told, paged, now() AS now FROM escalation
            WHERE next_at <= now() ORDER BY next_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            """
        ).map { row in
            let plan = try? JSONDecoder().decode(
                EscalationPlan.self, from: Data(try row.decode("plan", as: PostgresJSON.self).bytes))
            let begunAt: Timestamp = try row.decode("begun_at")
            let told: Int = try row.decode("told")
            return Due(
                incident: try row.decode("incident"), policy: try row.decode("policy"),
                escalation: plan.map { Escalation(plan: $0, begunAt: begunAt, told: told) },
                paged: try row.decode("paged"), now: try row.decode("now"))
        }
    }

    static func end(_ due: Due, _ end: Escalation.End) -> SQL {
        """
        UPDATE escalation SET next_at = NULL, ended = \(end.rawValue), ended_at = now()
        WHERE incident = \(due.incident) AND policy = \(due.policy)
        """
    }

    static func wait(_ due: Due, until moment: Timestamp) -> SQL {
        """
        UPDATE escalation SET next_at = \(moment) WHERE incident = \(due.incident) AND policy = \(due.policy)
        """
    }

    /// - Parameter next: When the next step is due; nil when it was the last one.
    static func told(_ due: Due, steps: Int, paged: [UUID], next: Timestamp?) -> SQL {
        """
        UPDATE escalation SET told = \(steps), paged = \(paged), next_at = \(next),
            ended = CASE WHEN \(next)::timestamptz IS NULL THEN 'exhausted' END,
            ended_at = CASE WHEN \(next)::timestamptz IS NULL THEN now() END
        WHERE incident = \(due.incident) AND policy = \(due.policy)
        """
    }

    // MARK: - Reading

    /// An escalation as people read it.
    struct Shown: Sendable {
        let policy: String
        let plan: EscalationPlan?
        let begunAt: Timestamp
        let told: Int
        let nextAt: Timestamp?
        let ended: String?
        let endedAt: Timestamp?
    }

    static func shown(of incident: Int, in pool: PostgresPool) async throws -> [Shown] {
        try await pool.query(
            """
            SELECT policy, plan, begun_at, told, next_at, ended, ended_at FROM escalation
            WHERE incident = \(incident) ORDER BY begun_at, policy
            """
        ).map { row in
            Shown(
                policy: try row.decode("policy"),
                plan: try? JSONDecoder().decode(
                    EscalationPlan.self, from: Data(try row.decode("plan", as: PostgresJSON.self).bytes)),
                begunAt: try row.decode("begun_at"), told: try row.decode("told"), nextAt: try row.decode("next_at"),
                ended: try row.decode("ended"), endedAt: try row.decode("ended_at"))
        }
    }
}
