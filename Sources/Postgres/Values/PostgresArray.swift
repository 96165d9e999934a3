package import FoundationEssentials

/// A value that can stand in an array parameter or an array column of one dimension.
package protocol PostgresArrayElement: PostgresEncodable {
    /// The type of the array; follows from the element's for everything but bytes, of which an array is a `bytea`.
    static func postgresArrayBind(_ values: [Self]) -> PostgresBind
    static var postgresArrayType: PostgresType { get }

    /// Appends the element as arrays have it: its length, -1 for NULL, and its bytes. Follows from `postgresBind`; what
    /// stands in arrays that every alert makes does it without one, which is several times as fast.
    func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome
}

/// What became of an element of an array.
package enum PostgresElementOutcome {
    case value, null
    /// Why it cannot be sent.
    case problem(String)
}

extension PostgresArrayElement {
    package static var postgresArrayType: PostgresType { postgresType.array }

    /// PostgreSQL's binary arrays (`array_recv`): dimensions, has-NULL flag, element type, then length and lower bound
    /// of the one dimension, then each element with its length, -1 for NULL.
    package static func postgresArrayBind(_ values: [Self]) -> PostgresBind {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + 24 * values.count)
        bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: postgresType.rawValue)
        if !values.isEmpty {
            bytes.append(bigEndian: Int32(values.count))
            bytes.append(bigEndian: Int32(1))
        }
        for value in values {
            switch value.appendElement(to: &bytes) {
            case .value: break
            // The last byte of the flag.
            case .null: bytes[7] = 1
            case .problem(let problem): return PostgresBind(type: postgresArrayType, problem: problem)
            }
        }
        return PostgresBind(type: postgresArrayType, bytes: bytes)
    }

    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        let bind = postgresBind
        if let problem = bind.problem { return .problem(problem) }
        guard let element = bind.bytes else {
            bytes.append(bigEndian: Int32(-1))
            return .null
        }
        bytes.append(bigEndian: Int32(element.count))
        bytes.append(contentsOf: element)
        return .value
    }
}

extension String: PostgresArrayElement {
    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        var text = self
        return text.withUTF8 { utf8 in
            guard !utf8.contains(0) else { return .problem(Self.nulProblem) }
            bytes.append(bigEndian: Int32(utf8.count))
            bytes.append(contentsOf: utf8)
            return .value
        }
    }
}
extension Int: PostgresArrayElement {
    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        bytes.append(bigEndian: Int32(8))
        bytes.append(bigEndian: Int64(self))
        return .value
    }
}
extension Int32: PostgresArrayElement {}
extension Bool: PostgresArrayElement {}
extension Double: PostgresArrayElement {}
extension UUID: PostgresArrayElement {
    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        bytes.append(bigEndian: Int32(16))
        Swift.withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
        return .value
    }
}
extension Date: PostgresArrayElement {}
extension Data: PostgresArrayElement {}
extension PostgresJSON: PostgresArrayElement {
    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        guard !self.bytes.contains(0) else { return .problem(Self.nulProblem) }
        bytes.append(bigEndian: Int32(self.bytes.count + 1))
        bytes.append(Self.version)
        bytes.append(contentsOf: self.bytes)
        return .value
    }
}
extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        guard let self else {
            bytes.append(bigEndian: Int32(-1))
            return .null
        }
        return self.appendElement(to: &bytes)
    }
}

/// Bytes in a row are one `bytea`, not an array of numbers.
extension UInt8: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .bytea }
    package var postgresBind: PostgresBind { PostgresBind(type: .bytea, bytes: [self]) }

    package static func postgresArrayBind(_ values: [UInt8]) -> PostgresBind {
        PostgresBind(type: .bytea, bytes: values)
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package var postgresBind: PostgresBind { Element.postgresArrayBind(self) }
}

/// So that `[[UInt8]]` is a `bytea[]`.
extension Array: PostgresArrayElement where Element == UInt8 {}

/// A value that can be read out of an array column.
package protocol PostgresArrayDecodable: PostgresDecodable {
    static func postgresArray(_ value: PostgresCell) throws -> [Self]
}

