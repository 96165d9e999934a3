import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Updates over HTTP: approvals by another, two people at once, wrong bodies, and redaction.
@Suite(.timeLimit(.minutes(20))) struct UpdateRouteTests {
    /// A server that wants a second person for what goes to users, and the tokens of two commanders and a responder.
    private struct Room {
        let server: DescribedServer
        let path: String
        let tokens: [String: String]

        func post(_ path: String, _ body: JSONValue? = nil, as name: String) async -> DescribedServer.Reply {
            await server.ask(.post, self.path + path, body, token: tokens[name] ?? "none")
        }
    }

    private static let policy = UpdatePolicy(everyMinutes: [.sev1: 30], approval: [nil: [.users]])

    private static func with(_ body: @escaping @Sendable (Room) async throws -> Void) async throws {
        try await DescribedServer.with { described in
            let server = try DescribedServer(pool: described.server.pool) { $0.updates.policy = policy }
            var tokens: [String: String] = [:]
            for (name, role) in [("ada", "commander"), ("bob", "commander"), ("ron", "responder"), ("vera", "viewer")] {
                let made = await server.ask(.post, "/v1/tokens", ["name": .string(name), "role": .string(role)])
                tokens[name] = made.json["token"]?.string
            }
            let opened = await server.ask(.post, "/v1/incidents", ["title": "Videos stop", "severity": "sev1"])
            let path = "/v1/incidents/\(try #require(opened.json["number"]?.integer))"
            try await body(Room(server: server, path: path, tokens: tokens))
            #expect(server.complaints == [])
        }
    }

    @Test func `what needs a second person says which call comes next`() async throws {
        try await Self.with { room in
            let refused = await room.post("/updates", ["audience": "users", "body": "Sorry."], as: "ada")
            #expect(refused.status == 409 && refused.json["type"] == "/problems/approval-required")
            #expect(refused.json["how"]?[0]?["path"]?.string == "\(room.path)/updates/draft")
            let drafted = await room.post("/updates/draft", ["audience": "users", "body": "Sorry."], as: "ron")
            #expect(drafted.status == 201 && drafted.json["needs_approval"] == true)
            let early = await room.post("/updates/1/publish", as: "ada")
            #expect(early.status == 409)
            #expect(early.json["how"]?[0]?["path"]?.string == "\(room.path)/updates/1/approve")
            #expect(await room.post("/updates/1/approve", ["revision": 1], as: "ron").status == 409)
            let approved = await room.post("/updates/1/approve", ["revision": 1], as: "ada")
            #expect(approved.status == 200 && approved.json["approved_by"] == "ada")
            #expect(approved.json["needs_approval"] == false)
            #expect(await room.post("/updates/1/publish", as: "ron").status == 403)
            let published = await room.post("/updates/1/publish", as: "bob")
            #expect(published.json["state"] == "published" && published.json["versions"]?[0]?["published_by"] == "bob")
        }
    }

    @Test func `a part is no template to draft from`() async throws {
        try await Self.with { room in
            for name in ["part-what", "part-what.en"] {
                let refused = await room.post(
                    "/updates/draft", ["audience": "users", "template": .string(name)], as: "ada")
                #expect(refused.status == 422 && refused.text.contains("should be auto or one of assess, mitigate"))
            }
        }
    }

    @Test func `a revision is counted on through publishing and correcting`() async throws {
        try await Self.with { room in
            _ = await room.post("/updates/draft", ["audience": "staff", "body": "One."], as: "ada")
            for body in ["Two.", "Three."] {
                let path = "\(room.path)/updates/1"
                let revised = await room.server.ask(
                    .patch, path, ["body": .string(body)], token: room.tokens["ada"])
                #expect(revised.status == 200)
            }
            #expect(await room.post("/updates/1/publish", as: "ada").json["revision"] == 3)
            let corrected = await room.post("/updates/1/correct", ["body": "Four.", "reason": "r"], as: "ada")
            #expect(corrected.json["revision"] == 4 && corrected.json["versions"]?.array?.count == 2)
        }
    }

    @Test func `the author is refused as approver, whatever the role`() async throws {
        try await Self.with { room in
            _ = await room.post("/updates/draft", ["audience": "users", "body": "Sorry."], as: "ada")
            let own = await room.post("/updates/1/approve", ["revision": 1], as: "ada")
            #expect(own.status == 409 && own.json["type"] == "/problems/update-state")
            #expect(own.json["detail"]?.string?.contains("Another person has to approve it") == true)
            #expect(await room.post("/updates/1/approve", ["revision": 1], as: "vera").status == 403)
        }
    }

    @Test func `of an approval and a change at the same time, no text goes out that was not read`() async throws {
        try await Self.with { room in
            for round in 1...8 {
                _ = await room.post("/updates/draft", ["audience": "users", "body": "Sorry."], as: "ada")
                let draft = "/updates/\(round)"
                async let approved = room.post("\(draft)/approve", ["revision": 1], as: "bob")
                async let changed = room.server.ask(
                    .patch, room.path + draft, ["body": "Not sorry."], token: room.tokens["ada"] ?? "")
                let (first, second) = await (approved, changed)
                #expect(second.status == 200 && [200, 409].contains(first.status))
                let published = await room.post("\(draft)/publish", as: "ada")
                #expect(published.status == 409, "the change came last, or the approval did not come at all")
            }
        }
    }

    @Test func `two who publish the same draft at once publish it once`() async throws {
        try await Self.with { room in
            _ = await room.post("/updates/draft", ["audience": "staff", "body": "Meet at ten."], as: "ada")
            async let one = room.post("/updates/1/publish", as: "ada")
            async let other = room.post("/updates/1/publish", as: "bob")
            let statuses = await [one.status, other.status]
            #expect(statuses == [200, 200])
            let incident = await room.server.ask(.get, room.path)
            #expect(incident.json["updates"]?["published"] == 1)
        }
    }

    @Test func `wrong bodies are refused at every place`() async throws {
        try await Self.with { room in
            func pointers(_ path: String, _ body: JSONValue) async -> [String] {
                let reply = await room.post(path, body, as: "ada")
                #expect(reply.status == 422, "\(reply.text)")
                return (reply.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string }
            }
            #expect(await pointers("/updates", ["audience": "everybody", "body": "b"]) == ["/audience"])
            #expect(
                await pointers("/updates", ["audience": "staff", "body": "b", "language": "en_US", "steps": [""]])
                    == ["/language", "/steps/0"])
            #expect(await pointers("/updates/draft", ["audience": "users"]) == ["/body"])
            #expect(await pointers("/updates/draft", ["audience": "users", "template": "none"]) == ["/template"])
            let past = JSONValue.string("2020-01-01T00:00:00Z")
            #expect(
                await pointers("/updates/draft", ["audience": "staff", "body": "b", "publish_at": past])
                    == ["/publish_at"])
            #expect(
                await pointers("/updates", ["audience": "staff", "body": "b", "next_update_at": past])
                    == ["/next_update_at"])
            #expect(await pointers("/eta", ["eta": past, "reason": "r"]) == ["/eta"])
            #expect(await pointers("/eta", ["reason": "r"]) == ["/eta"])
            #expect(await pointers("/eta", ["source": "plan", "eta": past]) == ["/eta"])
            #expect(await pointers("/eta", ["source": "plan"]) == ["/source"])
            #expect(await pointers("/updates/1/approve", [:]) == ["/revision"])
        }
    }

    @Test func `a draft from a template says what is known, and is a draft like any other`() async throws {
        try await Self.with { room in
            _ = await room.server.ask(
                .put, "/v1/components", ["components": [["slug": "feed", "name": "Your feed", "tier": 1]]])
            _ = await room.server.ask(.put, "\(room.path)/impacts/feed", ["impact": "degraded"])
            let draft = await room.post(
                "/updates/draft", ["audience": "creators", "template": "auto", "steps": ["Save often."]], as: "ron")
            #expect(draft.status == 201 && draft.json["template"] == "assess.en")
            #expect(draft.json["body"]?.string?.hasPrefix("Your feed is slow or does not work fully.") == true)
            #expect(draft.json["body"]?.string?.contains("Next update by ") == true)
            #expect(draft.json["steps"] == ["Save often."] && draft.json["authors"] == ["ron"])
        }
    }

    @Test func `a redacted update is gone from its draft, its correction and the incident, too`() async throws {
        let secret = "hunter2swordfish"
        try await Self.with { room in
            let text: JSONValue = .string("The password is \(secret).")
            _ = await room.post("/updates/draft", ["audience": "staff", "body": text, "steps": [text]], as: "ada")
            _ = await room.post("/updates/1/publish", as: "ada")
            _ = await room.post("/updates/1/correct", ["body": text, "reason": "typing"], as: "ada")
            _ = await room.post("/updates/draft", ["audience": "staff", "body": text], as: "ada")
            let timeline = await room.server.ask(.get, "\(room.path)/timeline")
            let entry = try #require(
                timeline.json["items"]?.array?.first { $0["kind"] == "update_posted" }?["sequence"]?.integer)
            let redacted = await room.server.ask(
                .post, "\(room.path)/timeline/\(entry)/redact", ["reason": "a password"])
            #expect(redacted.status == 200)
            for path in ["", "/timeline", "/updates", "/review"] {
                #expect(await !room.server.ask(.get, room.path + path).text.contains(secret), "\(path)")
            }
            let differences = try await Verification(pool: room.server.server.pool).run().differences
            #expect(differences == [])
            #expect(
                await room.post("/updates/2/publish", as: "ada").status == 409, "a text with holes is not published")
        }
    }

    @Test func `an expected time is shown with who said it and what was said before`() async throws {
        try await Self.with { room in
            let now: Timestamp = try await room.server.server.pool.query("SELECT now() AS at")[0].decode("at")
            let (first, second) = (now.adding(seconds: 3600).description, now.adding(seconds: 7200).description)
            _ = await room.post("/eta", ["eta": .string(first), "reason": "The vendor."], as: "ron")
            let reply = await room.post("/eta", ["eta": .string(second), "reason": "Not yet."], as: "ada")
            #expect(reply.json["eta"]?.string == second, "\(reply.text)")
            let history = reply.json["eta_history"]
            #expect(history?["by"] == "ada" && history?["source"] == "person" && history?["reason"] == "Not yet.")
            #expect(history?["earlier"]?[0]?["by"] == "ron" && history?["earlier"]?[0]?["value"]?.string == first)
            #expect(reply.json["next_update_due_at"]?.string != nil && reply.json["review_due_at"] == .null)
        }
    }
}
