import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Starts the server, waits for its end, starts it again when that was not wished. Runs on one thread from start to
/// end: the kernel's promise to stop the server with us (PDEATHSIG) is bound to the thread that started it.
struct ServerSupervisor: Sendable {
    let directory: ClusterDirectory
    let settings: EmbeddedPostgresSettings
    let logger: Logger
    let status: ServerStatus

    /// The supervisor's whole life. `started` is called once: with nil when the server first takes connections, or with
    /// what failed.
    func run(started: (PostgresError?) -> Void) {
        do throws(PostgresError) {
            let account = try ServerAccount.choose(user: settings.user, dataDirectory: directory.data)
            try directory.make(for: account)
            let lock = try directory.takeLock()
            defer { directory.releaseLock(lock) }
            let command = try prepare(account)
            try startFirst(command)
            started(nil)
            superviseUntilStopped(command)
        } catch {
            started(error)
        }
    }

    private func prepare(_ account: ServerAccount) throws(PostgresError) -> [String] {
        try stopLeftover()
        let version = (try? String(contentsOfFile: directory.data + "/PG_VERSION", encoding: .utf8)) ?? ""
        let installation = try PostgresInstallation.find(major: Int(version.prefix { $0.isNumber }))
        let making = ClusterMaking(directory: directory, account: account, installation: installation)
        try making.makeIfMissing(syncs: settings.syncsNewCluster)
        try making.writeAccessRules()
        let arguments =
            [installation.postgres, "-D", directory.data]
            + settings.arguments(socketDirectory: directory.socketDirectory)
        return try account.command(arguments, endsWithUs: true)
    }

    /// A daemon that was killed leaves a server that is just stopping, or one that was cut loose: either is stopped,
    /// then we start ours.
    private func stopLeftover() throws(PostgresError) {
        guard let pid = directory.postmaster?.pid, isServer(pid) else { return }
        logger.notice("waiting for the server of an earlier daemon to stop", metadata: ["pid": "\(pid)"])
        for (signal, patience) in [(SIGINT, settings.stopTimeout), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(5))] {
            kill(pid, signal)
            let limit = MonotonicTime.now + patience
            while MonotonicTime.now < limit {
                if !isServer(pid) { return }
                usleep(5_000)
            }
        }
        throw .embedded(reason: "the server of an earlier daemon, process \(pid), does not stop")
    }

    /// Whether the process is a server on our directory, which is where PostgreSQL works; its number may be another's
    /// by now.
    private func isServer(_ pid: pid_t) -> Bool {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/\(pid)/cwd", &buffer, buffer.count - 1)
        guard length > 0 else { return false }
        let place = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let ours = realpath(directory.data, nil) else { return false }
        defer { free(ours) }
        return place == String(cString: ours)
    }

    /// The first start may meet what an earlier server's processes still hold, or one of them that has ended and that nobody has
    /// reaped yet, as in a container: PostgreSQL takes its number for a server that runs. Both go away by themselves.
    private func startFirst(_ command: [String]) throws(PostgresError) {
        for attempt in 1... {
            do throws(PostgresError) {
                try spawn(command)
                return try createDatabase()
            } catch {
                guard !status.isStopping else { throw error }
                status.kill(SIGQUIT)
                _ = status.reap()
                let log = directory.logTail()
                guard attempt < 40, log.contains("still in use") || log.contains("postmaster.pid\" already exists")
                else {
                    throw error
                }
                usleep(250_000)
            }
        }
    }

    /// A server that dies by itself comes back after a moment, which grows while it keeps dying.
    private func superviseUntilStopped(_ command: [String]) {
        var backoff = Backoff(min: .milliseconds(20), max: .seconds(10))
        var since = MonotonicTime.now
        while true {
            let code = status.reap()
            guard !status.isStopping else { return }
            var isWished = status.takeRestart()
            if !isWished {
                let tail = directory.logTail(lines: 3)
                logger.error(
                    "the PostgreSQL server ended by itself", metadata: ["status": "\(code)", "log": "\(tail)"])
            }
            if MonotonicTime.now - since > Duration.seconds(10).nanoseconds { backoff.succeeded() }
            var isRunning = false
            while !isRunning {
                guard isWished || status.pause(backoff.failed(random: 1)) else { return }
                isWished = false
                isRunning = starts(command)
            }
            since = .now
        }
    }

    private func starts(_ command: [String]) -> Bool {
        do throws(PostgresError) {
            try spawn(command)
            logger.notice("the PostgreSQL server runs again")
            return true
        } catch {
            logger.error("the PostgreSQL server does not start", metadata: ["reason": "\(error)"])
            status.kill(SIGQUIT)
            _ = status.reap()
            return false
        }
    }

    /// Starts the server and waits until it takes connections.
    private func spawn(_ command: [String]) throws(PostgresError) {
        let log = try directory.openLog()
        defer { close(log) }
        let pid = try ChildProcess.spawn(command, output: log)
        status.started(pid)
        let limit = MonotonicTime.now + settings.startTimeout
        while MonotonicTime.now < limit {
            if let postmaster = directory.postmaster, postmaster.pid == pid, postmaster.isReady {
                return status.becameReady()
            }
            if status.hasExited { throw .embedded(reason: "the server ended while starting:\n\(directory.logTail())") }
            if status.isStopping { throw .cancelled }
            usleep(1_000)
        }
        throw .embedded(
            reason: "the server did not take connections in \(settings.startTimeout):\n\(directory.logTail())")
    }

    private func createDatabase() throws(PostgresError) {
        let session = try SimpleSession(PostgresConfiguration(conninfo: directory.conninfo(database: "postgres")))
        let name = settings.database
        guard try session.execute("SELECT 1 FROM pg_database WHERE datname = \(name.sqlLiteral)").isEmpty else {
            return
        }
        try session.execute("CREATE DATABASE \(name.sqlIdentifier)")
    }
}

