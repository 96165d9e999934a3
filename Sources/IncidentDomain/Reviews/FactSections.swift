/// A fact as a review tells it: who wrote it down, and when it was so.
package struct ToldFact: Hashable, Sendable {
    /// The entry that says it.
    package let entry: Int
    package let at: Timestamp
    package let writtenBy: String
    package let fact: IncidentFact

    /// When it was so, as exactly as that is known.
    var when: Phrase { (fact.precision ?? .exact).phrase(at) }
}

/// What was measured again and again, in the order of time.
package struct MeasureSeries: Hashable, Sendable {
    package let name: String
    package let unit: String?
    package let points: [Point]

    package struct Point: Hashable, Sendable {
        package let at: Timestamp
        package let value: Double
    }

    /// From so many values on a picture says more than a table; more pictures than these say less.
    private static let pointsMin = 3
    private static let seriesMax = 6

    /// - Parameter facts: In the order of time.
    static func all(of facts: [ToldFact]) -> [MeasureSeries] {
        var order: [String] = []
        var points: [String: [Point]] = [:]
        var units: [String: (String, String?)] = [:]
        for told in facts where told.fact.precision != .unknown {
            guard told.fact.kind == .measure, let value = told.fact.value else { continue }
            let (name, unit) = (told.fact.text.onOneLine, told.fact.unit?.onOneLine)
            let key = "\(name)\u{1F}\(unit ?? "")"
            if points[key] == nil { order.append(key) }
            points[key, default: []].append(Point(at: told.at, value: value))
            units[key] = (name, unit)
        }
        return order.compactMap { key in
            guard let found = points[key], found.count >= pointsMin, let (name, unit) = units[key] else { return nil }
            return MeasureSeries(name: name, unit: unit, points: found)
        }.prefix(seriesMax).map(\.self)
    }

    /// As in `Requests dropped (requests)`.
    package var title: String { unit.map { "\(name) (\($0))" } ?? name }

    private static let barMax = 30
    private static let rowsMax = 60

    /// The values as bars of text, a line each.
    func chart(in speech: Speech) -> String {
        let shown = points.prefix(Self.rowsMax)
        let most = shown.map { abs($0.value) }.max() ?? 0
        let texts = shown.map { speech.text($0.value) }
        let width = texts.map(\.count).max() ?? 0
        let lines = zip(shown, texts).map { point, text in
            let length = most > 0 ? Int((abs(point.value) / most * Double(Self.barMax)).rounded(.up)) : 0
            let bar = String(repeating: "#", count: min(max(length, 0), Self.barMax))
            let line = "\(speech.text(point.at, .second)) \(String(repeating: " ", count: width - text.count))\(text)"
            return bar.isEmpty ? line : "\(line) \(bar)"
        }
        let more = points.count - shown.count
        return (lines + (more > 0 ? [speech("\(.number(more)) more")] : [])).joined(separator: "\n")
    }
}

extension ReviewFacts {
    /// What `told` is made of.
    func toldFacts() -> [ToldFact] {
        timeline.compactMap { recorded -> ToldFact? in
            guard let fact = recorded.event.as(FactAdded.self)?.value, !struck.contains(recorded.sequence) else {
                return nil
            }
            let (by, at) = written(recorded)
            return ToldFact(entry: recorded.sequence, at: at, writtenBy: by, fact: fact)
        }.sorted { ($0.at, $0.entry) < ($1.at, $1.entry) }
    }

    func told(_ kinds: FactKind...) -> [ToldFact] { told.filter { kinds.contains($0.fact.kind) } }
}

// MARK: - Detection

extension ReviewDraft {
    /// What it was noticed by and how late, and what else was there or should have been.
    static func detection(_ facts: ReviewFacts) -> [DocumentBlock] {
        let clocks = facts.incident.clocks
        let signals = facts.told(.alert, .report)
        let late = clocks.detectedAt.seconds(since: clocks.startedAt)
        let after: Phrase = late > 0 ? "\(.duration(late)) after the start" : "at the start"
        let isCorrected = facts.incident.corrections?.contains { $0.clock == .detected } ?? false
        let line: Phrase =
            isCorrected
            ? "Detected \(clocks.detectedAt.told), \(after), as a person corrected it."
            : "Detected \(clocks.detectedAt.told), \(after), by \(detector(signals, facts))."
        guard !signals.isEmpty else { return [facts.line(line)] }
        var table = DocumentTable("When (\(.zone))", "What", "Component", "Detection", "Why", "Source", "By")
        for told in signals {
            let fact = told.fact
            let until: Phrase = fact.until.map { ", until \($0.toldWithoutZone)" } ?? ""
            table.add(
                told.when, "\(fact.kind.title): \(fact.text.onOneLine)\(until)",
                .typed(fact.component.map(facts.name) ?? ""), fact.detection?.meaning ?? "",
                .typed(fact.reason ?? ""), .typed(fact.source ?? ""), .typed(fact.by ?? told.writtenBy))
        }
        return [facts.line(line), table.block(in: facts.speech)]
    }

