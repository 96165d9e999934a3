import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

/// The built `musterd`, as a process of its own on a port of 127.0.0.1 that it keeps over restarts.
final class Daemon: Sendable {
    static let bootstrapToken = "bootstrap-token-of-the-end-to-end-tests"

    /// Holds its log, and its data when it has the embedded PostgreSQL.
    let directory: String
    let port: Int
    private let settings: [String: String]
    private let child = Mutex<Child?>(nil)

    /// The daemon ended when it should have started or gone on.
    struct Ended: Eventually.Final, CustomStringConvertible {
        let description: String
    }

    /// - Parameter settings: By the names of the configuration, as `http.require_if_match`.
    init(directory: String, settings: [String: String] = [:]) {
        self.directory = directory
        port = Port.free()
        self.settings = settings
    }

    var address: String { "127.0.0.1:\(port)" }
    /// Under the bootstrap token.
    var api: API { API(address: address, token: Self.bootstrapToken) }
    var logFile: String { directory + "/log" }
    var logLines: [Substring] { Files.text(logFile).split(separator: "\n") }
    var dataDirectory: String { directory + "/data" }

    var environment: [String: String] {
        var variables = [
            "http.listen": address, "data.directory": dataDirectory, "auth.bootstrap_token": Self.bootstrapToken,
        ].merging(settings) { _, own in own }
        variables = variables.filter { !$0.value.isEmpty }
        return variables.reduce(into: Child.plainEnvironment) { environment, setting in
            let isVariable = setting.key.allSatisfy { $0.isUppercase || $0 == "_" }
            let name = "MUSTER_" + setting.key.uppercased().replacing(".", with: "_")
            environment[isVariable ? setting.key : name] = setting.value
        }
    }
}

// MARK: - From start to end

extension Daemon {
    /// Starts it and waits until it serves.
    func start() async throws {
        try launch()
        try await ready()
    }

    /// - Parameters:
    ///   - file: Its configuration, beside the settings.
    ///   - socket: Handed over as systemd does.
    func launch(configuration file: String? = nil, on socket: ListeningSocket? = nil) throws {
        var command = [Files.musterd, "serve"] + (file.map { ["--config", $0] } ?? [])
        if socket != nil {
            // The number of the process has to be in its environment.
            let script = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec \"$@\""
            command = ["/bin/sh", "-c", script, "sh"] + command
        }
        let child = try Child(
            command, environment: environment, output: directory + "/output", errors: logFile,
            handing: socket?.descriptor)
        self.child.withLock { $0 = child }
    }

    func ready(within limit: Duration = .seconds(60)) async throws {
        try await Eventually.holds("\(address)/readyz", within: limit) {
            if let status = running?.exitStatus {
                throw Ended(description: "musterd ended with status \(status): \(logTail)")
            }
            return try await api.send("GET", "/readyz", timeout: 5).status == 200
        }
    }

    private var running: Child? { child.withLock { $0 } }
    var pid: pid_t? { running?.pid }

    func signal(_ number: Int32) {
        running?.signal(number)
    }

    /// How it ended.
    func ended(within limit: Duration = .seconds(30)) async throws -> Int32 {
        guard let running else { throw Ended(description: "musterd was not started") }
        return try await running.ended(within: limit)
    }

    /// Asks it to stop, and waits.
    @discardableResult
    func terminate() async throws -> Int32 {
        signal(SIGTERM)
        return try await ended()
    }

    func kill9() async throws {
        signal(SIGKILL)
        _ = try await ended()
    }

    /// Runs another command on the same installation.
    func run(_ arguments: String..., settings: [String: String] = [:]) async throws -> Finished {
        let own = settings.reduce(into: environment) { environment, setting in
            environment["MUSTER_" + setting.key.uppercased().replacing(".", with: "_")] = setting.value
        }
        return try await Finished.run([Files.musterd] + arguments, environment: own)
    }

    var logTail: String { logLines.suffix(30).joined(separator: "\n") }

    /// The longest that an event loop of it computed, while other requests waited; as it says when it stops.
    var loopHeldMilliseconds: Int {
        logLines.compactMap { line in
            line.firstMatch(of: #/"loop_held_cpu_ms":"?(\d+)/#).flatMap { Int($0.output.1) }
        }.max() ?? 0
    }

    /// What an event loop may compute at a time, over all of these tests, in milliseconds. A build for debugging computes several times
    /// as long as one for release, of which benches ask for less than 20 (`Tests/Benchmarks/reviews.py`), and what piled up while the
    /// machine was busy with other tests counts as one.
    static let loopHeldUsually = 40

    /// Lines that tell of a fault of ours.
    var faults: [Substring] { logLines.filter { $0.contains("\"level\":\"error\"") || $0.contains("Fatal error") } }
}

// MARK: - For the time of a test

extension Daemon {
    /// What a daemon's database is.
    enum Place: Hashable {
        /// Its own.
        case embedded
        /// An empty one in the cluster of the tests.
        case cluster
        /// One that the test knows, by its connection string.
        case database(String)
    }

    /// Runs the body with a daemon that serves, and ends it, however the body ends.
    ///
    /// - Parameter faultsAreMeant: Whether the test provokes what the daemon logs as errors.
    @discardableResult
    static func with<T>(
        _ place: Place = .cluster, _ settings: [String: String] = [:], starts: Bool = true,
        faultsAreMeant: Bool = false, loopHeldMax: Int = loopHeldUsually,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Daemon) async throws -> T
    ) async throws -> T {
        switch place {
        case .embedded:
            try await run(settings, starts, faultsAreMeant, loopHeldMax, sourceLocation, body)
        case .cluster:
            try await TestDatabase.with(connections: 1) { database in
                let settings = settings.merging(["database.url": database.conninfo]) { own, _ in own }
                return try await run(settings, starts, faultsAreMeant, loopHeldMax, sourceLocation, body)
            }
        case .database(let conninfo):
            try await run(
                settings.merging(["database.url": conninfo]) { own, _ in own }, starts, faultsAreMeant, loopHeldMax,
                sourceLocation, body)
        }
    }

    private static func run<T>(
        _ settings: [String: String], _ starts: Bool, _ faultsAreMeant: Bool, _ loopHeldMax: Int,
        _ sourceLocation: SourceLocation, _ body: (Daemon) async throws -> T
    ) async throws -> T {
        try await TemporaryDirectory.with { directory in
            let daemon = Daemon(directory: directory, settings: settings)
            do {
                if starts { try await daemon.start() }
                let value = try await body(daemon)
                await daemon.end()
                let faults = faultsAreMeant ? [] : daemon.faults
                #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))", sourceLocation: sourceLocation)
                let held = daemon.loopHeldMilliseconds
                let told = daemon.logLines.filter { $0.contains("an event loop was blocked") }
                #expect(
                    held <= loopHeldMax, "an event loop computed for \(held) ms: \(told.joined(separator: "\n"))",
                    sourceLocation: sourceLocation)
                return value
            } catch {
                Issue.record("the daemon's log ends so:\n\(daemon.logTail)", sourceLocation: sourceLocation)
                await daemon.end()
                throw error
            }
        }
    }

    /// Ends it if it runs: first asked, then not. Also when the test was cancelled.
    func end() async {
        await Task {
            guard let running, running.exitStatus == nil else { return }
            running.signal(SIGCONT)
            running.signal(SIGTERM)
            do {
                _ = try await running.ended(within: .seconds(20))
            } catch {
                running.signal(SIGKILL)
                _ = try? await running.ended()
            }
        }.value
    }
}
