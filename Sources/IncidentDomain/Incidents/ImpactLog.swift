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
    /// The entry of the statement that was wrong, where this says the same level of the same time with another beginning or end.
    var corrects: Int?
    /// How hard it was hit in an incident that was merged into this one; the rest is nil then.
    var brought: [BroughtLevel]?
    /// True where the component stands so now, whatever was said of later moments: as another incident left it. Nil where not.
    var isPresent: Bool?

    private enum CodingKeys: String, CodingKey {
        case entry, at, level, regions, corrects, brought
        case isPresent = "is_present"
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

/// A stretch of harm, as it comes with a merged incident.
package struct BroughtLevel: Hashable, Codable, Sendable {
    package var level: ImpactLevel
    /// Nil means everywhere that the component runs.
    package var regions: [String]?
    package var startedAt: Timestamp
    package var endedAt: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case level, regions
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}

extension BroughtLevel {
    init(_ stretch: ImpactHistory.Stretch) {
        self.init(
            level: stretch.level, regions: stretch.regions.isEmpty ? nil : stretch.regions, startedAt: stretch.begin,
            endedAt: stretch.end)
    }
}

extension Incident {
    /// Whether an impact that is said tells of the past only, as something else that is known holds since.
    func isHistory(_ impact: ComponentImpact, at moment: Timestamp) -> Bool {
        guard let said = impactLog?[impact.component], !said.isEmpty else { return false }
        let statement = statement(of: impact, version + 1, at: moment)
        return ImpactTrack(said, from: times.startedAt).isHistory(statement)
    }

    /// Whether the same was said of the same moment last.
    func hasSaid(_ impact: ComponentImpact, at moment: Timestamp) -> Bool {
        guard let last = impactLog?[impact.component]?.last(where: { $0.at == moment && $0.level != nil }) else {
            return false
        }
        return last.level == impact.impact && last.regions ?? [] == impact.regions
            && last.startedAt == impact.startedAt && last.endedAt == impact.endedAt
    }

    private func statement(of impact: ComponentImpact, _ entry: Int, at moment: Timestamp) -> ImpactStatement {
        var statement = ImpactStatement(impact, entry, at: moment)
        statement.corrects = corrected(by: impact, at: moment)
        return statement
    }

    /// The entry that an impact corrects: the last one that says a level, where that is the same, and both are of the same time.
    private func corrected(by impact: ComponentImpact, at moment: Timestamp) -> Int? {
        guard impact.impact.isHarm, let last = impactLog?[impact.component]?.last(where: { $0.level != nil }),
            last.level == impact.impact, Self.areSame(last.regions ?? [], impact.regions),
            impact.endedAt != nil || impact.startedAt.map({ $0 != moment }) ?? false
        else { return nil }
        // What began at that very moment is what it takes the place of.
        let said = impactLog?[impact.component] ?? []
        let corrected = Set(said.compactMap(\.corrects) + [last.entry])
        let isOfAnother = said.contains { other in
            other.level != nil && (other.startedAt ?? other.at) == impact.startedAt && !corrected.contains(other.entry)
        }
        if isOfAnother { return nil }
        let current = impacts.first { $0.component == impact.component && $0.impact == impact.impact }
        if let over = last.endedAt ?? current?.endedAt, let start = impact.startedAt, start >= over { return nil }
        if let end = impact.endedAt, let began = last.startedAt, end <= began { return nil }
        return last.entry
    }

    /// Places that were redacted are those that they were.
    private static func areSame(_ one: [String], _ other: [String]) -> Bool {
        one.count == other.count
            && zip(one, other).allSatisfy { [$0, $1].contains(IncidentEvent.redactedText) || $0 == $1 }
    }

    /// Notes what an entry did to the impacts. What is said of impacts and the impacts themselves always say the same of the present: where
    /// people say something, or take it back, the present follows from all that was said; everything else that happens is the present.
    mutating func logImpacts(_ before: Incident?, _ recorded: RecordedEvent) {
        note(before, recorded)
        if let set = recorded.event.as(ImpactSet.self)?.value {
            settlePresent(of: set.component, at: recorded.occurredAt)
            settleBeginning(of: set.component)
        } else if impacts != before?.impacts ?? [], recorded.event.as(IncidentSeparated.self) == nil {
            let known = Dictionary((before?.impacts ?? []).map { ($0.component, $0) }) { first, _ in first }
            for impact in impacts where known[impact.component] != impact { logPresent(impact, recorded) }
        }
    }

    /// Says how an impact is where what was said until now tells otherwise.
    private mutating func logPresent(_ impact: ComponentImpact, _ recorded: RecordedEvent) {
        guard let said = impactLog?[impact.component],
            ImpactTrack(said, from: times.startedAt).present(impact) != nil
        else { return }
        var statement = ImpactStatement(impact, recorded.sequence, at: recorded.occurredAt)
        statement.isPresent = true
        log(statement, impact.component)
    }

    private mutating func note(_ before: Incident?, _ recorded: RecordedEvent) {
        if let struck = recorded.event.as(EntryStruck.self) {
            forgetImpact(said: struck.sequence, at: recorded.occurredAt)
        }
        if let separated = recorded.event.as(IncidentSeparated.self) { return giveBack(separated, before, recorded) }
        if let impact = recorded.event.as(ImpactSet.self)?.value, let before {
            return log(before.statement(of: impact, recorded.sequence, at: recorded.occurredAt), impact.component)
        }
        if let brought = recorded.event.as(IncidentAbsorbed.self)?.brought, let levels = brought.levels {
            if let before, brought.startedAt.map({ $0 < before.times.startedAt }) ?? false {
                settleBeginnings(at: before.times.startedAt)
            }
            for (component, levels) in levels.sorted(by: { $0.key < $1.key }) {
                var statement = ImpactStatement(entry: recorded.sequence, at: recorded.occurredAt)
                statement.brought = levels
                log(statement, component)
            }
            return
        }
        let before = before?.impacts ?? []
        guard impacts != before else { return }
        // An end that was none, or at another time, is not one more.
        if let undone = recorded.event.as(StepUndone.self), undone.undone == .restoration {
            return changeEnd(of: undone.component, before, nil, recorded)
        } else if let undone = recorded.event.as(StepUndone.self), undone.undone == .regression {
            return forgetResumption(of: RestorationStep.slug(of: undone.component))
        } else if let corrected = recorded.event.as(StepTimesCorrected.self) {
            let slug = RestorationStep.slug(of: corrected.component)
            return changeEnd(of: slug, before, impacts.first { $0.component == slug }?.endedAt, recorded)
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

    /// What began with this incident began then, however early the one did that is merged into it.
    private mutating func settleBeginnings(at start: Timestamp) {
        for component in (impactLog ?? [:]).keys {
            let said = impactLog?[component] ?? []
            let startless = said.indices.filter { said[$0].level?.isHarm ?? false && said[$0].startedAt == nil }
            guard let first = startless.min(by: { said[$0].at < said[$1].at }),
                ImpactTrack(said, from: start).stretches.first?.begin == start
            else { continue }
            impactLog?[component]?[first].startedAt = start
        }
    }

    /// What was said with a merge was of the other incident; and where this one's harm was over then, what restored the component since.
    private mutating func giveBack(_ separated: IncidentSeparated, _ before: Incident?, _ recorded: RecordedEvent) {
        for component in separated.removed { impactLog?[component] = nil }
        let record = before?.absorbed?.last { $0.number == separated.number }
        guard let merge = record?.entry else {
            for impact in separated.impacts {
                log(before?.impacts.first { $0.component == impact.component }, impact, recorded)
            }
            return
        }
        let changed = (impactLog ?? [:]).filter { $0.value.contains { $0.entry == merge } }.keys
        for component in changed { impactLog?[component]?.removeAll { $0.entry == merge } }
        for impact in separated.impacts {
            let name = impact.component
            guard let own = record?.impactsBefore.first(where: { $0.component == name }) else { continue }
            if own.isOngoing, let end = impact.endedAt {
                // It is over when its own regions were back, and not when those of both were.
                impactLog?[name]?.removeAll { $0.entry > merge && $0.level == nil && $0.brought == nil }
                log(ImpactStatement(entry: recorded.sequence, at: recorded.occurredAt, endedAt: end), name)
            }
            guard !own.isOngoing else { continue }
            impactLog?[name]?.removeAll { $0.entry > merge && $0.level == nil && $0.brought == nil }
        }
        for component in changed.sorted() {
            settlePresent(of: component, at: recorded.occurredAt)
            // What stays of the merge is all that is known of it.
            guard impactLog?[component]?.isEmpty ?? false,
                let left = impacts.first(where: { $0.component == component && $0.isOngoing })
            else { continue }
            log(ImpactStatement(left, recorded.sequence, at: recorded.occurredAt), component)
        }
    }

    /// Once something that was said counts no more, the impact is as what is left says.
    private mutating func settlePresent(of component: String, at moment: Timestamp) {
        guard let said = impactLog?[component], let known = impacts.first(where: { $0.component == component }),
            let present = ImpactTrack(said, from: times.startedAt).present(known)
        else { return }
        set(present, at: moment)
    }

    /// An impact that goes on says the same of its beginning as its history.
    private mutating func settleBeginning(of component: String) {
        guard let said = impactLog?[component], let index = impacts.firstIndex(where: { $0.component == component }),
            let begin = ImpactTrack(said, from: times.startedAt).beginning(of: impacts[index])
        else { return }
        impacts[index].startedAt = begin
    }

    /// What steps of restoring, merges and recoveries did to an impact.
    private mutating func log(_ old: ComponentImpact?, _ new: ComponentImpact, _ recorded: RecordedEvent) {
        var statement = ImpactStatement(new, recorded.sequence, at: recorded.occurredAt)
        if let old, old.impact == new.impact, old.regions == new.regions, old.startedAt == new.startedAt {
            (statement.level, statement.regions, statement.startedAt) = (nil, nil, nil)
        } else {
            statement.isPresent = true
        }
        log(statement, new.component)
    }

    private mutating func log(_ statement: ImpactStatement, _ component: String) {
        var log = impactLog ?? [:]
        impactLog = nil
        log[component, default: []].append(statement)
        impactLog = log
    }

    /// The end of an impact is another one than was said until now; nil is none.
    private mutating func changeEnd(
        of name: String, _ before: [ComponentImpact], _ end: Timestamp?, _ recorded: RecordedEvent
    ) {
        let slug = RestorationStep.slug(of: name)
        guard let known = before.first(where: { $0.component == slug })?.endedAt, known != end else { return }
        if let index = impactLog?[slug]?.lastIndex(where: { $0.level == nil && $0.endedAt != nil }),
            impactLog?[slug]?[index].endedAt == known
        {
            // No other statement has it: this one was wrong.
            if let end { impactLog?[slug]?[index].endedAt = end } else { impactLog?[slug]?.remove(at: index) }
        }
        guard impactLog?[slug]?.contains(where: { $0.endedAt == known }) ?? false else { return }
        // It was said with a level as well: it went on from there.
        log(ImpactStatement(entry: recorded.sequence, at: known), slug)
        if let end { log(ImpactStatement(entry: recorded.sequence, at: known, endedAt: end), slug) }
    }

    /// It did not go on again after it had ended.
    private mutating func forgetResumption(of slug: String) {
        let isResumed = { (said: ImpactStatement) in
            said.level == nil && said.endedAt == nil && said.brought == nil && said.isPresent == nil
        }
        guard let index = impactLog?[slug]?.lastIndex(where: isResumed) else { return }
        impactLog?[slug]?.remove(at: index)
    }

    private mutating func forgetImpact(said entry: Int, at moment: Timestamp) {
        // An entry of steps or merges cannot be struck out, so it is of one component.
        let isStruck = { (said: ImpactStatement) in said.entry == entry && said.level != nil && said.isPresent == nil }
        guard let (component, said) = impactLog?.first(where: { $0.value.contains(where: isStruck) }) else {
            return
        }
        let isHeld = impacts.contains { $0.component == component && $0.isOngoing }
        guard !isHeld || ImpactTrack(said, from: times.startedAt).holder != entry else { return }
        impactLog?[component]?.removeAll { $0.entry == entry }
        settlePresent(of: component, at: moment)
    }
}

extension ImpactStatement {
    fileprivate init(_ impact: ComponentImpact, _ entry: Int, at moment: Timestamp) {
        self.init(
            entry: entry, at: moment, level: impact.impact,
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
        if let only = statements.first, let level = only.level, level.isHarm, statements.count == 1,
            only.corrects == nil
        {
            guard let end = only.endedAt else { return [(level, nil)] }
            return end > only.startedAt ?? times.startedAt ? [(level, end)] : []
        }
        return ImpactHistory.stretches(of: statements, from: times.startedAt).map { ($0.level, $0.end) }
    }
}
