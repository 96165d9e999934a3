import FoundationEssentials
import TestSupport
import Testing

/// Paging in real seconds: the daemon ends in the middle of it, and whoever is next hears on time.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct EscalationTests {
    private static let after: Double = 3
    /// How late a page may be, behind the moment at which it is due and somebody serves.
    private static let latest: Double = 2

    @Test
    func `killed after the first page, it pages the second endpoint on time, but not where somebody acknowledged`()
        async throws
    {
        let settings = [
            "notifications.allowed_networks": "127.0.0.0/8", "escalation.sev1.notify": "first",
            "escalation.sev1.escalate": "\(Int(Self.after)): second",
        ]
        try await PythonServer.with("listener.py") { listener in
            try await Daemon.with(.cluster, settings) { daemon in
                let api = daemon.api
                for name in ["first", "second"] {
                    let url = "http://\(listener)/\(name)"
                    try await api.post(
                        "/v1/endpoints",
                        ["name": .string(name), "format": "standard-webhooks", "url": .string(url), "events": []]
                    ).expect(201)
                }
                let attended = try await api.open(["title": "attended", "severity": "sev1"])
                let left = try await api.open(["title": "left alone", "severity": "sev1"])
                try await Eventually.holds("the first pages") {
                    Set(try await pages(listener, "/first").map(\.title)) == ["attended", "left alone"]
                }
                try await api.post(attended + "/acknowledge").expect(200)
                try await daemon.kill9()
                #expect(try await pages(listener, "/second").isEmpty, "the machine was too slow for this test")
                try await daemon.start()
                let started = Date().timeIntervalSince1970

                let second = try await Eventually.get("the second page") { try await pages(listener, "/second").first }
                #expect(second.title == "left alone" && second.step == 2)
                #expect(second.at >= second.begunAt + Self.after)
                #expect(
                    second.at <= max(second.begunAt + Self.after, started) + Self.latest,
                    "\(second), started at \(started)")
                // Nothing is to come any more.
                #expect(try await ended(attended, api) == "acknowledged")
                #expect(try await ended(left, api) == "exhausted")
                try await Eventually.holds("everything is written down") {
                    let told =
                        try await api.all(left + "/notifications") + (try await api.all(attended + "/notifications"))
                    return told.allSatisfy { $0["state"] == "delivered" }
                }
                #expect(try await pages(listener, "/second").map(\.id) == [second.id])
                // A kill right after it was sent may have it sent again, under the same id.
                #expect(Set(try await pages(listener, "/first").map(\.id)).count == 2)
                #expect(try await daemon.run("verify").status == 0)
            }
        }
    }

    private struct Page {
        let id: String
        let at: Double
        let title: String
        let step: Int
        let begunAt: Double
    }

    /// The pages that an endpoint heard, in their order.
    private func pages(_ listener: String, _ path: String) async throws -> [Page] {
        let heard = try await API(address: listener, token: nil).get("/").expect(200)
        return try heard.items.filter { $0["path"] == .string(path) && $0["message"]["type"] == "muster.page" }.map {
            let notice = $0["message"]["data"]
            return Page(
                id: try #require($0["id"].string), at: try #require($0["at"].number),
                title: try #require(notice["incident"]["title"].string), step: try #require(notice["data"]["step"].int),
                begunAt: try #require(Moment.date(notice["data"]["begun_at"].string)).timeIntervalSince1970)
        }
    }

    /// How the paging for an incident ended, once it has.
    private func ended(_ incident: String, _ api: API) async throws -> String {
        try await Eventually.get("the end of paging for \(incident)") {
            try await api.get(incident + "/notifications").expect(200)["escalations"][0]["ended"].string
        }
    }
}
