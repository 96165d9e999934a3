/// Kapacitor's alert data, as its HTTP post handler sends it: docs.influxdata.com/kapacitor, "Alert data".
enum KapacitorFormat: AlertFormat {
    private static let levels: [String: IncomingAlert.Status?] = [
        "ok": .resolved, "info": .firing, "warning": .firing, "critical": .firing,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        let identity = try alert.identity("id")
        var status: IncomingAlert.Status? = .firing
        if alert["level"] != nil { status = try alert.status("level", levels) }
        guard let status else { return .silent }
        let at = alert.moment("time")
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("message", "id"),
                severity: status == .firing ? alert.text("level") : nil, startsAt: status == .firing ? at : nil,
                endsAt: at, labels: alert.texts("data/series/0/tags"),
                annotations: alert.labels(["details": "details", "previous_level": "previousLevel"]),
                payload: request.payload))
    }
}
