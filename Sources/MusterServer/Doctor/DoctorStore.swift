import IncidentDomain
import Postgres

/// Asks the database about itself.
struct DoctorStore: Sendable {
    let pool: PostgresPool

    func facts(ourTables: [String]) async throws -> DatabaseFacts {
        // Once for the connection, so that the second one measures the way alone.
        try await pool.query("SELECT 1")
        let before = Timestamp.now()
        let time: Timestamp = try await pool.query("SELECT clock_timestamp() AS now")[0].decode("now")
        let after = Timestamp.now()
        let row = try await pool.query(
            """
            SELECT current_setting('server_version') AS version,
                current_setting('server_version_num')::int8 / 10000 AS major,
                current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
                current_setting('full_page_writes') AS full_pages,
                current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('default_transaction_read_only') = 'on' OR pg_is_in_recovery() AS is_read_only,
                current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
                    AS connections,
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
                    AND application_name <> 'musterd') AS connections_of_others,
                (SELECT rolconnlimit::int8 FROM pg_roles WHERE rolname = current_user) AS role_connections,
                coalesce(extract(epoch FROM now() - (SELECT min(xact_start) FROM pg_stat_activity
                    WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid())), 0)::float8 AS oldest,
                current_user::text AS account, current_schema()::text AS schema,
                coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
                host(inet_server_addr()) AS address,
                coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted,
                to_regclass('muster_import.archive_import') IS NOT NULL AS is_importing,
                ARRAY(SELECT relname::text FROM pg_class WHERE relname::text = ANY (\(ourTables))
                    AND relnamespace = current_schema()::regnamespace AND NOT (
                        has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
                        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
                    ) ORDER BY relname) AS forbidden
            """)[0]
        var facts = DatabaseFacts()
        facts.version = try row.decode("version")
        facts.major = try row.decode("major")
        facts.encoding = try row.decode("encoding")
        facts.fsync = try row.decode("fsync")
        facts.fullPageWrites = try row.decode("full_pages")
        facts.synchronousCommit = try row.decode("synchronous_commit")
        facts.isReadOnly = try row.decode("is_read_only")
        facts.connections = try row.decode("connections")
        facts.connectionsOfOthers = try row.decode("connections_of_others")
        facts.connectionsOfRole = try row.decode("role_connections")
        facts.oldestTransactionSeconds = try row.decode("oldest")
        facts.account = try row.decode("account")
        facts.schema = try row.decode("schema")
        facts.mayCreate = try row.decode("may_create")
        facts.address = try row.decode("address")
        facts.isEncrypted = try row.decode("is_encrypted")
        facts.isImporting = try row.decode("is_importing")
        facts.forbiddenTables = try row.decode("forbidden")
        let ours = before.milliseconds + (after.milliseconds - before.milliseconds) / 2
        facts.clockDifferenceSeconds = Double(ours - time.milliseconds) / 1_000
        return facts
    }

    /// How many alerts fire with no open incident; no more than 10,001 are counted.
    func orphanedAlerts() async throws -> Int {
        try await pool.query(
            "SELECT count(*) FROM (SELECT FROM alert WHERE \(fragment: AlertSearch.orphaned) LIMIT 10001) AS left_alone"
        )[0].decode(0)
    }

    /// How many tokens may do everything; nil when there is no table of tokens yet.
    func adminTokens() async throws -> Int? {
        let there = try await pool.query("SELECT to_regclass('access_token') IS NOT NULL")
        guard try there[0].decode(0, as: Bool.self) else { return nil }
        return try await pool.query(
            "SELECT count(*) FROM access_token WHERE role = 'admin' AND revoked_at IS NULL"
        )[0].decode(0)
    }
}
