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

/// A component cannot become restored while a probe of it says no, or has said nothing yet.
struct ProbeGateTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private static func after(_ seconds: Double) -> Timestamp { start.adding(seconds: seconds) }

    private static func probe(
        _ isPassed: Bool?, at seconds: Double, passingSince: Double? = nil, detail: String? = "status 503"
    ) -> ProbeFacts {
        ProbeFacts([
            ProbeFact(
                name: "page", component: "db", isPassed: isPassed, checkedAt: isPassed == nil ? nil : after(seconds),
                passingSince: isPassed == true ? after(passingSince ?? seconds) : nil, detail: detail)
        ])
    }

    private static var step: RestorationStep {
        var step = RestorationStep(component: "db")
        step.start(at: after(100), nil)
        return step
    }

    @Test func `one failure holds it at once, and says which probe and how to look at it`() throws {
        let gate = try #require(Self.step.probeGates(Self.probe(false, at: 110), pendingCounts: false).first)
        #expect(gate.reason == "probe page failed: status 503")
        #expect(gate.remedy == .lookAtProbe(name: "page"))
        // Also when it failed before the work began: it has not passed since.
        #expect(Self.step.probeGates(Self.probe(false, at: 50), pendingCounts: true).count == 1)
    }

    @Test func `a success from before the work counts for nothing`() throws {
        let before = Self.probe(true, at: 50)
        let gate = try #require(Self.step.probeGates(before, pendingCounts: true).first)
        #expect(gate.reason == "probe page has not run since work on db started")
        #expect(Self.step.probeGates(before, pendingCounts: false).isEmpty)
        #expect(Self.step.probeGates(Self.probe(nil, at: 0), pendingCounts: true).count == 1)
    }

    @Test func `a success since then opens it, and other components' probes do not matter`() {
        #expect(Self.step.probeGates(Self.probe(true, at: 101), pendingCounts: true).isEmpty)
        let other = RestorationStep(component: "web")
        #expect(other.probeGates(Self.probe(false, at: 110), pendingCounts: true).isEmpty)
    }

    @Test func `a soak ends when its time is over and its probes pass`() {
        var step = Self.step
        step.verify(from: Self.after(200), until: Self.after(300))
        #expect(step.restoredAfterSoak(.none) == Self.after(300))
        #expect(step.restoredAfterSoak(Self.probe(true, at: 290, passingSince: 50)) == Self.after(300))
        #expect(step.restoredAfterSoak(Self.probe(true, at: 350, passingSince: 340)) == Self.after(340))
        #expect(step.restoredAfterSoak(Self.probe(false, at: 290)) == nil)
        #expect(step.restoredAfterSoak(Self.probe(true, at: 90)) == nil)
        #expect(Self.step.restoredAfterSoak(.none) == nil)
    }
}
