import FoundationEssentials
import IncidentDomain
import Logging

/// Everything that an operator can choose, read once at the start. Every number is bounded; a value out of its range
/// stops the start and names its key. A key `a.b` of the YAML file is overridden by the variable `MUSTER_A_B`; a secret
/// `x` can be given as `x_file`, the path of a file that holds it.
///
/// | key | type | default | range |
/// | --- | --- | --- | --- |
/// | `http.listen` | host:port, or unix:PATH | `127.0.0.1:8080` | port 0 takes any free one |
/// | `http.public_url` | URL | none: `http://` and the address | |
/// | `http.request_body_max_bytes` | bytes | 1048576 | 1024 to 67108864 |
/// | `http.body_budget_bytes` | bytes | 50331648, or `ingress.body_max_bytes` if that is more | 1048576 to 17179869184 |
/// | `http.body_rate_min_bytes` | bytes a second | 1000 | 0 to 1000000 |
/// | `http.write_timeout_seconds` | seconds | 20 | 1 to 3600 |
/// | `http.unsent_budget_bytes` | bytes | 67108864 | 1048576 to 17179869184 |
/// | `http.connections_max` | count | 4096 | 1 to 100000 |
/// | `http.requests_in_flight_max` | count | 1024 | 1 to 100000 |
/// | `http.idle_timeout_seconds` | seconds | 75 | 1 to 3600 |
/// | `http.body_timeout_seconds` | seconds | 30 | 1 to 3600 |
/// | `http.require_if_match` | bool | false | |
/// | `http.trusted_proxies` | list of addresses and networks, as `10.0.0.0/8` | none | |
/// | `auth.bootstrap_token` | secret | embedded: one is made | 1 to 256 visible characters |
/// | `secrets.key` | secret | a key in the database | 16 to 256 visible characters |
/// | `data.directory` | path | `$STATE_DIRECTORY`, else `/var/lib/musterd` if writable, else `./data` | |
/// | `data.postgres_user` | account | the cluster's owner, else `postgres` | only as root |
/// | `database.url` | secret, libpq connection string | none: embedded PostgreSQL | |
/// | `database.password` | secret | what the connection string says | |
/// | `database.connections` | count | 8 | 1 to 200 |
/// | `database.migrate` | bool | true | |
/// | `database.statement_deadline_seconds` | seconds | 15 | 1 to 600, above the timeout |
/// | `database.statement_timeout_seconds` | seconds | 10 | 1 to 600 |
/// | `database.connect_timeout_seconds` | seconds | 5 | 2 to 60 |
/// | `log.level` | trace, debug, info, notice, warning, error, critical | `info` | |
/// | `log.format` | json, text | `json` | |
/// | `ingress.body_max_bytes` | bytes | 16777216 | 65536 to 67108864 |
/// | `streams.max` | streams of events of this daemon | 1000 | 1 to 100000 |
/// | `streams.per_token_max` | streams of one token | 100 | 1 to 100000 |
/// | `intake.gather_milliseconds` | milliseconds | 0 | 0 to 100 |
/// | `intake.waiting_max` | alerts | 10000 | 1 to 1000000 |
/// | `intake.batch_max` | alerts | 500 | 1 to 5000 |
/// | `intake.correlation_window_seconds` | seconds | 1800 | 0 to 86400 |
/// | `alert.settle_seconds` | seconds that an alert fires until it opens an incident | 0 | 0 to 86400 |
/// | `alert.severity_words.sev1` to `sev4`, and `none` | list of words, or of `KIND/WORD` | the built-in table | 200 words each |
/// | `retention.alert_days` | days after an alert is over | 365 | 0 to 3650; 0 keeps for ever |
/// | `retention.dead_letter_days` | days | 30 | 0 to 3650; 0 keeps for ever |
/// | `retention.change_days` | days | 90 | 0 to 3650; 0 keeps for ever |
/// | `retention.silence_days` | days after a silence is over | 365 | 0 to 3650; 0 keeps for ever |
/// | `retention.audit_days` | days | 0 | 0 to 3650; 0 keeps for ever |
/// | `retention.notification_days` | days that notices and attempts are kept | 30 | 1 to 3650 |
/// | `notifications.allowed_networks` | list of networks that are not public, as `10.0.0.0/8` | none | |
/// | `notifications.disable_after_days` | days in which every attempt failed | 5 | 1 to 365 |
/// | `escalation.SEVERITY.notify` (sev1 to sev4, or unset) | names of endpoints that are paged | none | |
/// | `escalation.SEVERITY.escalate` | list of `SECONDS: name, name` | none | |
/// | `mail.command` | path of the mail program and its arguments | none: no mail | |
/// | `mail.from` | whose mail it is that subscribers get, as `Status <status@example.org>` | none: no mail to them | |
/// | `probes.concurrent_max` | count | 64 | 0 (none in this daemon) to 1000 |
/// | `probes.allowed_networks` | list of networks, as `10.0.0.0/8` | all but those of link-local and metadata addresses | |
/// | `maintenance.overrun_grace_seconds` | seconds | 300 | 0 to 86400 |
/// | `retention.maintenance_days` | days after maintenance is over | 365 | 0 to 3650; 0 keeps for ever |
/// | `reports.open_incidents` | bool | false | |
/// | `reports.per_minute_max` | reports of this daemon | 6000 | 1 to 1000000 |
/// | `reports.retention_days` | days | 90 | 1 to 3650 |
/// | `reviews.templates_directory` | path | none: our sections | |
/// | `reviews.pdf_command` | path of a program that reads HTML and writes PDF, and its arguments | WeasyPrint if it is installed | |
/// | `reviews.language` | en, de | en | |
/// | `reviews.time_zone` | IANA name, as `Europe/Berlin` | UTC | PostgreSQL has to know it |
/// | `restoration.waves` | advise, enforce | advise | |
/// | `restoration.waves_by_severity.sev1` to `sev4` | advise, enforce | `restoration.waves` | |
/// | `restoration.dependents_start` | restored, verifying | restored | |
/// | `restoration.soak_seconds.tier_0` to `tier_3` | seconds | 0 | 0 to 86400 |
/// | `policy.default.PHASE`, `policy.sev1.PHASE` to `policy.sev4.PHASE` | list of requirements | the built-in policy | phases detect, assess, mitigate, restore, review |
/// | `policy.default.when_cleared`, `policy.sev1.when_cleared` to `policy.sev4.when_cleared` | keep, close | keep | |
/// | `policy.default.after_seconds`, `policy.sev1.after_seconds` to `policy.sev4.after_seconds` | seconds | 300 | 0 to 86400 |
/// | `policy.reopen_within_seconds` | seconds | 3600 | 0 to 604800 |
/// | `updates.every_minutes.sev1` to `sev4` | minutes | 30, 60, 0, 0 | 0 to 10080; 0 asks for none |
/// | `updates.review_due_days.sev1` to `sev4` | working days | 5 | 0 to 365; 0 asks for none |
/// | `updates.approval.default`, `updates.approval.sev1` to `sev4` | list of audiences | none | users, creators, businesses, staff, regulators |
/// | `updates.templates_directory` | path | none: the built-in templates | |
/// | `status.enabled` | bool | true | |
/// | `status.name` | text | Status | 1 to 100 characters |
/// | `status.url` | URL | `http.public_url` | |
/// | `status.publish_severities` | list of severities | none | sev1, sev2, sev3, sev4 |
/// | `status.language` | en, de | en | |
/// | `subscriptions.enabled` | bool | true | |
/// | `subscriptions.max` | subscriptions, confirmed or not | 100000 | 0 to 1000000 |
/// | `subscriptions.pending_max` | subscriptions that nobody confirmed yet | 5000 | 1 to 100000 |
/// | `subscriptions.per_network_max` | subscriptions of one network (/24, /48) | 200 | 1 to 100000 |
/// | `subscriptions.pending_per_network_max` | the same, not confirmed yet | 20 | 1 to 10000 |
/// | `subscriptions.questions_per_day_max` | questions whether somebody wants to subscribe, in a day | 5000 | 1 to 1000000 |
/// | `subscriptions.requests_per_minute_max` | requests to subscribe, of this daemon | 600 | 1 to 100000 |
/// | `subscriptions.messages_per_minute_max` | messages to subscribers, of this daemon and one channel | 1200 | 10 to 100000 |
/// | `room.enabled` | bool | true | |
/// | `room.session_hours` | hours | 12 | 1 to 168 |
/// | `room.secure_cookie` | bool | whether `http.public_url` is https | |
/// | `shutdown.grace_seconds` | seconds | 20 | 1 to 600 |
package struct ServerConfiguration: Sendable {
    struct HTTP: Sendable {
        var listen: ListenAddress
        var publicURL: String?
        var requestBodyMaxBytes: Int
        var connectionsMax: Int
        var requestsInFlightMax: Int
        var idleTimeout: Duration
        var bodyTimeout: Duration
        /// What all bodies that are being received may hold together.
        var bodyBudgetBytes: Int
        var bodyRateMinBytes: Int
        var writeTimeout: Duration
        /// What all answers that their clients have not read should hold together.
        var unsentBudgetBytes: Int
        var requireIfMatch: Bool
        /// Whose word about who sends a request is taken.
        var trustedProxies: [NetworkRange]
    }

    struct DataFiles: Sendable {
        var directory: String
        var postgresUser: String?
    }

    struct Database: Sendable {
        var url: String?
        /// Wins over the one in the connection string.
        var password: String?
        var connections: Int
        var migrate: Bool
        var statementDeadline: Duration
        var statementTimeout: Duration
        var connectTimeout: Duration
    }

    struct Log: Sendable {
        var level: Logger.Level
        var format: LogFormat
    }

    struct Ingress: Sendable {
        /// Of a message of another tool.
        var bodyMaxBytes: Int
    }

    struct Intake: Sendable {
        /// How long alerts are gathered into one statement.
        var gather: Duration
        var waitingMax: Int
        var batchMax: Int
        /// How long an incident takes alerts that only a dependency connects with it; zero for not at all.
        var correlationWindow: Duration
        /// How long an alert fires until it opens an incident.
        var settle: Duration
    }

    /// What is made of alerts.
    struct Alerts: Sendable {
        /// What the words of senders mean.
        var severities: AlertSeverityTable
        /// What becomes of incidents whose alerts have cleared.
        var clearing: ClearingPolicy
    }

    /// How many streams of events there may be at the same time.
    struct Streams: Sendable {
        var max: Int
        var perTokenMax: Int
    }

    struct Probes: Sendable {
        var concurrentMax: Int
        var networks: ProbeNetworks
    }

    struct Maintenance: Sendable {
        /// Seconds after its end that maintenance which is ended by hand may go on until it is an overrun.
        var overrunGrace: Double
        var retentionDays: Int
    }

    struct Notifications: Sendable {
        var networks: OutboundNetworks
        var disableAfterDays: Int
        /// The mail program and its arguments; nil for no mail.
        var mailCommand: [String]?
        /// Who is paged when no rule says so.
        var escalations: EscalationDefaults
    }

    struct Reports: Sendable {
        /// Whether users' reports alone open incidents.
        var openIncidents: Bool
        var perMinuteMax: Int
        var retentionDays: Int
    }

    struct Reviews: Sendable {
        /// The program that makes PDF and its arguments; nil for WeasyPrint if it is installed.
        var pdfCommand: [String]?
        var templates = ReviewTemplates.none
        /// In which language reviews are written, and by the clocks of which zone, unless a request says otherwise.
        var language: Language = .en
        var timeZone = ZoneOffsets.utc.name
    }

    struct Updates: Sendable {
        var policy: UpdatePolicy
        var templates: UpdateTemplates
    }

    var http: HTTP
    var bootstrapToken: String?
    /// What secrets are sealed with that the daemon itself has to use.
    var secretsKey: String?
    var data: DataFiles
    var database: Database
    var log: Log
    var ingress: Ingress
    var streams: Streams
    var intake: Intake
    var alerts: Alerts
    var retention: IngressPruneRunner.Retention
    var probes: Probes
    var notifications: Notifications
    var reports: Reports
    var maintenance: Maintenance
    var soak: SoakPolicy
    var restoration: RestorationPolicy
    var policy: PhasePolicy
    var reviews: Reviews
    var updates: Updates
    var status: StatusSettings
    /// Where the public page is seen; nil for `http.public_url`.
    var statusURL: String?
    var subscriptions: SubscriptionOffer
    var room: RoomSettings
    var shutdownGrace: Duration
    /// What is odd and no mistake: variables that look like ours.
    package private(set) var warnings: [String] = []

    package enum LogFormat: String, CaseIterable, Sendable {
        case json, text
    }
}

