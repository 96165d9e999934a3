import CLibPQ
import Glibc

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
