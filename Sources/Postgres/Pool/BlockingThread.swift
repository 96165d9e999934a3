import CLibPQ
import Glibc

/// A thread of our own, for calls that block: the cooperative pool has one thread a core and must never wait.
enum BlockingThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread. `name` (15 bytes are shown) helps whoever looks at the process. Throws
    /// `PostgresError.unavailable` when the process may have no more threads (`ulimit -u`, `TasksMax`); then nothing runs.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(PostgresError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                clibpq_name_thread(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw PostgresError.unavailable(reason: "no thread could be started: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }

    /// Runs blocking work on a thread of its own, and waits for it without blocking the caller's.
    static func run<T: Sendable>(_ name: String, _ work: @escaping @Sendable () throws(PostgresError) -> T)
        async throws(PostgresError) -> T
    {
        let result: Result<T, PostgresError> = await withCheckedContinuation { continuation in
            do throws(PostgresError) {
                try start(name) {
                    do throws(PostgresError) {
                        continuation.resume(returning: .success(try work()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}
