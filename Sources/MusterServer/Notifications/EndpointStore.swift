import FoundationEssentials
import IncidentDomain
import Postgres

/// The rows of endpoints.
struct EndpointStore: Sendable {
    let pool: PostgresPool
    let box: SecretBox

    /// More than anybody needs; each event is matched with each of them.
    static let endpointsMax = 500

    /// - Parameter secretsKey: `secrets.key`.
    init(pool: PostgresPool, secretsKey: String?) {
        self.pool = pool
        box = SecretBox(configured: secretsKey, store: SecretKeyStore(pool: pool))
    }

    /// Beside the endpoint, how much waits for it.
    static let columns: SQL = """
        endpoint.id, name, format, settings, secrets, enabled, disabled_reason, failing_since,
        CASE WHEN paused_until > now() THEN paused_until END AS paused_until, created_at, created_by, updated_at,
        updated_by, (SELECT count(*) FROM (SELECT 1 FROM notification
            WHERE notification.endpoint = endpoint.id AND state = 'pending' LIMIT 10000) AS pending) AS waiting
        """

    static let reader = RowReader(
        table: "endpoint", key: { try $0.decode("id", as: UUID.self).text }, decode: endpoint)

    static let examined = ExaminedTable(reader, all: "SELECT \(fragment: columns) FROM endpoint") {
        "PATCH or DELETE /v1/endpoints/\($0)"
    }

    private static func endpoint(_ row: PostgresRow) throws -> Endpoint {
        let settings: PostgresJSON = try row.decode("settings")
        let stored = try JSONDecoder().decode(StoredSettings.self, from: Data(settings.bytes))
        let secrets: PostgresJSON = try row.decode("secrets")
        guard let format = EndpointFormat(rawValue: try row.decode("format")) else {
            throw PostgresError.decoding(column: "format", reason: "this release does not have it")
        }
        return Endpoint(
            id: try row.decode("id"),
            settings: EndpointSettings(
                name: try row.decode("name"), format: format, filter: stored.filter, headers: stored.headers,
                options: stored.options, timeoutSeconds: stored.timeoutSeconds),
            secrets: try JSONDecoder().decode(SealedSecrets.self, from: Data(secrets.bytes)),
            state: Endpoint.State(
                isEnabled: try row.decode("enabled"), disabledReason: try row.decode("disabled_reason"),
                failingSince: try row.decode("failing_since"), pausedUntil: try row.decode("paused_until"),
                waiting: try row.decode("waiting")),
            createdAt: try row.decode("created_at"), createdBy: try row.decode("created_by"),
            updatedAt: try row.decode("updated_at"), updatedBy: try row.decode("updated_by"))
    }

    /// The stored form of `settings`.
    private struct StoredSettings: Codable {
        var filter: NoticeFilter
        var headers: [String]
        var options: [String: String]
        var timeoutSeconds: Int

        init(_ settings: EndpointSettings) {
            filter = settings.filter
            headers = settings.headers
            options = settings.options
            timeoutSeconds = settings.timeoutSeconds
        }
    }

    // MARK: - Reading

