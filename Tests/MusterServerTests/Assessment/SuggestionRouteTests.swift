import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What the catalog suggests, over HTTP: every suggestion says how it would be recorded, and none is recorded by asking.
@Suite(.timeLimit(.minutes(20))) struct SuggestionRouteTests {
    /// Ten components that need the user database fire, on the demonstration catalog.
    private static let firing = [
        "auth", "api-gateway", "feed", "comments", "payments", "notifications", "live-ingest", "playback", "search",
        "upload",
    ]

    /// Runs `body` with an incident that these alerts belong to.
    private static func with(
        firing: [String] = firing, _ body: @escaping @Sendable (DescribedServer, String) async throws -> Void
    ) async throws {
        try await DescribedServer.with { server in
            let catalog = try String(
                contentsOf: URL(filePath: "\(DescribedServer.root)/deploy/demo/catalog.json"), encoding: .utf8)
            #expect(await server.ask(.put, "/v1/components", raw: catalog).status == 200)
            let opened = await server.ask(.post, "/v1/incidents", ["title": "Many alerts"])
            let number = try #require(opened.json["number"]?.integer)
            let alerts = firing.map { AlertMention(id: UUID().uuidString, title: "Errors", component: $0) }
            _ = try await server.server.desk.handle(
                .attachAlerts(alerts), on: number, CommandContext(principal: .mia))
            try await body(server, "/v1/incidents/\(number)")
            #expect(server.complaints == [])
        }
    }

    @Test func `the root of ten alerts is the database that all of them need`() async throws {
        try await Self.with { server, path in
            let found = await server.ask(.get, "\(path)/suggestions").json
            let root = found["root"]?[0]
            #expect(root?["component"]?.string == "user-db" && found["root"]?.array?.count == 1)
            #expect(root?["explains"]?["total"]?.integer == 10)
            #expect(root?["reasons"]?[0]?.string == "all 10 components with firing alerts depend on user-db")
            #expect(root?["alternatives"]?[0]?["component"]?.string == "auth")
            #expect(found["severity"]?["suggested"]?.string == "sev1" && found["severity"]?["current"] == .null)
            #expect(found["affected_total"]?.integer == found["affected"]?.array?.count)
        }
    }

    @Test func `each call that is suggested is accepted, and leaves nothing to suggest`() async throws {
        try await Self.with { server, path in
            for _ in 0..<2 {
                let found = await server.ask(.get, "\(path)/suggestions").json
                let suggested =
                    (found["root"]?.array ?? []) + (found["affected"]?.array ?? []) + [found["severity"] ?? .null]
                for how in suggested.compactMap({ $0["how"] }) where how != .null {
                    let method = try #require(how["method"]?.string.flatMap(HTTPRequest.Method.init(rawValue:)))
                    let reply = await server.ask(method, try #require(how["path"]?.string), how["body"])
                    #expect(reply.status == 200, "\(how.text): \(reply.json.text)")
                }
            }
            let settled = await server.ask(.get, "\(path)/suggestions").json
            #expect(settled["affected"] == .array([]) && settled["severity"]?["how"] == .null)
            #expect(settled["severity"]?["differs"]?.bool == false && settled["root"]?[0]?["how"] == .null)
        }
    }

    @Test func `asking changes nothing, and the answer is of the moment`() async throws {
        try await Self.with { server, path in
            let before = await server.ask(.get, path)
            let first = await server.ask(.get, "\(path)/suggestions")
            #expect(first.json["version"] == before.json["version"])
            let tag = try #require(first.headers[.eTag])
            #expect(tag == before.headers[.eTag])
            // The catalog may have changed meanwhile, which the incident's version does not tell.
            #expect(await server.ask(.get, "\(path)/suggestions", headers: [.ifNoneMatch: tag]).status == 200)
            #expect(await server.ask(.get, path).json == before.json)
        }
    }

    @Test func `a viewer may ask, nobody else without a token, and only of an incident that exists`() async throws {
        try await Self.with(firing: []) { server, path in
            let made = await server.ask(.post, "/v1/tokens", ["name": "screen", "role": "viewer"])
            let viewer = try #require(made.json["token"]?.string)
            #expect(await server.ask(.get, "\(path)/suggestions", token: viewer).status == 200)
            #expect(await server.ask(.get, "\(path)/suggestions", token: nil).status == 401)
            #expect(await server.ask(.get, "/v1/incidents/999/suggestions").status == 404)
            #expect(await server.ask(.get, "\(path)/suggestions?limit=1").status == 422)
        }
    }

    @Test func `alerts on components that nobody knows are told, and suggest nothing`() async throws {
        try await Self.with(firing: ["ghost"]) { server, path in
            let found = await server.ask(.get, "\(path)/suggestions").json
            #expect(found["symptoms"]?["unknown"]?["components"] == ["ghost"])
            #expect(found["root"] == .array([]) && found["severity"]?["suggested"] == .null)
        }
    }

    @Test func `what assessing still asks for says where suggestions are`() async throws {
        try await Self.with { server, path in
            await server.ask(.post, "\(path)/acknowledge")
            let assessing = await server.ask(.post, "\(path)/advance").json
            let unmet = assessing["next"]?["unmet"]?.array ?? []
            let suggested = unmet.filter { $0["suggestions"]?.string == "\(path)/suggestions" }
            #expect(
                suggested.compactMap { $0["requirement"]?.string } == [
                    "severity_set", "impact_recorded", "cause_given",
                ])
            #expect(unmet.count == 4)
        }
    }

    @Test func `nothing is suggested to be set on what is over`() async throws {
        try await Self.with { server, path in
            await server.ask(.post, "\(path)/dismiss", ["reason": "The probe was wrong."])
            let found = await server.ask(.get, "\(path)/suggestions").json
            #expect(found["affected"] == .array([]) && found["severity"]?["how"] == .null)
            #expect(found["root"]?[0]?["how"] == .null)
        }
    }
}
