package import FoundationEssentials

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
