import Logging
import ServiceLifecycle
import Synchronization

/// Something without which the daemon does nothing useful: a thread of connections, the pool's thread, a loop.
struct VitalSign: Sendable {
    let name: String
    /// Has `answer` called as soon as the part gets round to it; a part that hangs never does.
    let ask: @Sendable (_ answer: @escaping @Sendable () -> Void) -> Void
}

/// Sends the signs of life that systemd waits for, as long as everything vital shows some: each part is asked, and only
/// when all of them have answered is the next sign sent. A daemon in which one hangs is then killed and started again.
///
/// Whether PostgreSQL answers is no part of it: starting again would not bring it back.
struct SystemdWatchdog: Service {
    let notifier: SystemdNotifier
    let signs: [VitalSign]
    let logger: Logger

    func run() async throws {
        guard let interval = notifier.watchdogInterval else {
            try? await gracefulShutdown()
            return
        }
        var round = Round(asking: signs)
        notifier.watchdog()
        // Also while requests are finished after a stop was asked for: this service is stopped as the last one.
        while !Task.isShuttingDownGracefully {
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval / 2) }
            let silent = round.silent
            if silent.isEmpty {
                notifier.watchdog()
                round = Round(asking: signs)
            } else if !Task.isShuttingDownGracefully {
                logger.warning(
                    "a part of the daemon does not answer", metadata: ["parts": .array(silent.map { .string($0) })])
                round.askAgain()
            }
        }
        notifier.watchdog()
    }

    /// One asking of all parts.
    final class Round: Sendable {
        private let waitedFor: Mutex<[VitalSign]>

        init(asking signs: [VitalSign]) {
            waitedFor = Mutex(signs)
            askAgain()
        }

        /// Asks those that have not answered.
        func askAgain() {
            for sign in waitedFor.withLock({ $0 }) {
                sign.ask { self.waitedFor.withLock { waiting in waiting.removeAll { $0.name == sign.name } } }
            }
        }

        /// Who has not answered yet.
        var silent: [String] {
            waitedFor.withLock { $0.map(\.name) }
        }
    }
}
