import FoundationEssentials
import TestSupport
import Testing

/// Everything that is refused at the edge: each kind of bad request has its answer, and nothing of it stays.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct LimitsTests {
    @Test func `a body that is too large is refused, announced or not`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let megabyte = String(repeating: "x", count: 1 << 20)
            let large = "{\"title\":\"" + String(repeating: megabyte, count: 10) + "\"}"
            try await api.send("POST", "/v1/incidents", .text(large)).problem(413, "body-too-large")
            try await api.send("POST", "/v1/incidents", .chunks(of: megabyte, count: 10)).problem(413, "body-too-large")
            let source = try await api.makeSource("prometheus")
            // Tools send more, and cannot send less when they are told so: what is kept tells what they wanted.
            try await api.send("POST", source.hook, .text(large)).problem(422, "invalid-value")
            let refused = try await api.send("POST", source.hook, .text(large + large)).problem(413, "body-too-large")
            #expect(refused["dead_letter"].string?.isEmpty == false)
            #expect(try await api.all("/v1/incidents").isEmpty)
            // And it goes on.
            try await api.post("/v1/incidents", ["title": "small"]).expect(201)
        }
    }

    @Test func `a body that is not the JSON of the route is refused`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            for type in ["text/xml", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
                try await api.post("/v1/incidents", ["title": "x"], headers: ["Content-Type": type])
                    .problem(415, "unsupported-media-type")
            }
            for text in ["", "{", "{\"title\":\"x\"} {}", "{'title':'x'}", "{\"title\":\"\u{1}\"}", "nul"] {
                try await api.send("POST", "/v1/incidents", .text(text)).problem(400, "not-json")
            }
            try await api.send("POST", "/v1/incidents", .text(String(repeating: "[", count: 5_000)))
                .problem(400, "not-json")
            try await api.send("POST", "/v1/incidents", .text("[]")).problem(422, "invalid-value")
            #expect(try await api.all("/v1/incidents").isEmpty)
        }
    }

    @Test func `every wrong value is named by a pointer, all at once`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let problem = try await api.post(
                "/v1/incidents",
                [
                    "title": "", "severity": "sev9", "started_at": "yesterday", "labels": ["a": 1], "nonsense": true,
                    "components": [["component": "feed", "impact": "awful", "colour": "red"]],
                ]
            ).problem(422, "invalid-value")
            let pointers = Set(problem["errors"].items.compactMap { $0["pointer"].string })
            for pointer in [
                "/title", "/severity", "/started_at", "/labels/a", "/nonsense", "/components/0/impact",
                "/components/0/colour",
            ] {
                #expect(pointers.contains(pointer), "\(pointer) is not named: \(pointers)")
            }
            #expect(problem["errors"].items.allSatisfy { $0["detail"].string?.isEmpty == false })
            try await api.post("/v1/incidents", ["title": .string(String(repeating: "x", count: 301))])
                .problem(422, "invalid-value")
            try await api.post("/v1/incidents", ["title": "x", "started_at": "2999-01-01T00:00:00Z"])
                .problem(422, "invalid-value")
            try await api.post(
                "/v1/incidents", ["title": "x", "components": [["component": "ghost", "impact": "degraded"]]]
            )
            .problem(422, "invalid-value")
            let cycle: JSON = [
                "components": [
                    ["slug": "a", "tier": 0, "depends_on": [["component": "b"]]],
                    ["slug": "b", "tier": 0, "depends_on": [["component": "a"]]],
                ]
            ]
            let refused = try await api.put("/v1/components", cycle).problem(422, "invalid-value")
            #expect(refused.description.contains("a") && refused.description.contains("b"))
            #expect(try await api.all("/v1/components").isEmpty)
            #expect(try await api.all("/v1/incidents").isEmpty)
        }
    }

    @Test func `without a token nothing is told, and with too little of a role nothing is done`() async throws {
        try await Daemon.with { daemon in
            let admin = daemon.api
            for token in [nil, "", "wrong", Daemon.bootstrapToken + "x"] {
                let reply = try await admin.with(token: token).get("/v1/incidents")
                try reply.problem(401, "unauthenticated")
                #expect(reply.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            }
            try await admin.with(token: nil).get("/v1/incidents", headers: ["Authorization": "Basic YTpi"])
                .problem(401, "unauthenticated")
            let viewer = try await admin.client("v", "viewer")
            let responder = try await admin.client("r", "responder")
            let commander = try await admin.client("c", "commander")
            try await viewer.get("/v1/incidents").expect(200)
            try await viewer.post("/v1/incidents", ["title": "x"]).problem(403, "role-required")
            let path = try await responder.open(["title": "x"])
            try await responder.post(path + "/updates", ["audience": "public", "body": "x"]).problem(
                403, "role-required")
            try await commander.post(path + "/updates", ["audience": "public", "body": "x"]).expect(201)
            try await commander.put("/v1/components", Platform.catalog).problem(403, "role-required")
            try await commander.post("/v1/sources", ["name": "x", "kind": "alertmanager"]).problem(403, "role-required")
            #expect(try await admin.get(path).expect(200)["version"] == 2)

            let tokens = try await admin.all("/v1/tokens")
            let id = tokens.first { $0["name"] == "r" }?["id"].string ?? ""
            #expect(!tokens.description.contains(responder.token ?? "-"))
            try await admin.delete("/v1/tokens/\(id)").expect(204)
            try await responder.get("/v1/incidents").problem(401, "unauthenticated")
        }
    }

    @Test func `unknown paths, methods and things have their answers`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.get("/v1/nothing").problem(404, "not-found")
            try await api.get("/v1/incidents/1").problem(404, "not-found")
            try await api.get("/v1/incidents/INC-abc").problem(404, "not-found")
            try await api.post("/v1/incidents/1/notes", ["text": "x"]).problem(404, "not-found")
            try await api.patch("/v1/actions/1-1", ["owner": "x"]).problem(404, "not-found")
            try await api.delete("/v1/components/ghost").problem(404, "not-found")
            for method in ["DELETE", "PUT", "TRACE", "OPTIONS"] {
                let reply = try await api.send(method, "/v1/incidents")
                try reply.problem(405, "method-not-allowed")
                let allowed = reply.header("Allow")?.split(separator: ",").map { $0.filter { $0 != " " } }
                #expect(Set(allowed ?? []) == ["GET", "HEAD", "POST"])
            }
            let path = try await api.open(["title": "x"])
            #expect(try await api.get("/v1/incidents/INC-1").expect(200)["number"] == 1)
            let head = try await api.send("HEAD", path)
            #expect(head.status == 200 && head.bytes.isEmpty)
            #expect(head.header("ETag") == "\"1\"")
            let unchanged = try await api.get(path, headers: ["If-None-Match": "\"1\""])
            #expect(unchanged.status == 304 && unchanged.bytes.isEmpty)
        }
    }

    @Test func `a write on another version than the one seen is refused`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "x"])
            let first = try await api.patch(path, ["title": "y"], headers: ["If-Match": "\"1\""])
            try first.expect(200)
            #expect(first.header("ETag") == "\"2\"")
            try await api.patch(path, ["title": "z"], headers: ["If-Match": "\"1\""]).problem(412, "version-mismatch")
            try await api.patch(path, ["title": "z"], headers: ["If-Match": "2"]).problem(400, "malformed-request")
            try await api.post(path + "/acknowledge", headers: ["If-Match": "\"7\", \"2\""]).expect(200)
            try await api.post(path + "/notes", ["text": "x"], headers: ["If-Match": "*"]).expect(201)
            let incident = try await api.get(path).expect(200)
            #expect(incident["title"] == "y")
            #expect(incident["version"] == 4)
        }
    }

    @Test func `where versions are required, a write without one is refused`() async throws {
        try await Daemon.with(.cluster, ["http.require_if_match": "true"]) { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "x"])
            try await api.post(path + "/acknowledge").problem(428, "version-required")
            try await api.patch(path, ["title": "y"]).problem(428, "version-required")
            try await api.post(path + "/merge", ["into": 2]).problem(428, "version-required")
            try await api.post(path + "/acknowledge", headers: ["If-Match": "\"1\""]).expect(200)
            #expect(try await api.get(path).expect(200)["version"] == 2)
        }
    }

    @Test func `lists go page by page, and a wrong limit or cursor is refused`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            for number in 1...7 { try await api.post("/v1/incidents", ["title": "\(number)"]).expect(201) }
            let pages = try await api.all("/v1/incidents", limit: 3)
            #expect(pages.compactMap { $0["number"].int } == [7, 6, 5, 4, 3, 2, 1])
            let first = try await api.get("/v1/incidents?limit=3")
            let cursor = try first.expect(200)["next_cursor"].string ?? ""
            #expect(first.header("Link")?.contains("rel=\"next\"") == true)
            for query in [
                "limit=0", "limit=201", "limit=x", "limit=-1", "cursor=garbage", "cursor=", "phase=odd", "open=perhaps",
                "opened_after=now", "label=none", "unknown=1", "q=",
            ] {
                try await api.get("/v1/incidents?" + query).problem(422, "invalid-value")
            }
            // A cursor belongs to its list.
            try await api.get("/v1/alerts?cursor=\(cursor)").problem(422, "invalid-value")
            try await api.get("/v1/incidents/1/timeline?after=-1").problem(422, "invalid-value")
        }
    }
}
