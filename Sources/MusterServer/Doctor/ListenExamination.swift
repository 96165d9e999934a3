import Glibc

/// Whether the daemon can listen where it is told to, or does already.
struct ListenExamination {
    let http: ServerConfiguration.HTTP

    private static let key = "http.listen"

    var findings: [Finding] {
        [listening] + [publicURL].compactMap(\.self)
    }

    private var listening: Finding {
        switch http.listen {
        case .tcp(let host, let port): Self.tcp(host, port)
        case .unix(let path): Self.unix(path)
        }
    }

    /// Whoever gets an URL of ours has to be able to reach it.
    private var publicURL: Finding? {
        guard case .tcp(let host, _) = http.listen, ["0.0.0.0", "::", "*"].contains(host), http.publicURL == nil else {
            return nil
        }
        return .warning(
            "http.public_url", "not set, so generated URLs begin with http://\(host)",
            "set it to the address at which clients reach this installation")
    }

    private static func tcp(_ host: String, _ port: Int) -> Finding {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else {
            return .problem(key, "\(host) cannot be resolved", "use an address of this machine, such as 127.0.0.1:8080")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype | closesOnExec, 0)
        guard descriptor >= 0 else { return failure("\(host):\(port)", errno) }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        if bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
            return .ok(key, "\(host):\(port) is free")
        }
        guard errno == EADDRINUSE else { return failure("\(host):\(port)", errno) }
        let answers = isMusterd(address.pointee.ai_family) {
            connect($0, address.pointee.ai_addr, address.pointee.ai_addrlen)
        }
        return taken("\(host):\(port)", byMusterd: answers)
    }

    private static func unix(_ path: String) -> Finding {
        guard access(path, F_OK) == 0 else {
            let parent = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)) + "/"
            guard access(parent, W_OK | X_OK) == 0 else {
                return .problem(
                    key, "\(parent) does not exist or is not writable", "create it, writable by the daemon's account")
            }
            return .ok(key, "\(path) is free")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let answers = isMusterd(AF_UNIX) { descriptor in
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return taken(path, byMusterd: answers)
    }

    private static func taken(_ address: String, byMusterd: Bool) -> Finding {
        byMusterd
            ? .ok(key, "musterd is listening on \(address)")
            : .problem(
                key, "\(address) is in use by another program, or by a musterd that does not respond",
                "find it with ss -ltnp (ss -lxp for Unix sockets), and stop it or choose another address")
    }

    private static func failure(_ address: String, _ code: Int32) -> Finding {
        switch code {
        case EACCES:
            .problem(
                key, "no permission to listen on \(address)",
                "use a port above 1023, or give the unit CAP_NET_BIND_SERVICE")
        case EADDRNOTAVAIL:
            .problem(key, "no interface of this machine has the address \(address)", "use one that ip address shows")
        default:
            .problem(key, "\(address): \(String(cString: strerror(code)))", "use another address")
        }
    }

    private static let closesOnExec = Int32(SOCK_CLOEXEC.rawValue)

    /// Asks whoever listens for its health.
    private static func isMusterd(_ family: Int32, _ connecting: (Int32) -> Int32) -> Bool {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | closesOnExec, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 15, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        guard connecting(descriptor) == 0 else { return false }
        let question = Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
            return false
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while answer.count < 1 << 16 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        return text.hasPrefix("HTTP/1.1 200") && text.lowercased().contains("x-request-id")
    }
}
