import Synchronization

/// Lets a few in at a time; the others wait for their turn, first come first served.
final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state: Mutex<State>
    private let waitingMax: Int

    init(max: Int, waitingMax: Int) {
        state = Mutex(State(free: max))
        self.waitingMax = waitingMax
    }

    /// - Throws: what `body` throws, or `Problem` `overloaded` when too many wait.
    func take<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let isTooMuch = await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.free > 0 {
                    state.free -= 1
                    return false
                }
                if state.waiting.count >= waitingMax { return true }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        if isTooMuch { throw Problem.later(.overloaded, "Too much work of this kind waits.", seconds: 1) }
        defer { leave() }
        return try await body()
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: false)
    }
}
