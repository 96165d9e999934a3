import FoundationEssentials
import Postgres
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// Several writers on one incident, in one daemon and in two: nobody's change is lost, and nobody waits for ever.
@Suite(.timeLimit(.minutes(20))) struct ConcurrentWritersTests {
    @Test func `two writers at the same moment both land, one after the other`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let number = try await daemon.open()
                async let first = daemon.tell(.addNote(text: "from the first", key: false), number)
                async let second = other.tell(.assignRole(.scribe, person: "Sam"), number, by: .ron)
                let versions = try await [first.version, second.version]
                #expect(versions.sorted() == [2, 3])
                #expect(Set(try await daemon.kinds(number)) == ["incident_opened", "note_added", "role_assigned"])
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `a writer who was overtaken decides again on what is there now`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let loaded = try await daemon.desk.incidents.load(number, in: daemon.pool)
            let row = try #require(loaded.row)
            try await daemon.tell(.acknowledge, number)
            let context = CommandContext(principal: .ron)
            let facts = try await daemon.desk.facts(.acknowledge, context, loaded, in: daemon.pool)
            let stale = try daemon.desk.change([NoteAdded(text: "x", key: false)], row, context, facts)
            #expect(try await daemon.desk.incidents.write(stale, in: daemon.pool) == false)
            #expect(try await daemon.count("timeline_entry") == 2)
            #expect(try await daemon.desk.handle(.acknowledge, on: number, context).firstEntry == nil)
        }
    }

    @Test func `fifty notes at once all land once, in an unbroken chain`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            try await daemon.beside { other async throws in
                let number = try await daemon.open()
                let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                    for note in 0..<50 {
                        group.addTask {
                            try await (note.isMultiple(of: 2) ? daemon : other)
                                .tell(.addNote(text: "note \(note)", key: false), number).version
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(versions.sorted() == Array(2...51))
                let texts = try await daemon.timeline(number).compactMap { $0.recorded.event.as(NoteAdded.self)?.text }
                #expect(Set(texts) == Set((0..<50).map { "note \($0)" }) && texts.count == 50)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `of fifty writers who saw the same version, one gets through`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let number = try await daemon.open()
            let landed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for note in 0..<50 {
                    group.addTask {
                        let context = CommandContext(principal: .mia, ifMatch: .versions([1]))
                        do {
                            _ = try await daemon.desk.handle(.addNote(text: "\(note)", key: false), on: number, context)
                            return true
                        } catch let problem as Problem {
                            #expect(problem.kind == .versionMismatch)
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(landed == 1)
            #expect(try await daemon.incident(number).version == 2)
        }
    }

    @Test func `incidents opened at once have numbers of their own`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 { group.addTask { try await daemon.open() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(numbers.sorted() == Array(1...30))
            #expect(try await daemon.differences() == [])
        }
    }
}
