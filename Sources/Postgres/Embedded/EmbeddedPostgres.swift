import FoundationEssentials
import Glibc
package import Logging
import Synchronization

/// A private PostgreSQL server of this process, in a directory of its own, reached by a unix socket only. It stops with
/// the process, also when that is killed, and is started again when it dies by itself.
package final class EmbeddedPostgres: Sendable {
    private enum Phase {
        case stopped
        case running(ServerStatus, ended: ThreadSignal)
    }

    private let directory: ClusterDirectory
    private let settings: EmbeddedPostgresSettings
    private let logger: Logger
    private let phase = Mutex(Phase.stopped)

    /// `directory` is made if it is missing. When we are root, the server's account must be able to enter it.
    package init(directory: String, settings: EmbeddedPostgresSettings = EmbeddedPostgresSettings(), logger: Logger) {
        let isAbsolute = directory.hasPrefix("/")
        let path = isAbsolute ? directory : FileManager.default.currentDirectoryPath + "/" + directory
        self.directory = ClusterDirectory(path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path)
        self.settings = settings
        self.logger = logger
    }

    /// Whether a cluster was made in a directory, as far as this account may look.
    package static func isMade(in directory: String) -> Bool {
        ClusterDirectory(path: directory).isMade
    }

    /// Makes the cluster if there is none, starts the server, creates the database, and returns a connection string for
    /// it. Throws `PostgresError.embedded`, with the end of the server's log where that helps.
    package func start() async throws -> String {
        let (status, ended) = (ServerStatus(), ThreadSignal())
        let isFree = phase.withLock { phase in
            guard case .stopped = phase else { return false }
            phase = .running(status, ended: ended)
            return true
        }
        guard isFree else { throw PostgresError.embedded(reason: "it is started already") }
        let supervisor = ServerSupervisor(directory: directory, settings: settings, logger: logger, status: status)
        let failure: PostgresError? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver: @Sendable () -> Void = {
                    self.phase.withLock { $0 = .stopped }
                    status.ended()
                    ended.raise()
                }
                do throws(PostgresError) {
                    try BlockingThread.start("postgres-server") {
                        supervisor.run { continuation.resume(returning: $0) }
                        isOver()
                    }
                } catch {
                    continuation.resume(returning: error)
                    isOver()
                }
            }
        } onCancel: {
            status.stopRequested()
        }
        if let failure { throw failure }
        return conninfo(database: settings.database)
    }

    /// Stops the server (fast: open transactions are rolled back; without a checkpoint if that takes longer than
    /// `stopTimeout`) and gives the directory free. Also while it starts.
    package func stop() async {
        guard case .running(let status, let ended) = phase.withLock({ $0 }) else { return }
        status.stopRequested()
        let patience = settings.stopTimeout
        do throws(PostgresError) {
            try BlockingThread.start("postgres-stop") {
                if ended.wait(patience) { return }
                status.kill(SIGQUIT)
                if !ended.wait(.seconds(5)) { status.kill(SIGKILL) }
            }
        } catch {
            // Nobody could look whether it takes too long.
            status.kill(SIGQUIT)
        }
        await ended.raised()
    }

    /// Begins to stop the server without a checkpoint, for those who cannot wait; the next start recovers what was
    /// committed.
    package func stopAtOnce() {
        guard case .running(let status, _) = phase.withLock({ $0 }) else { return }
        status.stopRequested()
        status.kill(SIGQUIT)
    }

    /// Ends the server by a signal (SIGINT: fast shutdown, SIGQUIT or SIGKILL: a crash) and waits until it has been
    /// started again.
    package func restart(signal: Int32 = SIGINT) async {
        guard case .running(let status, _) = phase.withLock({ $0 }), let pid = status.pid else { return }
        status.restart(signal)
        await status.waitUntilReady(after: pid)
    }

    /// The connection string for another database of the same server.
    package func conninfo(database: String) -> String {
        directory.conninfo(database: database)
    }

    /// Whether the server runs and takes connections.
    package var isReady: Bool {
        guard case .running(let status, _) = phase.withLock({ $0 }) else { return false }
        return status.isReady
    }

    /// The postmaster's process id while it runs.
    package var processID: Int32? {
        guard case .running(let status, _) = phase.withLock({ $0 }) else { return nil }
        return status.pid
    }
}

/// Raised once; threads and tasks can wait for it.
final class ThreadSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }

    func raised() async {
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                if !state.isRaised { state.waiters.append(continuation) }
                return state.isRaised
            }
            if isRaised { continuation.resume() }
        }
    }

    /// Blocks the calling thread; false when the time is over first.
    func wait(_ patience: Duration) -> Bool {
        let limit = MonotonicTime.now + patience
        while MonotonicTime.now < limit {
            if state.withLock({ $0.isRaised }) { return true }
            usleep(5_000)
        }
        return false
    }
}
