import FoundationEssentials
import IncidentDomain
import NIOHTTP1
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// What is sent, and what becomes of it.
@Suite(.timeLimit(.minutes(20))) struct NotificationSenderTests {
    private static let retried: SQL = "EXISTS (SELECT FROM notification_attempt WHERE outcome = 'retry')"

    @Test func `what a receiver says can be kept, whatever it says`() {
        let secrets = EndpointSecrets(url: "https://hook.example/secret-path", headers: ["A": "Bearer abcdefgh"])
        let settings = EndpointSettings(
            name: "a", format: .slack, filter: NoticeFilter(), headers: ["A"], options: [:], timeoutSeconds: 5)
        let endpoint = OpenedEndpoint(id: UUID(), settings: settings, secrets: secrets, changedAt: .now())
        #expect(endpoint.cleaned(.delivered(reference: "a\0b")) == .delivered(reference: "a\u{FFFD}b"))
        let said = endpoint.cleaned(.failed(reason: "no\0 for Bearer abcdefgh at /secret-path"))
        guard case .failed(let reason) = said else { return #expect(Bool(false)) }
        #expect(!reason.contains("\0") && !reason.contains("abcdefgh") && !reason.contains("secret-path"))
    }

    @Test func `each incident is told in its order, once, and a replay has the same id`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { receiver in
                let id = try await site.endpoint("ops", receiver.url("/hook"))
                let number = try await site.daemon.open()
                for turn in 1...20 { try await site.daemon.tell(.addNote(text: "note \(turn)", key: false), number) }
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                let ids = try await site.column("'ntf_' || notification.id", of: id)
                #expect(receiver.messages.map(\.id) == ids)
                #expect(receiver.messages.allSatisfy { $0.head.uri == "/hook" })
                #expect(try await site.replay(id, .init(id: 1, onlyDead: false)) == 1)
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                #expect(receiver.messages.map(\.id) == ids + ["ntf_1"])
                #expect(receiver.messages.last?.body == receiver.messages.first?.body)
                let past = Timestamp(milliseconds: 0)...Timestamp.latest
                #expect(try await site.replay(id, .init(range: past)) == 0)
                #expect(try await site.replay(id, .init(range: past, onlyDead: false)) == ids.count)
            }
        }
    }

    @Test func `a receiver that fails is tried again by the schedule, and what comes after waits`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .status(500, body: "broken")
            } _: { receiver in
                let id = try await site.endpoint("ops", receiver.url())
                let number = try await site.daemon.open()
                try await site.daemon.tell(.acknowledge, number)
                try await site.tellAll()
                try await site.send(site.sender(), until: Self.retried)
                #expect(receiver.messages.count == 1)
                let attempt = try #require(try await site.search.attempts(of: id, before: nil, limit: 10).first)
                #expect(attempt.status == 500 && attempt.outcome == "retry" && attempt.answer == "broken")
                #expect(attempt.detail == "status 500")
                let state = try #require(try await site.state(id))
                #expect(state.failingSince != nil && state.waiting >= 2)
                let delay: Double = try await site.pool.query(
                    "SELECT extract(epoch FROM next_at - now())::float8 FROM notification_lane")[0].decode(0)
                #expect((0.0...6.1).contains(delay))
            }
        }
    }

    @Test func `the schedule is the one of Standard Webhooks with a fifth of jitter`() {
        let schedule = RetrySchedule()
        let base: [Double] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
        for (index, delay) in base.enumerated() {
            for _ in 1...50 { #expect((delay * 0.8...delay * 1.2).contains(schedule.delay(after: index + 1))) }
        }
        #expect(schedule.attemptsMax == 10)
    }

    @Test func `after the last attempt it is given up with a reason, and can be replayed`() async throws {
        try await NotificationSite.with { site in
            let works = Flag()
            try await TestReceiver.with { _ in
                works.isRaised ? .ok : .status(503)
            } _: { receiver in
                let id = try await site.endpoint("ops", receiver.url())
                _ = try await site.daemon.open()
                try await site.tellAll()
                let schedule = RetrySchedule(delays: [0, 0])
                try await site.send(site.sender(schedule), until: NotificationSite.nothingWaits)
                #expect(try await site.column("state", of: id).first == "dead")
                #expect(try await site.column("attempts", of: id).first == "3")
                #expect(try await site.column("reason", of: id).first == "status 503; the last attempt")
                works.raise()
                let past = Timestamp(milliseconds: 0)...Timestamp.latest
                #expect(try await site.replay(id, .init(range: past)) > 0)
                try await site.send(site.sender(schedule), until: NotificationSite.nothingWaits)
                #expect(Set(try await site.column("state", of: id)) == ["delivered"])
                #expect(try await site.column("attempts", of: id).first == "4")
                #expect(try await site.state(id)?.failingSince == nil)
            }
        }
    }

    @Test func `410 disables the endpoint, and the others are told`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .status(410)
            } _: { receiver in
                let id = try await site.endpoint("gone", receiver.url())
                let other = try await site.endpoint("other", events: ["endpoint_disabled"])
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(site.sender(), until: "EXISTS (SELECT FROM endpoint WHERE NOT enabled)")
                try await site.pool.waitUntil(NotificationSite.nothingWaits)
                #expect(receiver.messages.count == 1)
                #expect(try await site.state(id)?.disabledReason == "the receiver answered 410 Gone")
                #expect(Set(try await site.column("state", of: id)) == ["dead"])
                try await site.tellAll()
                #expect(try await site.column("notice.kind", of: other) == ["endpoint_disabled"])
            }
        }
    }

    @Test func `Retry-After pauses the whole endpoint`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .status(429, headers: [("Retry-After", "90")])
            } _: { receiver in
                let id = try await site.endpoint("ops", receiver.url())
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(site.sender(), until: Self.retried)
                #expect(try await site.state(id)?.pausedUntil != nil)
            }
        }
    }

    @Test func `redirects are not followed, and the notification is given up`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .status(307, headers: [("Location", "/elsewhere")])
            } _: { receiver in
                let id = try await site.endpoint("ops", receiver.url("/here"))
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                #expect(Set(receiver.messages.map(\.head.uri)) == ["/here"])
                #expect(try await site.column("reason", of: id).first == "status 307: redirects are not followed")
            }
        }
    }

    @Test func `an answer of 10 MB is cut, and one that never ends ends with the time-out`() async throws {
        try await NotificationSite.with { site in
            let large = String(repeating: "ä", count: 5 << 20)
            try await TestReceiver.with {
                $0.head.uri == "/large" ? .status(200, body: large) : .begins("so far")
            } _: {
                receiver in
                let (big, slow) = (
                    try await site.endpoint("big", receiver.url("/large")),
                    try await site.endpoint("slow", receiver.url("/slow"), timeout: 1)
                )
                _ = try await site.daemon.open()
                try await site.tellAll()
                let both: SQL = """
                    EXISTS (SELECT FROM notification_attempt WHERE outcome = 'retry')
                        AND EXISTS (SELECT FROM notification_attempt WHERE outcome = 'delivered')
                    """
                try await site.send(site.sender(), until: both)
                let first = try #require(try await site.search.attempts(of: big, before: nil, limit: 1).first)
                #expect(first.outcome == "delivered" && first.answer?.count == 1_000)
                let second = try #require(try await site.search.attempts(of: slow, before: nil, limit: 1).first)
                #expect(second.detail == "no answer within the time-out" && second.durationMilliseconds >= 1_000)
            }
        }
    }

    @Test func `a message that is gone is sent anew, once and at once, and the next one changes that`() async throws {
        try await NotificationSite.with { site in
            let ids = Mutex(["111", "222"])
            try await TestReceiver.with { message in
                guard message.head.method == .POST else {
                    let isGone = message.head.uri.hasSuffix("/111")
                    return isGone
                        ? .status(404, body: #"{"message": "Unknown Message", "code": 10008}"#)
                        : .status(200, body: "{}")
                }
                return .status(200, body: #"{"id": "\#(ids.withLock { $0.removeFirst() })"}"#)
            } _: { receiver in
                let kinds = ["incident_opened", "acknowledged", "note_added"]
                let id = try await site.endpoint("chat", receiver.url("/hook"), format: .discord, events: kinds)
                let number = try await site.daemon.open()
                try await site.daemon.tell(.acknowledge, number)
                try await site.daemon.tell(.addNote(text: "more", key: false), number)
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                let asked = receiver.messages.map { "\($0.head.method) \($0.head.uri)" }
                #expect(
                    asked == [
                        "POST /hook?wait=true", "PATCH /hook/messages/111", "POST /hook?wait=true",
                        "PATCH /hook/messages/222",
                    ])
                #expect(try await site.column("state", of: id) == ["delivered", "delivered", "delivered"])
                #expect(
                    try await site.column("attempts", of: id) == ["1", "1", "1"], "sending it anew is no new attempt")
                let threads = try await site.pool.query("SELECT reference FROM notification_thread")
                #expect(try threads.map { try $0.decode(0, as: String.self) } == ["222"])
                #expect(try await site.state(id)?.failingSince == nil)
            }
        }
    }

    @Test func `a message that is always gone is given up`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .status(404, body: #"{"code": 10008}"#)
            } _: { receiver in
                let id = try await site.endpoint(
                    "chat", receiver.url("/hook"), format: .discord, events: ["incident_opened"])
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                #expect(receiver.messages.count == 1)
                #expect(try await site.column("state", of: id) == ["dead"])
                #expect(try await site.column("reason", of: id) == ["the message that was to be edited is gone"])
            }
        }
    }

    @Test func `a notice that cannot be read is given up, and the next one is sent`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { receiver in
                let id = try await site.endpoint("ops", receiver.url())
                let number = try await site.daemon.open()
                try await site.daemon.tell(.acknowledge, number)
                try await site.tellAll()
                try await site.pool.query("UPDATE notice SET body = '{}' WHERE id = (SELECT min(id) FROM notice)")
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                #expect(try await site.column("state", of: id).prefix(2) == ["dead", "delivered"])
                #expect(try await site.column("reason", of: id).first == "its notice cannot be read")
            }
        }
    }

    @Test func `secrets that a receiver repeats are not kept, nor logged, nor exported`() async throws {
        try await NotificationSite.with { site in
            let path = "/services/T00SECRET/B00HIDDEN"
            let echo: @Sendable (TestReceiver.Message) -> TestReceiver.Reply = { message in
                let headers = message.head.headers.map { "\($0.name): \($0.value)" }.joined(separator: "; ")
                let padding = String(repeating: ".", count: 960)
                return .status(400, body: padding + message.head.uri + " " + headers)
            }
            try await TestReceiver.with(echo) { receiver in
                let id = try await site.endpoint(
                    "ops", receiver.url(path), headers: ["authorization": "Bearer tok_abcdefghijkl"])
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                let answers = try await site.search.attempts(of: id, before: nil, limit: 10).compactMap(\.answer)
                #expect(answers.isEmpty == false)
                let stored = try await site.pool.query("SELECT secrets::text AS text FROM endpoint")
                let texts = answers + site.log.lines.map { "\($0)" } + (try stored.map { try $0.decode("text") })
                for text in texts {
                    #expect(
                        !text.contains("T00SEC") && !text.contains("tok_abc") && !text.contains("whsec_"), "\(text)")
                }
            }
        }
    }

    @Test func `a name that means another address the second time leads nowhere`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { receiver in
                let asked = Mutex(0)
                let names = NameLookup(keeping: .zero) { _ in
                    asked.withLock { $0 += 1 }
                    return .addresses([asked.withLock { $0 } == 1 ? "127.0.0.1" : "169.254.169.254"])
                }
                let id = try await site.endpoint("ops", "http://receiver.example:\(receiver.port)/")
                let number = try await site.daemon.open()
                try await site.daemon.tell(.acknowledge, number)
                try await site.tellAll()
                try await site.send(site.sender(names: names), until: NotificationSite.nothingWaits)
                #expect(receiver.messages.count == 1)
                #expect(
                    receiver.messages.first?.head.headers.first(name: "host") == "receiver.example:\(receiver.port)")
                #expect(try await site.column("state", of: id).prefix(2) == ["delivered", "dead"])
                #expect(try await site.column("reason", of: id).last?.contains("never allowed") == true)
            }
        }
    }

    @Test func `a daemon that stops gives its lanes back`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { _ in
                .nothing
            } _: { receiver in
                try await site.endpoint("ops", receiver.url(), timeout: 30)
                _ = try await site.daemon.open()
                try await site.tellAll()
                try await site.send(
                    site.sender(), until: "EXISTS (SELECT FROM notification_lane WHERE claim IS NOT NULL)")
                // Stopped while it claimed, it sent nothing, and the lease ends by itself.
                guard !receiver.messages.isEmpty else { return }
                #expect(
                    try await site.daemon.count("notification_lane", where: "claim IS NULL AND next_at <= now()") == 1)
            }
        }
    }
}
