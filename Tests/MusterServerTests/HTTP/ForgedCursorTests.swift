import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// A cursor that somebody made up is refused, whatever is in it: it is never a fault of ours.
@Suite(.timeLimit(.minutes(20))) struct ForgedCursorTests {
    private static let numbers: [JSONValue] = [
        0, -1, .integer(.max), .integer(.min), 9_223_372_036_854_775, 253_402_300_799_999, 253_402_300_799_999_999,
        1e18,
        1.5,
    ]
    private static let texts: [JSONValue] = [
        "", "x", "0197a1b2-0000-7000-8000-000000000000", "a\u{0}b", "\u{FFFF}",
        .string(String(repeating: "y", count: 500)),
        "'; DROP TABLE incident; --", "infinity", "NaN",
    ]
    private static let others: [JSONValue] = [.null, true, [], [1], [:]]

    private static var keys: [[JSONValue]] {
        let all = numbers + texts + others
        return [[]] + all.map { [$0] } + all.flatMap { first in (texts + [0, .null]).map { [first, $0] } }
            + [[1, 2, 3], ["a", "b", "c"]]
    }

    @Test func `every list refuses forged cursors`() async throws {
        try await DescribedServer.with { server in
            let opened = await server.ask(.post, "/v1/incidents", ["title": "It does not play"])
            try #require(opened.status == 201)
            _ = await server.ask(.put, "/v1/components/db", ["name": "Database", "tier": 1])
            let made = await server.ask(
                .post, "/v1/endpoints", ["name": "a", "format": "standard-webhooks", "url": "https://a.example/"])
            let endpoint = try #require(made.json["id"]?.string)
            let lists = server.server.routes.filter { route in
                guard case .only(let names) = route.query else { return false }
                return names.contains("cursor")
            }
            #expect(lists.count >= 12)
            let names = [
                "incidents", "alerts", "silences", "sources", "tokens", "components", "catalog-history", "heartbeats",
                "probes", "timeline", "updates", "estimates", "dead-letters", "changes", "endpoints", "attempts",
                "notifications", "maintenance", "restoration", "actions", "review-revisions", "subscriptions",
            ]
            for list in lists {
                let id = list.path.hasPrefix("/v1/endpoints") ? endpoint : "1"
                let path = list.path.replacing("{id}", with: id).replacing("{slug}", with: "db")
                var isKnown = false
                for name in names where await !isForeign(name, path, server) {
                    isKnown = true
                    for key in Self.keys {
                        let cursor = PageCursor(list: name, key: key).text
                        let reply = await server.ask(.get, "\(path)?cursor=\(cursor)")
                        #expect([200, 422].contains(reply.status), "\(path) \(name) \(key): \(reply.text)")
                    }
                }
                #expect(isKnown, "no name of a list fits \(path): add it here")
            }
            #expect(server.complaints == [])
        }
    }

    /// Whether a route takes no cursor of that name at all.
    private func isForeign(_ name: String, _ path: String, _ server: DescribedServer) async -> Bool {
        let id: JSONValue = "0197a1b2-0000-7000-8000-000000000000"
        for key: [JSONValue] in [[1, id], [id], [1, 1]] {
            let cursor = PageCursor(list: name, key: key).text
            if await server.ask(.get, "\(path)?cursor=\(cursor)").status != 422 { return false }
        }
        return true
    }

    @Test func `what is no cursor at all is refused`() async throws {
        try await DescribedServer.with { server in
            for text in ["x", "%00", "W10", "bnVsbA", "%FF", "..", String(repeating: "A", count: 1_200)] {
                let reply = await server.ask(.get, "/v1/incidents?cursor=\(text)")
                #expect([400, 422].contains(reply.status), "\(text): \(reply.text)")
            }
        }
    }
}
