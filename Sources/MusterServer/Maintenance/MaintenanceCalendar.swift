import FoundationEssentials
import IncidentDomain

/// Maintenance as iCalendar (RFC 5545): an event for each window, and one more for each of its times that differs from the rule.
struct MaintenanceCalendar: Sendable {
    let windows: [Maintenance]
    /// By their names. A window whose time zone is missing is left out.
    let zones: [String: ZoneOffsets]
    /// By window: its times that are no longer as its rule says.
    let changed: [UUID: [MaintenanceOccurrence]]
    /// Where people read more.
    let publicURL: String?

    var bytes: [UInt8] {
        var calendar = CalendarWriter()
        calendar.component("VCALENDAR") { calendar in
            calendar.line("VERSION:2.0")
            calendar.line("PRODID:-//Muster//Planned maintenance//EN")
            calendar.line("CALSCALE:GREGORIAN")
            calendar.line("METHOD:PUBLISH")
            calendar.line("NAME:Planned maintenance")
            calendar.line("X-WR-CALNAME:Planned maintenance")
            calendar.line("REFRESH-INTERVAL;VALUE=DURATION:PT15M")
            calendar.line("X-PUBLISHED-TTL:PT15M")
            let used = Set(windows.map(\.window.timeZone))
            for zone in zones.values.sorted(by: { $0.name < $1.name }) where used.contains(zone.name) {
                write(zone, to: &calendar)
            }
            for maintenance in windows {
                guard let zone = zones[maintenance.window.timeZone] else { continue }
                write(maintenance, zone, to: &calendar)
            }
        }
        return calendar.bytes
    }

    // MARK: Time zones

    /// How the clocks are set, one part for each way in which they are.
    private func write(_ zone: ZoneOffsets, to calendar: inout CalendarWriter) {
        var steps: [Step: [LocalTime]] = [:]
        var before = zone.firstOffset
        for change in zone.changes {
            // The clocks say this when they are set.
            steps[Step(from: before, to: change.offset), default: []].append(LocalTime(seconds: change.at + before))
            before = change.offset
        }
        calendar.component("VTIMEZONE") { calendar in
            calendar.line("TZID:\(zone.name)")
            write(Step(from: zone.firstOffset, to: zone.firstOffset), [LocalTime(seconds: 0)], to: &calendar)
            for (step, times) in steps.sorted(by: { $0.value[0] < $1.value[0] }) { write(step, times, to: &calendar) }
        }
    }

    private struct Step: Hashable {
        let from: Int
        let to: Int
    }

    private func write(_ step: Step, _ times: [LocalTime], to calendar: inout CalendarWriter) {
        calendar.component(step.to > step.from ? "DAYLIGHT" : "STANDARD") { calendar in
            calendar.line("DTSTART:\(times[0].compact)")
            if times.count > 1 { calendar.line("RDATE:\(times.dropFirst().map(\.compact).joined(separator: ","))") }
            calendar.line("TZOFFSETFROM:\(Self.offset(step.from))")
            calendar.line("TZOFFSETTO:\(Self.offset(step.to))")
        }
    }

    /// As in `+0100`, with seconds if there are any.
    private static func offset(_ seconds: Int) -> String {
        let size = abs(seconds)
        let parts = [size / 3600, size / 60 % 60] + (size % 60 == 0 ? [] : [size % 60])
        return (seconds < 0 ? "-" : "+") + parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined()
    }

    // MARK: Events

    private func write(_ maintenance: Maintenance, _ zone: ZoneOffsets, to calendar: inout CalendarWriter) {
        let window = maintenance.window
        let changed = changed[maintenance.id] ?? []
        var first = MaintenanceOccurrence(
            local: window.start, startsAt: zone.momentOrLater(of: window.start),
            endsAt: window.end(from: zone.momentOrLater(of: window.start)))
        if window.rule == nil, let only = changed.first { first = only }
        if maintenance.cancelledAt != nil { first.state = .cancelled }
        var known: Set<LocalTime> = []
        var added: [MaintenanceOccurrence] = []
        if window.rule != nil, maintenance.cancelledAt == nil, let last = changed.map(\.local).max() {
            known = Set(window.times(in: zone, through: zone.momentOrLater(of: last)).map(\.local))
            // The rule was changed since, and what people changed comes all the same.
            added = changed.filter { !known.contains($0.local) && !$0.state.isOver }
        }
        write(first, of: maintenance, zone, to: &calendar) { calendar in
            if let rule = window.rule { calendar.line("RRULE:\(rule)") }
            if !added.isEmpty {
                calendar.line("RDATE;TZID=\(zone.name):\(added.map(\.local.compact).joined(separator: ","))")
            }
        }
        // A time that is over and that the rule no longer has would be one more event.
        for occurrence in changed.filter({ known.contains($0.local) }) + added {
            write(occurrence, of: maintenance, zone, to: &calendar) { calendar in
                calendar.line("RECURRENCE-ID;TZID=\(zone.name):\(occurrence.local.compact)")
            }
        }
    }

