import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// Changes that tools tell of, and those beside an incident.
@Suite(.timeLimit(.minutes(20)))
struct ChangeRouteTests {
    private static func tell(
        _ site: IngressSite, _ summary: JSONValue, on component: JSONValue = .null, secondsAgo: Double
    ) async {
        let at = Timestamp.now().adding(seconds: -secondsAgo).description
        let body: JSONValue = [
            "routing_key": .string(site.key),
            "payload": [
                "summary": summary, "timestamp": .string(at), "source": "ci",
                "custom_details": ["component": component, "build": "42"],
            ],
            "links": [["href": "https://ci.example/42", "text": "build"]],
        ]
        for _ in 0..<2 {
            let reply = await site.send(.post, "/v2/change/enqueue", body, gives: 202)
            #expect(reply.json["status"] == "success")
        }
    }

    private static func summaries(_ site: IngressSite, _ path: String) async -> [String] {
        (await site.ask(.get, path).json["items"]?.array ?? []).compactMap { $0["summary"]?.string }
    }

    @Test
    func `A change that is told twice is one, and is found by component and time`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            await Self.tell(site, "Old release", on: "db", secondsAgo: 7200)
            await Self.tell(site, "New release", on: "api", secondsAgo: 60)
            #expect(await Self.summaries(site, "/v1/changes") == ["New release", "Old release"])
            #expect(await Self.summaries(site, "/v1/changes?component=db") == ["Old release"])
            let hourAgo = Timestamp.now().adding(seconds: -3600)
            #expect(await Self.summaries(site, "/v1/changes?since=\(hourAgo)") == ["New release"])
            #expect(await Self.summaries(site, "/v1/changes?until=\(hourAgo)") == ["Old release"])
            let change = await site.ask(.get, "/v1/changes?limit=1").json["items"]?[0]
            #expect(change?["links"] == ["https://ci.example/42"] && change?["labels"]?["build"] == "42")
            await site.send(.post, "/v2/change/enqueue", ["routing_key": .string(site.key)], gives: 400)
        }
    }

    @Test
    func `Beside an incident stand the changes of what is affected, then of what it depends on`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            await site.ask(
                .put, "/v1/components",
                [
                    ["slug": "db", "tier": 0], ["slug": "api", "tier": 1, "depends_on": [["component": "db"]]],
                    ["slug": "other", "tier": 2],
                ])
            await Self.tell(site, "Of another", on: "other", secondsAgo: 30)
            await Self.tell(site, "Of the database", on: "db", secondsAgo: 60)
            await Self.tell(site, "Of the API", on: "api", secondsAgo: 600)
            await Self.tell(site, "Long ago", on: "api", secondsAgo: 20_000)
            let made = await site.ask(
                .post, "/v1/incidents",
                ["title": "API is down", "components": [["component": "api", "impact": "major_outage"]]], gives: 201)
            let path = "/v1/incidents/\(made.json["number"]?.integer ?? 0)/changes"
            #expect(await Self.summaries(site, path) == ["Of the API", "Of the database", "Of another"])
            let reasons = (await site.ask(.get, path).json["items"]?.array ?? []).compactMap { $0["reason"]?.string }
            #expect(reasons.first == "api is affected" && reasons.dropFirst().first == "api depends on db")
            #expect(await Self.summaries(site, "\(path)?hours=24").count == 4)
            await site.ask(.get, "\(path)?hours=0", gives: 422)
            await site.ask(.get, "/v1/incidents/999/changes", gives: 404)
        }
    }
}
