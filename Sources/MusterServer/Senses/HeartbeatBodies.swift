import IncidentDomain

/// Heartbeats as requests write them.
enum HeartbeatBodies {
    private static let secondsMax = 2_592_000

    static func draft(_ body: inout BodyReader, name: String) throws(Problem) -> HeartbeatDraft {
        let interval = body.integer("interval_seconds", 5...secondsMax)
        let draft = HeartbeatDraft(
            name: name, intervalSeconds: interval,
            graceSeconds: body.optionalInteger("grace_seconds", 0...secondsMax) ?? 0,
            component: SenseFields.component(&body), severity: body.optionalString("severity", 1...64),
            description: body.optionalString("description", 1...1000),
            isEnabled: body.optionalBool("enabled") ?? true)
        try body.finish()
        return draft
    }
}