extension PostgresArrayDecodable {
    package static func postgresArray(_ value: PostgresCell) throws -> [Self] {
        var reader = ByteReader(try value.nonNull())
        let dimensions = try reader.integer(Int32.self)
        _ = try reader.integer(Int32.self)
        let elementType = PostgresType(rawValue: try reader.integer(UInt32.self))
        guard dimensions != 0 else { return [] }
        guard dimensions == 1 else { throw PostgresDecodingProblem("an array of \(dimensions) dimensions") }
        let count = Int(try reader.integer(Int32.self))
        _ = try reader.integer(Int32.self)
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try reader.integer(Int32.self))
            let bytes = length < 0 ? nil : try reader.take(length)
            values.append(try Self(postgres: PostgresCell(type: elementType, bytes: bytes)))
        }
        return values
    }
}

extension String: PostgresArrayDecodable {}
extension Int: PostgresArrayDecodable {}
extension Int32: PostgresArrayDecodable {}
extension Bool: PostgresArrayDecodable {}
extension Double: PostgresArrayDecodable {}
extension UUID: PostgresArrayDecodable {}
extension Date: PostgresArrayDecodable {}
extension Data: PostgresArrayDecodable {}
extension PostgresJSON: PostgresArrayDecodable {}
extension Optional: PostgresArrayDecodable where Wrapped: PostgresArrayDecodable {}
extension Array: PostgresArrayDecodable where Element == UInt8 {}

extension UInt8: PostgresArrayDecodable {
    package init(postgres value: PostgresCell) throws {
        throw PostgresDecodingProblem("a single byte is no column's type")
    }

    package static func postgresArray(_ value: PostgresCell) throws -> [UInt8] {
        guard value.type == .bytea else { throw value.mismatch([UInt8].self) }
        return Array(try value.nonNull())
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    package init(postgres value: PostgresCell) throws {
        self = try Element.postgresArray(value)
    }
}

/// The number by which PostgreSQL knows a type (`pg_type.oid`); the built-in ones never change
/// (`src/include/catalog/pg_type.dat`).
package struct PostgresType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Lets the server infer the type from where the parameter stands.
    package static let unspecified = PostgresType(rawValue: 0)
    package static let bool = PostgresType(rawValue: 16)
    package static let bytea = PostgresType(rawValue: 17)
    package static let char = PostgresType(rawValue: 18)
    package static let name = PostgresType(rawValue: 19)
    package static let int8 = PostgresType(rawValue: 20)
    package static let int2 = PostgresType(rawValue: 21)
    package static let int4 = PostgresType(rawValue: 23)
    package static let text = PostgresType(rawValue: 25)
    package static let oid = PostgresType(rawValue: 26)
    package static let json = PostgresType(rawValue: 114)
    package static let xml = PostgresType(rawValue: 142)
    package static let float4 = PostgresType(rawValue: 700)
    package static let float8 = PostgresType(rawValue: 701)
    package static let unknown = PostgresType(rawValue: 705)
    package static let bpchar = PostgresType(rawValue: 1042)
    package static let varchar = PostgresType(rawValue: 1043)
    package static let date = PostgresType(rawValue: 1082)
    package static let timestamp = PostgresType(rawValue: 1114)
    package static let timestamptz = PostgresType(rawValue: 1184)
    package static let numeric = PostgresType(rawValue: 1700)
    package static let uuid = PostgresType(rawValue: 2950)
    package static let jsonb = PostgresType(rawValue: 3802)
    package static let xid8 = PostgresType(rawValue: 5069)

    /// Types from here on were made by somebody in this database: enumerations, domains, extensions.
    static let firstUserDefined: UInt32 = 16_384

    /// The type of an array of this; `unspecified` where we never send one.
    var array: PostgresType {
        // No dictionary: every alert asks nineteen times.
        let number: UInt32 =
            switch self {
            case .bool: 1000
            case .bytea: 1001
            case .int2: 1005
            case .int4: 1007
            case .text: 1009
            case .int8: 1016
            case .float4: 1021
            case .float8: 1022
            case .timestamptz: 1185
            case .uuid: 2951
            case .jsonb: 3807
            default: 0
            }
        return PostgresType(rawValue: number)
    }
}
