import Synchronization
import Testing

@testable import MusterServer

/// What is remembered of tokens and keys, and for how long.
@Suite(.timeLimit(.minutes(5))) struct KeyMemoryTests {
    /// What is asked when nothing is remembered. It counts, and can be made to wait.
    private final class Store: Sendable {
        private struct State {
            var value: String? = "opens"
            var asked = 0
        }

        private let state = Mutex(State())
        let arrivals = AsyncStream.makeStream(of: Void.self)
        let releases = AsyncStream.makeStream(of: Void.self)

        var asked: Int { state.withLock { $0.asked } }

        func set(_ value: String?) {
            state.withLock { $0.value = value }
        }

        func ask() -> String? {
            state.withLock { state in
                state.asked += 1
                return state.value
            }
        }

        func askSlowly() async -> String? {
            let value = ask()
            arrivals.continuation.yield()
            for await _ in releases.stream { break }
            return value
        }
    }

    @Test func `a key that opens nothing any more opens nothing within a second, though nobody says so`() async throws {
        let (store, clock) = (Store(), HandClock())
        let memory = KeyMemory<String, String>(remembersAbsence: true) { clock.now }
        #expect(try await memory.value(of: "key") { store.ask() } == "opens")
        store.set(nil)
        #expect(try await memory.value(of: "key") { store.ask() } == "opens")
        clock.advance(by: .milliseconds(999))
        #expect(try await memory.value(of: "key") { store.ask() } == nil)
        #expect(store.asked == 2)
    }

    @Test func `who tries key after key has only a part of the database's places`() async throws {
        /// How many ask, and how many did at most.
        final class Crowd: Sendable {
            private let state = Mutex((now: 0, most: 0))

            var most: Int { state.withLock { $0.most } }

            func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }

            func leave() { state.withLock { $0.now -= 1 } }
        }
        let crowd = Crowd()
        let memory = KeyMemory<Int, String>(remembersAbsence: false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in 0..<500 {
                group.addTask {
                    let found = try await memory.value(of: key) {
                        crowd.enter()
                        for _ in 1...3 { await Task.yield() }
                        crowd.leave()
                        return nil
                    }
                    #expect(found == nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(crowd.most <= 64)
    }

    @Test func `what was forgotten is asked again at once, and an answer that was on its way is not remembered`()
        async throws
    {
        let store = Store()
        let memory = KeyMemory<String, String>(keeping: .seconds(3600), remembersAbsence: false)
        async let old = memory.value(of: "key") { await store.askSlowly() }
        for await _ in store.arrivals.stream { break }
        store.set(nil)
        memory.forget()
        store.releases.continuation.finish()
        #expect(try await old == "opens")
        #expect(try await memory.value(of: "key") { store.ask() } == nil)
        #expect(memory.count == 0)
    }

    @Test func `while one asks anew, the others go on with what is known`() async throws {
        let store = Store()
        let memory = KeyMemory<String, String>(keeping: .zero, grace: .seconds(3600), remembersAbsence: false)
        _ = try await memory.value(of: "key") { store.ask() }
        async let renewed = memory.value(of: "key") { await store.askSlowly() }
        for await _ in store.arrivals.stream { break }
        for _ in 1...5 { #expect(try await memory.value(of: "key") { store.ask() } == "opens") }
        #expect(store.asked == 2)
        store.releases.continuation.finish()
        #expect(try await renewed == "opens")
    }

    @Test func `while somebody asks anew in vain, nobody goes on for more than a second either`() async throws {
        let (store, clock) = (Store(), HandClock())
        let memory = KeyMemory<String, String>(remembersAbsence: true) { clock.now }
        _ = try await memory.value(of: "key") { store.ask() }
        clock.advance(by: .milliseconds(800))
        async let renewed = memory.value(of: "key") { await store.askSlowly() }
        for await _ in store.arrivals.stream { break }
        store.set(nil)
        #expect(try await memory.value(of: "key") { store.ask() } == "opens")
        clock.advance(by: .milliseconds(199))
        #expect(try await memory.value(of: "key") { store.ask() } == nil)
        store.releases.continuation.finish()
        _ = try await renewed
    }

    @Test func `when asking fails, the next one asks`() async throws {
        struct Away: Error {}
        let store = Store()
        let memory = KeyMemory<String, String>(keeping: .zero, grace: .seconds(3600), remembersAbsence: false)
        _ = try await memory.value(of: "key") { store.ask() }
        await #expect(throws: Away.self) { try await memory.value(of: "key") { throw Away() } }
        #expect(try await memory.value(of: "key") { store.ask() } == "opens")
        #expect(store.asked == 2)
    }
}
