import Testing

@testable import IncidentDomain

/// What becomes of one time of a window.
struct MaintenanceOccurrenceTests {
    private static let start = Timestamp.at("2026-03-10T02:00:00Z")
    private static let grace = 300.0

    private static func at(_ seconds: Double) -> Timestamp { start.adding(seconds: seconds) }

    /// Two hours.
    private static var planned: MaintenanceOccurrence {
        MaintenanceOccurrence(local: .at("2026-03-10T03:00"), startsAt: start, endsAt: at(7200))
    }

    /// Lets time go by from one moment that is due to the next; what is told, and when.
    private static func live(
        _ occurrence: inout MaintenanceOccurrence, _ ending: MaintenanceWindow.Ending, from now: Double
    ) -> [String] {
        var told: [String] = []
        var now = at(now)
        while let due = occurrence.nextMoment(ending, grace: grace) {
            now = max(now, due)
            guard let news = occurrence.pass(at: now, ending, grace: grace) else { break }
            told.append("\(news) \(Int(now.seconds(since: start)))")
        }
        return told
    }

    @Test func `it is announced three times, begins and ends by itself`() {
        var occurrence = Self.planned
        #expect(
            Self.live(&occurrence, .automatic, from: -1_000_000) == [
                "ahead(seconds: 259200) -259200", "ahead(seconds: 86400) -86400", "ahead(seconds: 3600) -3600",
                "started 0",
                "ended 7200",
            ])
        #expect(occurrence.state == .done && occurrence.beganAt == Self.start && occurrence.endedAt == Self.at(7200))
    }

    @Test func `planned within a lead time, only the nearest announcement is made`() {
        var occurrence = Self.planned
        #expect(
            Self.live(&occurrence, .automatic, from: -72_000) == [
                "ahead(seconds: 86400) -72000", "ahead(seconds: 3600) -3600", "started 0", "ended 7200",
            ])
        var late = Self.planned
        #expect(Self.live(&late, .automatic, from: -60) == ["ahead(seconds: 3600) -60", "started 0", "ended 7200"])
        var running = Self.planned
        #expect(Self.live(&running, .automatic, from: 10) == ["started 10", "ended 7200"])
        #expect(running.beganAt == Self.start)
    }

    @Test func `what passed while nobody was there is told as what it is by then`() {
        var occurrence = Self.planned
        #expect(Self.live(&occurrence, .automatic, from: 9000) == ["ended 9000"])
        #expect(occurrence.beganAt == Self.start && occurrence.endedAt == Self.at(7200))
        var byHand = Self.planned
        #expect(Self.live(&byHand, .byHand, from: 9000) == ["overran 9000"])
    }

    @Test func `one that is ended by hand overruns after the grace, and once for each extension`() throws {
        var occurrence = Self.planned
        occurrence.announcedSeconds = 3600
        #expect(Self.live(&occurrence, .byHand, from: 0) == ["started 0", "overran 7500"])
        #expect(occurrence.state == .overrun && occurrence.endedAt == nil)
        #expect(try occurrence.carryOut(.extendBy(seconds: 600), at: Self.at(8000)) == .extended)
        #expect(occurrence.state == .running && occurrence.endsAt == Self.at(8600))
        #expect(Self.live(&occurrence, .byHand, from: 8000) == ["overran 8900"])
        #expect(try occurrence.carryOut(.end, at: Self.at(9000)) == .ended)
        #expect(occurrence.state == .done && occurrence.endedAt == Self.at(9000))
    }

    @Test func `begun early, it takes as long as it was planned to`() throws {
        var occurrence = Self.planned
        #expect(try occurrence.carryOut(.begin, at: Self.at(-5000)) == .started)
        #expect(occurrence.endsAt == Self.at(2200) && occurrence.isChanged)
        #expect(try occurrence.carryOut(.begin, at: Self.at(-4000)) == nil, "a repeat changes nothing")
        #expect(Self.live(&occurrence, .automatic, from: -4000) == ["ended 2200"])
    }

    @Test func `what is cancelled neither begins nor is announced`() throws {
        var occurrence = Self.planned
        #expect(try occurrence.carryOut(.cancel, at: Self.at(-100_000)) == .cancelled)
        #expect(try occurrence.carryOut(.cancel, at: Self.at(-90_000)) == nil)
        #expect(occurrence.nextMoment(.automatic, grace: 0) == nil)
        var running = Self.planned
        _ = try running.carryOut(.begin, at: Self.start)
        #expect(try running.carryOut(.cancel, at: Self.at(60)) == .cancelled)
        #expect(running.endedAt == Self.at(60))
    }

    @Test func `an end moves forward, past now, and up to 30 days from the start`() throws {
        var occurrence = Self.planned
        #expect(try occurrence.carryOut(.extend(until: Self.at(7200)), at: Self.start) == nil)
        for end in [3600, 30 * 86_400 + 1.0] {
            #expect(throws: MaintenanceRefusal.self) {
                try occurrence.carryOut(.extend(until: Self.at(end)), at: Self.start)
            }
        }
        #expect(throws: MaintenanceRefusal.self) {
            try occurrence.carryOut(.extend(until: Self.at(7300)), at: Self.at(7400))
        }
        #expect(try occurrence.carryOut(.extend(until: Self.at(30 * 86_400)), at: Self.start) == .extended)
        #expect(occurrence.extensions == 1 && occurrence.isChanged)
    }

    @Test func `each state says which commands it takes`() throws {
        let moves: [(MaintenanceOccurrence.State, [MaintenanceCommand])] = [
            (.scheduled, [.end]), (.done, [.begin, .extendBy(seconds: 60), .cancel]),
            (.cancelled, [.begin, .end, .extendBy(seconds: 60)]), (.overrun, [.cancel]),
        ]
        for (state, commands) in moves {
            for command in commands {
                var occurrence = Self.planned
                occurrence.state = state
                #expect(throws: MaintenanceRefusal.self, "\(state) \(command)") {
                    try occurrence.carryOut(command, at: Self.start)
                }
                #expect(occurrence.state == state)
            }
        }
    }
}
