import IncidentDomain

/// What somebody can choose who subscribes, or has subscribed: what `Pages/Templates/statussubscribe.mustache` shows.
struct SubscribePage: Sendable {
    struct Option: Sendable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    struct Group: Sendable {
        let name: String?
        let options: [Option]
    }

    /// A field that is filled in.
    struct Field: Sendable {
        let name: String
        let type: String
        let label: String
        let fill: String
        let about: String?
    }

    /// One form: by mail, by webhook, or the changes of one that is there.
    struct Form: Sendable {
        let id: String
        let heading: String
        let action: String
        let field: Field?
        let token: String?
        /// Whether a language can be chosen: webhooks are told in the installation's.
        let hasLanguages: Bool
        let languageLabel: String
        let languages: [Option]
        let choose: String
        let hint: String
        let hasGroups: Bool
        let groups: [Group]
        let button: String
    }

    /// A button that does one thing.
    struct Action: Sendable {
        let action: String
        let token: String
        let button: String
    }

    struct Feed: Sendable {
        let url: String
        let text: String
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let heading: String
    let texts: [String]
    let forms: [Form]
    let hasActions: Bool
    let actionsHeading: String
    let actions: [Action]
    let hasFeeds: Bool
    let feedsHeading: String
    let feedsText: String
    let feeds: [Feed]

    /// For somebody who is not subscribed.
    init(_ status: PublicStatus, _ frame: StatusFrame, offersMail: Bool) {
        let speech = frame.speech
        let mail = Form(
            id: "mail", .mail, offersChoice: true, heading: speech("By mail"), action: SubscriptionLinks.root,
            field: Field(
                name: "email", type: "email", label: speech("Your mail address"), fill: "email", about: nil),
            token: nil,
            status, chosen: [], language: speech.language, speech, button: speech("Subscribe"))
        let webhook = Form(
            id: "webhook", .webhook, offersChoice: false, heading: speech("By webhook"), action: SubscriptionLinks.root,
            field: Field(
                name: "webhook", type: "url", label: speech("The URL that takes the messages"), fill: "off",
                about: speech(
                    "For programs: the messages are as Statuspage sends them. A first one asks whether they are wanted."
                )),
            token: nil, status, chosen: [], language: speech.language, speech, button: speech("Subscribe"))
        self.init(
            frame, path: SubscriptionLinks.root, heading: frame.words.subscribe,
            texts: [
                speech(
                    "You hear when an incident begins, of each update, and when it is over; and of planned maintenance."
                ),
                speech(
                    "The address is stored encrypted and used for nothing else. Every message has a link that ends it."),
            ], forms: (offersMail ? [mail] : []) + [webhook], actions: [],
            feeds: [
                Feed(url: "/status.atom", text: "Atom"), Feed(url: "/status.rss", text: "RSS"),
                Feed(url: "/status.ics", text: frame.words.calendar),
            ])
    }

    /// For whoever has the link of a message.
    init(_ opened: OpenedSubscription, token: String, _ status: PublicStatus, _ frame: StatusFrame, isSaved: Bool) {
        let (speech, subscription) = (frame.speech, opened.subscription)
        var texts = [speech("Messages go to \(opened.address?.text ?? "***").")]
        if isSaved { texts.insert(speech("Your changes are saved."), at: 0) }
        if subscription.disabledAt != nil {
            texts.append(
                speech("Nothing is sent at the moment, because messages could not be delivered. Save to try again."))
        } else if subscription.failingSince != nil {
            texts.append(speech("The last messages could not be delivered. They are tried again."))
        }
        let form = Form(
            id: "change", subscription.channel, offersChoice: true, heading: speech("What you hear"),
            action: SubscriptionLinks.manage,
            field: nil, token: token,
            status, chosen: Set(subscription.components ?? []), language: subscription.language, speech,
            button: speech("Save"))
        self.init(
            frame, path: SubscriptionLinks.manage, heading: speech("Your subscription"), texts: texts, forms: [form],
            actions: [
                Action(action: SubscriptionLinks.export, token: token, button: speech("Show what is stored of me")),
                Action(
                    action: SubscriptionLinks.unsubscribe, token: token,
                    button: speech("Unsubscribe and delete everything")),
            ], feeds: [])
    }

    private init(
        _ frame: StatusFrame, path: String, heading: String, texts: [String], forms: [Form], actions: [Action],
        feeds: [Feed]
    ) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName) = (frame.other.rawValue, frame.otherName)
        // A link that had the token in it would go on to other pages.
        otherURL = frame.otherLink(path == SubscriptionLinks.root ? path : "/status")
        (self.heading, self.texts, self.forms) = (heading, texts, forms)
        (self.actions, hasActions) = (actions, !actions.isEmpty)
        actionsHeading = speech("Your data")
        (self.feeds, hasFeeds) = (feeds, !feeds.isEmpty)
        (feedsHeading, feedsText) = (speech("By feed"), speech("For feed readers and calendars; no address is needed."))
    }
}

extension SubscribePage.Form {
    /// - Parameter offersChoice: Whether components can be chosen.
    fileprivate init(
        id: String, _ channel: SubscriptionChannel, offersChoice: Bool, heading: String, action: String,
        field: SubscribePage.Field?, token: String?,
        _ status: PublicStatus,
        chosen: Set<String>, language: Language, _ speech: Speech, button: String
    ) {
        let components = offersChoice ? status.record.components : []
        var groups: [(name: String?, options: [SubscribePage.Option])] = []
        for component in components {
            if groups.isEmpty || groups[groups.count - 1].name != component.group {
                groups.append((component.group, []))
            }
            groups[groups.count - 1].options.append(
                SubscribePage.Option(
                    value: component.id, text: component.name, isChosen: chosen.contains(component.id)))
        }
        self.init(
            id: id, heading: heading, action: action, field: field, token: token,
            hasLanguages: channel == .mail, languageLabel: speech("Language of the messages"),
            languages: Language.allCases.map {
                SubscribePage.Option(
                    value: $0.rawValue, text: $0 == .de ? "Deutsch" : "English", isChosen: $0 == language)
            }, choose: speech("Only of these services"), hint: speech("Choose none to hear of all."),
            hasGroups: components.count > 1 || !chosen.isEmpty,
            groups: groups.map { SubscribePage.Group(name: $0.name, options: $0.options) },
            button: button)
    }
}

/// A page that says one thing and may have one button: what `Pages/Templates/statusnotice.mustache` shows.
struct SubscriptionNoticePage: Sendable {
    struct Button: Sendable {
        let action: String
        let token: String
        let text: String
    }

    struct Link: Sendable {
        let url: String
        let text: String
    }

    let language: String
    let words: StatusFrame.Words
    let query: String
    let other: String
    let otherName: String
    let otherURL: String
    let interrupted: String?
    let heading: String
    let text: String
    let button: Button?
    let link: Link?

    init(_ frame: StatusFrame, heading: Phrase, text: Phrase, button: Button? = nil, link: Link? = nil) {
        let speech = frame.speech
        language = speech.language.rawValue
        (words, query, interrupted) = (frame.words, frame.query, frame.interrupted)
        (other, otherName, otherURL) = (frame.other.rawValue, frame.otherName, frame.otherLink("/status"))
        (self.heading, self.text) = (speech(heading), speech(text))
        (self.button, self.link) = (button, link)
    }
}