    private static func detector(_ signals: [ToldFact], _ facts: ReviewFacts) -> Phrase {
        let named = signals.filter { $0.fact.detection == .detected }
        if let first = named.first {
            let text = first.fact.text.onOneLine
            return first.fact.kind == .report ? "the report “\(text)”" : "the alert “\(text)”"
        }
        if facts.incident.openedByAlerts ?? false { return "an alert" }
        return facts.timeline.first.map { "\($0.actor.name), who opened the incident" } ?? "whoever opened it"
    }
}

// MARK: - Measures, decisions, changes

extension ReviewDraft {
    /// What was measured, as a table, and what was measured often as bars.
    static func measures(_ facts: ReviewFacts) -> [DocumentBlock] {
        let measures = facts.told(.measure)
        guard !measures.isEmpty else { return [] }
        var table = DocumentTable("What", "Value", "When (\(.zone))", "Until (\(.zone))", "Component", "Source", "By")
        for told in measures.sorted(by: { ($0.fact.text, $0.at, $0.entry) < ($1.fact.text, $1.at, $1.entry) }) {
            table.add(
                .typed(told.fact.text), told.fact.amount, told.when, told.fact.until?.toldWithoutZone ?? "",
                .typed(told.fact.component.map(facts.name) ?? ""), .typed(told.fact.source ?? ""),
                .typed(told.fact.by ?? told.writtenBy))
        }
        let charts = MeasureSeries.all(of: measures).flatMap { series -> [DocumentBlock] in
            [facts.line("\(series.title):"), .code(series.chart(in: facts.speech))]
        }
        return [facts.heading("Measures"), table.block(in: facts.speech)] + charts
    }

    static func decisions(_ facts: ReviewFacts) -> [DocumentBlock] {
        let decisions = facts.told(.decision)
        guard !decisions.isEmpty else { return [] }
        var table = DocumentTable("When (\(.zone))", "Decision", "Why", "By")
        for told in decisions {
            table.add(
                told.when, .typed(told.fact.text), told.fact.reason.map(Phrase.typed) ?? "not recorded",
                .typed(told.fact.by ?? told.writtenBy))
        }
        return [facts.heading("Decisions"), table.block(in: facts.speech)]
    }

    static func changes(_ facts: ReviewFacts) -> [DocumentBlock] {
        let changes = facts.told(.change)
        guard !changes.isEmpty else { return [] }
        var table = DocumentTable("When (\(.zone))", "Change", "Component", "Why", "Source", "By")
        for told in changes {
            table.add(
                told.when, .typed(told.fact.text), .typed(told.fact.component.map(facts.name) ?? ""),
                .typed(told.fact.reason ?? ""), .typed(told.fact.source ?? ""),
                .typed(told.fact.by ?? told.writtenBy))
        }
        return [facts.heading("Changes"), table.block(in: facts.speech)]
    }

    /// As in `INC-12 (the same cause)`.
    static func related(_ facts: ReviewFacts) -> String? {
        let texts = facts.told(.related).compactMap { told in
            told.fact.incident.map { "INC-\($0) (\(told.fact.text.onOneLine))" }
        }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }

    private static let leadUpMax = 100

    /// What was so, done or written of the time before the impact began, starred or not.
    static func leadUp(_ facts: ReviewFacts) -> [DocumentBlock] {
        let struck = facts.struck
        let start = facts.incident.clocks.startedAt
        let before = facts.byTime.filter { recorded in
            let isTold = recorded.event.as(NoteAdded.self) != nil || recorded.event.as(FactAdded.self) != nil
            return isTold && facts.written(recorded).at < start && !struck.contains(recorded.sequence)
        }
        guard !before.isEmpty else { return [] }
        var table = DocumentTable("When (\(.zone))", "What", "Who")
        for recorded in before.prefix(leadUpMax) {
            table.add(facts.when(recorded), recorded.event.phrase, .typed(facts.written(recorded).by))
        }
        let more = before.count - leadUpMax
        return [facts.heading("Lead-up"), table.block(in: facts.speech)]
            + (more > 0 ? [facts.line("\(.number(more)) more stand in the timeline.")] : [])
    }
}

extension ReviewFacts {
    /// When something happened, as exactly as that is known.
    func when(_ recorded: RecordedEvent) -> Phrase {
        let precision =
            recorded.event.as(NoteAdded.self)?.precision ?? recorded.event.as(FactAdded.self)?.value.precision
        return (precision ?? incident.precisions?[recorded.sequence] ?? .exact).phrase(written(recorded).at)
    }
}
