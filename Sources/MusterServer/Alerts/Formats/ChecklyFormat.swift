/// Checkly's webhook alert channel with its default body: checklyhq.com/docs, "Webhooks".
enum ChecklyFormat: AlertFormat {
    private static let types: [String: IncomingAlert.Status?] = [
        "alert_failure": .firing, "alert_failure_remain": .firing, "alert_failure_degraded": .firing,
        "alert_degraded": .firing, "alert_degraded_remain": .firing, "alert_degraded_failure": .firing,
        "alert_recovery": .resolved, "alert_degraded_recovery": .resolved, "alert_ssl": .firing, "no_alert": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let check = try request.fields()
        let id = try check.identity("check_id")
        guard let status = try check.status("alert_type", types) else { return .silent }
        // Word of a certificate, which has no end, must not be ended by the check's recovery.
        let isCertificate = check.text("alert_type")?.lowercased() == "alert_ssl"
        let at = check.moment("started_at")
        return .one(
            .foreign(
                identity: isCertificate ? "\(id)|certificate" : id, status: status, title: check.text("check_name"),
                startsAt: status == .firing ? at : nil, endsAt: at,
                labels: check.labels([
                    "check_type": "check_type", "group": "group_name", "region": "region", "location": "run_location",
                    "tags": "tags", "alert_type": "alert_type",
                ]),
                annotations: check.labels([
                    "event": "event", "error": "check_error_message", "url": "link",
                ]), payload: request.payload))
    }
}
