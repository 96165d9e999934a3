import FoundationEssentials
import Testing

/// The demonstration catalog, as it is shipped, at the pace of a test: its hours are seconds.
enum Demonstration {
    /// Soaks are long enough to kill a daemon within, where that is done, and that some overlap also where calls are slow.
    static func catalog() throws -> JSON {
        let shipped = try JSON(Files.text(Files.package + "/deploy/demo/catalog.json").utf8)
        let components = shipped["components"].items.map { component in
            component.with(["expected_restore_seconds": 1, "soak_seconds": component["tier"] == 1 ? 10 : 1])
        }
        return ["components": .array(components)]
    }

    /// What alerts fire on: all of it needs `user-db`, on which none does.
    static let hit = [
        "auth", "api-gateway", "feed", "comments", "notifications", "payments", "playback", "search", "upload",
        "live-ingest",
    ]
}

/// The platform's monitoring: it sends what Alertmanager sends.
struct Monitoring: Sendable {
    let api: API
    let hook: String
    private let startsAt = Moment.text(Date(timeIntervalSinceNow: -60))

    init(_ api: API, hook: String) {
        (self.api, self.hook) = (api, hook)
    }

    func fire(_ group: String, on components: [String]) async throws {
        try await send(group, components.map(alert))
    }

    func resolve(_ group: String, on component: String) async throws {
        try await send(group, [alert(on: component).resolved(Moment.text(Date()))])
    }

    private func send(_ group: String, _ alerts: [AlertmanagerMessage.Alert]) async throws {
        try await api.post(hook, AlertmanagerMessage(group: group, alerts).json).expect(200)
    }

    private func alert(on component: String) -> AlertmanagerMessage.Alert {
        AlertmanagerMessage.Alert("\(component)-1", component: component, startsAt: startsAt)
    }
}
