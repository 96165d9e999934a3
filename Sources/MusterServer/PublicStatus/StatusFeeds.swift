import IncidentDomain

/// The newest incidents as Atom (RFC 4287) and RSS 2.0, planned maintenance as iCalendar, and what other pages embed.
struct StatusFeeds: Sendable {
    let status: PublicStatus
    let settings: StatusSettings
    /// The newest change of anything that is shown.
    let changedAt: Timestamp

    private static let entriesMax = 50

    private var speech: Speech { Speech(language: settings.language) }

    private struct Entry {
        let id: String
        let link: String
        let title: String
        let text: String
        let publishedAt: Timestamp
        let updatedAt: Timestamp
    }

    private var entries: [Entry] {
        // The last word first, as readers of feeds want it.
        let newest = status.record.incidents.sorted { ($0.updatedAt, $0.number) > ($1.updatedAt, $1.number) }
        return newest.prefix(Self.entriesMax).map { incident in
            Entry(
                id: "tag:\(settings.host),2005:Incident/\(incident.number)",
                link: "\(settings.url)/status/incidents/\(incident.number)", title: speech(status.name(of: incident)),
                text: text(of: incident), publishedAt: incident.createdAt, updatedAt: incident.updatedAt)
        }
    }

    /// HTML, as Statuspage writes it: each update with its time and its status. What was typed is escaped here.
    private func text(of incident: PublicIncident) -> String {
        guard !incident.updates.isEmpty else {
            return "<p>\(HTMLText.escape(speech(incident.status.phrase)))</p>"
        }
        return incident.updates.map { update in
            let at = HTMLText.escape(speech(update.publishedAt.told))
            let steps = update.steps.map { "<li>\(HTMLText.escape($0))</li>" }.joined()
            return "<p><small>\(at)</small><br><strong>\(HTMLText.escape(speech(update.status.phrase)))</strong> - "
                + "\(HTMLText.escape(update.body).replacing("\n", with: "<br>"))</p>"
                + (steps.isEmpty ? "" : "<ul>\(steps)</ul>")
        }.joined()
    }

    private static func text(_ name: String, _ value: String, _ attributes: String = "") -> String {
        "<\(name)\(attributes)>\(HTMLText.escape(value))</\(name)>"
    }

    var atom: String {
        let entries = entries.map { entry in
            "<entry>" + Self.text("id", entry.id) + Self.text("title", entry.title)
                + Self.text("published", PageTime.iso(entry.publishedAt))
                + Self.text("updated", PageTime.iso(entry.updatedAt))
                + "<link rel=\"alternate\" type=\"text/html\" href=\"\(HTMLText.escape(entry.link))\"/>"
                + Self.text("content", entry.text, " type=\"html\"") + "</entry>\n"
        }
        let page = HTMLText.escape("\(settings.url)/status")
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<feed xml:lang=\"\(settings.language.rawValue)\" xmlns=\"http://www.w3.org/2005/Atom\">\n"
            + Self.text("id", "tag:\(settings.host),2005:/status/history") + Self.text("title", title)
            + Self.text("updated", PageTime.iso(changedAt)) + "<author>" + Self.text("name", settings.name)
            + "</author>"
            + "<link rel=\"alternate\" type=\"text/html\" href=\"\(page)\"/>"
            + "<link rel=\"self\" type=\"application/atom+xml\" href=\"\(page).atom\"/>\n"
            + entries.joined() + "</feed>\n"
    }

    var rss: String {
        let items = entries.map { entry in
            "<item>" + Self.text("title", entry.title) + Self.text("description", entry.text)
                + Self.text("pubDate", HTTPDate.text(secondsSince1970: Int(entry.publishedAt.milliseconds / 1000)))
                + Self.text("link", entry.link) + Self.text("guid", entry.id, " isPermaLink=\"false\"") + "</item>\n"
        }
        let page = HTMLText.escape("\(settings.url)/status")
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\n" + Self.text("title", title)
            + "<link>\(page)</link><atom:link rel=\"self\" type=\"application/rss+xml\" href=\"\(page).rss\"/>"
            + Self.text("description", title) + Self.text("language", settings.language.rawValue)
            + Self.text("lastBuildDate", HTTPDate.text(secondsSince1970: Int(changedAt.milliseconds / 1000))) + "\n"
            + items.joined() + "</channel></rss>\n"
    }

    private var title: String { "\(settings.name) - \(speech("Incident history"))" }

    // MARK: Calendar

