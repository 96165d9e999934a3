import FoundationEssentials
import IncidentDomain
import Postgres

/// The API tokens. Only their SHA-256 is stored: a token has 256 random bits, so nothing slower is needed.
struct TokenStore: TokenLookup {
    let pool: PostgresPool

    /// Told to every daemon on the database when a token was made or revoked.
    static let channel = "muster_access"

    func principal(tokenHash: [UInt8]) async throws -> Principal? {
        let rows = try await pool.query(
            """
            SELECT id, name, role, person, last_used_at IS NULL OR last_used_at < now() - interval '1 hour' AS is_stale
            FROM access_token
            WHERE secret_hash = \(tokenHash) AND revoked_at IS NULL
            """)
        guard let row = rows.first, let principal = Self.principalReader.read(row, in: pool).readable else {
            return nil
        }
        if try row.decode("is_stale", as: Bool.self) { await touch(try row.decode("id")) }
        return principal
    }

    /// Which of some tokens, by their SHA-256, exist and are not revoked.
    func valid(_ hashes: [[UInt8]]) async throws -> Set<[UInt8]> {
        let rows = try await pool.query(
            "SELECT secret_hash FROM access_token WHERE secret_hash = ANY (\(hashes)) AND revoked_at IS NULL")
        return Set(try rows.map { try $0.decode("secret_hash", as: [UInt8].self) })
    }

    /// To the hour is enough to find tokens that nobody uses, and costs no write per request. Failing is no reason to
    /// refuse the token.
    private func touch(_ id: UUID) async {
        _ = try? await pool.query("UPDATE access_token SET last_used_at = now() WHERE id = \(id)")
    }

    /// Stores a new token. The same id again replaces the secret: a repetition of a request whose answer was lost cannot
    /// give the first secret again, and there shall be one token, not two.
    func create(_ token: NewToken, id: UUID, by principal: Principal) async throws -> AccessToken {
        let results = try await pool.pipeline([
            """
            INSERT INTO access_token (id, name, role, person, secret_hash, created_by)
            VALUES (\(id), \(token.name), \(token.role.rawValue), \(token.person), \(token.secretHash), \(principal.name))
            ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash
            RETURNING \(fragment: Self.columns)
            """,
            AuditStore.insert(
                actor: principal, action: "token.create", subject: id.text,
                data: [
                    "name": .string(token.name), "role": .string(token.role.rawValue),
                    "person": token.person.map { .string($0) } ?? .null,
                ]),
            "SELECT pg_notify(\(Self.channel), '')",
        ])
        guard let row = results.first?.first else {
            throw PostgresError.decoding(column: "id", reason: "an insert returned no row")
        }
        return try Self.reader.read(row, in: pool).get()
    }

    /// Tokens, newest first, from after `cursor` on; one more than `limit`, if there are more.
    func list(_ page: Page) async throws -> [ReadRow<AccessToken>] {
        var condition: SQL = "TRUE"
        if let cursor = page.cursor {
            // Microseconds: a cursor that is cut to milliseconds would show a row twice.
            let microseconds = try cursor.integer(0, in: Self.cursorRange)
            condition = """
                (created_at, id) < (timestamptz 'epoch' + \(microseconds) * interval '1 microsecond',
                    \(try cursor.uuid(1)))
                """
        }
        let rows = try await pool.query(
            """
            SELECT \(fragment: Self.columns) FROM access_token WHERE \(fragment: condition)
            ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)
            """)
        return Self.reader.read(rows, in: pool)
    }

    /// Microseconds since 1970 of which PostgreSQL makes a time.
    private static let cursorRange =
        Int(Timestamp.earliest.milliseconds) * 1000...Int(Timestamp.latest.milliseconds) * 1000

    /// Revokes a token for good; false when there is none of that id. Revoking twice is no error.
    func revoke(_ id: UUID, by principal: Principal) async throws -> Bool {
        let subject = id.text
        defer { pool.unreadable.forget(subject, of: Self.reader.table) }
        let results = try await pool.pipeline([
            """
            WITH revoked AS (
                UPDATE access_token SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL RETURNING id
            )
            INSERT INTO audit_line (actor_id, actor, action, subject, data)
            SELECT \(principal.id), \(principal.name), 'token.revoke', \(subject), '{}' FROM revoked
            """,
            "SELECT pg_notify(\(Self.channel), '')",
            "SELECT 1 FROM access_token WHERE id = \(id)",
            // One that cannot be read would stand in the list for ever.
            "DELETE FROM access_token WHERE id = \(id) AND role <> ALL (\(Role.allCases.map(\.rawValue)))",
        ])
        return results[2].count == 1
    }

    private static let columns: SQL = """
        id, name, role, person, created_at, created_by, revoked_at, last_used_at,
        CASE WHEN isfinite(created_at) THEN (extract(epoch FROM created_at) * 1000000)::bigint ELSE 0 END
            AS created_microseconds
        """

    private static let key: @Sendable (PostgresRow) throws -> String = { try $0.decode("id") }

    private static let reader = RowReader(
        table: "access_token", key: key,
        place: { [.integer(try $0.decode("created_microseconds")), .string(try $0.decode("id"))] },
        decode: AccessToken.init)

    private static let principalReader = RowReader(table: "access_token", key: key) { row in
        Principal.holder(
            ofToken: try row.decode("name"), id: try row.decode("id"), role: try role(row),
            person: try row.decode("person"))
    }

    static let examined = ExaminedTable(
        reader, all: "SELECT \(fragment: columns) FROM access_token WHERE revoked_at IS NULL"
    ) { "DELETE /v1/tokens/\($0)" }

    fileprivate static func role(_ row: PostgresRow) throws -> Role {
        guard let role = Role(rawValue: try row.decode("role")) else {
            throw PostgresError.decoding(column: "role", reason: "is no role that this program knows")
        }
        return role
    }
}

/// A stored token, without its secret.
struct AccessToken: Sendable {
    let id: UUID
    let name: String
    let role: String
    /// Whose it is; nil of a tool's own.
    let person: String?
    let createdAt: Timestamp
    /// The name of whoever made it.
    let createdBy: String
    let revokedAt: Timestamp?
    /// To the hour.
    let lastUsedAt: Timestamp?

    fileprivate init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        name = try row.decode("name")
        role = try TokenStore.role(row).rawValue
        person = try row.decode("person")
        createdAt = try row.decode("created_at")
        createdBy = try row.decode("created_by")
        revokedAt = try row.decode("revoked_at")
        lastUsedAt = try row.decode("last_used_at")
    }
}

/// A token to be stored: its secret is shown once and never again.
struct NewToken: Sendable {
    let name: String
    let role: Role
    let person: String?
    /// `muster_` and 52 letters and digits: 256 random bits, told from other secrets by its beginning.
    let secret: String

    init(name: String, role: Role, person: String? = nil) throws {
        self.name = name
        self.role = role
        self.person = person
        secret = try Self.makeSecret()
    }

    var secretHash: [UInt8] { OpenSSL.sha256(Array(secret.utf8)) }

    /// A new secret, also for the bootstrap token of an embedded installation.
    static func makeSecret() throws -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        // 256 is a multiple of 32, so every letter is as likely as any other.
        let random = try OpenSSL.randomBytes(52).map { letters[Int($0 % 32)] }
        return "muster_" + String(decoding: random, as: UTF8.self)
    }
}

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
