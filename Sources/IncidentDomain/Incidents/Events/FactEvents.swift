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

    package var sentence: String {
        let from = value.origin.map { " of INC-\($0.incident), by \($0.by.onOneLine) at \($0.at.toTheSecond)" } ?? ""
        let about = [
            value.component.map { "on \($0)" }, value.detection?.meaning,
            value.incident.map { "INC-\($0)" }, value.until.map { "until \($0.toTheSecond)" },
            value.by.map { "by \($0.onOneLine)" }, value.source.map { "source: \($0.onOneLine)" },
            value.precision.map { "time: \($0.words)" },
        ].compactMap(\.self)
        let notes = about.isEmpty ? "" : " (\(about.joined(separator: "; ")))"
        let amount = value.amount.isEmpty ? "" : ": \(value.amount)"
        return "\(value.kind.title)\(from)\(notes): \("\(value.text.onOneLine)\(amount)".sentence)".giving(value.reason)
    }

    package var isKeyMoment: Bool {
        switch value.kind {
        case .alert, .report, .decision, .change: true
        case .measure, .related: false
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
    var title: String { self == .related ? "Related incident" : words.capitalizedFirst }
}

extension Detection {
    /// What it means, within a sentence.
    var meaning: String {
        switch self {
        case .detected: "it detected the incident"
        case .unnoticed: "nobody noticed"
        case .late: "came late"
        case .missing: "it should have told"
        }
    }
}
