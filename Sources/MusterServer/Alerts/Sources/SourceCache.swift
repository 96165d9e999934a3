import Postgres
import ServiceLifecycle

/// Which source a key belongs to, kept for a moment: every alert asks. A source that is removed, or whose key was changed, is
/// forgotten at once in this daemon, by a notification in the others, and within a second in any case.
final class SourceCache: Service, Sendable {
    let store: SourceStore
    private let memory: KeyMemory<String, Source>

    init(store: SourceStore, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.store = store
        memory = KeyMemory(remembersAbsence: false, now: now)
    }

    /// The source of a key; nil when no source has it. Unknown keys are looked up each time, and never kept.
    func source(key: String) async throws -> Source? {
        try await memory.value(of: key) { try await store.source(keyHash: Self.hash(key)) }
    }

    static func hash(_ key: String) -> [UInt8] {
        OpenSSL.sha256(Array(key.utf8))
    }

    func forgetAll() {
        memory.forget()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.store.pool.notifications(on: [SourceStore.channel]) { self.forgetAll() }
        }
    }
}
