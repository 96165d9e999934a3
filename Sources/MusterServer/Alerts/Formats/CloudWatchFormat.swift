import NIOCore

/// Amazon CloudWatch alarms, as Amazon SNS posts them: an envelope whose `Message` is the alarm as JSON in a text. The
/// bare alarm ("raw message delivery") and EventBridge's event of an alarm are read, too.
///
/// SNS's first message asks for a confirmation, which an administrator gives by opening its URL.
enum CloudWatchFormat: AlertFormat {
    /// Without data an alarm neither begins nor ends.
    private static let states: [String: IncomingAlert.Status?] = [
        "alarm": .firing, "ok": .resolved, "insufficient_data": nil,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let envelope = try request.fields()
        switch envelope["Type"]?.string {
        case "SubscriptionConfirmation":
            return IncomingMessage(alerts: [], confirmationURL: try confirmation(envelope))
        case "UnsubscribeConfirmation": return .silent
        case "Notification": return try alarm(ForeignFields(message(envelope), at: "/Message"), request.payload)
        default: break
        }
        return try envelope["detail"] == nil
            ? alarm(envelope, request.payload) : event(envelope, request.payload)
    }

    /// The address has to be Amazon's: an administrator is going to open it.
    private static func confirmation(_ envelope: ForeignFields) throws(Problem) -> String {
        guard let url = envelope["SubscribeURL"]?.string, url.utf8.count <= 4000, url.hasPrefix("https://"),
            url.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .invalid("/SubscribeURL", "should be the https address that confirms the subscription") }
        let host = url.dropFirst("https://".count).prefix { !"/?#:@\\".contains($0) }
        guard host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn"),
            !url.dropFirst("https://".count).dropFirst(host.count).hasPrefix("@")
        else { throw .invalid("/SubscribeURL", "should be an address of amazonaws.com") }
        return url
    }

    private static func message(_ envelope: ForeignFields) throws(Problem) -> JSONValue {
        guard let text = envelope["Message"]?.string,
            let alarm = ForeignRequest.nested(Array(text.utf8))
        else { throw .invalid("/Message", "should be a text with the JSON of a CloudWatch alarm") }
        return alarm
    }

    private static func alarm(_ alarm: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try alarm.identity("AWSAccountId", "Region", "AlarmName")
        guard let status = try alarm.status("NewStateValue", states) else { return .silent }
        var labels = alarm.texts("Trigger/Dimensions")
        labels.merge(
            alarm.labels([
                "account": "AWSAccountId", "region": "Region", "namespace": "Trigger/Namespace",
                "metric": "Trigger/MetricName",
            ])
        ) { _, own in own }
        let changedAt = alarm.moment("StateChangeTime")
        return .one(
            .foreign(
                identity: identity, status: status, title: alarm.text("AlarmName"),
                startsAt: status == .firing ? changedAt : nil, endsAt: changedAt, labels: labels,
                annotations: alarm.labels([
                    "description": "AlarmDescription", "reason": "NewStateReason", "arn": "AlarmArn",
                ]), payload: payload))
    }

    private static func event(_ event: ForeignFields, _ payload: AlertPayload) throws(Problem) -> IncomingMessage {
        let identity = try event.identity("account", "region", "detail/alarmName")
        guard let status = try event.status("detail/state/value", states) else { return .silent }
        let changedAt = event.moment("detail/state/timestamp", "time")
        return .one(
            .foreign(
                identity: identity, status: status, title: event.text("detail/alarmName"),
                startsAt: status == .firing ? changedAt : nil, endsAt: changedAt,
                labels: event.labels(["account": "account", "region": "region"]),
                annotations: event.labels([
                    "description": "detail/configuration/description", "reason": "detail/state/reason",
                    "arn": "resources/0",
                ]), payload: payload))
    }
}
