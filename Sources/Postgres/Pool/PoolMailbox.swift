import CLibPQ
import Glibc
import Synchronization

/// What the driver is told by other threads.
enum PoolMessage: Sendable {
    case submit(PostgresJob, JobCompletion)
    /// The job's `isCancelled` is set already.
    case cancel(PostgresJob)
    /// A helper thread connected, or failed to.
    case opened(ConnectionPurpose, Result<OpenedConnection, PostgresError>)
    /// A helper thread has delivered a cancellation for this connection.
    case cancelDelivered(connection: Int)
    case listen(ListenerRequest)
    case stopListening(Int)
    /// Hold a connection open even when nothing is asked for.
    case keepWarm
    /// The driver is to call this, as a sign that it gets round to things.
    case ask(@Sendable () -> Void)
    case close(within: Duration)
}

/// Why a connection was opened.
enum ConnectionPurpose: Sendable, Equatable {
    case pool
    case listener(Int)
}

/// A connection on its way from the helper thread that opened it to the driver.
///
/// `@unchecked Sendable`: the helper lets go of the connection when it posts it, so there is one owner at any time.
struct OpenedConnection: @unchecked Sendable {
    let link: LibPQConnection
}

struct ListenerRequest: Sendable {
    let id: Int
    let channels: [String]
    let continuation: AsyncStream<PostgresNotification>.Continuation
}

/// The driver's inbox: messages under a lock, and an eventfd that ends the driver's wait.
final class PoolMailbox: Sendable {
    private struct State {
        var messages: [PoolMessage] = []
        /// The driver waits, or is about to: whoever posts next must wake it.
        var driverSleeps = false
        var isClosed = false
        var closedWaiters: [CheckedContinuation<Void, Never>] = []
        var statistics = PostgresPoolStatistics(size: 0, idle: 0, busy: 0, waiting: 0)
    }

    private let state = Mutex(State())
    let wakeDescriptor: Int32

    init() {
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(wakeDescriptor >= 0, "no eventfd: \(String(cString: strerror(errno)))")
    }

    deinit {
        Glibc.close(wakeDescriptor)
    }

    /// False when the driver has ended and nobody will read the message.
    @discardableResult
    func post(_ message: PoolMessage) -> Bool {
        let (accepted, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.messages.append(message)
            defer { state.driverSleeps = false }
            return (true, state.driverSleeps)
        }
        if mustWake { eventfd_write(wakeDescriptor, 1) }
        return accepted
    }

    /// Takes everything; with nothing there, notes that the driver is about to wait.
    func take(publishing statistics: PostgresPoolStatistics) -> [PoolMessage] {
        state.withLock { state in
            state.statistics = statistics
            state.driverSleeps = state.messages.isEmpty
            guard !state.messages.isEmpty else { return [] }
            defer { state.messages = [] }
            return state.messages
        }
    }

    var statistics: PostgresPoolStatistics {
        state.withLock { $0.statistics }
    }

    /// The driver ends: what was posted last is handed back, and whoever waits for the end goes on.
    func close() -> [PoolMessage] {
        let (left, waiters) = state.withLock { state in
            state.isClosed = true
            defer { state.messages = [] }
            state.statistics = PostgresPoolStatistics(size: 0, idle: 0, busy: 0, waiting: 0)
            return (state.messages, state.closedWaiters)
        }
        waiters.forEach { $0.resume() }
        return left
    }

    func waitUntilClosed() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.closedWaiters.append(continuation) }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }
}

/// epoll, for one thread: waits for descriptors, each known by a number.
final class Poller {
    struct Event {
        let id: Int
        let isReadable: Bool
        let isWritable: Bool
    }

    private let descriptor: Int32
    private var buffer = [epoll_event](repeating: epoll_event(), count: 64)

    init() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(descriptor >= 0, "no epoll: \(String(cString: strerror(errno)))")
    }

    deinit {
        close(descriptor)
    }

    func add(_ watched: Int32, id: Int) {
        control(EPOLL_CTL_ADD, watched, id: id, events: EPOLLIN.rawValue)
    }

    /// An eventfd that nobody reads: with EPOLLET each write is an event of its own, and its counter lasts for ever.
    func addWakeUp(_ watched: Int32, id: Int) {
        control(EPOLL_CTL_ADD, watched, id: id, events: EPOLLIN.rawValue | EPOLLET.rawValue)
    }

    func watch(_ watched: Int32, id: Int, writes: Bool) {
        control(EPOLL_CTL_MOD, watched, id: id, events: EPOLLIN.rawValue | (writes ? EPOLLOUT.rawValue : 0))
    }

    func remove(_ watched: Int32) {
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, nil)
    }

    /// Blocks until something happens or `until` is reached.
    func wait(until: MonotonicTime) -> [Event] {
        var timeout: Int32 = -1
        if until < .distantFuture {
            let left = (until - .now + 999_999) / 1_000_000
            timeout = Int32(clamping: max(0, left))
        }
        let count = epoll_wait(descriptor, &buffer, Int32(buffer.count), timeout)
        guard count > 0 else { return [] }
        return buffer[..<Int(count)].map { event in
            // An error or a hang-up shows itself in the next read.
            Event(
                id: Int(bitPattern: UInt(event.data.u64)),
                isReadable: event.events & ~EPOLLOUT.rawValue != 0,
                isWritable: event.events & EPOLLOUT.rawValue != 0
            )
        }
    }

    private func control(_ operation: Int32, _ watched: Int32, id: Int, events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(UInt(bitPattern: id))
        _ = epoll_ctl(descriptor, operation, watched, &event)
    }
}