extension ServerConfiguration: CustomDebugStringConvertible {
    /// Nothing of what it holds: whoever prints what has a configuration in it would print its secrets.
    package var debugDescription: String { "ServerConfiguration" }
}

/// All that is wrong with a configuration, each line naming its key.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let errors: [String]

    package var description: String {
        errors.joined(separator: "\n")
    }
}

extension ServerConfiguration {
    /// Reads the file, if one is named, and the environment. Throws `ConfigurationError` with every mistake.
    package static func load(file: String?, environment: [String: String]) throws(ConfigurationError)
        -> ServerConfiguration
    {
        var yaml: String?
        if let file {
            do {
                yaml = try ConfigurationFile.text(file)
            } catch {
                throw ConfigurationError(errors: ["\(file): \(error.reason)"])
            }
        }
        return try ServerConfiguration(SettingSource(yaml: yaml, fileName: file, environment: environment))
    }

    init(_ source: SettingSource) throws(ConfigurationError) {
        var reader = SettingReader(source)
        self.init(&reader)
        reader.findUnknownKeys()
        warnings = reader.unknownVariables
        guard reader.errors.isEmpty else { throw ConfigurationError(errors: reader.errors) }
    }

    /// Reads every key; what is wrong stays with the reader.
    init(_ reader: inout SettingReader) {
        http = HTTP(&reader)
        bootstrapToken = Self.bootstrapToken(&reader)
        secretsKey = Self.secretsKey(&reader)
        data = DataFiles(&reader)
        database = Database(&reader)
        log = Log(
            level: reader.enumeration("log.level", default: .info),
            format: reader.enumeration("log.format", default: .json))
        ingress = Ingress(bodyMaxBytes: reader.integer("ingress.body_max_bytes", default: 1 << 24, 1 << 16...1 << 26))
        streams = Streams(
            max: reader.integer("streams.max", default: 1_000, 1...100_000),
            perTokenMax: reader.integer("streams.per_token_max", default: 100, 1...100_000))
        intake = Intake(&reader)
        alerts = Alerts(&reader)
        retention = IngressPruneRunner.Retention(
            alertDays: reader.integer("retention.alert_days", default: 365, 0...3650),
            deadLetterDays: reader.integer("retention.dead_letter_days", default: 30, 0...3650),
            changeDays: reader.integer("retention.change_days", default: 90, 0...3650),
            silenceDays: reader.integer("retention.silence_days", default: 365, 0...3650),
            auditDays: reader.integer("retention.audit_days", default: 0, 0...3650),
            notificationDays: reader.integer("retention.notification_days", default: 30, 1...3650))
        probes = Probes(&reader)
        notifications = Notifications(&reader)
        reports = Reports(
            openIncidents: reader.bool("reports.open_incidents", default: false),
            perMinuteMax: reader.integer("reports.per_minute_max", default: 6_000, 1...1_000_000),
            retentionDays: reader.integer("reports.retention_days", default: 90, 1...3_650))
        maintenance = Maintenance(
            overrunGrace: Double(reader.integer("maintenance.overrun_grace_seconds", default: 300, 0...86_400)),
            retentionDays: reader.integer("retention.maintenance_days", default: 365, 0...3650))
        soak = SoakPolicy(
            secondsByTier: Dictionary(
                uniqueKeysWithValues: (0...3).map { tier in
                    (tier, reader.integer("restoration.soak_seconds.tier_\(tier)", default: 0, 0...86_400))
                }))
        restoration = RestorationPolicy(&reader)
        policy = PhasePolicy(&reader)
        reviews = Reviews(
            pdfCommand: reader.command("reviews.pdf_command", as: "/usr/bin/weasyprint - -"),
            templates: ReviewTemplates.reading("reviews.templates_directory", &reader),
            language: reader.enumeration("reviews.language", default: .en), timeZone: Self.timeZone(&reader))
        updates = Updates(
            policy: UpdatePolicy(&reader), templates: UpdateTemplates(reading: "updates.templates_directory", &reader))
        (status, statusURL) = Self.status(&reader)
        subscriptions = SubscriptionOffer(&reader, hasMail: notifications.mailCommand != nil)
        room = RoomSettings(&reader, publicURL: http.publicURL)
        status.offersMail = subscriptions.from != nil
        status.offersSubscriptions = subscriptions.isEnabled
        shutdownGrace = .seconds(reader.integer("shutdown.grace_seconds", default: 20, 1...600))
        makeRoomForBodies(&reader)
    }

