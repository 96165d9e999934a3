import HummingbirdCore
import Logging
import NIOCore

/// Hummingbird's HTTP/1 connection, carried out by the event loop that its socket belongs to.
///
/// Without this, a request goes from the loop's thread to one of Swift's pool and back at every read and write, and these
/// wake-ups cost more than the request itself. Nothing in a request may therefore block or compute for long: what does
/// (a hash of a password, a large picture) belongs into a task of its own.
struct LoopBoundChannel: ServerChildChannel {
    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(loop: value.channel.eventLoop)) {
            await http.handle(value: value, logger: logger)
        }
    }
}

/// Runs tasks on an event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
