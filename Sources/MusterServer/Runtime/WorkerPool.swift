import NIOCore
import NIOPosix
import Synchronization

/// Threads for work that would hold an event loop too long: rendering a review or a picture, reading a large document,
/// compiling patterns, writing large answers. An event loop carries out requests of a thousand connections, so whatever
/// may take more than a few milliseconds belongs here.
///
/// The pool is bounded in threads and in work that waits; what exceeds it is refused with 503 and not queued.
enum WorkerPool {
    /// One less than the processors, so that the loops keep one; at least two, so that one long job delays no other.
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
        guard jobs.wrappingAdd(1, ordering: .relaxed).newValue <= jobsMax else {
            throw Problem.later(.overloaded, "Too much work waits for a processor. Send the request again.", seconds: 1)
        }
        return try await pool.runIfActive(work)
    }

    /// Runs tasks on these threads, of which each may take long between two waits.
    static let executor = WorkerExecutor()

    fileprivate static func submit(_ job: UnownedJob, of executor: WorkerExecutor) {
        pool.submit { _ in job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
    }
}

/// `WorkerPool` for whole tasks: what they compute between two waits runs there.
final class WorkerExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        WorkerPool.submit(UnownedJob(job), of: self)
    }
}