    private func write(
        _ occurrence: MaintenanceOccurrence, of maintenance: Maintenance, _ zone: ZoneOffsets,
        to calendar: inout CalendarWriter, _ place: (inout CalendarWriter) -> Void
    ) {
        let window = maintenance.window
        calendar.component("VEVENT") { calendar in
            calendar.line("UID:\(maintenance.id.text)@muster")
            calendar.line("DTSTAMP:\(Self.moment(maintenance.updatedAt))")
            calendar.line("DTSTART\(Self.start(occurrence.startsAt, in: zone))")
            calendar.line("DURATION:\(Self.duration(occurrence.endsAt.seconds(since: occurrence.startsAt)))")
            place(&calendar)
            calendar.line("SEQUENCE:\(maintenance.version - 1)")
            calendar.line("CREATED:\(Self.moment(maintenance.createdAt))")
            calendar.line("LAST-MODIFIED:\(Self.moment(maintenance.updatedAt))")
            calendar.line("SUMMARY:\(CalendarWriter.text(window.title))")
            if let text = window.description { calendar.line("DESCRIPTION:\(CalendarWriter.text(text))") }
            calendar.line("CATEGORIES:\(window.components.map(CalendarWriter.text).joined(separator: ","))")
            if !window.regions.isEmpty {
                calendar.line("LOCATION:\(CalendarWriter.text(window.regions.joined(separator: ", ")))")
            }
            if let publicURL { calendar.line("URL:\(publicURL)/v1/maintenance/\(maintenance.id.text)") }
            calendar.line("STATUS:\(occurrence.state == .cancelled ? "CANCELLED" : "CONFIRMED")")
            calendar.line("TRANSP:TRANSPARENT")
        }
    }

    /// By the clocks of the zone; in UTC where they show the time twice and mean it the second time, or it is broken.
    private static func start(_ moment: Timestamp, in zone: ZoneOffsets) -> String {
        let local = zone.local(at: moment)
        let whole = Timestamp(milliseconds: moment.milliseconds / 1000 * 1000)
        guard zone.moment(of: local) == whole else { return ":\(Self.moment(moment))" }
        return ";TZID=\(zone.name):\(local.compact)"
    }

    private static func moment(_ moment: Timestamp) -> String {
        "\(LocalTime(seconds: Int(moment.milliseconds / 1000)).compact)Z"
    }

    /// As in `PT2H30M`: time that goes by.
    private static func duration(_ seconds: Double) -> String {
        let total = Int(seconds.rounded())
        let parts = [(total / 3600, "H"), (total / 60 % 60, "M"), (total % 60, "S")].filter { $0.0 > 0 }
        return "PT" + (parts.isEmpty ? "0S" : parts.map { "\($0.0)\($0.1)" }.joined())
    }
}

/// Writes iCalendar's lines: with CRLF, and folded at 75 octets, never within a character.
struct CalendarWriter: Sendable {
    private(set) var bytes: [UInt8] = []

    private static let octetsMax = 75

    mutating func component(_ name: String, _ body: (inout CalendarWriter) -> Void) {
        line("BEGIN:\(name)")
        body(&self)
        line("END:\(name)")
    }

    /// One line; nothing, if it is empty.
    mutating func line(_ text: String) {
        guard !text.isEmpty else { return }
        var length = 0
        for scalar in text.unicodeScalars {
            let octets = scalar.utf8.count
            if length + octets > Self.octetsMax {
                bytes += [13, 10, 32]
                length = 1
            }
            bytes += scalar.utf8
            length += octets
        }
        bytes += [13, 10]
    }

    /// What people typed, as the value of a property: escaped, and without the control characters that no calendar may have.
    static func text(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", ";", ",":
                escaped.append("\\")
                escaped.append(scalar)
            case "\n", "\u{85}", "\u{2028}", "\u{2029}": escaped.append(contentsOf: "\\n".unicodeScalars)
            case "\t": escaped.append(scalar)
            case "\u{0}"..<"\u{20}", "\u{7F}": break
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
