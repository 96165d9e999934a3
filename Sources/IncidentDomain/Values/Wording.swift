// How numbers, times and words from lists are written for people. Nothing here depends on a locale: the same facts give the
// same document everywhere.

/// Lengths of time for people.
package enum DurationText {
    /// What units are called in a language.
    struct Units {
        let day: (one: String, many: String)
        let hour: String
        let minute: String
        let second: String
        let under: String
        let unknown: String

        static let english = Units(
            day: ("d", "d"), hour: "h", minute: "min", second: "s", under: "under", unknown: "unknown")
    }

    /// As in `2 h 3 min 20 s`, `4 d 2 h` or `under 1 s`: to the second up to a day, then to the minute.
    package static func human(_ seconds: Double) -> String { human(seconds, units: .english) }

    static func human(_ seconds: Double, units: Units) -> String {
        guard seconds.isFinite else { return units.unknown }
        let sign = seconds < 0 ? "−" : ""
        let milliseconds = Int64(min((abs(seconds) * 1000).rounded(), 1e15))
        if milliseconds < 1000, milliseconds > 0 { return "\(units.under) 1 \(units.second)" }
        let total = milliseconds / 1000
        let days = total / 86_400
        let parts = [
            (days == 1 ? units.day.one : units.day.many, days), (units.hour, total / 3600 % 24),
            (units.minute, total / 60 % 60), (units.second, total % 60),
        ]
        let shown = (total >= 86_400 ? parts.dropLast() : parts[...]).filter { $0.1 > 0 }
        let text = shown.map { "\($0.1) \($0.0)" }.joined(separator: " ")
        return text.isEmpty ? "0 \(units.second)" : sign + text
    }

    /// As in `7400` or `0.25`: to the millisecond, which is as exact as any time here.
    package static func exact(_ seconds: Double) -> String {
        let seconds = rounded(seconds)
        return Int(exactly: seconds).map(String.init) ?? seconds.description
    }

    /// A sum of times without what adding them up has put behind the milliseconds.
    package static func rounded(_ seconds: Double) -> Double {
        seconds.isFinite && abs(seconds) < 1e12 ? (seconds * 1000).rounded() / 1000 : seconds
    }
}

extension Int {
    /// As in `1,200,000`.
    package var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return self < 0 ? "-\(text)" : text
    }
}

extension Double {
    /// Money: as in `12,500` or `12,500.50`.
    package var grouped: String {
        guard isFinite, abs(self) < 9e15 else { return description }
        let whole = magnitude.rounded(.down)
        let cents = Int(((magnitude - whole) * 100).rounded())
        let units = Int(whole) + cents / 100
        let sign = self < 0 && units + cents > 0 ? "-" : ""
        guard cents % 100 != 0 else { return sign + units.grouped }
        return "\(sign)\(units.grouped).\(cents < 10 ? "0" : "")\(cents)"
    }
}

extension RawRepresentable where RawValue == String {
    /// A stored word for people: `rolled_back` reads "rolled back".
    package var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

    /// Every run of white space, line breaks among it, becomes one space, and none stands at either end.
    package var onOneLine: String {
        isOnOneLine ? self : split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether it is plain, and has single spaces between words alone: what is shown most often is asked for it without looking at characters.
    private var isOnOneLine: Bool {
        var before = UInt8(ascii: " ")
        for byte in utf8 {
            guard Self.plain.contains(byte), byte != UInt8(ascii: " ") || before != UInt8(ascii: " ") else {
                return false
            }
            before = byte
        }
        return isEmpty || before != UInt8(ascii: " ")
    }

    /// Whether all of it can be seen and is ASCII.
    var isPlain: Bool { utf8.allSatisfy(Self.plain.contains) }

    private static let plain: ClosedRange<UInt8> = 0x20...0x7E

    /// On one line, with a full stop unless it has an end already.
    var sentence: String {
        let line = onOneLine
        guard let last = line.last else { return "" }
        return ".!?…".contains(last) ? line : line + "."
    }

    /// Beginning with a capital and ending like a sentence.
    var beginningSentence: String {
        let whole = sentence
        return whole.prefix(1).uppercased() + whole.dropFirst()
    }
}

extension Timestamp {
    /// For people, in UTC and without milliseconds, as in `2026-11-22 21:37:20 UTC`.
    package var toTheSecond: String { "\(dateAndTime) UTC" }

    /// As in `2026-11-22 21:37 UTC`.
    package var toTheMinute: String { "\(dateAndTime.dropLast(3)) UTC" }

    /// Like `toTheSecond`, for where the zone is said elsewhere.
    package var dateAndTime: String {
        let written = description
        return "\(written.prefix(10)) \(written.dropFirst(11).prefix(8))"
    }
}
