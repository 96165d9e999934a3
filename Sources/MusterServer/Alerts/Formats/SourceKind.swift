/// The foreign formats that a source can have: the one table of them, one file each. docs/alert-formats.md says what each
/// takes and understands.
enum SourceKind: String, CaseIterable, Sendable {
    case alertmanager, generic, opsgenie, pagerduty, prometheus

    var format: any AlertFormat.Type { row.format }

    /// What the tool is called.
    var title: String { row.title }

    private var row: (title: String, format: any AlertFormat.Type) {
        switch self {
        case .alertmanager: ("Prometheus Alertmanager, webhook", AlertmanagerFormat.self)
        case .generic: ("JSON with a mapping of one's own", GenericFormat.self)
        case .opsgenie: ("Opsgenie, Alert API and webhook", OpsgenieFormat.self)
        case .pagerduty: ("PagerDuty, Events API v2", PagerDutyFormat.self)
        case .prometheus: ("Prometheus, Alertmanager API v2", PrometheusFormat.self)
        }
    }
}
