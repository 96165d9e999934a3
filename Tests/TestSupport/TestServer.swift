import FoundationEssentials
import Glibc
package import Logging
package import Postgres
import Synchronization

/// Servers of the test process, with nothing made safe against a crash of the machine, and their directories.
package enum TestServer {
    private struct Leftovers {
        var directories: [String] = []
        var servers: [EmbeddedPostgres] = []
    }

    private static let leftovers = Mutex(Leftovers())
    private static let pristine = PristineCluster()

    /// In memory where there is room: a database has 300 files, and ext4 takes its time to make files just after others
    /// were deleted.
    private static let parent: String = {
        var room = statvfs()
        let isRoomy = statvfs("/dev/shm", &room) == 0 && UInt64(room.f_bavail) * UInt64(room.f_frsize) > 2 << 30
        return isRoomy && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    }()

    /// Settings under which a crash of the server loses nothing, but a power failure would.
    package static let fastSettings: EmbeddedPostgresSettings = {
        var settings = EmbeddedPostgresSettings()
        settings.syncsNewCluster = false
        settings.parameters = [
            "fsync": "off", "full_page_writes": "off", "max_connections": "800", "log_min_messages": "error",
        ]
        return settings
    }()

    /// Says nothing: tests provoke what would be logged.
    package static let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A server of its own, for tests that kill or stop it. It stops at the process's end at the latest.
    package static func start(_ settings: EmbeddedPostgresSettings = fastSettings) async throws -> EmbeddedPostgres {
        let directory = try makeDirectory()
        try await pristine.copy(into: directory)
        let server = make(directory, settings)
        _ = try await server.start()
        return server
    }

    /// Runs `body` with a server of its own, and stops it, also when it is frozen by then.
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

    /// A server that is not started; it stops at the process's end at the latest.
    package static func make(
        _ directory: String, _ settings: EmbeddedPostgresSettings = fastSettings
    ) -> EmbeddedPostgres {
        let server = EmbeddedPostgres(directory: directory, settings: settings, logger: quietLogger)
        leftovers.withLock { $0.servers.append(server) }
        return server
    }

    /// An empty directory that the server's account can enter; removed at the process's end.
    package static func makeDirectory() throws -> String {
        removeStale()
        var template = Array("\(parent)/muster-test-\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PostgresError.embedded(reason: "no temporary directory") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
        let isFirst = leftovers.withLock { leftovers in
            leftovers.directories.append(path)
            return leftovers.directories.count == 1
        }
        if isFirst { atexit { TestServer.removeLeftovers() } }
        return path
    }

    private static func removeLeftovers() {
        let leftovers = leftovers.withLock { $0 }
        for server in leftovers.servers {
            ProcessTree.signal(server.processID, SIGCONT)
            server.stopAtOnce()
        }
        var patience = 400
        while patience > 0, leftovers.servers.contains(where: { $0.processID != nil }) {
            usleep(5_000)
            patience -= 1
        }
        for directory in leftovers.directories { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Removes what killed test processes left: the process is in the directory's name, and its server stops with it.
    private static func removeStale() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix("muster-test-") {
            guard let owner = Int32(name.split(separator: "-")[2]), kill(owner, 0) != 0 else { continue }
            let postmaster =
                (try? String(contentsOfFile: "\(parent)/\(name)/data/postmaster.pid", encoding: .utf8)) ?? ""
            if let pid = Int32(postmaster.prefix { $0.isNumber }), kill(pid, 0) == 0 { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }
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
        let server = TestServer.make(directory, settings)
        _ = try await server.start()
        await server.stop()
        return directory + "/data"
    }
}
