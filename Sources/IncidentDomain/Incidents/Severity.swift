/// How bad an incident is; `sev1` is the worst. A person sets it.
package enum Severity: String, CaseIterable, Codable, Sendable {
    case sev1, sev2, sev3, sev4
}
