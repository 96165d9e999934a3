import Testing

@testable import IncidentDomain

/// Who is paged when, on a clock that the tests move.
@Suite struct EscalationTests {
    private static let plan = EscalationPlan(
        notify: ["pager"],
        escalate: [.init(afterSeconds: 300, endpoints: ["lead"]), .init(afterSeconds: 900, endpoints: ["manager"])])
    private static let start = Given.start

    private static func decide(
        _ seconds: Double, told: Int, phase: Phase = .detect, acknowledged: Bool = false, skips: Bool = false
    ) -> Escalation.Decision {
        Escalation(plan: plan, begunAt: start, told: told).decide(
            at: start.adding(seconds: seconds), phase: phase, isAcknowledged: acknowledged, skips: skips)
    }

    @Test func `the first ones hear at once, the next ones after their time, and the last ones end it`() {
        #expect(Self.decide(0, told: 0) == .tell(step: 0, next: Self.start.adding(seconds: 300)))
        #expect(Self.decide(299.9, told: 1) == .wait(until: Self.start.adding(seconds: 300)))
        #expect(Self.decide(300, told: 1) == .tell(step: 1, next: Self.start.adding(seconds: 900)))
        #expect(Self.decide(900, told: 2) == .tell(step: 2, next: nil))
        #expect(Self.decide(901, told: 3) == .end(.exhausted))
    }

    @Test func `after a daemon was away for long, each step is told once, one after the other`() {
        #expect(Self.decide(5_000, told: 1) == .tell(step: 1, next: Self.start.adding(seconds: 900)))
        #expect(Self.decide(5_000, told: 2) == .tell(step: 2, next: nil))
    }

    @Test(arguments: [Phase.detect, .assess, .mitigate, .restore])
    func `whoever acknowledges ends it`(phase: Phase) {
        #expect(Self.decide(300, told: 1, phase: phase, acknowledged: true) == .end(.acknowledged))
    }

    @Test(arguments: [Phase.review, .closed, .dismissed, .merged])
    func `what is over pages nobody`(phase: Phase) {
        #expect(Self.decide(300, told: 1, phase: phase) == .end(.over))
    }

    @Test func `when nobody could be told, the next step does not wait`() {
        #expect(Self.decide(1, told: 1, skips: true) == .tell(step: 1, next: Self.start.adding(seconds: 900)))
    }

    @Test(arguments: [
        [EscalationPlan.Step(afterSeconds: 0, endpoints: ["a"])],
        [.init(afterSeconds: 60, endpoints: ["a"]), .init(afterSeconds: 60, endpoints: ["b"])],
        [.init(afterSeconds: 60, endpoints: ["a"]), .init(afterSeconds: 30, endpoints: ["b"])],
    ])
    func `steps come in the order of their times`(steps: [EscalationPlan.Step]) {
        #expect(EscalationPlan(notify: ["pager"], escalate: steps).complaint != nil)
    }

    @Test func `a plan has a limit`() {
        let steps = (1...10).map { EscalationPlan.Step(afterSeconds: $0, endpoints: ["a"]) }
        #expect(EscalationPlan(notify: ["pager"], escalate: Array(steps.dropLast())).complaint == nil)
        #expect(EscalationPlan(notify: ["pager"], escalate: steps).complaint != nil)
    }
}
