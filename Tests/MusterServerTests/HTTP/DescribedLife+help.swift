import HTTPTypes
import Postgres
import Testing

@testable import MusterServer

/// What users choose from and are told to try, and who looks after it.
extension DescribedLife {
    /// Five that are over, so that it is known how long such disruptions last.
    private func goThrough() async throws {
        let listing: JSONValue = ["name": "Search", "group": "Apps"]
        await ask(.put, "/v1/components/search", ["tier": 2, "public": listing], gives: 201)
        for _ in 1...5 {
            let incident = try await open([
                "title": "Index", "components": [["component": "search", "impact": "major_outage"]],
            ])
            await post("\(incident)/updates", ["audience": "users", "body": "Search is down."], gives: 201)
            await ask(.put, "\(incident)/impacts/search", ["impact": "none"])
            for _ in 1...4 { await post("\(incident)/advance", ["override": true, "reason": "a test"]) }
        }
        try await server.server.publicStatus?.pass()
    }

    func help() async throws {
        try await goThrough()
        let search = await ask(.get, "/help?symptom=errors&component=search&platform=web&lang=en", token: nil)
        #expect(search.json["known"] == "nothing" && search.json["lengths"]?["count"] == 5)
        #expect((search.json["steps"]?.array ?? []).count > 3 && search.json["question"]?["platform"] == "web")
        let live = await ask(.get, "/help?component=Live%20video", token: nil)
        #expect(live.json["known"] == "incident" && live.json["expected_back"]?.string != nil)
        #expect(live.json["meanwhile"]?["steps"] == ["Watch recordings."] && live.json["steps"] == [])
        let tag = live.headers[.eTag] ?? ""
        await ask(.get, "/help?component=Live%20video", token: nil, headers: [.ifNoneMatch: tag], gives: 304)
        for query in ["", "symptom=slow&component=nothing&platform=%27%3E", "component=Live%20video&lang=de"] {
            let page = await ask(.get, "/help?\(query)", token: nil, headers: [.accept: "text/html"])
            #expect(HTMLOutline(page.text).problems == [], "\(query)")
            #expect(page.text.contains("<form") && !page.text.contains("Encoders"), "\(query)")
        }
        try await reportFromPage()
        try await edit()
    }

    private func reportFromPage() async throws {
        let headers: HTTPFields = [.accept: "text/html", .xForwardedFor: "203.0.113.77"]
        let report: JSONValue = ["symptom": "errors", "area": "Live video"]
        let thanks = await ask(.post, "/reports?lang=de", report, token: nil, headers: headers, gives: 202)
        #expect(HTMLOutline(thanks.text).problems == [] && thanks.text.contains("Danke"))
        #expect(thanks.headers[.cacheControl] == "no-store" && thanks.headers[.eTag] == nil)
        let counted = try await server.server.pool.query(
            "SELECT count(*) AS n FROM report_count WHERE component = 'live' AND symptom = 'errors'")
        #expect(try counted[0].decode("n", as: Int.self) == 1, "known by its public name")
    }

    /// The installation's own book, and back.
    private func edit() async throws {
        let path = "/v1/catalog/help"
        let builtIn = await get(path)
        #expect(builtIn.json["built_in"] == true && builtIn.headers[.eTag] == "\"0\"")
        await ask(.get, path, headers: [.ifNoneMatch: "\"0\""], gives: 304)
        let book: JSONValue = [
            "symptoms": [["id": "no_coffee", "name": ["en": "No coffee"], "components": ["live", "db"]]],
            "platforms": [["id": "kitchen", "name": ["en": "Kitchen", "de": "Küche"]]],
            "steps": [["id": "beans", "text": ["en": "Fill in beans.", "de": "Bohnen einfüllen."]]],
            "guides": [["steps": ["beans"]]],
        ]
        await ask(.put, path, book, headers: [.ifMatch: "\"7\""], gives: 412)
        let stored = await ask(.put, path, book, headers: [.ifMatch: "\"0\""])
        #expect(stored.json["built_in"] == false && (stored.json["version"]?.integer ?? 0) > 0)
        await ask(.put, path, stored.json)
        let broken: JSONValue = ["symptoms": [], "platforms": [], "steps": [], "guides": [["steps": ["beans"]]]]
        let refused = await ask(.put, path, broken, gives: 422)
        #expect(refused.json["errors"]?[0]?["pointer"] == "/symptoms")
        try await server.server.publicStatus?.pass()
        let own = await ask(.get, "/help?symptom=no_coffee&lang=de", token: nil)
        #expect(own.json["known"] == "incident" && own.json["symptoms"]?[0]?["id"] == "no_coffee")
        #expect(
            await ask(.get, "/help?lang=de&platform=kitchen", token: nil).json["steps"]?[0]?["text"]
                == "Bohnen einfüllen.")
        let other: HTTPFields = [.xForwardedFor: "203.0.113.78"]
        await ask(.post, "/reports", ["symptom": "no_coffee"], token: nil, headers: other, gives: 202)
        await ask(.post, "/reports", ["symptom": "errors"], token: nil, headers: other, gives: 422)
        try await attach()
        await ask(.delete, path, headers: [.ifMatch: "\"1\""], gives: 412)
        await ask(.delete, path, gives: 204)
        try await server.server.publicStatus?.pass()
        #expect(await ask(.get, "/help", token: nil).json["symptoms"]?[0]?["id"] == "cannot_connect")
    }

    /// Updates that take their steps from it.
    private func attach() async throws {
        let incident = try await open(["title": "Kitchen"])
        let body: JSONValue = [
            "audience": "users", "public": false, "body": "Geduld.", "language": "de-AT",
            "guide": ["symptom": "no_coffee", "platform": "kitchen"],
        ]
        await post("\(incident)/updates", body, gives: 201)
        let told = await get("\(incident)/updates/1")
        #expect(told.json["steps"] == ["Bohnen einfüllen."])
        let draft = await post(
            "\(incident)/updates/draft", ["audience": "users", "template": "auto", "guide": ["platform": "kitchen"]],
            gives: 201)
        #expect(draft.json["steps"] == ["Fill in beans."])
        let both: JSONValue = ["audience": "users", "body": "b", "guide": [:], "steps": ["Wait."]]
        await post("\(incident)/updates", both, gives: 201)
        #expect(await get("\(incident)/updates/3").json["steps"] == ["Wait.", "Fill in beans."])
        let many: JSONValue = [
            "audience": "users", "body": "b", "guide": [:], "steps": .array(.init(repeating: "s", count: 20)),
        ]
        await post("\(incident)/updates", many, gives: 422)
        let unknown: JSONValue = ["audience": "users", "body": "b", "guide": ["symptom": "errors"]]
        #expect(
            await post("\(incident)/updates", unknown, gives: 422).json["errors"]?[0]?["pointer"] == "/guide/symptom")
    }
}
