/// A language that documents are written in.
package enum Language: String, CaseIterable, Sendable {
    case en, de

    /// What the English template reads in it; nil where it stays as it is.
    func translation(of template: String) -> String? {
        switch self {
        case .en: nil
        case .de: GermanTable.texts[template]
        }
    }
}

/// In which language and by which clocks something is written for people.
package struct Speech: Hashable, Sendable {
    package let language: Language
    package let zone: ZoneOffsets
    /// Whether what is missing in the table stands in ⟦⟧, and what people typed in ‹›: for tests.
    var isMarked = false

    package init(language: Language = .en, zone: ZoneOffsets = .utc) {
        self.language = language
        self.zone = zone
    }

    /// English by UTC: everything but reviews.
    package static let standard = Speech()
}

// MARK: - Texts

extension Speech {
    /// A template in this language. In English where nobody translated it.
    func template(_ template: String) -> String {
        if let found = language.translation(of: template) { return found }
        // What is all marks and holes needs no table.
        guard template.contains(where: \.isLetter) else { return template }
        let english = template.firstRange(of: Phrase.senseMark).map { String(template[..<$0.lowerBound]) } ?? template
        return isMarked && language != .en ? "⟦\(english)⟧" : english
    }

    func typed(_ text: String) -> String {
        // What was redacted nobody typed.
        let text =
            language == .en
            ? text : text.replacing(IncidentEvent.redactedText, with: template(IncidentEvent.redactedText))
        return isMarked && text.contains(where: \.isLetter) ? "‹\(text)›" : text
    }

    /// A word that nothing is put into.
    package func callAsFunction(_ phrase: Phrase) -> String { phrase.text(in: self) }
}

// MARK: - Numbers

extension Speech {
    /// As in `1,200,000`, and `1.200.000` in German.
    package func text(_ number: Int) -> String { swappingMarks(number.grouped) }

    /// A whole number with marks between its thousands, any other as exactly as times are.
    package func text(_ value: Double) -> String {
        swappingMarks(Int(exactly: value)?.grouped ?? DurationText.exact(value))
    }

    /// As in `7400` or `0.25`: without marks between thousands.
    package func exact(_ seconds: Double) -> String { swappingMarks(DurationText.exact(seconds)) }

    package func text(money: Double) -> String { swappingMarks(money.grouped) }

    private func swappingMarks(_ number: String) -> String {
        switch language {
        case .en: number
        case .de: String(number.map { $0 == "," ? "." : $0 == "." ? "," : $0 })
        }
    }

    /// As in `2 h 5 min`, and `2 Std. 5 Min.` in German.
    package func text(seconds: Double) -> String {
        switch language {
        case .en: DurationText.human(seconds)
        case .de: DurationText.human(seconds, units: Self.german)
        }
    }

    private static let german = DurationText.Units(
        day: ("Tag", "Tage"), hour: "Std.", minute: "Min.", second: "Sek.", under: "unter", unknown: "unbekannt")

    /// What ends with a full stop that is none of a sentence.
    static let abbreviations = ["Std.", "Min.", "Sek."]
}

// MARK: - Times

extension Speech {
    package func text(_ moment: Timestamp, _ form: MomentForm) -> String {
        let local = moment.shifted(seconds: zone.offset(at: moment))
        let time = local.description.dropFirst(11)
        switch form {
        case .withZone: return "\(day(of: local)) \(time.prefix(8)) \(offsetText(at: moment))"
        case .second:
            // When clocks are set back, they show an hour twice.
            let isTold = zone.showsTwice(moment)
            return "\(day(of: local)) \(time.prefix(8))\(isTold ? " \(offsetText(at: moment))" : "")"
        case .minute: return "\(day(of: local)) \(time.prefix(5))"
        case .day: return day(of: local)
        case .clock: return String(time.prefix(5))
        }
    }

    /// As in `2026-12-24`, and `24.12.2026` in German.
    package func text(day: String) -> String {
        guard let midnight = Timestamp("\(day)T00:00:00Z") else { return typed(day) }
        return self.day(of: midnight)
    }

    private func day(of local: Timestamp) -> String {
        let written = local.description
        let (year, month, day) = (written.prefix(4), written.dropFirst(5).prefix(2), written.dropFirst(8).prefix(2))
        return switch language {
        case .en: "\(year)-\(month)-\(day)"
        case .de: "\(day).\(month).\(year)"
        }
    }

    /// As in `UTC`, `UTC+1` or `UTC-3:30`.
    package func offsetText(at moment: Timestamp) -> String {
        let minutes = zone.offset(at: moment) / 60
        guard minutes != 0 else { return "UTC" }
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        return "UTC\(minutes < 0 ? "-" : "+")\(hours)\(rest == 0 ? "" : ":\(rest < 10 ? "0" : "")\(rest)")"
    }

    /// As in `21:37:20`.
    package func clockToTheSecond(_ moment: Timestamp) -> String {
        String(moment.shifted(seconds: zone.offset(at: moment)).description.dropFirst(11).prefix(8))
    }

    package func year(_ moment: Timestamp) -> String {
        String(moment.shifted(seconds: zone.offset(at: moment)).description.prefix(4))
    }

    /// As in `22 Nov`, and `22. Nov.` in German.
    package func shortDay(_ moment: Timestamp) -> String {
        let written = moment.shifted(seconds: zone.offset(at: moment)).description
        let month = (Int(written.dropFirst(5).prefix(2)) ?? 1) - 1
        let day = Int(written.dropFirst(8).prefix(2)) ?? 0
        return switch language {
        case .en: "\(day) \(Self.englishMonths[month])"
        case .de: "\(day). \(Self.germanMonths[month])"
        }
    }

    private static let englishMonths = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let germanMonths = [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.",
    ]
}

extension Timestamp {
    /// What its description then shows is what a clock shows there.
    package func shifted(seconds: Int) -> Timestamp {
        seconds == 0 ? self : Timestamp(milliseconds: milliseconds + Int64(seconds) * 1000)
    }
}
