import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// `/hooks/{key}`.
@Suite(.timeLimit(.minutes(20)))
struct HookRouteTests {
    private static let event: JSONValue = [
        "specversion": "1.0", "id": "e1", "source": "//ci", "type": "com.example.check.failed",
        "data": ["title": "Build broke", "severity": "error"],
    ]

    @Test
    func `A CloudEvent is read in all three modes, and is one alert`() async throws {
        try await IngressSite.with(.cloudevents) { site in
            let hook = "/hooks/\(site.key)"
            let structured: HTTPFields = [.contentType: "application/cloudevents+json"]
            let one = await site.send(.post, hook, Self.event, headers: structured, gives: 200)
            #expect(one.json == ["accepted": 1])
            var binary: HTTPFields = [.contentType: "application/json"]
            for (name, value) in [
                ("ce-id", "e1"), ("ce-source", "//ci"), ("ce-type", "com.example.check.failed"),
                ("ce-specversion", "1.0"), ("ce-subject", "disk%20%C3%A9"),
            ] {
                if let name = HTTPField.Name(name) { binary[name] = value }
            }
            await site.send(.post, hook, Self.event["data"], headers: binary, gives: 200)
            let batch: HTTPFields = [.contentType: "application/cloudevents-batch+json"]
            await site.send(.post, hook, [Self.event], headers: batch, gives: 200)
            #expect(await site.alerts() == ["//ci|e1 firing 3"])
            let refused = await site.send(.post, hook, ["id": "e2"], headers: structured, gives: 422)
            #expect(refused.json["errors"]?.array?.count == 3)
        }
    }

    @Test
    func `Grafana may PUT`() async throws {
        try await IngressSite.with(.grafana) { site in
            let body: JSONValue = [
                "version": "1", "orgId": 1, "status": "firing", "groupKey": "g",
                "alerts": [["status": "firing", "fingerprint": "f1", "labels": ["alertname": "A"]]],
            ]
            let reply = await site.send(.put, "/hooks/\(site.key)", body, gives: 200)
            #expect(reply.json == ["accepted": 1])
        }
    }

    @Test(arguments: ["none", "%20", "x/y"])
    func `A key that no source has is 404, and nothing is kept`(key: String) async throws {
        try await IngressSite.with(.alertmanager) { site in
            await site.send(.post, "/hooks/\(key)", [:], gives: 404)
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `Overload is 503 with the time to wait, as Alertmanager drops what is answered by 429`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            try await site.whenOverloaded { full in
                let alert: JSONValue = [
                    "status": "firing", "fingerprint": "f1", "labels": ["alertname": "A"],
                    "startsAt": "2024-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
                ]
                let body: JSONValue = ["version": "4", "groupKey": "g", "status": "firing", "alerts": [alert]]
                let reply = await full.send(.post, "/hooks/\(full.key)", body, gives: 503)
                #expect(reply.headers[.retryAfter] != nil)
            }
        }
    }

    @Test
    func `A database that is away is 503 at every door`() async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            let doors: [(String, JSONValue)] = [
                ("/hooks/key", [:]), ("/v2/enqueue", ["routing_key": "key"]), ("/v2/alerts?key=key", ["message": "m"]),
                ("/api/v2/alerts?key=key", []),
            ]
            for (path, body) in doors {
                let reply = await server.ask(.post, path, body, token: nil)
                #expect(reply.status == 503, "\(path): \(reply.text)")
            }
        }
    }
}
