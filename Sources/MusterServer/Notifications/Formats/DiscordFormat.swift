import IncidentDomain

/// Discord's webhooks (discord/discord-api-docs, `resources/webhook.mdx`, `topics/rate-limits.md`): an incident is one message,
/// which is edited. `wait` has the answer say its id.
///
/// Mentions are switched off in every message, and again in every edit, as Discord asks; Markdown is escaped.
enum DiscordFormat: OutboundFormat {
    /// Discord's limits, in UTF-16 as its clients count: the text, of an embed the title, the description, a field, and all of them.
    static let contentMax = 2000
    static let titleMax = 256
    static let descriptionMax = 2000
    static let valueMax = 600
    static let embedMax = 6000

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        let text = MessageText(message)
        var json = JSONWriter()
        json.object { json in
            json.member("content", content(text))
            json.object("allowed_mentions") { json in
                json.name("parse")
                json.array { _ in }
            }
            json.name("embeds")
            json.array { json in json.object { embed(text, &$0) } }
        }
        let (method, url) = target(OutboundURL(message.url), thread: message.thread)
        return OutboundRequest(
            method: method, url: url.text, headers: [("content-type", "application/json")], body: json.bytes)
    }

    /// The first message of an incident is posted, and later ones edit it.
    private static func target(_ url: OutboundURL, thread: String?) -> (method: String, url: OutboundURL) {
        guard let thread, !thread.isEmpty, thread.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return ("POST", url.with("wait", "true"))
        }
        return ("PATCH", url.without("wait").below("messages", thread))
    }

    private static func content(_ text: MessageText) -> String {
        "**\(OutboundText.fit(text.title, 500, .utf16, escape: OutboundText.discord))**"
    }

    private static func embed(_ text: MessageText, _ json: inout JSONWriter) {
        if let link = text.link, link.utf8.count <= 2000 {
            json.member("title", text.linkText)
            json.member("url", link)
        }
        if let what = text.what {
            json.member("description", OutboundText.fit(what, descriptionMax, .utf16, escape: OutboundText.discord))
        }
        json.member("color", text.tone.discordColor)
        json.member("timestamp", text.occurredAt)
        json.array("fields", text.facts) { json, fact in
            json.object { json in
                json.member("name", fact.name)
                json.member("value", value(fact.value))
                json.member("inline", true)
            }
        }
        json.object("footer") { $0.member("text", OutboundText.fit(text.actor, 200, .utf16)) }
    }

    private static func value(_ value: MessageText.Value) -> String {
        switch value {
        case .text(let text): OutboundText.fit(text, valueMax, .utf16, escape: OutboundText.discord)
        // In the zone of the reader.
        case .moment(let moment, let then):
            (["<t:\(moment.milliseconds / 1000):f>"] + [then].compactMap(\.self)).joined(separator: ", ")
        }
    }

    /// A webhook that is not there must not be used again; a message that is not there is posted anew.
    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict {
        let json = answer.json
        switch answer.status {
        case 200..<300: return .delivered(reference: json["id"]?.string)
        case 429:
            let seconds = json["retry_after"]?.number ?? RetryAfter.seconds(answer)
            return .retry(
                reason: "status 429\(json["global"]?.bool == true ? ", for all of our messages" : "")",
                afterSeconds: seconds.map(RetryAfter.bounded))
        case 404 where json["code"]?.integer == 10008: return .anew(reason: "the message that was to be edited is gone")
        case 401, 404:
            // Discord bans the address of whoever goes on: its documentation says that such a webhook must not be used again.
            return .disabled(reason: "Discord answered \(answer.status): the webhook was removed, or its URL is wrong")
        case _: return .usual(answer)
        }
    }
}

extension MessageText.Tone {
    /// Red, green and blue.
    fileprivate var discordColor: Int {
        switch self {
        case .sev1: 0xD9_2D_20
        case .sev2: 0xF7_90_09
        case .sev3: 0xFA_C5_15
        case .sev4: 0x2E_90_FA
        case .unknown, .news: 0x66_70_85
        case .over: 0x12_B7_6A
        }
    }
}
