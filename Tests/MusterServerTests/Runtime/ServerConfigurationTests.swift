import FoundationEssentials
import IncidentDomain
import Logging
import Testing

@testable import MusterServer

struct ServerConfigurationTests {
    private func load(_ yaml: String? = nil, _ environment: [String: String] = [:]) throws -> ServerConfiguration {
        try ServerConfiguration(SettingSource(yaml: yaml, fileName: "musterd.yaml", environment: environment))
    }

    private func errors(_ yaml: String? = nil, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try load(yaml, environment)
            return []
        } catch let error as ConfigurationError {
            return error.errors
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `nothing configured gives the defaults`() throws {
        let configuration = try load()
        #expect(configuration.http.listen == .tcp(host: "127.0.0.1", port: 8080))
        #expect(configuration.http.requestBodyMaxBytes == 1_048_576)
        #expect(configuration.database.url == nil)
        #expect(configuration.database.connections == 8)
        #expect(configuration.log.format == .json)
        #expect(configuration.policy == PhasePolicy())
        #expect(configuration.bootstrapToken == nil)
    }

    @Test func `a file sets keys and the environment overrides them`() throws {
        let yaml = """
            http:
              listen: "[::1]:9000"
              require_if_match: true
            database: {connections: 3, url: postgresql:///x}
            log: {format: text}
            """
        let configuration = try load(
            yaml, ["MUSTER_DATABASE_CONNECTIONS": "5", "MUSTER_LOG_LEVEL": "debug", "OTHER": "x"])
        #expect(configuration.http.listen == .tcp(host: "::1", port: 9000))
        #expect(configuration.http.requireIfMatch)
        #expect(configuration.database.connections == 5)
        #expect(configuration.database.url == "postgresql:///x")
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .text)
    }

    @Test func `the budget of bodies has room for the largest one`() throws {
        #expect(try load("", [:]).http.bodyBudgetBytes == 48 << 20)
        #expect(try load("ingress: {body_max_bytes: 67108864}", [:]).http.bodyBudgetBytes == 64 << 20)
        let given = try load("http: {body_budget_bytes: 16777216}", [:])
        #expect(given.http.bodyBudgetBytes == 16 << 20)
    }

    @Test(arguments: [
        ("http.listen", "nowhere"), ("http.listen", "127.0.0.1:70000"), ("http.listen", "::1:80"),
        ("http.listen", "unix:rel"),
        ("http.public_url", "muster.example"), ("http.body_budget_bytes", "1048576"),
        ("http.request_body_max_bytes", "10"),
        ("http.request_body_max_bytes", "many"), ("http.connections_max", "0"), ("http.requests_in_flight_max", "-1"),
        ("http.idle_timeout_seconds", "0"), ("http.body_timeout_seconds", "1.5"), ("http.require_if_match", "perhaps"),
        ("auth.bootstrap_token", "two words"), ("secrets.key", "tooshort"), ("auth.bootstrap_token", ""),
        ("database.url", ""),
        ("database.connections", "201"), ("probes.concurrent_max", "1001"), ("probes.allowed_networks", "10.0.0.0/99"),
        ("database.migrate", "2"), ("database.statement_deadline_seconds", "5"),
        ("database.statement_timeout_seconds", "0"), ("database.connect_timeout_seconds", "1"), ("log.level", "loud"),
        ("log.format", "xml"), ("intake.gather_milliseconds", "101"), ("intake.waiting_max", "0"),
        ("intake.batch_max", "5001"), ("intake.correlation_window_seconds", "86401"),
        ("alert.severity_words.sev1", "nokind/critical"), ("policy.default.after_seconds", "5"),
        ("policy.sev1.when_cleared", "maybe"), ("policy.reopen_within_seconds", "-1"), ("alert.settle_seconds", "-1"),
        ("alert.settle_seconds", "86401"),
        ("reviews.language", "fr"), ("reviews.time_zone", "Not a zone"), ("reports.open_incidents", "maybe"),
        ("reports.per_minute_max", "0"), ("status.enabled", "perhaps"),
        ("status.name", String(repeating: "n", count: 101)),
        ("status.url", "status.example"), ("status.url", "https://status example"), ("status.language", "fr"),
        ("status.publish_severities", "sev1,sev9"),
        ("streams.max", "0"), ("streams.per_token_max", "100001"), ("reports.retention_days", "0"),
        ("http.trusted_proxies", "10.0.0.0/33"),
        ("restoration.soak_seconds.tier_2", "-1"), ("shutdown.grace_seconds", "601"),
        ("policy.default.detect", "acknowledged,later"), ("policy.sev1.assess", "x"), ("data.directory", ""),
    ])
    func `a wrong value is refused by the name of its key`(key: String, value: String) {
        let found = errors(nil, [SettingSource.environmentName(key): value])
        #expect(found.count == 1)
        #expect(found.first?.contains(key) == true)
        #expect(found.first?.contains(SettingSource.environmentName(key)) == true)
    }

    @Test func `the public page is there unless it is switched off, under the address that is configured`() throws {
        let standard = try load().status
        #expect(standard.isEnabled && standard.name == "Status" && standard.severities.isEmpty)
        #expect(standard.language == .en)
        let configured = try load(
            """
            status: {enabled: false, name: "\(String(repeating: "n", count: 100))", url: "https://status.example/",
              publish_severities: [sev1, sev2], language: de}
            """)
        #expect(!configured.status.isEnabled && configured.status.name.count == 100)
        #expect(configured.statusURL == "https://status.example")
        #expect(configured.status.severities == [.sev1, .sev2] && configured.status.language == .de)
    }