    /// A body of the largest size that is taken has room in the budget of all bodies: by default, or the configuration is refused.
    private mutating func makeRoomForBodies(_ reader: inout SettingReader) {
        let largest = max(http.requestBodyMaxBytes, ingress.bodyMaxBytes)
        guard http.bodyBudgetBytes < largest else { return }
        guard reader.string("http.body_budget_bytes") != nil else {
            http.bodyBudgetBytes = largest
            return
        }
        reader.refuse(
            "http.body_budget_bytes",
            "should be at least \(largest), the larger one of http.request_body_max_bytes and ingress.body_max_bytes, "
                + "and is \(http.bodyBudgetBytes): no body of that size could be received")
    }

    /// Whether there is such a zone, the database says when the daemon starts.
    private static func timeZone(_ reader: inout SettingReader) -> String {
        guard let name = reader.string("reviews.time_zone") else { return ZoneOffsets.utc.name }
        if !(1...64).contains(name.utf8.count) || !name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            reader.refuse("reviews.time_zone", "should be an IANA name, as Europe/Berlin")
        }
        return name
    }

    private static func secretsKey(_ reader: inout SettingReader) -> String? {
        guard let key = reader.secret("secrets.key") else { return nil }
        guard (16...256).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.refuse("secrets.key", "should have 16 to 256 visible ASCII characters")
            return nil
        }
        return key
    }

    private static func bootstrapToken(_ reader: inout SettingReader) -> String? {
        guard let token = reader.secret("auth.bootstrap_token") else { return nil }
        guard (1...256).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.refuse("auth.bootstrap_token", "should have 1 to 256 visible ASCII characters")
            return nil
        }
        return token
    }
}

