import IncidentDomain

/// ntfy (binwiederhier/ntfy, `docs/publish.md`): published as JSON to the root of the server, and the topic stands in the message.
/// The endpoint's URL is the topic's, as `https://ntfy.sh/our-incidents`.
enum NtfyFormat: OutboundFormat {
    /// ntfy's limits in bytes; a longer text would become a file, and a longer title is refused.
    static let messageMax = 4096
    static let titleMax = 1000

    static let options = [
        EndpointOption.key("token", "An access token, as `tk_…`, where the topic needs one.")
    ]

    static func complaint(url: String, options: [String: String]) -> String? {
        topic(url) == nil ? "url should be that of a topic, as https://ntfy.sh/our-incidents" : nil
    }

    private static func topic(_ url: String) -> String? {
        let segments = OutboundURL(url).path.split(separator: "/")
        guard segments.count == 1, let topic = segments.first, (1...64).contains(topic.utf8.count),
            topic.unicodeScalars.allSatisfy({ scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
                case _: false
                }
            })
        else { return nil }
        return String(topic)
    }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        guard let topic = topic(message.url) else {
            throw OutboundMistake(reason: "the URL is not that of a topic of ntfy")
        }
        let text = MessageText(message)
        var json = JSONWriter()
        json.object { json in
            json.member("topic", topic)
            json.member("title", OutboundText.fit(text.title, titleMax, .bytes))
            let lines = text.lines(.bytes, title: 0, what: 1500, fact: 450).dropFirst()
            json.member("message", lines.isEmpty ? text.headlineForBody : lines.joined(separator: "\n"))
            json.member("priority", text.tone.ntfyPriority)
            json.member("tags", [text.tone.ntfyTag])
            if let link = text.link {
                json.member("click", link)
                json.name("actions")
                json.array { json in
                    json.object { json in
                        json.member("action", "view")
                        json.member("label", text.linkText)
                        json.member("url", link)
                    }
                }
            }
        }
        var headers = [(name: "content-type", value: "application/json")]
        if let token = message.options["token"] { headers.append(("authorization", "Bearer \(token)")) }
        return OutboundRequest(url: OutboundURL(message.url).root.text, headers: headers, body: json.bytes)
    }

    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict {
        guard (200..<300).contains(answer.status) else { return .usual(answer) }
        return .delivered(reference: answer.json["id"]?.string)
    }
}

extension MessageText {
    /// ntfy shows "triggered" where a message is empty.
    fileprivate var headlineForBody: String { OutboundText.fit(headline, 1500, .bytes) }
}

extension MessageText.Tone {
    fileprivate var ntfyPriority: Int {
        switch self {
        case .sev1: 5
        case .sev2, .unknown: 4
        case .sev3, .over, .news: 3
        case .sev4: 2
        }
    }

    /// Short codes that ntfy shows as emojis.
    fileprivate var ntfyTag: String {
        switch self {
        case .sev1, .sev2: "rotating_light"
        case .sev3, .sev4, .unknown: "warning"
        case .over: "white_check_mark"
        case .news: "loudspeaker"
        }
    }
}
