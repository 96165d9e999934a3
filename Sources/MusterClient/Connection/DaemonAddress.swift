import Glibc

/// Where a daemon is, and whether a token may go there.
package struct DaemonAddress: Hashable, Sendable {
    package let scheme: String
    package let host: String
    package let port: Int
    /// Without a slash at its end; empty for most.
    package let path: String

    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    /// `https://muster.example`, `http://127.0.0.1:8080`, or `muster.example` for HTTPS.
    package init(_ text: String) throws(Mistake) {
        let full = text.contains("://") ? text : "https://" + text
        guard
            let match = full.wholeMatch(
                of: /([A-Za-z]+):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(\/[A-Za-z0-9._~\/-]*)?/)
        else {
            throw Mistake(
                description: "\"\(SafeText.line(text))\" is no address; one looks like https://muster.example or "
                    + "http://127.0.0.1:8080")
        }
        scheme = match.output.1.lowercased()
        guard scheme == "https" || scheme == "http" else {
            throw Mistake(description: "Muster is reached by https or http, not by \(scheme)")
        }
        host = match.output.2.lowercased()
        port = match.output.3.flatMap { Int($0) } ?? (scheme == "https" ? 443 : 80)
        guard (1...65535).contains(port) else { throw Mistake(description: "\(port) is no port") }
        var path = String(match.output.4 ?? "")
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    package var text: String {
        let usual = scheme == "https" ? 443 : 80
        return "\(scheme)://\(host)\(port == usual ? "" : ":\(port)")\(path)"
    }

    /// Whether it is this machine by its number, or by the one name that always is.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    /// Whether what is sent can be read on the way.
    package var isOpen: Bool { scheme == "http" && !isLoopback }
}