extension ServerConfiguration.HTTP {
    fileprivate init(_ reader: inout SettingReader) {
        let text = reader.string("http.listen") ?? "127.0.0.1:8080"
        if let address = ListenAddress(text) {
            listen = address
        } else {
            listen = .tcp(host: "127.0.0.1", port: 8080)
            reader.refuse(
                "http.listen", "should be host:port, as 127.0.0.1:8080 or [::1]:8080, or unix:/path, and is \"\(text)\""
            )
        }
        publicURL = reader.pageURL("http.public_url")
        requestBodyMaxBytes = reader.integer("http.request_body_max_bytes", default: 1 << 20, 1 << 10...1 << 26)
        connectionsMax = reader.integer("http.connections_max", default: 4_096, 1...100_000)
        requestsInFlightMax = reader.integer("http.requests_in_flight_max", default: 1_024, 1...100_000)
        idleTimeout = .seconds(reader.integer("http.idle_timeout_seconds", default: 75, 1...3_600))
        bodyTimeout = .seconds(reader.integer("http.body_timeout_seconds", default: 30, 1...3_600))
        bodyBudgetBytes = reader.integer("http.body_budget_bytes", default: 48 << 20, 1 << 20...1 << 34)
        bodyRateMinBytes = reader.integer("http.body_rate_min_bytes", default: 1_000, 0...1_000_000)
        writeTimeout = .seconds(reader.integer("http.write_timeout_seconds", default: 20, 1...3_600))
        unsentBudgetBytes = reader.integer("http.unsent_budget_bytes", default: 1 << 26, 1 << 20...1 << 34)
        requireIfMatch = reader.bool("http.require_if_match", default: false)
        trustedProxies = reader.networks("http.trusted_proxies")
    }
}

