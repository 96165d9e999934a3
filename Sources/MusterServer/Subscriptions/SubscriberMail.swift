import FoundationEssentials
import IncidentDomain

/// A mail to one subscriber: RFC 5322, with the fields by which mail programs sort it, unsubscribe by one click (RFC 8058), and do not answer it.
struct SubscriberMail: Sendable {
    let links: SubscriptionLinks
    let from: Mailbox

    /// - Parameter edition: Of the news; with the subscriber's id it makes a `Message-ID` that stays the same when it is sent again.
    func news(
        _ news: PublicNews, edition: Int, isFirst: Bool, to subscription: Subscription, _ secrets: SubscriptionSecrets,
        at now: Timestamp
    ) throws(OutboundMistake) -> OutboundRequest {
        let text = SubscriberText(news, isFirst: isFirst, links, token: secrets.token, subscription.language)
        let thread = "<\(news.subject.replacing("/", with: "-"))@\(domain)>"
        let leave = links.unsubscribe(secrets.token, subscription.language)
        return try mail(
            text, to: secrets.address, id: "sub-\(edition)-\(subscription.id.text)", at: now,
            [
                "In-Reply-To: \(thread)", "References: \(thread)", "List-Id: <status.\(domain)>",
                "List-Unsubscribe: <\(leave)>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            ])
    }

    /// The question whether it is wanted, or the answer that it is there already.
    func question(
        to subscription: Subscription, _ secrets: SubscriptionSecrets, at now: Timestamp
    ) throws(OutboundMistake) -> OutboundRequest {
        let text =
            subscription.confirmedAt == nil
            ? SubscriberText.question(links, token: secrets.question, subscription.language)
            : SubscriberText.reminder(links, token: secrets.token, subscription.language)
        // The same question again is the same mail; a reminder is a new one.
        let id = subscription.confirmedAt == nil ? secrets.questionID : "again-\(now.milliseconds)"
        return try mail(text, to: secrets.address, id: "\(id)-\(subscription.id.text)", at: now, [])
    }

    private func mail(
        _ text: SubscriberText, to address: String, id: String, at now: Timestamp, _ more: [String]
    ) throws(OutboundMistake) -> OutboundRequest {
        guard let recipient = Mailbox(address) else { throw OutboundMistake(reason: "the address cannot be used") }
        let fields = [
            "From: \(from.header)", "To: \(recipient.header)",
            "Subject: \(MailText.unstructured(OutboundText.fit(text.subject, Self.subjectMax, .scalars)))",
            "Date: \(MailText.date(now))", "Message-ID: <\(id)@\(domain)>",
        ]
        let automatic = ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"]
        let body = MailText.message(
            fields + more + automatic, plain: text.plain, html: Pages.shared.render(text))
        return OutboundRequest(url: "", headers: [], body: body, carrier: .mail(recipients: [recipient.address]))
    }

    private static let subjectMax = 200
    private var domain: String { MailText.domain(of: links.settings.host.lowercased()) }
}