    /// By name.
    func list(after last: String?, limit: Int) async throws -> [ReadRow<Endpoint>] {
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM endpoint WHERE name > \(last ?? "") ORDER BY name LIMIT \(limit)
            """)
        var reader = Self.reader
        reader.place = { [.string(try $0.decode("name"))] }
        return reader.read(rows, in: pool)
    }

    func find(_ id: UUID) async throws -> ReadRow<Endpoint>? {
        try await pool.query("SELECT \(fragment: Self.columns) FROM endpoint WHERE id = \(id)").first
            .map { Self.reader.read($0, in: pool) }
    }

    /// The first name that no endpoint has.
    func unknown(among names: [String]) async throws -> String? {
        let known = try await Self.ids(named: names, in: pool)
        return names.first { known[$0] == nil }
    }

    /// The ids of the endpoints of these names; unknown names are left out.
    static func ids(
        named names: [String], onlyEnabled: Bool = false, in runner: some SQLRunner
    ) async throws -> [String: UUID] {
        var found: [String: UUID] = [:]
        let rows = try await runner.query(
            "SELECT id, name FROM endpoint WHERE name = ANY (\(names)) AND (enabled OR NOT \(onlyEnabled))")
        for row in rows { found[try row.decode("name")] = try row.decode("id", as: UUID.self) }
        return found
    }

    // MARK: - Changing

    /// What became of a change.
    enum Outcome: Sendable {
        case done(Endpoint)
        /// Another endpoint has the name.
        case nameTaken
        /// There are `endpointsMax`.
        case tooMany
        case notFound
    }

    /// Stores a new endpoint. The same id again is the same request: its endpoint stays, with the new secrets, which its answer
    /// shows.
    func create(
        _ id: UUID, _ settings: EndpointSettings, _ secrets: EndpointSecrets, by principal: Principal
    ) async throws -> Outcome {
        let sealed = try StoredJSON.text(try await secrets.sealed(by: box, for: id))
        let stored = try StoredJSON.text(StoredSettings(settings))
        return try await pool.transaction { transaction in
            // One at a time, so that the number and the names hold.
            _ = try await transaction.query("LOCK TABLE endpoint IN SHARE ROW EXCLUSIVE MODE")
            let others = try await transaction.query(
                """
                SELECT count(*) AS all_of_them, count(*) FILTER (WHERE name = \(settings.name)) AS same
                FROM endpoint WHERE id <> \(id)
                """
            ).first
            guard try others?.decode("same", as: Int.self) == 0 else { return .nameTaken }
            guard try others?.decode("all_of_them", as: Int.self) ?? 0 < Self.endpointsMax else { return .tooMany }
            _ = try await transaction.pipeline([
                """
                INSERT INTO endpoint (id, name, format, settings, secrets, created_by, updated_by)
                VALUES (\(id), \(settings.name), \(settings.format.rawValue), \(stored)::json, \(sealed)::json,
                    \(principal.name), \(principal.name))
                ON CONFLICT (id) DO UPDATE SET secrets = excluded.secrets, updated_at = clock_timestamp()
                """,
                AuditStore.insert(
                    actor: principal, action: "endpoint.create", subject: id.text,
                    data: ["name": .string(settings.name), "format": .string(settings.format.rawValue)]),
            ])
            return .done(try await Self.found(id, in: transaction))
        }
    }

    /// Changes an endpoint as `body` says, which gets it and its secrets while its row is held. One that was disabled by itself and
    /// is enabled again begins anew. What waits for one that is disabled is given up; it can be replayed.
    func change(
        _ id: UUID, action: String, by principal: Principal,
        _ body: @Sendable (inout Endpoint, inout EndpointSecrets) throws -> Void
    ) async throws -> Outcome {
        let outcome: Outcome = try await pool.transaction { transaction in
            let row = try await transaction.query(
                "SELECT \(fragment: Self.columns) FROM endpoint WHERE id = \(id) FOR UPDATE"
            ).first
            guard let row else { return .notFound }
            var endpoint = try Self.reader.read(row, in: transaction).get()
            var secrets = EndpointSecrets(url: "")
            var isOpen = true
            do {
                secrets = try await EndpointSecrets(opening: endpoint.secrets, with: box, of: id)
            } catch is EndpointSecrets.Unopenable {
                isOpen = false
            }
            let before = (endpoint.settings, endpoint.state.isEnabled, secrets)
            try body(&endpoint, &secrets)
            if !isOpen, secrets.url.isEmpty, endpoint.settings.format.format.usualURL != "" {
                throw Problem(
                    .unreadable,
                    "The secrets of this endpoint were encrypted with another key (secrets.key). Set them again: PATCH "
                        + "/v1/endpoints/\(id.text) with its url, headers and options.")
            }
            if endpoint.settings.name != before.0.name {
                let same = try await transaction.query(
                    "SELECT 1 FROM endpoint WHERE name = \(endpoint.settings.name) AND id <> \(id)")
                guard same.isEmpty else { return .nameTaken }
            }
            // Sealing the same again gives other bytes: what did not change stays.
            let sealed = secrets == before.2 ? endpoint.secrets : try await secrets.sealed(by: box, for: id)
            let isEnabled = endpoint.state.isEnabled
            // Enabled again, or elsewhere: what was before says nothing.
            let begins = isEnabled && (!before.1 || secrets.url != before.2.url)
            _ = try await transaction.query(
                """
                UPDATE endpoint SET name = \(endpoint.settings.name), settings = \(
                    try StoredJSON.text(StoredSettings(endpoint.settings)))::json,
                    secrets = \(try StoredJSON.text(sealed))::json, enabled = \(isEnabled),
                    disabled_reason = CASE WHEN \(isEnabled) THEN NULL ELSE disabled_reason END,
                    failing_since = CASE WHEN \(begins) THEN NULL ELSE failing_since END,
                    paused_until = CASE WHEN \(begins) THEN '-infinity' ELSE paused_until END,
                    updated_at = now(), updated_by = \(principal.name)
                WHERE id = \(id)
                """)
            _ = try await transaction.query(
                AuditStore.insert(
                    actor: principal, action: action, subject: id.text,
                    data: ["name": .string(endpoint.settings.name), "enabled": .bool(isEnabled)]))
            return .done(try await Self.found(id, in: transaction))
        }
        guard case .done(let endpoint) = outcome, !endpoint.state.isEnabled, endpoint.state.waiting > 0 else {
            return outcome
        }
        try await BacklogStore(pool: pool).giveUp(id, because: "the endpoint was disabled")
        return try await find(id).map { .done(try $0.get()) } ?? .notFound
    }

    private static func found(_ id: UUID, in transaction: PostgresTransaction) async throws -> Endpoint {
        let row = try await transaction.query("SELECT \(fragment: columns) FROM endpoint WHERE id = \(id)").first
        guard let row else { throw PostgresError.decoding(column: "id", reason: "the endpoint is gone") }
        return try reader.read(row, in: transaction).get()
    }

    /// Removes an endpoint with all that was sent to it. There may be much of it, which goes bit by bit: the endpoint is disabled
    /// meanwhile, and stays so if this daemon ends before.
    ///
    /// - Returns: False when there is none of that id.
    func delete(_ id: UUID, by principal: Principal) async throws -> Bool {
        let disabled = try await pool.query(
            "UPDATE endpoint SET enabled = false, updated_at = now(), updated_by = \(principal.name) WHERE id = \(id)")
        guard disabled.affectedRows > 0 else { return false }
        try await BacklogStore(pool: pool).clear(id)
        return try await pool.transaction { transaction in
            transaction.unreadable.forget(id.text, of: Self.reader.table)
            let rows = try await transaction.query("DELETE FROM endpoint WHERE id = \(id) RETURNING name")
            guard let name: String = try rows.first?.decode("name") else { return false }
            _ = try await transaction.query(
                AuditStore.insert(
                    actor: principal, action: "endpoint.delete", subject: id.text, data: ["name": .string(name)]))
            return true
        }
    }

    /// All that are enabled and whose filters can be read, for the fan-out. A format that only a newer release knows does not matter: its
    /// notifications wait for a daemon of that release.
    static func listeners(in runner: some SQLRunner) async throws -> [EndpointListener] {
        try await runner.query("SELECT id, format, settings, created_at FROM endpoint WHERE enabled ORDER BY id")
            .compactMap { row in
                let settings: PostgresJSON = try row.decode("settings")
                guard let stored = try? JSONDecoder().decode(StoredSettings.self, from: Data(settings.bytes)) else {
                    return nil
                }
                return EndpointListener(
                    id: try row.decode("id"), format: EndpointFormat(rawValue: try row.decode("format")),
                    filter: stored.filter, createdAt: try row.decode("created_at"))
            }
    }
}
