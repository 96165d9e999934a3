import Glibc

/// A thread of our own for what blocks: what measures and what attacks must not wait for each other, nor for Swift's pool,
/// which has one thread a core.
enum OwnThread {
    private final class Body {
        let run: () -> Void

        init(_ run: @escaping () -> Void) {
            self.run = run
        }
    }

    /// Runs the work on a new thread, and waits for it without blocking the caller's.
    ///
    /// - Parameter isMeek: Whether it leaves the processor to others. Attackers have machines of their own; here they share
    ///   the daemon's, and what they take of it would be measured as its slowness.
    static func run<T: Sendable>(isMeek: Bool = false, _ work: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in
            start {
                if isMeek { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }
                continuation.resume(returning: work())
            }
        }
    }

    private static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard code == 0 else { fatalError("no thread could be started: \(String(cString: strerror(code)))") }
        pthread_detach(thread)
    }
}
