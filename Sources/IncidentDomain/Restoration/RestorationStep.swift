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

/// The restoring of one affected component, or of one region of it.
package struct RestorationStep: Hashable, Codable, Sendable {
    /// The step's name: the component's slug, or `SLUG@REGION` where its regions are restored one by one.
    package let component: String
    package var state: RestorationState
    /// Percent of the traffic that is back, 0 to 100; nil while nothing was ramped.
    package var rampPercent: Int?
    /// When the newest attempt began.
    package var startedAt: Timestamp?
    /// When the first attempt of this restoration began; nil while there was none, and in rows of releases that did not keep it.
    package var firstStartedAt: Timestamp?
    /// How often it was started in this restoration; nil as `firstStartedAt`.
    package var attempts: Int?
    /// When it came into the plan; nil in rows of releases that did not keep it.
    package var addedAt: Timestamp?
    /// When whoever restores it expects it back; nil when nobody said so of this attempt.
    package var expectedAt: Timestamp?
    /// Only in a question what would be: whether `expectedAt` is certain. Nil in what is stored.
    package var isSure: Bool?
    /// The dependencies that were knowingly gone on without in this attempt, by slug; nil when there are none.
    package var overridden: [String]?
    /// What was said of the backlog since the first attempt, the newest last; nil when nothing was.
    package var backlog: [BacklogReading]?
    /// What was thought when it was started.
    package var estimate: StepEstimate?
    /// While verifying: when the soak began; nil in rows of releases that did not keep it.
    package var verifyingSince: Timestamp?
    /// While verifying: when the soak ends, on database time.
    package var soakUntil: Timestamp?
    package var restoredAt: Timestamp?
    /// When it was given up last; nil while it is not, and in rows of releases that did not keep it.
    package var waivedAt: Timestamp?
    /// When it last fell back; nil when it never did, and in rows of releases that did not keep it.
    package var regressedAt: Timestamp?
    /// When it was thought to be back last, and was not: a restoration that was undone; nil when none was.
    var notBackAt: Timestamp?
    /// How often restoring it failed.
    package var failures: Int
    /// The state from which the newest start, verification, restoration, waiver or failure took it, so that this can be undone; nil when there
    /// was none, it was undone, and in rows of releases that did not keep it.
    package var before: RestorationState?
    /// What it was before it fell back last, so that this can be undone; nil when it did not, when more was done since, and when its impact was
    /// set again.
    var fallen: FallenStep?

    package init(component: String) {
        self.component = component
        state = .waiting
        failures = 0
    }
}

extension RestorationStep {
    /// The slug of its component.
    package var slug: String { Self.slug(of: component) }

    /// The region that it restores; nil when it is the whole component.
    package var region: String? {
        component.utf8.firstIndex(of: Self.separator).map { String(component[component.utf8.index(after: $0)...]) }
    }

    /// Between slug and region: no slug has it.
    private static let separator = UInt8(ascii: "@")

    /// The slug in the name of a step.
    package static func slug(of name: String) -> String {
        name.utf8.firstIndex(of: separator).map { String(name[..<$0]) } ?? name
    }

    mutating func start(
        at moment: Timestamp, _ thought: StepEstimate?, expectedAt told: Timestamp? = nil,
        without overridden: [String]? = nil
    ) {
        enter(.restoring)
        firstStartedAt = firstStartedAt ?? moment
        attempts = (attempts ?? 0) + 1
        (startedAt, estimate, expectedAt, self.overridden) = (moment, thought, told, overridden)
        (rampPercent, restoredAt) = (nil, nil)
        endSoak()
    }

    /// As if it were worked on now, and would be back then for certain.
    package mutating func expect(backAt moment: Timestamp, from now: Timestamp) {
        if state != .restoring { start(at: now, estimate) }
        (expectedAt, isSure) = (max(moment, now.adding(seconds: 0.001)), true)
        endSoak()
    }

    mutating func note(backlog count: Int, at moment: Timestamp) {
        // One that is entered late stands where it belongs.
        let readings = ((backlog ?? []) + [BacklogReading(at: moment, count: count)]).enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        backlog = Array(readings.suffix(BacklogReading.kept))
    }

    mutating func verify(from moment: Timestamp, until end: Timestamp) {
        enter(.verifying)
        (verifyingSince, soakUntil) = (moment, end)
    }

    mutating func restore(at moment: Timestamp) {
        enter(.restored)
        expectedAt = nil
        endSoak()
        restoredAt = moment
    }

    package mutating func waive(at moment: Timestamp? = nil) {
        enter(.waived)
        waivedAt = moment
        endSoak()
    }

    mutating func fail() {
        enter(.waiting)
        failures += 1
        (rampPercent, expectedAt, overridden) = (nil, nil, nil)
        endSoak()
    }

    /// - Parameter isUndoable: Whether it can be taken back by itself, as nobody has said that its component is harmed again.
    mutating func regress(at moment: Timestamp, isUndoable: Bool = true) {
        fallen = isUndoable ? FallenStep(self) : nil
        regressedAt = moment
        // What was back and fails again is restored anew; what had not soaked yet is still the same restoration.
        if state == .restored { (firstStartedAt, attempts, backlog) = (nil, nil, nil) }
        state = .regressed
        before = nil
        (expectedAt, overridden) = (nil, nil)
        restoredAt = nil
        endSoak()
    }

