import Glibc
import Logging
import ServiceLifecycle
import Synchronization

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

/// The listening socket that systemd opened for us (sd_listen_fds): `LISTEN_FDS` descriptors from 3 on, for the process
/// of `LISTEN_PID`, with names in `LISTEN_FDNAMES`.
struct SystemdSockets: Sendable {
    /// The socket for HTTP; nil when none was handed over.
    let http: CInt?

    /// Why what was handed over cannot be used.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let first: CInt = 3

    init(environment: [String: String], processID: pid_t = getpid()) throws(Failure) {
        guard environment["LISTEN_PID"] == String(processID),
            let count = environment["LISTEN_FDS"].flatMap(CInt.init), count > 0
        else {
            http = nil
            return
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let all = (0..<count).map { Self.first + $0 }
        // None of them is for the programs that we start.
        for descriptor in all { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let named = zip(all, names).filter { $0.1 == "http" }.map(\.0)
        guard let chosen = named.count == 1 ? named[0] : all.count == 1 ? all[0] : nil else {
            throw Failure(
                description: "systemd handed over \(count) sockets; exactly one should have FileDescriptorName=http")
        }
        guard Self.option(SO_ACCEPTCONN, of: chosen) == 1, Self.option(SO_TYPE, of: chosen) == SOCK_STREAM.rawValue
        else { throw Failure(description: "the socket of systemd does not listen; use ListenStream= and Accept=no") }
        http = chosen
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> UInt32 {
        var value: CInt = -1
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 else { return .max }
        return UInt32(bitPattern: value)
    }
}

/// Something without which the daemon does nothing useful: a thread of connections, the pool's thread, a loop.
struct VitalSign: Sendable {
    let name: String
    /// Has `answer` called as soon as the part gets round to it; a part that hangs never does.
    let ask: @Sendable (_ answer: @escaping @Sendable () -> Void) -> Void
}

/// Sends the signs of life that systemd waits for, as long as everything vital shows some: each part is asked, and only
/// when all of them have answered is the next sign sent. A daemon in which one hangs is then killed and started again.
///
/// Whether PostgreSQL answers is no part of it: starting again would not bring it back.
struct SystemdWatchdog: Service {
    let notifier: SystemdNotifier
    let signs: [VitalSign]
    let logger: Logger

    func run() async throws {
        guard let interval = notifier.watchdogInterval else {
            try? await gracefulShutdown()
            return
        }
        var round = Round(asking: signs)
        notifier.watchdog()
        // Also while requests are finished after a stop was asked for: this service is stopped as the last one.
        while !Task.isShuttingDownGracefully {
            // The protocol goes by time: sd_watchdog_enabled(3) recommends a sign every half of the interval.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval / 2) }
            let silent = round.silent
            if silent.isEmpty {
                notifier.watchdog()
                round = Round(asking: signs)
            } else if !Task.isShuttingDownGracefully {
                logger.warning(
                    "a part of the daemon does not answer", metadata: ["parts": .array(silent.map { .string($0) })])
                round.askAgain()
            }
        }
        notifier.watchdog()
    }

    /// One asking of all parts.
    final class Round: Sendable {
        private let waitedFor: Mutex<[VitalSign]>

        init(asking signs: [VitalSign]) {
            waitedFor = Mutex(signs)
            askAgain()
        }

        /// Asks those that have not answered.
        func askAgain() {
            for sign in waitedFor.withLock({ $0 }) {
                sign.ask { self.waitedFor.withLock { waiting in waiting.removeAll { $0.name == sign.name } } }
            }
        }

        /// Who has not answered yet.
        var silent: [String] {
            waitedFor.withLock { $0.map(\.name) }
        }
    }
}
