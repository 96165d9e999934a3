import Glibc

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
