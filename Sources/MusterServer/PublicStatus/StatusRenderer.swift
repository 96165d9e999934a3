import HTTPTypes
import IncidentDomain

/// Makes every public answer of one moment. What has not changed since the snapshot before is taken from it: a change of one incident
/// renders the pages that show it, and no others.
struct StatusRenderer: Sendable {
    let record: PublicRecord
    let settings: StatusSettings
    /// When the database was last looked at.
    let asOf: Timestamp
    /// How old that is, when nobody looks after it any more, so that the pages say so.
    let age: StatusAge?
    let previous: StatusSnapshot?
    /// For `Last-Modified` of what is new.
    let now: Timestamp

    /// The path of the page for addresses that have none.
    static let missing = "/status/missing"
    /// The path of the page for whoever sent a report from a page.
    static let reported = "/status/reported"

    private typealias Place = StatusSnapshot.Place

    /// Takes some milliseconds, and up to a second where every page is new: not for an event loop.
    func render() -> StatusSnapshot {
        var answers: [Place: StatusAnswer] = [:]
        var made: [String: Int] = [:]
        let status = PublicStatus(record, at: asOf)
        let documents = StatuspageFormat(status, settings)
        for (path, bytes) in documents.documents {
            put(bytes, Kind(type: "application/json"), at: Place(path: path), into: &answers)
        }
        putFeeds(status, changedAt: documents.changedAt, into: &answers)
        let months = months
        for language in Language.allCases {
            let frame = StatusFrame(language, settings, age: age)
            put(
                Pages.shared.render(StatusPage(status, frame)), at: Place(path: "/status", language: language),
                into: &answers)
            let missing = Pages.shared.render(StatusMissingPage(frame))
            put(missing, .notFound, at: Place(path: Self.missing, language: language), into: &answers)
            put(
                Pages.shared.render(HelpReportedPage(frame)), at: Place(path: Self.reported, language: language),
                into: &answers)
            if settings.offersSubscriptions {
                let page = Pages.shared.render(SubscribePage(status, frame, offersMail: settings.offersMail))
                put(
                    page, forms: "'self'", at: Place(path: SubscriptionLinks.root, language: language), into: &answers)
            }
            putIncidents(status, frame, into: &answers, &made)
            putMonths(months, status, frame, into: &answers, &made)
        }
        return StatusSnapshot(
            status, age: age, settings: settings, answers: answers, made: made)
    }

    private func putFeeds(_ status: PublicStatus, changedAt: Timestamp, into answers: inout [Place: StatusAnswer]) {
        let feeds = StatusFeeds(status: status, settings: settings, changedAt: changedAt)
        let all: [(path: String, type: String, bytes: [UInt8])] = [
            ("/status.atom", "application/atom+xml; charset=utf-8", Array(feeds.atom.utf8)),
            ("/status.rss", "application/rss+xml; charset=utf-8", Array(feeds.rss.utf8)),
            ("/status.ics", "text/calendar; charset=utf-8", feeds.calendar),
            ("/status/badge.svg", "image/svg+xml", Array(feeds.badge.utf8)),
            ("/status/embed.json", "application/json", feeds.embed),
        ]
        for (path, type, bytes) in all { put(bytes, Kind(type: type), at: Place(path: path), into: &answers) }
    }

    private func putIncidents(
        _ status: PublicStatus, _ frame: StatusFrame, into answers: inout [Place: StatusAnswer],
        _ made: inout [String: Int]
    ) {
        for incident in record.incidents {
            let place = Place(path: "/status/incidents/\(incident.number)", language: frame.speech.language)
            keep(at: place, of: [incident], into: &answers, &made) {
                Pages.shared.render(StatusIncidentPage(incident, of: status, frame))
            }
        }
        // The permanent link of one that was merged shows what it goes on as.
        for (merged, target) in record.merged ?? [:] {
            let language = frame.speech.language
            answers[Place(path: "/status/incidents/\(merged)", language: language)] =
                answers[Place(path: "/status/incidents/\(target)", language: language)]
        }
    }

