import FoundationEssentials
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Which source a key belongs to, kept for a moment: every alert asks. A source that is removed is forgotten at once in
/// this daemon, by a notification in the others, and after `keeping` in any case.
final class SourceCache: Service, Sendable {
    private struct Entry {
        let source: Source
        let until: ContinuousClock.Instant
    }

    private static let entriesMax = 10_000
    private static let keeping: Duration = .seconds(5)

    let store: SourceStore
    private let entries = Mutex<[String: Entry]>([:])

    init(store: SourceStore) {
        self.store = store
    }

    /// The source of a key; nil when no source has it. Unknown keys are looked up each time, and never kept.
    func source(key: String) async throws -> Source? {
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[key] }), entry.until > now { return entry.source }
        guard let source = try await store.source(keyHash: Self.hash(key)) else {
            entries.withLock { _ = $0.removeValue(forKey: key) }
            return nil
        }
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries.removeAll() }
            entries[key] = Entry(source: source, until: now + Self.keeping)
        }
        return source
    }

    static func hash(_ key: String) -> [UInt8] {
        OpenSSL.sha256(Array(key.utf8))
    }

    func forgetAll() {
        entries.withLock { $0.removeAll() }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.store.pool.notifications(on: [SourceStore.channel]) { self.forgetAll() }
        }
    }
}
