import IncidentDomain

/// A moment as a page shows it.
struct PageTime: Sendable {
    let iso: String
    let text: String

    init(_ moment: Timestamp, _ speech: Speech) {
        iso = Self.iso(moment)
        text = "\(speech.text(moment, .minute)) UTC"
    }

    /// A day, without a time.
    init(day: Timestamp, _ speech: Speech) {
        iso = String(day.description.prefix(10))
        text = speech.text(day, .day)
    }

    /// To the second, as feeds want it.
    static func iso(_ moment: Timestamp) -> String { "\(moment.description.prefix(19))Z" }
}

/// In which words one language is written on all public pages, and what they have in common.
struct StatusFrame: Sendable {
    struct Words: Sendable {
        let name: String
        let skip: String
        let more: String
        let now: String
        let history: String
        let help: String
        let subscribe: String
        let canSubscribe: Bool
        let calendar: String
        let zone: String
        let current: String
        let maintenance: String
        let services: String
        let noServices: String
        let key: String
        let counts: String
        let past: String
        let affected: String
        let updates: String
        let noUpdate: String
        let months: String
        let none: String
        let open: String
        let goingOn: String
        let kept: String
    }

    let speech: Speech
    let words: Words
    /// What every link on the page goes on with, so that the reader's choice of a language stays.
    let query: String
    let other: Language
    /// Nil while somebody looks after what is shown.
    let interrupted: String?
    /// The same with how long ago that was, on pages that are made anew each minute.
    let interruptedSince: String?

    init(_ language: Language, _ settings: StatusSettings, age: StatusAge?) {
        let speech = Speech(language: language)
        self.speech = speech
        query = language == settings.language ? "" : "?lang=\(language.rawValue)"
        other = language == .en ? .de : .en
        interrupted = age.map { speech("As of \($0.asOf.told). Our monitoring of this page is interrupted.") }
        interruptedSince = age.map { age in
            guard age.minutes > 0 else {
                return speech("As of \(age.asOf.told). Our monitoring of this page is interrupted.")
            }
            let ago = Phrase.duration(Double(age.minutes * 60))
            return speech("As of \(age.asOf.told), \(ago) ago. Our monitoring of this page is interrupted.")
        }
        words = Self.words(speech, settings)
    }

    private static func words(_ speech: Speech, _ settings: StatusSettings) -> Words {
        Words(
            name: settings.name, skip: speech("Skip to content"), more: speech("More"), now: speech("Current status"),
            history: speech("Incident history"), help: speech("Help when something does not work"),
            subscribe: speech("Get updates"), canSubscribe: settings.offersSubscriptions,
            calendar: speech("Maintenance calendar"),
            zone: speech("All times are UTC."), current: speech("Current incidents"),
            maintenance: speech("Planned maintenance"), services: speech("Services"),
            noServices: speech("No service is listed."),
            key: speech("A bar is a day (UTC), the last 90 days: the taller, the worse. Grey: no data."),
            counts: speech(
                "Uptime is measured from incidents on this page: a major outage counts fully, a partial outage 30 %, degraded performance not at all."
            ),
            past: speech("Last 14 days"), affected: speech("Affected services"), updates: speech("Updates"),
            noUpdate: speech("No update has been published yet."), months: speech("Months"),
            none: speech("No incidents."), open: speech("An incident is going on; it stands above."),
            goingOn: speech("An incident that had begun before went on."),
            kept: speech("This history has at most 200 incidents of the last 400 days."))
    }

    /// How the other language is called in itself.
    var otherName: String { other == .de ? "Deutsch" : "English" }

    func link(_ path: String) -> String { path + query }

    /// The same page in the other language.
    func otherLink(_ path: String) -> String { "\(path)?lang=\(other.rawValue)" }
}

/// An update as a page shows it.
struct StatusUpdateView: Sendable {
    struct Corrected: Sendable {
        let words: String
        let at: PageTime
    }

