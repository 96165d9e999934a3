import FoundationEssentials

/// The address of a page, taken apart into what a connection needs. Only what was understood whole is taken, so that what
/// is checked is what is connected to.
struct ProbeURL: Hashable, Sendable {
    let isSecure: Bool
    /// A name or an address, without brackets.
    let host: String
    let port: Int
    /// Path and query, as the request line has them.
    let target: String

    /// Nil when it is no `http` or `https` URL, or names a host in a way that we do not read.
    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            url.user() == nil, url.password() == nil, let host = url.host()
        else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        guard ProbeHost.isHost(bare) else { return nil }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65_535).contains(port) else { return nil }
        isSecure = scheme == "https"
        self.host = bare.lowercased()
        self.port = port
        let path = url.path(percentEncoded: true)
        target = (path.isEmpty ? "/" : path) + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    }

    init?(_ text: String) {
        // Foundation would escape white space and line breaks, and look at something else than was written.
        guard
            !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F || $0.properties.isWhitespace }
            ),
            let url = URL(string: text), let read = ProbeURL(url)
        else { return nil }
        self = read
    }

    /// What is wrong with an address, as the rest of a sentence; nil when nothing is.
    static func complaint(about text: String) -> String? {
        ProbeURL(text) == nil
            ? "should be an http:// or https:// URL with a plain host, without user and password" : nil
    }

    /// Where a redirection leads; nil when that is nothing that we read.
    func following(_ location: String) -> ProbeURL? {
        guard let base = URL(string: text), let url = URL(string: location, relativeTo: base) else { return nil }
        return ProbeURL(url.absoluteURL)
    }

    private var bracketed: String { host.contains(":") ? "[\(host)]" : host }

    private var usualPort: Int { isSecure ? 443 : 80 }

    /// What the header Host says.
    var authority: String { port == usualPort ? bracketed : "\(bracketed):\(port)" }

    /// Scheme, host and port, as `https://example.com`.
    var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }

    var text: String { origin + target }
}

/// How hosts may be written.
enum ProbeHost {
    static let rule = "should be a host name or an IP address"
    static let nameRule = "should be a host name"

    static func isHost(_ text: String) -> Bool {
        isName(text) || NetworkRange.bytes(of: text) != nil
    }

    static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "-_.".utf8.contains(byte)
        }
    }
}
