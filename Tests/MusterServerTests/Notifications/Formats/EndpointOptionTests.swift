import Testing

@testable import MusterServer

/// Which options endpoints may have.
struct EndpointOptionTests {
    private static func complaint(_ format: EndpointFormat, _ option: String, _ value: String) -> String? {
        format.format.options.first { $0.name == option }?.complaint(value)
    }

    @Test func `values are checked by their format`() {
        let good: [(EndpointFormat, String, String)] = [
            (.cloudEvents, "mode", "structured"), (.cloudEvents, "mode", "binary"), (.slack, "dialect", "mattermost"),
            (.pagerDuty, "routing_key", "R0-_abc"), (.opsgenie, "key", "eb243592-faa2"), (.ntfy, "token", "tk_1"),
        ]
        for (format, option, value) in good {
            #expect(Self.complaint(format, option, value) == nil, "\(format) \(value)")
        }
        let bad: [(EndpointFormat, String, String)] = [
            (.cloudEvents, "mode", "batch"), (.slack, "dialect", "irc"), (.pagerDuty, "routing_key", ""),
            (.pagerDuty, "routing_key", "a b"), (.pagerDuty, "routing_key", "ключ"), (.opsgenie, "key", "a\r\nx: y"),
            (.opsgenie, "key", ""),
            (.ntfy, "token", "a b"), (.slack, "token", "x\r\ny: z"), (.slack, "token", ""),
        ]
        for (format, option, value) in bad {
            #expect(Self.complaint(format, option, value) != nil, "\(format) \(value)")
        }
    }

    @Test func `secrets are secrets`() {
        let secrets = EndpointFormat.allCases.flatMap { format in
            format.format.options.filter(\.isSecret).map { "\(format.rawValue) \($0.name)" }
        }
        #expect(secrets == ["slack token", "pagerduty routing_key", "opsgenie key", "ntfy token"])
    }

    @Test func `options that do not go together are a mistake`() {
        func slack(_ url: String, _ options: [String: String]) -> String? {
            SlackFormat.complaint(url: url, options: options)
        }
        #expect(
            slack("https://hooks.example", [:]) == nil
                && slack(SlackFormat.usualURL ?? "", ["token": "x", "channel": "y"]) == nil)
        #expect(
            slack(SlackFormat.usualURL ?? "", [:]) != nil && slack(SlackFormat.usualURL ?? "", ["token": "x"]) != nil
                && slack("https://hooks.example", ["channel": "y"]) != nil)
        for url in [
            "https://ntfy.sh/topic", "https://ntfy.example:8080/our-incidents?auth=1", "https://ntfy.sh/topic/",
        ] {
            #expect(NtfyFormat.complaint(url: url, options: [:]) == nil, "\(url)")
        }
        for url in [
            "https://ntfy.sh", "https://ntfy.sh/", "https://ntfy.sh/a/b", "https://ntfy.sh/ü",
            "https://ntfy.sh/\(String(repeating: "a", count: 65))",
        ] {
            #expect(NtfyFormat.complaint(url: url, options: [:]) != nil, "\(url)")
        }
    }

    @Test func `a thread that is no id of Discord's is none`() throws {
        for thread in ["../../x", "1?wait=false", "", "٣"] {
            let request = try NoticeSample.request(NoticeSample.opened, for: .discord, thread: thread)
            #expect(request.method == "POST" && request.url == "https://discord.example/api/webhooks/1/token?wait=true")
        }
        let forum = "https://discord.example/api/webhooks/1/token?thread_id=5"
        #expect(try NoticeSample.request(NoticeSample.opened, for: .discord, url: forum).url == forum + "&wait=true")
        #expect(
            try NoticeSample.request(NoticeSample.opened, for: .discord, url: forum, thread: "9").url
                == "https://discord.example/api/webhooks/1/token/messages/9?thread_id=5")
    }
}
