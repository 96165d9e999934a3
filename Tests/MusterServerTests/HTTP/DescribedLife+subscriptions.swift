import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Whoever subscribes to the public page, and who looks after that.
extension DescribedLife {
    private static let path = "/status/subscriptions"
    private static let page: HTTPFields = [.accept: "text/html"]

    /// Its tokens, as a message would tell them.
    func subscriptionTokens(_ address: SubscriberAddress) async throws -> SubscriptionSecrets {
        let desk = server.server.subscriptions
        let found = try await desk.store.find(address: try await desk.addressCode(address))
        let secrets = try await (try #require(found)).get().secrets(desk.box)
        return try #require(secrets)
    }

    func subscribe() async throws {
        try await server.server.publicStatus?.pass()
        let form = await ask(.get, Self.path, token: nil, headers: Self.page)
        #expect(HTMLOutline(form.text).problems == [] && form.text.contains("name=\"webhook\""))
        #expect(!form.text.contains("name=\"email\""), "no mail is configured")
        await ask(.get, Self.path, token: nil, headers: [.ifNoneMatch: form.headers[.eTag] ?? ""], gives: 304)
        await ask(.post, Self.path, ["email": "ana@example.org"], token: nil, gives: 422)
        await ask(.post, Self.path, ["webhook": "http://169.254.169.254/"], token: nil, gives: 422)
        await ask(.post, Self.path, [:], token: nil, headers: Self.page, gives: 422)
        #expect(await server.ask(.post, Self.path, raw: "{", token: nil).status == 400)
        let xml = await server.ask(.post, Self.path, raw: "<a/>", token: nil, headers: [.contentType: "text/xml"])
        #expect(xml.status == 415)
        let hook = "https://hooks.example.net/a"
        let component = try #require(server.server.board.snapshot?.record.components.first?.id)
        let wish: JSONValue = ["webhook": .string(hook), "components": [.string(component)], "language": "de"]
        await ask(.post, Self.path, wish, token: nil, gives: 202)
        await ask(.post, Self.path, wish, token: nil, headers: Self.page, gives: 202)
        let secrets = try await subscriptionTokens(try SubscriberAddress.webhook(hook).get())
        try await confirm(secrets)
        try await manage(secrets, component)
        try await administer(hook)
        await ask(.post, "\(Self.path)/unsubscribe?token=\(secrets.token)", token: nil)
        await ask(.post, "\(Self.path)/unsubscribe?token=\(secrets.token)", token: nil, headers: Self.page)
        await ask(.post, "\(Self.path)/export?token=\(secrets.token)", token: nil, gives: 404)
        await refuseMany()
    }

    private func confirm(_ secrets: SubscriptionSecrets) async throws {
        let path = "\(Self.path)/confirm"
        for headers in [[:], Self.page] {
            await ask(.get, "\(path)?token=\(secrets.question)", token: nil, headers: headers)
            await ask(.get, "\(path)?token=x", token: nil, headers: headers, gives: 404)
        }
        await ask(.get, "\(Self.path)/manage?token=\(secrets.token)", token: nil, gives: 404)
        await ask(.post, "\(path)?token=\(secrets.token)", token: nil, gives: 404)
        let confirmed = await ask(.post, "\(path)?token=\(secrets.question)", token: nil)
        #expect(confirmed.json["state"] == "confirmed" && confirmed.json["masked_address"] != nil)
        let again = await ask(.post, "\(path)?token=\(secrets.question)&lang=de", token: nil, headers: Self.page)
        #expect(HTMLOutline(again.text).problems == [] && again.text.contains(secrets.token))
    }

    private func manage(_ secrets: SubscriptionSecrets, _ component: String) async throws {
        let path = "\(Self.path)/manage?token=\(secrets.token)"
        let shown = await ask(.get, path, token: nil, headers: Self.page)
        #expect(HTMLOutline(shown.text).problems == [] && shown.text.contains("checked=\"checked\""))
        #expect(await ask(.get, path, token: nil).json["components"] == [.string(component)])
        let changed = await ask(.post, path, ["language": "en"], token: nil)
        #expect(changed.json["components"] == .null && changed.json["language"] == "en")
        await ask(.post, path, ["components": ["nothing"]], token: nil, gives: 422)
        await ask(.post, "\(Self.path)/manage?token=x", [:], token: nil, gives: 404)
        let text = "token=\(secrets.token)&components=\(component)&language=de"
        var headers = Self.page
        headers[.contentType] = "application/x-www-form-urlencoded"
        let saved = await server.ask(.post, "\(Self.path)/manage?lang=de", raw: text, token: nil, headers: headers)
        #expect(saved.status == 200 && saved.text.contains("gespeichert") && HTMLOutline(saved.text).problems == [])
        for headers in [[:], Self.page] {
            let leave = "\(Self.path)/unsubscribe?token=\(secrets.token)"
            let asked = await ask(.get, leave, token: nil, headers: headers)
            #expect(asked.headers[.cacheControl] == "no-store" && asked.headers[.referrerPolicy] == "no-referrer")
        }
        let own = await ask(.post, "\(Self.path)/export?token=\(secrets.token)", token: nil)
        #expect(own.json["address"] == .string(secrets.address) && own.json["signing_secret"]?.string != nil)
    }

    private func administer(_ hook: String) async throws {
        let other: JSONValue = ["webhook": "https://other.example.net/"]
        await ask(.post, Self.path, other, token: nil, headers: [.xForwardedFor: "203.0.113.99"], gives: 202)
        try await readPages("/v1/subscriptions")
        let found = await post("/v1/subscriptions/find", ["webhook": .string(hook)])
        let id = try #require(found.json["id"]?.string)
        await post("/v1/subscriptions/find", ["email": "nobody@example.org"], gives: 404)
        await post("/v1/subscriptions/find", ["email": "nobody"], gives: 422)
        #expect(await get("/v1/subscriptions/\(id)").json["address"] == .string(hook))
        let none = "0197a1b2-0000-7000-8000-000000000000"
        await get("/v1/subscriptions/\(none)", gives: 404)
        await ask(.delete, "/v1/subscriptions/\(none)", gives: 404)
        let last = await post("/v1/subscriptions/find", other)
        await ask(.delete, "/v1/subscriptions/\(last.json["id"]?.string ?? "")", gives: 204)
        let lines = try await server.server.pool.query(
            "SELECT action, data::text AS data FROM audit_line WHERE action LIKE 'subscription.%'")
        #expect(lines.count >= 4)
        for line in lines { #expect(try line.decode("data", as: String.self) == "{}") }
    }

    private func refuseMany() async {
        let headers: HTTPFields = [.xForwardedFor: "203.0.113.200"]
        var last = 0
        for number in 0..<SubscriptionOffer.asksPerNetworkMinute + 1 {
            let wish: JSONValue = ["webhook": .string("https://many.example.net/\(number)")]
            last = await server.ask(.post, Self.path, wish, token: nil, headers: headers).status
        }
        #expect(last == 429)
    }
}
