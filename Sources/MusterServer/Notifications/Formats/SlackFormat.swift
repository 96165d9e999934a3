import IncidentDomain

/// Slack: an incoming webhook, or with a bot's token the method `chat.postMessage`, where an incident is one thread. Mattermost
/// takes the same webhook; it shows the text, and with `dialect: mattermost` gets Markdown of its own.
///
/// docs.slack.dev, `reference/methods/chat.postMessage`, `reference/block-kit` and `messaging/formatting-message-text`;
/// developers.mattermost.com, `integrate/webhooks/incoming`. What people typed stands in objects of `plain_text`, which know no
/// formatting, with Slack's three escapes.
enum SlackFormat: OutboundFormat {
    /// For a bot; a webhook has a URL of its own.
    static let usualURL: String? = "https://slack.com/api/chat.postMessage"

    /// Of Slack: a header, a text of a section, a field of one, and the text beside the blocks. Slack also refuses what is longer
    /// than some 13,200 characters in all blocks together, which is written nowhere: ours stay far below it.
    static let headerMax = 150
    static let whatMax = 3000
    static let factMax = 1000
    static let textMax = 4000
    static let linkMax = 500
    /// Of Mattermost; longer posts are split.
    static let postMax = 16_383

    static let options = [
        EndpointOption.key(
            "token",
            "The token of a bot that may `chat:write`, as `xoxb-…`: messages go through the Web API, one thread an incident."
        ),
        EndpointOption(
            "channel", "Where the bot posts: the id of a channel, as `C024BE91L`, or its name. Required with a token."),
        EndpointOption("dialect", "`slack` (the default) or `mattermost`.") {
            Dialect(rawValue: $0) == nil ? "should be slack or mattermost" : nil
        },
    ]

    private enum Dialect: String { case slack, mattermost }

    static func complaint(url: String, options: [String: String]) -> String? {
        let (token, channel) = (options["token"], options["channel"])
        if token != nil, channel == nil { return "channel is required with a token" }
        if token == nil, channel != nil { return "token is required with a channel: a webhook has its channel already" }
        if token == nil, url == usualURL {
            return "url is required: an incoming webhook, or a token and a channel instead"
        }
        return nil
    }

    static func message(_ message: OutboundMessage) throws(OutboundMistake) -> OutboundRequest {
        if let complaint = complaint(url: message.url, options: message.options) {
            throw OutboundMistake(reason: complaint)
        }
        let text = MessageText(message)
        let dialect = message.options["dialect"].flatMap(Dialect.init) ?? .slack
        let token = message.options["token"]
        var json = JSONWriter()
        json.object { json in
            if token != nil { json.member("channel", message.options["channel"]) }
            if let thread = message.thread {
                json.member("thread_ts", thread)
                if isForAll(message.notice) { json.member("reply_broadcast", true) }
            }
            switch dialect {
            case .slack:
                json.member("text", fallback(text))
                json.member("unfurl_links", false)
                json.member("unfurl_media", false)
                json.name("blocks")
                blocks(text, &json)
            case .mattermost: json.member("text", markdown(text))
            }
        }
        var headers = [(name: "content-type", value: "application/json; charset=utf-8")]
        if let token { headers.append(("authorization", "Bearer \(token)")) }
        return OutboundRequest(url: message.url, headers: headers, body: json.bytes)
    }

    /// Whether an answer in the thread is shown in the channel as well: those who do not follow the thread have to know.
    private static func isForAll(_ notice: Notice) -> Bool {
        notice.kind == "severity_set" || notice.kind == NoticeKinds.page || notice.incident?.isOver == true
    }
}

// MARK: - Texts

extension SlackFormat {
    /// What phones show, and Mattermost, which knows no blocks.
    private static func fallback(_ text: MessageText) -> String {
        var lines = text.lines(.scalars, title: 300, what: 1500, fact: 250, escape: OutboundText.slackOrMattermost)
        if let link = link(text) { lines.append(link) }
        return lines.joined(separator: "\n")
    }

    private static func markdown(_ text: MessageText) -> String {
        var lines = text.lines(
            .scalars, title: 600, what: 6000, fact: 1500, strong: "**", escape: OutboundText.mattermost)
        if let link = text.link, link.utf8.count <= linkMax { lines.append("[\(text.linkText)](<\(markupURL(link))>)") }
        return lines.joined(separator: "\n")
    }

