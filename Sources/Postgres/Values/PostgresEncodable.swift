package import FoundationEssentials

/// A value that can be a parameter.
package protocol PostgresEncodable: Sendable {
    /// The type of every value of this kind, so that nil is a NULL of that type too.
    static var postgresType: PostgresType { get }
    var postgresBind: PostgresBind { get }
}

extension PostgresEncodable {
    package static var postgresType: PostgresType { .unspecified }
}

/// Enumerations and identifiers go out as what they are made of.
extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }
    package var postgresBind: PostgresBind { rawValue.postgresBind }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }

    package var postgresBind: PostgresBind {
        switch self {
        case .some(let value): value.postgresBind
        case .none: .null(Wrapped.postgresType)
        }
    }
}

extension String: PostgresEncodable {
    package static var postgresType: PostgresType { .text }

    static let nulProblem = "text holds a NUL character"

    /// PostgreSQL's text cannot hold a NUL; it would say so only after a round trip, in an error that names no
    /// parameter.
    package var postgresBind: PostgresBind {
        let bytes = Array(utf8)
        guard !bytes.contains(0) else { return PostgresBind(type: .text, problem: Self.nulProblem) }
        return PostgresBind(type: .text, bytes: bytes)
    }
}

extension Int: PostgresEncodable {
    package static var postgresType: PostgresType { .int8 }

    package var postgresBind: PostgresBind {
        PostgresBind(type: .int8, bytes: Swift.withUnsafeBytes(of: bigEndian) { Array($0) })
    }
}

extension Int32: PostgresEncodable {
    package static var postgresType: PostgresType { .int4 }

    package var postgresBind: PostgresBind {
        PostgresBind(type: .int4, bytes: Swift.withUnsafeBytes(of: bigEndian) { Array($0) })
    }
}

extension Bool: PostgresEncodable {
    package static var postgresType: PostgresType { .bool }
    package var postgresBind: PostgresBind { PostgresBind(type: .bool, bytes: [self ? 1 : 0]) }
}

extension Double: PostgresEncodable {
    package static var postgresType: PostgresType { .float8 }

    package var postgresBind: PostgresBind {
        PostgresBind(type: .float8, bytes: Swift.withUnsafeBytes(of: bitPattern.bigEndian) { Array($0) })
    }
}

extension UUID: PostgresEncodable {
    package static var postgresType: PostgresType { .uuid }
    package var postgresBind: PostgresBind {
        PostgresBind(type: .uuid, bytes: Swift.withUnsafeBytes(of: uuid) { Array($0) })
    }
}

extension Data: PostgresEncodable {
    package static var postgresType: PostgresType { .bytea }
    package var postgresBind: PostgresBind { PostgresBind(type: .bytea, bytes: Array(self)) }
}

extension PostgresBind: PostgresEncodable {
    package var postgresBind: PostgresBind { self }
}

/// One parameter on its way to the server: a type and the value's bytes in PostgreSQL's binary format, or NULL.
package struct PostgresBind: Sendable, Equatable {
    /// What the server is told that the parameter is.
    package let type: PostgresType
    /// The value in binary format; nil is NULL.
    package let bytes: [UInt8]?
    /// Why the value cannot be sent; the statement then fails before anything of it is.
    package let problem: String?

    package init(type: PostgresType, bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
        self.problem = nil
    }

    /// A value that PostgreSQL has no form for. `problem` must not hold the value itself: it goes to logs.
    package init(type: PostgresType, problem: String) {
        self.type = type
        self.bytes = nil
        self.problem = problem
    }

    /// A NULL of a known type.
    package static func null(_ type: PostgresType) -> PostgresBind {
        PostgresBind(type: type, bytes: nil)
    }
}

extension [UInt8] {
    /// Appends an integer in network byte order, as every PostgreSQL binary format has it.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
