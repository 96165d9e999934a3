import IncidentDomain

/// How everything is now. Its properties are what `Pages/Templates/status.mustache` shows, and nothing in them is escaped yet.
struct StatusPage: Sendable {
    struct Maintenance: Sendable {
        let name: String
        let status: String
        let from: PageTime
        let to: String
        let until: PageTime
    }

    struct Group: Sendable {
        let heading: String?
        let rows: [Row]
    }

    struct Row: Sendable {
        let name: String
        let state: String
        /// The class in the stylesheet.
        let style: String
        let sign: String
        let description: String?
        let bars: Markup
        let figures: String
    }

    struct Day: Sendable {
        let day: PageTime
        let incidents: [StatusIncidentView]
        let none: String?
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let sentence: String
    let indicator: String
    let sign: String
    let hasIncidents: Bool
    let incidents: [StatusIncidentView]
    let moreIncidents: String?
    let hasMaintenance: Bool
    let maintenance: [Maintenance]
    let hasGroups: Bool
    let groups: [Group]
    let moreServices: String?
    let days: [Day]

    private static let incidentsMax = 20
    private static let maintenanceMax = 10
    static let pastDays = 14
    private static let pastMax = 40

    init(_ status: PublicStatus, _ frame: StatusFrame) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interruptedSince)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink("/status"))
        sentence = speech(status.sentence)
        indicator = status.indicator.rawValue
        sign = Self.sign(of: status.indicator)
        let open = status.unresolved
        incidents = open.prefix(Self.incidentsMax).map { StatusIncidentView($0, of: status, frame) }
        hasIncidents = !incidents.isEmpty
        let left = open.count - incidents.count
        moreIncidents = left > 0 ? speech("and \(.number(left)) more") : nil
        maintenance = status.maintenance(.inProgress, .scheduled).prefix(Self.maintenanceMax).map {
            Maintenance(
                name: speech(status.names($0.components)), status: speech($0.status(at: status.now).phrase),
                from: PageTime($0.startsAt, speech), to: speech("until"), until: PageTime($0.endsAt, speech))
        }
        hasMaintenance = !maintenance.isEmpty
        groups = Self.groups(status, speech)
        hasGroups = !groups.isEmpty
        moreServices =
            status.rows.count < PublicCatalog.componentsMax
            ? nil : speech("At most \(.number(PublicCatalog.componentsMax)) services are shown.")
        days = Self.days(status, frame)
    }

    private static func groups(_ status: PublicStatus, _ speech: Speech) -> [Group] {
        var groups: [(heading: String?, rows: [Row])] = []
        for (place, row) in status.rows.enumerated() {
            if groups.isEmpty || groups[groups.count - 1].heading != row.component.group {
                groups.append((row.component.group, []))
            }
            groups[groups.count - 1].rows.append(Self.row(row, place, speech))
        }
        return groups.map { Group(heading: $0.heading, rows: $0.rows) }
    }

    private static func row(_ row: PublicStatus.Row, _ place: Int, _ speech: Speech) -> Row {
        Row(
            name: row.component.name, state: speech(row.state.phrase), style: row.state.rawValue,
            sign: sign(of: row.state), description: row.component.description,
            bars: Markup(svg: StatusBars(row.uptime, id: "days-\(place + 1)", speech).svg),
            figures: figures(row.uptime, speech))
    }

    /// As in `Uptime: 24 h 100 % · 7 days 99.98 % · ...`, of the spans of which enough is known.
    private static func figures(_ uptime: PublicUptime, _ speech: Speech) -> String {
        let shares = PublicUptime.spans.compactMap { days -> Phrase? in
            uptime.share(ofDays: days).map { found in
                let share = Self.percent(found, speech)
                return days == 1 ? "24 h \(share)" : "\(.number(days)) days \(share)"
            }
        }
        let (all, since) = (shares.joined(separator: " · "), Phrase.moment(uptime.since, .day))
        if shares.isEmpty { return speech("Uptime: too little is known yet, since \(since).") }
        return speech(uptime.isKnownWholly ? "Uptime: \(all)" : "Uptime (known since \(since)): \(all)")
            .withUnbrokenUnits
    }

    /// Rounded down, so that 100 % is only said of what was up all the time.
    static func percent(_ share: Double, _ speech: Speech) -> String {
        let hundredths = Int((share * 10_000 + 1e-6).rounded(.down))
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        let mark = speech.language == .de ? "," : "."
        return rest == 0 ? "\(whole) %" : "\(whole)\(mark)\(rest < 10 ? "0" : "")\(rest) %"
    }

    private static func days(_ status: PublicStatus, _ frame: StatusFrame) -> [Day] {
        let today = status.now.milliseconds / 86_400_000
        let over = status.record.incidents.filter { $0.status.isResolved }
        let byDay = Dictionary(grouping: over) { $0.startedAt.milliseconds / 86_400_000 }
        var left = pastMax
        return (0..<Int64(pastDays)).map { today - $0 }.map { day in
            let incidents = (byDay[day] ?? []).prefix(left)
            left -= incidents.count
            return Day(
                day: PageTime(day: Timestamp(milliseconds: day * 86_400_000), frame.speech),
                incidents: incidents.map { StatusIncidentView($0, of: status, frame) },
                none: byDay[day] == nil ? quiet(day, status, frame.words) : nil)
        }
    }

    /// What is said of a day on which no incident began that is over by now.
    private static func quiet(_ day: Int64, _ status: PublicStatus, _ words: StatusFrame.Words) -> String {
        let begin = Timestamp(milliseconds: day * 86_400_000)
        let end = begin.adding(seconds: 86_400)
        let touching = status.record.incidents.filter {
            $0.startedAt < end && ($0.status.isResolved ? $0.endedAt.map { $0 > begin } ?? false : true)
        }
        if touching.contains(where: { !$0.status.isResolved }) { return words.open }
        return touching.isEmpty ? words.none : words.goingOn
    }

    // MARK: Signs: what is shown in colour is shown in form as well

    private static func sign(of indicator: PublicIndicator) -> String {
        switch indicator {
        case .none: "✓"
        case .minor: "▼"
        case .major: "◐"
        case .critical: "✕"
        case .maintenance: "⚒"
        }
    }

    private static func sign(of state: PublicComponentState) -> String {
        switch state {
        case .operational: "✓"
        case .degradedPerformance: "▼"
        case .partialOutage: "◐"
        case .majorOutage: "✕"
        case .underMaintenance: "⚒"
        }
    }
}

