import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Whoever looks at an alert looks at its incident.
@Suite(.timeLimit(.minutes(20))) struct AlertAcknowledgementTests {
    @Test func `an acknowledged alert acknowledges its incident, in the name of who did it`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource("pagers")
            try await daemon.send(source, .firing("a", group: "g"), .firing("b", group: "g"))
            try await daemon.send(source, .acknowledged("a", by: "Jo", group: "g"))
            #expect(try await daemon.incident(1).times.acknowledgedAt != nil)
            let entry = try #require(try await daemon.timeline(1).last)
            #expect(entry.recorded.event == .acknowledged && entry.recorded.actor.name == "Jo")
            #expect(entry.recorded.actor.id == "source:\(source.uuidString.lowercased())")
            let kinds = try await daemon.kinds(1)
            try await daemon.send(source, .acknowledged("b", by: nil, group: "g"))
            #expect(try await daemon.kinds(1) == kinds, "once is enough")
            #expect(try await daemon.incident(1).alerts == 2)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an alert that is acknowledged before it has an incident acknowledges it at once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource("pagers")
            try await daemon.store(source, [.firing("a", group: "g")])
            try await daemon.store(source, [.acknowledged("a", by: nil, group: "g")])
            try await daemon.routeAll()
            #expect(try await daemon.incident(1).times.acknowledgedAt != nil)
            #expect(try await daemon.timeline(1).last?.recorded.actor.name == "pagers")
        }
    }

    @Test func `a person's acknowledgement by the API does so too, and later phases stay as they are`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.send(source, .firing("a", group: "g"))
            let id = try await daemon.alerts()[0].id
            _ = try await AlertStore(pool: daemon.pool).acknowledge(id, by: "Mia")
            try await daemon.routeAll()
            #expect(try await daemon.timeline(1).last?.recorded.actor.name == "Mia")
            try await daemon.tell(.advance(to: nil, reason: nil, override: false), 1)
            let version = try await daemon.incident(1).version
            try await daemon.send(source, .firing("b", group: "g"))
            try await daemon.send(source, .acknowledged("b", by: "Jo", group: "g"))
            #expect(try await daemon.incident(1).version == version + 1, "only the alert")
        }
    }
}
