import IncidentDomain
import ServiceLifecycle
import Synchronization

/// What `systemctl status` says of the daemon in one line, told when it changes.
final class DaemonStatus: Sendable {
    private struct State {
        var address: String?
        var openIncidents: Int?
        var awaySince: Timestamp?
        var refused: Timestamp?
        var told = ""
    }

    let notifier: SystemdNotifier
    private let state = Mutex(State())

    init(notifier: SystemdNotifier) {
        self.notifier = notifier
    }

    /// The daemon listens.
    func ready(at address: String) {
        tell(withReady: true) { $0.address = address }
    }

    /// The end of a reload, for better or worse.
    func reloaded(isRefused: Bool) {
        tell(withReady: true) { $0.refused = isRefused ? .now() : nil }
    }

    /// The database was looked at: how many incidents are open, or nil when it did not answer.
    func looked(openIncidents: Int?) {
        tell(withReady: false) { state in
            if let openIncidents {
                (state.openIncidents, state.awaySince) = (openIncidents, nil)
            } else if state.awaySince == nil {
                state.awaySince = .now()
            }
        }
    }

    private func tell(withReady isReady: Bool, _ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            // What comes before readiness is told by those who do it.
            guard state.address != nil else { return }
            let text = Self.text(state)
            if isReady {
                notifier.ready(status: text)
            } else if text != state.told {
                notifier.status(text)
            }
            state.told = text
        }
    }

    private static func text(_ state: State) -> String {
        var text = "Muster \(MusterVersion.current) on \(state.address ?? "no address")"
        if let since = state.awaySince {
            text += "; the database does not answer since \(since)"
        } else if let open = state.openIncidents {
            text += "; \(open) open \(open == 1 ? "incident" : "incidents")"
        }
        if let refused = state.refused {
            text += "; the configuration of \(refused) was refused and the one before stays, see the log"
        }
        return text
    }
}

/// Looks at the database every few seconds, for the status line.
struct StatusRunner: Service {
    let status: DaemonStatus
    let store: StatusStore
    let gate: SchemaGate
    var interval: Duration = .seconds(5)

    func run() async throws {
        // Nobody reads it.
        guard status.notifier.isThere else { return try await gracefulShutdown() }
        await gate.pass()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let open = try? await store.openIncidents()
                guard !Task.isCancelled else { return }
                status.looked(openIncidents: open)
                try? await Task.sleep(for: interval)
            }
        }
    }
}
