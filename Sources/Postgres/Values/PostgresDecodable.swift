package import FoundationEssentials

/// One value of one row as the server sent it, in binary format. Its bytes belong to the result: copy what you keep.
package struct PostgresCell {
    package let type: PostgresType
    /// Nil is NULL. Valid only while the decoding initialiser runs.
    package let bytes: UnsafeRawBufferPointer?

    init(type: PostgresType, bytes: UnsafeRawBufferPointer?) {
        self.type = type
        self.bytes = bytes
    }

    /// The bytes, or an error that says that the column is NULL.
    package func nonNull() throws -> UnsafeRawBufferPointer {
        guard let bytes else { throw PostgresDecodingProblem("is NULL") }
        return bytes
    }

    /// The bytes as one integer of exactly this width.
    package func integer<T: FixedWidthInteger>(_: T.Type) throws -> T {
        let bytes = try nonNull()
        guard bytes.count == MemoryLayout<T>.size else {
            throw PostgresDecodingProblem("has \(bytes.count) bytes where \(MemoryLayout<T>.size) were expected")
        }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// For a decoder that does not know the column's type.
    package func mismatch(_ wanted: Any.Type) -> PostgresDecodingProblem {
        PostgresDecodingProblem("the server's type \(type.rawValue) does not decode as \(wanted)")
    }
}

/// Why a value could not be read; `PostgresRow` adds the column and makes it `PostgresError.decoding`.
package struct PostgresDecodingProblem: Error {
    let reason: String

    /// `reason` must not hold the value itself: it goes to logs.
    package init(_ reason: String) {
        self.reason = reason
    }
}

/// Reads integers and slices off the front of a buffer, with an error in place of a trap at its end.
struct ByteReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) {
        self.rest = bytes[...]
    }

    mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, rest.count >= count else { throw PostgresDecodingProblem("ends too early") }
        let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    mutating func integer<T: FixedWidthInteger>(_: T.Type) throws -> T {
        T(bigEndian: try take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
    }
}

/// A value that can be read from a column.
package protocol PostgresDecodable {
    init(postgres value: PostgresCell) throws
}

/// Enumerations and identifiers come back from what they are made of; an unknown one is an error.
extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        guard let known = Self(rawValue: try RawValue(postgres: value)) else {
            throw PostgresDecodingProblem("is no \(Self.self) that this program knows")
        }
        self = known
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        self = value.bytes == nil ? nil : try Wrapped(postgres: value)
    }
}

extension String: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        let bytes = try value.nonNull()
        switch value.type {
        case .text, .varchar, .bpchar, .name, .char, .json, .xml, .unknown:
            self = String(decoding: bytes, as: UTF8.self)
        case .jsonb: self = String(decoding: bytes.dropFirst(), as: UTF8.self)
        case .uuid: self = try UUID(postgres: value).uuidString.lowercased()
        default:
            // The binary format of an enumeration is its label.
            guard value.type.rawValue >= PostgresType.firstUserDefined else { throw value.mismatch(String.self) }
            self = String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension Int: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        switch value.type {
        case .int8, .xid8: self = Int(try value.integer(Int64.self))
        case .int4: self = Int(try value.integer(Int32.self))
        case .int2: self = Int(try value.integer(Int16.self))
        case .oid: self = Int(try value.integer(UInt32.self))
        case .numeric:
            guard let whole = Int(exactly: try PostgresNumeric.double(value)) else {
                throw PostgresDecodingProblem("is a numeric that is no whole number of 64 bits")
            }
            self = whole
        default: throw value.mismatch(Int.self)
        }
    }
}

extension Int32: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        switch value.type {
        case .int4: self = try value.integer(Int32.self)
        case .int2: self = Int32(try value.integer(Int16.self))
        default: throw value.mismatch(Int32.self)
        }
    }
}

extension Bool: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        guard value.type == .bool else { throw value.mismatch(Bool.self) }
        self = try value.integer(UInt8.self) != 0
    }
}

extension Double: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        switch value.type {
        case .float8: self = Double(bitPattern: try value.integer(UInt64.self))
        case .float4: self = Double(Float(bitPattern: try value.integer(UInt32.self)))
        case .numeric: self = try PostgresNumeric.double(value)
        case .int8, .int4, .int2: self = Double(try Int(postgres: value))
        default: throw value.mismatch(Double.self)
        }
    }
}

extension UUID: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        let bytes = try value.nonNull()
        guard value.type == .uuid, bytes.count == 16 else { throw value.mismatch(UUID.self) }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Data: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        guard value.type == .bytea else { throw value.mismatch(Data.self) }
        self = Data(try value.nonNull())
    }
}

