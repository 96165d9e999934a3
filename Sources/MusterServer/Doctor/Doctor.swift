import FoundationEssentials
import IncidentDomain
package import Logging
import Postgres

/// Examines an installation: what would keep the daemon from starting, what would make it lose what it acknowledged, and what
/// will hurt some day. It looks and changes nothing; it starts no server either.
package struct Doctor: Sendable {
    let file: String?
    let environment: [String: String]
    let logger: Logger

    package init(file: String?, environment: [String: String], logger: Logger) {
        self.file = file
        self.environment = environment
        self.logger = logger
    }

    package func examine() async -> [Finding] {
        var findings: [Finding] = []
        guard let configuration = readConfiguration(&findings) else { return findings }
        findings += FileExamination(configuration: configuration).findings
        findings += ListenExamination(http: configuration.http).findings
        findings += LimitExamination(configuration: configuration).findings
        findings.append(markdown)
        findings += await database(configuration)
        return findings
    }

    private var markdown: Finding {
        guard MarkdownReader.isSound else {
            return .problem(
                "markdown", "libmd4c does not parse Markdown as expected",
                "install Debian's package libmd4c0, 0.4.8 or newer")
        }
        return .ok("markdown", "libmd4c parses tables and treats HTML as text")
    }

    /// The configuration; nil when it is wrong, as then nothing else can be said.
    private func readConfiguration(_ findings: inout [Finding]) -> ServerConfiguration? {
        var yaml: String?
        if let file {
            do {
                yaml = try ConfigurationFile.text(file)
            } catch {
                findings.append(
                    .problem(
                        "configuration", "\(file) \(error.reason)", "check the path, and that this account can read it")
                )
                return nil
            }
        }
        let source = SettingSource(yaml: yaml, fileName: file, environment: environment)
        var reader = SettingReader(source)
        let configuration = ServerConfiguration(&reader)
        reader.findUnknownKeys()
        findings += reader.unknownVariables.map {
            .warning("configuration", $0, "correct the name, or remove it from the daemon's environment")
        }
        findings += reader.errors.map {
            .problem("configuration", $0, "correct it; the daemon does not start otherwise")
        }
        guard reader.errors.isEmpty else { return nil }
        findings.append(
            .ok("configuration", file.map { "\($0) is valid" } ?? "the environment is valid; no file given"))
        findings += SecretExamination(source: source, secrets: reader.secrets).findings
        return configuration
    }

    private func database(_ configuration: ServerConfiguration) async -> [Finding] {
        guard let database = await Database.present(configuration, logger: quiet) else {
            return [embedded(configuration)]
        }
        var pool = database.pool
        pool.connections = 1
        pool.acquireTimeout = pool.connectTimeout + .seconds(1)
        let connection = PostgresPool(configuration: pool, logger: quiet)
        defer { Task { await connection.close() } }
        do {
            let facts = try await DoctorStore(pool: connection).facts(ourTables: ArchiveTables.all.map(\.name))
            let schema = await schemaFindings(connection, configuration, facts)
            return facts.findings(configuration) + schema
        } catch {
            return [
                .problem(
                    "database.url", FailureText.of(error),
                    "check that PostgreSQL is running, and the address, account and password")
            ]
        }
    }

    /// Of a private server that does not run at this moment.
    private func embedded(_ configuration: ServerConfiguration) -> Finding {
        do {
            let directory = DataDirectory.postgresql(in: configuration.data.directory)
            try EmbeddedPostgres.checkInstallation(of: directory)
            let first = EmbeddedPostgres.isMade(in: directory) ? "" : "no database yet; "
            return .ok(
                "database",
                "\(first)the embedded PostgreSQL is installed; it starts with the daemon, which is not running"
            )
        } catch {
            return .problem("database", FailureText.of(error), "install it, or set database.url to another server")
        }
    }

    private func schemaFindings(
        _ pool: PostgresPool, _ configuration: ServerConfiguration, _ facts: DatabaseFacts
    ) async -> [Finding] {
        do {
            let status = try await Migrator(migrations: Migrations.all).status(pool)
            return [facts.schemaFinding(status, migrates: configuration.database.migrate)]
                + (try await DoctorStore(pool: pool).adminTokens().map { tokens in
                    [CredentialExamination(configuration: configuration, adminTokens: tokens).finding]
                } ?? []) + (status.pending.isEmpty ? try await rowFindings(pool, configuration) : [])
        } catch {
            return [
                .problem(
                    "database.schema", FailureText.of(error),
                    "this database belongs to another program, or was changed by hand; use another one")
            ]
        }
    }

    private func rowFindings(
        _ pool: PostgresPool, _ configuration: ServerConfiguration
    ) async throws -> [Finding] {
        let rows = try await RowExamination(pool: pool).findings() + [orphans(pool)]
        // The embedded server's files are as close to the key as a file beside them would be.
        guard configuration.secretsKey == nil, configuration.database.url != nil,
            try await SecretKeyStore(pool: pool).isInUse()
        else { return rows }
        return rows + [
            .warning(
                "secrets.key",
                "not set: probe secrets and sessions of browsers are encrypted with a key stored in the same database",
                "set it to the same 32 random characters on every daemon, and PUT the probes with secrets again")
        ]
    }

    private func orphans(_ pool: PostgresPool) async throws -> Finding {
        let count = try await DoctorStore(pool: pool).orphanedAlerts()
        guard count > 0 else {
            return .ok("alerts.orphaned", "every alert that fires has an open incident, or a reason for none")
        }
        return .warning(
            "alerts.orphaned",
            "\(count == 1 ? "1 alert fires" : "\(count.grouped) alerts fire") while no incident is open that they belong to",
            "GET /v1/alerts?orphaned=true lists them; PATCH /v1/alerts/ID with {\"incident\": \"new\", \"reason\": \"WHY\"} "
                + "gives one an incident, POST /v1/alerts/ID/resolve ends it")
    }

    /// What goes wrong is a finding, and no line of a log.
    private var quiet: Logger { logger.atLeast(.critical) }
}

