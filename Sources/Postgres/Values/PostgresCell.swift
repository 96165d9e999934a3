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
