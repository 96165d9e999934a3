import Glibc
import Synchronization

/// Ports of 127.0.0.1 that nobody uses. Not the kernel's own choice: from its range it also takes the client ends of
/// connections, and a daemon that restarts would find its port taken by one.
enum Port {
    private static let next = Mutex(20_000 + Int(getpid()) % 11_000)

    static func free() -> Int {
        next.withLock { next in
            repeat {
                next = next >= 32_000 ? 20_000 : next + 1
            } while !isFree(next)
            return next
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
