/// Sentences of the daemon that entries keep as text, in English: why a step waited, what a phase asked for, why something
/// regressed. A document in another language recognises them here.
package enum StoredSentences: Hashable, Sendable {
    /// What a closed gate says (`RestorationGate`): nobody types that.
    case gate
    /// What is missing for a phase (`PhasePolicy`): nobody types that either.
    case requirement
    /// What the daemon gives as a reason, where people give one in their own words as well.
    case reason

    /// `{}` is a name without spaces, `{~}` any text, `{+}` a word or a sentence from here, `{*}` a list of such.
    private var templates: [Template] {
        switch self {
        case .gate: Self.gates
        case .requirement: Self.requirements
        case .reason: Self.reasons
        }
    }

    private static let gates = [
        "waits for {} ({*})", "waits for {} ({*}) in INC-{}",
        "wave {} is not complete (restoration.waves: enforce): {*} and {} more",
        "wave {} is not complete (restoration.waves: enforce): {*}", "1 alert is still firing on {}",
        "{} alerts are still firing on {}", "probe {~} failed: no detail", "probe {~} failed: {~}",
        "probe {~} has not run since work on {} started", "probe {~} passed", "soaked {} of {} s", "{} is soaking",
        "{} of {} s", "{} is {+} ({+})", "{} is {+}", "{} % ramped",
    ].map(Template.init)

    private static let requirements = [
        "not acknowledged", "no severity set", "no one assigned as {+}", "no component impact recorded",
        "no audience impact recorded",
        "no cause stated, or all were refuted; category unknown with a reason says that it is not known yet",
        "cause not confirmed", "no update posted", "mitigation {} is still in force: {~}", "task {} is not done: {~}",
        "required action item {} has no owner", "required action item {} has no due date",
        "mitigation {} is still running: {~}", "no mitigation recorded",
        "no mitigation has succeeded or is marked as not needed", "1 alert is still firing on {~}",
        "{} alerts are still firing on {~}", "1 alert is still firing", "{} alerts are still firing",
        "not restored or waived: {~} and {} more", "not restored or waived: {~}", "review not started",
        "review not approved", "no cause category is given",
    ].map(Template.init)

    private static let reasons = [
        "its impact was set again", "an alert that fires on it was moved here", "an alert on it fires after all",
        "an alert is firing on it again", "an alert fires on it again", "it is still down in INC-{}",
        "an alert is firing on it in INC-{}", "it closed itself, and alerts fire again",
        "Planned until {~}, and nobody has ended or extended it.",
    ].map(Template.init)

    private static let words = Set(
        RestorationStatus.allCases.map(\.rawValue) + IncidentRole.allCases.map(\.rawValue))

    /// Nil for what is none of them, and so what somebody typed.
    func phrase(_ text: String) -> Phrase? {
        for template in templates {
            if let found = template.phrase(text, self) { return found }
        }
        return nil
    }

    /// A word or a sentence within another.
    private func part(_ text: Substring) -> Phrase? {
        Self.words.contains(String(text)) ? .template(String(text), []) : phrase(String(text))
    }

    /// Their names in the tables of translations.
    static var keys: [String] { [gates, requirements, reasons].flatMap { $0.map(\.key) } }

    private struct Template {
        enum Hole { case name, text, part, list }

        let key: String
        private let parts: [String]
        private let holes: [Hole]

        init(_ written: String) {
            var (parts, holes, rest) = ([String](), [Hole](), written[...])
            while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
                parts.append(String(rest[..<open]))
                switch rest[rest.index(after: open)..<close] {
                case "~": holes.append(.text)
                case "+": holes.append(.part)
                case "*": holes.append(.list)
                default: holes.append(.name)
                }
                rest = rest[rest.index(after: close)...]
            }
            parts.append(String(rest))
            (self.parts, self.holes) = (parts, holes)
            key = parts.joined(separator: Phrase.hole)
        }

        func phrase(_ text: String, _ kind: StoredSentences) -> Phrase? {
            guard let found = filling(text) else { return nil }
            var arguments: [Phrase] = []
            for (text, hole) in zip(found, holes) {
                guard let argument = Self.argument(text, hole, kind) else { return nil }
                arguments.append(argument)
            }
            return .template(key, arguments)
        }

        /// What stands in the holes; nil where the text is another one.
        private func filling(_ text: String) -> [Substring]? {
            guard let first = parts.first, let last = parts.last, text.hasPrefix(first), text.hasSuffix(last) else {
                return nil
            }
            guard parts.count > 1 else { return text == first ? [] : nil }
            guard text.count >= first.count + last.count else { return nil }
            var rest = text.dropFirst(first.count).dropLast(last.count)
            var found: [Substring] = []
            for part in parts.dropFirst().dropLast() {
                guard let range = rest.firstRange(of: part) else { return nil }
                found.append(rest[..<range.lowerBound])
                rest = rest[range.upperBound...]
            }
            found.append(rest)
            return found.contains(where: \.isEmpty) ? nil : found
        }

        private static func argument(_ text: Substring, _ hole: Hole, _ kind: StoredSentences) -> Phrase? {
            switch hole {
            case .name: return text.contains(where: \.isWhitespace) ? nil : .typed(String(text))
            case .text: return .typed(String(text))
            case .part: return kind.part(text)
            case .list:
                let parts = text.split(separator: ", ").map(kind.part)
                return parts.contains(nil) ? nil : parts.compactMap(\.self).joined(separator: ", ")
            }
        }
    }
}
