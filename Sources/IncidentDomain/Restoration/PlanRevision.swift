/// When everything is expected to be restored.
package struct ExpectedRestoration: Hashable, Codable, Sendable {
    /// As often earlier as later.
    package var median: Timestamp
    /// Nine times out of ten not later.
    package var p90: Timestamp

    package init(median: Timestamp, p90: Timestamp) {
        self.median = median
        self.p90 = p90
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

    init(_ revised: PlanRevised) {
        revision = revised.revision
        order = revised.waves.flatMap(\.self)
        expected = revised.expected
    }
}

extension Incident {
    /// The plan at a decision's moment.
    func restorationPlan(_ facts: DecisionFacts) -> RestorationPlan {
        RestorationPlan.make(
            for: self, in: facts.graph, soak: facts.soak, measured: facts.measured, now: facts.occurredAt,
            order: restorationOrder ?? [])
    }

    /// What the timeline has to say of the plan as it is now; nil when the revision that it knows still holds, outside of
    /// restoring, and once nothing remains.
    package func planRevision(_ facts: DecisionFacts) -> PlanRevised? {
        guard phase == .restore, !unfinishedSteps.isEmpty else { return nil }
        let now = restorationPlan(facts)
        let expected = now.expectedAt.map { ExpectedRestoration(median: $0.median, p90: $0.p90) }
        let waves = now.waves.map { $0.steps.map(\.component) }
        let before = Set(plan?.order ?? [])
        let order = waves.flatMap(\.self)
        let (joined, left) = (order.filter { !before.contains($0) }, before.subtracting(order).sorted())
        let changes = changes(joined: joined, left: left, order: order, expected: expected)
        guard !changes.isEmpty else { return nil }
        return PlanRevised(
            revision: (plan?.revision ?? 0) + 1, changes: changes, joined: plan == nil ? [] : joined, left: left,
            waves: waves, expected: expected, previous: plan?.expected, spans: Self.spans(now))
    }

    private var unfinishedSteps: [RestorationStep] { steps.filter { !$0.state.isDone } }

    private func changes(
        joined: [String], left: [String], order: [String], expected: ExpectedRestoration?
    ) -> [PlanRevised.Change] {
        guard let plan else { return [.began] }
        var changes: [PlanRevised.Change] = []
        if !joined.isEmpty || !left.isEmpty { changes.append(.components) }
        // What is done or under way no longer has a place in the order, though what remains of it moves it in the list;
        // what joined or left is named already.
        let common = Set(steps.filter(\.state.isStartable).map(\.component)).intersection(plan.order)
        if order.filter(common.contains) != plan.order.filter(common.contains) { changes.append(.order) }
        let isKnown = plan.expected != nil
        if isKnown != (expected != nil) { changes.append(.expected) }
        if let before = plan.expected, let expected, isMaterial(from: before.median, to: expected.median) {
            changes.append(.expected)
        }
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
