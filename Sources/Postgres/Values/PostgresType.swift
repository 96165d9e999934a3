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
