import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(20))) struct EmbeddedPostgresTests {
    private func ask(_ conninfo: String, _ sql: String) async throws -> String? {
        try await PostgresAdministration.execute(sql, on: conninfo).first?[0]
    }

    private func systemIdentifier(_ conninfo: String) async throws -> String? {
        try await ask(conninfo, "SELECT system_identifier FROM pg_control_system()")
    }

    @Test func `the cluster is made once, with checksums and UTF-8, and speaks through its socket only`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        let conninfo = try await server.start()
        #expect(try await ask(conninfo, "SHOW data_checksums") == "on")
        #expect(try await ask(conninfo, "SHOW server_encoding") == "UTF8")
        #expect(try await ask(conninfo, "SHOW listen_addresses") == "")
        #expect(
            try await ask(conninfo, "SELECT datcollate FROM pg_database WHERE datname = current_database()")
                == "C.UTF-8")
        #expect(try await ask(conninfo, "SELECT current_database()") == "muster")
        let made = try await systemIdentifier(conninfo)
        await server.stop()
        #expect(server.processID == nil)
        await #expect(throws: PostgresError.self) { try await self.ask(conninfo, "SELECT 1") }
        let again = try await server.start()
        #expect(try await systemIdentifier(again) == made)
        await server.stop()
    }

    @Test func `what a killed initdb left is thrown away`() async throws {
        let directory = try TestServer.makeDirectory()
        #expect(mkdir(directory + "/data.unfinished", 0o700) == 0)
        try "15".write(toFile: directory + "/data.unfinished/PG_VERSION", atomically: false, encoding: .utf8)
        let server = TestServer.make(directory)
        let conninfo = try await server.start()
        #expect(try await ask(conninfo, "SELECT 1") == "1")
        #expect(access(directory + "/data.unfinished", F_OK) != 0)
        await server.stop()
    }

    @Test func `two daemons cannot have the same directory`() async throws {
        try await TestServer.with { first in
            let directory = try #require(path(of: first))
            let second = TestServer.make(directory)
            await #expect(throws: PostgresError.embedded(reason: "\(directory) is in use by process \(getpid())")) {
                try await second.start()
            }
            await #expect(throws: PostgresError.embedded(reason: "it is started already")) { try await first.start() }
            #expect(try await ask(first.conninfo(database: "muster"), "SELECT 1") == "1")
        }
    }

    @Test func `a server that dies is started again`() async throws {
        try await TestServer.with { server in
            let conninfo = server.conninfo(database: "muster")
            try await PostgresAdministration.execute("CREATE TABLE t AS SELECT 7 AS id", on: conninfo)
            for signal in [SIGQUIT, SIGKILL] {
                let before = try #require(server.processID)
                kill(before, signal)
                try await waitUntil { server.isReady && server.processID != before }
                #expect(try await ask(conninfo, "SELECT id FROM t") == "7")
            }
            await server.restart()
            #expect(try await ask(conninfo, "SELECT id FROM t") == "7")
        }
    }

    /// The daemon's part is played by a shell, which starts the server by the very command that we use, and is killed.
    @Test func `the server ends when its daemon is killed, and the next daemon waits for that`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        let conninfo = try await server.start()
        try await PostgresAdministration.execute("CREATE TABLE t AS SELECT 7 AS id", on: conninfo)
        await server.stop()
        let (shell, postmaster) = try await startByShell(directory, endsWithShell: true)
        kill(shell, SIGKILL)
        _ = ChildProcess.waitForExit(shell)
        let again = try await server.start()
        #expect(try await ask(again, "SELECT id FROM t") == "7")
        #expect(server.processID != postmaster && !isAlive(postmaster))
        await server.stop()
    }

    @Test func `a server that was cut loose from its daemon is stopped by the next one`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        _ = try await server.start()
        await server.stop()
        let (shell, postmaster) = try await startByShell(directory, endsWithShell: false)
        kill(shell, SIGKILL)
        _ = ChildProcess.waitForExit(shell)
        #expect(isAlive(postmaster))
        let again = try await server.start()
        #expect(try await ask(again, "SELECT 1") == "1")
        #expect(!isAlive(postmaster))
        await server.stop()
    }

    @Test func `a server that cannot start says why, with its log`() async throws {
        let directory = try TestServer.makeDirectory()
        var settings = TestServer.fastSettings
        settings.parameters["shared_buffers"] = "nonsense"
        let error = await #expect(throws: PostgresError.self) { try await TestServer.make(directory, settings).start() }
        #expect(error.map { "\($0)".contains("invalid value for parameter \"shared_buffers\"") } == true)
        let server = TestServer.make(directory)
        #expect(try await ask(try await server.start(), "SELECT 1") == "1")
        await server.stop()
    }

    @Test func `a directory too deep for a socket gets a short one elsewhere`() async throws {
        let directory = try TestServer.makeDirectory() + "/" + String(repeating: "deep/", count: 20) + "end"
        let server = TestServer.make(directory)
        let conninfo = try await server.start()
        #expect(conninfo.contains("host='/tmp/muster-"))
        #expect(try await ask(conninfo, "SELECT 1") == "1")
        await server.stop()
        rmdir(ClusterDirectory(path: directory).socketDirectory)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a directory that the server's account cannot enter is refused by name`()
        async throws
    {
        let directory = try TestServer.makeDirectory()
        chmod(directory, 0o700)
        let error = await #expect(throws: PostgresError.self) {
            try await TestServer.make(directory + "/inner").start()
        }
        #expect(error.map { "\($0)".contains("cannot enter \(directory);") } == true)
    }

    @Test func `a start that is cancelled leaves no server`() async throws {
        let directory = try TestServer.makeDirectory()
        let server = TestServer.make(directory)
        let task = Task { try await server.start() }
        try await waitUntil { server.processID != nil }
        task.cancel()
        _ = try? await task.value
        await server.stop()
        #expect(server.processID == nil)
        #expect(try await ask(try await server.start(), "SELECT 1") == "1")
        await server.stop()
    }

    /// A zombie, which it may be for as long as nobody reaps it, has no working directory.
    private func isAlive(_ pid: pid_t) -> Bool {
        access("/proc/\(pid)/cwd/.", F_OK) == 0
    }

    private func path(of server: EmbeddedPostgres) -> String? {
        let parts = server.conninfo(database: "muster").split(separator: "'")
        return parts.count > 1 && parts[1].hasSuffix("/run") ? String(parts[1].dropLast(4)) : nil
    }

    /// Starts the server as the child of a shell that waits for it, and waits until it takes connections.
    private func startByShell(_ path: String, endsWithShell: Bool) async throws -> (shell: pid_t, postmaster: pid_t) {
        let directory = ClusterDirectory(path: path)
        let account = try ServerAccount.choose(user: nil, dataDirectory: directory.data)
        let postgres = try PostgresInstallation.find(major: nil).postgres
        let arguments = TestServer.fastSettings.arguments(socketDirectory: directory.socketDirectory)
        let command = try account.command([postgres, "-D", directory.data] + arguments, endsWithUs: endsWithShell)
        let log = try directory.openLog()
        defer { close(log) }
        let shell = try ChildProcess.spawn(["/bin/sh", "-c", "\"$@\" & wait", "sh"] + command, output: log)
        try await waitUntil { directory.postmaster?.isReady == true }
        return (shell, try #require(directory.postmaster?.pid))
    }
}
