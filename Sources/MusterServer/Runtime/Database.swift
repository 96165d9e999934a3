import FoundationEssentials
import Glibc
import Logging
import Postgres

/// The PostgreSQL that the daemon works on: the one of `database.url`, else a private one in `data.directory`.
struct Database: Sendable {
    /// How the pool is to reach it.
    let pool: PostgresConfiguration
    private let embedded: EmbeddedPostgres?

    /// Starts the private server when no URL is configured, and makes the administrator's token then, if none is set.
    static func open(_ configuration: inout ServerConfiguration, logger: Logger) async throws -> Database {
        if let url = configuration.database.url {
            return Database(pool: Self.pool(url, configuration), embedded: nil)
        }
        let directory = configuration.data.directory
        try DataDirectory.make(directory)
        if let complaint = DataDirectory.complaint(about: directory) {
            logger.warning(
                "data.directory: \(complaint.says)", metadata: ["what_to_do": .string(complaint.advice)])
        }
        if configuration.bootstrapToken == nil {
            configuration.bootstrapToken = try DataDirectory.adminToken(in: directory, logger: logger)
        }
        let embedded = Self.embedded(configuration, logger: logger)
        let conninfo = try await embedded.start()
        return Database(pool: Self.pool(conninfo, configuration), embedded: embedded)
    }

    /// For a command beside the daemon: uses the private server while it runs, else starts it for the moment.
    ///
    /// - Parameter makes: Whether the command is there to make a database. Any other refuses where there is none, and leaves
    ///   nothing behind.
    static func borrow(_ configuration: ServerConfiguration, makes: Bool, logger: Logger) async throws -> Database {
        if let url = configuration.database.url {
            return Database(pool: Self.pool(url, configuration), embedded: nil)
        }
        let directory = configuration.data.directory
        if makes { try DataDirectory.make(directory) } else { try DataDirectory.lookForDatabase(in: directory) }
        let embedded = Self.embedded(configuration, logger: logger)
        let running = Self.pool(embedded.conninfo(database: EmbeddedPostgresSettings().database), configuration)
        if await answers(running, logger: logger) { return Database(pool: running, embedded: nil) }
        let conninfo = try await embedded.start()
        return Database(pool: Self.pool(conninfo, configuration), embedded: embedded)
    }

    /// For looking only: nil when the private server is wanted and does not run.
    static func present(_ configuration: ServerConfiguration, logger: Logger) async -> Database? {
        if let url = configuration.database.url {
            return Database(pool: Self.pool(url, configuration), embedded: nil)
        }
        let embedded = Self.embedded(configuration, logger: logger)
        let running = Self.pool(embedded.conninfo(database: EmbeddedPostgresSettings().database), configuration)
        return await answers(running, logger: logger) ? Database(pool: running, embedded: nil) : nil
    }

    /// Stops the private server, if we started it. Runs to its end even when the task is cancelled: a server left behind
    /// would hold the data directory.
    func close() async {
        guard let embedded else { return }
        await Task { await embedded.stop() }.value
    }

    private static func answers(_ configuration: PostgresConfiguration, logger: Logger) async -> Bool {
        var configuration = configuration
        configuration.connections = 1
        configuration.acquireTimeout = .milliseconds(500)
        var quiet = logger
        quiet.logLevel = .critical
        let pool = PostgresPool(configuration: configuration, logger: quiet)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await pool.run() }
            let result = try? await pool.query("SELECT 1")
            group.cancelAll()
            return result != nil
        }
    }

    private static func embedded(_ configuration: ServerConfiguration, logger: Logger) -> EmbeddedPostgres {
        var settings = EmbeddedPostgresSettings()
        settings.user = configuration.data.postgresUser
        return EmbeddedPostgres(
            directory: DataDirectory.postgresql(in: configuration.data.directory), settings: settings, logger: logger)
    }

    private static func pool(_ conninfo: String, _ configuration: ServerConfiguration) -> PostgresConfiguration {
        var pool = PostgresConfiguration(conninfo: conninfo)
        pool.password = configuration.database.password
        pool.connections = configuration.database.connections
        pool.statementDeadline = configuration.database.statementDeadline
        pool.statementTimeout = configuration.database.statementTimeout
        pool.connectTimeout = configuration.database.connectTimeout
        pool.applicationName = "musterd"
        return pool
    }
}

/// The files that the daemon keeps itself.
enum DataDirectory {
    /// Why the directory cannot be used.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the directory, if it is not there. As root others may pass through it, because the private server runs as
    /// another user; nothing in it is readable to them.
    static func make(_ path: String) throws {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            built += part + "/"
            if mkdir(built, geteuid() == 0 ? 0o711 : 0o700) != 0, errno != EEXIST {
                throw Failure(
                    description: "data.directory: \(path) cannot be made: \(String(cString: strerror(errno)))")
            }
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw Failure(description: "data.directory: \(path) is not writable")
        }
    }

    /// Where the administrator's token is when none is configured.
    static func tokenFile(in directory: String) -> String { directory + "/admin-token" }

    /// What is wrong with who may enter the directory, and what to do; nil when nothing is.
    static func complaint(about path: String) -> (says: String, advice: String)? {
        guard let mode = SecretExamination.mode(path), mode & 0o006 != 0 else { return nil }
        return ("everybody on this machine can look into \(path)", "chmod 711 \(path)")
    }

    /// Where the private server has its files.
    static func postgresql(in directory: String) -> String { directory + "/postgresql" }

    /// Throws when no private server has its files there, or nobody could say; makes nothing.
    static func lookForDatabase(in path: String) throws {
        guard EmbeddedPostgres.isMade(in: postgresql(in: path)) else {
            guard access(path, F_OK) != 0 || access(path, W_OK | X_OK) == 0 else {
                throw Failure(description: "data.directory: \(path) is not writable")
            }
            throw Failure(
                description: "there is no database in \(path); name the right data.directory or database.url, or have "
                    + "musterd serve or musterd migrate make one there")
        }
    }

    /// The administrator's token of an installation that has none configured: made once, readable to us alone.
    static func adminToken(in directory: String, logger: Logger) throws -> String {
        let path = tokenFile(in: directory)
        if let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8) {
            let token = String(text.prefix { !$0.isNewline })
            guard token.utf8.count >= 16 else {
                throw Failure(description: "\(path) holds no token; delete it, and a new one is made")
            }
            return token
        }
        let token = try NewToken.makeSecret()
        // Complete before it has its name, so that a crash leaves no half token.
        let draft = path + ".new"
        unlink(draft)
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure(description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let line = Array("\(token)\n".utf8)
        let written = write(descriptor, line, line.count)
        fsync(descriptor)
        close(descriptor)
        guard written == line.count, rename(draft, path) == 0 else {
            throw Failure(description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        logger.notice("the administrator's token was written", metadata: ["file": .string(path)])
        return token
    }
}
