import FoundationEssentials
package import IncidentDomain
package import Postgres

extension Timestamp {
    /// The present moment by this machine's clock, cut to the millisecond.
    static func now() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }
}

/// `timestamptz` counts microseconds from 2000-01-01 00:00 UTC in 64 bits; ours are cut to milliseconds on the way in.
extension Timestamp: PostgresArrayElement, PostgresArrayDecodable {
    /// 2000-01-01T00:00:00Z in milliseconds since 1970.
    private static let postgresEpoch: Int64 = 946_684_800_000

    package static var postgresType: PostgresType { .timestamptz }

    package var postgresBind: PostgresBind {
        let microseconds = (milliseconds - Self.postgresEpoch) * 1000
        return PostgresBind(type: .timestamptz, bytes: withUnsafeBytes(of: microseconds.bigEndian) { Array($0) })
    }

    package func appendElement(to bytes: inout [UInt8]) -> PostgresElementOutcome {
        Int((milliseconds - Self.postgresEpoch) * 1000).appendElement(to: &bytes)
    }

    package init(postgres value: PostgresCell) throws {
        guard value.type == .timestamptz else { throw value.mismatch(Timestamp.self) }
        let microseconds = try value.integer(Int64.self)
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1000)
        self.init(milliseconds: whole - (rest < 0 ? 1 : 0) + Self.postgresEpoch)
    }
}

extension Timestamp {
    /// Rounded to the millisecond, as every time in the API is.
    init(date: Date) {
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    var date: Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
