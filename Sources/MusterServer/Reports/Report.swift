import IncidentDomain

/// One user's report, as it is counted.
struct Report: Hashable, Sendable {
    /// Who reports, as a code that nobody can turn back.
    let reporter: [UInt8]
    /// Empty when the catalog knows no such component.
    let component: String
    let symptom: ReportSymptom
    /// Empty when the catalog knows no such region.
    let region: String
}

/// What a baseline is of.
struct ReportKey: Hashable, Sendable {
    let component: String
    let symptom: String

    /// The identity of its alert.
    var identity: String { "\(component)|\(symptom)" }

    var words: String { ReportSymptom(rawValue: symptom)?.words ?? symptom }
}
