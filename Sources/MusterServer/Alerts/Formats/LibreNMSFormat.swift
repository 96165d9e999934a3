/// LibreNMS' API transport: docs.librenms.org/Alerting/Transports/Api, with all fields of the template.
///
/// Its timestamps have no zone, so they are not believed.
enum LibreNMSFormat: AlertFormat {
    /// Recovered, alert, acknowledged, worse, better, changed: librenms, LibreNMS/Enum/AlertState.php.
    private static let states: [String: IncomingAlert.Status?] = [
        "0": .resolved, "1": .firing, "2": .acknowledged, "3": .firing, "4": .firing, "5": .firing,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        let identity = try alert.identity("device_id", "alert_id")
        guard let status = try alert.status("state", states) else { return .silent }
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("title", "name"),
                severity: alert.text("severity"),
                labels: alert.labels([
                    "host": "hostname", "system": "sysName", "rule": "name", "location": "location", "type": "type",
                ]),
                annotations: alert.labels(["message": "msg", "notes": "alert_notes", "elapsed": "elapsed"]),
                payload: request.payload))
    }
}