    private static func blocks(_ text: MessageText, _ json: inout JSONWriter) {
        json.array { json in
            json.object { json in
                json.member("type", "header")
                json.name("text")
                plain("\(text.tone.sign) \(text.title)", headerMax, &json)
            }
            if text.what != nil || !text.facts.isEmpty {
                json.object { json in
                    json.member("type", "section")
                    if let what = text.what {
                        json.name("text")
                        plain(what, whatMax, &json)
                    }
                    if !text.facts.isEmpty {
                        json.name("fields")
                        json.array { json in
                            for fact in text.facts { field(fact, &json) }
                        }
                    }
                }
            }
            json.object { json in
                json.member("type", "context")
                json.name("elements")
                json.array { json in
                    json.object { marked(date(text.occurredAt), &$0) }
                    plain(text.actor, factMax, &json)
                    if let link = link(text) { json.object { marked(link, &$0) } }
                }
            }
        }
    }

    /// A name and its value side by side: only the name is marked up.
    private static func field(_ fact: MessageText.Fact, _ json: inout JSONWriter) {
        json.object { marked("*\(fact.name)*", &$0) }
        switch fact.value {
        case .text(let text): plain(text, factMax, &json)
        case .moment(let moment, let then):
            json.object { marked(([date(moment)] + [then].compactMap(\.self)).joined(separator: ", "), &$0) }
        }
    }

    /// An object with what people typed.
    private static func plain(_ text: String, _ limit: Int, _ json: inout JSONWriter) {
        let fitting = OutboundText.fit(text, limit, .scalars, escape: OutboundText.slack)
        json.object { json in
            json.member("type", "plain_text")
            // Slack refuses an empty one.
            json.member("text", fitting.isEmpty ? "-" : fitting)
            json.member("emoji", false)
        }
    }

    /// The members of an object with markup of ours.
    private static func marked(_ text: String, _ json: inout JSONWriter) {
        json.member("type", "mrkdwn")
        json.member("text", text)
    }

    /// In the zone of the reader; what cannot show that has UTC.
    private static func date(_ moment: Timestamp) -> String {
        "<!date^\(moment.milliseconds / 1000)^{date_short_pretty} {time}|\(moment.toTheMinute)>"
    }

    /// One that is too long is left out, as a part of it leads nowhere.
    private static func link(_ text: MessageText) -> String? {
        guard let link = text.link, link.utf8.count <= linkMax else { return nil }
        return
            "<\(OutboundText.fit(markupURL(link), 4 * linkMax, .scalars, escape: OutboundText.slack))|\(text.linkText)>"
    }

    /// Without what ends the address within markup.
    private static func markupURL(_ url: String) -> String {
        url.replacing("|", with: "%7C").replacing("<", with: "%3C").replacing(">", with: "%3E").replacing(
            " ", with: "%20")
    }
}

extension MessageText.Tone {
    fileprivate var sign: String {
        switch self {
        case .sev1: "🔴"
        case .sev2: "🟠"
        case .sev3: "🟡"
        case .sev4: "🔵"
        case .unknown: "⚪"
        case .over: "🟢"
        case .news: "📣"
        }
    }
}

// MARK: - Answers

extension SlackFormat {
    /// What a webhook or the Web API says when nothing will arrive there any more, until somebody changes something at Slack.
    private static let goneForGood: Set<String> = [
        "no_service", "no_active_hooks", "no_service_id", "no_team", "team_disabled", "invalid_token",
        "action_prohibited",
        "posting_to_general_channel_denied", "channel_not_found", "channel_is_archived", "is_archived",
        "user_not_found",
        "not_in_channel", "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
        "missing_scope",
        "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel", "org_login_required", "ekm_access_denied",
    ]
    private static let passing: Set<String> = [
        "ratelimited", "rate_limited", "fatal_error", "internal_error", "service_unavailable", "request_timeout",
        "rollup_error",
    ]

    /// A webhook says it by its status and one word; the Web API by `ok: false` in an answer with 200.
    static func verdict(of answer: OutboundAnswer) -> OutboundVerdict {
        let json = answer.json
        let word = OutboundText.fit(json["error"]?.string ?? answer.text, 200, .scalars)
        let isRefused = json["ok"]?.bool == false || !(200..<300).contains(answer.status)
        guard isRefused else {
            // Of an answer in a thread it is the thread's.
            return .delivered(reference: (json["message"]?["thread_ts"] ?? json["ts"])?.string)
        }
        if goneForGood.contains(word) { return .disabled(reason: "Slack answered \(word)") }
        if answer.status == 429 || passing.contains(word) {
            let seconds = RetryAfter.seconds(answer) ?? json["retry_after"]?.number
            return .retry(
                reason: "Slack answered \(word)", afterSeconds: seconds.map(RetryAfter.bounded))
        }
        if word == "thread_not_found" { return .anew(reason: "Slack answered \(word)") }
        if (200..<300).contains(answer.status) { return .failed(reason: "Slack answered \(word)") }
        let usual = OutboundVerdict.usual(answer)
        guard case .failed(let reason) = usual else { return usual }
        return .failed(reason: word.isEmpty ? reason : "\(reason): \(word)")
    }
}
