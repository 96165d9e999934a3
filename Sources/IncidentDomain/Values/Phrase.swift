/// What is said to people, before it is known in which language and by which clocks: a template with holes, and what stands in
/// them. It is written as a text is, as in `"Restored \(restored.told), after \(.duration(seconds))."`. The text with `{}` in
/// the place of each hole is its name in the tables of translations (`GermanTable`), and is English as it stands.
///
/// A `String` in a hole is what people typed: it stays as they typed it.
package indirect enum Phrase: Hashable, Sendable {
    case template(String, [Phrase])
    /// As people typed it, or a name that is the same everywhere.
    case typed(String)
    /// With marks between the thousands.
    case number(Int)
    /// To the millisecond, which is as exact as any time here.
    case decimal(Double)
    case money(Double)
    case duration(Double)
    case moment(Timestamp, MomentForm)
    /// `2026-12-24`, as people type it; what is no date stays as it is.
    case date(String)
    /// The zone whose clocks the times go by.
    case zone
    case joined([Phrase], separator: String)
    case shaped(Phrase, Shape)
    /// A sentence that entries keep as text: what `StoredSentences` knows is translated, all else was typed.
    case stored(String, StoredSentences)

    package enum Shape: Hashable, Sendable {
        /// On one line, with a full stop unless it has an end already.
        case sentence
        /// The same, beginning with a capital.
        case beginningSentence
        case capitalized
        /// Without the full stop.
        case withoutEnd
        /// So many characters of it, and a mark when that is not all.
        case cut(Int)
    }
}

/// How exactly a moment is written, and whether its zone is.
package enum MomentForm: Hashable, Sendable {
    /// `2026-11-22 21:37:20 UTC`
    case withZone
    /// `2026-11-22 21:37:20`, where the zone is said elsewhere.
    case second
    /// `2026-11-22 21:37`
    case minute
    /// `2026-11-22`
    case day
    /// `21:37`
    case clock
}

extension Phrase: ExpressibleByStringInterpolation {
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var template = ""
        fileprivate var arguments: [Phrase] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            template.reserveCapacity(literalCapacity + interpolationCount * 2)
            arguments.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { template += literal }

        package mutating func appendInterpolation(_ phrase: Phrase) {
            template += Phrase.hole
            arguments.append(phrase)
        }

        /// What people typed. A literal is a phrase, where it can be one.
        @_disfavoredOverload
        package mutating func appendInterpolation(_ text: some StringProtocol) {
            appendInterpolation(Phrase.typed(String(text)))
        }

        /// A number that names something, as in `INC-1234`.
        package mutating func appendInterpolation(_ number: Int) {
            appendInterpolation(Phrase.typed(String(number)))
        }
    }

    package init(stringLiteral value: String) { self = .template(value, []) }

    package init(stringInterpolation: StringInterpolation) {
        self = .template(stringInterpolation.template, stringInterpolation.arguments)
    }

    static let hole = "{}"
}

extension Phrase {
    /// Whether it says nothing, in any language.
    package var isEmpty: Bool {
        switch self {
        case .template(let template, let arguments): template.isEmpty && arguments.isEmpty
        case .typed(let text), .stored(let text, _), .date(let text): text.isEmpty
        case .joined(let phrases, _): phrases.allSatisfy(\.isEmpty)
        case .shaped(let phrase, _): phrase.isEmpty
        case .number, .decimal, .money, .duration, .moment, .zone: false
        }
    }

    package var sentence: Phrase { .shaped(self, .sentence) }
    package var beginningSentence: Phrase { .shaped(self, .beginningSentence) }
    package var capitalizedFirst: Phrase { .shaped(self, .capitalized) }

    /// Followed by a reason, if there is one.
    ///
    /// - Parameter isOfDaemon: Whether the daemon may have given it.
    func giving(_ reason: String?, isOfDaemon: Bool = false) -> Phrase {
        guard let reason, !reason.onOneLine.isEmpty else { return self }
        let said: Phrase = isOfDaemon ? .stored(reason, .reason) : .typed(reason)
        return "\(self) Reason: \(said.sentence)"
    }

    /// A word whose translation depends on what it is said of, as "none" does.
    static func word(_ word: String, of sense: String) -> Phrase { .template("\(word)\(senseMark)\(sense)", []) }

    /// Between the words of a template and what tells it from another with the same words.
    static let senseMark = " | "

