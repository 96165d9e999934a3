/// When everything is expected to be restored.
package struct ExpectedRestoration: Hashable, Codable, Sendable {
    /// As often earlier as later.
    package var median: Timestamp
    /// Four times out of five not later; nil in entries of releases that did not say it.
    package var p80: Timestamp?
    /// Nine times out of ten not later.
    package var p90: Timestamp

    package init(median: Timestamp, p80: Timestamp? = nil, p90: Timestamp) {
        self.median = median
        self.p80 = p80
        self.p90 = p90
    }

    /// - Parameter now: When the forecast was made.
    package init(_ forecast: RestorationForecast, at now: Timestamp) {
        median = now.adding(seconds: forecast.p50Seconds)
        p80 = now.adding(seconds: forecast.p80Seconds)
        p90 = now.adding(seconds: forecast.p90Seconds)
    }
}

/// When one component was planned to be worked on, from its start to the end of its soak.
package struct PlannedSpan: Hashable, Codable, Sendable {
    package var component: String
    package var begin: Timestamp
    package var end: Timestamp
}

/// What an incident keeps of the newest revision of its plan.
package struct RecordedPlan: Hashable, Codable, Sendable {
    package var revision: Int
    /// Everything that was affected, in the order of restoration.
    package var order: [String]
    package var expected: ExpectedRestoration?
    /// When the longest path ended then: by it a revision knows whether the expected time moved. Nil in rows of releases that
    /// took it for the expected time.
    package var pathEnd: Timestamp?
    /// When it was made; nil in rows of releases that did not say it.
    package var at: Timestamp?
    /// True once the incident went back to before restoring: what comes to restoring again is planned anew.
    package var isOver: Bool?

    init(_ revised: PlanRevised, at moment: Timestamp) {
        at = moment
        revision = revised.revision
        order = revised.waves.flatMap(\.self)
        expected = revised.expected
        pathEnd = revised.pathEnd
    }
}

extension Incident {
    /// The plan at a decision's moment. What is entered late is no older than the newest that is known: else a plan would expect
    /// the end in the past. Of an incident that is entered after its end, that newest is of then, too.
    func restorationPlan(_ facts: DecisionFacts) -> RestorationPlan {
        RestorationPlan.make(
            for: self, in: facts.graph, soak: facts.soak, waves: facts.waves, opensAt: facts.opensAt,
            measured: facts.measured, calibration: facts.calibration, others: facts.others,
            now: max(facts.occurredAt, newestKnown(facts.now)), order: restorationOrder ?? [])
    }

    /// The newest moment of restoring that is known, and not after the present.
    private func newestKnown(_ now: Timestamp) -> Timestamp {
        let moments = steps.flatMap { [$0.startedAt, $0.verifyingSince, $0.restoredAt, $0.regressedAt] }
        return min(now, ([times.mitigatedAt] + moments).compactMap(\.self).max() ?? times.startedAt)
    }

    /// The same after a command: only what concerns restoring is a reason to plan anew.
    package func planRevision(after events: [any TimelineEvent], _ facts: DecisionFacts) -> PlanRevised? {
        let isCorrected = events.contains { $0 is StepTimesCorrected }
        guard events.contains(where: \.concernsRestoration), !(isCorrected && restoresLate ?? false) else { return nil }
        return planRevision(facts)
    }

    /// How much later than it happened something of restoring has to be entered so that the incident is one of the past, whose plan
    /// does not change because time goes by now.
    private static let lateSeconds = 3600.0

    mutating func noteRestoration(_ recorded: RecordedEvent) {
        // A correction is of now, and what is of before the newest plan is no newer: neither says when the incident is.
        guard recorded.event.payload.concernsRestoration, recorded.event.as(StepTimesCorrected.self) == nil,
            recorded.occurredAt >= plan?.at ?? .earliest
        else {
            return
        }
        restoresLate = recorded.recordedAt.seconds(since: recorded.occurredAt) > Self.lateSeconds ? true : nil
    }

    /// What the timeline has to say of the plan as it is now; nil when the revision that it knows still holds, outside of
    /// restoring, and once nothing remains.
    package func planRevision(_ facts: DecisionFacts) -> PlanRevised? {
        guard phase == .restore, !unfinishedSteps.isEmpty else { return nil }
        // What is entered late, of a time before the newest plan, is a reason for the next one.
        if let planned = plan?.at, facts.occurredAt < min(planned, facts.now) { return nil }
        let now = restorationPlan(facts)
        let pathEnd = now.pathSeconds.map { now.now.adding(seconds: $0) }
        let waves = now.waves.map { $0.steps.map(\.component) }
        let before = Set(plan?.order ?? [])
        let order = waves.flatMap(\.self)
        let (joined, left) = (order.filter { !before.contains($0) }, before.subtracting(order).sorted())
        let changes = changes(joined: joined, left: left, order: order, pathEnd: pathEnd)
        guard !changes.isEmpty else { return nil }
        // Of a plan that begins everything is new.
        let begins = changes == [.began]
        return PlanRevised(
            revision: (plan?.revision ?? 0) + 1, changes: changes, joined: begins ? [] : joined,
            left: begins ? [] : left, waves: waves,
            expected: now.forecast().map { ExpectedRestoration($0, at: now.now) },
            previous: plan?.expected, spans: Self.spans(now), pathEnd: pathEnd,
            without: now.without.isEmpty ? nil : Array(now.without.prefix(PlanRevised.spansMax)),
            calibration: facts.calibration)
    }

    private var unfinishedSteps: [RestorationStep] { steps.filter { !$0.state.isDone } }

    private func changes(
        joined: [String], left: [String], order: [String], pathEnd: Timestamp?
    ) -> [PlanRevised.Change] {
        guard let plan, !(plan.isOver ?? false) else { return [.began] }
        var changes: [PlanRevised.Change] = []
        if !joined.isEmpty || !left.isEmpty { changes.append(.components) }
        // What is done or under way no longer has a place in the order, though what remains of it moves it in the list;
        // what joined or left is named already.
        let common = Set(steps.filter(\.state.isStartable).map(\.component)).intersection(plan.order)
        if order.filter(common.contains) != plan.order.filter(common.contains) { changes.append(.order) }
        let before = plan.pathEnd ?? plan.expected?.median
        if (before != nil) != (pathEnd != nil) { changes.append(.expected) }
        if let before, let pathEnd, isMaterial(from: before, to: pathEnd) { changes.append(.expected) }
        return changes
    }

    /// A minute, or a tenth of the time from the beginning of restoring to its expected end, whichever is more: nobody
    /// plans anew for less, and an estimate that slips by the second must not fill the timeline.
    func isMaterial(from before: Timestamp, to after: Timestamp) -> Bool {
        let whole = before.seconds(since: times.mitigatedAt ?? times.startedAt)
        return abs(after.seconds(since: before)) > max(60, whole / 10)
    }

    private static func spans(_ plan: RestorationPlan) -> [PlannedSpan] {
        var spans: [PlannedSpan] = []
        for step in plan.waves.lazy.flatMap(\.steps) {
            guard spans.count < PlanRevised.spansMax else { break }
            guard let begin = step.beginsAfterSeconds, let end = step.endsAfterSeconds else { continue }
            spans.append(
                PlannedSpan(
                    component: step.component, begin: plan.now.adding(seconds: begin),
                    end: plan.now.adding(seconds: end)))
        }
        return spans
    }
}
