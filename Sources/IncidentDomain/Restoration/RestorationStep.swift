/// How far the restoring of one component is. `ready` is not stored: it follows from the gates (`RestorationPlan`).
package enum RestorationState: String, CaseIterable, Codable, Sendable {
    case waiting, restoring, verifying, restored, waived, regressed

    /// Whether what waits for this component may go on.
    package var isDone: Bool {
        switch self {
        case .restored, .waived: true
        case .waiting, .restoring, .verifying, .regressed: false
        }
    }
}

/// The restoring of one affected component.
package struct RestorationStep: Hashable, Codable, Sendable {
    package let component: String
    package var state: RestorationState
    /// Percent of the traffic that is back, 0 to 100; nil while nothing was ramped.
    package var rampPercent: Int?
    package var startedAt: Timestamp?
    /// What was thought when it was started.
    package var estimate: StepEstimate?
    /// While verifying: when the soak began; nil in rows of releases that did not keep it.
    package var verifyingSince: Timestamp?
    /// While verifying: when the soak ends, on database time.
    package var soakUntil: Timestamp?
    package var restoredAt: Timestamp?
    /// How often restoring it failed.
    package var failures: Int

    package init(component: String) {
        self.component = component
        state = .waiting
        failures = 0
    }
}

extension RestorationStep {
    mutating func start(at moment: Timestamp, _ thought: StepEstimate?) {
        state = .restoring
        (startedAt, estimate) = (moment, thought)
        (rampPercent, restoredAt) = (nil, nil)
        endSoak()
    }

    mutating func verify(from moment: Timestamp, until end: Timestamp) {
        state = .verifying
        (verifyingSince, soakUntil) = (moment, end)
    }

    mutating func restore(at moment: Timestamp) {
        state = .restored
        endSoak()
        restoredAt = moment
    }

    mutating func waive() {
        state = .waived
        endSoak()
    }

    mutating func fail() {
        state = .waiting
        failures += 1
        rampPercent = nil
        endSoak()
    }

    mutating func regress() {
        state = .regressed
        restoredAt = nil
        endSoak()
    }

    private mutating func endSoak() {
        (verifyingSince, soakUntil) = (nil, nil)
    }
}

/// How long restoring one component takes, from its start to the end of its soak.
package struct StepEstimate: Hashable, Codable, Sendable {
    /// What an estimate rests on.
    package enum Source: String, Codable, Sendable {
        /// Past incidents.
        case measured
        /// What the catalog expects, and the soak.
        case expected
    }

    /// Half of the time it takes no longer.
    package let medianSeconds: Int
    /// Nine times out of ten it takes no longer.
    package let p90Seconds: Int
    package let source: Source
    /// How many past restorations were measured; nil for what is only expected.
    package let samples: Int?

    private enum CodingKeys: String, CodingKey {
        case source, samples
        case medianSeconds = "median_seconds"
        case p90Seconds = "p90_seconds"
    }

    /// How much longer than expected it may take, as long as nothing was measured: people who estimate know the good case.
    package static let p90Factor = 2

    /// What was measured, when that is enough, else what the catalog expects; nil when neither is known.
    init?(expectedSeconds: Int?, soakSeconds: Int, measured: MeasuredDuration?) {
        if let measured, measured.samples >= MeasuredDurations.leastSamples {
            medianSeconds = measured.medianSeconds
            p90Seconds = max(measured.medianSeconds, measured.p90Seconds)
            (source, samples) = (.measured, measured.samples)
        } else if let expected = expectedSeconds {
            medianSeconds = expected + soakSeconds
            p90Seconds = expected * Self.p90Factor + soakSeconds
            (source, samples) = (.expected, nil)
        } else {
            return nil
        }
    }
}

/// What estimates are made from, beside the catalog.
struct EstimateBasis: Sendable {
    let soak: SoakPolicy
    let measured: MeasuredDurations
}

/// How long restoring one component took in past incidents, from its start until it was restored: the soak is inside.
package struct MeasuredDuration: Hashable, Sendable {
    package let medianSeconds: Int
    package let p90Seconds: Int
    /// How many restorations were measured.
    package let samples: Int

    package init(medianSeconds: Int, p90Seconds: Int, samples: Int) {
        self.medianSeconds = medianSeconds
        self.p90Seconds = p90Seconds
        self.samples = samples
    }
}

/// What was learnt from past incidents, by component.
package struct MeasuredDurations: Hashable, Sendable {
    /// Fewer say more about those incidents than about the component.
    package static let leastSamples = 5
    package static let none = MeasuredDurations([:])

    private let bySlug: [String: MeasuredDuration]

    package init(_ bySlug: [String: MeasuredDuration]) {
        self.bySlug = bySlug
    }

    /// Nil when nothing was measured; that may also be too little to go by.
    package subscript(slug: String) -> MeasuredDuration? {
        bySlug[slug]
    }

    var isEmpty: Bool { bySlug.isEmpty }
}

extension RestorationStep {
    /// What is left to do, in milliseconds, when all of it takes `effortSeconds`; nil when that is not known and matters.
    func remainingMilliseconds(of effortSeconds: Int?, at now: Timestamp) -> Int? {
        switch state {
        case .restored, .waived: 0
        case .verifying: soakUntil.map { max(0, Int($0.milliseconds - now.milliseconds)) } ?? 0
        case .waiting, .regressed: effortSeconds.map { $0 * 1000 }
        case .restoring:
            effortSeconds.map { effort in
                max(0, effort * 1000 - max(0, Int(now.milliseconds - (startedAt ?? now).milliseconds)))
            }
        }
    }
}

/// How long a component must stay healthy before it counts as restored, by the tier that it counts as.
package struct SoakPolicy: Hashable, Sendable {
    /// A few tiers, and how long each soaks: found sooner one by one than by hashing.
    private let tiers: [Int]
    private let seconds: [Int]

    package init(secondsByTier: [Int: Int] = [:]) {
        let sorted = secondsByTier.sorted { $0.key < $1.key }
        tiers = sorted.map(\.key)
        seconds = sorted.map(\.value)
    }

    /// The component's own soak time, else that of its tier, else none.
    package func seconds(for component: Component?, effectiveTier: Int) -> Int {
        seconds(own: component?.soakSeconds, effectiveTier: effectiveTier)
    }

    /// The same, where the component's own soak time is all that is at hand.
    func seconds(own: Int?, effectiveTier: Int) -> Int {
        own ?? tiers.firstIndex(of: effectiveTier).map { seconds[$0] } ?? 0
    }
}
