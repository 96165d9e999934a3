/// Pingdom's webhooks of uptime and transaction checks: pingdom.com/resources/webhooks.
enum PingdomFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "down": .firing, "failing": .firing, "up": .resolved, "success": .resolved, "unconfirmed_down": nil,
        "unknown": nil, "paused": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let check = try request.fields()
        let identity = try check.identity("check_id")
        guard let status = try check.status("current_state", states) else { return .silent }
        let changedAt = check.moment("state_changed_timestamp", "state_changed_utc_time")
        var labels = check.labels(["check_type": "check_type", "host": "check_params/hostname"])
        labels["tags"] = check.list("tags")
        return .one(
            .foreign(
                identity: identity, status: status, title: check.text("check_name"),
                severity: check.text("importance_level"), startsAt: status == .firing ? changedAt : nil,
                endsAt: changedAt, labels: labels,
                annotations: check.labels([
                    "description": "description", "long_description": "long_description",
                    "checked_url": "check_params/full_url",
                ]), payload: request.payload))
    }
}
