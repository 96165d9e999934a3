import ServiceLifecycle
import Synchronization

/// Opens once, when the schema is right: until then no loop may look at tables.
final class SchemaGate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Lets everybody pass, now and from now on. To be called in any case at the end, so that nobody waits for ever.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// A loop that begins behind the gate.
struct GatedService: Service {
    let service: any Service
    let gate: SchemaGate

    func run() async throws {
        await gate.pass()
        try await service.run()
    }
}
