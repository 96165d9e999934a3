import Postgres
import TestSupport
import Testing

/// More than it can do: the daemon says so at once, and does what it has taken.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct OverloadTests {
    @Test func `alerts beyond what may wait are answered with 503, and taken later`() async throws {
        try await TestDatabase.with { database in
            let settings = ["intake.waiting_max": "2", "intake.batch_max": "1"]
            try await Daemon.with(.database(database.conninfo), settings) { daemon in
                let api = daemon.api
                let source = try await api.makeSource("prometheus")
                func push(_ name: String) async throws -> Reply {
                    try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init(name)]).json)
                }
                let names = (0..<8).map { "alert-\($0)" }
                let replies = try await withThrowingTaskGroup { group in
                    var replies: [Reply] = []
                    try await database.pool.transaction { transaction in
                        try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
                        for name in names { group.addTask { try await push(name) } }
                        // Whatever was taken cannot end yet, so the first to be answered is one too many.
                        let refused = try #require(try await group.next())
                        try refused.problem(503, "overloaded")
                        #expect(refused.header("Retry-After").flatMap { Int($0) } != nil)
                    }
                    for try await reply in group { replies.append(reply) }
                    return replies
                }
                #expect(replies.allSatisfy { $0.status == 200 || $0.status == 503 }, "\(replies)")
                #expect(replies.contains { $0.status == 200 })
                for name in names { try await push(name).expect(200) }
                #expect(try await api.all("/v1/alerts").count == names.count)
                try await Eventually.holds("one incident") {
                    try await api.all("/v1/incidents").first?["alerts"]["total"].int == names.count
                }
            }
        }
    }

    @Test func `requests beyond what may be in flight are answered with 503`() async throws {
        try await TestDatabase.with { database in
            let settings = ["http.requests_in_flight_max": "1"]
            try await Daemon.with(.database(database.conninfo), settings) { daemon in
                let api = daemon.api
                let slow = try await HeldRequest.run(database) {
                    try await api.post("/v1/incidents", ["title": "slow"])
                } whileHeld: {
                    let refused = try await Eventually.get("a refusal") {
                        let reply = try await api.get("/v1/incidents")
                        return reply.status == 503 ? reply : nil
                    }
                    try refused.problem(503, "overloaded")
                    #expect(refused.header("Retry-After") != nil)
                }
                try slow.expect(201)
                try await api.get("/v1/incidents").expect(200)
            }
        }
    }
}
