import Glibc

/// A network that a proxy of ours is in, as `10.0.0.0/8`, or one address.
struct TrustedNetwork: Hashable, Sendable {
    /// Four bytes or sixteen.
    private let prefix: [UInt8]
    private let bits: Int

    /// Nil when it is no address with a number of bits.
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

    /// The bytes of an address; what is an IPv4 address in the clothes of IPv6 is that IPv4 address.
    static func bytes(of text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return Array(sixteen[..<12]) == mapped ? Array(sixteen[12...]) : sixteen
    }
}
