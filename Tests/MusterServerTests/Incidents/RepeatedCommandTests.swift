import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// A command that comes twice, because its sender does not know whether it was carried out, is carried out once.
@Suite(.timeLimit(.minutes(20))) struct RepeatedCommandTests {
    @Test func `a repeated command is answered with the incident and changes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let context = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            let first = try await daemon.desk.handle(.addNote(text: "once", key: false), on: number, context)
            try await daemon.tell(.acknowledge, number)
            let second = try await daemon.desk.handle(.addNote(text: "once", key: false), on: number, context)
            #expect(first.incident.version == 2 && second.incident.version == 3)
            #expect(second.firstEntry == first.firstEntry)
            #expect(try await daemon.kinds(number) == ["incident_opened", "note_added", "acknowledged"])
        }
    }

    @Test func `a repeated command is recognised although a rule would refuse it now`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let context = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            _ = try await daemon.desk.handle(.dismiss(reason: "a test"), on: number, context)
            let note = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            await #expect(throws: Problem.self) {
                try await daemon.desk.handle(.addNote(text: "n", key: false), on: number, note)
            }
            #expect(try await daemon.desk.handle(.dismiss(reason: "a test"), on: number, context).incident.version == 2)
        }
    }

    @Test func `an opening that is repeated opens one incident`() async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            let first = try await daemon.desk.open(OpenIncident(title: "t"), context)
            let second = try await daemon.desk.open(OpenIncident(title: "t"), context)
            #expect(second.isNew && second.incident == first.incident)
            #expect(try await daemon.count("incident") == 1)
        }
    }

    @Test func `an opening that is repeated while the first one still runs opens one incident`() async throws {
        try await TestDaemon.with { daemon async throws in
            let context = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            try await daemon.database.withObserver { observer async throws in
                let first = try await daemon.pool.transaction { transaction in
                    let opened = try await daemon.desk.open(OpenIncident(title: "t"), context, in: transaction)
                    let again = Task { try await daemon.desk.open(OpenIncident(title: "t"), context) }
                    try await observer.waitUntilSomebodyWaits()
                    return (opened.incident.number, again)
                }
                #expect(try await first.1.value.incident.number == first.0)
                #expect(try await daemon.count("incident") == 1)
            }
        }
    }

    @Test func `a merge and a redaction that are repeated are carried out once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let (into, from) = (try await daemon.open("The outage"), try await daemon.open("The same"))
            let merge = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            for _ in 0..<2 { _ = try await daemon.desk.merge(from, into: into, reason: nil, merge) }
            let redact = CommandContext(principal: .mia, commandID: UUID(), isRepeatable: true)
            for _ in 0..<2 { _ = try await daemon.desk.redact(1, of: into, reason: "r", redact) }
            #expect(try await daemon.kinds(from) == ["incident_opened", "incident_merged"])
            #expect(try await daemon.kinds(into) == ["incident_opened", "incident_absorbed", "entry_redacted"])
        }
    }

    @Test func `while connections are killed, every command is carried out once`() async throws {
        try await TestDaemon.with(connections: 4) { daemon async throws in
            try await daemon.database.withObserver { observer async throws in
                let number = try await daemon.open()
                let commands = (0..<120).map { ($0, UUID()) }
                let killed = try await observer.killingOthers(asGrows: "timeline_entry") {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for lane in 0..<4 {
                            group.addTask {
                                for (index, id) in commands where index % 4 == lane {
                                    try await Self.carryOut(index, id, on: number, daemon)
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
                #expect(killed > 0)
                // Through new connections: one that was killed last may not have been noticed yet.
                try await daemon.beside { try await Self.expectEachOnce(commands, on: number, $0) }
            }
        }
    }

    /// As a client does: the same command with the same id until there is an answer.
    private static func carryOut(_ index: Int, _ id: UUID, on number: Int, _ daemon: TestDaemon) async throws {
        let context = CommandContext(principal: .mia, commandID: id, isRepeatable: true)
        while true {
            do {
                if index.isMultiple(of: 5) {
                    _ = try await daemon.desk.open(OpenIncident(title: "number \(index)"), context)
                } else {
                    _ = try await daemon.desk.handle(.addNote(text: "note \(index)", key: false), on: number, context)
                }
                return
            } catch is PostgresError {
                continue
            }
        }
    }

    private static func expectEachOnce(_ commands: [(Int, UUID)], on number: Int, _ daemon: TestDaemon) async throws {
        let rows = try await daemon.pool.query(
            "SELECT command_id, count(*) FROM timeline_entry GROUP BY command_id")
        var counts: [UUID: Int] = [:]
        for row in rows { counts[try row.decode("command_id")] = try row.decode("count") }
        for (_, id) in commands { #expect(counts[id] == 1) }
        #expect(try await daemon.count("incident") == 1 + 24)
        #expect(try await daemon.incident(number).version == 1 + 96)
        #expect(try await daemon.differences() == [])
    }
}
