import IncidentDomain

/// A list of the room, with what can be done to each of its lines and to the whole: `Pages/Templates/roomsection.mustache`.
struct RoomSection: Sendable {
    struct Line: Sendable {
        let style: String
        let text: String
        let detail: String?
        let at: RoomTime?
        let url: String?
        var forms: [RoomForm] = []

        init(
            _ text: String, style: String = "", detail: String? = nil, at: RoomTime? = nil, url: String? = nil,
            forms: [RoomForm] = []
        ) {
            (self.text, self.style, self.detail, self.at, self.url, self.forms) = (text, style, detail, at, url, forms)
        }
    }

    let anchor: String
    let heading: String
    let lines: [Line]
    let isEmpty: Bool
    let none: String
    /// How many lines are not shown.
    let more: String?
    let forms: [RoomForm]

    /// Lines that one section shows.
    private static let linesMax = 100

    private init(_ anchor: String, _ heading: String, _ lines: [Line], none: String, forms: [RoomForm]) {
        (self.anchor, self.heading, self.none, self.forms) = (anchor, heading, none, forms)
        self.lines = Array(lines.prefix(Self.linesMax))
        isEmpty = lines.isEmpty
        let left = lines.count - Self.linesMax
        more = left > 0 ? "and \(left) more" : nil
    }

    static func impacts(_ incident: Incident, _ forms: RoomForms) -> RoomSection {
        let components = incident.impacts.sorted {
            ($0.isOngoing ? 0 : 1, $0.component) < ($1.isOngoing ? 0 : 1, $1.component)
        }
        .map { impact in
            let regions = impact.regions.isEmpty ? "" : " in \(impact.regions.joined(separator: ", "))"
            let ended = impact.endedAt == nil ? "since" : "over; began"
            return Line(
                "\(impact.component): \(impact.impact.rawValue.words)\(regions)",
                style: impact.endedAt == nil ? impact.impact.rawValue : "over",
                detail: impact.startedAt == nil ? nil : ended, at: impact.startedAt.map(RoomTime.init))
        }
        let audiences = incident.audiences.map { audience in
            let numbers = [
                audience.people.map { "\($0.grouped) people" }, audience.reports.map { "\($0.grouped) reports" },
            ]
            return Line(
                "\(audience.audience.rawValue.capitalizingFirst): \(audience.description)",
                detail: numbers.compactMap(\.self).isEmpty ? nil : numbers.compactMap(\.self).joined(separator: ", "))
        }
        return RoomSection(
            "impact", "Impact", components + audiences, none: "Nobody has said what is hit.",
            forms: forms.make("putImpact", anchor: "impact") + forms.make("putAudience", anchor: "impact")
                + (incident.impacts.isEmpty ? [] : forms.make("deleteImpact", anchor: "impact")))
    }

    static func people(_ incident: Incident, _ forms: RoomForms) -> RoomSection {
        RoomSection(
            "people", "Roles",
            IncidentRole.allCases.compactMap { role in
                incident.roles[role].map { Line("\(role.rawValue.capitalizingFirst): \($0)") }
            }, none: "Nobody has a role.",
            forms: forms.make("putRole", anchor: "people")
                + (incident.roles.isEmpty ? [] : forms.make("removeRole", anchor: "people")))
    }

    static func causes(_ incident: Incident, _ forms: RoomForms) -> RoomSection {
        RoomSection(
            "cause", "Cause",
            incident.hypotheses.reversed().map { cause in
                let exactly = cause.subcategory.map { ", \($0.rawValue.words)" } ?? ""
                let place = cause.component.map { " at \($0)" } ?? ""
                return Line(
                    "\(cause.confidence.rawValue.capitalizingFirst): \(cause.category.rawValue)\(exactly)\(place)",
                    style: cause.confidence.rawValue, detail: cause.evidence, at: cause.statedAt.map(RoomTime.init))
            }, none: "Nobody has said why.", forms: forms.make("putCause", anchor: "cause"))
    }

    static func mitigations(_ incident: Incident, _ forms: RoomForms) -> RoomSection {
        let lines = incident.mitigations.reversed().map { mitigation in
            let id = String(mitigation.id)
            let isStruck = mitigation.struck ?? false
            let owner = mitigation.owner.map { ", \($0)" } ?? ""
            let isOver = mitigation.state != .planned && mitigation.state != .running
            let force = mitigation.inForce ?? false ? ", still in force" : ""
            let fixed = ["mitigation": id]
            let about = "\(id). \(mitigation.description)"
            let quick = (isOver ? [] : mitigation.state.following.prefix(3)).filter {
                $0 != .abandoned && $0 != .rejected
            }.flatMap {
                state in
                forms.make(
                    "changeMitigation", subject: "\(id)\(state.rawValue)",
                    fixed: fixed.merging(["state": state.rawValue]) { $1 }, only: [],
                    title: state.rawValue.words.capitalizingFirst,
                    anchor: "mitigations", about: about)
            }
            let change = forms.make(
                "changeMitigation", subject: id, fixed: fixed, title: "Change", anchor: "mitigations", about: about)
            return Line(
                "\(id). \(mitigation.description)", style: isStruck ? "struck" : mitigation.state.rawValue,
                detail:
                    "\(mitigation.state.rawValue.words)\(force)\(owner)\(mitigation.reason.map { ": \($0)" } ?? "")",
                at: (mitigation.endedAt ?? mitigation.startedAt).map(RoomTime.init),
                forms: isStruck ? [] : quick + change)
        }
        let suggested = incident.phase == .mitigate ? incident.cause.map(Playbook.suggestions) ?? [] : []
        let taken = Set(incident.mitigations.compactMap(\.kind))
        let offers = suggested.filter { !taken.contains($0.kind) }.prefix(4).enumerated().flatMap { place, offer in
            forms.make(
                "addMitigation", subject: "offer\(place)",
                fixedValues: ["description": offer.description, "state": "running"],
                title: "Playbook: \(offer.description)", anchor: "mitigations")
        }
        return RoomSection(
            "mitigations", "Mitigations", lines, none: "Nothing is done yet.",
            forms: forms.make("addMitigation", fixedValues: ["state": "running"], anchor: "mitigations") + offers)
    }

