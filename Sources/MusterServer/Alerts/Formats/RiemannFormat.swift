/// Riemann's events, one or a list, as its HTTP forwarders send them: riemann.io/concepts.html.
///
/// A state is any word there; those of PayloadMapping are known. An event that expired was not renewed in time: its
/// service is silent, and that fires.
enum RiemannFormat: AlertFormat {
    private static let states = PayloadMapping.statusWords.merging(["expired": .firing, "unknown": nil]) { $1 }

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        try request.alerts(alert)
    }

    private static func alert(_ event: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingAlert? {
        let identity = try event.identity("host", "service")
        guard let status = try event.status("state", states) else { return nil }
        let at = event.moment("time")
        var labels = event.labels(["host": "host", "service": "service", "component": "component"])
        labels["tags"] = event.list("tags")
        return .foreign(
            identity: identity, status: status, title: event.text("description", "service"),
            severity: status == .firing ? event.text("state") : nil, startsAt: status == .firing ? at : nil, endsAt: at,
            labels: labels, annotations: event.labels(["metric": "metric"]), payload: payload)
    }
}
