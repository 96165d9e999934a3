import Logging
import Postgres
import ServiceLifecycle

/// Carries the feed's signal between the daemons on one database, and is the net below it: everybody is woken once a
/// second anyway.
///
/// `NOTIFY` makes commits wait for each other, so it is a statement of its own and comes at most ten times a second.
struct FeedNotifier: Service {
    let signal: FeedSignal
    let pool: PostgresPool
    let logger: Logger
    /// How often everybody is woken anyway.
    var net: Duration = .seconds(1)

    private static let pause: Duration = .milliseconds(100)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await tellOthers() }
                group.addTask { await hearOthers() }
                group.addTask { await wakeAnyway() }
            }
        }
    }

    private func tellOthers() async {
        for await _ in signal.ownCommits {
            do {
                try await RunnerPulse.pass { try await FeedStore.notify(in: pool) }
            } catch {
                logger.debug("cannot notify other daemons", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func hearOthers() async {
        for await _ in pool.notifications(on: [FeedStore.channel]) { signal.wake() }
    }

    private func wakeAnyway() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: net)
            signal.wake()
        }
    }
}
