import Glibc

/// Times as people read and write them.
package struct Moments: Sendable {
    /// Seconds since 1970 by the daemon's clock: a terminal's own may be wrong.
    package let now: Double
    package let areAbsolute: Bool

    package init(now: Double, areAbsolute: Bool) {
        self.now = now
        self.areAbsolute = areAbsolute
    }

    /// By this machine's clock.
    package static var machineNow: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A time of the API relative to now, or as a date where asked; empty for null.
    package func say(_ value: JSON) -> String {
        guard let text = value.text else { return "" }
        guard let time = Moments.parse(text) else { return text }
        return areAbsolute ? Moments.date(time) : relative(time)
    }

    /// How long since, without "ago".
    package func age(_ value: JSON) -> String {
        guard let time = value.text.flatMap(Moments.parse) else { return "" }
        return areAbsolute ? Moments.date(time) : Moments.length(max(0, now - time))
    }

    package func relative(_ time: Double) -> String {
        let distance = now - time
        if abs(distance) < 1 { return "now" }
        return distance > 0 ? "\(Moments.length(distance)) ago" : "in \(Moments.length(-distance))"
    }

    /// Two units at most: `42 s`, `7 min`, `3 h 12 min`, `5 d`.
    package static func length(_ seconds: Double) -> String {
        let seconds = Int(max(0, min(seconds, 1e11)).rounded())
        if seconds < 90 { return "\(seconds) s" }
        if seconds < 5400 { return "\((seconds + 30) / 60) min" }
        if seconds >= 172_800 { return "\((seconds + 43200) / 86400) d" }
        let minutes = (seconds + 30) / 60
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }
}

// MARK: - Reading and writing

extension Moments {
    /// RFC 3339, to seconds since 1970; nil for what is none.
    package static func parse(_ text: String) -> Double? {
        guard
            let match = text.wholeMatch(
                of: /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:[Zz]|([+-])(\d\d):(\d\d))/)
        else { return nil }
        let parts = match.output
        guard let year = Int(parts.1), let month = Int(parts.2), (1...12).contains(month), let day = Int(parts.3),
            (1...31).contains(day), let hour = Int(parts.4), hour < 24, let minute = Int(parts.5), minute < 60
        else { return nil }
        let second = parts.6.flatMap { Double($0) } ?? 0
        var time = Double(days(year, month, day) * 86400 + hour * 3600 + minute * 60) + second
        if let sign = parts.7, let hours = parts.8.flatMap({ Int($0) }), let minutes = parts.9.flatMap({ Int($0) }) {
            time -= Double((sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60))
        }
        return time
    }

    /// `2026-12-03 02:43:29 UTC`.
    package static func date(_ time: Double) -> String {
        let (day, clock) = parts(time)
        return "\(day) \(clock) UTC"
    }

    /// `2026-12-03T02:43:29Z`.
    package static func stamp(_ time: Double) -> String {
        let (day, clock) = parts(time)
        return "\(day)T\(clock)Z"
    }

    private static func parts(_ time: Double) -> (String, String) {
        var seconds = time_t(max(-6e10, min(2.5e11, time)))
        var broken = tm()
        gmtime_r(&seconds, &broken)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let year = String(Int(broken.tm_year) + 1900)
        return (
            String(repeating: "0", count: max(0, 4 - year.count)) + year + "-\(two(broken.tm_mon + 1))-"
                + two(broken.tm_mday), "\(two(broken.tm_hour)):\(two(broken.tm_min)):\(two(broken.tm_sec))"
        )
    }

    /// Days since 1970 (Howard Hinnant's `days_from_civil`).
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let ofEra = year - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468
    }

    /// What somebody typed, as the API has it: RFC 3339, `14:05` (today, UTC; yesterday if that is still to come), `10m ago`, `in 2h`.
    package func typed(_ text: String) -> String? {
        let text = text.trimmed
        if Moments.parse(text) != nil { return text.replacing(" ", with: "T") }
        if let match = text.wholeMatch(of: /(\d\d?):(\d\d)/), let hour = Int(match.output.1), hour < 24,
            let minute = Int(match.output.2), minute < 60
        {
            let today = (now / 86400).rounded(.down) * 86400 + Double(hour * 3600 + minute * 60)
            return Moments.stamp(today > now + 60 ? today - 86400 : today)
        }
        if let match = text.wholeMatch(of: /(.+?)\s*ago/), let length = Moments.seconds(String(match.output.1)) {
            return Moments.stamp(now - Double(length))
        }
        if let match = text.wholeMatch(of: /in\s+(.+)/), let length = Moments.seconds(String(match.output.1)) {
            return Moments.stamp(now + Double(length))
        }
        return nil
    }

    /// A length of time: `90`, `90s`, `10m`, `2h30m`, `1d`, in seconds; nil for what is none or is longer than ten years.
    package static func seconds(_ text: String) -> Int? {
        if let seconds = Int(text) { return (0...315_360_000).contains(seconds) ? seconds : nil }
        guard text.wholeMatch(of: /(?:\d{1,9}\s*[smhdw](?:in|ec)?\s*)+/) != nil else { return nil }
        let units: [Substring: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
        let total = text.matches(of: /(\d{1,9})\s*([smhdw])/).reduce(0) { total, match in
            total + (Int(match.output.1) ?? 0) * (units[match.output.2] ?? 0)
        }
        return total <= 315_360_000 ? total : nil
    }
}

extension String {
    /// Without spaces and breaks at its ends.
    package var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
