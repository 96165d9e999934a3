import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

/// Many tasks, random kills, and at the end: every task was answered, and the table holds exactly what the answers
/// said.
@Suite(.timeLimit(.minutes(20))) struct StressTests {
    private enum Outcome: Sendable {
        case acknowledged, refused, unknown
    }

    private final class Progress: Sendable {
        let writes = Atomic(0)
        let isOver = Atomic(false)
    }

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// A simulation is repeated with MUSTER_TEST_SEED.
    private let seed =
        getenv("MUSTER_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0..<1_000_000)

    @Test func `random kills lose no acknowledged write and leave no task waiting`() async throws {
        try await TestServer.with { server in
            var configuration = PostgresConfiguration(conninfo: server.conninfo(database: "muster"))
            configuration.connections = 4
            configuration.statementDeadline = .seconds(2)
            configuration.reconnectDelayMax = .milliseconds(200)
            let pool = PostgresPool(configuration: configuration, logger: TestServer.quietLogger)
            try await pool.query("CREATE TABLE t (id int PRIMARY KEY)")
            let progress = Progress()
            async let chaos: Void = rage(server, progress)
            let outcomes = await write(24, 120, into: pool, progress)
            progress.isOver.store(true, ordering: .relaxed)
            try await chaos
            let stored = try await settled(pool)
            for (id, outcome) in outcomes {
                switch outcome {
                case .acknowledged: #expect(stored.contains(id), "\(id) was acknowledged and is lost; seed \(seed)")
                case .refused: #expect(!stored.contains(id), "\(id) was refused and is there; seed \(seed)")
                case .unknown: break
                }
            }
            let acknowledged = outcomes.values.count { $0 == .acknowledged }
            #expect(outcomes.count == 24 * 120 && acknowledged > 1_000, "seed \(seed), \(acknowledged) acknowledged")
            await pool.close()
        }
    }

    /// What is stored when the dust has settled.
    private func settled(_ pool: PostgresPool) async throws -> Set<Int> {
        while true {
            do {
                return Set(try await pool.query("SELECT id FROM t").map { try $0.decode("id", as: Int.self) })
            } catch let error as PostgresError where error.isTransient {
                continue
            }
        }
    }

    private func write(_ writers: Int, _ each: Int, into pool: PostgresPool, _ progress: Progress) async -> [Int:
        Outcome]
    {
        await withTaskGroup(of: [(Int, Outcome)].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var random = Generator(state: seed &+ UInt64(writer))
                    var outcomes: [(Int, Outcome)] = []
                    for number in 0..<each {
                        let id = writer * each + number
                        outcomes.append((id, await write(id, into: pool, &random)))
                        progress.writes.add(1, ordering: .relaxed)
                    }
                    return outcomes
                }
            }
            return await group.reduce(into: [:]) { all, some in
                for (id, outcome) in some { all[id] = outcome }
            }
        }
    }

    /// One write in one of five ways.
    private func write(_ id: Int, into pool: PostgresPool, _ random: inout Generator) async -> Outcome {
        let way = Int.random(in: 0..<10, using: &random)
        let task = Task {
            switch way {
            case 0, 1: try await pool.pipeline(["SELECT 1", "INSERT INTO t VALUES (\(id))"])
            case 2: try await pool.pipeline(["INSERT INTO t VALUES (\(id))", "SELECT 1 / 0"])
            case 3:
                try await pool.transaction { transaction in
                    try await transaction.query("INSERT INTO t VALUES (\(id))")
                    try await transaction.query("SELECT 1")
                }
            case 4: try await pool.transaction { try await $0.commit(after: ["INSERT INTO t VALUES (\(id))"]) }
            default: try await pool.query("INSERT INTO t VALUES (\(id))")
            }
        }
        if Int.random(in: 0..<20, using: &random) == 0 { task.cancel() }
        do {
            try await task.value
            return .acknowledged
        } catch PostgresError.connectionLost(outcomeUnknown: true, _), PostgresError.deadlineExceeded(
            outcomeUnknown: true)
        {
            return .unknown
        } catch is PostgresError {
            return .refused
        } catch {
            Issue.record("\(error); seed \(seed)")
            return .unknown
        }
    }

    /// Kills something after every few writes.
    private func rage(_ server: EmbeddedPostgres, _ progress: Progress) async throws {
        var random = Generator(state: seed)
        let administration = server.conninfo(database: "postgres")
        var next = 0
        while true {
            next += Int.random(in: 1...60, using: &random)
            try await waitUntil {
                progress.writes.load(ordering: .relaxed) >= next || progress.isOver.load(ordering: .relaxed)
            }
            if progress.isOver.load(ordering: .relaxed) { return }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: await server.restart(signal: SIGINT)
            case 1: await server.restart(signal: SIGQUIT)
            default:
                _ = try? await PostgresAdministration.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'muster' AND datname = 'muster' ORDER BY random() LIMIT 1
                    """, on: administration)
            }
        }
    }
}
