import IncidentDomain

/// Something that says regularly that it lives, as people configure it.
struct HeartbeatDraft: Hashable, Sendable {
    let name: String
    let intervalSeconds: Int
    let graceSeconds: Int
    let component: String?
    let severity: String?
    let description: String?
    let isEnabled: Bool

    var rule: HeartbeatRule {
        HeartbeatRule(intervalSeconds: intervalSeconds, graceSeconds: graceSeconds)
    }

    static func title(_ name: String) -> String { "Heartbeat \(name) is late" }

    /// What its alert has to hear.
    func signal(since start: Timestamp, until end: Timestamp?, lastPingAt: Timestamp?) -> SenseSignal {
        var annotations = ["interval_seconds": String(intervalSeconds)]
        annotations["description"] = description
        annotations["last_ping_at"] = lastPingAt.map { "\($0)" } ?? "never"
        return SenseSignal(
            source: BuiltInSource.heartbeats, identity: name, title: Self.title(name), component: component,
            severity: severity, labels: ["alertname": "HeartbeatLate", "heartbeat": name], annotations: annotations,
            startsAt: start, endsAt: end)
    }
}

/// A heartbeat as it stands.
struct Heartbeat: Sendable {
    let draft: HeartbeatDraft
    let createdAt: Timestamp
    let updatedAt: Timestamp
    let lastPingAt: Timestamp?
    /// When it began to count without a ping.
    let armedAt: Timestamp
    let lateSince: Timestamp?

    /// In one word; a heartbeat that never came is new until it is late.
    enum Status: String, CaseIterable, Sendable {
        case alive, new, late, disabled
    }

    var status: Status {
        if !draft.isEnabled { return .disabled }
        if lateSince != nil { return .late }
        return lastPingAt == nil ? .new : .alive
    }

    /// The last sign of life, from which its time counts.
    var lastSign: Timestamp { max(lastPingAt ?? armedAt, armedAt) }
}

extension Heartbeat: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", draft.name)
            json.member("status", status.rawValue)
            json.member("interval_seconds", draft.intervalSeconds)
            json.member("grace_seconds", draft.graceSeconds)
            json.member("component", draft.component)
            json.member("severity", draft.severity)
            json.member("description", draft.description)
            json.member("enabled", draft.isEnabled)
            json.member("last_ping_at", lastPingAt)
            json.member("late_since", lateSince)
            json.member(
                "expected_by", draft.isEnabled ? draft.rule.deadline(after: lastSign, absence: nil) : nil)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
        }
    }
}
