import FoundationEssentials
import IncidentDomain

/// When something happened, as a message says it.
enum ForeignMoment: Hashable, Sendable {
    case at(Timestamp)
    /// Something stands where a time should be, and nobody can read it. It is said in the alert, never passed over.
    case unread(String)

    var timestamp: Timestamp? {
        switch self {
        case .at(let time): time
        case .unread: nil
        }
    }

    /// What stood there, if it could not be read.
    var unreadText: String? {
        switch self {
        case .at: nil
        case .unread(let text): text
        }
    }
}

/// Times as monitoring tools write them. What stands for "not yet" (nothing, zero, the year 1) is no time.
enum ForeignTime {
    private static let textBytesMax = 64

    static func read(_ value: JSONValue?) -> Timestamp? {
        moment(value)?.timestamp
    }

    /// A text of ISO 8601 or near it, or a count of seconds, milli-, micro- or nanoseconds since 1970, also as a text.
    static func moment(_ value: JSONValue?) -> ForeignMoment? {
        switch value {
        case .integer(let count)?: counted(Double(count))
        case .number(let count)?: counted(count.value)
        case .string(let text)?: written(text)
        case .bool?: .unread("a boolean")
        case .array?: .unread("an array")
        case .object?: .unread("an object")
        case .null?, nil: nil
        }
    }

    /// Which unit is meant shows in the size: seconds of 1973 to 5138, milliseconds of the same years, and so on.
    private static func counted(_ count: Double) -> ForeignMoment? {
        let milliseconds: Double
        switch count {
        case ...0: return nil
        case 1e8..<1e11: milliseconds = count * 1000
        case 1e11..<1e14: milliseconds = count
        case 1e14..<1e17: milliseconds = count / 1000
        case 1e17..<9e18: milliseconds = count / 1_000_000
        case _: return .unread(Int(exactly: count).map(String.init) ?? "\(count)")
        }
        return .at(Timestamp(milliseconds: Int64(milliseconds)))
    }

    private static func written(_ text: String) -> ForeignMoment? {
        if let time = Timestamp(text) { return sensible(time) }
        let plain = ForeignText.trimmed(text)
        guard !plain.isEmpty else { return nil }
        guard plain.utf8.count <= textBytesMax else {
            return .unread(ForeignText.cut(ForeignText.clean(plain), bytes: textBytesMax))
        }
        if let time = ISO8601Reader.read(plain) { return sensible(time) }
        if let count = Double(plain) { return counted(count) }
        return .unread(ForeignText.clean(plain))
    }

    /// Go's zero time and the beginning of 1970 stand for "not yet".
    private static func sensible(_ time: Timestamp) -> ForeignMoment? {
        time.milliseconds > 0 ? .at(time) : nil
    }
}

/// Reads what ISO 8601 allows beyond RFC 3339: zones without minutes, times without seconds, the basic form without
/// separators, week and ordinal dates, dates alone. Without a zone it is UTC. Slashes in the date and the words UTC and GMT
/// are taken as well, since tools write them.
private struct ISO8601Reader {
    private let bytes: [UInt8]
    private var position = 0

    static func read(_ text: String) -> Timestamp? {
        var plain = text
        for zone in ["UTC", "GMT"] where plain.hasSuffix(zone) { plain = plain.dropLast(zone.count) + "Z" }
        let parts = plain.split(maxSplits: 1) { $0 == "T" || $0 == "t" || $0 == " " }
        guard let first = parts.first, let midnight = midnight(String(first)) else { return nil }
        guard parts.count == 2 else { return first.utf8.count == plain.utf8.count ? midnight : nil }
        var reader = ISO8601Reader(bytes: Array(parts[1].utf8))
        guard let passed = reader.millisecondsOfDay(), let offset = reader.offsetMilliseconds(),
            reader.position == reader.bytes.count
        else { return nil }
        return Timestamp(milliseconds: midnight.milliseconds + passed - offset)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The beginning of a day in UTC.
    private static func midnight(_ date: String) -> Timestamp? {
        let digits = date.utf8.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits.count >= 7, (4...10).contains(date.utf8.count) else { return nil }
        let year = String(decoding: digits.prefix(4), as: UTF8.self)
        let rest = String(decoding: digits.dropFirst(4), as: UTF8.self)
        switch date.replacing("/", with: "-").uppercased() {
        case "\(year)-\(rest.prefix(2))-\(rest.dropFirst(2))" where rest.utf8.count == 4,
            "\(year)\(rest)" where rest.utf8.count == 4:
            return Timestamp("\(year)-\(rest.prefix(2))-\(rest.dropFirst(2))T00:00:00Z")
        case "\(year)-\(rest)" where rest.utf8.count == 3, "\(year)\(rest)" where rest.utf8.count == 3:
            return day("\(year)-\(rest)", Date.ISO8601FormatStyle(timeZone: .gmt).year().day())
        case "\(year)-W\(rest.prefix(2))-\(rest.dropFirst(2))" where rest.utf8.count == 3,
            "\(year)W\(rest)" where rest.utf8.count == 3:
            guard ("1"..."7").contains(rest.dropFirst(2)) else { return nil }
            return day(
                "\(year)-W\(rest.prefix(2))-\(rest.dropFirst(2))",
                Date.ISO8601FormatStyle(timeZone: .gmt).year().weekOfYear().day())
        case _: return nil
        }
    }

    /// Foundation reads the 366th day of a year that has 365, and the 53rd week of one that has 52, too: it has to write what it
    /// read. (Days of a week it writes in a way of its own.)
    private static func day(_ text: String, _ style: Date.ISO8601FormatStyle) -> Timestamp? {
        guard let date = try? style.parse(text), style.format(date).prefix(8) == text.prefix(8) else { return nil }
        return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    private mutating func millisecondsOfDay() -> Int64? {
        while skip(" ") {}
        guard let hour = number() else { return nil }
        var (minute, second, fraction): (Int64, Int64, Int64) = (0, 0, 0)
        if skip(":") || isDigit {
            guard let minutes = number() else { return nil }
            minute = minutes
            if skip(":") || isDigit {
                guard let seconds = number(), let milliseconds = milliseconds() else { return nil }
                (second, fraction) = (seconds, milliseconds)
            }
        }
        // A leap second counts as the second before it; 24:00 is the end of the day.
        guard hour < 24 || (hour == 24 && minute == 0 && second == 0 && fraction == 0), minute < 60, second <= 60 else {
            return nil
        }
        return ((hour * 60 + minute) * 60 + min(second, 59)) * 1000 + fraction
    }

    /// How far the zone is ahead of UTC; nothing at all is UTC.
    private mutating func offsetMilliseconds() -> Int64? {
        while skip(" ") {}
        guard position < bytes.count else { return 0 }
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(), hours < 24 else { return nil }
        var minutes: Int64 = 0
        if skip(":") || isDigit {
            guard let given = number(), given < 60 else { return nil }
            minutes = given
        }
        return sign * (hours * 60 + minutes) * 60_000
    }

    private var isDigit: Bool {
        position < bytes.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    }

    /// Two digits.
    private mutating func number() -> Int64? {
        var value: Int64 = 0
        for _ in 0..<2 {
            guard isDigit else { return nil }
            value = value * 10 + Int64(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        return value
    }

    private mutating func milliseconds() -> Int64? {
        guard skip(".") || skip(",") else { return 0 }
        guard isDigit else { return nil }
        var (value, weight): (Int64, Int64) = (0, 100)
        while isDigit {
            value += Int64(bytes[position] - UInt8(ascii: "0")) * weight
            weight /= 10
            position += 1
        }
        return value
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
