package struct FactAdded: ValueEvent, AfterwardsEvent {
    package var value: IncidentFact
    package var afterwards: Bool? {
        get { value.afterwards }
        set { value.afterwards = newValue }
    }

    package init(_ value: IncidentFact) { self.value = value }

    package static let kind = "fact_added"
    package static let examples: [FactAdded] = [
        FactAdded(
            IncidentFact(
                kind: .measure, text: "Requests dropped", value: 12_500, unit: "requests", until: EventExamples.noon,
                source: "https://dash.example/requests", by: "Mia", component: "cdn", precision: .minute))
    ]

    package var redacted: FactAdded {
        var copy = self
        copy.value.text = value.text.redacted
        copy.value.unit = value.unit?.redacted
        copy.value.reason = value.reason?.redacted
        copy.value.source = value.source?.redacted
        copy.value.by = value.by?.redacted
        return copy
    }

    package var phrase: Phrase {
        let from: Phrase = value.origin.map { " of INC-\($0.incident), by \($0.by.onOneLine) at \($0.at.told)" } ?? ""
        let about: [Phrase?] = [
            value.component.map { "on \($0)" }, value.detection?.meaning,
            value.incident.map { "INC-\($0)" }, value.until.map { "until \($0.told)" },
            value.by.map { "by \($0.onOneLine)" }, value.source.map { "source: \($0.onOneLine)" },
            value.precision.map { "time: \($0.phrase)" },
        ]
        let said: Phrase = value.value == nil ? "\(value.text.onOneLine)" : "\(value.text.onOneLine): \(value.amount)"
        return Phrase("\(value.kind.title)\(from)\(about.inBrackets): \(said.sentence)").giving(value.reason)
    }

    package var isKeyMoment: Bool {
        switch value.kind {
        case .alert, .report, .decision, .change: true
        case .measure, .related, .why: false
        }
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        incident.facts = max(value.number ?? 0, incident.facts ?? 0)
        incident.takeApprovalBack()
        // What another incident was noticed by came with the merge.
        guard value.detection == .detected, value.origin == nil else { return }
        incident.clockFacts?.detectedBy[incident.version + 1] = moment
    }
}

extension FactKind {
    /// As a sentence begins.
    var title: Phrase { self == .related ? "Related incident" : phrase.capitalizedFirst }
}

extension Detection {
    /// What it means, within a sentence.
    var meaning: Phrase {
        switch self {
        case .detected: "it detected the incident"
        case .unnoticed: "nobody noticed"
        case .late: "came late"
        case .missing: "it should have told"
        }
    }
}