extension ServerConfiguration.DataFiles {
    fileprivate init(_ reader: inout SettingReader) {
        // systemd names several directories with colons between; ours is the first.
        let state = reader.source.environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        let installed = "/var/lib/musterd"
        let given = reader.string("data.directory")
        let path = given ?? state ?? (FileManager.default.isWritableFile(atPath: installed) ? installed : "data")
        // The private server works in a directory of its own, so a relative path would mean two places.
        directory = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        postgresUser = reader.string("data.postgres_user")
        if path.isEmpty { reader.refuse("data.directory", "must not be empty") }
    }
}

extension ServerConfiguration.Database {
    fileprivate init(_ reader: inout SettingReader) {
        url = reader.secret("database.url")
        password = reader.secret("database.password")
        connections = reader.integer("database.connections", default: 8, 1...200)
        migrate = reader.bool("database.migrate", default: true)
        let deadline = reader.integer("database.statement_deadline_seconds", default: 15, 1...600)
        let timeout = reader.integer("database.statement_timeout_seconds", default: 10, 1...600)
        statementDeadline = .seconds(deadline)
        statementTimeout = .seconds(timeout)
        connectTimeout = .seconds(reader.integer("database.connect_timeout_seconds", default: 5, 2...60))
        if url?.isEmpty == true {
            reader.refuse("database.url", "must not be empty; leave it out for the embedded PostgreSQL")
        }
        if deadline <= timeout {
            reader.refuse(
                "database.statement_deadline_seconds",
                "should be above database.statement_timeout_seconds (\(timeout)), so that the server's limit comes first"
            )
        }
    }
}

