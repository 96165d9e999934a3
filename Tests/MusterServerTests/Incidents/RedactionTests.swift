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
            #expect(after[1].recorded.event == IncidentEvent(NoteAdded(text: "[redacted]", key: true, number: 1)))
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
            #expect(try await search.list(filter, after: nil, limit: 5).count == 1)
            _ = try await daemon.desk.redact(1, of: number, reason: "a secret", CommandContext(principal: .mia))
            #expect(try await search.list(filter, after: nil, limit: 5).isEmpty)
            #expect(try await daemon.incident(number).title == "[redacted]")
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test(arguments: [false, true]) func `what a merge copied goes with the original, and the original with the copy`(
        _ fromCopy: Bool
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia)
            let (first, second, third) = (
                try await daemon.open(), try await daemon.open(), try await daemon.open()
            )
            try await daemon.tell(.addNote(text: "the password is \(Self.secret)", key: false), first)
            try await daemon.tell(.addMitigation(MitigationDraft(description: "x", state: .running)), first)
            _ = try await daemon.desk.merge(first, into: second, reason: nil, context)
            _ = try await daemon.desk.merge(second, into: third, reason: nil, context)
            #expect(try await Self.traces(daemon) > 2)
            let (number, kind) = (fromCopy ? third : first, "note_added")
            let entries = try await daemon.timeline(number)
            let note = try #require(entries.first { $0.stored.kind == kind }?.recorded.sequence)
            _ = try await daemon.desk.redact(note, of: number, reason: "a password", context)
            #expect(try await Self.traces(daemon) == 0)
            for merged in [first, second, third] where merged != number {
                let said = try await daemon.timeline(merged).last?.recorded.event.as(EntryRedacted.self)?.reason
                #expect(said == "it said the same as entry \(note) of INC-\(number)")
            }
            #expect(try await daemon.differences() == [])
        }
    }

    @Test(arguments: [false, true]) func `a fact is redacted with all of its copies`(_ fromCopy: Bool) async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia)
            let (first, second) = (try await daemon.open(), try await daemon.open())
            let fact = IncidentFact(
                kind: .decision, text: "log in with \(Self.secret)", reason: "\(Self.secret) is all there is",
                source: "https://wiki.example/\(Self.secret)", by: Self.secret)
            try await daemon.tell(.addFact(fact), first)
            _ = try await daemon.desk.merge(first, into: second, reason: nil, context)
            try #require(try await Self.traces(daemon) >= 2)
            let number = fromCopy ? second : first
            let entries = try await daemon.timeline(number)
            let entry = try #require(entries.first { $0.stored.kind == "fact_added" }?.recorded.sequence)
            _ = try await daemon.desk.redact(entry, of: number, reason: "a password", context)
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `the words of a mitigation are gone from the incident that it went to`() async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia)
            let (first, second) = (try await daemon.open(), try await daemon.open())
            let mitigation = MitigationDraft(description: "log in with \(Self.secret)", state: .running)
            try await daemon.tell(.addMitigation(mitigation), first)
            _ = try await daemon.desk.merge(first, into: second, reason: nil, context)
            _ = try await daemon.desk.unmerge(first, reason: "two", context)
            _ = try await daemon.desk.redact(2, of: first, reason: "a password", context)
            #expect(try await daemon.incident(second).mitigations.map(\.description) == ["[redacted]"])
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

    private func revise(_ daemon: TestDaemon, _ number: Int, _ sections: EditedSection...) async throws {
        _ = try await ReviewDesk(desk: daemon.desk, pool: daemon.pool).revise(
            number, sections: sections, status: .draft, CommandContext(principal: .ron))
    }

    @Test func `a redacted note is gone from the revisions and the approval that quote it, and from nothing else`()
        async throws
    {
        try await TestDaemon.with(
            policy: PhasePolicy(general: [.detect: [], .assess: [], .mitigate: [], .restore: [], .review: []])
        ) { daemon async throws in
            let number = try await daemon.open()
            try await daemon.tell(.addNote(text: "The password\nis \(Self.secret) *now*", key: true), number)
            try await revise(
                daemon, number,
                EditedSection(id: "lessons", markdown: "We wrote:\n\n> is \(Self.secret) *now*\n\nand were sorry."),
                EditedSection(id: "extra", markdown: "Nothing of it."),
                EditedSection(id: "what_went_well", markdown: "Little."),
                EditedSection(id: "what_went_wrong", markdown: "Much."))
            for phase: Phase in [.assess, .mitigate, .restore, .review] {
                try await daemon.tell(.advance(to: phase, reason: nil, override: false), number)
            }
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            _ = try await reviews.approve(number, CommandContext(principal: .mia))
            let before = try await daemon.timeline(number)
            #expect(try await Self.traces(daemon) == 3, "the note, the revision, the approval")
            _ = try await daemon.desk.redact(2, of: number, reason: "a password", CommandContext(principal: .mia))
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.differences() == [])
            let after = try await daemon.timeline(number)
            #expect(after.prefix(before.count).map(\.hash) == before.map(\.hash))
            #expect(
                after.filter(\.isRedacted).map(\.stored.kind) == ["note_added", "review_revised", "review_approved"])
            let document = try await reviews.read(number).document
            #expect(document.section("lessons")?.markdown == "We wrote:\n\n> [redacted]\n\nand were sorry.")
            #expect(document.section("extra")?.markdown == "Nothing of it.")
            #expect(document.section("timeline")?.markdown.contains("Key note: ") == false)
        }
    }

    @Test func `a revision that quotes two notes is redacted of the one and then of the other`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.tell(.addNote(text: "first \(Self.secret)", key: false), number)
            try await daemon.tell(.addNote(text: "second \(Self.secret)", key: false), number)
            try await revise(
                daemon, number,
                EditedSection(id: "lessons", markdown: "first \(Self.secret), second \(Self.secret), harmless"))
            for sequence in [2, 3] {
                _ = try await daemon.desk.redact(
                    sequence, of: number, reason: "r", CommandContext(principal: .mia))
                #expect(try await daemon.differences() == [])
            }
            #expect(try await Self.traces(daemon) == 0)
            let document = try await ReviewDesk(desk: daemon.desk, pool: daemon.pool).read(number).document
            #expect(document.section("lessons")?.markdown == "[redacted], [redacted], harmless")
            _ = try await daemon.desk.redact(4, of: number, reason: "all", CommandContext(principal: .mia))
            #expect(try await daemon.timeline(number)[3].recorded.event.sentence.contains("lessons"))
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what is redacted of alerts is gone from the alerts themselves and from every entry that names them`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var alert = IncomingAlert.firing("disk", title: "Leak \(Self.secret)")
            alert.labels["hint"] = "see Leak \(Self.secret)"
            alert.labels["host"] = "db-1"
            alert.annotations["text"] = Self.secret
            try await daemon.take(source, alert)
            _ = try await daemon.router.routeBatch()
            let stored = try #require(try await daemon.alerts().first)
            let number = try #require(stored.incident)
            let kinds = try await daemon.kinds(number)
            let attached = try #require(kinds.firstIndex(of: "alerts_attached")) + 1
            _ = try await daemon.desk.redact(attached, of: number, reason: "r", CommandContext(principal: .mia))
            _ = try await daemon.desk.redact(1, of: number, reason: "r", CommandContext(principal: .mia))
            #expect(try await Self.traces(daemon) == 0)
            #expect(try await daemon.count("alert", where: "alert::text LIKE '%\(Self.secret)%'") == 0)
            let payload = try #require(try await AlertStore(pool: daemon.pool).payload(stored.id))
            #expect(String(decoding: payload, as: UTF8.self) == "[redacted]")
            let redacted = try #require(try await daemon.alerts().first)
            #expect(redacted.title == "[redacted]")
            #expect(
                try AlertTexts.texts(redacted.labels) == ["alertname": "disk", "hint": "[redacted]", "host": "db-1"])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a name is not taken out of the middle of a word, and a short text not at all`() throws {
        let texts = try RedactedTexts(of: IncidentEvent(TaskAdded(id: 1, text: "go", owner: "Ron")))
        func left(_ markdown: String) -> String? {
            let revision = ReviewRevised(
                revision: 1, status: .draft, sections: [EditedSection(id: "x", markdown: markdown)])
            guard let changed = texts.takenOut(of: IncidentEvent(revision))?.as(ReviewRevised.self) else { return nil }
            return changed.sections[0].markdown
        }
        #expect(left("Ron, (Ron) and Ronald go") == "[redacted], ([redacted]) and Ronald go")
        #expect(left("Ronald goes on") == nil)
        #expect(texts.takenOut(of: IncidentEvent(NoteAdded(text: "Ron", key: false))) == nil)
    }

    /// Rows of any kind in which the secret can still be read.
    private static func traces(_ daemon: TestDaemon) async throws -> Int {
        let like = "LIKE '%\(secret)%'"
        return try await daemon.count("incident", where: "incident::text \(like)")
            + daemon.count("timeline_entry", where: "timeline_entry::text \(like)")
    }
}
