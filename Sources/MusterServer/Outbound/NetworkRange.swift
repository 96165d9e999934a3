import Glibc

/// Some addresses, as `10.0.0.0/8`.
struct NetworkRange: Hashable, Sendable {
    /// Four bytes or sixteen.
    private let prefix: [UInt8]
    private let bits: Int

    /// Nil when it is no address with a number of bits; without one, it is that address alone.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let bytes = parts.first.flatMap(Self.bytes) else { return nil }
        let bits = parts.count == 2 ? Int(parts[1]) ?? -1 : bytes.count * 8
        guard (0...bytes.count * 8).contains(bits) else { return nil }
        prefix = bytes
        self.bits = bits
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == prefix.count else { return false }
        for index in prefix.indices {
            let left = bits - index * 8
            if left <= 0 { return true }
            let mask: UInt8 = left >= 8 ? 0xFF : ~(0xFF >> UInt8(left))
            if (address[index] ^ prefix[index]) & mask != 0 { return false }
        }
        return true
    }

    /// The bytes of an address in its usual form. An IPv6 address that stands for an IPv4 address (mapped, compatible, or translated
    /// by NAT64 or SIIT) is that IPv4 address: it is where the packets go.
    static func bytes(of text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let head = Array(sixteen[..<12])
        let zeros = [UInt8](repeating: 0, count: 12)
        let mapped = Array(zeros[..<10]) + [0xFF, 0xFF]
        let translated = Array(zeros[..<8]) + [0xFF, 0xFF, 0, 0]
        let nat64: [UInt8] = [0, 0x64, 0xFF, 0x9B] + zeros[..<8]
        let isCompatible = head == zeros && sixteen[12...].contains { $0 != 0 } && !isLoopback(sixteen)
        return [mapped, translated, nat64].contains(head) || isCompatible ? Array(sixteen[12...]) : sixteen
    }

    private static func isLoopback(_ sixteen: [UInt8]) -> Bool {
        sixteen[..<15].allSatisfy { $0 == 0 } && sixteen[15] == 1
    }
}

/// Where probes may go.
struct ProbeNetworks: Sendable {
    /// Empty allows everything that is not refused.
    var allowed: [NetworkRange] = []

    /// What no probe reaches, whatever is allowed: where clouds tell machines their secrets, what is no one machine, and IPv6
    /// addresses that hide an IPv4 address within (6to4, Teredo, translators of one's own).
    static let refused: [NetworkRange] = [
        "169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32", "100.100.100.200", "168.63.129.16",
        "192.0.0.192", "0.0.0.0/8", "::", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8", "2002::/16",
        "2001::/32", "64:ff9b:1::/48",
    ].compactMap(NetworkRange.init)

    /// Whether an address, in its usual form, may be connected to.
    func allows(_ address: String) -> Bool {
        guard let bytes = NetworkRange.bytes(of: address) else { return false }
        if Self.refused.contains(where: { $0.contains(bytes) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(bytes) }
    }
}

/// Where notifications may go: to the public Internet, and to the networks that the operator names.
struct OutboundNetworks: Sendable {
    /// What is reached although it is not public.
    var exceptions: [NetworkRange] = []

    /// Loopback, private, shared (CGNAT), benchmarks, documentation and protocol networks (RFC 6890).
    private static let local: [NetworkRange] = [
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24",
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24", "198.18.0.0/15", "2001::/23",
        "2001:db8::/32", "3fff::/20",
    ].compactMap(NetworkRange.init)
    private static let globalUnicast = NetworkRange("2000::/3")

    /// Whether an address, in its usual form, may be connected to. What `ProbeNetworks` refuses, as where clouds tell machines
    /// their secrets, is refused whatever the operator names.
    func allows(_ address: String) -> Bool {
        guard let bytes = NetworkRange.bytes(of: address), !Self.isNeverAllowed(address) else { return false }
        if exceptions.contains(where: { $0.contains(bytes) }) { return true }
        if Self.local.contains(where: { $0.contains(bytes) }) { return false }
        return bytes.count == 4 || Self.globalUnicast?.contains(bytes) ?? false
    }

    /// Whether a text is an address that is refused whatever the operator names.
    static func isNeverAllowed(_ address: String) -> Bool {
        guard let bytes = NetworkRange.bytes(of: address) else { return false }
        return ProbeNetworks.refused.contains { $0.contains(bytes) }
    }
}
