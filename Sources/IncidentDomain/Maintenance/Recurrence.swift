/// The times at which a rule has something begin, one after the other.
///
/// Each period (day, week, month or year) is looked at day by day, so that a year costs 366 looks at the most, whatever the rule
/// says. `end` bounds all of it. A time that the clocks skip is left out and not counted; one that they show twice is the first.
package struct Recurrence: Sequence, IteratorProtocol, Sendable {
    package struct Time: Hashable, Sendable {
        package let local: LocalTime
        package let moment: Timestamp
    }

    private let rule: RecurrenceRule
    private let start: LocalTime
    private let zone: ZoneOffsets
    private let end: Timestamp
    /// The next period's place, counted from the one in which the rule begins.
    private var period = 0
    /// Days of the period that were not looked at, the last one first.
    private var days: [CivilDay] = []
    private var found = 0
    private var isOver = false

    /// - Parameter end: The last moment that is looked at.
    package init(_ rule: RecurrenceRule, from start: LocalTime, in zone: ZoneOffsets, through end: Timestamp) {
        self.rule = rule
        self.start = start
        self.zone = zone
        self.end = end
    }

    package mutating func next() -> Time? {
        while !isOver {
            guard let day = days.popLast() else {
                lookAtNextPeriod()
                continue
            }
            let local = LocalTime(day, secondOfDay: start.secondOfDay)
            guard local >= start, let moment = zone.moment(of: local) else { continue }
            found += 1
            isOver = moment > end || rule.until.map { moment > $0 } == true || rule.count.map { found > $0 } == true
            if !isOver { return Time(local: local, moment: moment) }
        }
        return nil
    }

    private mutating func lookAtNextPeriod() {
        let (first, count) = bounds(of: period)
        period += 1
        // A day more than clocks can differ.
        guard first.number * 86_400 <= Int(end.milliseconds / 1000) + 172_800 else {
            isOver = true
            return
        }
        let matching = (0..<count).map { CivilDay(number: first.number + $0) }.filter(matches)
        days = Array(positioned(matching).reversed())
    }

    /// The first day of a period, and how many days it has.
    private func bounds(of period: Int) -> (first: CivilDay, count: Int) {
        let distance = period * rule.interval
        let day = start.day
        let (year, month, _) = day.civil
        switch rule.frequency {
        case .daily: return (CivilDay(number: day.number + distance), 1)
        case .weekly:
            let monday = day.number - day.weekday.place(inWeekFrom: rule.weekStart)
            return (CivilDay(number: monday + distance * 7), 7)
        case .monthly:
            let months = year * 12 + month - 1 + distance
            let (year, month) = (months / 12, months % 12 + 1)
            return (CivilDay(year: year, month: month, day: 1), CivilDay.days(inMonth: month, of: year))
        case .yearly:
            let first = CivilDay(year: year + distance, month: 1, day: 1)
            return (first, CivilDay(year: year + distance + 1, month: 1, day: 1).number - first.number)
        }
    }

    /// Whether a day is one of those that the rule names, or where it names none, the day that the start says.
    private func matches(_ day: CivilDay) -> Bool {
        let (year, month, dayOfMonth) = day.civil
        let first = start.day.civil
        if !rule.months.isEmpty, !rule.months.contains(month) { return false }
        guard rule.monthDays.isEmpty, rule.days.isEmpty else {
            let length = CivilDay.days(inMonth: month, of: year)
            return
                (rule.monthDays.isEmpty
                || rule.monthDays.contains { $0 > 0 ? $0 == dayOfMonth : length + 1 + $0 == dayOfMonth })
                && (rule.days.isEmpty || rule.days.contains { matches($0, day) })
        }
        switch rule.frequency {
        case .daily: return true
        case .weekly: return day.weekday == start.day.weekday
        case .monthly: return dayOfMonth == first.day
        case .yearly: return dayOfMonth == first.day && (!rule.months.isEmpty || month == first.month)
        }
    }

    private func matches(_ wanted: RecurrenceRule.Day, _ day: CivilDay) -> Bool {
        guard wanted.weekday == day.weekday else { return false }
        guard let number = wanted.number else { return true }
        let (year, month, dayOfMonth) = day.civil
        // A number counts within the year where the rule is of years and names no month, else within the month.
        let isOfYear = rule.frequency == .yearly && rule.months.isEmpty
        let place = isOfYear ? day.number - CivilDay(year: year, month: 1, day: 1).number : dayOfMonth - 1
        let length =
            isOfYear
            ? CivilDay(year: year + 1, month: 1, day: 1).number - CivilDay(year: year, month: 1, day: 1).number
            : CivilDay.days(inMonth: month, of: year)
        return number > 0 ? place / 7 + 1 == number : (length - 1 - place) / 7 + 1 == -number
    }

    /// Of the days of one period, those at the positions that the rule asks for.
    private func positioned(_ days: [CivilDay]) -> [CivilDay] {
        guard !rule.positions.isEmpty else { return days }
        let places = Set(rule.positions.map { $0 > 0 ? $0 - 1 : days.count + $0 })
        return places.filter(days.indices.contains).sorted().map { days[$0] }
    }
}
