import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// One statement that takes alerts in: which row each message makes, changes or leaves alone.
@Suite(.timeLimit(.minutes(20))) struct AlertStoreTests {
    @Test func `a new alert is a row that waits to be routed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            #expect(try await daemon.take(source, .firing("a", component: "cdn")) == 1)
            let alert = try await daemon.alerts()[0]
            #expect(alert.status == .firing && alert.occurrences == 1 && alert.component == "cdn")
            #expect(alert.startsAt == .minute(0) && alert.firstSeenAt == alert.lastSeenAt && alert.incident == nil)
            #expect(try await daemon.count("alert", where: "NOT routed") == 1)
        }
    }

    @Test func `a repeat is counted, changes no state and brings the newest words`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            #expect(try await daemon.take(source, .firing("a", title: "It still fires")) == 0)
            #expect(try await daemon.take(source, .firing("a", at: 5)) == 0)
            let alert = try await daemon.alerts()[0]
            #expect(alert.occurrences == 3 && alert.startsAt == .minute(0) && alert.lastSeenAt >= alert.firstSeenAt)
            #expect(try await daemon.count("alert") == 1)
        }
    }

    @Test func `a resolve ends it, with the sender's time, and waits to be routed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            #expect(try await daemon.take(source, .resolved("a", until: 7)) == 1)
            let alert = try await daemon.alerts()[0]
            #expect(alert.status == .resolved && alert.resolvedAt == .minute(7))
            #expect(try await daemon.count("alert", where: "NOT routed") == 1)
            #expect(try await daemon.take(source, .resolved("a", until: 7)) == 0)
        }
    }

    @Test func `the time of an end is never in the future`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.take(source, .resolved("a", until: 100_000_000))
            #expect(try await daemon.count("alert", where: "resolved_at <= now()") == 1)
        }
    }

    @Test func `a new firing after a resolve is a new row of the same identity`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            try await daemon.take(source, .resolved("a", until: 1))
            #expect(try await daemon.take(source, .firing("a", at: 2)) == 1)
            #expect(try await daemon.summary() == ["a resolved 1", "a firing 1"])
        }
    }

    @Test func `a late message about a firing that is over is ignored`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 10))
            try await daemon.take(source, .resolved("a", at: 10, until: 20))
            #expect(try await daemon.take(source, .firing("a", at: 10)) == 0)
            #expect(try await daemon.take(source, .firing("a", at: 4)) == 0)
            #expect(try await daemon.summary() == ["a resolved 1"])
        }
    }

    @Test func `a late end of an earlier firing does not end the present one`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", at: 0))
            try await daemon.take(source, .resolved("a", at: 0, until: 5))
            try await daemon.take(source, .firing("a", at: 10))
            #expect(try await daemon.take(source, .resolved("a", at: 0, until: 5)) == 0)
            #expect(try await daemon.summary() == ["a resolved 1", "a firing 1"])
        }
    }

    @Test func `an end in whole seconds may lie a moment before the beginning`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let second = Timestamp(milliseconds: 1_780_000_000_000)
            var begin = IncomingAlert.firing("a")
            begin.startsAt = second.adding(seconds: 0.4)
            try await daemon.take(source, begin)
            var end = IncomingAlert.resolved("a")
            (end.startsAt, end.endsAt) = (second.adding(seconds: -60), second)
            #expect(try await daemon.take(source, end) == 0, "it is the end of the firing before")
            end.startsAt = nil
            #expect(try await daemon.take(source, end) == 1)
            #expect(try await daemon.count("alert", where: "resolved_at = starts_at") == 1)
        }
    }

    @Test func `an end without times ends what is open`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            var end = IncomingAlert.resolved("a")
            (end.startsAt, end.endsAt) = (nil, nil)
            #expect(try await daemon.take(source, end) == 1)
            #expect(try await daemon.take(source, end) == 0)
            #expect(try await daemon.summary() == ["a resolved 1"])
        }
    }

    @Test func `an end that was never seen to begin is kept, and no incident hears of it before its firing comes`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            #expect(try await daemon.take(source, .resolved("a", at: 3, until: 4)) == 0)
            #expect(try await daemon.summary() == ["a resolved 1"])
            #expect(try await daemon.count("alert", where: "NOT routed") == 0)
            #expect(try await daemon.take(source, .firing("a", at: 3)) == 1)
            #expect(try await daemon.summary() == ["a resolved 1"])
            #expect(try await daemon.count("alert", where: "NOT routed") == 1)
            #expect(try await daemon.take(source, .firing("a", at: 3)) == 0)
        }
    }

    @Test func `a firing without a start begins now, also when its end is announced`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var alert = IncomingAlert.firing("a")
            (alert.startsAt, alert.endsAt) = (nil, Timestamp(milliseconds: 4_000_000_000_000))
            try await daemon.take(source, alert)
            #expect(try await daemon.count("alert", where: "starts_at <= now()") == 1)
        }
    }

    @Test func `an acknowledged alert stays so when it repeats, and can be resolved`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a"))
            let id = try await daemon.alerts()[0].id
            let store = AlertStore(pool: daemon.pool)
            #expect(try await store.acknowledge(id, by: "Mia")?.status == .acknowledged)
            let again = try await store.acknowledge(id, by: "Mia")
            try await daemon.take(source, .firing("a"))
            #expect(try await daemon.summary() == ["a acknowledged 2"])
            #expect(try await daemon.alerts()[0].acknowledgedAt == again?.acknowledgedAt)
            #expect(try await daemon.take(source, .resolved("a")) == 1)
            #expect(try await store.acknowledge(id, by: "Mia")?.status == .resolved)
            #expect(try await store.acknowledge(UUID(), by: "Mia") == nil)
        }
    }

    @Test func `the same identity of two sources is two alerts`() async throws {
        try await TestDaemon.with { daemon async throws in
            let (one, two) = (try await daemon.makeSource("one"), try await daemon.makeSource("two"))
            #expect(try await daemon.take([(one, [.firing("a")]), (two, [.firing("a")])]) == 2)
            try await daemon.take(one, .resolved("a"))
            #expect(Set(try await daemon.alerts().map(\.status)) == [.resolved, .firing])
        }
    }

    @Test func `a batch takes many identities, in every state, at once`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take([(source, (0..<300).map { .firing("known \($0)") })])
            let batch: [IncomingAlert] =
                (0..<100).map { .firing("known \($0)") } + (100..<200).map { .resolved("known \($0)") }
                + (0..<100).map { .firing("new \($0)") } + (0..<100).map { .resolved("unseen \($0)") }
            #expect(try await daemon.take([(source, batch)]) == 200)
            #expect(try await daemon.count("alert", where: "status = 'firing'") == 300)
            #expect(try await daemon.count("alert", where: "status = 'resolved'") == 200)
            #expect(try await daemon.count("alert", where: "occurrences = 2") == 100)
        }
    }

    @Test func `an identity of any length and any letters is kept`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let names = [
                "'; DROP TABLE alert; --", "\\", "{\"a\",NULL}", "ünï✓", String(repeating: "x", count: 1000), " ",
            ]
            try await daemon.take([(source, names.map { .firing($0) })])
            #expect(Set(try await daemon.alerts().map(\.identity)) == Set(names))
        }
    }

    @Test func `everything of a group ends when the group is over`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("a", group: "g"), .firing("b", group: "g"), .firing("c", group: "h"))
            #expect(try await AlertStore(pool: daemon.pool).resolveGroup("g", of: source) == 2)
            #expect(try await AlertStore(pool: daemon.pool).resolveGroup("g", of: source) == 0)
            #expect(try await daemon.summary() == ["a resolved 1", "b resolved 1", "c firing 1"])
        }
    }

    @Test func `two daemons that take the same batches at once make no double`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                for round in 0..<20 {
                    let batch: [IncomingAlert] = (0..<20).map { .firing("\($0)", at: round * 10) }
                    async let first = daemon.take([(source, batch)])
                    async let second = other.take([(source, batch.reversed())])
                    #expect(try await first + second == 20)
                    try await daemon.take([
                        (source, (0..<20).map { .resolved("\($0)", at: round * 10, until: round * 10 + 1) })
                    ])
                }
                #expect(try await daemon.count("alert") == 400)
                #expect(try await daemon.count("alert", where: "occurrences = 2") == 400)
            }
        }
    }

    @Test func `what a repeat says is taken over, and what it does not say stays`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            var first = IncomingAlert.firing("a", title: "Slow")
            first.annotations = ["x": "1", "y": "1"]
            try await daemon.take(source, first)
            // Without a title an alert is called by its identity.
            var second = IncomingAlert.firing("a", title: "a")
            (second.severity, second.annotations) = (nil, ["y": "2", "z": "2"])
            var counted = IncomingAlert.firing("a", title: "counted")
            (counted.isOnlyCounted, counted.severity, counted.annotations) = (true, "info", ["x": "3"])
            for alert in [second, counted, counted] {
                try await daemon.take(source, alert)
                let stored = try await daemon.alerts()[0]
                #expect(stored.title == "Slow" && stored.severity == "critical")
                #expect(try AlertTexts.texts(stored.annotations) == ["x": "1", "y": "2", "z": "2"])
            }
            var many = IncomingAlert.firing("a", title: "New")
            many.annotations = Dictionary(uniqueKeysWithValues: (0..<64).map { ("n\($0)", "v") })
            try await daemon.take(source, many)
            let stored = try await daemon.alerts()[0]
            #expect(stored.title == "New" && stored.occurrences == 5)
            #expect(try AlertTexts.texts(stored.annotations) == many.annotations, "they do not grow without end")
        }
    }
}
