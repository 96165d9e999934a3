import HTTPTypes

/// Who sends a report, as far as it has to be known to count nobody twice. It lives as long as the request: neither the
/// address nor anything that leads back to it is stored or logged.
struct ReportClient: Sendable {
    /// The address; of IPv6 only the network, since a machine has as many addresses in it as it likes. Empty when there is
    /// none, as behind a socket of the file system.
    private let address: [UInt8]
    private let agent: String

    /// Characters of a User-Agent that count.
    private static let agentMax = 512
    /// Hops that are looked at, from the nearest on.
    private static let hopsMax = 32

    /// - Parameter peer: The address that the connection comes from; nil of a socket of the file system.
    init(peer: String?, headers: RequestFields, proxies: [NetworkRange]) {
        agent = String((headers[.userAgent] ?? "").unicodeScalars.prefix(Self.agentMax))
        let forwarded = headers[values: .xForwardedFor].joined(separator: ",")
        var client = peer.flatMap(NetworkRange.bytes)
        // A socket of the file system is reached by what runs on this machine: a proxy, if there are any.
        var isProxy = peer == nil ? !proxies.isEmpty : client.map { Self.isIn(proxies, $0) } ?? false
        for hop in forwarded.split(separator: ",").suffix(Self.hopsMax).reversed() where isProxy {
            guard let bytes = Self.address(in: hop) else { break }
            client = bytes
            isProxy = Self.isIn(proxies, bytes)
        }
        address = client.map { $0.count == 16 ? Array($0[..<8]) : $0 } ?? []
    }

    /// A code of address and browser, which differs with every key.
    func reporter(key: [UInt8]) -> [UInt8] {
        OpenSSL.hmacSHA256(key: key, [UInt8(address.count)] + address + Array(agent.utf8))
    }

    /// A code of the address alone.
    func place(key: [UInt8]) -> [UInt8] {
        OpenSSL.hmacSHA256(key: key, [0xFF] + address)
    }

    private static func isIn(_ networks: [NetworkRange], _ address: [UInt8]) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// As proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
    private static func address(in hop: Substring) -> [UInt8]? {
        var text = hop.filter { $0 != " " && $0 != "\t" }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = String(text[text.index(after: text.startIndex)..<end])
        } else if text.filter({ $0 == ":" }).count == 1, let colon = text.firstIndex(of: ":") {
            text = String(text[..<colon])
        }
        return NetworkRange.bytes(of: text)
    }
}

extension HTTPField.Name {
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For")!
}
