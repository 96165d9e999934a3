/// When something comes again: the part of the RRULE of RFC 5545 that planned work needs. Docs/decisions/0044 says why not all of it.
package struct RecurrenceRule: Hashable, Sendable {
    package enum Frequency: String, CaseIterable, Sendable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    /// A day of the week, or the nth one of the month or year, counted from its end if n is negative.
    package struct Day: Hashable, Sendable {
        package var number: Int?
        package var weekday: Weekday

        package init(_ weekday: Weekday, number: Int? = nil) {
            self.number = number
            self.weekday = weekday
        }
    }

    package var frequency: Frequency
    package var interval = 1
    package var count: Int?
    /// The last moment at which one may begin.
    package var until: Timestamp?
    package var months: [Int] = []
    /// Negative ones count from the end of the month.
    package var monthDays: [Int] = []
    package var days: [Day] = []
    /// Which of those of one period; negative ones count from the last.
    package var positions: [Int] = []
    package var weekStart = Weekday.monday

    package init(_ frequency: Frequency) {
        self.frequency = frequency
    }
}

/// Why a text is no rule that can be used here, as a sentence that goes on from the field's name.
package struct RecurrenceComplaint: Error, Hashable, Sendable {
    package let detail: String
}

extension RecurrenceRule: CustomStringConvertible {
    /// As RFC 5545 writes it, always in the same order.
    package var description: String {
        var parts = ["FREQ=\(frequency.rawValue)"]
        if interval > 1 { parts.append("INTERVAL=\(interval)") }
        if let count { parts.append("COUNT=\(count)") }
        if let until { parts.append("UNTIL=\(LocalTime(seconds: Int(until.milliseconds / 1000)).compact)Z") }
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { parts.append("\(name)=\(values.joined(separator: ","))") }
        }
        add("BYMONTH", months.map(String.init))
        add("BYMONTHDAY", monthDays.map(String.init))
        add("BYDAY", days.map { "\($0.number.map(String.init) ?? "")\($0.weekday.rawValue)" })
        add("BYSETPOS", positions.map(String.init))
        if weekStart != .monday { parts.append("WKST=\(weekStart.rawValue)") }
        return parts.joined(separator: ";")
    }

    /// Reads the value of an RRULE, in capitals or not, with `RRULE:` before it or not.
    ///
    /// - Throws: What is wrong with it, or is not supported, and what is allowed instead.
    package init(_ text: String) throws(RecurrenceComplaint) {
        var parts: [(name: String, value: String)] = []
        let capitals = text.uppercased()
        let value = capitals.hasPrefix("RRULE:") ? capitals.dropFirst(6) : capitals[...]
        for part in value.split(separator: ";", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[1].isEmpty else {
                throw Self.complaint("has the part \"\(part)\"; each part is NAME=VALUE, as in FREQ=WEEKLY;BYDAY=SU")
            }
            let name = String(pair[0])
            guard !parts.contains(where: { $0.name == name }) else { throw Self.complaint("has \(name) twice") }
            parts.append((name, String(pair[1])))
        }
        guard let named = parts.first(where: { $0.name == "FREQ" }) else {
            throw Self.complaint("has no FREQ; allowed: \(Self.frequencies)")
        }
        guard let frequency = Frequency(rawValue: named.value) else {
            throw Self.complaint("has FREQ=\(named.value); allowed: \(Self.frequencies)")
        }
        self.init(frequency)
        for part in parts where part.name != "FREQ" { try read(part.name, part.value) }
        try check()
    }

    private static let frequencies = Frequency.allCases.map(\.rawValue).joined(separator: ", ")
    private static let allowed =
        "FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST"
    private static let weekdays = Weekday.allCases.map(\.rawValue).joined(separator: ", ")

    private mutating func read(_ name: String, _ value: String) throws(RecurrenceComplaint) {
        switch name {
        case "INTERVAL": interval = try Self.number(name, value, 1...1000)
        case "COUNT": count = try Self.number(name, value, 1...10_000)
        case "UNTIL": until = try Self.moment(value)
        case "BYMONTH": months = try Self.numbers(name, value, 1...12)
        case "BYMONTHDAY": monthDays = try Self.numbers(name, value, -31...31)
        case "BYSETPOS": positions = try Self.numbers(name, value, -366...366)
        case "BYDAY":
            for item in value.split(separator: ",", omittingEmptySubsequences: false) {
                days.append(try Self.day(String(item)))
            }
        case "WKST":
            guard let day = Weekday(rawValue: value) else {
                throw Self.complaint("has WKST=\(value); allowed: \(Self.weekdays)")
            }
            weekStart = day
        default: throw Self.complaint("has \(name), which is not supported; allowed: \(Self.allowed)")
        }
    }

    private func check() throws(RecurrenceComplaint) {
        if count != nil, until != nil { throw Self.complaint("has COUNT and UNTIL; send one of the two") }
        if days.contains(where: { $0.number != nil }), frequency == .daily || frequency == .weekly {
            throw Self.complaint("has a number in BYDAY, which needs FREQ=MONTHLY or FREQ=YEARLY")
        }
        if !monthDays.isEmpty, frequency == .weekly {
            throw Self.complaint("has BYMONTHDAY with FREQ=WEEKLY; use BYDAY, or FREQ=MONTHLY")
        }
        if !positions.isEmpty, days.isEmpty, monthDays.isEmpty, months.isEmpty {
            throw Self.complaint("has BYSETPOS alone; it needs BYDAY, BYMONTHDAY or BYMONTH")
        }
    }

    private static func number(
        _ name: String, _ value: String, _ range: ClosedRange<Int>
    ) throws(RecurrenceComplaint) -> Int {
        guard let number = Int(value), range.contains(number), range.lowerBound > 0 || number != 0 else {
            let numbers = range.lowerBound > 0 ? "\(range.lowerBound)" : "-\(range.upperBound) to -1 and 1"
            throw complaint("has \(name)=\(value); allowed: \(numbers) to \(range.upperBound)")
        }
        return number
    }

    private static func numbers(
        _ name: String, _ value: String, _ range: ClosedRange<Int>
    ) throws(RecurrenceComplaint) -> [Int] {
        var numbers: Set<Int> = []
        for item in value.split(separator: ",", omittingEmptySubsequences: false) {
            numbers.insert(try number(name, String(item), range))
        }
        return numbers.sorted()
    }

    private static func day(_ text: String) throws(RecurrenceComplaint) -> Day {
        let digits = text.dropLast(2)
        guard let weekday = Weekday(rawValue: String(text.suffix(2))) else {
            throw complaint("has \"\(text)\" in BYDAY; allowed: \(weekdays), with a number before as in 1MO or -1SU")
        }
        guard !digits.isEmpty else { return Day(weekday) }
        return Day(weekday, number: try number("BYDAY", String(digits), -53...53))
    }

    private static func moment(_ value: String) throws(RecurrenceComplaint) -> Timestamp {
        let bytes = Array(value.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let time = Timestamp(
                "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
        else {
            throw complaint("has UNTIL=\(value); it should be a moment in UTC, as in UNTIL=20271231T235959Z")
        }
        return time
    }

    private static func complaint(_ detail: String) -> RecurrenceComplaint { RecurrenceComplaint(detail: detail) }
}
