import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Random messages about random alerts, late, doubled and lost as networks make them, against a model that says what
/// should stand in the table after each batch.
@Suite(.timeLimit(.minutes(20))) struct AlertSequenceTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `any sequence of messages leaves the rows that the model says, and incidents that agree`(seed: UInt64)
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var senders = (0..<8).map { AlertSender(identity: "alert \($0)", group: "group \($0 % 3)") }
            var model = AlertModel()
            var numbers = SeededNumbers(seed: seed)
            for batch in 0..<60 {
                let messages = (0..<Int.random(in: 1...12, using: &numbers)).map { _ in
                    let sender = Int.random(in: senders.indices, using: &numbers)
                    return senders[sender].message(&numbers)
                }
                try await daemon.take(messages.map { (source, [$0]) })
                for message in messages { model.take(message) }
                let difference = try await daemon.modelRows().symmetricDifference(model.rows)
                try #require(difference.isEmpty, "seed \(seed), batch \(batch)")
                if Bool.random(using: &numbers) { try await daemon.router.routeBatch() }
            }
            // At last each sender says how it stands: then the table has to agree with it.
            let last = senders.map(\.newest)
            try await daemon.take(last.map { (source, [$0]) })
            let open = Set(try await daemon.alerts().filter { $0.status != .resolved }.map(\.identity))
            #expect(open == Set(last.filter { $0.status == .firing }.map(\.identity)), "seed \(seed)")
            while try await daemon.router.routeBatch() > 0 {}
            try await daemon.expectIncidentsAgree()
        }
    }
}

/// What a sender knows of its alert: it fires, ends, and fires again; it tells of any of these at any time.
private struct AlertSender {
    let identity: String
    let group: String
    /// The begin of each firing; each lasts three minutes and ends before the next.
    private var firings = 1
    private var isFiring = true

    init(identity: String, group: String) {
        self.identity = identity
        self.group = group
    }

    var newest: IncomingAlert { message(of: firings, ended: !isFiring) }

    /// Something new, or something old once more.
    mutating func message(_ numbers: inout SeededNumbers) -> IncomingAlert {
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0...3:
            if !isFiring { firings += 1 }
            isFiring.toggle()
            return newest
        case 4...7: return newest
        case 8: return message(of: Int.random(in: 1...firings, using: &numbers), ended: false)
        case _:
            let firing = Int.random(in: 1...firings, using: &numbers)
            return message(of: firing, ended: firing < firings || !isFiring)
        }
    }

    private func message(of firing: Int, ended: Bool) -> IncomingAlert {
        let start = firing * 10
        return ended
            ? .resolved(identity, at: start, until: start + 3, group: group)
            : .firing(identity, at: start, group: group)
    }
}

/// The rules in words that a person can check: a firing counts on what is open, opens something, or is late; an end ends
/// what is open unless that began after it, or is kept by itself, or is late.
private struct AlertModel {
    private(set) var rows: Set<ModelRow> = []

    mutating func take(_ alert: IncomingAlert) {
        let start = alert.startsAt ?? .minute(0)
        let own = rows.filter { $0.identity == alert.identity }
        let isLate = own.contains { $0.isResolved && $0.start >= start }
        guard var open = own.first(where: { !$0.isResolved }) else {
            if !isLate {
                rows.insert(
                    ModelRow(
                        identity: alert.identity, start: start, isResolved: alert.status == .resolved, occurrences: 1))
            }
            return
        }
        switch alert.status {
        case .firing where isLate: return
        case .firing: open.occurrences += 1
        case .acknowledged: return
        case .resolved where (alert.endsAt ?? .minute(0)) < open.start: return
        case .resolved: open.isResolved = true
        }
        rows = rows.filter { $0.identity != open.identity || $0.start != open.start }
        rows.insert(open)
    }
}

private struct ModelRow: Hashable {
    let identity: String
    let start: Timestamp
    var isResolved: Bool
    var occurrences: Int
}

extension TestDaemon {
    fileprivate func modelRows() async throws -> Set<ModelRow> {
        Set(
            try await alerts().map {
                ModelRow(
                    identity: $0.identity, start: $0.startsAt, isResolved: $0.status == .resolved,
                    occurrences: $0.occurrences)
            })
    }

    /// Each incident counts the alerts that the table gives to it, and those of them that fire.
    fileprivate func expectIncidentsAgree() async throws {
        let alerts = try await alerts()
        #expect(try await count("alert", where: "NOT routed") == 0)
        for row in try await pool.query("SELECT number FROM incident") {
            let incident = try await incident(try row.decode("number"))
            let own = alerts.filter { $0.incident == incident.number }
            #expect(incident.alerts == own.count)
            #expect(incident.firing.values.reduce(0, +) == own.count { $0.status != .resolved })
        }
        #expect(try await differences() == [])
    }
}
