/// What kind of fact somebody writes down beside what the incident itself keeps.
package enum FactKind: String, CaseIterable, Codable, Sendable {
    /// A number: rows lost, error rate, backlog, requests dropped.
    case measure
    /// An alert that is not among those of the incident: of another tool, or of before.
    case alert
    /// Somebody reported it: a customer, a colleague, the press.
    case report
    /// What was decided, and why.
    case decision
    /// What was changed: a deploy, a setting, a migration.
    case change
    /// Another incident that has to do with it.
    case related
    /// One of the five whys: why it happened, then why that did. They stand in the order in which they were entered.
    case why
}

/// What an alert or a report had to do with the incident being noticed.
package enum Detection: String, CaseIterable, Codable, Sendable {
    /// By it the incident was noticed.
    case detected
    /// It was there, and nobody noticed.
    case unnoticed
    /// It should have told, and was not there.
    case missing
    /// It told, and later than it should have.
    case late
}

/// How exactly a time is known.
package enum TimePrecision: String, CaseIterable, Codable, Sendable {
    case exact, minute, hour, day
    /// Only its place among the others is known.
    case unknown
}

extension TimePrecision {
    /// A moment as exactly as it is known.
    func phrase(_ moment: Timestamp) -> Phrase {
        switch self {
        case .exact: moment.toldWithoutZone
        case .minute: .moment(moment, .minute)
        case .hour: "about \(.moment(moment, .minute))"
        case .day: .moment(moment, .day)
        case .unknown: "time unknown"
        }
    }
}

extension TimePrecision {
    /// As in `known to the hour`.
    var knowledge: Phrase {
        switch self {
        case .exact: "known exactly"
        case .minute: "known to the minute"
        case .hour: "known to the hour"
        case .day: "known to the day"
        case .unknown: "not known"
        }
    }
}

extension Incident {
    /// The entry that says how exactly the time of those is known that a command adds, if it is not exact.
    ///
    /// - Parameter count: How many it adds.
    static func qualification(
        of count: Int, after incident: Incident?, _ facts: DecisionFacts
    ) throws(IncidentRefusal) -> TimeQualified? {
        guard let precision = facts.precision, count > 0 else { return nil }
        let known = incident?.precisions?.count ?? 0
        guard known + count <= IncidentLimits.marks else {
            throw .badValue(
                field: "/precision",
                detail: "\(known.grouped) entries have a time that is not exact; the limit is "
                    + "\(IncidentLimits.marks.grouped). Leave precision out.")
        }
        let first = (incident?.version ?? 0) + 1
        return TimeQualified(sequence: first, through: count > 1 ? first + count - 1 : nil, precision: precision)
    }
}

/// One fact, as it was written down. The facts live in the timeline alone, as notes do.
package struct IncidentFact: Hashable, Codable, Sendable {
    package var kind: FactKind
    /// What was measured, decided or changed, what the alert or the report said, how the other incident is related, or the question with its
    /// answer of a why.
    package var text: String
    /// Of a measure.
    package var value: Double?
    package var unit: String?
    /// The end of the time that a measure is about; when an alert ended.
    package var until: Timestamp?
    /// Why it was decided or changed; why an alert or a report came late or not at all.
    package var reason: String?
    /// Where it is known from, as a dashboard or a page.
    package var source: String?
    /// Who said or did it.
    package var by: String?
    package var component: String?
    /// Of an alert or a report.
    package var detection: Detection?
    /// The other incident, by its number.
    package var incident: Int?
    /// How exactly its time is known; nil for exactly.
    package var precision: TimePrecision?
    /// Counts from 1 within its incident.
    package var number: Int?
    package var afterwards: Bool?
    /// Who wrote it, where and when, of one that came with a merged incident.
    package var origin: NoteOrigin?

    package init(
        kind: FactKind, text: String, value: Double? = nil, unit: String? = nil, until: Timestamp? = nil,
        reason: String? = nil, source: String? = nil, by: String? = nil, component: String? = nil,
        detection: Detection? = nil, incident: Int? = nil, precision: TimePrecision? = nil
    ) {
        self.kind = kind
        self.text = text
        self.value = value
        self.unit = unit
        self.until = until
        self.reason = reason
        self.source = source
        self.by = by
        self.component = component
        self.detection = detection
        self.incident = incident
        self.precision = precision
    }
}

extension IncidentFact {
    /// A measure's value with its unit, as in `1,200 rows` or `4.5 %`.
    package var amount: Phrase {
        guard let value else { return "" }
        let number = Phrase.decimal(value)
        return unit.map { "\(number) \($0.onOneLine)" } ?? number
    }
}

extension Incident {
    /// A fact is written down; it may precede the incident.
    func addFact(_ draft: IncidentFact, _ facts: DecisionFacts) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        try Self.check(draft, of: number, facts)
        try requireRoom(
            for: "facts", having: self.facts ?? 0, atMost: IncidentLimits.facts,
            instead: "link to a document elsewhere")
        var fact = draft
        fact.precision = draft.precision == .exact ? nil : draft.precision
        fact.number = (self.facts ?? 0) + 1
        return [FactAdded(fact)]
    }

    private static func check(
        _ fact: IncidentFact, of number: Int, _ facts: DecisionFacts
    ) throws(IncidentRefusal) {
        func requireOnly(_ kinds: [FactKind], _ has: Bool, _ field: String) throws(IncidentRefusal) {
            guard has, !kinds.contains(fact.kind) else { return }
            let names = kinds.map(\.rawValue).joined(separator: " or ")
            throw .badValue(field: "/\(field)", detail: "Only a fact of kind \(names) has \(field); leave it out.")
        }
        try requireOnly([.measure], fact.value != nil, "value")
        try requireOnly([.measure], fact.unit != nil, "unit")
        try requireOnly([.alert, .report], fact.detection != nil, "detection")
        try requireOnly([.related], fact.incident != nil, "incident")
        if fact.kind == .measure, fact.value == nil {
            throw .badValue(
                field: "/value", detail: "A measure needs a value: the number itself; the unit stands in unit.")
        }
        if fact.kind == .related {
            guard fact.incident != nil || fact.source != nil else {
                throw .badValue(
                    field: "/incident",
                    detail:
                        "Name the other incident, as 42 or INC-42; of one that is not in Muster, say in source where it is."
                )
            }
            guard fact.incident != number else {
                throw .badValue(field: "/incident", detail: "INC-\(number) is this incident; name another one.")
            }
        }
        if let component = fact.component { try facts.requireKnown(component, field: "/component") }
        guard let until = fact.until else { return }
        try facts.checkNotInFuture(until, field: "/until")
        guard until >= facts.occurredAt else {
            throw .badValue(
                field: "/until",
                detail: "\(until) is before it began (\(facts.occurredAt)); occurred_at says when that was.")
        }
    }
}
