/// The steps of other open incidents, as far as a plan has to do with them: a component that is down in one incident holds up what
/// needs it in another, and one that is affected in both is restored once.
package struct OtherRestorations: Hashable, Sendable {
    /// A step of another incident.
    package struct Step: Hashable, Sendable {
        package let incident: Int
        package let step: RestorationStep

        package init(incident: Int, step: RestorationStep) {
            (self.incident, self.step) = (incident, step)
        }
    }

    package static let none = OtherRestorations([])

    private let bySlug: [String: [Step]]

    package init(_ steps: [Step]) {
        bySlug = Dictionary(grouping: steps, by: \.step.slug)
    }

    var isEmpty: Bool { bySlug.isEmpty }

    /// Those of a component that have to do with a region, by incident.
    ///
    /// - Parameter region: Nil for all of it.
    package func of(_ slug: String, in region: String?) -> [Step] {
        (bySlug[slug] ?? []).filter { region == nil || $0.step.region == nil || $0.step.region == region }
            .sorted { ($0.incident, $0.step.component) < ($1.incident, $1.step.component) }
    }

    /// Where somebody else restores a component now: the first incident in which it is worked on.
    func restoring(_ step: RestorationStep) -> Step? {
        of(step.slug, in: step.region).first { $0.step.state == .restoring || $0.step.state == .verifying }
    }

    /// What something waits for that needs a component: the first step that is not done. What was waived elsewhere is gone on
    /// without there, and here it is not affected.
    ///
    /// - Parameter restoredAt: When it was restored in the own incident; then only what went down later holds anything up, since
    ///   what was down before is taken over there.
    func holding(_ slug: String, in region: String?, restoredAt: Timestamp? = nil) -> Step? {
        of(slug, in: region).first { other in
            guard !other.step.state.isDone else { return false }
            return restoredAt.map { other.step.downSince ?? $0 > $0 } ?? true
        }
    }
}

extension RestorationStep {
    /// When it went down, the last time; nil in rows of releases that did not keep it.
    var downSince: Timestamp? { regressedAt ?? addedAt }
}

extension Incident {
    /// The components whose steps in other incidents a plan looks at: its own, those that its own need, and those that goals
    /// need.
    package func componentsElsewhere(_ graph: DependencyGraph) -> [String] {
        let open = Set(steps.filter { !$0.state.isDone }.map(\.slug))
        let goals = graph.goals.prefix(RestorationPlan.goalsMax)
        return open.union(steps.map(\.slug)).union(open.flatMap(graph.hardDependencies)).union(goals.map(\.slug))
            .union(goals.flatMap { graph.hardDependencies(of: $0.slug) }).sorted()
    }

    /// What was restored in another incident is restored in this one.
    func handedOver(_ facts: DecisionFacts) -> [any TimelineEvent] {
        guard phase == .restore, !facts.others.isEmpty else { return [] }
        return steps.compactMap { step in
            guard let other = restoredElsewhere(step, facts.others), let back = other.step.restoredAt,
                back <= facts.occurredAt
            else { return nil }
            return StepRestored(component: step.component, incident: other.incident)
        }
    }

    /// When the first component was restored in another incident that is to be taken over here: it came back then, whenever it is looked at.
    package func handedOverAt(_ others: OtherRestorations) -> Timestamp? {
        guard phase == .restore, !others.isEmpty else { return nil }
        return steps.compactMap { restoredElsewhere($0, others)?.step.restoredAt }.min()
    }

    private func restoredElsewhere(_ step: RestorationStep, _ others: OtherRestorations) -> OtherRestorations.Step? {
        guard step.canBeHandedOver, firing[step.slug] ?? 0 == 0 else { return nil }
        let said = impactLog?[step.slug].flatMap { ImpactTrack($0, from: times.startedAt).stretches.last?.begin }
        // What came back there before it went down here is something else, and so is what was taken over by mistake.
        let known = [step.regressedAt, said ?? step.addedAt, step.notBackAt].compactMap(\.self).max()
        guard let since = known else { return nil }
        return others.of(step.slug, in: step.region).first { other in
            // A region that is back elsewhere says nothing of the whole.
            guard other.step.region == nil || other.step.region == step.region else { return false }
            return other.step.state == .restored && other.step.restoredAt.map { $0 > since } ?? false
        }
    }
}

extension RestorationStep {
    /// Whether nobody works on it here. What failed here since is not back by what was done elsewhere before.
    fileprivate var canBeHandedOver: Bool {
        switch state {
        case .waiting: failures == 0
        case .regressed: regressedAt != nil
        case .restoring, .verifying, .restored, .waived: false
        }
    }
}
