import Postgres

/// What a database says of itself, and what that means for us. As it starts out here, all is well.
struct DatabaseFacts: Sendable {
    var version = "15"
    var major = 15
    var encoding = "UTF8"
    var fsync = "on"
    var fullPageWrites = "on"
    var synchronousCommit = "on"
    var isReadOnly = false
    /// For accounts that are no superuser.
    var connections = 97
    var connectionsOfOthers = 0
    /// -1 for no limit.
    var connectionsOfRole = -1
    var oldestTransactionSeconds = 0.0
    var account = "muster"
    var schema: String? = "public"
    var mayCreate = true
    /// Nil of a socket of the file system.
    var address: String?
    var isEncrypted = false
    var isImporting = false
    /// Tables of ours that this account may not use.
    var forbiddenTables: [String] = []
    /// Our clock less the database's.
    var clockDifferenceSeconds = 0.0

    static let majorMin = 15
    /// Beside the pool: those that listen for notifications, and a command line.
    private static let connectionsSpare = 4
    private static let clockDifferenceMax = 1.0
    private static let oldTransactionSeconds = 60.0

    func findings(_ configuration: ServerConfiguration) -> [Finding] {
        [
            .ok("database", "PostgreSQL \(version), connected as \(account)"),
            versionFinding, encodingFinding, writableFinding, durabilityFinding, pagesFinding,
            connectionsFinding(configuration.database.connections), clockFinding, encryptionFinding, privilegesFinding,
            transactionFinding, importFinding,
        ].compactMap(\.self)
    }

    func schemaFinding(_ status: MigrationStatus, migrates: Bool) -> Finding {
        let key = "database.schema"
        if !status.newer.isEmpty {
            return .warning(
                key, "it has \(status.newer.count) migrations that this program does not know",
                "expected during a rolling upgrade only: upgrade this program")
        }
        guard status.pending.isEmpty else {
            let said = "\(status.pending.count) migrations are pending"
            if !migrates { return .problem(key, said, "musterd migrate (database.migrate is false)") }
            if !mayCreate {
                return .problem(
                    key, "\(said), and \(account) has no CREATE privilege",
                    "GRANT CREATE ON SCHEMA \(schema ?? "public") TO \(account), or run musterd migrate as its owner")
            }
            return .ok(key, "\(said); musterd serve applies them")
        }
        return .ok(key, "up to date (\(status.applied.count) migrations)")
    }
}

extension DatabaseFacts {
    private var versionFinding: Finding? {
        guard major < Self.majorMin else { return nil }
        return .problem(
            "database.version", "PostgreSQL \(version) is too old", "upgrade to PostgreSQL \(Self.majorMin) or newer")
    }

    private var encodingFinding: Finding? {
        guard encoding != "UTF8" else { return nil }
        return .problem(
            "database.encoding", "the encoding is \(encoding), which cannot store all text",
            "create a new one with createdb --encoding UTF8 --template template0, and move the data with musterd export "
                + "and import")
    }

    private var writableFinding: Finding? {
        guard isReadOnly else { return nil }
        return .problem(
            "database.url", "this server is read-only: a standby, or configured so",
            "set the primary, or all hosts with target_session_attrs=read-write")
    }

    private var durabilityFinding: Finding? {
        if fsync == "off" {
            return .problem(
                "database.fsync", "is off: a power failure can corrupt the database", "ALTER SYSTEM SET fsync = on")
        }
        guard synchronousCommit != "off" else {
            return .warning(
                "database.synchronous_commit", "is off: a crash loses the last acknowledged writes",
                "ALTER ROLE \(account) SET synchronous_commit = on")
        }
        return .ok("database.synchronous_commit", "is \(synchronousCommit): acknowledged writes survive a crash")
    }

    private var pagesFinding: Finding? {
        guard fullPageWrites == "off" else { return nil }
        return .warning(
            "database.full_page_writes", "is off: a power failure can corrupt pages",
            "ALTER SYSTEM SET full_page_writes = on, unless the file system writes pages atomically")
    }

    private func connectionsFinding(_ pool: Int) -> Finding {
        let key = "database.connections"
        let needed = pool + Self.connectionsSpare
        if connectionsOfRole >= 0, connectionsOfRole < needed {
            return .warning(
                key, "\(account) is limited to \(connectionsOfRole) connections, a daemon needs up to \(needed)",
                "ALTER ROLE \(account) CONNECTION LIMIT -1, or lower \(key)")
        }
        let free = connections - connectionsOfOthers
        guard free >= needed else {
            return .warning(
                key, "\(free) connections are free, a daemon needs up to \(needed)",
                "raise max_connections, or lower \(key)")
        }
        return .ok(key, "\(needed) needed, \(free) free")
    }

    private var clockFinding: Finding {
        let milliseconds = Int((clockDifferenceSeconds * 1_000).rounded())
        let said = "this machine's clock and the database's differ by \(abs(milliseconds)) ms"
        guard abs(clockDifferenceSeconds) > Self.clockDifferenceMax else { return .ok("clock", said) }
        return .warning(
            "clock", said,
            "synchronize both with NTP; Muster uses the database's clock, its logs use this one")
    }

    private var encryptionFinding: Finding? {
        guard let address, !isEncrypted, !address.hasPrefix("127."), address != "::1" else { return nil }
        return .warning(
            "database.url", "the connection to \(address) is not encrypted",
            "add sslmode=verify-full and sslrootcert= to the connection string")
    }

    private var privilegesFinding: Finding? {
        guard schema != nil else {
            return .problem(
                "database.privileges", "\(account) has no usable schema",
                "GRANT USAGE ON SCHEMA public TO \(account)")
        }
        guard !forbiddenTables.isEmpty else { return nil }
        return .problem(
            "database.privileges", "\(account) cannot read and write \(forbiddenTables.joined(separator: ", "))",
            "run the daemon as the account that owns them, or GRANT ALL ON ALL TABLES IN SCHEMA \(schema ?? "public") TO "
                + account)
    }

    private var transactionFinding: Finding? {
        guard oldestTransactionSeconds > Self.oldTransactionSeconds else { return nil }
        return .warning(
            "database.transactions",
            "a transaction has been open for \(Int(oldestTransactionSeconds)) s and delays the event feed",
            "find it in pg_stat_activity, ordered by xact_start, and terminate it")
    }

    private var importFinding: Finding? {
        guard isImporting else { return nil }
        return .warning(
            "database.import", "an import was interrupted; none of its data is visible",
            "run musterd import with the same archive again, or DROP SCHEMA muster_import CASCADE")
    }
}
