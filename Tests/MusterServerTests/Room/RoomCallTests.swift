import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What forms do: what the API does, with the rights of whoever is signed in; and how a no is shown.
struct RoomCallTests {
    private static let component: JSONValue = ["slug": "auth", "tier": 0]

    @Test func `every form stands for a call that there is, and fits what it takes`() async throws {
        let routes = try await DescribedServer.withoutDatabase { $0.routes }
        let document = try OpenAPIDocument.loaded.get()
        for operation in RoomCall.operations {
            let route = try #require(routes.first { $0.operation == operation }, "\(operation)")
            let call = try #require(RoomCall.named(operation))
            guard !["reviseReview", "openIncident"].contains(operation) else { continue }
            let body = document.operation(operation)?.json["requestBody"]?["content"]?["application/json"]?["schema"]
            let taken = Set(document.resolve(body ?? .null)["properties"]?.object?.members.map(\.name) ?? [])
            let captures = Set(BoundRoute(route).captureNames)
            let own = call.fields.map(\.name).filter { !captures.contains($0) && $0 != RoomCall.alertField }
            #expect(Set(own).subtracting(taken) == [], "\(operation) takes \(taken.sorted())")
        }
    }

    @Test func `an incident is opened and carried to its end by forms alone`() async throws {
        try await RoomSite.with { site in
            await site.call(.put, "/v1/components", ["components": [Self.component]])
            let browser = try await site.browser(.admin)
            let made = await site.send(
                "/calls/openIncident",
                try await browser.hidden("/") + [
                    ("title", "Nobody can sign in"), ("severity", "sev2"), ("component", "auth"),
                    ("impact", "major_outage"),
                ], cookie: browser.cookie)
            let location = try #require(made.headers[.location])
            #expect(made.status == 303 && location.hasPrefix("/incidents/"))
            let number = try #require(Int(location.dropFirst("/incidents/".count)))
            func send(_ operation: String, _ fields: [(String, String)] = []) async throws {
                let reply = try await browser.send(operation, on: number, fields)
                #expect(reply.status == 303, "\(operation): \(HTMLOutline(reply.text).text)")
            }
            try await send("acknowledgeIncident")
            try await send("advanceIncident")
            try await send("putRole", [("role", "commander"), ("person", "Ana")])
            try await send("putCause", [("category", "technical"), ("subcategory", "configuration")])
            try await send("advanceIncident")
            try await send("addMitigation", [("description", "Roll back"), ("state", "running")])
            try await send("changeMitigation", [("mitigation", "1"), ("state", "succeeded")])
            try await send("addNote", [("text", "Errors fall"), ("key", "true"), ("occurred_at", "1")])
            try await send("addTask", [("text", "Tell support")])
            try await send("changeTask", [("task", "1"), ("done", "true")])
            try await send(
                "postUpdate", [("audience", "users"), ("body", "It works again."), ("steps", "Sign in\nagain, please")])
            try await send("advanceIncident")
            try await send("startRestoration", [("component", "auth"), ("expected_at", "10")])
            try await send("verifyRestoration", [("component", "auth")])
            try await send("advanceIncident")
            try await send("startReview")
            let review = await site.call(.get, "/v1/incidents/\(number)/review")
            for section in review.json["sections"]?.array ?? [] where section["needs_person"] == true {
                try await send(
                    "reviseReview", [("section", section["id"]?.string ?? ""), ("markdown", "What was to be said.")])
            }
            try await send("addAction", [("title", "Test the rollback"), ("kind", "preventive")])
            try await send("changeAction", [("action", "\(number)-1"), ("owner", "Bo"), ("due", "2030-12-24")])
            try await send("approveReview")
            try await send("advanceIncident")
            let incident = await site.incident(number)
            #expect(incident["phase"] == "closed")
            #expect(incident["roles"]?["commander"] == "Ana" && incident["updates"]?["published"] == 1)
            let room = await browser.get("/incidents/\(number)")
            #expect(HTMLOutline(room.text).problems == [])
        }
    }

