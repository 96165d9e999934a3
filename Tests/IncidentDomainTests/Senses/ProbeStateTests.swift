import Testing

@testable import IncidentDomain

/// Results in a row make a probe fire, and results in a row end that.
struct ProbeStateTests {
    private static let thresholds = ProbeThresholds(failuresToFire: 3, successesToResolve: 2)

    private static func minute(_ minute: Int) -> Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + Int64(minute) * 60_000)
    }

    /// The changes that results lead to, one a minute; `.` is good and `x` is not.
    private static func changes(_ results: String) -> [ProbeState.Change?] {
        var state = ProbeState()
        return results.enumerated().map { index, result in
            state.take(isPassed: result == ".", at: minute(index), thresholds)
        }
    }

    @Test func `it fires at the third failure, and says since the first`() {
        #expect(Self.changes(".xxxx") == [nil, nil, nil, .fires(since: Self.minute(1)), nil])
    }

    @Test func `a success in between begins the row anew`() {
        #expect(Self.changes("xx.xx").allSatisfy { $0 == nil })
    }

    @Test func `two successes end it, one and a failure do not`() {
        let changes = Self.changes("xxx.x..")
        #expect(changes[2] == .fires(since: Self.minute(0)))
        #expect(changes[3...5].allSatisfy { $0 == nil })
        #expect(changes[6] == .isOver(since: Self.minute(0)))
    }

    @Test func `it fires again after its end`() {
        #expect(Self.changes("xxx..xxx")[7] == .fires(since: Self.minute(5)))
    }

    @Test func `it knows since when all is well`() {
        var state = ProbeState()
        for (index, isPassed) in [true, false, true, true].enumerated() {
            _ = state.take(isPassed: isPassed, at: Self.minute(index), Self.thresholds)
        }
        #expect(state.passingSince == Self.minute(2) && state.failingSince == nil && state.successes == 2)
    }
}
