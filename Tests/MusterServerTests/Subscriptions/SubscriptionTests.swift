import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// From the wish to the end of it: what is stored, what is sent, and what nobody learns.
@Suite(.timeLimit(.minutes(20))) struct SubscriptionTests {
    private static let ana: JSONValue = ["email": .string(SubscriptionSite.ana)]

    @Test func `a mail asks first, and only the button says yes`() async throws {
        try await SubscriptionSite.with { site in
            #expect(await site.subscribe(Self.ana).status == 202)
            try await site.send()
            let mail = try #require(try site.mails().first)
            let token = try #require(mail.firstMatch(of: /confirm\?token=([A-Za-z0-9_-]+)/)?.output.1)
            #expect(mail.contains("To: ana@example.org\n") && mail.contains("Auto-Submitted: auto-generated\n"))
            #expect(mail.contains("From: =?UTF-8?B?") && !mail.contains("List-Unsubscribe"))
            let path = "/status/subscriptions/confirm?token=\(token)"
            let shown = await site.described.ask(.get, path, token: nil, headers: SubscriptionSite.page)
            #expect(shown.status == 200 && shown.text.contains("<form method=\"post\""))
            #expect(try await site.count("subscription", where: "confirmed_at IS NOT NULL") == 0, "a scanner looked")
            #expect(await site.described.ask(.post, path, token: nil).status == 200)
            #expect(await site.described.ask(.post, path, token: nil).status == 200, "twice is no error")
            #expect(try await site.count("subscription", where: "confirmed_at IS NOT NULL") == 1)
        }
    }

    @Test func `news are one mail each, in a thread, and end with one click`() async throws {
        try await SubscriptionSite.with { site in
            let secrets = try await site.subscriber(Self.ana)
            try await site.send()
            let asked = try site.mails().count
            let incident = try await site.open()
            try await site.tell()
            #expect(try await site.count("public_news") == 0, "nothing is public")
            await site.publish(incident, "Feed is down.")
            try await site.tell()
            try await site.send()
            try await site.tell()
            try await site.send()
            let opened = try site.mails().filter { $0.contains("Feed is down.") }
            #expect(opened.count == 1)
            #expect(try site.mails().count == asked + 1)
            let mail = try #require(opened.first)
            #expect(mail.contains("Subject: [Status] Feed: major outage\n"), "\(mail)")
            #expect(
                mail.contains("References: <incident-1@status.test>\n")
                    && mail.contains("List-Id: <status.status.test>\n"))
            #expect(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"))
            #expect(mail.contains("Investigating · Feed: major outage") && mail.contains("- Wait."))
            #expect(!mail.contains("hunter2"))
            let leave = "https://status.test/status/subscriptions/unsubscribe?token=\(secrets.token)&lang=en"
            #expect(mail.contains("List-Unsubscribe: <\(leave)>\n"))
            let path = String(leave.dropFirst("https://status.test".count))
            let looked = await site.described.ask(.get, path, token: nil, headers: SubscriptionSite.page)
            #expect(looked.status == 200)
            #expect(try await site.count("subscription") == 1)
            let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--"
            let clicked = await site.described.ask(
                .post, path, raw: multipart, token: nil, headers: [.contentType: "multipart/form-data; boundary=x"])
            #expect(clicked.status == 200)
            #expect(try await site.count("subscription") == 0)
            #expect(try await site.count("subscription_delivery") == 0, "nothing of it is kept")
            await site.publish(incident, "Feed is back.")
            try await site.tell()
            try await site.send()
            #expect(try site.mails().count == asked + 1)
        }
    }

    @Test func `a subscriber to some services hears of these, in his language`() async throws {
        try await SubscriptionSite.with { site in
            let chat = try #require(site.server.board.snapshot?.record.components.first { $0.name == "Chat" }?.id)
            try await site.subscriber(["email": "b@example.org", "components": [.string(chat)], "language": "de"])
            try await site.send()
            await site.publish(try await site.open("feed"), "Feed is down.")
            let incident = try await site.open("chat")
            await site.publish(incident, "Chat is down.")
            try await site.tell()
            try await site.send()
            let mails = try site.mails().filter { $0.contains("List-Id") }
            #expect(mails.count == 1 && mails.first?.contains("Chat is down.") == true)
            #expect(
                mails.first?.contains("Wird untersucht · Chat: ") == true
                    && mails.first?.contains("lang=\"de\"") == true)
        }
    }

    @Test func `an answer does not tell who is subscribed, and a mailbox gets three questions a day`() async throws {
        try await SubscriptionSite.with { site in
            try await site.subscriber(Self.ana)
            try await site.send()
            var answers: Set<String> = []
            for round in 0..<6 {
                let others = ["ana+\(round)@example.org", "zoe\(round)@example.org"].map {
                    ["email": .string($0)] as JSONValue
                }
                for wish in [Self.ana] + others {
                    let reply = await site.subscribe(wish, from: "198.51.\(round).1")
                    answers.insert("\(reply.status) \(reply.headers.map(\.name.canonicalName)) \(reply.text)")
                }
            }
            #expect(answers.count == 1, "\(answers)")
            try await site.send()
            let mails = try site.mails()
            #expect(mails.count { $0.contains("To: ana") } == SubscriptionLimits.perMailboxDayMax, "with all its forms")
            #expect(mails.count { $0.contains("To: zoe") } == 6)
            #expect(mails.contains { $0.contains("You are subscribed already") })
            #expect(try await site.count("subscription", where: "confirmed_at IS NOT NULL") == 1)
        }
    }

    @Test func `a network has a limit, which what a stranger says of himself does not move`() async throws {
        try await SubscriptionSite.with {
            $0.subscriptions.limits.pendingPerNetworkMax = 3
            $0.subscriptions.limits.pendingMax = 5
        } _: { (site: SubscriptionSite) async throws in
            func ask(_ number: Int, from address: String) async -> Int {
                await site.subscribe(["email": .string("m\(number)@example.org")], from: address).status
            }
            for number in 0..<3 { #expect(await ask(number, from: "203.0.113.\(number)") == 202) }
            #expect(await ask(3, from: "203.0.113.77") == 429)
            #expect(await ask(4, from: "8.8.8.8, 203.0.113.77") == 429, "the nearest proxy's word counts")
            #expect(await ask(5, from: "2001:db8:1:2::1") == 202)
            #expect(await ask(6, from: "2001:db8:1:9::1") == 202, "the same /48")
            #expect(await ask(7, from: "192.0.2.1") == 429, "of all")
            #expect(try await site.count("subscription") == 5)
        }
    }

    @Test func `nothing plain is in the database, and another key opens nothing`() async throws {
        try await SubscriptionSite.with {
            $0.notifications.mailCommand = [
                "/bin/sh", "-c", "cat > /dev/null; echo 'no mailbox Ana@example.org' >&2; exit 67",
            ]
        } _: { (site: SubscriptionSite) async throws in
            let secrets = try await site.subscriber(Self.ana)
            try await site.subscriber(["webhook": "http://127.0.0.1:8099/secret-path"])
            let incident = try await site.open()
            await site.publish(incident, "Feed is down.")
            try await site.tell()
            try await site.send()
            #expect(try await site.count("subscription_delivery", where: "reason LIKE 'hidden%'") == 2)
            for table in [
                "subscription", "subscription_delivery", "subscription_question", "public_news", "audit_line",
            ] {
                let rows = try await site.pool.query("SELECT row::text AS text FROM \(unescaped: table) AS row")
                for row in rows {
                    let text: String = try row.decode("text")
                    for word in ["ana@", "Ana@", "secret-path", secrets.token, secrets.question] {
                        #expect(!text.contains(word), "\(table): \(text)")
                    }
                }
            }
            let other = SecretBox(
                configured: "another key that is long enough", store: SecretKeyStore(pool: site.pool))
            let token = try #require(SubscriptionToken(secrets.token))
            let stored = try await site.server.subscriptionStore.find(token: token.code)
            let found = try #require(stored)
            #expect(try await found.secrets(other) == nil)
            #expect(try await other.code(of: "mail ana@example.org", for: "subscriber") != found.addressCode)
        }
    }

    @Test func `a question that nobody answers is forgotten after a day`() async throws {
        try await SubscriptionSite.with { site in
            #expect(await site.subscribe(Self.ana).status == 202)
            let secrets = try await site.secrets(Self.ana)
            _ = try await site.pool.query("UPDATE subscription SET question_until = now() - interval '1 second'")
            let path = "/status/subscriptions/confirm?token=\(secrets.question)"
            #expect(await site.described.ask(.post, path, token: nil).status == 404)
            let runner = SubscriptionPruneRunner(
                store: site.server.subscriptionStore, keptDays: 30, failingDays: 5, logger: TestServer.quietLogger)
            try await runner.pass()
            #expect(try await site.count("subscription") == 0)
            #expect(try await site.count("subscription_delivery") == 0)
            #expect(try await site.count("subscription_question") == 2, "today is counted on")
            _ = try await site.pool.query("UPDATE subscription_question SET day = day - 1")
            try await runner.pass()
            #expect(try await site.count("subscription_question") == 0)
        }
    }

    @Test func `while nothing is configured for mail, none is offered`() async throws {
        try await SubscriptionSite.with {
            $0.subscriptions.from = nil
            $0.status.offersMail = false
        } _: { (site: SubscriptionSite) async throws in
            let page = await site.described.ask(
                .get, "/status/subscriptions", token: nil, headers: SubscriptionSite.page)
            #expect(!page.text.contains("name=\"email\"") && page.text.contains("name=\"webhook\""))
            #expect(page.text.contains("/status.atom"))
            #expect(await site.subscribe(Self.ana).status == 422)
        }
    }

    @Test(
        arguments: [
            "ana", "ana@", "ana@example.org\nBcc: eve@example.org", "Ana <ana@example.org>", "-f@example.org",
            "a@b@c", "ana@exa mple.org", "ana@example.org, eve@example.org", "\u{202E}ana@example.org",
        ])
    func `what is no address is refused`(_ text: String) async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            let reply = await server.ask(.post, "/status/subscriptions", ["email": .string(text)], token: nil)
            #expect(reply.status == 422)
        }
    }

    @Test func `the page to subscribe on is small also with all components that there can be`() throws {
        let components = (1...PublicCatalog.componentsMax).map { number in
            PublicComponent(
                id: HashChain.hex(Array(OpenSSL.sha256([UInt8(number % 256), UInt8(number / 256)]).prefix(6))),
                name: "Service number \(number)", group: "Group \(number / 10)", createdAt: .now(), updatedAt: .now())
        }
        var settings = StatusSettings()
        settings.offersMail = true
        let renderer = StatusRenderer(
            record: PublicRecord(components: components, incidents: [], maintenance: []), settings: settings,
            asOf: .now(), age: nil, previous: nil, now: .now())
        for language in Language.allCases {
            let answer = try #require(renderer.render().answer("/status/subscriptions", language))
            #expect(answer.sizes.gzip < 30 << 10, "\(answer.sizes)")
        }
    }

    @Test func `a flood of wishes from everywhere changes bounded counters and sends a bounded number of mails`()
        async throws
    {
        try await SubscriptionSite.with {
            $0.subscriptions.limits.pendingMax = 40
            $0.subscriptions.limits.questionsPerDayMax = 50
            $0.subscriptions.asksPerMinuteMax = 100_000
        } _: { (site: SubscriptionSite) async throws in
            try await site.subscriber(Self.ana)
            var statuses: [Int: Int] = [:]
            for number in 0..<3_000 {
                let address = "\(1 + number % 200).\(number / 200).\(number % 7).1"
                let wish: JSONValue = number % 3 == 0 ? Self.ana : ["email": .string("v\(number)@example.org")]
                statuses[await site.subscribe(wish, from: address).status, default: 0] += 1
            }
            #expect(Set(statuses.keys) == [202, 429] && statuses[202] ?? 0 <= 1_100, "\(statuses)")
            #expect(try await site.count("subscription") <= 41)
            #expect(try await site.count("subscription_delivery") <= 41)
            #expect(try await site.count("subscription_question") <= 53)
            try await site.send()
            #expect(try site.mails().count <= 50)
            #expect(try await site.count("subscription", where: "confirmed_at IS NOT NULL") == 1)
        }
    }
}
