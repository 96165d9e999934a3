import Postgres
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// A daemon remembers incidents, and never takes its memory for what is stored now.
@Suite(.timeLimit(.minutes(20))) struct IncidentMemoryTests {
    @Test func `what another daemon changed is seen, however often each has looked`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            try await daemon.beside { other async throws in
                for round in 1...5 {
                    #expect(
                        try await daemon.tell(.addTask(text: "a\(round)", owner: nil), number).tasks.count == 2 * round
                            - 1)
                    #expect(
                        try await other.tell(.addTask(text: "b\(round)", owner: nil), number).tasks.count == 2 * round)
                }
            }
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a write that was rolled back is not remembered as if it had been made`() async throws {
        struct Stop: Error {}
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            await #expect(throws: Stop.self) {
                try await daemon.pool.transaction { transaction in
                    let loaded = try await daemon.desk.incidents.load(number, hold: .lock, in: transaction)
                    let row = try #require(loaded.row)
                    _ = try await daemon.desk.apply(
                        .acknowledge, to: row, CommandContext(principal: .mia), loaded: loaded, in: transaction)
                    throw Stop()
                }
            }
            #expect(try await daemon.incident(number).times.acknowledgedAt == nil)
            #expect(try await daemon.tell(.acknowledge, number).version == 2)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `the memory is bounded, and a giant does not drive out all others`() {
        let memory = IncidentMemory(bytesMax: 8_000)
        for number in 1...100 { memory.remember(.sample(number, bytes: 100)) }
        #expect(memory.known(100) != nil && memory.known(1) == nil)
        #expect((1...100).count { memory.known($0) != nil } <= 80)
        memory.remember(.sample(101, bytes: 5_000))
        #expect(memory.known(101) == nil && memory.known(100) != nil)
    }
}

extension IncidentMemory.Known {
    fileprivate static func sample(_ number: Int, bytes: Int) -> IncidentMemory.Known {
        let opening = RecordedEvent(
            sequence: 1,
            event: IncidentEvent(
                IncidentOpened(title: "x", summary: nil, startedAt: .minute(0), labels: [:], origin: "person")),
            actor: .daemon,
            occurredAt: .minute(0), recordedAt: .minute(0))
        return IncidentMemory.Known(
            incident: Incident.evolve(nil, opening, number: number)!, lastHash: [UInt8(number)], bytes: bytes)
    }
}
