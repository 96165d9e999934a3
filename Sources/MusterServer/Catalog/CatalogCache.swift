import IncidentDomain
import Postgres
import Synchronization

/// The catalog in memory, always the version that the database names: whoever decides brings that version with the row.
///
/// A large catalog takes a while to read, and after a change everybody needs the new one at once: they share one reading.
final class CatalogCache: Sendable {
    /// A version of the catalog.
    struct Snapshot: Sendable {
        let version: Int
        let graph: DependencyGraph
    }

    private struct State {
        var held: Snapshot?
        var reading: Task<Snapshot, any Error>?
    }

    /// What to do for a version that is asked for.
    private enum Step {
        case held(Snapshot)
        case begun(Task<Snapshot, any Error>)
        case joined(Task<Snapshot, any Error>)
    }

    private let pool: PostgresPool
    private let state = Mutex(State())

    init(pool: PostgresPool) {
        self.pool = pool
    }

    /// The graph of a catalog version, or of a newer one when that is already stored.
    func graph(version: Int) async throws -> DependencyGraph {
        try await snapshot(version: version).graph
    }

    /// The graph as it is stored now.
    func current() async throws -> DependencyGraph {
        try await snapshot().graph
    }

    /// The catalog as it is stored now.
    func snapshot() async throws -> Snapshot {
        try await snapshot(version: try await CatalogStore.version(in: pool))
    }

    private func snapshot(version: Int) async throws -> Snapshot {
        while true {
            switch step(towards: version) {
            case .held(let snapshot): return snapshot
            case .begun(let reading): return try await reading.value
            case .joined(let reading):
                // What somebody began earlier may have been too early for us.
                let snapshot = try await reading.value
                if snapshot.version >= version { return snapshot }
            }
        }
    }

    private func step(towards version: Int) -> Step {
        state.withLock { state in
            if let held = state.held, held.version == version { return .held(held) }
            if let reading = state.reading { return .joined(reading) }
            let reading = Task { try await self.read() }
            state.reading = reading
            return .begun(reading)
        }
    }

    private func read() async throws -> Snapshot {
        do {
            let read = try await CatalogStore.readAll(in: pool)
            let snapshot = Snapshot(version: read.version, graph: DependencyGraph(read.components.map(\.component)))
            state.withLock { state in
                state.reading = nil
                if (state.held?.version ?? 0) < snapshot.version { state.held = snapshot }
            }
            return snapshot
        } catch {
            state.withLock { $0.reading = nil }
            throw error
        }
    }
}
