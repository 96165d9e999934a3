import Glibc
import Synchronization

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

    func clearStop() {
        state.withLock { $0.isStopping = false }
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
