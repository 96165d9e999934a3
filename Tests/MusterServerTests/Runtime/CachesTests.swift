import Synchronization
import Testing

@testable import MusterServer

/// What is kept in memory by version, and what is read once for many.
struct CachesTests {
    private struct Value: Sendable, Equatable {
        let version: Int
    }

    /// A store whose readings go on only when they are let.
    private final class Store: Sendable {
        let version = Mutex(1)
        let reads = Mutex(0)
        let (gates, gate) = AsyncStream<Void>.makeStream()
        let (begun, begins) = AsyncStream<Void>.makeStream()

        func read() async throws -> Value {
            reads.withLock { $0 += 1 }
            let value = Value(version: version.withLock { $0 })
            begins.yield()
            for await _ in gates { break }
            return value
        }

        func change() { version.withLock { $0 += 1 } }
    }

    private static func cache(_ store: Store) -> VersionedCache<Value> {
        VersionedCache(version: \.version) { try await store.read() }
    }

    @Test func `a version is read once and kept, another one is read again`() async throws {
        let store = Store()
        let cache = Self.cache(store)
        for _ in 1...2 { store.gate.yield() }
        #expect(try await cache.value(version: 1) == Value(version: 1))
        #expect(try await cache.value(version: 1) == Value(version: 1))
        store.change()
        #expect(try await cache.value(version: 2) == Value(version: 2))
        #expect(store.reads.withLock { $0 } == 2)
    }

    @Test func `what was read before something changed is not kept`() async throws {
        let store = Store()
        let cache = Self.cache(store)
        async let early = cache.current()
        for await _ in store.begun { break }
        store.change()
        cache.forget()
        async let late = cache.current()
        for await _ in store.begun { break }
        for _ in 1...2 { store.gate.yield() }
        let values = try await [early, late]
        #expect(values == [Value(version: 1), Value(version: 2)])
        #expect(cache.held == Value(version: 2))
    }

    @Test func `what was changed here is there when the change is answered, also when it is heard of meanwhile`()
        async throws
    {
        let store = Store()
        let cache = Self.cache(store)
        store.gate.yield()
        _ = try await cache.current()
        for await _ in store.begun { break }
        store.change()
        async let refreshed: Void = cache.refresh()
        for await _ in store.begun { break }
        // PostgreSQL tells of the same change.
        cache.forget()
        store.gate.yield()
        try await refreshed
        async let next = cache.current()
        let held = try await next
        #expect(held == Value(version: 2))
        store.gate.yield()
    }

    @Test func `all who ask while something is read get that reading, and the next one reads again`() async throws {
        let store = Store()
        let shared = SharedReads<Int, Value>()
        async let first = shared.value(7) { try await store.read() }
        for await _ in store.begun { break }
        async let second = shared.value(7) { try await store.read() }
        for _ in 1...3 { store.gate.yield() }
        let values = try await [first, second]
        #expect(values == [Value(version: 1), Value(version: 1)])
        _ = try await shared.value(7) { try await store.read() }
        let reads = store.reads.withLock { $0 }
        #expect(reads == 2 || reads == 3, "the second may have come too late for the first reading")
    }
}
