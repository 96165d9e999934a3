/// FNV-1a of 64 bits (Fowler, Noll, Vo): for telling texts apart, not for keeping secrets.
package struct FNV1a: Sendable {
    private var hash: UInt64 = 14_695_981_039_346_656_037

    package init() {}

    package mutating func add(_ byte: UInt8) {
        hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
    }

    package mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
    }

    package var value: UInt64 { hash }

    /// 16 hexadecimal digits.
    package var digits: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
