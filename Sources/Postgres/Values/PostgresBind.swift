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