    let status: String
    let at: PageTime
    let corrected: Corrected?
    let language: String
    let paragraphs: [String]
    let hasSteps: Bool
    let steps: [String]
    let stepsHeading: String

    /// What of a text the overview shows, in characters.
    static let briefMax = 2_000

    init(_ update: PublicIncident.Update, isBrief: Bool = false, _ frame: StatusFrame) {
        let speech = frame.speech
        status = speech(update.status.phrase)
        at = PageTime(update.publishedAt, speech)
        corrected = update.correctedAt.map { Corrected(words: speech("corrected"), at: PageTime($0, speech)) }
        language = update.language
        let isCut = isBrief && update.body.count > Self.briefMax
        let body =
            isCut
            ? "\(update.body.prefix(Self.briefMax))… \(speech("(cut; the incident's page has all of it)"))"
            : update.body
        paragraphs = Self.paragraphs(body)
        steps = update.steps
        hasSteps = !steps.isEmpty
        stepsHeading = speech("What you can do")
    }

    /// The parts between empty lines.
    static func paragraphs(_ text: String) -> [String] {
        var parts: [[Substring]] = [[]]
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.allSatisfy(\.isWhitespace) { parts.append([]) } else { parts[parts.count - 1].append(line) }
        }
        return parts.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
    }
}

/// What is said of the end of an incident.
struct StatusEtaView: Sendable {
    struct Told: Sendable {
        let at: PageTime
        let said: String
        let saidAt: PageTime
    }

    let heading: String
    let at: PageTime
    let hasHistory: Bool
    let historyHeading: String
    let history: [Told]

    init?(_ incident: PublicIncident, at now: Timestamp, _ frame: StatusFrame) {
        guard let eta = incident.eta else { return nil }
        let speech = frame.speech
        heading = eta > now ? speech("Expected back:") : speech("No new time is known yet. It was expected back:")
        at = PageTime(eta, speech)
        historyHeading = speech("Earlier estimates:")
        let older = incident.etas.filter { $0.eta != eta }
        history = older.map {
            Told(at: PageTime($0.eta, speech), said: speech("said"), saidAt: PageTime($0.saidAt, speech))
        }
        hasHistory = !history.isEmpty
    }
}

/// An incident as pages show it: among the current ones, in the history, on its own page.
struct StatusIncidentView: Sendable {
    struct End: Sendable {
        let at: PageTime
    }

    struct Summary: Sendable {
        let language: String
        let text: String
    }

    let name: String
    let url: String
    let impact: String
    let status: String
    let since: String
    let to: String
    let started: PageTime
    let ended: End?
    let length: String?
    let eta: StatusEtaView?
    let progress: String?
    let latest: StatusUpdateView?
    let noUpdate: String
    let moreUpdates: String?
    /// The beginning of the newest update in the language of the page, else of the newest.
    let summary: Summary?

    init(_ incident: PublicIncident, of status: PublicStatus, _ frame: StatusFrame) {
        let speech = frame.speech
        name = speech(status.name(of: incident))
        url = frame.link("/status/incidents/\(incident.number)")
        impact = incident.impact.rawValue
        self.status = speech(incident.status.phrase)
        (since, to) = (speech("Since"), speech("until"))
        started = PageTime(incident.startedAt, speech)
        ended = incident.endedAt.map { End(at: PageTime($0, speech)) }
        length = incident.endedAt.map { speech.text(seconds: max(0, $0.seconds(since: incident.startedAt))) }
        eta = StatusEtaView(incident, at: status.now, frame)
        progress = incident.progress.map { speech(status.text(of: $0)) }
        let newest = incident.latest(in: speech.language)
        latest = newest.map { StatusUpdateView($0, isBrief: true, frame) }
        noUpdate = frame.words.noUpdate
        let count = incident.updates.count + incident.updatesLeftOut
        moreUpdates = count > 1 ? speech("All \(.number(count)) updates") : nil
        summary = newest.map { update in
            let text = update.body.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            return Summary(language: update.language, text: text.count > 300 ? "\(text.prefix(300))…" : text)
        }
    }
}
