import FoundationEssentials
import HTTPTypes
import Postgres
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// A secret that was pasted by mistake is gone from everywhere, and the chain still holds.
@Suite(.timeLimit(.minutes(20))) struct RedactionTests {
    private static let secret = "hunter2swordfish"

    @Test func `a redacted note is gone, and its place in the chain stays`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.tell(.addNote(text: "the password is \(Self.secret)", key: true), number)
            try await daemon.tell(.acknowledge, number)
            let before = try await daemon.timeline(number)
            let outcome = try await daemon.desk.redact(
                2, of: number, reason: "a password", CommandContext(principal: .mia))
            let after = try await daemon.timeline(number)
            #expect(outcome.incident.version == 4 && after.count == 4)
            #expect(after[1].isRedacted && after[1].hash == before[1].hash && after[1].salt == nil)
            #expect(after[1].recorded.event == .noteAdded(NoteAdded(text: "[redacted]", key: true)))
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a redacted opening leaves nothing in the row, the representation or the search`() async throws {
        try await TestDaemon.with { daemon async throws in
            let opening = OpenIncident(title: "Leak \(Self.secret)", summary: Self.secret, labels: ["key": Self.secret])
            let number = try await daemon.desk.open(opening, CommandContext(principal: .mia)).incident.number
            var filter = IncidentFilter()
            filter.words = Self.secret
            let search = IncidentSearch(pool: daemon.pool, policy: daemon.desk.policy)
            #expect(try await search.list(filter, before: nil, limit: 5).count == 1)
            _ = try await daemon.desk.redact(1, of: number, reason: "a secret", CommandContext(principal: .mia))
            #expect(try await search.list(filter, before: nil, limit: 5).isEmpty)
            #expect(try await daemon.incident(number).title == "[redacted]")
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a redacted note is not answered again under the key of an earlier request`() async throws {
        try await DescribedServer.with { server in
            func ask(_ path: String, _ body: JSONValue, key: String) async -> DescribedServer.Reply {
                await server.ask(.post, path, body, headers: [.idempotencyKey: key])
            }
            let opening: JSONValue = ["title": .string("Leak \(Self.secret)")]
            let opened = await ask("/v1/incidents", opening, key: "open")
            let path = "/v1/incidents/\(try #require(opened.json["number"]?.integer))"
            _ = await ask("\(path)/acknowledge", [:], key: "first")
            // Nothing happens any more, and the answer shows the incident all the same.
            let second = await ask("\(path)/acknowledge", [:], key: "second")
            #expect(second.status == 200 && second.text.contains(Self.secret))
            let redacted = await server.ask(.post, "\(path)/timeline/1/redact", ["reason": "a password"])
            #expect(redacted.status == 200, "\(redacted.text)")
            for again in [
                await ask("/v1/incidents", opening, key: "open"), await ask("\(path)/acknowledge", [:], key: "first"),
                await ask("\(path)/acknowledge", [:], key: "second"),
            ] {
                #expect((200..<300).contains(again.status) && !again.text.contains(Self.secret), "\(again.text)")
            }
            #expect(await server.ask(.get, "/v1/incidents").json["items"]?.array?.count == 1)
        }
    }

    @Test func `what was said after the redacted entry stays`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open("Old \(Self.secret)")
            try await daemon.tell(.amend(IncidentAmendment(title: "New", severity: .sev2)), number)
            let incident = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
                .incident
            #expect(incident.title == "New" && incident.severity == .sev2 && incident.version == 4)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a second redaction of the same entry changes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            for _ in 0..<2 {
                _ = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
            }
            #expect(try await daemon.kinds(number) == ["incident_opened", "entry_redacted"])
        }
    }

    @Test func `a redaction can itself be redacted, and the chain still says what was replaced`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let context = { CommandContext(principal: .mia) }
            _ = try await daemon.desk.redact(1, of: number, reason: "it said \(Self.secret)", context())
            _ = try await daemon.desk.redact(2, of: number, reason: "again", context())
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a responder may not redact, and an entry that is not there cannot be`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let refused = await #expect(throws: Problem.self) {
                try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .ron))
            }
            #expect(refused?.kind == .roleRequired)
            let missing = await #expect(throws: Problem.self) {
                try await daemon.desk.redact(2, of: number, reason: "r", CommandContext(principal: .mia))
            }
            #expect(missing?.kind == .notFound)
            #expect(try await daemon.count("timeline_entry", where: "redacted_at IS NULL") == 1)
        }
    }

    @Test func `redacting while others write loses neither`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let number = try await daemon.open("Leak \(Self.secret)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for note in 0..<20 {
                    group.addTask { try await daemon.tell(.addNote(text: "\(note)", key: false), number) }
                }
                group.addTask {
                    _ = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
                }
                try await group.waitForAll()
            }
            #expect(try await daemon.incident(number).version == 22)
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    /// Rows of any kind in which the secret can still be read.
    private static func traces(_ daemon: TestDaemon) async throws -> Int {
        let like = "LIKE '%\(secret)%'"
        return try await daemon.count("incident", where: "incident::text \(like)")
            + daemon.count("timeline_entry", where: "timeline_entry::text \(like)")
    }
}