/// `sum(bigint)`, `avg` and `extract` answer in `numeric`: base-10000 digits, a weight, a sign (`numeric_send`).
enum PostgresNumeric {
    static func double(_ value: PostgresCell) throws -> Double {
        var reader = ByteReader(try value.nonNull())
        let digits = try reader.integer(Int16.self)
        var weight = Int(try reader.integer(Int16.self))
        let sign = try reader.integer(UInt16.self)
        _ = try reader.integer(UInt16.self)
        switch sign {
        case 0x0000, 0x4000: break
        case 0xD000: return .infinity
        case 0xF000: return -.infinity
        default: return .nan
        }
        var text = sign == 0x4000 ? "-0" : "0"
        for _ in 0..<digits {
            // Each digit as a decimal number of its own weight, summed by the one correctly rounding parser there is.
            let digit = String(try reader.integer(UInt16.self))
            text += String(repeating: "0", count: max(0, 4 - digit.count)) + digit
            weight -= 1
        }
        return Double(text + "e" + String((weight + 1) * 4)) ?? .nan
    }
}

/// `timestamptz` counts microseconds from 2000-01-01 00:00 UTC in 64 bits; the two ends of the range are 'infinity'
/// (`src/include/datatype/timestamp.h`).
enum PostgresTimestamp {
    /// From 2000-01-01 to Foundation's reference date, 2001-01-01: 366 days.
    private static let referenceOffset_seconds: Double = 31_622_400
    /// 4714-11-24 BC, the first moment PostgreSQL can hold, and 294277-01-01, the first it cannot, in microseconds.
    private static let range: Range<Double> = -211_813_488_000_000_000..<9_223_371_331_200_000_000

    static func microseconds(_ date: Date) -> Int64? {
        let seconds = date.timeIntervalSinceReferenceDate
        if seconds == .infinity { return .max }
        if seconds == -.infinity { return .min }
        // Whole seconds apart from the fraction: a Double of today's microseconds since 2000 has no room for rounding.
        let whole = seconds.rounded(.down)
        let fraction = ((seconds - whole) * 1_000_000).rounded()
        guard range.contains((whole + referenceOffset_seconds) * 1_000_000) else { return nil }
        return (Int64(whole) + Int64(referenceOffset_seconds)) * 1_000_000 + Int64(fraction)
    }

    static func date(microseconds: Int64) -> Date {
        if microseconds == .max { return Date(timeIntervalSinceReferenceDate: .infinity) }
        if microseconds == .min { return Date(timeIntervalSinceReferenceDate: -.infinity) }
        let (whole, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Date(
            timeIntervalSinceReferenceDate: Double(whole - Int64(referenceOffset_seconds)) + Double(fraction)
                / 1_000_000
        )
    }
}

extension Date: PostgresEncodable {
    package static var postgresType: PostgresType { .timestamptz }

    /// Rounded to microseconds, which is what PostgreSQL keeps.
    package var postgresBind: PostgresBind {
        guard let microseconds = PostgresTimestamp.microseconds(self) else {
            return PostgresBind(type: .timestamptz, problem: "the date is outside of what PostgreSQL can hold")
        }
        return PostgresBind(type: .timestamptz, bytes: withUnsafeBytes(of: microseconds.bigEndian) { Array($0) })
    }
}

extension Date: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        switch value.type {
        case .timestamptz, .timestamp:
            self = PostgresTimestamp.date(microseconds: try value.integer(Int64.self))
        case .date:
            let days = try value.integer(Int32.self)
            switch days {
            case .max: self = PostgresTimestamp.date(microseconds: .max)
            case .min: self = PostgresTimestamp.date(microseconds: .min)
            default: self = PostgresTimestamp.date(microseconds: Int64(days) * 86_400_000_000)
            }
        default: throw value.mismatch(Date.self)
        }
    }
}

/// JSON as bytes, for a `jsonb` or `json` column: whoever writes JSON already has bytes, and whoever reads them has a
/// parser.
package struct PostgresJSON: Sendable, Hashable {
    /// UTF-8, one JSON value.
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        self.bytes = Array(text.utf8)
    }
}

extension PostgresJSON: PostgresEncodable {
    /// The only version of jsonb's binary format there is: a one, then the text (`jsonb_recv`).
    static let version: UInt8 = 1
    static let nulProblem = "JSON holds a NUL byte"

    package static var postgresType: PostgresType { .jsonb }

    package var postgresBind: PostgresBind {
        guard !bytes.contains(0) else { return PostgresBind(type: .jsonb, problem: Self.nulProblem) }
        var value: [UInt8] = []
        value.reserveCapacity(bytes.count + 1)
        value.append(Self.version)
        value.append(contentsOf: bytes)
        return PostgresBind(type: .jsonb, bytes: value)
    }
}

extension PostgresJSON: PostgresDecodable {
    package init(postgres value: PostgresCell) throws {
        let bytes = try value.nonNull()
        switch value.type {
        case .jsonb:
            guard bytes.first == Self.version else { throw PostgresDecodingProblem("an unknown version of jsonb") }
            self.init(bytes: Array(bytes.dropFirst()))
        case .json, .text, .varchar: self.init(bytes: Array(bytes))
        default: throw value.mismatch(PostgresJSON.self)
        }
    }
}
