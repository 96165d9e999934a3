import FoundationEssentials
import IncidentDomain

/// A window of maintenance as it is stored.
struct Maintenance: Sendable {
    let id: UUID
    var window: MaintenanceWindow
    /// How often people changed it, from 1: the `SEQUENCE` of its events in calendars.
    var version: Int
    /// When all of it was cancelled; nil while it was not.
    var cancelledAt: Timestamp?
    /// When its times are worked out again; nil when none will come.
    var planAt: Timestamp?
    let createdAt: Timestamp
    let createdBy: String
    var updatedAt: Timestamp
    var updatedBy: String
}

/// A window with some of its times, as answers show it.
struct MaintenanceView: Sendable {
    let maintenance: Maintenance
    /// In the order of time.
    let occurrences: [MaintenanceOccurrence]
    /// Whether `occurrences` are all that are kept, and to be shown one by one.
    var isWhole = false

    private var running: [MaintenanceOccurrence] {
        occurrences.filter { $0.state == .running || $0.state == .overrun }
    }

    private var next: MaintenanceOccurrence? { occurrences.first { $0.state == .scheduled } }

    /// Of the window as a whole: what goes on decides, then what lies ahead.
    var state: MaintenanceOccurrence.State {
        if let worst = running.first(where: { $0.state == .overrun }) ?? running.first { return worst.state }
        if maintenance.cancelledAt != nil { return .cancelled }
        return next != nil || maintenance.planAt != nil ? .scheduled : .done
    }
}

extension MaintenanceView: JSONWritable {
    /// Its members in lists, of which `fields` chooses some.
    static let fields = [
        "id", "title", "description", "components", "regions", "local_start", "time_zone", "duration_seconds", "rrule",
        "ends", "state", "running", "next", "version", "cancelled_at", "created_at", "created_by", "updated_at",
        "updated_by",
    ]

    func write(to json: inout JSONWriter) {
        let window = maintenance.window
        json.object { json in
            json.member("id", maintenance.id)
            json.member("title", window.title)
            json.member("description", window.description)
            json.member("components", window.components)
            json.member("regions", window.regions)
            json.member("local_start", window.start.description)
            json.member("time_zone", window.timeZone)
            json.member("duration_seconds", window.durationSeconds)
            json.member("rrule", window.rule?.description)
            json.member("ends", window.ending.rawValue)
            json.member("state", state.rawValue)
            json.member("running", running)
            json.member("next", next)
            if isWhole { json.member("occurrences", occurrences) }
            json.member("version", maintenance.version)
            json.member("cancelled_at", maintenance.cancelledAt)
            json.member("created_at", maintenance.createdAt)
            json.member("created_by", maintenance.createdBy)
            json.member("updated_at", maintenance.updatedAt)
            json.member("updated_by", maintenance.updatedBy)
        }
    }
}

extension MaintenanceOccurrence: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("occurrence", local.description)
        json.member("state", state.rawValue)
        json.member("starts_at", startsAt)
        json.member("ends_at", endsAt)
        json.member("began_at", beganAt)
        json.member("ended_at", endedAt)
        json.member("extensions", extensions)
        json.member("incident", incident)
    }
}

/// An occurrence with its window, as components and incidents show it.
struct ComponentMaintenance: Sendable {
    let maintenance: Maintenance
    let occurrence: MaintenanceOccurrence
}

extension ComponentMaintenance: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", maintenance.id)
            json.member("title", maintenance.window.title)
            json.member("components", maintenance.window.components)
            json.member("regions", maintenance.window.regions)
            json.member("ends", maintenance.window.ending.rawValue)
            occurrence.writeMembers(to: &json)
        }
    }
}
