import Testing

/// Endpoints that lead back to where their messages come from.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct MessageLoopTests {
    private static func settings(_ name: String) -> [String: String] {
        ["notifications.allowed_networks": "127.0.0.0/8", "http.public_url": "https://\(name).example"]
    }

    /// Makes an endpoint that pages a daemon by a source of its own; the endpoint's id.
    private static func page(_ other: Daemon, from daemon: Daemon) async throws -> String {
        let key = try await other.api.makeKey("pagerduty")
        let made = try await daemon.api.post(
            "/v1/endpoints",
            [
                "name": "back", "format": "pagerduty", "url": .string("http://\(other.address)/v2/enqueue"),
                "options": ["routing_key": .string(key)],
            ]
        ).expect(201)
        return try #require(made["id"].string)
    }

    private static func attempts(_ daemon: Daemon, _ endpoint: String) async throws -> [JSON] {
        try await daemon.api.all("/v1/endpoints/\(endpoint)/attempts")
    }

    @Test func `an incident that is sent to its own installation under another name opens no other`() async throws {
        try await Daemon.with(.cluster, Self.settings("one")) { daemon in
            let pager = try await Self.page(daemon, from: daemon)
            // The API itself is a door, too.
            let opener = try await daemon.api.post(
                "/v1/endpoints",
                [
                    "name": "opener", "format": "template", "url": .string("http://\(daemon.address)/v1/incidents"),
                    "headers": ["Authorization": .string("Bearer \(Daemon.bootstrapToken)")],
                    "options": ["template": #"{"title": "again: {{incident.title}}"}"#],
                ]
            ).expect(201)
            try await daemon.api.post("/v1/incidents", ["title": "Video is down"]).expect(201)
            for endpoint in [pager, opener["id"].string ?? ""] {
                let attempt = try await Eventually.get("an attempt") { try await Self.attempts(daemon, endpoint).first }
                #expect(attempt["status"] == 409 && attempt["outcome"] == "failed" && attempt["state"] == "dead")
                #expect(attempt["answer"].string?.contains("sent by this installation itself") == true, "\(attempt)")
            }
            #expect(try await daemon.api.all("/v1/incidents").count == 1)
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
            #expect(try await daemon.api.get("/metrics").text.contains("\nmuster_message_loops_total 2\n"))
        }
    }

    @Test func `two installations that page each other have one incident each`() async throws {
        try await Daemon.with(.cluster, Self.settings("one")) { one in
            try await Daemon.with(.cluster, Self.settings("two")) { two in
                let there = try await Self.page(two, from: one)
                let back = try await Self.page(one, from: two)
                try await one.api.post("/v1/incidents", ["title": "Video is down"]).expect(201)
                let refused = try await Eventually.get("what comes back") { try await Self.attempts(two, back).first }
                #expect(refused["status"] == 409, "\(refused)")
                #expect(try await Self.attempts(one, there).map { $0["status"] } == [202])
                #expect(try await one.api.all("/v1/incidents").count == 1)
                #expect(try await two.api.all("/v1/incidents").count == 1)
            }
        }
    }
}