    private mutating func enter(_ next: RestorationState) {
        (before, fallen) = (state, nil)
        state = next
    }

    /// What can be undone of it: what was done to it last; nil when nothing was, or it was undone.
    package var undoable: StepUndone.Deed? {
        switch state {
        case .waived: .waiver
        case .verifying: .verification
        case .restored: .restoration
        case .restoring: .start
        case .waiting: before == .restoring || before == .verifying ? .failure : nil
        case .regressed: fallen == nil ? nil : .regression
        }
    }

    /// As if it had not been done.
    mutating func undo(_ deed: StepUndone.Deed) {
        // What soaked has not been watched since: somebody says again that it is up.
        let earlier = before == .verifying ? .restoring : before
        switch deed {
        case .waiver: state = earlier ?? .waiting
        case .verification: state = .restoring
        case .restoration:
            state = startedAt == nil ? .waiting : .restoring
            (notBackAt, restoredAt) = (restoredAt ?? notBackAt, nil)
        case .start:
            state = earlier == .regressed || earlier == .waived ? earlier ?? .waiting : .waiting
            let left = (attempts ?? 1) - 1
            if left <= 0 { (firstStartedAt, attempts) = (nil, nil) } else { attempts = left }
            (startedAt, estimate, expectedAt, overridden, rampPercent) = (nil, nil, nil, nil, nil)
        case .failure:
            state = .restoring
            failures = max(0, failures - 1)
        case .regression:
            guard let fallen else { return }
            // What soaked has not been watched since.
            state = fallen.state == .verifying ? .restoring : fallen.state
            (restoredAt, regressedAt) = (fallen.restoredAt, fallen.regressedAt)
            (firstStartedAt, attempts, backlog) = (fallen.firstStartedAt, fallen.attempts, fallen.backlog)
        }
        (before, fallen) = (nil, nil)
        endSoak()
    }

    /// It was started, or back, at another moment than was recorded.
    mutating func correct(startedAt start: Timestamp?, restoredAt end: Timestamp?) {
        if let start {
            if (attempts ?? 1) <= 1 { firstStartedAt = firstStartedAt.map { _ in start } }
            startedAt = start
        }
        if let end { restoredAt = end }
    }

    private mutating func endSoak() {
        (verifyingSince, soakUntil) = (nil, nil)
    }
}

/// What a step was before it fell back.
struct FallenStep: Hashable, Codable, Sendable {
    let state: RestorationState
    let restoredAt: Timestamp?
    let regressedAt: Timestamp?
    let firstStartedAt: Timestamp?
    let attempts: Int?
    let backlog: [BacklogReading]?

    fileprivate init(_ step: RestorationStep) {
        (state, restoredAt, regressedAt) = (step.state, step.restoredAt, step.regressedAt)
        (firstStartedAt, attempts, backlog) = (step.firstStartedAt, step.attempts, step.backlog)
    }

    private enum CodingKeys: String, CodingKey {
        case state, attempts, backlog
        case restoredAt = "restored_at"
        case regressedAt = "regressed_at"
        case firstStartedAt = "first_started_at"
    }
}

/// How much somebody still had to work off at some moment.
package struct BacklogReading: Hashable, Codable, Sendable {
    package let at: Timestamp
    package let count: Int

    /// How many are kept of one step.
    static let kept = 10
}

extension [BacklogReading] {
    /// When nothing is left if it goes on as it went from the first to the last reading; nil when it does not shrink.
    package var drainedAt: Timestamp? {
        guard let first, let last else { return nil }
        guard last.count > 0 else { return last.at }
        let seconds = last.at.seconds(since: first.at)
        guard seconds > 0, last.count < first.count else { return nil }
        let left = Double(last.count) * seconds / Double(first.count - last.count)
        // Nobody plans for longer than a year.
        return left < 366 * 86_400 ? last.at.adding(seconds: left) : nil
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
    var waves = WavePolicy.advise
    var opensAt: DependencyOpening?
    var others = OtherRestorations.none
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

/// How long a component must stay healthy before it counts as restored, by the tier that it counts as.
package struct SoakPolicy: Hashable, Sendable {
    /// By tier, of which there are a few.
    private let seconds: [Int]

    package init(secondsByTier: [Int: Int] = [:]) {
        seconds = (0...Component.leastCriticalTier).map { secondsByTier[$0] ?? 0 }
    }

    /// Of each tier, the most critical first.
    package var secondsByTier: [Int] { seconds }

    /// The component's own soak time, else that of its tier, else none.
    package func seconds(for component: Component?, effectiveTier: Int) -> Int {
        seconds(own: component?.soakSeconds, effectiveTier: effectiveTier)
    }

    /// The same, where the component's own soak time is all that is at hand.
    func seconds(own: Int?, effectiveTier: Int) -> Int {
        own ?? (seconds.indices.contains(effectiveTier) ? seconds[effectiveTier] : 0)
    }
}
