/// VMware vRealize Operations (Aria Operations) by its REST notification plug-in: docs.vmware.com, "Sample Output for REST
/// Notifications".
enum VRealizeFormat: AlertFormat {
    private static let states: [String: IncomingAlert.Status?] = [
        "active": .firing, "new": .firing, "updated": .firing, "canceled": .resolved, "cancelled": .resolved,
        "closed": .resolved,
    ]

    static func read(_ request: ForeignRequest) throws(Problem) -> IncomingMessage {
        let alert = try request.fields()
        let identity = try alert.identity("alertId")
        guard let status = try alert.status("status", states) else { return .silent }
        return .one(
            .foreign(
                identity: identity, status: status, title: alert.text("info", "alertName"),
                severity: alert.text("criticality"), startsAt: alert.moment("startDate"),
                endsAt: alert.moment("cancelDate", "updateDate"),
                labels: alert.labels([
                    "resource": "resourceName", "resource_kind": "resourceKind", "adapter": "adapterKind",
                    "type": "type", "sub_type": "subType",
                ]), payload: request.payload))
    }
}
