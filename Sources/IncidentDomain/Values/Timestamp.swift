/// A moment in UTC, to the millisecond: the precision that the API promises, and one that survives every round trip exactly.
///
/// `Date` counts in binary fractions of a second, so a value that went through JSON may no longer equal itself; a
/// replayed incident must equal its row.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
    package let milliseconds: Int64

    /// What lies outside `earliest...latest` becomes the nearer of the two, so that every value can be written and
    /// calculated with.
    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.earliestMilliseconds), Self.latestMilliseconds)
    }

    private static let earliestMilliseconds: Int64 = -62_167_219_200_000
    private static let latestMilliseconds: Int64 = 253_402_300_799_999

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Seconds from `earlier` to this moment; negative if `earlier` is the later one.
    package func seconds(since earlier: Timestamp) -> Double {
        Double(milliseconds - earlier.milliseconds) / 1000
    }

    /// This moment moved by whole or broken seconds, rounded to the millisecond, and no further than the ends of time.
    package func adding(seconds: Double) -> Timestamp {
        // Twice the whole range: enough to reach either end from anywhere, and small enough to be added safely.
        let range = Double(Self.latestMilliseconds - Self.earliestMilliseconds) * 2
        let distance = (seconds * 1000).rounded()
        guard !distance.isNaN else { return self }
        return Timestamp(milliseconds: milliseconds + Int64(min(max(distance, -range), range)))
    }

    /// The same time of day so many working days later: Saturdays and Sundays (UTC) do not count.
    package func adding(workingDays days: Int) -> Timestamp {
        var moment = self
        var left = days
        while left > 0 {
            moment = moment.adding(seconds: 86_400)
            if moment.isWorkingDay { left -= 1 }
        }
        return moment
    }

    /// The first day of the epoch was a Thursday.
    private var isWorkingDay: Bool {
        let day = Int64((Double(milliseconds) / 86_400_000).rounded(.down))
        return ((day + 3) % 7 + 7) % 7 < 5
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds, as in `2026-11-22T21:37:20.123Z`.
    package var description: String {
        String(unsafeUninitializedCapacity: 24) { buffer in
            write(into: buffer)
            return 24
        }
    }

    private func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        let (days, ofDay) = Self.floorDivide(milliseconds, by: 86_400_000)
        let date = Self.civil(fromDays: days)
        Self.digits(Int64(date.year), count: 4, into: buffer, at: 0)
        buffer[4] = UInt8(ascii: "-")
        Self.digits(Int64(date.month), count: 2, into: buffer, at: 5)
        buffer[7] = UInt8(ascii: "-")
        Self.digits(Int64(date.day), count: 2, into: buffer, at: 8)
        buffer[10] = UInt8(ascii: "T")
        Self.digits(ofDay / 3_600_000, count: 2, into: buffer, at: 11)
        buffer[13] = UInt8(ascii: ":")
        Self.digits(ofDay / 60_000 % 60, count: 2, into: buffer, at: 14)
        buffer[16] = UInt8(ascii: ":")
        Self.digits(ofDay / 1000 % 60, count: 2, into: buffer, at: 17)
        buffer[19] = UInt8(ascii: ".")
        Self.digits(ofDay % 1000, count: 3, into: buffer, at: 20)
        buffer[23] = UInt8(ascii: "Z")
    }

    private static func digits(
        _ value: Int64, count: Int, into buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        var rest = max(0, value)
        for index in stride(from: start + count - 1, through: start, by: -1) {
            buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

extension Timestamp {
    /// Years 0000 to 9999, so that the written form always has four digits for the year.
    package static let earliest = Timestamp(milliseconds: earliestMilliseconds)
    package static let latest = Timestamp(milliseconds: latestMilliseconds)

    /// Reads RFC 3339: any number of fraction digits (cut to milliseconds), any offset, `T`, `t` or a space, `Z` or `z`.
    /// Nil when it is not such a time.
    package init?(_ text: String) {
        var reader = RFC3339Reader(Array(text.utf8))
        guard let value = reader.read() else { return nil }
        self = value
    }

    /// The civil date of a day count since 1970-01-01, by Howard Hinnant's `civil_from_days`.
    static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let (era, dayOfEra) = floorDivide(shifted, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))
    }

    /// Days since 1970-01-01 of a civil date: the inverse of `civil(fromDays:)`.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Reads one RFC 3339 time from bytes.
private struct RFC3339Reader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read() -> Timestamp? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
            skip("T") || skip("t") || skip(" "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            let fraction = milliseconds(), let offset = offsetMinutes(), position == bytes.count,
            (1...12).contains(month), (1...Self.daysIn(month: month, year: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = Timestamp.days(year: year, month: month, day: day)
        let minutes = days * 1440 + hour * 60 + minute - offset
        // A leap second counts as the last millisecond-free second before it, as POSIX time has no room for it.
        let total = (minutes * 60 + min(second, 59)) * 1000 + fraction
        let value = Timestamp(milliseconds: total)
        return value.milliseconds == total ? value : nil  // An offset may lead out of the years that can be written.
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private mutating func number(_ count: Int) -> Int64? {
        guard position + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + count] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        position += count
        return value
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func milliseconds() -> Int64? {
        guard skip(".") || skip(",") else { return 0 }
        var value: Int64 = 0
        var count = 0
        while let digit = number(1) {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 3) { value *= 10 }
        return value
    }

    private mutating func offsetMinutes() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(2), hours < 24 else { return nil }
        _ = skip(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
