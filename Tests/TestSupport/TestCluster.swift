import FoundationEssentials
import Glibc
package import Logging
package import Postgres
import Synchronization

/// The PostgreSQL that a test process uses: a private one under /tmp, started when the first test asks for it and removed when the
/// process ends; or the one that MUSTER_TEST_POSTGRES names by a connection string.
package actor TestCluster {
    package static let shared = TestCluster()

    private var starting: Task<PostgresConfiguration, any Error>?
    private var templates: [String: Task<String, any Error>] = [:]
    private var databasesMade = 0

    /// How to reach the cluster's `postgres` database, for administration.
    package func administration() async throws -> PostgresConfiguration {
        if let starting { return try await starting.value }
        let task = Task<PostgresConfiguration, any Error> {
            if let conninfo = getenv("MUSTER_TEST_POSTGRES") {
                return PostgresConfiguration(conninfo: String(cString: conninfo))
            }
            let server = try await TestServer.start()
            return PostgresConfiguration(conninfo: server.conninfo(database: "postgres"))
        }
        starting = task
        return try await task.value
    }

    /// Makes a database as a copy of the template, which is filled when it is first asked for.
    func makeDatabase(from template: TestTemplate) async throws -> (name: String, configuration: PostgresConfiguration) {
        let administration = try await administration()
        let source = try await databaseName(of: template, administration)
        let name = nextName("test")
        try await PostgresAdministration.execute(
            "CREATE DATABASE \(name.sqlIdentifier) TEMPLATE \(source.sqlIdentifier)", on: administration.conninfo
        )
        return (name, try administration.connecting(toDatabase: name))
    }

    private func databaseName(of template: TestTemplate, _ administration: PostgresConfiguration) async throws -> String {
        if let made = templates[template.name] { return try await made.value }
        let name = nextName("template")
        let task = Task<String, any Error> {
            try await PostgresAdministration.execute("CREATE DATABASE \(name.sqlIdentifier)", on: administration.conninfo)
            try await template.fill(try administration.connecting(toDatabase: name))
            return name
        }
        templates[template.name] = task
        return try await task.value
    }

    private func nextName(_ kind: String) -> String {
        databasesMade += 1
        return "muster_\(kind)_\(getpid())_\(databasesMade)"
    }
}

/// Servers of the test process, with nothing made safe against a crash of the machine, and their directories.
package enum TestServer {
    /// Directories to remove and processes to end when the test process does.
    private static let leftovers = Mutex<[(directory: String, server: EmbeddedPostgres)]>([])
    private static let pristine = PristineCluster()

    /// Settings under which a crash of the server loses nothing, but a power failure would.
    package static let fastSettings: EmbeddedPostgresSettings = {
        var settings = EmbeddedPostgresSettings()
        settings.syncsNewCluster = false
        settings.parameters = ["fsync": "off", "full_page_writes": "off", "max_connections": "300", "log_min_messages": "error"]
        return settings
    }()

    /// An empty directory of this process, that the server's account can enter; removed at the process's end.
    package static func makeDirectory() throws -> String {
        removeStale()
        var template = Array("/tmp/muster-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PostgresError.embedded(reason: "no temporary directory") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
        return path
    }

    /// A server of its own, for tests that kill or stop it. It stops at the process's end at the latest.
    package static func start(_ settings: EmbeddedPostgresSettings = fastSettings) async throws -> EmbeddedPostgres {
        let directory = try makeDirectory()
        try await pristine.copy(into: directory)
        let server = EmbeddedPostgres(directory: directory, settings: settings, logger: quietLogger)
        removeAtExit(directory, server)
        _ = try await server.start()
        return server
    }

    /// Runs `body` with a server of its own, and stops it.
    @discardableResult
    package static func with<T>(
        _ settings: EmbeddedPostgresSettings = fastSettings, _ body: (EmbeddedPostgres) async throws -> T
    ) async throws -> T {
        let server = try await start(settings)
        do {
            let value = try await body(server)
            await server.stop()
            return value
        } catch {
            ProcessTree.signal(server.processID, SIGCONT)
            await server.stop()
            throw error
        }
    }

    /// Stops the server and removes its directory when the test process ends.
    package static func removeAtExit(_ directory: String, _ server: EmbeddedPostgres) {
        let isFirst = leftovers.withLock { leftovers in
            leftovers.append((directory, server))
            return leftovers.count == 1
        }
        if isFirst { atexit { TestServer.removeLeftovers() } }
    }

    private static func removeLeftovers() {
        let leftovers = leftovers.withLock { $0 }
        let running = leftovers.compactMap(\.server.processID)
        for pid in running {
            ProcessTree.signal(pid, SIGCONT)
            kill(pid, SIGQUIT)
        }
        var patience = 400
        while patience > 0, leftovers.contains(where: { $0.server.processID.map(running.contains) ?? false }) {
            usleep(5_000)
            patience -= 1
        }
        for leftover in leftovers { try? FileManager.default.removeItem(atPath: leftover.directory) }
    }

    /// Removes what killed test processes left: directories whose lock nobody holds.
    private static func removeStale() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        for name in names where name.hasPrefix("muster-test-") {
            let file = open("/tmp/\(name)/lock", O_RDWR | O_CLOEXEC)
            guard file >= 0 else { continue }
            defer { close(file) }
            if flock(file, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: "/tmp/\(name)") }
        }
    }

    /// Says nothing: tests provoke what would be logged.
    package static let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A cluster fresh from initdb, which takes a second; a copy of it takes a tenth of that.
private actor PristineCluster {
    private var making: Task<String, any Error>?

    func copy(into directory: String) async throws {
        let task = making ?? Task { try await Self.make() }
        making = task
        let source = try await task.value
        let result = try ChildProcess.run(["/bin/cp", "-a", source, directory + "/data"])
        guard result.status == 0 else { throw PostgresError.embedded(reason: result.output) }
    }

    private static func make() async throws -> String {
        let directory = try TestServer.makeDirectory()
        var settings = TestServer.fastSettings
        settings.parameters["autovacuum"] = "off"
        let server = EmbeddedPostgres(directory: directory, settings: settings, logger: TestServer.quietLogger)
        TestServer.removeAtExit(directory, server)
        _ = try await server.start()
        await server.stop()
        return directory + "/data"
    }
}
