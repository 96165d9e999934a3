import Postgres
import TestSupport
import Testing

/// A request that comes twice is done once.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
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
            try await Daemon.with(.database(database.conninfo), LostAnswer.limits, faultsAreMeant: true) { daemon in
                let api = daemon.api
                let again = try await LostAnswer.provoke(daemon, database, whenThereIs: "incident_opened") { key in
                    try await api.post("/v1/incidents", ["title": "x"], headers: key)
                }
                #expect(try again.expect(201)["number"] == 1)
                #expect(try await api.all("/v1/incidents").count == 1)
                #expect(try await api.all("/v1/incidents/1/timeline").count == 1)
            }
        }
    }

    @Test func `so it does when the request named the version that it then changed`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo), LostAnswer.limits, faultsAreMeant: true) { daemon in
                let api = daemon.api
                let path = try await api.open(["title": "x"])
                for _ in 0..<4 {
                    try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
                }
                try await api.writeReview(of: path)
                let version = try #require(try await api.get(path).expect(200)["version"].int)
                let again = try await LostAnswer.provoke(daemon, database, whenThereIs: "review_approved") { key in
                    let headers = key.merging(["If-Match": "\"\(version)\""]) { $1 }
                    return try await api.post(path + "/review/approve", headers: headers)
                }
                #expect(try again.expect(200)["status"] == "approved")
                #expect(try await api.get(path).expect(200)["version"].int == version + 1)
            }
        }
    }
}
