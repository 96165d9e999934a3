import IncidentDomain

/// Opsgenie's Alert API (docs.opsgenie.com, `docs/alert-api`), which Jira Service Management has as well, at
/// `https://api.atlassian.com/jsm/ops/integration/v2/alerts`: creates, acknowledges and closes one alert an incident, by an alias of
/// ours.
enum OutboundOpsgenieFormat: OutboundFormat {
    static let usualURL: String? = "https://api.opsgenie.com/v2/alerts"

    static let messageMax = 130
    static let descriptionMax = 15_000
    static let aliasMax = 512

    static let options = [
        EndpointOption.key("key", isRequired: true, "The API key of an API integration, which is sent as `GenieKey`.")
    ]

    static func tells(_ notice: Notice) -> Bool { PagerAction(notice) != nil }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        guard let action = PagerAction(message.notice) else {
            throw OutboundMistake(reason: "a pager hears of no such notice")
        }
        let text = MessageText(message)
        let base = OutboundURL(message.url)
        var json = JSONWriter()
        let url: OutboundURL
        switch action {
        case .trigger:
            url = base
            json.object { create(text, message, &$0) }
        case .acknowledge:
            url = base.below(message.key, "acknowledge").with("identifierType", "alias")
            json.object { answer(text, &$0) }
        case .resolve:
            url = base.below(message.key, "close").with("identifierType", "alias")
            json.object { answer(text, &$0) }
        }
        return OutboundRequest(
            url: url.text,
            headers: [
                ("content-type", "application/json"), ("authorization", "GenieKey \(message.options["key"] ?? "")"),
            ], body: json.bytes)
    }

    private static func create(_ text: MessageText, _ message: OutboundMessage, _ json: inout JSONWriter) {
        json.member("message", OutboundText.fit(text.title, messageMax, .scalars))
        json.member("alias", message.key)
        let lines = text.lines(.scalars, title: 1000, what: 6000, fact: 1000) + [text.link].compactMap(\.self)
        json.member("description", lines.joined(separator: "\n"))
        json.member("priority", text.tone.opsgeniePriority)
        json.member("source", message.host)
        if let component = message.notice.incident?.down.first?.slug {
            json.member("entity", OutboundText.fit(component, 512, .scalars))
        }
        json.member("tags", ["muster"] + [text.incident].compactMap(\.self))
        json.object("details") { json in
            for fact in text.facts { json.member(fact.key, OutboundText.fit(fact.value.words, 1000, .scalars)) }
        }
    }

    private static func answer(_ text: MessageText, _ json: inout JSONWriter) {
        json.member("source", "Muster")
        json.member("user", OutboundText.fit(text.actor, 100, .scalars))
        if let what = text.what { json.member("note", OutboundText.fit(what, 1000, .scalars)) }
    }
}

extension MessageText.Tone {
    fileprivate var opsgeniePriority: String {
        switch self {
        case .sev1: "P1"
        case .sev2, .unknown: "P2"
        case .sev3: "P3"
        case .sev4: "P4"
        case .over, .news: "P5"
        }
    }
}