    @Test func `every mistake is said, with the line where it stands`() {
        let found = errors(
            """
            http:
              listn: 127.0.0.1:1
              connections_max: lots
            databse:
              url: x
            log: json
            """)
        #expect(
            found == [
                "http.connections_max (musterd.yaml, line 3): should be a whole number from 1 to 100000 and is \"lots\"",
                "http.listn (musterd.yaml, line 2): is not a key; did you mean http.listen?",
                "databse.url (musterd.yaml, line 5): is not a key; did you mean database.url?",
                "log (musterd.yaml, line 6): is not a key",
            ])
    }

    @Test(arguments: ["- a", "text", "a: [", "http: {listen: [1, [2]]}", "a: &x 1\nb: *x"])
    func `a file of the wrong shape is refused`(yaml: String) {
        #expect(!errors(yaml).isEmpty)
    }

    @Test(arguments: ["", "# nothing\n", "http:\n", "policy:\n  default:\n"])
    func `an empty file and empty sections say nothing`(yaml: String) {
        #expect(errors(yaml) == [])
    }

    @Test func `a variable that looks like ours and is none is a warning`() throws {
        let warnings = try load(nil, ["MUSTER_HTTP_LISTN": "x"]).warnings
        #expect(
            warnings == ["MUSTER_HTTP_LISTN is not a variable of the configuration; did you mean MUSTER_HTTP_LISTEN?"])
    }

    @Test func `a secret comes from a file when a file is named`() throws {
        let path = "/tmp/muster-secret-\(UUID().uuidString)"
        try "0123456789abcdef\nsecond line\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try load("auth: {bootstrap_token_file: \(path)}").bootstrapToken == "0123456789abcdef")
        #expect(try load(nil, ["MUSTER_AUTH_BOOTSTRAP_TOKEN_FILE": path]).bootstrapToken == "0123456789abcdef")
        let both = errors("auth: {bootstrap_token_file: \(path), bootstrap_token: 0123456789abcdefg}")
        #expect(both.count == 1 && both[0].contains("auth.bootstrap_token_file"))
        #expect(errors("database: {url_file: /no/such/file}").first?.contains("database.url_file") == true)
    }

    @Test func `a credential of systemd is a secret, unless the configuration has one`() throws {
        let directory = "/tmp/muster-credentials-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try "from-one-file\n".write(toFile: directory + "/database.password", atomically: true, encoding: .utf8)
        try "from-a-folder\n".write(
            toFile: directory + "/musterd_auth.bootstrap_token", atomically: true, encoding: .utf8)
        let environment = ["CREDENTIALS_DIRECTORY": directory]
        let configuration = try load(nil, environment)
        #expect(configuration.database.password == "from-one-file")
        #expect(configuration.bootstrapToken == "from-a-folder")
        #expect(configuration.database.url == nil)
        #expect(try load("auth: {bootstrap_token: from-the-file}", environment).bootstrapToken == "from-the-file")
    }

    @Test func `a reload names what it cannot change, and keeps that`() throws {
        let old = try load("http: {listen: \"127.0.0.1:1\"}\ndatabase: {connections: 3}")
        let new = try load("http: {listen: \"127.0.0.1:2\", require_if_match: true}\ndatabase: {connections: 4}")
        #expect(new.fixedKeys(differingFrom: old) == ["http.listen", "database.connections"])
        let merged = new.keepingFixed(of: old)
        #expect(merged.fixedKeys(differingFrom: old).isEmpty)
        #expect(merged.http.requireIfMatch)
        #expect(old.fixedKeys(differingFrom: old).isEmpty)
    }

    @Test func `words of severities, and what becomes of incidents whose alerts cleared, are read`() throws {
        let alerts = try load(
            """
            alert:
              severity_words:
                sev4: [Ticket]
                none: [grafana/info]
            policy:
              sev4: {when_cleared: close, after_seconds: 60}
              reopen_within_seconds: 10
            """
        ).alerts
        #expect(alerts.severities.severity("ticket", kind: "generic") == .sev4)
        #expect(alerts.severities.severity("info", kind: "grafana") == nil)
        #expect(alerts.severities.severity("info", kind: "prometheus") == .sev4)
        #expect(
            alerts.clearing
                == ClearingPolicy(general: .keep, special: [.sev4: .close(afterSeconds: 60)], reopenSeconds: 10))
        #expect(try load(nil).alerts.clearing == .keep)
        #expect(errors("alert: {severity_words: {sev1: [a], sev2: [A]}}").count == 1)
    }

    @Test func `the policy is read by severity and phase`() throws {
        let policy = try load(
            """
            policy:
              default:
                detect: []
              sev1:
                assess: [severity_set, cause_confirmed]
            """
        ).policy
        #expect(policy.requirements(leaving: .detect, severity: nil) == [])
        #expect(policy.requirements(leaving: .assess, severity: .sev1) == [.severitySet, .causeConfirmed])
        #expect(policy.requirements(leaving: .assess, severity: .sev2) == PhasePolicy.builtIn[.assess])
    }

    @Test func `the data directory is the service manager's, unless another is named`() throws {
        #expect(try load(nil, ["STATE_DIRECTORY": "/var/lib/a:/var/lib/b"]).data.directory == "/var/lib/a")
        let named = try load(nil, ["STATE_DIRECTORY": "/var/lib/a", "MUSTER_DATA_DIRECTORY": "/srv/x"])
        #expect(named.data.directory == "/srv/x")
        #expect(try load(nil, ["MUSTER_DATA_DIRECTORY": "here"]).data.directory.hasSuffix("/here"))
    }

    @Test(arguments: [
        ("a", "a", 0), ("", "abc", 3), ("listn", "listen", 1), ("kitten", "sitting", 3), ("abc", "", 3),
    ])
    func `distance counts single changes`(left: String, right: String, distance: Int) {
        #expect(SettingReader.distance(left, right) == distance)
    }
}
