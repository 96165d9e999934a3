/// What each timeline entry's hash covers, so that a copy can be checked by anybody with SHA-256.
///
/// An entry's hash is the SHA-256 of these fields, each as UTF-8 text followed by a line feed:
/// the hash before it in hex (64 zeros for the first), the incident's number, the sequence, the kind, the kind's version,
/// the actor's id, the actor's name, `occurred_at`, `recorded_at` (both RFC 3339 with milliseconds), and the payload's
/// digest in hex; and the name of the actor's token, where an entry has one. The payload's digest is the SHA-256 of the entry's salt (16 random bytes) followed by the payload's
/// bytes, so that a redacted payload cannot be guessed from what stays.
package enum HashChain {
    /// Bytes in a SHA-256.
    package static let hashBytes = 32
    package static let saltBytes = 16
    /// Stands before the first entry of an incident.
    package static let start = [UInt8](repeating: 0, count: hashBytes)

    /// The bytes to hash for an entry. A line feed within a name is written as a space, so that no field can pose as two.
    package static func preimage(
        previous: [UInt8], number: Int, sequence: Int, kind: String, version: Int, actorID: String, actorName: String,
        actorToken: String?, occurredAt: Timestamp, recordedAt: Timestamp, payloadDigest: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(320)
        for field in [
            hex(previous), String(number), String(sequence), kind, String(version), actorID, actorName,
            occurredAt.description, recordedAt.description, hex(payloadDigest),
        ] + [actorToken].compactMap(\.self) {
            for byte in field.utf8 { bytes.append(byte == 0x0A ? 0x20 : byte) }
            bytes.append(0x0A)
        }
        return bytes
    }

    /// Lower-case hexadecimal.
    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digits[Int(byte >> 4)]
                buffer[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }
}