/// The last 90 days of a component as a picture: a bar a day, the taller the worse.
struct StatusBars: Sendable {
    let svg: String

    /// Days of which it is said what happened; the others only show it.
    private static let titlesMax = 15

    /// - Parameter id: Names its description within the page.
    init(_ uptime: PublicUptime, id: String, _ speech: Speech) {
        let days = uptime.days
        let unknown = days.prefix { $0.known <= 0 && $0.worst == nil }.count
        let bad = days.enumerated().filter { $0.element.worst != nil }
        var paths = ""
        if unknown > 0 { paths += "<path class=\"run unknown\" d=\"M0 18H\(unknown * 4)\"/>" }
        if unknown < days.count { paths += "<path class=\"run\" d=\"M\(unknown * 4) 18H\(days.count * 4)\"/>" }
        var plain: [String: String] = [:]
        for (count, (place, day)) in bad.reversed().enumerated() {
            let (style, top) = Self.style(of: day.worst)
            let moved = "M\(Double(place * 4) + 1.5) 28V\(top)"
            guard count < Self.titlesMax else {
                plain[style, default: ""] += moved
                continue
            }
            let title = HTMLText.escape(Self.text(day, speech))
            paths += "<path class=\"\(style)\" d=\"\(moved)\"><title>\(title)</title></path>"
        }
        for (style, line) in plain.sorted(by: { $0.key < $1.key }) {
            paths += "<path class=\"\(style)\" d=\"\(line)\"/>"
        }
        let description: Phrase =
            bad.isEmpty
            ? "The last 90 days: no disruption."
            : "The last 90 days: \(bad.count == 1 ? "1 day" : "\(.number(bad.count)) days") with a disruption, the last one \(.moment(bad[bad.count - 1].element.begin, .day))."
        svg =
            "<svg class=\"bars\" viewBox=\"0 0 360 30\" preserveAspectRatio=\"none\" role=\"img\" aria-labelledby=\"\(id)\">"
            + "<desc id=\"\(id)\">\(HTMLText.escape(speech(description)))</desc>\(paths)</svg>"
    }

    private static func style(of level: ImpactLevel?) -> (style: String, top: Int) {
        switch level {
        case .majorOutage: ("major", 0)
        case .partialOutage: ("partial", 3)
        case .degraded, .maintenance, .some(.none), nil: ("degraded", 5)
        }
    }

    private static func text(_ day: PublicUptime.Day, _ speech: Speech) -> String {
        let parts: [(Phrase, Double)] = [
            ("major outage", day.major), ("partial outage", day.partial), ("degraded performance", day.degraded),
        ]
        let levels = parts.filter { $0.1 > 0 }.map { name, seconds -> Phrase in
            "\(name) \(.duration(seconds.rounded()))"
        }
        return speech("\(.moment(day.begin, .day)): \(levels.joined(separator: ", "))")
    }
}