    /// The incidents by month, the newest first.
    private var months: [(month: String, incidents: [PublicIncident])] {
        Dictionary(grouping: record.incidents) { String($0.startedAt.description.prefix(7)) }
            .map { ($0.key, $0.value) }.sorted { $0.0 > $1.0 }
    }

    private func putMonths(
        _ months: [(month: String, incidents: [PublicIncident])], _ status: PublicStatus, _ frame: StatusFrame,
        into answers: inout [Place: StatusAnswer], _ made: inout [String: Int]
    ) {
        let names = months.map(\.month)
        let language = frame.speech.language
        for (month, incidents) in months {
            let path = "/status/history/\(month)"
            keep(at: Place(path: path, language: language), of: incidents, names, into: &answers, &made) {
                Pages.shared.render(StatusHistoryPage(month, incidents, of: status, months: names, path: path, frame))
            }
        }
        let path = "/status/history"
        keep(at: Place(path: path, language: language), of: months.first?.incidents ?? [], names, into: &answers, &made)
        {
            Pages.shared.render(
                StatusHistoryPage(
                    names.first, months.first?.incidents ?? [], of: status, months: names, path: path, frame))
        }
    }

    /// A page that is made of some incidents and the names of components alone: as it was, if these are.
    private func keep(
        at place: Place, of incidents: [PublicIncident], _ names: [String] = [],
        into answers: inout [Place: StatusAnswer], _ made: inout [String: Int], _ render: () -> String
    ) {
        var hasher = Hasher()
        hasher.combine(incidents)
        // What is expected is told otherwise once its time has passed.
        hasher.combine(incidents.map { incident in incident.eta.map { $0 > asOf } })
        hasher.combine(names)
        hasher.combine(record.components)
        hasher.combine(settings)
        hasher.combine(age?.asOf)
        let (key, hash) = ("\(place.path) \(place.language?.rawValue ?? "")", hasher.finalize())
        made[key] = hash
        if previous?.made[key] == hash, let before = previous?.answer(place.path, place.language) {
            answers[place] = before
        } else {
            put(render(), at: place, into: &answers)
        }
    }

    // MARK: Answers

    private enum PageKind { case page, notFound }
    private typealias Kind = StatusAnswer.Kind

    private func put(
        _ page: String, _ kind: PageKind = .page, forms: String = "'none'", at place: Place,
        into answers: inout [Place: StatusAnswer]
    ) {
        let policy = Self.contentPolicy(of: page, forms: forms)
        let kind = Kind(
            type: "text/html; charset=utf-8", status: kind == .notFound ? .notFound : .ok, isTranslated: true,
            contentPolicy: policy)
        put(Array(page.utf8), kind, at: place, into: &answers)
    }

    private func put(
        _ bytes: [UInt8], _ kind: Kind, at place: Place, into answers: inout [Place: StatusAnswer]
    ) {
        let interrupted = age?.asOf
        if let before = previous?.answer(place.path, place.language), before.says(bytes, kind, asOf: interrupted) {
            answers[place] = before
        } else {
            answers[place] = StatusAnswer(bytes, kind, modifiedAt: now, asOf: interrupted)
        }
    }

    /// Lets a page use the stylesheet and the script that are in it, and nothing else.
    ///
    /// - Parameter forms: Where its forms may go.
    static func contentPolicy(of page: String, forms: String = "'none'") -> String {
        let (sheet, script) = (digest(of: "style", in: page), digest(of: "script", in: page))
        return
            "default-src 'none'; style-src \(sheet); script-src \(script); img-src 'self' data:; base-uri 'none'; form-action \(forms); frame-ancestors 'none'"
    }

    /// What names the one element of a kind that a page has. The first is ours: what people typed is escaped.
    static func digest(of element: String, in page: String) -> String {
        guard let start = page.firstRange(of: "<\(element)>"),
            let end = page[start.upperBound...].firstRange(of: "</\(element)>")
        else { return "'none'" }
        return "'sha256-\(Base64.encode(OpenSSL.sha256(Array(page[start.upperBound..<end.lowerBound].utf8))))'"
    }
}
