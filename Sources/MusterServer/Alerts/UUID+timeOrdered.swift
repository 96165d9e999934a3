import FoundationEssentials
import IncidentDomain

extension UUID {
    /// A UUID of version 7 (RFC 9562): milliseconds, then random bits. Rows made one after the other stand side by side in
    /// the index, and the ids sort by time.
    static func timeOrdered(at moment: Timestamp = .now()) -> UUID {
        let random = UUID().uuid
        let time = UInt64(bitPattern: moment.milliseconds)
        func byte(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: time >> shift) }
        return UUID(
            uuid: (
                byte(40), byte(32), byte(24), byte(16), byte(8), byte(0), 0x70 | (random.6 & 0x0F), random.7,
                random.8, random.9, random.10, random.11, random.12, random.13, random.14, random.15
            ))
    }
}