    var calendar: [UInt8] {
        var calendar = CalendarWriter()
        let title = "\(settings.name) - \(speech("Planned maintenance"))"
        calendar.component("VCALENDAR") { calendar in
            calendar.line("VERSION:2.0")
            calendar.line("PRODID:-//Muster//Public status//EN")
            calendar.line("CALSCALE:GREGORIAN")
            calendar.line("METHOD:PUBLISH")
            calendar.line("X-WR-CALNAME:\(CalendarWriter.text(title))")
            calendar.line("REFRESH-INTERVAL;VALUE=DURATION:PT15M")
            calendar.line("X-PUBLISHED-TTL:PT15M")
            for maintenance in status.record.maintenance {
                calendar.component("VEVENT") { calendar in
                    calendar.line("UID:\(maintenance.id)@\(settings.host)")
                    calendar.line("DTSTAMP:\(Self.moment(maintenance.updatedAt))")
                    calendar.line("DTSTART:\(Self.moment(maintenance.startsAt))")
                    calendar.line("DTEND:\(Self.moment(maintenance.endsAt))")
                    calendar.line("SEQUENCE:\(maintenance.version - 1)")
                    calendar.line("SUMMARY:\(CalendarWriter.text(speech(status.name(of: maintenance))))")
                    calendar.line("URL:\(settings.url)/status")
                    calendar.line("STATUS:CONFIRMED")
                    calendar.line("TRANSP:TRANSPARENT")
                }
            }
        }
        return calendar.bytes
    }

    /// To the second, and without a fraction.
    private static func moment(_ moment: Timestamp) -> String {
        let digits = moment.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return "\(digits)Z"
    }

    // MARK: Badge and widgets

    /// The name of the page and the state in one word, as a picture.
    var badge: String {
        let (left, right) = (String(settings.name.prefix(40)), speech(badgeWords))
        let widths = [left, right].map { 16 + 7 * $0.count }
        let all = widths[0] + widths[1]
        func words(_ text: String, at place: Int) -> String {
            "<text x=\"\(place)\" y=\"14\" text-anchor=\"middle\">\(HTMLText.escape(text))</text>"
        }
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(all)\" height=\"20\" role=\"img\" aria-label=\"\(HTMLText.escape("\(left): \(right)"))\">"
            + "<rect width=\"\(all)\" height=\"20\" rx=\"3\" fill=\"#3b434b\"/>"
            + "<path fill=\"\(badgeColor)\" d=\"M\(widths[0]) 0h\(widths[1] - 3)a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-\(widths[1] - 3)z\"/>"
            + "<g fill=\"#ffffff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">"
            + words(left, at: widths[0] / 2) + words(right, at: widths[0] + widths[1] / 2) + "</g></svg>\n"
    }

    private var badgeWords: Phrase {
        switch status.indicator {
        case .none: "operational"
        case .minor: "degraded"
        case .major: "partial outage"
        case .critical: "major outage"
        case .maintenance: "maintenance"
        }
    }

    /// Dark enough for white letters.
    private var badgeColor: String {
        switch status.indicator {
        case .none: "#1d7a45"
        case .minor: "#8a6100"
        case .major: "#a8520f"
        case .critical: "#b3261e"
        case .maintenance: "#0b57a4"
        }
    }

    /// For widgets: the sentence of the page in each language, and what goes on.
    var embed: [UInt8] {
        var json = JSONWriter(capacity: 2_048)
        json.object { json in
            json.member("name", settings.name)
            json.member("url", "\(settings.url)/status")
            json.member("indicator", status.indicator.rawValue)
            json.object("sentence") { json in
                for language in Language.allCases {
                    json.member(language.rawValue, Speech(language: language)(status.sentence))
                }
            }
            json.array("incidents", status.unresolved.prefix(10)) { json, incident in
                json.object { json in
                    json.member("name", speech(status.name(of: incident)))
                    json.member("status", incident.status.rawValue)
                    json.member("impact", incident.impact.rawValue)
                    json.member("started_at", incident.startedAt)
                    json.member("eta", incident.eta)
                    json.member("url", "\(settings.url)/status/incidents/\(incident.number)")
                }
            }
            let work = status.maintenance(.inProgress) + status.maintenance(.scheduled)
            json.array("maintenance", work.prefix(10)) { json, maintenance in
                json.object { json in
                    json.member("name", speech(status.name(of: maintenance)))
                    json.member("status", maintenance.status(at: status.now).rawValue)
                    json.member("scheduled_for", maintenance.startsAt)
                    json.member("scheduled_until", maintenance.endsAt)
                }
            }
        }
        return json.bytes
    }
}