// MARK: - Findings

/// One thing that `musterd doctor` looked at.
package struct Finding: Sendable, Equatable {
    /// How bad it is.
    package enum Level: String, Sendable, CaseIterable {
        case ok
        /// It works, and will hurt some day.
        case warning
        /// The daemon cannot start or serve like this, or loses what it acknowledges.
        case problem
    }

    package let level: Level
    /// What was looked at, with the configuration's key where there is one.
    package let check: String
    package let says: String
    /// What to do; nil when all is well.
    package let advice: String?

    static func ok(_ check: String, _ says: String) -> Finding {
        Finding(level: .ok, check: check, says: says, advice: nil)
    }

    static func warning(_ check: String, _ says: String, _ advice: String) -> Finding {
        Finding(level: .warning, check: check, says: says, advice: advice)
    }

    static func problem(_ check: String, _ says: String, _ advice: String) -> Finding {
        Finding(level: .problem, check: check, says: says, advice: advice)
    }

    /// One line.
    package var line: String {
        let word = level.rawValue + String(repeating: " ", count: 8 - level.rawValue.count)
        return "\(word) \(check): \(says)" + (advice.map { "; \($0)" } ?? "")
    }
}

extension Finding {
    /// All of them as one JSON document, with how many there are of each level.
    package static func json(_ findings: [Finding]) -> String {
        var json = JSONWriter()
        json.object { json in
            for level in Level.allCases {
                json.member(level.rawValue, findings.filter { $0.level == level }.count)
            }
            json.array("findings", findings) { json, finding in
                json.object { json in
                    json.member("level", finding.level.rawValue)
                    json.member("check", finding.check)
                    json.member("says", finding.says)
                    json.member("advice", finding.advice)
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
