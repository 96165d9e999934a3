// MARK: - Mitigations

extension ReviewDraft {
    /// What was done to stop the harm, and how each of it went; then the tasks.
    static func mitigations(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("No.", "What", "Kind", "Owner", "History (\(.zone))", "State", "Took")
        for mitigation in facts.incident.mitigations {
            table.add(
                "\(mitigation.id)", .typed(named(mitigation.description, mitigation.incident)),
                .typed(mitigation.kind ?? ""), mitigation.owner.map(Phrase.typed) ?? "not recorded",
                course(of: mitigation.id, facts),
                mitigation.isStruck
                    ? "struck out" : "\(mitigation.state.phrase)\(mitigation.reason.map { ": \($0)" } ?? "")",
                mitigation.isStruck ? "" : took(mitigation))
        }
        var parts =
            [table.isEmpty ? facts.line("No mitigation recorded.") : table.block(in: facts.speech)] + effects(facts)
            + decisions(facts)
        let tasks = facts.incident.tasks
        if !tasks.isEmpty {
            let lines = tasks.map { task -> Phrase in
                let state: Phrase = task.isStruck ? "Struck out" : task.done ? "Done" : "Not done"
                return "\(state): \(named(task.text, task.incident))\(task.owner.map { " (\($0))" } ?? "")"
            }
            parts += [facts.heading("Tasks"), facts.bullets(lines)]
        }
        return parts
    }

    /// Each state that it went through and when; the day is said where it changes.
    private static func course(of id: Int, _ facts: ReviewFacts) -> Phrase {
        var course: [(state: Phrase, kind: MitigationState?, at: Timestamp)] = []
        let mitigation = facts.incident.mitigations.first { $0.id == id }
        for recorded in facts.timeline {
            if let added = recorded.event.as(MitigationAdded.self), added.id == id {
                course.append((added.state.phrase, added.state, recorded.occurredAt))
            } else if let change = recorded.event.as(MitigationChanged.self), change.id == id,
                !facts.struck.contains(recorded.sequence)
            {
                if let state = change.state {
                    // What had ended already had another outcome, and not another end; what ran went on.
                    if course.last?.kind == state || state.isOutcome && course.last?.kind?.isOver ?? false {
                        course[course.count - 1].state = state.phrase
                        course[course.count - 1].kind = state
                    } else {
                        course.append((state.phrase, state, recorded.occurredAt))
                    }
                } else if let inForce = change.inForce {
                    course.append((inForce ? "in force" : "lifted", nil, recorded.occurredAt))
                }
                // When it really was so.
                if let start = change.startedAt, let index = course.lastIndex(where: { $0.kind == .running }) {
                    course[index].at = start
                }
                if let end = change.endedAt, let index = course.lastIndex(where: { $0.kind?.isOver ?? false }) {
                    course[index].at = end
                }
            }
        }
        if let end = mitigation?.endedAt, let last = course.lastIndex(where: { $0.kind?.isOver ?? false }),
            course[last].kind == mitigation?.state
        {
            course[last].at = end
        }
        var day: Substring?
        return course.map { step -> Phrase in
            let written = facts.speech.text(step.at, .second)
            let isNewDay = day != written.prefix(10)
            day = written.prefix(10)
            return "\(step.state) \(isNewDay ? written[...] : written.dropFirst(11))"
        }.joined(separator: " → ")
    }

    /// With the merged incident that it came with, if it did.
    static func named(_ text: String, _ incident: Int?) -> String {
        incident.map { "\(text) (INC-\($0))" } ?? text
    }

    private static func took(_ mitigation: Mitigation) -> Phrase {
        guard let start = mitigation.startedAt, let end = mitigation.endedAt, end >= start else { return "" }
        return .duration(end.seconds(since: start))
    }

