/// SignalFx (Splunk Observability) detectors: dev.splunk.com/observability/docs/integrations/webhook_integration_overview.
enum SignalFxFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "anomalous": .firing, "ok": .resolved, "auto resolved": .resolved, "manually resolved": .resolved,
        "stopped": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        let identity = try alert.identity("incidentId")
        let title = alert.text("messageTitle", "inputs/messageTitle", "rule", "inputs/rule", "detector")
        guard let status = try alert.status("statusExtended", states) else { return .silent }
        // A message that is anomalous by its state and cleared by its words says nothing that could be believed.
        if status == .firing, let title,
            ["Manually resolved", "Back to normal", "Stopped"].contains(where: title.hasPrefix)
        {
            return .silent
        }
        let at = alert.moment("timestamp", "timestampISO8601")
        return .one(
            .foreign(
                identity: identity, status: status, title: title, severity: alert.text("severity"),
                startsAt: status == .firing ? at : nil, endsAt: at,
                labels: alert.texts("dimensions").merging(
                    alert.labels(["metric": "originatingMetric", "detector": "detector"])
                ) { dimension, _ in dimension },
                annotations: alert.labels([
                    "message": "messageBody", "url": "detectorUrl", "description": "description",
                    "runbook_url": "runbookUrl",
                ]), payload: request.payload))
    }
}
