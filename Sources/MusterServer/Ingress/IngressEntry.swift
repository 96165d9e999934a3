import IncidentDomain

/// By which door a message came: the door says who reads it. Kept with a dead letter, so that it can be read once more.
enum IngressEntry: String, CaseIterable, Sendable {
    /// The source's own kind reads it.
    case hook = "/hooks"
    case pagerDutyEvent = "/v2/enqueue"
    case pagerDutyChange = "/v2/change/enqueue"
    case opsgenieAlert = "/v2/alerts"
    case prometheusAlerts = "/api/v2/alerts"

    /// - Throws: `Problem` when the message is not of the door's format.
    func read(_ request: ForeignRequest, of source: Source) throws(Problem) -> IncomingMessage {
        if let problem = request.queryProblem { throw problem }
        switch self {
        case .hook:
            if let mapping = source.mapping { return try mapping.read(request) }
            return try source.kind.format.read(request)
        case .pagerDutyEvent: return try PagerDutyFormat.read(request)
        case .pagerDutyChange: return try PagerDutyFormat.readChange(request)
        case .opsgenieAlert: return try OpsgenieFormat.read(request)
        case .prometheusAlerts: return try PrometheusFormat.read(request)
        }
    }
}
