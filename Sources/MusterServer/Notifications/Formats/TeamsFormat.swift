import IncidentDomain

/// Microsoft Teams: an adaptive card for the Workflows trigger "When a Teams webhook request is received" (learn.microsoft.com,
/// `platform/webhooks-and-connectors/how-to/connectors-using`). Connectors of Office 365 are gone.
///
/// The texts are `TextRun`s, which know no Markdown. Teams says 202 before it looks at the card, and shows nothing when it is too
/// large: ours stay far below 28 KB, as Teams counts what it adds itself.
enum TeamsFormat: OutboundFormat {
    /// The whole body.
    static let bytesMax = 21_000

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        let text = MessageText(message)
        var json = JSONWriter()
        json.object { json in
            json.member("type", "message")
            json.name("attachments")
            json.array { json in
                json.object { json in
                    json.member("contentType", "application/vnd.microsoft.card.adaptive")
                    json.member("contentUrl", String?.none)
                    json.object("content") { card(text, &$0) }
                }
            }
        }
        guard json.bytes.count <= bytesMax else {
            throw OutboundMistake(
                reason: "the card has \(json.bytes.count) bytes, and Teams shows none above \(bytesMax)")
        }
        return OutboundRequest(url: message.url, headers: [("content-type", "application/json")], body: json.bytes)
    }

    private static func card(_ text: MessageText, _ json: inout JSONWriter) {
        json.member("$schema", "http://adaptivecards.io/schemas/adaptive-card.json")
        json.member("type", "AdaptiveCard")
        json.member("version", "1.4")
        json.object("msteams") { $0.member("width", "Full") }
        json.name("body")
        json.array { json in
            json.object { json in
                json.member("type", "Container")
                json.member("style", text.tone.containerStyle)
                json.member("bleed", true)
                json.name("items")
                json.array { paragraph([.init(text.title, 600, isStrong: true, isLarge: true)], &$0) }
            }
            if let what = text.what { paragraph([.init(what, 2400)], &json) }
            for fact in text.facts {
                paragraph([.init("\(fact.name): ", 100, isStrong: true), .init(fact.value.words, 1000)], &json)
            }
            paragraph([.init("\(text.occurredAt.toTheMinute) · \(text.actor)", 300, isSubtle: true)], &json)
        }
        if let link = text.link, link.utf8.count <= 2000 {
            json.name("actions")
            json.array { json in
                json.object { json in
                    json.member("type", "Action.OpenUrl")
                    json.member("title", text.linkText)
                    json.member("url", link)
                }
            }
        }
    }

    private struct Run {
        /// Escaped by nothing, as nothing has a meaning in it.
        let text: String
        var isStrong = false
        var isLarge = false
        var isSubtle = false

        init(_ text: String, _ bytesMax: Int, isStrong: Bool = false, isLarge: Bool = false, isSubtle: Bool = false) {
            // A space at the end stands before the next run.
            self.text = OutboundText.fit(text, bytesMax, .bytes) + (text.hasSuffix(" ") ? " " : "")
            self.isStrong = isStrong
            self.isLarge = isLarge
            self.isSubtle = isSubtle
        }
    }

    private static func paragraph(_ runs: [Run], _ json: inout JSONWriter) {
        json.object { json in
            json.member("type", "RichTextBlock")
            json.name("inlines")
            json.array(runs) { json, run in
                json.object { json in
                    json.member("type", "TextRun")
                    json.member("text", run.text)
                    if run.isStrong { json.member("weight", "Bolder") }
                    if run.isLarge { json.member("size", "Large") }
                    if run.isSubtle { json.member("isSubtle", true) }
                }
            }
        }
    }
}

extension MessageText.Tone {
    fileprivate var containerStyle: String {
        switch self {
        case .sev1, .sev2: "attention"
        case .sev3: "warning"
        case .sev4, .news: "accent"
        case .unknown: "emphasis"
        case .over: "good"
        }
    }
}
