import IncidentDomain

/// What is open, what fires without an incident, what is late and what was lately: `Pages/Templates/roomboard.mustache`.
struct BoardPage: Sendable {
    struct Row: Sendable {
        let number: Int
        let title: String
        let severity: String
        let severityStyle: String
        let phase: String
        let age: String
        let began: RoomTime?
        let commander: String
        let firing: String?
        let progress: String?
        let eta: RoomTime?
        let next: String?
        let lateness: String?
    }

    struct Choice: Sendable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    let frame: RoomFrame
    let heading: String
    let words: String
    let phases: [Choice]
    let severities: [Choice]
    let component: String
    let isFiltered: Bool
    let rows: [Row]
    let isEmpty: Bool
    let none: String
    /// Where the list goes on.
    let older: String?
    let orphans: [RoomSection.Line]
    let hasOrphans: Bool
    let moreOrphans: String?
    let late: [RoomSection.Line]
    let hasLate: Bool
    let recent: [Row]
    let hasRecent: Bool
    let open: [RoomForm]
    /// The components that can be chosen from.
    var components: [String] = []

    init(
        _ filter: BoardFilter, _ frame: RoomFrame, rows: [Row], older: String?, orphans: [RoomSection.Line],
        moreOrphans: String?, late: [RoomSection.Line], recent: [Row]
    ) {
        self.frame = frame
        isFiltered = filter.isFiltered
        heading = filter.isFiltered ? "Found" : rows.isEmpty ? "Nothing is open" : "Open incidents"
        words = filter.words ?? ""
        component = filter.component ?? ""
        phases = Self.choices(
            [("open", "open")] + Phase.allCases.map { ($0.rawValue, $0.title.lowercased()) } + [("any", "any")],
            chosen: filter.phase)
        severities = Self.choices(
            [("any", "any")] + Severity.allCases.map { ($0.rawValue, $0.rawValue) },
            chosen: filter.severity?.rawValue ?? "any")
        self.rows = rows
        isEmpty = rows.isEmpty
        none = filter.isFiltered ? "No incident is like that." : "No incident is open."
        self.older = older
        (self.orphans, hasOrphans, self.moreOrphans) = (orphans, !orphans.isEmpty, moreOrphans)
        (self.late, hasLate) = (late, !late.isEmpty)
        (self.recent, hasRecent) = (recent, !recent.isEmpty)
        open =
            frame.canAct
            ? RoomCall.named("openIncident").map { [RoomForm($0, id: "open", on: "", button: "Open", key: "o")] } ?? []
            : []
    }

    private static func choices(_ words: [(String, String)], chosen: String) -> [Choice] {
        words.map { Choice(value: $0.0, text: $0.1, isChosen: $0.0 == chosen) }
    }
}

extension BoardPage.Row {
    /// From an incident as the API shows it.
    ///
    /// - Parameter progress: How far its restoration is; nil where nobody asked.
    init?(_ json: JSONValue, progress: RestorationProgress?, now: Timestamp) {
        guard let number = json["number"]?.integer, let title = json["title"]?.string,
            let phase = json["phase"]?.string.flatMap({ Phase(rawValue: $0) })
        else { return nil }
        func time(_ value: JSONValue?) -> Timestamp? { value?.string.flatMap { Timestamp($0) } }
        self.number = number
        self.title = title
        severity = json["severity"]?.string ?? "–"
        severityStyle = json["severity"]?.string ?? "none"
        self.phase = phase.title
        let started = time(json["times"]?["started_at"])
        let ended = phase.isOpen ? now : time(json["updated_at"]) ?? now
        age = started.map { Speech.standard.text(seconds: max(ended.seconds(since: $0), 0)) } ?? ""
        began = started.map(RoomTime.init)
        commander = json["roles"]?["commander"]?.string ?? (phase.isOpen ? "no commander" : "–")
        let count = json["alerts"]?["firing"]?.integer ?? 0
        firing = count > 0 ? count == 1 ? "1 alert fires" : "\(count) alerts fire" : nil
        self.progress = progress.map { "\($0.restored + $0.waived) of \($0.total) back" }
        let told = time(json["eta"]) ?? time(json["restoration"]?["eta"])
        eta = phase.isOpen && phase != .review ? told.map(RoomTime.init) : nil
        let unmet = json["next"]?["unmet"]?.array ?? []
        next =
            !phase.isOpen
            ? nil
            : unmet.isEmpty
                ? phase.next.map { "Ready for \($0.title.lowercased())" }
                : (unmet[0]["detail"]?.string?.capitalizingFirst ?? "")
                    + (unmet.count > 1 ? " (and \(unmet.count - 1) more)" : "")
        lateness = Self.lateness(json, now)
    }

    private static func lateness(_ json: JSONValue, _ now: Timestamp) -> String? {
        for (member, what) in [("next_update_due_at", "update"), ("review_due_at", "review")] {
            guard let due = json[member]?.string.flatMap({ Timestamp($0) }), due < now else { continue }
            return "\(what) late by \(Speech.standard.text(seconds: now.seconds(since: due)))"
        }
        return nil
    }
}

/// What the board's list is narrowed to, by the parameters of its address.
struct BoardFilter: Sendable {
    /// A phase, `open` or `any`.
    var phase = "open"
    var severity: Severity?
    var component: String?
    var words: String?
    /// Where the page before ended.
    var before: Int?

    init(_ target: RequestTarget) throws(Problem) {
        for parameter in try target.parameters() where !parameter.value.isEmpty {
            switch parameter.name {
            case "phase" where parameter.value == "any" || Phase(rawValue: parameter.value) != nil:
                phase = parameter.value
            case "severity": severity = Severity(rawValue: parameter.value)
            case "component": component = String(parameter.value.prefix(64))
            case "q": words = String(parameter.value.prefix(500))
            case "before": before = Int(parameter.value).map { max($0, 1) }
            case _: break
            }
        }
    }

    /// Whether it shows anything else than what is open.
    var isFiltered: Bool { phase != "open" || severity != nil || component != nil || words != nil || before != nil }

    var incidents: IncidentFilter {
        var filter = IncidentFilter()
        if phase == "open" { filter.open = true }
        if let phase = Phase(rawValue: phase) { filter.phases = [phase] }
        filter.severities = severity.map { [$0] } ?? []
        filter.components = component.map { [$0] } ?? []
        filter.words = words
        // The worst first where that is one page; what has several goes by age.
        if !isFiltered { filter.order = .worst }
        return filter
    }

    /// The address of the page that begins behind an incident.
    func address(before number: Int) -> String {
        let parts = [
            ("phase", phase), ("severity", severity?.rawValue ?? ""), ("component", component ?? ""),
            ("q", words ?? ""),
            ("before", String(number)),
        ]
        return "/?"
            + parts.filter { !$0.1.isEmpty }.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }
}
