import Synchronization

/// The dispatcher that new requests go to. A reload puts another in its place; requests that are being served end with
/// the one they began with.
final class CurrentDispatcher: Sendable {
    private final class Box: Sendable {
        let dispatcher: Dispatcher

        init(_ dispatcher: Dispatcher) {
            self.dispatcher = dispatcher
        }
    }

    private let box: Mutex<Box>

    init(_ dispatcher: Dispatcher) {
        box = Mutex(Box(dispatcher))
    }

    var value: Dispatcher {
        box.withLock { $0 }.dispatcher
    }

    func replace(with dispatcher: Dispatcher) {
        let new = Box(dispatcher)
        box.withLock { $0 = new }
    }
}
