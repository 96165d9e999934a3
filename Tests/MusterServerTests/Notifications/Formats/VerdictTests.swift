import Testing

@testable import MusterServer

/// What each channel's answers mean.
struct VerdictTests {
    private enum Kind: String { case delivered, retry, anew, failed, disabled }

    private static func kind(_ verdict: OutboundVerdict) -> Kind {
        switch verdict {
        case .delivered: .delivered
        case .retry: .retry
        case .anew: .anew
        case .failed: .failed
        case .disabled: .disabled
        }
    }

    private static func answer(_ status: Int, _ body: String = "", _ headers: [String: String] = [:]) -> OutboundAnswer
    {
        OutboundAnswer(status: status, headers: headers, body: Array(body.utf8), receivedAt: NoticeSample.noon)
    }

    private func expect(
        _ format: EndpointFormat, _ cases: [(Int, String, Kind)], location: SourceLocation = #_sourceLocation
    ) {
        for (status, body, wanted) in cases {
            let verdict = format.format.verdict(of: Self.answer(status, body))
            #expect(Self.kind(verdict) == wanted, "\(format) \(status) \(body): \(verdict)", sourceLocation: location)
        }
    }

    @Test(arguments: EndpointFormat.allCases)
    func `what all receivers mean the same by`(_ format: EndpointFormat) {
        expect(
            format,
            [(408, "", .retry), (425, "", .retry), (429, "", .retry), (500, "", .retry), (503, "<html>", .retry)])
        expect(
            format,
            [(301, "", .failed), (302, "", .failed), (400, "", .failed), (413, "", .failed), (410, "", .disabled)])
        guard case .retry(_, let seconds) = format.format.verdict(of: Self.answer(429, "", ["retry-after": "17"]))
        else {
            Issue.record("429 is final")
            return
        }
        #expect(seconds == 17)
        guard case .retry(_, let most) = format.format.verdict(of: Self.answer(429, "", ["retry-after": "999999999"]))
        else { return }
        #expect(most == RetryAfter.secondsMax)
    }

    @Test func `Slack's webhook and Mattermost's`() {
        expect(
            .slack,
            [
                (200, "ok", .delivered), (200, "", .delivered), (400, "invalid_payload", .failed),
                (400, "no_text", .failed),
                (400, "invalid_blocks", .failed), (400, "invalid_blocks_format", .failed),
                (400, "too_many_attachments", .failed),
                (400, "user_not_found", .disabled), (403, "action_prohibited", .disabled),
                (403, "invalid_token", .disabled),
                (403, "team_disabled", .disabled), (404, "channel_not_found", .disabled),
                (404, "no_service", .disabled),
                (404, "no_active_hooks", .disabled), (404, "no_service_id", .disabled), (404, "no_team", .disabled),
                (410, "channel_is_archived", .disabled), (403, "posting_to_general_channel_denied", .disabled),
                (500, "rollup_error", .retry), (404, "<html>a proxy", .failed), (403, "", .failed),
            ])
        let limited = Self.answer(429, #"{"retry_after":1,"ok":false,"error":"rate_limited"}"#)
        #expect(SlackFormat.verdict(of: limited) == .retry(reason: "Slack answered rate_limited", afterSeconds: 1))
    }

    @Test func `Slack's Web API says no with status 200`() {
        for word in [
            "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
        ]
            + ["channel_not_found", "not_in_channel", "is_archived", "restricted_action"]
        {
            expect(.slack, [(200, #"{"ok":false,"error":"\#(word)"}"#, .disabled)])
        }
        for word in ["invalid_blocks", "msg_too_long", "msg_blocks_too_long", "no_text", "something_new"] {
            expect(.slack, [(200, #"{"ok":false,"error":"\#(word)"}"#, .failed)])
        }
        for word in [
            "ratelimited", "rate_limited", "fatal_error", "internal_error", "service_unavailable", "request_timeout",
        ] {
            expect(.slack, [(200, #"{"ok":false,"error":"\#(word)"}"#, .retry)])
        }
        expect(.slack, [(200, #"{"ok":false,"error":"thread_not_found"}"#, .anew), (200, #"{"ok":false}"#, .failed)])
    }

    @Test func `a thread is known by its first message`() {
        let first = Self.answer(200, #"{"ok":true,"channel":"C1","ts":"1503435956.000247","message":{"text":"x"}}"#)
        #expect(SlackFormat.verdict(of: first) == .delivered(reference: "1503435956.000247"))
        let answer = #"{"ok":true,"ts":"1503435999.000001","message":{"thread_ts":"1503435956.000247"}}"#
        #expect(SlackFormat.verdict(of: Self.answer(200, answer)) == .delivered(reference: "1503435956.000247"))
    }

    @Test func `Discord`() {
        expect(
            .discord,
            [
                (204, "", .delivered), (401, #"{"code":50027}"#, .disabled), (403, "", .failed),
                (404, #"{"message":"Unknown Webhook","code":10015}"#, .disabled), (404, "", .disabled),
                (404, #"{"message":"Unknown Message","code":10008}"#, .anew), (400, #"{"code":50035}"#, .failed),
            ])
        #expect(DiscordFormat.verdict(of: Self.answer(200, #"{"id":"99"}"#)) == .delivered(reference: "99"))
        let limited = Self.answer(429, #"{"message":"x","retry_after":0.65,"global":true}"#, ["retry-after": "65"])
        #expect(
            DiscordFormat.verdict(of: limited)
                == .retry(reason: "status 429, for all of our messages", afterSeconds: 0.65))
    }

    @Test func `pagers, Teams, ntfy`() {
        expect(.teams, [(202, "", .delivered), (401, "", .failed), (404, "", .failed)])
        let taken = Self.answer(
            202, #"{"status":"success","message":"Event processed","dedup_key":"INC-7@muster.example"}"#)
        #expect(OutboundPagerDutyFormat.verdict(of: taken) == .delivered(reference: "INC-7@muster.example"))
        let refused = Self.answer(
            400,
            #"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}"#
        )
        #expect(
            OutboundPagerDutyFormat.verdict(of: refused)
                == .failed(reason: "status 400: Event object is invalid; Length of 'routing_key' is incorrect"))
        expect(
            .opsgenie,
            [(202, #"{"result":"Request will be processed","requestId":"1"}"#, .delivered), (422, "", .failed)])
        #expect(
            NtfyFormat.verdict(of: Self.answer(200, #"{"id":"hwQ2YpKdmg"}"#)) == .delivered(reference: "hwQ2YpKdmg"))
        expect(.ntfy, [(401, "", .failed), (403, "", .failed), (507, "", .retry)])
    }

    @Test func `an answer that is no JSON, or too long, is read as well`() {
        for format in EndpointFormat.allCases {
            for body in ["{", "[]", "\u{0}\u{1}", String(repeating: "x", count: OutboundAnswer.bodyBytesMax), "null"] {
                for status in [200, 400, 403, 404, 500] {
                    let verdict = format.format.verdict(of: Self.answer(status, body))
                    guard case .failed(let reason) = verdict else { continue }
                    #expect(reason.utf8.count < 1000 && !reason.contains("\u{0}"))
                }
            }
        }
    }
}
