import IncidentDomain

/// The kinds of what people are told of maintenance, as endpoints choose them.
enum MaintenanceKind: String, CaseIterable, Sendable {
    case scheduled = "maintenance_scheduled"
    case ahead = "maintenance_ahead"
    case started = "maintenance_started"
    case extended = "maintenance_extended"
    case ended = "maintenance_ended"
    case cancelled = "maintenance_cancelled"
    case overrun = "maintenance_overrun"

    var description: String {
        switch self {
        case .scheduled: "Maintenance was planned or changed."
        case .ahead: "Maintenance begins in 72 hours, 24 hours or an hour."
        case .started: "Maintenance began."
        case .extended: "Maintenance that runs, or is planned, ends later."
        case .ended: "Maintenance is over."
        case .cancelled: "Maintenance was cancelled, all of it or one of its times."
        case .overrun: "Maintenance should be over and nobody has ended it; an incident was opened."
        }
    }
}

/// What people are told of maintenance, and the keys by which each of it is told once.
struct MaintenanceNotice: Sendable {
    let maintenance: Maintenance
    let now: Timestamp
    let actor: String

    /// The window was planned or changed.
    func planned(isNew: Bool, next: MaintenancePlan) -> (key: String, notice: Notice) {
        let window = maintenance.window
        let what = isNew ? "is planned" : "was changed"
        var sentence = "Maintenance \(what): \(title) It begins \(spoken(next.times.first?.local ?? window.start))"
        sentence += " and takes \(DurationText.human(Double(window.durationSeconds)))."
        if let rule = window.rule { sentence += " It recurs: \(rule)." }
        return (
            "\(key)/planned/\(maintenance.version)",
            notice(.scheduled, sentence, nil, ["change": .bool(!isNew)])
        )
    }

    /// All of it was cancelled.
    func cancelled(reason: String?) -> (key: String, notice: Notice) {
        (
            "\(key)/cancelled/\(maintenance.version)",
            notice(
                .cancelled, "Maintenance was cancelled: \(title)\(because(reason))", nil,
                ["reason": reason.map { .string($0) } ?? .null])
        )
    }

    /// Something happened with one of its times.
    func tell(
        _ news: MaintenanceNews, of occurrence: MaintenanceOccurrence, reason: String? = nil
    ) -> (key: String, notice: Notice) {
        let key = "\(key)/\(occurrence.local)"
        let end = occurrence.endsAt.toTheSecond
        switch news {
        case .ahead(let seconds):
            // To the minute, since nobody looks at the very moment.
            let left = (occurrence.startsAt.seconds(since: now) / 60).rounded() * 60
            let span = "from \(occurrence.startsAt.toTheSecond) to \(end)"
            return (
                "\(key)/ahead/\(seconds)/\(occurrence.startsAt)",
                notice(
                    .ahead, "Maintenance begins in \(DurationText.human(left)), \(span): \(title)",
                    occurrence,
                    ["seconds_before": .integer(seconds)])
            )
        case .started:
            return (
                "\(key)/started",
                notice(.started, "Maintenance began: \(title) It should end \(end).", occurrence)
            )
        case .extended:
            return (
                "\(key)/extended/\(occurrence.extensions)",
                notice(.extended, "Maintenance was extended: \(title) It should end \(end).", occurrence)
            )
        case .ended: return ("\(key)/ended", notice(.ended, "Maintenance is over: \(title)", occurrence))
        case .cancelled:
            let sentence = "Maintenance of \(spoken(occurrence.local)) was cancelled: \(title)\(because(reason))"
            return (
                "\(key)/cancelled",
                notice(
                    .cancelled, sentence, occurrence, ["reason": reason.map { .string($0) } ?? .null])
            )
        case .overran:
            let number = occurrence.incident.map { " INC-\($0) has what comes of it." } ?? ""
            return (
                "\(key)/overrun/\(occurrence.extensions)",
                notice(
                    .overrun, "Maintenance overran: \(title) It should have ended \(end).\(number)",
                    occurrence,
                    ["incident": occurrence.incident.map { .integer($0) } ?? .null])
            )
        }
    }

    private var key: String { "maintenance/\(maintenance.id.text)" }

    private var title: String {
        let line = maintenance.window.title.onOneLine
        return line.last.map { ".!?".contains($0) } == true ? line : "\(line)."
    }

    private func because(_ reason: String?) -> String { reason.map { " Reason: \($0.onOneLine)" } ?? "" }

    /// As in `2026-12-06 02:30 (Europe/Berlin)`.
    private func spoken(_ time: LocalTime) -> String {
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) (\(maintenance.window.timeZone))"
    }

    private func notice(
        _ kind: MaintenanceKind, _ sentence: String, _ occurrence: MaintenanceOccurrence?,
        _ more: JSONObject = JSONObject()
    ) -> Notice {
        let window = maintenance.window
        var data: JSONObject = [
            "maintenance": .string(maintenance.id.text), "title": .string(window.title),
            "components": .array(window.components.map { .string($0) }),
            "regions": .array(window.regions.map { .string($0) }), "time_zone": .string(window.timeZone),
        ]
        if let occurrence {
            data["occurrence"] = .string(occurrence.local.description)
            data["starts_at"] = .string(occurrence.startsAt.description)
            data["ends_at"] = .string(occurrence.endsAt.description)
        } else {
            data["local_start"] = .string(window.start.description)
            data["duration_seconds"] = .integer(window.durationSeconds)
            data["rrule"] = window.rule.map { .string($0.description) } ?? .null
        }
        for member in more.members { data[member.name] = member.value }
        return Notice(
            kind: kind.rawValue, version: 1, sentence: sentence, occurredAt: now, actor: actor, sequence: nil,
            data: .object(data), incident: nil, title: window.title, path: "/v1/maintenance/\(maintenance.id.text)")
    }
}
