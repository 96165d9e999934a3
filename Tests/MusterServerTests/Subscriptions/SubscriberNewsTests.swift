import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOHTTP1
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// Telling many: in batches, by several daemons, once each; and what is no longer public is not sent.
@Suite(.timeLimit(.minutes(20))) struct SubscriberNewsTests {
    private static let secretsOfMail: JSONValue = ["email": .string(SubscriptionSite.ana)]

    @Test func `news go out in batches, and a daemon that ends between two loses and doubles nothing`() async throws {
        try await SubscriptionSite.with { site in
            try await site.fill(PublicNewsStore.batchRows * 2 + 500)
            await site.publish(try await site.open(), "Feed is down.")
            // Found, and not yet handed out.
            for _ in 0..<3 {
                try await site.look()
                guard try await site.count("public_news") == 0 else { break }
                try await site.news.pass()
            }
            _ = try await site.pool.query(
                """
                WITH gone AS (DELETE FROM subscription_delivery)
                UPDATE public_news SET fanned_out = false, cursor = '00000000-0000-0000-0000-000000000000'
                """)
            let store = PublicNewsStore(pool: site.pool)
            #expect(try await store.handOut())
            #expect(try await site.count("subscription_delivery") == PublicNewsStore.batchRows)
            // Another daemon goes on, two at once.
            try await site.beside { other in
                let second = PublicNewsStore(pool: other.pool)
                for _ in 0..<4 {
                    async let one = store.handOut()
                    async let two = second.handOut()
                    _ = try await (one, two)
                }
            }
            #expect(try await site.count("subscription_delivery") == PublicNewsStore.batchRows * 2 + 500)
            #expect(try await site.count("public_news", where: "fanned_out") == 1)
            #expect(try await !store.handOut())
        }
    }

    @Test func `two daemons send each mail once`() async throws {
        try await SubscriptionSite.with { site in
            for number in 0..<30 {
                try await site.subscriber(["email": .string("m\(number)@example.org")], from: "198.51.\(number).1")
            }
            try await site.send()
            let asked = try site.mails().count
            let incident = try await site.open()
            await site.publish(incident, "Feed is down.")
            try await site.beside { other in
                async let one: Void = site.tell()
                async let two: Void = other.tell()
                _ = try await (one, two)
                async let first: Void = site.send([.mail])
                async let second: Void = other.send([.mail])
                _ = try await (first, second)
            }
            let mails = try site.mails().filter { $0.contains("Feed is down.") }
            #expect(asked == 30 && mails.count == 30)
            let receivers = mails.compactMap { $0.firstMatch(of: /To: (\S+)\n/)?.output.1 }
            #expect(Set(receivers).count == 30)
            #expect(try await site.count("public_news") == 1)
        }
    }

    @Test func `what was not sent yet gives way to what is newer`() async throws {
        try await SubscriptionSite.with { site in
            try await site.subscriber(Self.secretsOfMail)
            let incident = try await site.open()
            for text in ["Feed is down.", "We found why.", "Almost there."] {
                await site.publish(incident, text)
                try await site.tell()
            }
            #expect(try await site.count("subscription_delivery", where: "subject = 'incident/1'") == 1)
            try await site.send()
            let mails = try site.mails().filter { $0.contains("List-Id") }
            #expect(mails.count == 1 && mails.first?.contains("Almost there.") == true)
        }
    }

    @Test func `what became private is not sent any more, and whoever was told learns that it is withdrawn`()
        async throws
    {
        try await SubscriptionSite.with { site in
            try await site.subscriber(Self.secretsOfMail)
            let told = try await site.open()
            await site.publish(told, "Feed is down.")
            try await site.tell()
            try await site.send()
            let waiting = try await site.open("chat")
            await site.publish(waiting, "Chat is down, secretly.")
            try await site.tell()
            for incident in [told, waiting] {
                let reply = await site.described.ask(.patch, incident, ["labels": ["private": "true"]])
                #expect(reply.status == 200)
            }
            try await site.tell()
            try await site.send()
            let mails = try site.mails()
            #expect(!mails.contains { $0.contains("secretly") })
            let withdrawn = mails.filter { $0.contains("is no longer public") }
            #expect(withdrawn.count == 1 && withdrawn.first?.contains("Feed") == false)
            #expect(withdrawn.first?.contains("References: <incident-1@status.test>") == true)
            #expect(try await site.count("public_news", where: "body::text LIKE '%secretly%'") == 0)
            #expect(try await site.count("subscription_delivery", where: "outcome = 'dropped'") == 1)
        }
    }

    @Test func `an update that was redacted is in no message that waits`() async throws {
        try await SubscriptionSite.with { site in
            try await site.subscriber(Self.secretsOfMail)
            let incident = try await site.open()
            await site.publish(incident, "Feed is down.")
            await site.publish(incident, "A slip of the tongue.", steps: [])
            try await site.tell()
            let list = await site.described.ask(.get, "\(incident)/timeline?limit=200")
            let entries = list.json["items"]?.array ?? []
            let slip = entries.last { $0["data"]?["body"] == "A slip of the tongue." }?["sequence"]?.integer
            let path = "\(incident)/timeline/\(try #require(slip))/redact"
            #expect(await site.described.ask(.post, path, ["reason": "slip"]).status < 300)
            try await site.tell()
            try await site.send()
            let mails = try site.mails().filter { $0.contains("List-Id") }
            #expect(mails.count == 1 && mails.first?.contains("slip") == false, "\(mails)")
            #expect(try await site.count("public_news", where: "body::text LIKE '%slip%'") == 0)
        }
    }

    @Test func `planned maintenance is announced, begun and ended`() async throws {
        try await SubscriptionSite.with { site in
            try await site.subscriber(Self.secretsOfMail)
            let begin = String(Timestamp.now().adding(seconds: 86_400).description.prefix(16))
            let window: JSONValue = [
                "title": "hunter2", "components": ["feed"], "local_start": .string(begin), "time_zone": "Etc/UTC",
                "duration_seconds": 3600,
            ]
            let made = await site.post("/v1/maintenance", window)
            let path = "/v1/maintenance/\(try #require(made.json["id"]?.string))"
            for (verb, sentence) in [("", "is planned"), ("/begin", "has begun"), ("/end", "is over")] {
                if !verb.isEmpty { await site.post(path + verb) }
                try await site.tell()
                try await site.send()
                let mails = try site.mails().filter {
                    $0.contains("maintenance \(sentence)") || $0.contains("Maintenance \(sentence)")
                }
                #expect(mails.count == 1 && mails.first?.contains("hunter2") == false, "\(verb)")
            }
        }
    }

    @Test func `a webhook says yes by its challenge and gets what Statuspage sends, signed`() async throws {
        try await TestReceiver.with { message in
            let asked = (try? JSONParser.parse(Array(message.body.utf8)))?["data"]?["challenge"]?.string
            return .status(200, body: asked.map { "{\"challenge\": \"\($0)\"}" } ?? "")
        } _: { receiver in
            try await SubscriptionSite.with { site in
                let wish: JSONValue = ["webhook": .string(receiver.url("/hook"))]
                #expect(await site.subscribe(wish).status == 202)
                try await site.send()
                #expect(try await site.count("subscription", where: "confirmed_at IS NOT NULL") == 1)
                let secrets = try await site.secrets(wish)
                await site.publish(try await site.open(), "Feed is down.")
                try await site.tell()
                try await site.send()
                let messages = receiver.messages
                #expect(messages.count == 2)
                let message = try #require(messages.last)
                let body = try JSONParser.parse(Array(message.body.utf8))
                #expect(body["page"]?["status_indicator"] == "critical")
                #expect(body["incident"]?["incident_updates"]?[0]?["body"] == "Feed is down.")
                #expect(body["incident"]?["components"]?[0]?["status"] == "major_outage")
                #expect(body["meta"]?["unsubscribe"]?.string?.contains(secrets.token) == true)
                let key = try #require(secrets.signing.flatMap { EndpointSecret($0) }).key
                for message in messages {
                    let (id, time) = (message.id, message.head.headers.first(name: "webhook-timestamp") ?? "")
                    let signed = OpenSSL.hmacSHA256(key: key, Array("\(id).\(time).\(message.body)".utf8))
                    #expect(message.head.headers.first(name: "webhook-signature") == "v1,\(Base64.encode(signed))")
                }
                #expect(!message.body.contains("hunter2"))
            }
        }
    }

    @Test func `a webhook that fails is tried again, and one that is gone or fails for days is disabled and says so`()
        async throws
    {
        let status = Mutex(500)
        try await TestReceiver.with { _ in
            .status(status.withLock { $0 })
        } _: { receiver in
            try await SubscriptionSite.with { site in
                let secrets = try await site.subscriber(["webhook": .string(receiver.url())])
                let incident = try await site.open()
                await site.publish(incident, "Feed is down.")
                try await site.tell()
                try await site.send()
                #expect(try await site.count("subscription", where: "failing_since IS NOT NULL") == 1)
                #expect(try await site.count("subscription_delivery", where: "outcome = 'retry' AND tries = 1") == 2)
                status.withLock { $0 = 204 }
                try await site.hurry()
                try await site.send()
                #expect(try await site.count("subscription", where: "failing_since IS NULL") == 1)
                status.withLock { $0 = 410 }
                await site.publish(incident, "More.")
                try await site.tell()
                try await site.send()
                let path = "/status/subscriptions/manage?token=\(secrets.token)"
                #expect(await site.described.ask(.get, path, token: nil).json["state"] == "disabled")
                let page = await site.described.ask(.get, path, token: nil, headers: SubscriptionSite.page)
                #expect(page.text.contains("Nothing is sent at the moment"))
                let before = receiver.messages.count
                await site.publish(incident, "Even more.")
                try await site.tell()
                try await site.send()
                #expect(receiver.messages.count == before)
                #expect(await site.described.ask(.post, path, [:], token: nil).json["state"] == "confirmed")
                _ = try await site.pool.query("UPDATE subscription SET failing_since = now() - interval '6 days'")
                #expect(try await site.server.subscriptionStore.disableFailing(days: 5) == 1)
                let shown = await site.described.ask(.get, path, token: nil)
                #expect(shown.json["disabled_reason"] == "every attempt failed for 5 days")
            }
        }
    }

    @Test func `subscribers to inner addresses get nothing`() async throws {
        try await TestReceiver.with { receiver in
            try await SubscriptionSite.with {
                $0.notifications.networks = OutboundNetworks()
            } _: { (site: SubscriptionSite) async throws in
                try await site.subscriber(["webhook": .string(receiver.url())])
                try await site.send()
                #expect(receiver.messages.isEmpty)
                #expect(try await site.count("subscription_delivery", where: "outcome = 'dead'") == 1)
            }
        }
    }

    @Test func `the rate is bounded, and questions go before news`() async throws {
        let rate = SendingRate(perMinute: 600)
        let start = ContinuousClock.now
        #expect(rate.take(1_000, now: start) == 60 && rate.take(5, now: start) == 0)
        #expect(rate.take(100, now: start + .seconds(1)) == 10)
        rate.giveBack(4)
        #expect(rate.take(100, now: start + .seconds(1)) == 4)
        #expect(rate.take(1_000, now: start + .seconds(3_600)) == 60)
        try await SubscriptionSite.with { site in
            try await site.fill(5, channel: "mail")
            await site.publish(try await site.open(), "Feed is down.")
            try await site.tell()
            #expect(await site.subscribe(Self.secretsOfMail).status == 202)
            let store = DeliveryStore(pool: site.pool)
            let claimed = try await store.claim(.mail, limit: 1, leaseSeconds: 60)
            #expect(claimed.map(\.subject) == [SubscriptionStore.question])
            #expect(try await store.claim(.mail, limit: 100, leaseSeconds: 60).count == 5)
            #expect(try await store.claim(.mail, limit: 100, leaseSeconds: 60).isEmpty, "they are claimed")
        }
    }

    @Test func `a daemon that ends while it compares lets another one go on`() async throws {
        try await SubscriptionSite.with { site in
            let store = PublicNewsStore(pool: site.pool)
            let claimed = try await store.claim(seconds: 60)
            let held = try #require(claimed)
            let record = PublicRecord(components: [], incidents: [], maintenance: [])
            let nothing = PublicTeller(record, told: [:], at: .now()).tell(of: [])
            #expect(try await store.claim(seconds: 60) == nil)
            await site.publish(try await site.open(), "Feed is down.")
            try await site.tell()
            #expect(try await site.count("public_news") == 0)
            _ = try await site.pool.query("UPDATE public_teller SET until = now() - interval '1 second'")
            try await site.tell()
            #expect(try await site.count("public_news") == 1)
            #expect(try await !store.tell(nothing, held), "whoever was away too long stores nothing")
        }
    }
}
