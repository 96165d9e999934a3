import IncidentDomain

/// What a mail to a subscriber says, in his language: made of public news alone.
struct SubscriberText: Sendable {
    struct Update: Sendable {
        let when: String
        let language: String
        let paragraphs: [String]
        let hasSteps: Bool
        let stepsHeading: String
        let steps: [String]
    }

    /// Where something can be read or done.
    struct Link: Sendable {
        let url: String
        let text: String
    }

    let language: String
    /// The line in the list of mails; all of a thread have the same.
    let subject: String
    let title: String
    /// Sentences in a row.
    let lead: [String]
    let updates: [Update]
    let button: Link?
    /// Why it is sent, and how that is changed.
    let footer: String
    let links: [Link]

    private static let bodyMax = 10_000

    /// News.
    ///
    /// - Parameter isFirst: Whether nothing was told of the subject before: then also updates are new that others have read.
    init(_ news: PublicNews, isFirst: Bool, _ links: SubscriptionLinks, token: String, _ chosen: Language) {
        let speech = Speech(language: chosen)
        let frame = StatusFrame(chosen, links.settings, age: nil)
        let status = news.status
        language = chosen.rawValue
        let name = news.titles[chosen.rawValue] ?? speech("An incident")
        subject = "[\(links.settings.name)] \(name)"
        title = Self.title(of: news, status, speech) ?? name
        var lead = [news.kinds.map { speech($0.phrase) }.joined(separator: " ")]
        lead += Self.facts(of: news, status, speech)
        self.lead = lead
        updates = Self.updates(of: news, isFirst: isFirst, chosen).map { Self.update($0, frame) }
        button =
            news.incident != nil || news.maintenance != nil
            ? Link(url: links.page(of: news, chosen), text: speech("All details")) : nil
        footer = speech("You get this because you subscribed to \(links.settings.name). All times are UTC.")
        self.links = [
            Link(url: links.manage(token, chosen), text: speech("Change what you hear")),
            Link(url: links.unsubscribe(token, chosen), text: speech("Unsubscribe")),
        ]
    }

    private init(
        _ language: Language, subject: String, title: String, lead: [String], button: Link, footer: String
    ) {
        self.language = language.rawValue
        (self.subject, self.title, self.lead) = (subject, title, lead)
        (self.button, self.footer) = (button, footer)
        (updates, links) = ([], [])
    }

    /// Whether somebody wants to subscribe.
    static func question(_ links: SubscriptionLinks, token: String, _ language: Language) -> SubscriberText {
        let speech = Speech(language: language)
        let name = links.settings.name
        return SubscriberText(
            language, subject: "[\(name)] \(speech("Please confirm"))",
            title: speech("Do you want to hear from \(name)?"),
            lead: [
                speech("Somebody, probably you, asked that news of incidents and maintenance be sent to this address."),
                speech("Please confirm within a day. Until then, nothing else is sent."),
            ], button: Link(url: links.confirm(token, language), text: speech("Confirm")),
            footer: speech("If you did not ask for it, do nothing: the address is forgotten after a day."))
    }

    /// To whoever asked once more.
    static func reminder(_ links: SubscriptionLinks, token: String, _ language: Language) -> SubscriberText {
        let speech = Speech(language: language)
        let name = links.settings.name
        return SubscriberText(
            language, subject: "[\(name)] \(speech("You are subscribed already"))",
            title: speech("You are subscribed already"),
            lead: [
                speech("Somebody, probably you, asked that news of incidents and maintenance be sent to this address."),
                speech("They are, already: nothing has changed."),
            ], button: Link(url: links.manage(token, language), text: speech("Change what you hear")),
            footer: speech("If you did not ask for it, do nothing."))
    }

    // MARK: Parts

    /// How it stands: `Identified: Feed: major outage`.
    private static func title(of news: PublicNews, _ status: PublicStatus, _ speech: Speech) -> String? {
        if let incident = news.incident {
            return "\(speech(incident.status.phrase)) · \(speech(status.name(of: incident)))"
        }
        return news.maintenance.map {
            "\(speech($0.status(at: news.at).phrase)) · \(speech(status.name(of: $0)))"
        }
    }

    private static func facts(of news: PublicNews, _ status: PublicStatus, _ speech: Speech) -> [String] {
        var facts: [String] = []
        if let maintenance = news.maintenance {
            let (from, until) = (maintenance.startsAt.inMail, maintenance.endsAt.inMail)
            facts.append(speech("From \(from) until \(until)."))
        }
        guard let incident = news.incident else { return facts }
        if let progress = incident.progress, !incident.status.isResolved {
            facts.append(speech(status.text(of: progress)))
        }
        if let eta = incident.eta {
            let heading = eta > news.at ? "Expected back:" : "No new time is known yet. It was expected back:" as Phrase
            facts.append("\(speech(heading)) \(speech(eta.inMail))")
        }
        return facts
    }

    /// Those that are new; where none is, the newest, by its time. In the language of the reader, where there are any.
    private static func updates(
        of news: PublicNews, isFirst: Bool, _ language: Language
    ) -> [PublicIncident.Update] {
        let all = news.incident?.updates ?? []
        let new = all.filter { news.updates.contains($0.id) }
        let shown = isFirst ? Array(all.prefix(firstUpdatesMax)) : new.isEmpty ? Array(all.prefix(1)) : new
        let readable = shown.filter { $0.language.lowercased().hasPrefix(language.rawValue) }
        return readable.isEmpty ? shown : readable
    }

    private static let firstUpdatesMax = 3

    private static func update(_ update: PublicIncident.Update, _ frame: StatusFrame) -> Update {
        let speech = frame.speech
        let view = StatusUpdateView(update, frame)
        let body = update.body.count > bodyMax ? "\(update.body.prefix(bodyMax))…" : update.body
        let when = "\(view.at.text)\(view.corrected.map { " · \($0.words) \($0.at.text)" } ?? "")"
        return Update(
            when: "\(speech(update.status.phrase)) · \(when)", language: update.language,
            paragraphs: StatusUpdateView.paragraphs(body), hasSteps: view.hasSteps, stepsHeading: view.stepsHeading,
            steps: update.steps)
    }

    /// The mail as text.
    var plain: String {
        var blocks = [title] + lead
        for update in updates {
            blocks.append(update.when)
            blocks += update.paragraphs
            guard update.hasSteps else { continue }
            blocks.append(([update.stepsHeading] + update.steps.map { "- \($0)" }).joined(separator: "\n"))
        }
        if let button { blocks.append("\(button.text): \(button.url)") }
        blocks.append("-- \n" + ([footer] + links.map { "\($0.text): \($0.url)" }).joined(separator: "\n"))
        return blocks.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }
}

extension Timestamp {
    /// As in `2026-11-22 21:37`, where the zone is said elsewhere.
    fileprivate var inMail: Phrase { .moment(self, .minute) }
}
