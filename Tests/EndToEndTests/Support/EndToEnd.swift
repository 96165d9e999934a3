import Synchronization
import Testing

extension Trait where Self == EndToEndTrait {
    /// For every suite here: a few tests at a time, since each has processes of its own, and none for ever.
    static var endToEnd: Self { EndToEndTrait() }
}

/// Lets as many tests run at once as the machine bears.
struct EndToEndTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    private static let places = Places(3)

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        await Self.places.take()
        defer { Self.places.give() }
        try await function()
    }
}

/// A counting semaphore for tasks.
private final class Places: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return CheckedContinuation<Void, Never>?.none
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
