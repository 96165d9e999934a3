import Glibc

/// A TCP connection to a port of this machine, bytes in and out, as no honest client would use it.
///
/// The descriptor is closed by `close()` and not by itself: who has ten thousand knows when.
struct RawSocket {
    let descriptor: Int32

    enum Received: Equatable {
        case bytes(Int)
        /// There is nothing yet.
        case nothing
        case ended
    }

    /// Begins to connect; nil when this process has no descriptor left.
    ///
    /// - Parameters:
    ///   - receiveBuffer: How much the kernel may hold for a client that does not read.
    ///   - blocksFor: Seconds after which a call gives up; nil never blocks.
    init?(port: Int, receiveBuffer: Int32? = nil, blocksFor seconds: Int? = nil) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, seconds == nil ? kind | Int32(SOCK_NONBLOCK.rawValue) : kind, 0)
        guard descriptor >= 0 else { return nil }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        if let seconds {
            var limit = timeval(tv_sec: seconds, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let outcome = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if outcome != 0, errno != EINPROGRESS {
            _ = Glibc.close(descriptor)
            return nil
        }
    }

    /// How many of the bytes from `offset` on went out; nil when the connection has ended.
    func send(_ bytes: [UInt8], from offset: Int = 0) -> Int? {
        let count = bytes.withUnsafeBytes { buffer -> Int in
            guard let base = buffer.baseAddress else { return 0 }
            return Glibc.send(descriptor, base + offset, buffer.count - offset, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == ENOTCONN || errno == EINTR ? 0 : nil
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count < 0 && (errno == EAGAIN || errno == ENOTCONN || errno == EINTR) ? .nothing : .ended
    }

    /// - Parameter hangsUp: Whether the other end is told by a reset, as when a program is killed.
    func close(hangsUp: Bool = false) {
        if hangsUp {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        _ = Glibc.close(descriptor)
    }

    /// Lets this process have as many descriptors as it may have at all; how many those are.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