    static func tasks(_ incident: Incident, _ forms: RoomForms) -> RoomSection {
        let lines = incident.tasks.sorted { ($0.done ? 1 : 0, $0.id) < ($1.done ? 1 : 0, $1.id) }.map { task in
            let id = String(task.id)
            let isStruck = task.struck ?? false
            return Line(
                "\(id). \(task.text)", style: isStruck ? "struck" : task.done ? "over" : "",
                detail: [task.done ? "done" : nil, task.owner].compactMap(\.self).joined(separator: ", ").nonEmpty,
                forms: isStruck
                    ? []
                    : forms.make(
                        "changeTask", subject: id, fixed: ["task": id, "done": task.done ? "false" : "true"], only: [],
                        title: task.done ? "Not done" : "Done", anchor: "tasks", about: "\(id). \(task.text)"))
        }
        return RoomSection(
            "tasks", "Tasks", lines, none: "No tasks.", forms: forms.make("addTask", anchor: "tasks"))
    }

    static func actions(_ incident: Incident, _ forms: RoomForms, page: String = "") -> RoomSection {
        let lines = incident.actions.map { action in
            let id = action.id(in: incident.number)
            let isStruck = action.struck ?? false
            let owner = action.owner ?? "no owner"
            let due = action.due.map { "due \($0)" } ?? "no date"
            return Line(
                "\(id) \(action.title)", style: isStruck ? "struck" : action.state == .done ? "over" : "",
                detail: "\(action.kind.rawValue), \(action.state.rawValue.words), \(owner), \(due)",
                forms: isStruck
                    ? []
                    : forms.make(
                        "changeAction", subject: id, fixed: ["action": id],
                        fixedValues: [
                            "owner": action.owner ?? "", "due": action.due ?? "", "state": action.state.rawValue,
                        ], title: "Change", anchor: "actions", page: page, about: "\(id) \(action.title)"))
        }
        return RoomSection(
            "actions", "Action items", lines, none: "No action items.",
            forms: forms.make("addAction", anchor: "actions", page: page))
    }

    static func alerts(_ alerts: [StoredAlert], of incident: Incident, _ forms: RoomForms) -> RoomSection {
        var lines = alerts.map { Line($0, forms) }
        let firing = incident.firing.values.reduce(0, +)
        let shown = alerts.count { $0.status != .resolved }
        if firing > shown { lines.append(Line("and \(firing - shown) more that fire")) }
        let links = (incident.links ?? []).filter { $0.url.hasPrefix("https://") || $0.url.hasPrefix("http://") }.map {
            Line($0.kind.rawValue.capitalizingFirst, detail: $0.url, url: $0.url)
        }
        return RoomSection("alerts", "Alerts", lines + links, none: "No alert fires.", forms: [])
    }
}

extension RoomSection.Line {
    /// An alert that fires, with what can be done about it.
    init(_ alert: StoredAlert, _ forms: RoomForms) {
        let id = alert.id.text
        let isFiring = alert.status == .firing
        guard alert.status != .resolved else {
            self.init(
                alert.title, style: "over", detail: "ended by \(alert.resolvedBy ?? "its source")",
                at: alert.resolvedAt.map(RoomTime.init),
                forms: forms.make(
                    "reopenAlert", subject: id, fixed: ["alert": id], anchor: "alerts", about: alert.title))
            return
        }
        self.init(
            alert.title, style: alert.status.rawValue,
            detail: "\(alert.status.rawValue)\(alert.acknowledgedBy.map { " by \($0)" } ?? "")"
                + (alert.component.map { ", \($0)" } ?? "") + (alert.severity.map { ", \($0)" } ?? ""),
            at: RoomTime(alert.startsAt),
            forms: (isFiring
                ? forms.make(
                    "acknowledgeAlert", subject: id, fixed: ["alert": id], anchor: "alerts", about: alert.title)
                : [])
                + forms.make(
                    "resolveAlert", subject: id, fixed: ["alert": id], anchor: "alerts", about: alert.title))
    }
}

extension String {
    /// A word of the API as people read it.
    var words: String { replacing("_", with: " ") }

    var nonEmpty: String? { isEmpty ? nil : self }
}
