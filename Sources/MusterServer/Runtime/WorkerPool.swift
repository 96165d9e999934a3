import NIOCore
import NIOPosix
import Synchronization

/// Threads for work that would hold an event loop too long: rendering a review or a picture, reading a large document,
/// compiling patterns, writing large answers. An event loop carries out requests of a thousand connections, so whatever
/// may take more than a few milliseconds belongs here.
///
/// The pool is bounded in threads and in work that waits; what exceeds it is refused with 503 and not queued. To hop here
/// and back costs about 10 µs.
enum WorkerPool {
    /// One less than the processors, so that the loops keep one; at least two, so that one long job delays no other. Each more
    /// costs memory in a storm of large bodies.
    static let threads = max(2, NIOSingletons.groupLoopCountSuggestion - 1)
    /// How many jobs may wait or run.
    static let jobsMax = 256

    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }()
    private static let jobs = Atomic<Int>(0)

    /// How many jobs wait or run at this moment.
    static var waiting: Int { jobs.load(ordering: .relaxed) }

    /// Runs `work` on a thread of the pool and returns what it returns.
    ///
    /// - Throws: what `work` throws, or `Problem` `overloaded` when too much waits.
    static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        defer { jobs.wrappingSubtract(1, ordering: .relaxed) }
        guard jobs.wrappingAdd(1, ordering: .relaxed).newValue <= jobsMax else { throw overloaded }
        return try await pool.runIfActive(work)
    }

    /// The same, but where we are when it is not worth the way: for work whose size is known and mostly small.
    static func run<Result: Sendable>(
        beside isLarge: Bool, _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        guard isLarge else { return try work() }
        return try await run(work)
    }

    /// Runs a task on threads of the pool wherever it computes: for a handler of a request that reads, asks the database
    /// and writes, and does much of it. While it waits it holds no thread.
    ///
    /// - Throws: what `body` throws, or `Problem` `overloaded` when too much waits.
    static func carryOut<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        guard waiting <= jobsMax else { throw overloaded }
        return try await withTaskExecutorPreference(executor) { try await body() }
    }

    private static var overloaded: Problem {
        .later(.overloaded, "Too much work waits for a processor. Send the request again.", seconds: 1)
    }

    /// Runs tasks on these threads, of which each may take long between two waits.
    static let executor = Executor()

    /// Jobs of tasks; they count like others, and are never refused: their request has begun.
    final class Executor: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.wrappingAdd(1, ordering: .relaxed)
            pool.submit { _ in
                job.runSynchronously(on: self.asUnownedTaskExecutor())
                jobs.wrappingSubtract(1, ordering: .relaxed)
            }
        }
    }
}

/// Lets a few in at a time; the others wait for their turn, first come first served.
final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var tickets = 0
    }

    private let state: Mutex<State>
    private let waitingMax: Int
    private let patience: Duration?

    /// - Parameter patience: How long somebody waits at most; nil for as long as it takes.
    init(max: Int, waitingMax: Int, patience: Duration? = nil) {
        state = Mutex(State(free: max))
        self.waitingMax = waitingMax
        self.patience = patience
    }

    /// - Throws: what `body` throws, or `Problem` `overloaded` when too many wait, or this one has waited too long.
    func take<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let isRefused = await withCheckedContinuation { continuation in
            let (answer, ticket) = state.withLock { state -> (Bool?, Int) in
                if state.free > 0 {
                    state.free -= 1
                    return (false, 0)
                }
                if state.waiting.count >= waitingMax { return (true, 0) }
                state.tickets += 1
                state.waiting.append((state.tickets, continuation))
                return (nil, state.tickets)
            }
            if let answer { return continuation.resume(returning: answer) }
            guard let patience else { return }
            NIOSingletons.posixEventLoopGroup.next().scheduleTask(in: TimeAmount(patience)) { self.giveUp(ticket) }
        }
        if isRefused { throw Problem.later(.overloaded, "Too much work of this kind waits.", seconds: 1) }
        defer { leave() }
        return try await body()
    }

    private func giveUp(_ ticket: Int) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.id == ticket }.map { state.waiting.remove(at: $0).continuation }
        }
        waiting?.resume(returning: true)
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: false)
    }
}
