import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Those who wait are kept informed: drafts, approvals, corrections, times.
extension DescribedLife {
    /// - Parameter path: Of an incident that is being restored.
    func keepInformed(_ path: String) async throws {
        let made = await post("/v1/tokens", ["name": "Nadia", "role": "commander"], gives: 201)
        let nadia = try #require(made.json["token"]?.string)
        let updates = "\(path)/updates"
        let (soon, later) = (
            JSONValue.string(try await moment(in: 86_400)), JSONValue.string(try await moment(in: 172_800))
        )
        let first = try await draft(updates, ["audience": "users", "template": "auto", "language": "de"])
        await ask(
            .patch, first,
            ["body": "Geduld.", "steps": ["Warten."], "public": false, "language": "de", "eta": soon])
        await post("\(first)/approve", ["revision": 2], gives: 409)
        await ask(.post, "\(first)/approve", ["revision": 2], token: nadia)
        await post("\(first)/publish", ["publish_at": .string(try await moment(in: 3600))])
        await post("\(first)/publish")
        await post("\(first)/publish")
        let content: JSONValue = [
            "body": "Etwas Geduld.", "reason": "freundlicher", "steps": ["Warten."], "eta": soon,
        ]
        await post("\(first)/correct", content)
        await post("\(first)/correct", ["body": "Geduld.", "published_at": .string(try await moment(in: -60))])
        await post("\(first)/correct", ["body": "Geduld.", "published_at": soon], gives: 422)
        await post("\(first)/correct", ["body": "Geduld.", "audience": "creators"])
        await post("\(first)/correct", ["body": "Geduld.", "audience": "users"])
        await refuseUpdates(updates, first)
        let second = try await draft(
            updates,
            [
                "audience": "users", "body": "Bald.", "corrects": .integer(try #require(Int(number(first)))),
                "next_update_at": soon,
            ])
        await post("\(second)/publish")
        let third = try await draft(updates, ["audience": "regulators", "body": "Nothing yet."])
        await post("\(third)/withdraw", ["reason": "They called."])
        await post("\(path)/eta", ["source": "plan"])
        await post("\(path)/eta", ["eta": later, "reason": "The vendor needs longer."])
        await post("\(path)/eta", ["eta": nil, "reason": "Nobody knows."])
        await post("\(path)/eta", ["eta": nil], gives: 422)
        await post("\(path)/eta", ["eta": later, "reason": "The vendor knows after all."])
        await get(first)
        await get("\(updates)/99", gives: 404)
        try await missTimes(path, updates)
        let calmer = try await open(["title": "It seemed worse", "severity": "sev1"])
        await ask(.patch, calmer, ["severity": "sev2"])
        await get("\(calmer)/timeline")
        await post("\(calmer)/updates", ["audience": "businesses", "body": "b"], gives: 409)
        try await readPages(updates)
        await get("/v1/update-templates")
    }

    private func draft(_ updates: String, _ body: JSONValue) async throws -> String {
        let reply = await post("\(updates)/draft", body, gives: 201)
        return "\(updates)/\(try #require(reply.json["id"]?.integer))"
    }

    private func refuseUpdates(_ updates: String, _ published: String) async {
        await post("\(published)/withdraw", gives: 409)
        await ask(.patch, published, ["body": "late"], gives: 409)
        await post("\(updates)/99/publish", gives: 404)
        await post("\(updates)/draft", ["audience": "users"], gives: 422)
        await post("\(updates)/draft", ["audience": "users", "template": "none"], gives: 422)
        await post(updates, ["audience": "staff", "body": "b", "public": true], gives: 422)
        let strict = try? DescribedServer(pool: server.server.pool) { configuration in
            configuration.updates.policy = UpdatePolicy(approval: [nil: [.users]])
        }
        let refused = await strict?.ask(.post, updates, ["audience": "users", "body": "b"])
        #expect(refused?.status == 409 && refused?.json["type"] == "/problems/approval-required")
        #expect(strict?.complaints == [])
    }

    /// Lets a promised update, a draft's time and a review's time go by.
    private func missTimes(_ path: String, _ updates: String) async throws {
        let pool = server.server.pool
        let runner = DeadlineRunner(desk: server.server.desk, pool: pool, logger: TestServer.quietLogger)
        let next: JSONValue = .string(try await moment(in: 1))
        await post(updates, ["audience": "staff", "body": "b", "next_update_at": next], gives: 201)
        let strict = DeadlineRunner(
            desk: IncidentDesk(
                pool: pool, catalog: server.server.catalog, policy: PhasePolicy(), soak: SoakPolicy(),
                feed: server.server.feed, updates: UpdatePolicy(approval: [nil: [.users]])),
            pool: pool, logger: TestServer.quietLogger)
        _ = try await draft(updates, ["audience": "users", "body": "b", "publish_at": next])
        try await pool.waitUntil("now() > (SELECT max(next_deadline_at) FROM incident)")
        try await strict.pass()
        try await runner.pass()

        let other = try await open(["title": "An old one", "severity": "sev2"])
        for _ in 1...4 { await post("\(other)/advance", ["override": true, "reason": "It is old."]) }
        try await pool.query(
            """
            UPDATE incident SET next_deadline_at = now(), state = replace(
                state::text, (state -> 'communication' ->> 'reviewDueAt'), '2026-01-01T00:00:00.000Z')::json
            WHERE number = \(Int(number(other)) ?? 0)
            """)
        let restarted = IncidentDesk(
            pool: pool, catalog: server.server.catalog, policy: PhasePolicy(), soak: SoakPolicy(),
            feed: server.server.feed)
        try await DeadlineRunner(desk: restarted, pool: pool, logger: TestServer.quietLogger).pass()
        await post("\(other)/revert", ["to": "mitigate", "reason": "It was not over."])
        let kinds = try await pool.query("SELECT DISTINCT kind FROM timeline_entry").map {
            try $0.decode(0, as: String.self)
        }
        #expect(Set(["update_held", "update_overdue", "review_overdue"]).subtracting(kinds) == [])
        await get("\(other)/timeline")
        await get("\(path)/timeline?limit=200")
    }

    func moment(in seconds: Int) async throws -> String {
        let moment: Timestamp = try await server.server.pool.query(
            "SELECT now() + make_interval(secs => \(Double(seconds))) AS at")[0].decode("at")
        return moment.description
    }
}
