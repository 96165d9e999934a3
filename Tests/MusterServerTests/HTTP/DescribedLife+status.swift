import HTTPTypes
import Testing

@testable import MusterServer

/// What everybody sees: the public page, its feeds and its JSON.
extension DescribedLife {
    private static let pages = ["/status", "/status/history"]
    private static let documents =
        [
            "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances",
            "scheduled-maintenances/upcoming", "scheduled-maintenances/active",
        ].map { "/api/v2/\($0).json" } + [
            "/status.atom", "/status.rss", "/status.ics", "/status/badge.svg", "/status/embed.json",
        ]

    func showToEverybody() async throws {
        await ask(.get, "/status", token: nil, gives: 503)
        let listing: JSONValue = ["name": "Live video", "group": "Apps", "order": 1, "description": "Streams"]
        let listed = await ask(.put, "/v1/components/live", ["tier": 2, "public": listing])
        #expect(listed.json["public"] == listing)
        let incident = try await open([
            "title": "Encoders hang", "components": [["component": "live", "impact": "major_outage"]],
        ])
        let said: JSONValue = [
            "audience": "users", "body": "Live video stops.", "eta": .string(try await moment(in: 3600)),
            "steps": ["Watch recordings."],
        ]
        await post("\(incident)/updates", said, gives: 201)
        for days in [1, 2] {
            let begin = String(try await moment(in: days * 86_400).prefix(16))
            let window: JSONValue = [
                "title": "Racks", "components": ["live"], "local_start": .string(begin), "time_zone": "Etc/UTC",
                "duration_seconds": 3600,
            ]
            let made = await post("/v1/maintenance", window, gives: 201)
            if days == 2 { await post("/v1/maintenance/\(try #require(made.json["id"]?.string))/begin") }
        }
        try await server.server.publicStatus?.pass()
        let number = number(incident)
        let now = try await moment(in: 0)
        let pages = Self.pages + ["/status/incidents/\(number)", "/status/history/\(now.prefix(7))"]
        for path in pages + Self.documents {
            let answer = await ask(.get, path, token: nil)
            let tag = answer.headers[.eTag] ?? ""
            await ask(.get, path, token: nil, headers: [.ifNoneMatch: tag], gives: 304)
        }
        for path in pages {
            for language in ["en", "de"] {
                let page = await ask(.get, "\(path)?lang=\(language)", token: nil)
                #expect(HTMLOutline(page.text).problems == [], "\(path)")
                #expect(page.text.contains("Live video") && !page.text.contains("Encoders"), "\(path)")
            }
        }
        for path in ["/status/incidents/99999", "/status/history/1999-01"] {
            await ask(.get, path, token: nil, gives: 404)
        }
        let summary = await ask(.get, "/api/v2/summary.json", token: nil)
        #expect(summary.json["status"]?["indicator"] == "critical")
    }
}