extension ServerConfiguration.Probes {
    fileprivate init(_ reader: inout SettingReader) {
        concurrentMax = reader.integer("probes.concurrent_max", default: 64, 0...1_000)
        networks = ProbeNetworks(allowed: reader.networks("probes.allowed_networks"))
    }
}

/// `restoration.waves`, `restoration.waves_by_severity` and `restoration.dependents_start`.
extension RestorationPolicy {
    /// When a dependency lets what needs it start.
    private enum DependentsStart: String, CaseIterable {
        case restored, verifying
    }

    fileprivate init(_ reader: inout SettingReader) {
        let standard = reader.enumeration("restoration.waves", default: WavePolicy.Mode.advise)
        var special: [Severity: WavePolicy.Mode] = [:]
        for severity in Severity.allCases {
            special[severity] = reader.enumeration(
                "restoration.waves_by_severity.\(severity.rawValue)", default: standard)
        }
        let start = reader.enumeration("restoration.dependents_start", default: DependentsStart.restored)
        self.init(
            waves: WavePolicy(standard, bySeverity: special), opensAt: start == .verifying ? .verifying : nil)
    }
}

/// `policy.default.PHASE` and `policy.sev1.PHASE` to `policy.sev4.PHASE`: what each phase asks for.
extension PhasePolicy {
    init(_ reader: inout SettingReader) {
        let general = Self.exits("default", &reader)
        var special: [Severity: Exits] = [:]
        for severity in Severity.allCases {
            let exits = Self.exits(severity.rawValue, &reader)
            if !exits.isEmpty { special[severity] = exits }
        }
        self.init(general: general, special: special)
    }

    private static func exits(_ scope: String, _ reader: inout SettingReader) -> Exits {
        var exits: Exits = [:]
        for phase in Phase.open {
            let key = "policy.\(scope).\(phase.rawValue)"
            guard let names = reader.list(key) else { continue }
            exits[phase] = names.compactMap { name in
                guard let requirement = Requirement(rawValue: name) else {
                    let all = Requirement.allCases.map(\.rawValue).joined(separator: ", ")
                    reader.refuse(key, "\"\(name)\" is not a requirement; there are \(all)")
                    return nil
                }
                return requirement
            }
        }
        return exits
    }
}
