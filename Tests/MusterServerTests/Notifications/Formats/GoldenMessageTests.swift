import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What each channel gets, to be looked at by people.
struct GoldenMessageTests {
    @Test(arguments: EndpointFormat.allCases)
    func `an incident as it is told`(_ format: EndpointFormat) throws {
        for (name, notice) in NoticeSample.told where format.format.tells(notice) {
            let request = try NoticeSample.request(notice, for: format)
            try Golden.expect(Self.text(request), equals: "\(format.rawValue)-\(name).txt")
        }
    }

    @Test func `a bot's answer in a thread, Mattermost, an edited message, a binary event`() throws {
        let bot = ["token": "xoxb-1", "channel": "C024BE91L"]
        let shown: [(String, OutboundRequest)] = [
            (
                "slack-thread",
                try NoticeSample.request(
                    NoticeSample.updated, for: .slack, bot, url: SlackFormat.usualURL, thread: "1503435956.000247")
            ),
            (
                "slack-mattermost",
                try NoticeSample.request(NoticeSample.updated, for: .slack, ["dialect": "mattermost"])
            ),
            ("slack-maintenance", try NoticeSample.request(NoticeSample.maintenance, for: .slack)),
            ("discord-edit", try NoticeSample.request(NoticeSample.restored, for: .discord, thread: "123456")),
            (
                "cloudevents-binary",
                try NoticeSample.request(NoticeSample.opened, for: .cloudEvents, ["mode": "binary"])
            ),
            (
                "pagerduty-acknowledged",
                try NoticeSample.request(NoticeSample.notice("acknowledged", "Acknowledged."), for: .pagerDuty)
            ),
        ]
        for (name, request) in shown { try Golden.expect(Self.text(request), equals: "\(name).txt") }
    }

    @Test(arguments: EndpointFormat.allCases)
    func `the same notice is the same message, however often it is sent`(_ format: EndpointFormat) throws {
        for (_, notice) in NoticeSample.told where format.format.tells(notice) {
            #expect(try NoticeSample.request(notice, for: format) == NoticeSample.request(notice, for: format))
            let later = NoticeSample.message(notice, for: format, sentAt: NoticeSample.noon.adding(seconds: 3600))
            let again = try format.format.message(later)
            let first = try NoticeSample.request(notice, for: format)
            #expect(again.url == first.url)
            guard format != .email else { continue }
            #expect(again.body == first.body)
        }
    }

    @Test func `a channel's name stands in the table once`() {
        #expect(Set(EndpointFormat.allCases.map { ObjectIdentifier($0.format) }).count == EndpointFormat.allCases.count)
        for format in EndpointFormat.allCases {
            let names = format.format.options.map(\.name)
            #expect(Set(names).count == names.count, "\(format)")
        }
    }

    private static func text(_ request: OutboundRequest) -> String {
        let head = "\(request.method) \(request.url)\n" + request.headers.map { "\($0.name): \($0.value)\n" }.joined()
        let body = (try? JSONParser.parse(request.body))?.indented() ?? String(decoding: request.body, as: UTF8.self)
        return "\(head)\n\(body)\n"
    }
}