    /// What each of them changed, and when the worst was over: a mitigation that succeeded may have helped only in part.
    private static func effects(_ facts: ReviewFacts) -> [DocumentBlock] {
        guard let worst = facts.impacts.worst else { return [] }
        let done = facts.incident.mitigations.filter { !$0.isStruck && $0.state == .succeeded }
        let lines = done.compactMap { mitigation -> Phrase? in
            guard let end = mitigation.endedAt else { return nil }
            let span = MitigationEffect.span(from: mitigation.startedAt, until: end)
            return "Mitigation \(mitigation.id): \(text(MitigationEffect(of: facts.impacts, in: span), facts))"
        }
        let note: Phrase =
            "What changed from the beginning of each that succeeded until \(.duration(MitigationEffect.soonSeconds)) after its end."
        let isCorrected = facts.incident.corrections?.contains { $0.clock == .mitigated } ?? false
        let rule: Phrase
        if let mitigated = facts.incident.clocks.mitigatedAt {
            rule =
                isCorrected
                ? "Mitigated \(mitigated.told), as a person corrected it."
                : "Mitigated \(mitigated.told): that is when nothing was at the worst level (\(worst.phrase)) any more."
        } else {
            rule = "Not mitigated yet: something is still at the worst level (\(worst.phrase))."
        }
        return
            (lines.isEmpty
            ? [] : [facts.heading("What the mitigations changed"), facts.line(note), facts.bullets(lines)])
            + [facts.line(rule)]
    }

    private static let effectsMax = 8

    private static func text(_ effect: MitigationEffect, _ facts: ReviewFacts) -> Phrase {
        func list(_ texts: [Phrase]) -> Phrase {
            let more: Phrase =
                texts.count > effectsMax ? " and \(.number(texts.count - effectsMax)) more" : ""
            return texts.prefix(effectsMax).joined(separator: ", ") + more
        }
        var parts: [Phrase] = []
        if !effect.better.isEmpty {
            parts.append(
                list(
                    effect.better.map { change -> Phrase in
                        let now: Phrase =
                            change.to.map { "from \(change.from.phrase) to \($0.phrase)" }
                            ?? "\(change.from.phrase) over"
                        return "\(facts.name(change.component)) \(now) \(change.at.toldWithoutZone)"
                    }))
        }
        if !effect.left.isEmpty {
            parts.append(
                "still at \(effect.worst?.phrase ?? "harm"): \(list(effect.left.map { .typed(facts.name($0)) }))")
        }
        return "\(parts.isEmpty ? "no impact changed" : parts.joined(separator: "; "))."
    }
}

/// How impacts changed while a mitigation was carried out and soon after it.
struct MitigationEffect: Hashable, Sendable {
    struct Change: Hashable, Sendable {
        let component: String
        let from: ImpactLevel
        /// Nil when the harm was over.
        let to: ImpactLevel?
        let at: Timestamp
    }

    /// How long after its end what changes may well be due to it.
    static let soonSeconds = 900.0

    /// What became better, in the order of time.
    private(set) var better: [Change] = []
    /// What was at the worst level of all that was left, by slug.
    private(set) var left: [String] = []
    private(set) var worst: ImpactLevel?

    /// How long before its end one began of which only the end is known.
    private static let unknownSeconds = 60.0

    static func span(from start: Timestamp?, until end: Timestamp) -> ClosedRange<Timestamp> {
        min(start ?? end.adding(seconds: -unknownSeconds), end)...end.adding(seconds: soonSeconds)
    }

    init(of history: ImpactHistory, in span: ClosedRange<Timestamp>) {
        var levels: [(component: String, level: ImpactLevel)] = []
        for (component, stretches) in history.stretches {
            for (index, stretch) in stretches.enumerated() {
                if stretch.begin <= span.upperBound, stretch.end.map({ $0 > span.upperBound }) ?? true {
                    levels.append((component, stretch.level))
                }
                guard let end = stretch.end, span.contains(end) else { continue }
                let next = index + 1 < stretches.count && stretches[index + 1].begin == end ? stretches[index + 1] : nil
                guard next.map({ $0.level.rank < stretch.level.rank }) ?? true else { continue }
                better.append(Change(component: component, from: stretch.level, to: next?.level, at: end))
            }
        }
        better.sort { ($0.at.milliseconds, $0.component) < ($1.at.milliseconds, $1.component) }
        worst = levels.map(\.level).max { $0.rank < $1.rank }
        left = levels.filter { $0.level == worst }.map(\.component).sorted()
    }
}
