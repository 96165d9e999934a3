import FoundationEssentials
import IncidentDomain

/// Base 64 of RFC 4648, section 4.
enum Base64 {
    /// Nil when the text is none.
    static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { Array($0) }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}

/// Base 64 for URLs (RFC 4648, section 5), without padding.
enum Base64URL {
    /// Nil when the text has other characters, or a length that cannot be.
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.allSatisfy({ !"+/=".utf8.contains($0) }) else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Base64.decode(text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }

    static func encode(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// Hexadecimal digits in either case, and nothing else: no sign, no space. `HashChain.hex` writes them.
enum Hex {
    /// Nil when the text has other characters, or an odd number of them.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var first: UInt8?
        for character in text {
            guard let digit = digit(character) else { return nil }
            if let high = first { bytes.append(high << 4 | digit) }
            first = first == nil ? digit : nil
        }
        return bytes
    }

    /// The value of one digit.
    static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension UUID {
    /// As the API and the log write it: lower case.
    var text: String { uuidString.lowercased() }

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

    /// A UUID of version 8 (RFC 9562) of the first bytes of a digest: the same for the same digest.
    static func named(by digest: [UInt8]) -> UUID {
        let halves = [0, 8].map { start in
            digest.dropFirst(start).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return with(halves[0], halves[1], version: 0x80)
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

/// Values as JSON in the one form in which rows and events hold them: the same value always gives the same bytes.
enum StoredJSON {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func bytes(_ value: some Encodable) throws -> [UInt8] { try Array(encoder.encode(value)) }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