extension ClusterDirectory {
    func conninfo(database: String) -> String {
        ConnectionParameters(pairs: [
            ("host", socketDirectory), ("port", "5432"), ("user", ClusterMaking.role), ("dbname", database),
        ]).conninfo
    }
}

/// What is known of the server's process, shared between the supervisor's thread and those who stop or ask.
final class ServerStatus: Sendable {
    private struct State {
        var pid: pid_t?
        var isReady = false
        var isStopping = false
        /// The end that comes is wished, and a new start with it.
        var isRestarting = false
        var readyWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var pid: pid_t? { state.withLock { $0.pid } }
    var isReady: Bool { state.withLock { $0.isReady } }
    var isStopping: Bool { state.withLock { $0.isStopping } }

    func started(_ pid: pid_t) {
        let isStopping = state.withLock { state in
            state.pid = pid
            return state.isStopping
        }
        if isStopping { kill(SIGINT) }
    }

    func becameReady() {
        let waiters = state.withLock { state in
            state.isReady = true
            defer { state.readyWaiters = [] }
            return state.readyWaiters
        }
        waiters.forEach { $0.resume() }
    }

    /// Signals the server, if it runs. Under the lock and before it is reaped, so the number cannot be another
    /// process's.
    func kill(_ signal: Int32) {
        state.withLock { state in
            if let pid = state.pid { _ = Glibc.kill(pid, signal) }
        }
    }

    /// Fast shutdown, and no restart after it.
    func stopRequested() {
        state.withLock { $0.isStopping = true }
        kill(SIGINT)
    }

    /// Ends the server by a signal, to be started again at once.
    func restart(_ signal: Int32) {
        state.withLock { $0.isRestarting = true }
        kill(signal)
    }

    /// Whether the server's end was wished; only once.
    func takeRestart() -> Bool {
        state.withLock { state in
            defer { state.isRestarting = false }
            return state.isRestarting
        }
    }

    /// Whether the server has ended; it stays a zombie until `reap`.
    var hasExited: Bool {
        guard let pid else { return true }
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else { return true }
        return info.si_signo != 0
    }

    /// Waits for the server's end and forgets it; returns its exit status.
    func reap() -> Int32 {
        guard let pid else { return 0 }
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        return state.withLock { state in
            state.pid = nil
            state.isReady = false
            return ChildProcess.waitForExit(pid)
        }
    }

    /// Sleeps, unless a stop is requested; false then.
    func pause(_ duration: Duration) -> Bool {
        let limit = MonotonicTime.now + duration
        while MonotonicTime.now < limit {
            if isStopping { return false }
            usleep(5_000)
        }
        return !isStopping
    }

    /// Waits until a server other than `old` takes connections.
    func waitUntilReady(after old: pid_t?) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isReady, state.pid != old { return true }
                state.readyWaiters.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// The supervisor is gone; nobody must wait for it.
    func ended() {
        becameReady()
        state.withLock { $0.isReady = false }
    }
}
