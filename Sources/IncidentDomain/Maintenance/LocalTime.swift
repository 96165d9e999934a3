/// A date and a time of day as a clock on a wall shows them, to the second. In which time zone the clock hangs is said elsewhere.
package struct LocalTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01T00:00:00 on that clock.
    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = seconds
    }

    init(_ day: CivilDay, secondOfDay: Int) {
        seconds = day.number * 86_400 + secondOfDay
    }

    package var day: CivilDay { CivilDay(number: Int((Double(seconds) / 86_400).rounded(.down))) }

    var secondOfDay: Int { seconds - day.number * 86_400 }

    package static func < (left: LocalTime, right: LocalTime) -> Bool {
        left.seconds < right.seconds
    }
}

extension LocalTime: CustomStringConvertible {
    /// Reads `2026-12-06T02:30` or `2026-12-06T02:30:00`, of the years 1970 to 9999, without any offset. Nil when it is not such a time.
    package init?(_ text: String) {
        guard (16...19).contains(text.utf8.count), text.utf8.count != 18 else { return nil }
        let whole = text.utf8.count == 16 ? "\(text):00Z" : "\(text)Z"
        // A leap second is none of a planned time.
        guard let time = Timestamp(whole), !text.hasSuffix(":60"), time.milliseconds >= 0,
            text.utf8.allSatisfy({ $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "t") })
        else { return nil }
        self.init(seconds: Int(time.milliseconds / 1000))
    }

    /// As in `2026-12-06T02:30:00`.
    package var description: String {
        String(Timestamp(milliseconds: Int64(seconds) * 1000).description.prefix(19))
    }

    /// As iCalendar writes it: `20261206T023000`.
    package var compact: String {
        String(description.unicodeScalars.filter { $0 != "-" && $0 != ":" })
    }
}

/// A day of the Gregorian calendar.
package struct CivilDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01.
    package let number: Int

    package init(number: Int) {
        self.number = number
    }

    package init(year: Int, month: Int, day: Int) {
        number = Int(Timestamp.days(year: Int64(year), month: Int64(month), day: Int64(day)))
    }

    package var civil: (year: Int, month: Int, day: Int) { Timestamp.civil(fromDays: Int64(number)) }

    package var weekday: Weekday {
        // 1970-01-01 was a Thursday.
        let place = (number + 3) % 7
        return Weekday.allCases[place < 0 ? place + 7 : place]
    }

    package static func < (left: CivilDay, right: CivilDay) -> Bool {
        left.number < right.number
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        let next =
            month == 12 ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
        return next.number - CivilDay(year: year, month: month, day: 1).number
    }
}

/// The days of the week as iCalendar names them, from Monday.
package enum Weekday: String, CaseIterable, Sendable {
    case monday = "MO"
    case tuesday = "TU"
    case wednesday = "WE"
    case thursday = "TH"
    case friday = "FR"
    case saturday = "SA"
    case sunday = "SU"

    /// How many days after the first day of a week it comes.
    func place(inWeekFrom first: Weekday) -> Int {
        (index - first.index + 7) % 7
    }

    private var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
