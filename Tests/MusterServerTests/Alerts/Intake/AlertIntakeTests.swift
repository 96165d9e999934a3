import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// Gathering arrivals into statements: the sender is answered after the commit, in order, and within bounds.
@Suite(.timeLimit(.minutes(20))) struct AlertIntakeTests {
    @Test func `a sender is answered after the commit`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await intake.accept(.of(.firing("a"), .firing("b")), from: source)
                #expect(try await daemon.summary() == ["a firing 1", "b firing 1"])
            }
        }
    }

    @Test func `nobody is answered while the commit is held up`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let isAnswered = Flag()
            try await daemon.withIntake { intake async throws in
                try await daemon.database.withObserver { observer async throws in
                    let sender = try await observer.transaction { transaction in
                        try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
                        let sender = Task {
                            try await intake.accept(.of(.firing("a")), from: source)
                            isAnswered.raise()
                        }
                        try await observer.waitUntilSomebodyWaits()
                        #expect(!isAnswered.isRaised)
                        return sender
                    }
                    try await sender.value
                }
            }
            #expect(try await daemon.summary() == ["a firing 1"])
        }
    }

    @Test func `what arrives while a statement runs shares the next one`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await Self.whileHeld(daemon, intake, source) { group in
                    for index in 0..<200 {
                        group.addTask { try await intake.accept(.of(.firing("\(index)")), from: source) }
                    }
                }
            }
            #expect(try await daemon.count("alert") == 201)
            #expect(try await daemon.count("(SELECT DISTINCT xmin::text FROM alert) AS statement") <= 3)
        }
    }

    @Test func `firing and end of an alert keep their order, in one batch and across batches`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake(AlertIntake.Limits(batchMax: 3)) { intake async throws in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for identity in 0..<30 {
                        group.addTask {
                            for minute in 0..<5 {
                                try await intake.accept(.of(.firing("\(identity)", at: minute * 2)), from: source)
                                try await intake.accept(
                                    .of(.resolved("\(identity)", at: minute * 2, until: minute * 2 + 1)), from: source)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await intake.accept(.of(.firing("z"), .resolved("z"), .firing("z", at: 2)), from: source)
            }
            #expect(try await daemon.count("alert", where: "identity <> 'z' AND status = 'resolved'") == 150)
            #expect(try await daemon.count("alert", where: "identity <> 'z' AND status <> 'resolved'") == 0)
            #expect(try await daemon.alerts().suffix(2).map(\.status) == [.resolved, .firing])
        }
    }

    @Test func `an alert that fires after its whole group was over stays open`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take(source, .firing("cut off", group: "g"))
            try await daemon.withIntake { intake async throws in
                try await Self.whileHeld(daemon, intake, source) { group in
                    let over = IncomingMessage(alerts: [.resolved("named", group: "g")], resolvedGroup: "g")
                    group.addTask { try await intake.accept(over, from: source) }
                    while intake.waiting < 1 { await Task.yield() }
                    group.addTask { try await intake.accept(.of(.firing("next", at: 9, group: "g")), from: source) }
                    while intake.waiting < 2 { await Task.yield() }
                }
            }
            #expect(
                try await daemon.summary() == [
                    "cut off resolved 1", "first firing 1", "named resolved 1", "next firing 1",
                ])
        }
    }

    @Test func `more than may wait is refused with a problem that says when to come again`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let limits = AlertIntake.Limits(batchMax: 10, waitingMax: 5)
            try await daemon.withIntake(limits) { intake async throws in
                try await Self.whileHeld(daemon, intake, source) { group in
                    group.addTask { try await intake.accept(.of(.firing("a"), .firing("b")), from: source) }
                    while intake.waiting < 2 { await Task.yield() }
                    let large = IncomingMessage(alerts: (0..<4).map { .firing("large \($0)") })
                    let problem = await #expect(throws: Problem.self) { try await intake.accept(large, from: source) }
                    #expect(problem?.kind == .overloaded && problem?.headers[.retryAfter] == "2")
                }
                // Alone, a message larger than the bound is taken: it could never come in otherwise.
                let huge = IncomingMessage(alerts: (0..<50).map { .firing("huge \($0)") })
                try await intake.accept(huge, from: source)
            }
            #expect(try await daemon.count("alert") == 53)
        }
    }

    @Test func `a batch whose connection is killed is repeated, and doubles nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await daemon.database.withObserver { observer async throws in
                    let killed = try await observer.killingOthers(asGrows: "alert") {
                        for index in 0..<60 {
                            await Self.insist { try await intake.accept(.of(.firing("\(index)")), from: source) }
                            guard index.isMultiple(of: 2) else { continue }
                            await Self.insist { try await intake.accept(.of(.resolved("\(index)")), from: source) }
                        }
                    }
                    #expect(killed > 0)
                }
            }
            // Through new connections: one that was killed last may not have been noticed yet.
            try await daemon.beside { fresh async throws in
                #expect(try await fresh.count("alert") == 60)
                #expect(try await fresh.count("alert", where: "status = 'resolved'") == 30)
            }
        }
    }

    @Test func `a message that no database takes does not keep out its neighbours`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await Self.whileHeld(daemon, intake, source) { group in
                    group.addTask { try await intake.accept(.of(.firing("before")), from: source) }
                    group.addTask {
                        await #expect(throws: PostgresError.self) {
                            try await intake.accept(.of(.firing("NUL \0")), from: source)
                        }
                    }
                    group.addTask { try await intake.accept(.of(.firing("after")), from: source) }
                    while intake.waiting < 3 { await Task.yield() }
                }
            }
            #expect(try await daemon.summary() == ["after firing 1", "before firing 1", "first firing 1"])
        }
    }

    @Test func `two daemons that are told of the same alerts at once make no double`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.beside { other async throws in
                let source = try await daemon.makeSource()
                let batches = (0..<20).map { batch in
                    IncomingMessage(alerts: (0..<20).map { .firing("\(batch) \($0)") })
                }
                try await daemon.withIntake { first async throws in
                    try await other.withIntake { second async throws in
                        for batch in batches {
                            async let here: Void = first.accept(batch, from: source)
                            async let there: Void = second.accept(batch, from: source)
                            _ = try await (here, there)
                        }
                    }
                }
                #expect(try await daemon.count("alert", where: "occurrences = 2") == 400)
                #expect(try await daemon.count("alert") == 400)
            }
        }
    }

    @Test func `what runs and what waits when the daemon stops is stored and answered`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let intake = AlertIntake(
                store: AlertIntakeStore(pool: daemon.pool), limits: AlertIntake.Limits(), routing: daemon.routing,
                logger: TestServer.quietLogger)
            let services = ServiceGroup(services: [intake], logger: TestServer.quietLogger)
            async let running: Void = services.run()
            try await Self.whileHeld(daemon, intake, source) { group in
                group.addTask { try await intake.accept(.of(.firing("second")), from: source) }
                while intake.waiting == 0 { await Task.yield() }
                await services.triggerGracefulShutdown()
            }
            try await running
            #expect(try await daemon.summary() == ["first firing 1", "second firing 1"])
            let problem = await #expect(throws: Problem.self) {
                try await intake.accept(.of(.firing("third")), from: source)
            }
            #expect(problem?.kind == .overloaded)
        }
    }

    @Test func `who waited behind a statement that ran out of time does not wait for a second`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.withIntake { intake async throws in
                try await daemon.database.withObserver { observer async throws in
                    try await observer.transaction { transaction in
                        try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
                        let began = ContinuousClock.now
                        let first = Task { try await intake.accept(.of(.firing("first")), from: source) }
                        try await observer.waitUntilSomebodyWaits()
                        let second = Task { try await intake.accept(.of(.firing("second")), from: source) }
                        while intake.waiting == 0 { await Task.yield() }
                        // The second came in the first half of what the first waits.
                        let end = began + began.duration(to: .now) * 3
                        while ContinuousClock.now < end { await Task.yield() }
                        try await observer.query(
                            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
                                + "WHERE datname = current_database() AND wait_event_type = 'Lock'")
                        await #expect(throws: PostgresError.self) { try await first.value }
                        await #expect(throws: PostgresError.deadlineExceeded(outcomeUnknown: false)) {
                            try await second.value
                        }
                        #expect(intake.waiting == 0)
                    }
                }
            }
            #expect(try await daemon.summary() == [])
        }
    }

    /// Runs `body`'s senders while the intake is busy with one alert, named first, whose statement cannot go on.
    private static func whileHeld(
        _ daemon: TestDaemon, _ intake: AlertIntake, _ source: UUID,
        _ body: (inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await daemon.database.withObserver { observer async throws in
                try await observer.transaction { transaction in
                    try await transaction.query("LOCK TABLE alert IN EXCLUSIVE MODE")
                    group.addTask { try await intake.accept(.of(.firing("first")), from: source) }
                    try await observer.waitUntilSomebodyWaits()
                    try await body(&group)
                }
            }
            try await group.waitForAll()
        }
    }

    /// As Alertmanager does: again, until it is taken.
    private static func insist(_ attempt: () async throws -> Void) async {
        while true {
            do { return try await attempt() } catch { await Task.yield() }
        }
    }
}
