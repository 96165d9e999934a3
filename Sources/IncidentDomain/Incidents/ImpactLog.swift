/// What was said of how hard a component is hit, as it was said. An incident keeps all of it, since `ImpactHistory` makes the levels over time of it, and
/// these its clocks.
package struct ImpactStatement: Hashable, Codable, Sendable {
    /// The entry that says it.
    var entry: Int
    /// When that was.
    var at: Timestamp
    /// Nil where the impact only ended, or went on again when it has no end.
    var level: ImpactLevel?
    var regions: [String]?
    var startedAt: Timestamp?
    var endedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case entry, at, level, regions
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

extension Incident {
    /// Notes what an entry did to the impacts.
    mutating func logImpacts(_ before: [ComponentImpact], _ recorded: RecordedEvent) {
        if let struck = recorded.event.as(EntryStruck.self) { forgetImpact(said: struck.sequence) }
        guard impacts != before else { return }
        // An end that was none, or at another time, is not one more.
        if let undone = recorded.event.as(StepUndone.self), undone.undone == .restoration {
            if changeEnd(of: undone.component, before, nil) { return }
        } else if let corrected = recorded.event.as(StepTimesCorrected.self) {
            let slug = RestorationStep.slug(of: corrected.component)
            if changeEnd(of: slug, before, impacts.first { $0.component == slug }?.endedAt) { return }
        }
        if let impact = recorded.event.as(ImpactSet.self)?.value {
            return log(ImpactStatement(impact, recorded), impact.component)
        }
        let hasSamePlaces =
            before.count == impacts.count && zip(before, impacts).allSatisfy { $0.component == $1.component }
        if hasSamePlaces {
            for (old, new) in zip(before, impacts) where old != new { log(old, new, recorded) }
            return
        }
        let known = Dictionary(before.map { ($0.component, $0) }) { first, _ in first }
        let left = Set(impacts.map(\.component))
        for component in known.keys where !left.contains(component) { impactLog?[component] = nil }
        for new in impacts where known[new.component] != new { log(known[new.component], new, recorded) }
    }

    /// What steps of restoring, merges and recoveries did to an impact.
    private mutating func log(_ old: ComponentImpact?, _ new: ComponentImpact, _ recorded: RecordedEvent) {
        var statement = ImpactStatement(new, recorded)
        if let old, old.impact == new.impact, old.regions == new.regions, old.startedAt == new.startedAt {
            (statement.level, statement.regions, statement.startedAt) = (nil, nil, nil)
        }
        log(statement, new.component)
    }

    private mutating func log(_ statement: ImpactStatement, _ component: String) {
        var log = impactLog ?? [:]
        impactLog = nil
        log[component, default: []].append(statement)
        impactLog = log
    }

    /// Changes the statement that only says that an impact ended when it did until now; nil takes it out.
    ///
    /// - Returns: False when there is none.
    private mutating func changeEnd(of name: String, _ before: [ComponentImpact], _ end: Timestamp?) -> Bool {
        let slug = RestorationStep.slug(of: name)
        guard let known = before.first(where: { $0.component == slug })?.endedAt,
            let index = impactLog?[slug]?.lastIndex(where: { $0.level == nil && $0.endedAt != nil }),
            impactLog?[slug]?[index].endedAt == known
        else { return false }
        if let end { impactLog?[slug]?[index].endedAt = end } else { impactLog?[slug]?.remove(at: index) }
        return true
    }

    private mutating func forgetImpact(said entry: Int) {
        // An entry of steps or merges cannot be struck out, so it is of one component.
        guard let (component, said) = impactLog?.first(where: { $0.value.contains { $0.entry == entry } }) else {
            return
        }
        let isHeld = impacts.contains { $0.component == component && $0.isOngoing }
        guard !isHeld || said.last(where: { $0.level != nil })?.entry != entry else { return }
        impactLog?[component]?.removeAll { $0.entry == entry }
    }
}

extension ImpactStatement {
    fileprivate init(_ impact: ComponentImpact, _ recorded: RecordedEvent) {
        self.init(
            entry: recorded.sequence, at: recorded.occurredAt, level: impact.impact,
            regions: impact.regions.isEmpty ? nil : impact.regions, startedAt: impact.startedAt,
            endedAt: impact.endedAt)
    }
}

// MARK: - The worst of it

extension Incident {
    /// The worst level of harm, and when it was over.
    struct WorstHarm {
        let level: ImpactLevel
        /// Nil while anything is at that level.
        var end: Timestamp?
    }

    /// - Parameter since: What was over by then does not count; nil counts all.
    /// - Returns: Nil when nothing was harmed. What was given up does not count as long as it goes on.
    func worstHarm(since: Timestamp?) -> WorstHarm? {
        guard let impactLog else { return nil }
        let waived = Set(steps.lazy.filter { $0.state == .waived }.map(\.slug))
        var worst: WorstHarm?
        for (component, statements) in impactLog {
            for (level, end) in levels(statements) {
                if end == nil, waived.contains(component) { continue }
                if let end, let since, end <= since { continue }
                guard let known = worst, known.level.rank >= level.rank else {
                    worst = WorstHarm(level: level, end: end)
                    continue
                }
                guard known.level == level else { continue }
                worst?.end = known.end.flatMap { one in end.map { max(one, $0) } }
            }
        }
        return worst
    }

    /// The levels of one component and when each was over. Most are said once, and end once.
    private func levels(_ statements: [ImpactStatement]) -> [(ImpactLevel, Timestamp?)] {
        if let only = statements.first, let level = only.level, level.isHarm, statements.count == 1 {
            guard let end = only.endedAt else { return [(level, nil)] }
            return end > only.startedAt ?? times.startedAt ? [(level, end)] : []
        }
        return ImpactHistory.stretches(of: statements, from: times.startedAt).map { ($0.level, $0.end) }
    }
}
