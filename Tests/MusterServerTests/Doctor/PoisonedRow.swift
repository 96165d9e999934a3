import FoundationEssentials
import Postgres

@testable import MusterServer

/// A row that nobody can read, in each table that is read into memory: as a newer release would write it, or a hand.
enum PoisonedRow: String, CaseIterable, Sendable {
    case rule = "routing_rule"
    case silence
    case source
    case mapping = "source's mapping"
    case component
    case token = "access_token"
    case heartbeat
    case probe
    case baseline = "report_baseline"
    case maintenance
    case occurrence = "maintenance_occurrence"
    case endpoint
    case help = "help_book"
    case subscription
    case told = "public_told"

    static let id = "0197a1b2-0000-7000-8000-00000000dead"

    var table: String { self == .mapping ? "source" : rawValue }

    /// What names the row in lists.
    var key: String {
        switch self {
        case .rule, .silence, .source, .mapping, .token, .maintenance, .endpoint, .subscription: Self.id
        case .occurrence: "\(Self.id)/2026-12-06T02:30:00"
        case .component, .heartbeat, .probe: "poison"
        case .baseline: "auth|cannot_sign_in"
        case .help: "help"
        case .told: "incident/1"
        }
    }

    /// The list that shows it, and which deletes it by the key; nil of what people neither make nor see.
    var list: String? {
        switch self {
        case .rule: "/v1/rules"
        case .silence: "/v1/silences"
        case .source, .mapping: "/v1/sources"
        case .component: "/v1/components"
        case .token: "/v1/tokens"
        case .heartbeat: "/v1/heartbeats"
        case .probe: "/v1/probes"
        case .maintenance: "/v1/maintenance"
        case .endpoint: "/v1/endpoints"
        case .subscription: "/v1/subscriptions"
        case .baseline, .occurrence, .help, .told: nil
        }
    }

    func plant(in pool: PostgresPool) async throws {
        for statement in statements { try await pool.query(statement) }
        try await pool.pipeline(RuleStore.bump)
    }

    private var statements: [SQL] {
        switch self {
        case .rule:
            [
                """
                INSERT INTO routing_rule (id, position, name, body, created_by, updated_by)
                SELECT \(Self.uuid), count(*) + 1, 'poison', '{"name": "x", "matchers": 7}', 'a hand', 'a hand'
                FROM routing_rule
                """
            ]
        case .silence:
            [
                """
                INSERT INTO silence (id, matchers, starts_at, ends_at, comment, created_by)
                VALUES (\(Self.uuid), '[{"label": "a", "operator": "=~", "value": "("}]', now(), now() + interval '1 day',
                    'poison', 'a hand')
                """
            ]
        case .source:
            [source(kind: "teleprinter", mapping: nil)]
        case .mapping:
            [source(kind: "generic", mapping: "{\"identity\": 7}")]
        case .component:
            [
                "INSERT INTO component (slug, body, version) VALUES ('poison', '{\"slug\": \"poison\"}', 1)",
                "UPDATE catalog SET version = version + 1",
            ]
        case .help:
            [
                "INSERT INTO help_book (body, version) VALUES ('{\"symptoms\": 7}', 1)",
                "UPDATE catalog SET version = version + 1",
            ]
        case .subscription:
            [
                """
                INSERT INTO subscription (id, channel, address_code, network_code, sealed, token_code, question_code,
                    question_until, language)
                VALUES (\(Self.uuid), 'webhook', 'a', 'b', 'c', 'd', 'e', now() + interval '1 day', 'tlh')
                """
            ]
        case .told:
            ["INSERT INTO public_told (subject, state) VALUES ('incident/1', '{\"x\": 7}')"]
        case .token:
            [
                "ALTER TABLE access_token DROP CONSTRAINT access_token_role_check",
                """
                INSERT INTO access_token (id, name, role, secret_hash, created_by)
                VALUES (\(Self.uuid), 'poison', 'owner', sha256('poison'), 'a hand')
                """,
            ]
        case .heartbeat:
            [
                "ALTER TABLE heartbeat ALTER COLUMN enabled DROP NOT NULL",
                """
                INSERT INTO heartbeat (name, interval_seconds, grace_seconds, enabled, due_at)
                VALUES ('poison', 60, 0, NULL, now() - interval '1 day')
                """,
            ]
        case .probe:
            [
                """
                INSERT INTO probe (name, target, interval_seconds, timeout_seconds, failures_to_fire,
                    successes_to_resolve, enabled, next_at)
                VALUES ('poison', '{"carrier pigeon": {}}', 60, 5, 1, 1, true, now() - interval '1 day')
                """
            ]
        case .maintenance:
            [maintenance(rule: "FREQ=HOURLY")]
        case .occurrence:
            [
                maintenance(rule: nil),
                """
                ALTER TABLE maintenance_occurrence DROP CONSTRAINT maintenance_occurrence_state_check
                """,
                """
                INSERT INTO maintenance_occurrence (maintenance, local_start, starts_at, ends_at, state, next_at)
                VALUES (\(Self.uuid), '2026-12-06T02:30:00', now(), now() + interval '1 hour', 'asleep', now() - interval '1 day')
                """,
            ]
        case .endpoint:
            [
                """
                INSERT INTO endpoint (id, name, format, settings, secrets, created_by, updated_by)
                VALUES (\(Self.uuid), 'poison', 'telegraph', '{}', '{}', 'a hand', 'a hand')
                """
            ]
        case .baseline:
            [
                """
                INSERT INTO report_baseline (component, symptom, mean, contrary, learnt_until)
                VALUES ('auth', 'cannot_sign_in', 'NaN', 1, now() - interval '1 hour')
                """
            ]
        }
    }

    private static let uuid = UUID(uuidString: id) ?? UUID()

    private func maintenance(rule: String?) -> SQL {
        """
        INSERT INTO maintenance (id, title, components, local_start, time_zone, duration_seconds, rrule, ends, plan_at,
            created_by, updated_by)
        VALUES (\(Self.uuid), 'poison', '{db}', '2026-12-06T02:30:00', 'Europe/Berlin', 3600, \(rule), 'automatic',
            now() - interval '1 day', 'a hand', 'a hand')
        """
    }

    private func source(kind: String, mapping: String?) -> SQL {
        """
        INSERT INTO source (id, name, kind, key_hash, mapping, created_by)
        VALUES (\(Self.uuid), 'poison', \(kind), \(SourceCache.hash("poison")), \(mapping.map { PostgresJSON($0) }), 'a hand')
        """
    }
}
