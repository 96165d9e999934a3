import IncidentDomain

/// PagerDuty's Events API v2 (PagerDuty/api-schema, `reference/events-v2/openapiv3.json`): triggers, acknowledges and resolves one
/// alert an incident, by a key of ours. Other pagers take the same events at another URL, as Muster itself does.
enum OutboundPagerDutyFormat: OutboundFormat {
    static let usualURL: String? = "https://events.pagerduty.com/v2/enqueue"

    static let summaryMax = 1024
    static let keyMax = 255

    static let options = [
        EndpointOption(
            "routing_key", isRequired: true, isSecret: true,
            "The integration key of a service, of an integration \"Events API V2\": up to 255 letters, digits, `-` and `_`."
        ) { isKey($0) ? nil : "should be 1 to 255 letters, digits, - and _" }
    ]

    private static func isKey(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_")
            }
    }

    static func tells(_ notice: Notice) -> Bool { PagerAction(notice) != nil }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        guard let action = PagerAction(message.notice) else {
            throw OutboundMistake(reason: "a pager hears of no such notice")
        }
        let text = MessageText(message)
        var json = JSONWriter()
        json.object { json in
            json.member("routing_key", message.options["routing_key"] ?? "")
            json.member("event_action", action.eventAction)
            json.member("dedup_key", message.key)
            if action == .trigger {
                json.member("client", "Muster")
                json.member("client_url", message.link ?? message.publicURL)
                if let link = message.link {
                    json.name("links")
                    json.array { json in
                        json.object { json in
                            json.member("href", link)
                            json.member("text", text.linkText)
                        }
                    }
                }
            }
            json.object("payload") { payload(text, message, &$0) }
        }
        return OutboundRequest(
            url: message.url, headers: [("content-type", "application/json")], body: json.bytes)
    }

    private static func payload(_ text: MessageText, _ message: OutboundMessage, _ json: inout JSONWriter) {
        json.member("summary", OutboundText.fit(text.title, summaryMax, .scalars))
        json.member("source", message.host)
        json.member("severity", text.tone.pagerDutySeverity)
        json.member("timestamp", text.occurredAt)
        if let component = message.notice.incident?.down.first?.slug {
            json.member("component", OutboundText.fit(component, 200, .scalars))
        }
        json.object("custom_details") { json in
            if let what = text.what { json.member("what", OutboundText.fit(what, 4000, .scalars)) }
            for fact in text.facts {
                json.member(fact.key, OutboundText.fit(fact.value.words, 1000, .scalars))
            }
        }
    }

    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict {
        let json = answer.json
        switch answer.status {
        case 200..<300: return .delivered(reference: json["dedup_key"]?.string)
        case 400:
            let errors = (json["errors"]?.array ?? []).compactMap(\.string)
            let said = ([json["message"]?.string].compactMap(\.self) + errors).joined(separator: "; ")
            return .failed(reason: said.isEmpty ? "status 400" : "status 400: \(OutboundText.fit(said, 300, .scalars))")
        case _: return .usual(answer)
        }
    }
}

extension PagerAction {
    fileprivate var eventAction: String {
        switch self {
        case .trigger: "trigger"
        case .acknowledge: "acknowledge"
        case .resolve: "resolve"
        }
    }
}

extension MessageText.Tone {
    /// One that nobody has judged yet may be as bad as the second.
    fileprivate var pagerDutySeverity: String {
        switch self {
        case .sev1: "critical"
        case .sev2, .unknown: "error"
        case .sev3: "warning"
        case .sev4, .over, .news: "info"
        }
    }
}

extension MessageText.Fact {
    /// `still_open`: its name as the key of a detail.
    var key: String { name.lowercased().replacing(" ", with: "_") }
}
