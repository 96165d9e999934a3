import Glibc

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

    /// Whether anybody is told.
    var isThere: Bool { path != nil }

    func ready(status: String) {
        send("READY=1\nSTATUS=\(status)\nMAINPID=\(getpid())")
    }

    /// A new configuration is being read; `ready` says that it is done. systemd asks for the moment as well.
    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)\nSTATUS=reloading")
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

    /// Whether the datagram was taken. Nothing depends on it: the manager may be gone. One that does not read is waited for
    /// a moment and no longer, since it may itself wait for us.
    @discardableResult
    func send(_ message: String) -> Bool {
        guard let path else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
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
