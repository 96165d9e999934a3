import IncidentDomain

/// Mail, as a program that is called like `sendmail -t -i` reads it: RFC 5322 with lines that end with LF, text and HTML side by side.
///
/// All mails of an incident are one thread: they answer a first one that is never sent, and have the subject of the first that was.
/// How the incident stands is said in the text's first line. A mail that is sent again has the same `Message-ID`.
enum EmailFormat: OutboundFormat {
    static let usualURL: String? = ""
    static let recipientsMax = 50
    private static let subjectMax = 200

    static let options = [
        EndpointOption(
            "to", isRequired: true,
            "Who hears, as `ana@example.org, Ron <ron@example.org>`: at most \(recipientsMax) addresses."
        ) { text in
            guard let list = Mailbox.list(text) else {
                return "should be addresses as ana@example.org or Ana <ana@example.org>, with commas between them"
            }
            return list.count > recipientsMax ? "must have at most \(recipientsMax) addresses" : nil
        },
        EndpointOption(
            "from", isRequired: true, "Whose mail it is, as `Muster <muster@example.org>`; bounces go there."
        ) {
            Mailbox($0) == nil ? "should be an address as muster@example.org or Muster <muster@example.org>" : nil
        },
        EndpointOption(
            "unsubscribe", "Where one gets off the list: an `https:` or `mailto:` address, shown as `List-Unsubscribe`."
        ) {
            isUnsubscribe($0) ? nil : "should be an https: or mailto: address of at most 500 characters of ASCII"
        },
    ]

    private static func isUnsubscribe(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("mailto:")) && text.utf8.count <= 500
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"<>,".utf8.contains($0) }
    }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        guard let recipients = Mailbox.list(message.options["to"] ?? ""), !recipients.isEmpty,
            let sender = Mailbox(message.options["from"] ?? "")
        else { throw OutboundMistake(reason: "the endpoint's addresses cannot be used") }
        let text = MessageText(message)
        let headline = OutboundText.fit(message.thread ?? text.headline, subjectMax, .scalars)
        let subject = text.incident.map { "[\($0)] \(headline)" } ?? headline
        var lines = [
            "From: \(sender.header)",
            "To: \(recipients.map(\.header).joined(separator: ",\n "))",
            "Subject: \(MailText.unstructured(subject))",
            "Date: \(MailText.date(message.sentAt))",
            "Message-ID: <\(message.id)@\(message.domain)>",
        ]
        if let incident = text.incident {
            let parent = "<\(incident)@\(message.domain)>"
            lines += ["In-Reply-To: \(parent)", "References: \(parent)"]
        }
        lines += ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"]
        if let unsubscribe = message.options["unsubscribe"], isUnsubscribe(unsubscribe) {
            lines.append("List-Unsubscribe: <\(unsubscribe)>")
        }
        let body = MailText.message(lines, plain: plain(text), html: Pages.shared.render(MailHTML(text)))
        return OutboundRequest(
            url: "", headers: [], body: body,
            carrier: .mail(recipients: recipients.map(\.address)), reference: text.incident == nil ? nil : headline)
    }

    static let titleMax = 500
    static let whatMax = 4000
    static let factMax = 1500

    private static func plain(_ text: MessageText) -> String {
        let lines = text.lines(.scalars, title: titleMax, what: whatMax, fact: factMax)
        let head = text.what == nil ? 1 : 2
        let blocks =
            lines.prefix(head).map(\.self) + [
                lines.dropFirst(head).joined(separator: "\n"), text.link ?? "", text.mailFooter,
            ]
        return blocks.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }
}

extension OutboundMessage {
    fileprivate var domain: String { MailText.domain(of: host) }
}

extension MessageText {
    fileprivate var mailFooter: String {
        "\(occurredAt.toTheMinute), by \(OutboundText.fit(actor, 200, .scalars)). Sent by Muster; all times are UTC."
    }
}

/// The HTML of a mail. Its properties are what `Pages/Templates/mail.mustache` shows, and nothing in them is escaped yet.
struct MailHTML: Sendable {
    struct Fact: Sendable {
        let name: String
        let value: String
    }

    let title: String
    let color: String
    let what: String?
    let facts: [Fact]
    let link: String?
    let linkText: String
    let footer: String

    init(_ text: MessageText) {
        title = OutboundText.fit(text.title, EmailFormat.titleMax, .scalars)
        color = text.tone.mailColor
        what = text.what.map { OutboundText.fit($0, EmailFormat.whatMax, .scalars) }
        facts = text.facts.map {
            Fact(name: $0.name, value: OutboundText.fit($0.value.words, EmailFormat.factMax, .scalars))
        }
        link = text.link
        linkText = text.linkText
        footer = text.mailFooter
    }
}

extension MessageText.Tone {
    fileprivate var mailColor: String {
        switch self {
        case .sev1: "#d92d20"
        case .sev2: "#f79009"
        case .sev3: "#fac515"
        case .sev4: "#2e90fa"
        case .unknown, .news: "#667085"
        case .over: "#12b76a"
        }
    }
}
