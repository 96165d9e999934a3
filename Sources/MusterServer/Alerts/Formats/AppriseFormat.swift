/// Apprise's `json://` and `form://`: caronc/apprise, apprise/plugins/custom_json.py.
///
/// A notification has no identity but its title: the success of the same title ends what a failure began.
enum AppriseFormat: AlertFormat {
    private static let types: [String: IncomingAlert.Status?] = [
        "failure": .firing, "warning": .firing, "info": .firing, "success": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let notification = try request.fields()
        // Some are sent with a message alone.
        let title = try notification.identity(anyOf: "title", "message")
        guard let status = try notification.status("type", types) else { return .silent }
        return .one(
            .foreign(
                identity: title, status: status, title: title, severity: notification.text("type"),
                labels: notification.labels(["component": "component", "service": "service"]),
                annotations: notification.labels(["message": "message"]), payload: request.payload))
    }
}
