/// Zabbix by a webhook media type, which sends what its script is given; the names are those that the scripts in use have
/// (hostname, trigger, status, severity, item, link), each with its macro's other name. Scripts on Windows leave white space at the
/// end of values; a macro that Zabbix did not fill in tells no alerts apart.
enum ZabbixFormat: AlertFormat {
    /// {TRIGGER.STATUS} and {EVENT.STATUS}.
    private static let states: [String: IncomingAlert.Status?] = [
        "problem": .firing, "1": .firing, "acknowledged": .acknowledged, "ok": .resolved, "resolved": .resolved,
        "0": .resolved, "unknown": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let event = try request.fields().trimmed
        let host = try event.identity(anyOf: "hostname", "host", "host_name")
        let trigger = try event.identity(anyOf: "trigger", "trigger_name", "event_name", "name")
        let field = event["status"] == nil ? "event_status" : "status"
        guard let status = try event.status(field, states) else { return .silent }
        var labels = event.texts("tags").merging(event.texts("event_tags")) { _, newer in newer }
        labels.merge(
            event.labels(["item": "item", "component": "component", "service": "service"])
        ) { _, own in own }
        labels["host"] = host
        return .one(
            .foreign(
                identity: "\(host)|\(trigger)", status: status, title: trigger,
                severity: event.text("severity", "event_severity", "trigger_severity"), labels: labels,
                annotations: event.labels(["url": "link", "operational_data": "event_opdata"]),
                actor: status == .firing ? nil : event.text("user"), payload: request.payload))
    }
}
