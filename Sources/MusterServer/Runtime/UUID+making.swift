import FoundationEssentials
import IncidentDomain

extension UUID {
    /// A UUID of version 4 (RFC 9562). `UUID()` opens and closes /dev/urandom every time, three system calls instead of
    /// two short ones; the randomness is the kernel's in both.
    static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return with(generator.next(), generator.next(), version: 0x40)
    }

    /// A UUID of version 7 (RFC 9562): milliseconds, then random bits. Rows made one after the other stand side by side in
    /// the index, and the ids sort by time: the database's, since several daemons make them.
    static func timeOrdered(at moment: Timestamp) -> UUID {
        var generator = SystemRandomNumberGenerator()
        let low: UInt64 = generator.next()
        let time = UInt64(bitPattern: moment.milliseconds) << 16
        return with(time | UInt64.random(in: 0...0xFFF, using: &generator), low, version: 0x70)
    }

    /// A UUID of version 8 (RFC 9562): the same for the same text.
    static func digest(of text: String) -> UUID {
        let bytes = OpenSSL.sha256(Array(text.utf8))
        func half(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return with(half(0), half(8), version: 0x80)
    }

    /// From 128 bits, of which six say version and variant.
    private static func with(_ high: UInt64, _ low: UInt64, version: UInt8) -> UUID {
        func byte(_ half: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: half >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
                version | byte(high, 6) & 0x0F, byte(high, 7), 0x80 | byte(low, 0) & 0x3F, byte(low, 1), byte(low, 2),
                byte(low, 3), byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            ))
    }
}
