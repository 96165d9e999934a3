package import FoundationEssentials

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
