import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Maintenance over HTTP: what is refused, who may do it, and where it is shown.
@Suite(.timeLimit(.minutes(20))) struct MaintenanceRoutesTests {
    private static let good: JSONObject = [
        "title": "Switches", "components": ["db"], "local_start": "2027-03-28T04:00", "time_zone": "Europe/Berlin",
        "duration_seconds": 3600,
    ]

    private static func with(_ body: (DescribedServer, TestDaemon) async throws -> Void) async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putPlatform()
            let server = try DescribedServer(pool: daemon.pool)
            try await body(server, daemon)
            #expect(server.complaints == [])
        }
    }

    private static let wrong: [(field: String, value: JSONValue?, pointer: String, detail: String)] = [
        ("title", nil, "/title", "is required"),
        ("title", " ", "/title", "must not be empty"),
        ("components", [], "/components", "should name at least 1 component"),
        ("components", ["db", "ghost"], "/components/1", "the catalog has no component ghost"),
        ("components", ["Not a slug"], "/components/0", "should be the slug of a component"),
        ("regions", ["eu", "moon"], "/regions/1", "none of the components runs in moon; they run in: eu, us"),
        ("local_start", "2027-03-28", "/local_start", "should be a date and a time of day without an offset"),
        ("local_start", "2027-03-28T04:00:00Z", "/local_start", "should be a date and a time of day without an offset"),
        ("local_start", "2020-01-01T04:00", "/local_start", "is more than a year ago"),
        ("local_start", "2099-01-01T04:00", "/local_start", "is more than 5 years ahead"),
        ("time_zone", "Mars/Olympus", "/time_zone", "Mars/Olympus is not a known time zone"),
        ("time_zone", "localtime", "/time_zone", "localtime is not a known time zone"),
        ("time_zone", "CET-1CEST", "/time_zone", "CET-1CEST is not a known time zone"),
        ("duration_seconds", 59, "/duration_seconds", "must be from 60 to 2592000"),
        ("duration_seconds", "1h", "/duration_seconds", "should be a whole number"),
        ("rrule", "FREQ=HOURLY", "/rrule", "has FREQ=HOURLY; allowed: DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("rrule", "FREQ=WEEKLY;BYDAY=MO", "/local_start", "is not a time of the rrule"),
        ("ends", "never", "/ends", "must be one of: automatic, by_hand"),
        ("starts_at", "2027-03-28T04:00:00Z", "/starts_at", "is not a field here; there are: components, "),
    ]

    @Test func `a body that is wrong is refused with the place and what is allowed`() async throws {
        try await Self.with { server, daemon async throws in
            for (field, value, pointer, detail) in Self.wrong {
                var body = Self.good
                body[field] = value
                let reply = await server.ask(.post, "/v1/maintenance", .object(body))
                #expect(reply.status == 422, "\(field) \(value?.text ?? "absent"): \(reply.text)")
                let error = reply.json["errors"]?[0]
                #expect(
                    error?["pointer"] == .string(pointer) && error?["detail"]?.string?.contains(detail) == true,
                    "\(reply.text)")
            }
            var skipped = Self.good
            (skipped["local_start"], skipped["rrule"]) = ("2027-03-28T02:30", "FREQ=DAILY")
            let reply = await server.ask(.post, "/v1/maintenance", .object(skipped))
            #expect(reply.json["errors"]?[0]?["detail"]?.string?.hasPrefix("does not exist in Europe/Berlin") == true)
            #expect(try await daemon.count("maintenance") == 0)
            #expect(try await daemon.count("notice") == 0)
        }
    }

    @Test func `a window is answered whole, with the moments of its times`() async throws {
        try await Self.with { server, _ async throws in
            var body = Self.good
            (body["rrule"], body["description"], body["regions"]) = ("freq=daily;count=3", "Both.", ["eu"])
            let made = await server.ask(.post, "/v1/maintenance", .object(body))
            #expect(made.status == 201)
            let path = try #require(made.headers[.location])
            let found = await server.ask(.get, path).json
            #expect(found == made.json && found["rrule"] == "FREQ=DAILY;COUNT=3" && found["state"] == "scheduled")
            #expect(found["next"]?["occurrence"] == "2027-03-28T04:00:00")
            #expect(found["next"]?["starts_at"] == "2027-03-28T02:00:00.000Z", "summer time began an hour before")
            let patched = await server.ask(.patch, path, ["rrule": nil, "description": nil, "regions": nil])
            #expect(
                patched.json["rrule"] == .null && patched.json["description"] == .null && patched.json["regions"] == [])
            #expect(patched.json["version"] == 2)
            #expect(await server.ask(.patch, path, ["components": ["ghost"]]).status == 422)
            #expect(await server.ask(.patch, path, ["local_start": "2020-01-01T00:00"]).status == 422)
        }
    }

    @Test func `the same key makes one window`() async throws {
        try await Self.with { server, daemon async throws in
            let key: HTTPFields = [.idempotencyKey: "k1"]
            for _ in 1...2 {
                #expect(await server.ask(.post, "/v1/maintenance", .object(Self.good), headers: key).status == 201)
            }
            #expect(try await daemon.count("maintenance") == 1)
            #expect(try await daemon.told() == ["scheduled"])
        }
    }

    @Test func `viewers read, responders plan`() async throws {
        try await Self.with { server, _ async throws in
            let path = try #require(await server.ask(.post, "/v1/maintenance", .object(Self.good)).headers[.location])
            var tokens: [String: String] = [:]
            for role in ["viewer", "responder"] {
                let made = await server.ask(.post, "/v1/tokens", ["name": .string(role), "role": .string(role)])
                tokens[role] = made.json["token"]?.string
            }
            for read in ["/v1/maintenance", path, "/v1/maintenance.ics"] {
                #expect(await server.ask(.get, read, token: tokens["viewer"]).status == 200)
            }
            let changes: [(HTTPRequest.Method, String, JSONValue?)] = [
                (.post, "/v1/maintenance", .object(Self.good)), (.patch, path, ["title": "Other"]),
                (.post, "\(path)/begin", nil),
                (.post, "\(path)/extend", ["seconds": 60]), (.post, "\(path)/end", nil), (.post, "\(path)/cancel", nil),
                (.delete, path, nil),
            ]
            for (method, path, body) in changes {
                #expect(
                    await server.ask(method, path, body, token: tokens["viewer"]).status == 403, "\(method) \(path)")
                let reply = await server.ask(method, path, body, token: tokens["responder"])
                #expect((200..<300).contains(reply.status) || reply.status == 409, "\(method) \(path): \(reply.text)")
            }
            #expect(await server.ask(.get, path).status == 404)
        }
    }

    @Test func `it is shown with its components and their incidents, and found in lists`() async throws {
        try await Self.with { server, daemon async throws in
            let running = try await daemon.plan(try daemon.window(in: -60))
            let next = try await daemon.plan(try daemon.window(in: 3600 * 30, rule: "FREQ=WEEKLY"))
            let far = try await daemon.plan(try daemon.window(in: 3600 * 24 * 20))
            let component = await server.ask(.get, "/v1/components/db").json["maintenance"]
            #expect(component?["running"]?.array?.map { $0["id"] } == [.string(running.text)])
            #expect(component?["next"]?["id"] == .string(next.text))
            #expect(await server.ask(.get, "/v1/components/mail").json["maintenance"] == ["running": [], "next": nil])
            let number = try await daemon.open(components: ["db"])
            let beside = await server.ask(.get, "/v1/incidents/\(number)/maintenance").json["items"]?.array
            #expect(beside?.map { $0["id"] } == [.string(running.text), .string(next.text)], "\(far) is too far ahead")
            let other = try await daemon.open(components: ["mail"])
            #expect(await server.ask(.get, "/v1/incidents/\(other)/maintenance").json["items"] == [])
            for (state, count) in [("running", 1), ("scheduled", 2), ("done", 0), ("overrun", 0), ("cancelled", 0)] {
                let list = await server.ask(.get, "/v1/maintenance?state=\(state)&component=db").json["items"]?.array
                #expect(list?.count == count && list?.allSatisfy { $0["state"] == .string(state) } == true, "\(state)")
            }
            #expect(await server.ask(.get, "/v1/maintenance?component=mail").json["items"] == [])
        }
    }
}
