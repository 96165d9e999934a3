import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// A catalog and an incident that restores some of it, over HTTP. Every answer is held against the document.
struct RestoringSite: Sendable {
    let server: DescribedServer
    let pool: PostgresPool
    /// Of the incident.
    var path = ""

    /// Runs `body` on an empty database.
    static func with(
        configure: (inout MusterServer.ServerConfiguration) -> Void = { _ in },
        _ body: (RestoringSite) async throws -> Void
    ) async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let server = try DescribedServer(pool: database.pool, configure: configure)
            try await body(RestoringSite(server: server, pool: database.pool))
            #expect(server.complaints == [])
        }
    }

    /// Another daemon on the same database, as after a restart.
    func restarted() throws -> RestoringSite {
        RestoringSite(server: try DescribedServer(pool: pool), pool: pool, path: path)
    }

    /// A component as the catalog takes it; `needs` are hard dependencies.
    static func component(
        _ slug: String, _ tier: Int, _ seconds: Int? = nil, needs: [String] = [], _ more: JSONValue = [:]
    ) -> JSONValue {
        var component: JSONObject = ["slug": .string(slug), "tier": .integer(tier)]
        if let seconds { component["expected_restore_seconds"] = .integer(seconds) }
        if !needs.isEmpty {
            component["depends_on"] = .array(needs.map { ["component": .string($0), "kind": "hard"] })
        }
        for member in more.object?.members ?? [] { component[member.name] = member.value }
        return .object(component)
    }

    /// Puts the catalog in place, and an incident that began ten hours ago and restores what is named, or all.
    func restoring(_ components: [JSONValue], down: [JSONValue]? = nil) async throws -> RestoringSite {
        #expect(await server.ask(.put, "/v1/components", ["components": .array(components)]).status == 200)
        return try await opened(down ?? components.compactMap { $0["slug"] })
    }

    /// An incident that restores some components: names, or impacts.
    func opened(_ down: [JSONValue]) async throws -> RestoringSite {
        let impacts = down.map { named -> JSONValue in
            named.string == nil ? named : ["component": named, "impact": "major_outage"]
        }
        let start = JSONValue.string(try await moment(-36_000))
        let opened = await server.ask(
            .post, "/v1/incidents",
            [
                "title": "It is down", "severity": "sev2", "started_at": start, "occurred_at": start,
                "components": .array(impacts),
            ])
        var site = self
        site.path = "/v1/incidents/\(try #require(opened.json["number"]?.integer))"
        for _ in 0..<3 {
            let forced: JSONValue = ["override": true, "reason": "It is obvious.", "occurred_at": start]
            #expect(await server.ask(.post, "\(site.path)/advance", forced).status == 200)
        }
        return site
    }

    /// A client of this role.
    func token(_ role: String) async throws -> String {
        let made = await server.ask(.post, "/v1/tokens", ["name": .string(role), "role": .string(role)])
        return try #require(made.json["token"]?.string)
    }

    /// So many seconds from now, by the database.
    func moment(_ seconds: Double) async throws -> String {
        let now: Timestamp = try await pool.query("SELECT now() AS at")[0].decode("at")
        return now.adding(seconds: seconds).description
    }

    /// A call for a step, as `db/start`.
    func step(_ call: String, _ body: JSONValue? = nil, token: String = DescribedServer.token) async
        -> DescribedServer.Reply
    {
        await server.ask(.post, "\(path)/restoration/\(call)", body, token: token)
    }

    /// Calls that are accepted.
    func steps(_ calls: String..., sourceLocation: SourceLocation = #_sourceLocation) async {
        for call in calls {
            let reply = await step(call)
            #expect(reply.status == 200, "\(call): \(reply.text)", sourceLocation: sourceLocation)
        }
    }

    /// The plan.
    func plan(_ question: String = "") async -> JSONValue {
        await server.ask(.get, "\(path)/restoration\(question)").json
    }
}

extension JSONValue {
    /// Of a plan, by name: its steps.
    func step(_ name: String) -> JSONValue {
        (self["waves"]?.array ?? []).flatMap { $0["steps"]?.array ?? [] }.first { $0["component"]?.string == name }
            ?? .null
    }

    /// Of a plan: what can be started, in order.
    var ready: [String] { names("start_next") }

    /// The components in a list.
    func names(_ member: String) -> [String] {
        (self[member]?.array ?? []).compactMap { $0.string ?? $0["component"]?.string }
    }

    /// The reasons in what a step waits for, or a refusal.
    var reasons: [String] { (self["waits_for"]?.array ?? []).compactMap { $0["reason"]?.string } }

    /// How long after the plan's first begin a step ends, in seconds.
    func endsAfter(_ name: String, since other: String) -> Double? {
        guard let begin = step(other)["expected_begin"]?.time, let end = step(name)["expected_end"]?.time
        else { return nil }
        return end.seconds(since: begin)
    }
}
