/// The foreign formats that a source can have: the one table of them, one file each.
enum SourceKind: String, CaseIterable, Sendable {
    case alertmanager

    var format: any AlertFormat.Type {
        switch self {
        case .alertmanager: AlertmanagerFormat.self
        }
    }
}
