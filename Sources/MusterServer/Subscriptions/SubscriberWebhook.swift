import FoundationEssentials
import IncidentDomain

/// A message to one subscriber's webhook: the body as Statuspage sends it to subscribers (`meta`, `page`, `incident`), signed as Standard Webhooks
/// say. What subscribes to a page there reads this one.
struct SubscriberWebhook: Sendable {
    let links: SubscriptionLinks

    func news(
        _ news: PublicNews, edition: Int, to subscription: Subscription, _ secrets: SubscriptionSecrets,
        at now: Timestamp
    ) throws(OutboundMistake) -> OutboundRequest {
        let format = StatuspageFormat(news.status, links.settings)
        var json = JSONWriter(capacity: 4_096)
        json.object { json in
            json.object("meta") { json in
                json.member("unsubscribe", links.unsubscribe(secrets.token, subscription.language))
                json.member("documentation", "\(links.settings.url)\(SubscriptionLinks.root)")
                json.member("generated_at", now)
            }
            json.object("page") { json in
                json.member("id", format.pageID)
                json.member("status_indicator", news.indicator)
                json.member("status_description", PublicIndicator(rawValue: news.indicator)?.description ?? "")
            }
            json.object("incident") { json in write(news, format, to: &json) }
        }
        return try request(
            json.bytes, id: "sub_\(edition)_\(Self.short(subscription.id))", to: secrets, at: now)
    }

    /// What is public of it, and what happened in our own words. An incident that goes on as another one, or is withdrawn, ends here.
    private func write(_ news: PublicNews, _ format: StatuspageFormat, to json: inout JSONWriter) {
        if let incident = news.incident, news.target == nil {
            format.writeMembers(of: incident, to: &json)
        } else if let maintenance = news.maintenance {
            format.writeMembers(of: maintenance, to: &json)
        } else {
            json.member(
                "id", news.number.map(String.init) ?? news.subject.split(separator: "/").last.map(String.init) ?? "")
            json.member("name", news.titles[links.settings.language.rawValue] ?? "Withdrawn")
            json.member("status", news.number == nil ? "completed" : "resolved")
            json.member("impact", "none")
            json.member("page_id", format.pageID)
            json.array("incident_updates", [Int]()) { _, _ in }
            json.array("components", [Int]()) { _, _ in }
            json.member("merged_into", news.target.map(String.init))
        }
        json.array("news", news.kinds) { $0.value($1.rawValue) }
    }

    /// The question whether it is wanted: whoever answers 2xx with the challenge in the body, alone or as `challenge` of JSON, says yes. The
    /// secret that checks the signatures is told here and nowhere else.
    func question(
        to subscription: Subscription, _ secrets: SubscriptionSecrets, at now: Timestamp
    ) throws(OutboundMistake) -> OutboundRequest {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "subscription.question")
            json.member("timestamp", now)
            json.object("data") { json in
                json.member("challenge", secrets.question)
                json.member("confirm_url", links.confirm(secrets.question, subscription.language))
                json.member("secret", secrets.signing)
                json.member("page", "\(links.settings.url)/status")
            }
        }
        return try request(
            json.bytes, id: secrets.questionID, to: secrets, at: now)
    }

    /// Whether an answer says yes.
    static func saysYes(_ answer: OutboundAnswer, to question: String) -> Bool {
        guard (200..<300).contains(answer.status) else { return false }
        let said = answer.json["challenge"]?.string ?? ForeignText.trimmed(answer.text)
        return OpenSSL.areEqual(Array(said.utf8), Array(question.utf8))
    }

    private static func short(_ id: UUID) -> String { String(id.text.prefix { $0 != "-" }) }

    private func request(
        _ body: [UInt8], id: String, to secrets: SubscriptionSecrets, at now: Timestamp
    ) throws(OutboundMistake) -> OutboundRequest {
        guard let signing = secrets.signing.flatMap({ EndpointSecret($0) }) else {
            throw OutboundMistake(reason: "the subscription has no signing secret")
        }
        let signature = try WebhookSignature.headers(of: body, id: id, at: now, [signing])
        return OutboundRequest(
            url: secrets.address, headers: [("content-type", "application/json")] + signature, body: body)
    }
}