    @Test func `a viewer sees no forms, and its posts are refused`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let viewer = try await site.browser(.viewer)
            for path in ["/", "/incidents/\(number)", "/incidents/\(number)/review"] {
                let page = await viewer.get(path)
                #expect(page.status == 200 && !page.text.contains("/calls/"), "\(path)")
            }
            for operation in RoomCall.operations where operation != "openIncident" {
                let reply = try await viewer.send(operation, on: number, [("reason", "x")])
                #expect(reply.status == 403, "\(operation)")
                #expect(reply.text.contains("Requires role ") && reply.text.contains("; your token has viewer."))
            }
            let hidden = try await viewer.hidden("/")
            let opened = await site.send("/calls/openIncident", hidden + [("title", "x")], cookie: viewer.cookie)
            #expect(opened.status == 403)
            #expect(await site.incident(number)["version"]?.integer == 1)
        }
    }

    @Test func `what is not a form is not found`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser(.admin)
            let hidden = try await browser.hidden("/incidents/\(number)")
            #expect(try await browser.send("revokeToken", on: number, hidden: hidden).status == 404)
            #expect(try await browser.send("acknowledgeIncident", on: 999, hidden: hidden).status == 404)
            for operation in ["createToken", "acknowledgeIncident"] {
                let reply = await site.send("/calls/\(operation)", hidden, cookie: browser.cookie)
                #expect(reply.status == 404, "\(operation)")
            }
        }
    }

    @Test func `what is missing for the next phase is shown with the forms that meet it`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let refused = try await browser.send("advanceIncident", on: number)
            #expect(refused.status == 409)
            let outline = HTMLOutline(refused.text)
            #expect(outline.problems == [] && outline.text.contains("What is missing"))
            #expect(refused.text.contains("/incidents/\(number)/calls/acknowledgeIncident"))
            try await browser.send("acknowledgeIncident", on: number)
            #expect(try await browser.send("advanceIncident", on: number).status == 303)
            let room = await browser.get("/incidents/\(number)")
            for operation in ["amendIncident", "putRole", "putImpact", "putCause"] {
                #expect(room.text.contains("/incidents/\(number)/calls/\(operation)"), "\(operation)")
            }
            let overridden = try await browser.send(
                "advanceIncident", on: number, [("override", "true"), ("reason", "It burns")])
            #expect(overridden.status == 303)
            #expect(await site.incident(number)["phase"] == "mitigate")
        }
    }

    @Test func `a wrong value is refused with the form as it was filled in`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let reply = try await browser.send(
                "addNote", on: number, [("text", "half a <b>note"), ("occurred_at", "yesterday")])
            #expect(reply.status == 422)
            let outline = HTMLOutline(reply.text)
            #expect(outline.problems == [] && outline.text.contains("half a <b>note"))
            #expect(reply.text.contains("value=\"yesterday\""))
            let empty = try await browser.send("putImpact", on: number, [("impact", "degraded")])
            #expect(empty.status == 422)
        }
    }

    @Test func `two people at once: the second sees what the first did, and sends again`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let (ana, bo) = (try await site.browser(name: "Ana"), try await site.browser(name: "Bo"))
            let seen = try await bo.hidden("/incidents/\(number)")
            let first = try await ana.send(
                "putCause", on: number, [("category", "technical"), ("evidence", "the deploy of noon")])
            #expect(first.status == 303)
            let cause = [("category", "attack"), ("evidence", "odd traffic")]
            let second = try await bo.send("putCause", on: number, cause, hidden: seen)
            #expect(second.status == 412)
            let outline = HTMLOutline(second.text)
            #expect(outline.problems == [])
            #expect(outline.text.contains("the deploy of noon") && outline.text.contains("Ana"))
            #expect(second.text.contains("odd traffic"), "what was typed is kept")
            #expect(await site.incident(number)["cause"]?["category"] == "technical")
            let script = try await bo.send("putCause", on: number, cause, hidden: seen, headers: [:])
            #expect(script.status == 412 && script.json["type"] == "/problems/version-mismatch")
            // A note adds something: nobody is in its way.
            #expect(try await bo.send("addNote", on: number, [("text", "look")], hidden: seen).status == 303)
            #expect(try await bo.send("putCause", on: number, cause).status == 303)
            #expect(await site.incident(number)["cause"]?["category"] == "attack")
        }
    }

    @Test func `what alerts do meanwhile is in nobody's way`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let seen = try await browser.hidden("/incidents/\(number)")
            let source = Principal(id: "source:1", name: "prometheus", role: .responder)
            _ = try await site.described.server.desk.handle(
                .addNote(text: "seen", key: false, by: nil, precision: .exact), on: number,
                CommandContext(principal: source))
            let reply = try await browser.send("putCause", on: number, [("category", "technical")], hidden: seen)
            #expect(reply.status == 303, "\(HTMLOutline(reply.text).text)")
        }
    }

    @Test func `a form that is sent twice is carried out once`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let hidden = try await browser.hidden("/incidents/\(number)")
            for operation in ["addNote", "addTask"] {
                for _ in 0..<3 {
                    #expect(
                        try await browser.send(operation, on: number, [("text", "once")], hidden: hidden).status == 303)
                }
            }
            for _ in 0..<2 {
                let reply = try await browser.send(
                    "putCause", on: number, [("category", "attack")],
                    hidden: try await browser.hidden("/incidents/\(number)"))
                #expect(reply.status == 303)
            }
            let decided = try await browser.hidden("/incidents/\(number)")
            for _ in 0..<2 {
                let reply = try await browser.send(
                    "putRole", on: number, [("role", "scribe"), ("person", "Cy")], hidden: decided)
                #expect(reply.status == 303, "the second gets the outcome of the first")
            }
            let timeline = await site.call(.get, "/v1/incidents/\(number)/timeline")
            let kinds = (timeline.json["items"]?.array ?? []).compactMap { $0["kind"]?.string }
            #expect(kinds.count { $0 == "note_added" } == 1 && kinds.count { $0 == "task_added" } == 1)
            #expect(kinds.count { $0 == "role_assigned" } == 1)
            // The same words again on a new page are a second note.
            #expect(try await browser.send("addNote", on: number, [("text", "once")]).status == 303)
        }
    }

    @Test func `a step that waits is refused with what it waits for, and a commander passes with a reason`()
        async throws
    {
        try await RoomSite.with { site in
            let dependent: JSONValue = ["slug": "feed", "tier": 1, "depends_on": [["component": "auth"]]]
            await site.call(.put, "/v1/components", ["components": [Self.component, dependent]])
            let hit: (String) -> JSONValue = { ["component": .string($0), "impact": "major_outage"] }
            let number = try await site.open(["title": "x", "components": .array(["auth", "feed"].map(hit))])
            let browser = try await site.browser()
            for _ in 0..<3 {
                try await browser.send("advanceIncident", on: number, [("override", "true"), ("reason", "now")])
            }
            let room = await browser.get("/incidents/\(number)")
            #expect(room.text.contains("0 of 2 restored") && room.text.contains("waits for auth"))
            let refused = try await browser.send("startRestoration", on: number, [("component", "feed")])
            #expect(refused.status == 409 && HTMLOutline(refused.text).problems == [])
            #expect(refused.text.contains("What would help"))
            let forced = try await browser.send(
                "startRestoration", on: number,
                [("component", "feed"), ("without", "auth"), ("override", "true"), ("reason", "It can")])
            #expect(forced.status == 303, "\(HTMLOutline(forced.text).text)")
        }
    }

    @Test func `a draft is written from the template, seen, changed and published`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open(["title": "x", "severity": "sev3"])
            let browser = try await site.browser()
            let drafted = try await browser.send(
                "draftUpdate", on: number, [("audience", "staff"), ("template", "auto"), ("eta", "30")])
            #expect(drafted.status == 303 && drafted.headers[.location] == "/incidents/\(number)")
            let body = await site.call(.get, "/v1/incidents/\(number)/updates/1").json["body"]?.string ?? ""
            #expect(!body.isEmpty)
            #expect(await site.call(.get, "/v1/incidents/\(number)").json["updates"]?["drafts"] == 1)
            let room = await browser.get("/incidents/\(number)")
            #expect(HTMLOutline(room.text).text.contains(body.split(separator: "\n")[0]))
            try await browser.send("reviseUpdate", on: number, [("update", "1"), ("body", "We look into it.")])
            #expect(try await browser.send("publishUpdate", on: number, [("update", "1")]).status == 303)
            let update = await site.call(.get, "/v1/incidents/\(number)/updates/1").json
            #expect(update["state"] == "published" && update["body"] == "We look into it.")
        }
    }
}
