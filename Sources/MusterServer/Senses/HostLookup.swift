import Glibc

/// The resolver of the machine.
enum HostLookup {
    /// All addresses of a name in their usual form, each once. Blocks.
    static func addresses(of host: String) -> NameLookup.Answer {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            return isAboutTheName(code) ? .noAddress(reason) : .failed(reason)
        }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            if let text = numeric(entry.pointee), !found.contains(text) { found.append(text) }
            next = entry.pointee.ai_next
        }
        return .addresses(found)
    }

    /// Whether somebody who knows has said that there is no such name, or no address. The other codes (`EAI_AGAIN`,
    /// `EAI_FAIL`, `EAI_SYSTEM`, no memory) say that nobody could be asked.
    private static func isAboutTheName(_ code: Int32) -> Bool {
        // EAI_NODATA and EAI_ADDRFAMILY stand in <netdb.h> for _GNU_SOURCE only.
        code == EAI_NONAME || code == -5 || code == -9
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