    /// The same, with what something is called in the place of its name, where a hole holds nothing else.
    ///
    /// - Parameter call: What something of a name is called; nil leaves it.
    func calling(_ call: (String) -> String?) -> Phrase {
        switch self {
        case .template(let template, let arguments): .template(template, arguments.map { $0.calling(call) })
        case .typed(let text): call(text).map(Phrase.typed) ?? self
        case .joined(let phrases, let separator): .joined(phrases.map { $0.calling(call) }, separator: separator)
        case .shaped(let phrase, let shape): .shaped(phrase.calling(call), shape)
        case .number, .decimal, .money, .duration, .moment, .date, .zone, .stored: self
        }
    }

    /// The first of some names, and how many more there are.
    static func names(_ names: [String], max: Int) -> Phrase {
        let shown = names.prefix(max).joined(separator: ", ")
        return names.count > max ? "\(shown) and \(names.count - max) more" : .typed(shown)
    }

    /// Who reads an update; in entries of old releases whatever its author called it.
    static func audience(_ word: String) -> Phrase {
        if let audience = UpdateAudience(rawValue: word) { return audience.phrase }
        return ["public", "internal"].contains(word) ? .word(word, of: "audience") : .typed(word.onOneLine)
    }

    static func + (one: Phrase, other: Phrase) -> Phrase { .joined([one, other], separator: "") }
}

extension Sequence<Phrase> {
    package func joined(separator: String = "") -> Phrase { .joined(Array(self), separator: separator) }
}

extension [Phrase?] {
    /// What is there of notes, as in ` (by Ada; on cdn)`; empty without any.
    var inBrackets: Phrase {
        let notes = compactMap(\.self)
        return notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
    }
}

extension RawRepresentable where RawValue == String {
    /// A stored word, as in "rolled back", in the reader's language.
    package var phrase: Phrase { .template(words, []) }
}

extension Timestamp {
    /// As in `2026-11-22 21:37:20 UTC`.
    package var told: Phrase { .moment(self, .withZone) }
    /// The same, where the zone is said elsewhere.
    package var toldWithoutZone: Phrase { .moment(self, .second) }
}

extension Phrase: CustomStringConvertible {
    /// In English: wherever one is put into a text as it is, it reads.
    package var description: String { english }
}

// MARK: - As text

extension Phrase {
    /// As the timeline, messages and archives have it: in English, by UTC.
    package var english: String { text(in: .standard) }

    package func text(in speech: Speech) -> String {
        switch self {
        case .template(let template, let arguments): Self.fill(template, arguments, in: speech)
        case .typed(let text): speech.typed(text)
        case .number(let number): speech.text(number)
        case .decimal(let value): speech.text(value)
        case .money(let amount): speech.text(money: amount)
        case .duration(let seconds): speech.text(seconds: seconds)
        case .moment(let moment, let form): speech.text(moment, form)
        case .date(let day): speech.text(day: day)
        case .zone: speech.zone.name
        case .joined(let phrases, let separator): phrases.map { $0.text(in: speech) }.joined(separator: separator)
        case .shaped(let phrase, let shape): shape.applied(to: phrase.text(in: speech))
        case .stored(let text, let kind):
            speech.language == .en ? text : kind.phrase(text)?.text(in: speech) ?? speech.typed(text)
        }
    }

    private static func fill(_ template: String, _ arguments: [Phrase], in speech: Speech) -> String {
        guard !arguments.isEmpty else { return speech.template(template) }
        var result = ""
        var next = 0
        var rest = speech.template(template)[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result.add(rest[..<open])
            let place = Int(rest[rest.index(after: open)..<close]).map { $0 - 1 } ?? next
            if arguments.indices.contains(place) { result += arguments[place].text(in: speech) }
            next += 1
            rest = rest[rest.index(after: close)...]
        }
        result.add(rest)
        return result
    }
}

extension String {
    /// An abbreviation at the end of a sentence, as `Min.`, has its full stop already.
    fileprivate mutating func add(_ more: Substring) {
        let isDouble = more.first == "." && Speech.abbreviations.contains { hasSuffix($0) }
        self += isDouble ? more.dropFirst() : more
    }
}

extension Phrase.Shape {
    fileprivate func applied(to text: String) -> String {
        switch self {
        case .sentence: text.sentence
        case .beginningSentence: text.beginningSentence
        case .capitalized: text.capitalizedFirst
        case .withoutEnd: text.last == "." ? String(text.dropLast()) : text
        case .cut(let length): text.count > length ? "\(text.prefix(length))…" : text
        }
    }
}
