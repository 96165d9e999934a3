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
