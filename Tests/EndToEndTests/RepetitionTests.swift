import Postgres
import TestSupport
import Testing

/// A request that comes twice is done once.
@Suite(.endToEnd, .timeLimit(.minutes(5)))
struct RepetitionTests {
    @Test func `the same key and body get the first answer, another body is refused`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let key = ["Idempotency-Key": "one-4711"]
            let first = try await api.post("/v1/incidents", ["title": "x"], headers: key)
            try first.expect(201)
            for spelling in ["one-4711", "\"one-4711\""] {
                let again = try await api.post("/v1/incidents", ["title": "x"], headers: ["Idempotency-Key": spelling])
                try again.expect(201)
                #expect(again.bytes == first.bytes)
                #expect(again.header("Location") == first.header("Location"))
            }
            try await api.post("/v1/incidents", ["title": "y"], headers: key).problem(422, "idempotency-key-reused")
            // The key is the caller's own, and the path's.
            let other = try await api.client("other", "responder")
            #expect(try await other.post("/v1/incidents", ["title": "x"], headers: key).expect(201)["number"] == 2)
            try await api.post("/v1/incidents/1/notes", ["text": "n"], headers: key).expect(201)
            try await api.post("/v1/incidents", ["title": "x"], headers: ["Idempotency-Key": "a b"])
                .problem(400, "malformed-request")
            #expect(try await api.all("/v1/incidents").count == 2)
        }
    }

    @Test func `a refusal is repeated too, though it might be allowed by now`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "x"])
            let key = ["Idempotency-Key": "k"]
            try await api.post(path + "/advance", headers: key).problem(409, "requirements-unmet")
            try await api.post(path + "/acknowledge").expect(200)
            try await api.post(path + "/advance", headers: key).problem(409, "requirements-unmet")
            try await api.post(path + "/advance", headers: ["Idempotency-Key": "l"]).expect(200)
        }
    }

    @Test func `many at once under one key are one`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let replies = try await withThrowingTaskGroup { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await api.post("/v1/incidents", ["title": "x"], headers: ["Idempotency-Key": "same"])
                    }
                }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            for reply in replies {
                if reply.status == 201 {
                    #expect(reply.json["number"] == 1)
                } else {
                    try reply.problem(409, "idempotency-in-flight")
                    #expect(reply.header("Retry-After") != nil)
                }
            }
            #expect(replies.contains { $0.status == 201 })
            #expect(try await api.all("/v1/incidents").count == 1)
        }
    }

    @Test func `an answer that got lost with its daemon comes when the request is repeated`() async throws {
        try await TestDatabase.with { database in
            // The key is free again after four times the deadline.
            let settings = ["database.statement_timeout_seconds": "1", "database.statement_deadline_seconds": "2"]
            try await Daemon.with(.database(database.conninfo), settings, faultsAreMeant: true) { daemon in
                let api = daemon.api
                let key = ["Idempotency-Key": "lost"]
                // The change commits, but the answer cannot be kept under its key while somebody holds that row.
                let lost = Task { try await api.post("/v1/incidents", ["title": "x"], headers: key) }
                try await database.pool.transaction { transaction in
                    try await Eventually.holds("the key is claimed") {
                        try await !transaction.query("SELECT 1 FROM idempotency FOR UPDATE").isEmpty
                    }
                    try await Eventually.holds("it is committed") {
                        try await database.pool.query("SELECT count(*) FROM incident").first?.decode(0) == 1
                    }
                    try await daemon.kill9()
                    // Else its session would go on with the statement that waits for us.
                    try await transaction.query(
                        """
                        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'musterd'
                        """)
                }
                await #expect(throws: (any Error).self) { try await lost.value }
                try await daemon.start()
                let again = try await Eventually.get("an answer to the repetition", within: .seconds(70)) {
                    let reply = try await api.post("/v1/incidents", ["title": "x"], headers: key)
                    return reply.status == 409 ? nil : reply
                }
                #expect(try again.expect(201)["number"] == 1)
                #expect(try await api.all("/v1/incidents").count == 1)
                #expect(try await api.all("/v1/incidents/1/timeline").count == 1)
            }
        }
    }
}
