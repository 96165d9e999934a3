package import FoundationEssentials

/// A value that can stand in an array parameter or an array column of one dimension.
package protocol PostgresArrayElement: PostgresEncodable {
    /// The type of the array; follows from the element's for everything but bytes, of which an array is a `bytea`.
    static func postgresArrayBind(_ values: [Self]) -> PostgresBind
    static var postgresArrayType: PostgresType { get }
}

extension PostgresArrayElement {
    package static var postgresArrayType: PostgresType { postgresType.array }

    /// PostgreSQL's binary arrays (`array_recv`): dimensions, has-NULL flag, element type, then length and lower bound
    /// of the one dimension, then each element with its length, -1 for NULL.
    package static func postgresArrayBind(_ values: [Self]) -> PostgresBind {
        var bytes: [UInt8] = []
        let binds = values.map { $0.postgresBind }
        if let problem = binds.lazy.compactMap(\.problem).first {
            return PostgresBind(type: postgresArrayType, problem: problem)
        }
        bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(binds.contains { $0.bytes == nil } ? 1 : 0))
        bytes.append(bigEndian: postgresType.rawValue)
        if !values.isEmpty {
            bytes.append(bigEndian: Int32(values.count))
            bytes.append(bigEndian: Int32(1))
        }
        for bind in binds {
            guard let element = bind.bytes else {
                bytes.append(bigEndian: Int32(-1))
                continue
            }
            bytes.append(bigEndian: Int32(element.count))
            bytes.append(contentsOf: element)
        }
        return PostgresBind(type: postgresArrayType, bytes: bytes)
    }
}

extension String: PostgresArrayElement {}
extension Int: PostgresArrayElement {}
extension Int32: PostgresArrayElement {}
extension Bool: PostgresArrayElement {}
extension Double: PostgresArrayElement {}
extension UUID: PostgresArrayElement {}
extension Date: PostgresArrayElement {}
extension Data: PostgresArrayElement {}
extension PostgresJSON: PostgresArrayElement {}
extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {}

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
