import Testing

@testable import IncidentDomain

struct PhaseSpanTests {
    private static func entered(_ phase: Phase, at time: String) -> (IncidentEvent, String) {
        (IncidentEvent(PhaseEntered(phase: phase, from: .detect, overridden: [], reason: nil)), time)
    }

    private static func reverted(_ phase: Phase, at time: String) -> (IncidentEvent, String) {
        (IncidentEvent(PhaseReverted(phase: phase, from: .closed, reason: "again")), time)
    }

    private static func timeline(_ events: (IncidentEvent, String)...) -> [RecordedEvent] {
        let opened = IncidentOpened(title: "x", startedAt: clock("09:00"), labels: [:], origin: "person")
        return ([(IncidentEvent(opened), "10:00")] + events).enumerated().map { index, event in
            RecordedEvent(
                sequence: index + 1, event: event.0, actor: .carla, occurredAt: clock(event.1),
                recordedAt: clock("23:00"))
        }
    }

    @Test func `a visit lasts until the next phase begins`() {
        let visits = PhaseSpan.visits(
            in: Self.timeline(
                Self.entered(.assess, at: "10:05"), (IncidentEvent(Acknowledged()), "10:06"),
                Self.entered(.mitigate, at: "10:20")))
        #expect(visits.map(\.phase) == [.detect, .assess, .mitigate])
        #expect(visits.map(\.seconds) == [300, 900, nil])
    }

    @Test func `several visits to a phase are added up, and the closed time is no work`() {
        let visits = PhaseSpan.visits(
            in: Self.timeline(
                Self.entered(.mitigate, at: "10:10"), Self.entered(.closed, at: "10:30"),
                Self.reverted(.mitigate, at: "14:00"), Self.entered(.restore, at: "14:05")))
        let totals = PhaseTotal.totals(of: visits)
        #expect(totals.map(\.phase) == [.detect, .mitigate, .restore])
        #expect(totals.map(\.seconds) == [600, 1500, 0])
        #expect(totals.map(\.visits) == [1, 2, 1])
        #expect(totals.map(\.since) == [nil, nil, clock("14:05")])
    }

    @Test func `times in an odd order make no negative visit, and none that overlaps`() {
        let visits = PhaseSpan.visits(
            in: Self.timeline(
                Self.entered(.assess, at: "10:30"), Self.entered(.mitigate, at: "10:10"),
                Self.entered(.restore, at: "10:40")))
        #expect(visits.map(\.seconds) == [1800, 0, 600, nil])
        #expect(zip(visits, visits.dropFirst()).allSatisfy { $0.endedAt == $1.startedAt })
    }

    @Test
    func `a dismissal that was undone is between two visits, and one of now lengthens nothing of what is entered late`()
        throws
    {
        func visits(_ given: Given) -> [String] {
            PhaseSpan.visits(in: given.timeline, of: given.incident).map { visit in
                let times = [visit.startedAt, visit.endedAt].map { $0.map { "\($0)".dropFirst(11).prefix(5) } ?? "now" }
                return "\(visit.phase.rawValue) \(times[0]) \(times[1])"
            }
        }
        let live = try Given().later("10:30").and(.dismiss(reason: "no")).later("11:00").and(.reopen(reason: "yes"))
            .later("11:10").and(.acknowledge, .advance)
        #expect(
            visits(live) == ["detect 10:00 10:30", "dismissed 10:30 11:00", "detect 11:00 11:10", "assess 11:10 now"])
        let late = try Given().later("20:00").and(.dismiss(reason: "no"), .reopen(reason: "yes"))
            .and(.acknowledge, .advance, at: clock("10:05"))
        #expect(visits(late).last == "assess 10:05 now" && visits(late).first == "detect 10:00 10:05")
    }
}
