/// How long a step still takes, as a planner sees it.
struct StepTime: Sendable {
    /// What is left when half of the times it takes longer, in milliseconds; 0 when it is done, `RestorationNetwork.unknown` when
    /// nobody knows.
    let remaining: Int
    /// The part of it that is a soak, at its end: nothing shortens that.
    let soak: Int
    /// What people do, without the soak, from the start; nil when it takes no time or all of it is fixed.
    let work: LogNormal?
    /// How long it has been worked on, in seconds; 0 when it was not.
    let elapsed: Double
    /// Whether a person said when it is over: then it does not share the luck of the whole restoration.
    var isTold = false
    /// How much longer it takes than was expected, in seconds; nil when it does not.
    let overdueSeconds: Int?

    static let none = StepTime(fixed: 0)

    /// Nobody is called late for less, in seconds.
    private static let overdueMin = 60

    /// How sure a person's "back at four" is.
    private static let toldSigma = 0.3

    private init(fixed milliseconds: Int, soak: Int = 0) {
        (remaining, self.soak, work, elapsed, overdueSeconds) = (milliseconds, soak, nil, 0, nil)
    }

    /// - Parameters:
    ///   - estimate: Of all of it, from its start to the end of its soak; nil when nobody knows.
    ///   - soakSeconds: How long it soaks.
    init(_ step: RestorationStep, _ estimate: StepEstimate?, soakSeconds: Int, now: Timestamp) {
        switch step.state {
        case .restored, .waived:
            self = .none
        case .verifying:
            let left = step.soakUntil.map { Int($0.milliseconds - now.milliseconds) } ?? 0
            guard left < -Self.overdueMin * 1000 else {
                self.init(fixed: max(0, left), soak: max(0, left))
                return
            }
            // Something holds it, as a probe that fails: another minute is the least.
            self.init(
                remaining: Self.overdueMin * 1000, soak: Self.overdueMin * 1000, elapsed: 0,
                overdueSeconds: -left / 1000, work: nil)
        case .waiting, .regressed:
            self.init(waiting: estimate, soakSeconds)
        case .restoring:
            self.init(running: step, estimate, soakSeconds, now)
        }
    }

    /// Of what has not begun.
    init(waiting estimate: StepEstimate?, _ soakSeconds: Int) {
        guard let estimate else {
            self.init(fixed: RestorationNetwork.unknown)
            return
        }
        let soak = min(soakSeconds, estimate.medianSeconds)
        self.init(
            remaining: estimate.medianSeconds * 1000, soak: soak * 1000, elapsed: 0, overdueSeconds: nil,
            work: LogNormal(median: Double(estimate.medianSeconds - soak), p90: Double(estimate.p90Seconds - soak)))
    }

    private init(running step: RestorationStep, _ estimate: StepEstimate?, _ soakSeconds: Int, _ now: Timestamp) {
        let elapsed = max(0, now.seconds(since: step.startedAt ?? now))
        if let told = step.expectedAt, told > now {
            let left = told.seconds(since: now)
            guard !(step.isSure ?? false) else {
                self.init(fixed: Int(left * 1000))
                return
            }
            let soak = min(Double(soakSeconds), left)
            self.init(
                remaining: Int(left * 1000), soak: Int(soak * 1000), elapsed: 0, overdueSeconds: nil,
                work: left > soak ? LogNormal(median: left - soak, sigma: Self.toldSigma) : nil)
            isTold = true
            return
        }
        let late = step.expectedAt.map { Int(now.seconds(since: $0)) }
        guard let estimate else {
            self.init(
                remaining: RestorationNetwork.unknown, soak: 0, elapsed: elapsed,
                overdueSeconds: late.flatMap { $0 >= Self.overdueMin ? $0 : nil }, work: nil)
            return
        }
        let soak = min(soakSeconds, estimate.medianSeconds)
        let expected = estimate.medianSeconds - soak
        let work = LogNormal(median: Double(expected), p90: Double(estimate.p90Seconds - soak))
        // As planned until it is overdue; then it is one of those that take longer.
        let isLate = elapsed > Double(expected)
        let left = work.map { isLate ? $0.time(0.5, elapsed: elapsed) - elapsed : Double(expected) - elapsed } ?? 0
        let over = late ?? Int(elapsed) - expected
        self.init(
            remaining: Int(left * 1000) + soak * 1000, soak: soak * 1000, elapsed: elapsed,
            overdueSeconds: over >= Self.overdueMin ? over : nil, work: work)
    }

    private init(remaining: Int, soak: Int, elapsed: Double, overdueSeconds: Int?, work: LogNormal?) {
        (self.remaining, self.soak, self.elapsed) = (remaining, soak, elapsed)
        (self.overdueSeconds, self.work) = (overdueSeconds, work)
    }
}
