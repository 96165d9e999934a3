import Glibc
import Logging
import ServiceLifecycle

/// Tells the service manager how we are (sd_notify): one datagram to the socket that `NOTIFY_SOCKET` names. Without
/// that variable every call does nothing.
struct SystemdNotifier: Sendable {
    private let path: String?
    /// Half of what the manager allows between two signs of life; nil when it wants none.
    let watchdogInterval: Duration?

    init(environment: [String: String], processID: Int32 = getpid()) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(processID) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isForUs && microseconds > 0 && path != nil ? .microseconds(microseconds / 2) : nil
    }

    func ready(status: String) {
        send("READY=1\nSTATUS=\(status)\nMAINPID=\(getpid())")
    }

    func status(_ status: String) {
        send("STATUS=\(status)")
    }

    func stopping() {
        send("STOPPING=1\nSTATUS=stopping")
    }

    func watchdog() {
        send("WATCHDOG=1")
    }

    /// Whether the datagram was taken. Nothing depends on it: the manager may be gone.
    @discardableResult
    func send(_ message: String) -> Bool {
        guard let path else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let (address, length) = Self.address(path) else { return false }
        let bytes = Array(message.utf8)
        let sent = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
        return sent == bytes.count
    }

    /// A path, or with `@` a name in the abstract namespace, whose first byte is zero and which has no end byte.
    private static func address(_ path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        let isAbstract = name.first == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return (address, socklen_t(offset + name.count + (isAbstract ? 0 : 1)))
    }
}

/// Sends the signs of life that the manager waits for.
struct WatchdogRunner: Service {
    let notifier: SystemdNotifier

    func run() async throws {
        guard let interval = notifier.watchdogInterval else {
            try? await gracefulShutdown()
            return
        }
        // Also while requests are finished after a stop was asked for: until the group cancels us.
        while !Task.isShuttingDownGracefully {
            notifier.watchdog()
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
        notifier.watchdog()
    }
}
