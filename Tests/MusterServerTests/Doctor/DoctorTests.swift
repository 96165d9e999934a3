import FoundationEssentials
import Glibc
import HTTPTypes
import IncidentDomain
import NIOPosix
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What the doctor finds around the database: configuration, files, addresses, credentials.
@Suite(.timeLimit(.minutes(20))) struct DoctorTests {
    private func configuration(_ settings: [String: String] = [:]) throws -> MusterServer.ServerConfiguration {
        try ServerConfiguration(SettingSource(yaml: nil, fileName: nil, environment: settings))
    }

    /// What is not well, by its check.
    private func ill(_ findings: [Finding]) -> [String: Finding] {
        Dictionary(findings.filter { $0.level != .ok }.map { ($0.check, $0) }) { first, _ in first }
    }

    private func withDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
        let path = try TestServer.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, mode)
    }

    @Test func `each wrong key is a problem, and nothing else is looked at`() async throws {
        try await withDirectory { directory async throws in
            let file = directory + "/musterd.yaml"
            try write("http:\n  listen: nowhere\n  colour: red\n", to: file, mode: 0o600)
            let environment = ["MUSTER_HTTP_LISTNE": "x"]
            let findings = await Doctor(file: file, environment: environment, logger: TestServer.quietLogger).examine()
            #expect(findings.filter { $0.level == .problem }.count == 2)
            #expect(findings.contains { $0.level == .warning && $0.says.contains("did you mean MUSTER_HTTP_LISTEN") })
            #expect(findings.allSatisfy { $0.check == "configuration" })
            let missing = await Doctor(file: directory + "/none", environment: [:], logger: TestServer.quietLogger)
                .examine()
            #expect(missing.map(\.level) == [.problem] && missing[0].says.contains("cannot be read"))
        }
    }

    @Test func `secrets that everybody can read are found`() async throws {
        try await withDirectory { directory async throws in
            let (file, secret) = (directory + "/musterd.yaml", directory + "/url")
            try write(
                "auth: {bootstrap_token: abcdefghijklmnop}\ndatabase: {url_file: \(secret)}\n", to: file, mode: 0o644)
            try write("postgresql:///x\n", to: secret, mode: 0o644)
            func look() throws -> [String: Finding] {
                let yaml = try String(contentsOfFile: file, encoding: .utf8)
                let source = SettingSource(yaml: yaml, fileName: file, environment: [:])
                return ill(
                    SecretExamination(source: source, secrets: ["auth.bootstrap_token", "database.url"]).findings)
            }
            #expect(try Set(look().keys) == ["auth.bootstrap_token", "database.url_file"])
            chmod(file, 0o640)
            #expect(try look().keys.map(\.self) == ["database.url_file"])
            chmod(secret, 0o400)
            #expect(try look().isEmpty)
            unlink(secret)
            #expect(try look()["database.url_file"]?.says.contains("does not exist") == true)
        }
    }

    @Test func `an address is free, musterd's own, another's, or none of this machine`() async throws {
        let health = Route(.get, "/healthz", role: nil, "checkHealth", query: .anything) { _ in
            .json { json in json.object { json in json.member("status", "ok") } }
        }
        try await TestSite.with([health]) { site async throws in
            // On a thread that may wait: the site answers on those of the tests.
            func look(_ address: String) async throws -> Finding? {
                let http = try configuration(["MUSTER_HTTP_LISTEN": address]).http
                return try await NIOThreadPool.singleton.runIfActive {
                    ListenExamination(http: http).findings.first
                }
            }
            #expect(try await look("127.0.0.1:0")?.level == .ok)
            #expect(try await look("127.0.0.1:\(site.port)")?.says == "musterd is listening on 127.0.0.1:\(site.port)")
            #expect(try await look("192.0.2.77:8080")?.says.contains("no interface") == true)
            #expect(try await look("no.such.host.invalid:8080")?.level == .problem)
            let other = try Stranger()
            #expect(try await look("127.0.0.1:\(other.port)")?.says.contains("in use by another program") == true)
            #expect(try await look("unix:/nonexistent/socket")?.level == .problem)
            #expect(try await look("unix:/tmp/muster-doctor-\(getpid())")?.level == .ok)
        }
        let open = ListenExamination(http: try configuration(["MUSTER_HTTP_LISTEN": "0.0.0.0:0"]).http).findings
        #expect(ill(open)["http.public_url"]?.level == .warning)
    }

    @Test func `a directory of state that is open to others, or full, is found`() async throws {
        try await withDirectory { directory async throws in
            let data = directory + "/data"
            func look() throws -> [String: Finding] {
                ill(FileExamination(configuration: try configuration(["MUSTER_DATA_DIRECTORY": data])).findings)
            }
            #expect(try look()["data.directory"] == nil, "it is made by the daemon")
            mkdir(data, 0o777)
            chmod(data, 0o777)
            #expect(try look()["data.directory"]?.level == .problem)
            chmod(data, 0o711)
            try write("token\n", to: data + "/admin-token", mode: 0o644)
            #expect(try Set(look().keys).subtracting(["disk"]) == ["admin-token"])
            chmod(data + "/admin-token", 0o600)
            #expect(try look()["admin-token"] == nil)
        }
        #expect(FileExamination.room(free: 1 << 20, at: "/").level == .problem)
        #expect(FileExamination.room(free: 200 << 20, at: "/").level == .warning)
        #expect(FileExamination.room(free: 20 << 30, at: "/").level == .ok)
    }

    @Test func `too few open files are found`() throws {
        let limits = LimitExamination(configuration: try configuration(["MUSTER_HTTP_CONNECTIONS_MAX": "1000"]))
        #expect(limits.finding(descriptors: 1_024).level == .warning)
        #expect(limits.finding(descriptors: 4_096).level == .ok)
    }

    @Test func `a token for the beginning is weak, forgotten, or missing`() throws {
        func look(_ token: String?, admins: Int) throws -> Finding {
            var settings = ["MUSTER_DATABASE_URL": "postgresql:///x"]
            settings["MUSTER_AUTH_BOOTSTRAP_TOKEN"] = token
            return CredentialExamination(configuration: try configuration(settings), adminTokens: admins).finding
        }
        #expect(try look(nil, admins: 0).advice?.contains("musterd token create") == true)
        #expect(try look(nil, admins: 1).level == .ok)
        let data = try TestServer.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: data) }
        func own() throws -> Finding {
            CredentialExamination(
                configuration: try configuration(["MUSTER_DATA_DIRECTORY": data]), adminTokens: 0
            ).finding
        }
        #expect(try own().level == .ok && own().says.contains("the daemon writes one to \(data)/admin-token"))
        try write("token\n", to: data + "/admin-token", mode: 0o600)
        #expect(try own().says.contains("the one in \(data)/admin-token is used"))
        #expect(try look("short", admins: 0).level == .problem)
        #expect(try look("long-enough-to-be-one", admins: 0).level == .ok)
        #expect(try look("long-enough-to-be-one", admins: 2).level == .warning)
    }

    @Test func `a database that is away is a problem, and one that another program made`() async throws {
        var environment = ["MUSTER_DATABASE_URL": "host=/nonexistent", "MUSTER_DATABASE_CONNECT_TIMEOUT_SECONDS": "2"]
        environment["MUSTER_HTTP_LISTEN"] = "127.0.0.1:0"
        let away = await Doctor(file: nil, environment: environment, logger: TestServer.quietLogger).examine()
        #expect(ill(away)["database.url"]?.level == .problem)
        try await TestDatabase.with { database async throws in
            try await database.pool.query(
                "CREATE TABLE schema_migration (number integer, name text, checksum text)")
            try await database.pool.query("INSERT INTO schema_migration VALUES (1, 'other', 'other')")
            environment["MUSTER_DATABASE_URL"] = database.conninfo
            let other = await Doctor(file: nil, environment: environment, logger: TestServer.quietLogger).examine()
            #expect(ill(other)["database.schema"]?.says.contains("changed after it was applied") == true, "\(other)")
        }
    }

    @Test func `findings are lines, and one document`() throws {
        let findings = [Finding.ok("a", "well"), .warning("b", "\"odd\"", "do it"), .problem("c", "ill", "do that")]
        #expect(findings.map(\.line) == ["ok       a: well", "warning  b: \"odd\"; do it", "problem  c: ill; do that"])
        let json = try JSONParser.parse(Array(Finding.json(findings).utf8))
        #expect(json["ok"] == 1 && json["warning"] == 1 && json["problem"] == 1)
        #expect(json["findings"]?[0]?["advice"] == .null && json["findings"]?[2]?["advice"] == "do that")
    }
}

/// Somebody who listens and is not musterd: takes connections, and hangs up.
private final class Stranger {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        listen(descriptor, 1)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
