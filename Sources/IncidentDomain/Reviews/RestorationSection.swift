extension ReviewDraft {
    /// What came back in which order, what went wrong on the way, and what people were told to expect.
    static func restoration(_ facts: ReviewFacts) -> [DocumentBlock] {
        let gantt = facts.ganttOfEntries
        return order(facts) + attempts(gantt, facts) + againstPlan(gantt, facts) + deviations(facts) + lessons(facts)
            + expectations(facts)
    }

    /// The restored ones by the time they came back, then the waived ones, then the rest.
    private static func order(_ facts: ReviewFacts) -> [DocumentBlock] {
        let steps = facts.plan.waves.flatMap { wave in wave.steps.map { (wave: wave.number, planned: $0) } }
        guard !steps.isEmpty else { return [facts.line("No component had to be restored.")] }
        let depths = facts.dependencyDepths(of: steps.map(\.planned.step.slug))
        let sorted = steps.sorted { rank($0.planned, depths) < rank($1.planned, depths) }
        var table = DocumentTable(
            "No.", "Component", "Tier", "Wave", "Started (\(.zone))", "Restored (\(.zone))", "Took", "State")
        var place = 0
        for (wave, planned) in sorted {
            let step = planned.step
            let restored = step.state == .restored ? step.restoredAt : nil
            if restored != nil { place += 1 }
            let tier = facts.tier(planned.component)
            let inherited: Phrase =
                planned.effectiveTier < planned.tier ? ", effective tier \(planned.effectiveTier)" : ""
            table.add(
                restored == nil ? "" : "\(place)", .typed(facts.name(planned.component)), tier + inherited, "\(wave)",
                (step.firstStartedAt ?? step.startedAt)?.toldWithoutZone ?? "", restored?.toldWithoutZone ?? "",
                took(step, restored),
                planned.status.phrase)
        }
        let order: Phrase = "Waves follow criticality and dependencies. The table shows the actual order."
        let started: Phrase =
            "Started is the first start since the component was last back, and Took counts from it: later attempts are inside."
        let note = [order, started].joined(separator: " ")
        return [facts.line(note), table.block(in: facts.speech)]
    }

    /// What was tried more than once, and how each attempt went.
    private static func attempts(_ gantt: RestorationGantt?, _ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = (gantt?.rows ?? []).filter { $0.attempts.count > 1 }.map { row -> (label: Phrase, text: Phrase) in
            let texts = row.attempts.map { attempt -> Phrase in
                let begin = attempt.startedAt.toldWithoutZone
                guard let end = attempt.endedAt, let outcome = attempt.outcome else { return "\(begin) not over" }
                return "\(begin) \(outcome.phrase) after \(.duration(end.seconds(since: attempt.startedAt)))"
            }
            return (label: .typed(facts.name(row.component)), text: texts.joined(separator: " → "))
        }
        return lines.isEmpty ? [] : [facts.heading("Attempts"), facts.bullets(lines)]
    }

    /// By time; of the same moment what others need first.
    private static func rank(_ planned: PlannedStep, _ depths: [String: Int]) -> (Int, Int64, Int, String) {
        let step = planned.step
        let depth = depths[step.slug] ?? 0
        if step.state == .restored, let at = step.restoredAt { return (0, at.milliseconds, depth, planned.component) }
        return (step.state == .waived ? 1 : 2, step.startedAt?.milliseconds ?? .max, depth, planned.component)
    }

    private static func took(_ step: RestorationStep, _ restored: Timestamp?) -> Phrase {
        guard let start = step.firstStartedAt ?? step.startedAt, let restored, restored >= start else { return "" }
        return .duration(restored.seconds(since: start))
    }

    /// What the night taught about the catalog: needs that were found, and starts that look as if one were missing.
    private static func lessons(_ facts: ReviewFacts) -> [DocumentBlock] {
        let found = (facts.incident.learntNeeds ?? [:]).sorted { $0.key < $1.key }.flatMap { slug, needs in
            needs.filter { !facts.graph.hardDependencies(of: slug).contains($0) }.map { needed -> Phrase in
                let (name, other) = (facts.name(slug), facts.name(needed))
                return
                    "\(name) was found to need \(other), and the catalog does not say so: add it to `depends_on` of \(slug), or say why not."
            }
        }
        let lines = found + suspected(facts)
        return lines.isEmpty ? [] : [facts.heading("Dependencies to look at"), facts.bullets(lines)]
    }

    /// How many starts are asked about, and how soon after something else came back one has to come to look like waiting for it.
    private static let suspectsMax = 5
    private static let soonSeconds = 300.0
    /// Who could have begun so long before, and did not, waited for something.
    private static let idleSeconds = 900.0

    /// Steps that nothing held up for long, and that were begun as soon as something else was back.
    private static func suspected(_ facts: ReviewFacts) -> [Phrase] {
        guard let began = facts.visits.first(where: { $0.phase == .restore })?.startedAt else { return [] }
        let steps = facts.incident.steps.filter { $0.state == .restored }
        // Of thousands nobody was free to wait for anything.
        guard steps.count <= 300 else { return [] }
        let back = Dictionary(steps.map { ($0.slug, $0.restoredAt) }) { first, _ in first }
        let found = steps.compactMap { step -> (name: String, text: Phrase)? in
            guard let start = step.firstStartedAt else { return nil }
            let known = Set(
                facts.graph.hardDependencies(of: step.slug) + (facts.incident.learntNeeds?[step.slug] ?? []))
            let free = known.compactMap { back[$0] ?? nil }.reduce(began) { max($0, $1) }
            guard start.seconds(since: free) >= idleSeconds else { return nil }
            let before = steps.filter { other in
                guard other.slug != step.slug, !known.contains(other.slug), let at = other.restoredAt else {
                    return false
                }
                return at <= start && start.seconds(since: at) <= soonSeconds && at > free
            }
            guard let last = before.max(by: { ($0.restoredAt ?? began) < ($1.restoredAt ?? began) }) else { return nil }
            let (name, other) = (facts.name(step.component), facts.name(last.component))
            let early = Phrase.duration(start.seconds(since: free))
            return (
                name,
                "\(name) could have been started \(early) earlier, and was started when \(other) was back: does it need that?"
            )
        }
        return found.sorted { $0.text.english < $1.text.english }.prefix(suspectsMax).map(\.text)
    }

    /// What did not go by the plan.
    private static func deviations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = facts.timeline.withStepsSetRight.compactMap { recorded -> Phrase? in
            guard recorded.event.payload.isOffPlan else { return nil }
            return "\(recorded.occurredAt.told), \(recorded.actor.name): \(recorded.event.phrase)"
        }
        guard !lines.isEmpty else { return [] }
        return [facts.heading("Deviations from the plan"), facts.bullets(lines)]
    }

    /// Every expected time that was told, beside what came true.
    private static func expectations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let restored = facts.incident.clocks.restoredAt
        var table = DocumentTable("Posted at (\(.zone))", "Audience", "ETA (\(.zone))", "Actual")
        for update in facts.updates {
            for told in update.toldEtas {
                table.add(
                    told.version.publishedAt.toldWithoutZone, .audience(update.audience), told.eta.toldWithoutZone,
                    told.isCorrected
                        ? "corrected" : restored.map { comparison(of: $0, with: told.eta) } ?? "not restored yet")
            }
        }
        return table.isEmpty ? [] : [facts.heading("ETAs communicated"), table.block(in: facts.speech)]
    }

    static func comparison(of actual: Timestamp, with expected: Timestamp) -> Phrase {
        let seconds = actual.seconds(since: expected)
        if abs(seconds) < 60 { return "on time" }
        let length = Phrase.duration(abs(seconds))
        return seconds > 0 ? "\(length) late" : "\(length) early"
    }
}

extension ReviewDraft {
    /// The most rows that anybody reads; the rest says little.
    private static let comparedMax = 200

    /// Planned against actual in words; nothing when no plan was recorded.
    static func againstPlan(_ gantt: RestorationGantt?, _ facts: ReviewFacts) -> [DocumentBlock] {
        guard let gantt, gantt.rows.contains(where: { $0.planned != nil }) else { return [] }
        let all = gantt.rows.sorted { rank($0) < rank($1) }
        let shown = Set(all.prefix(comparedMax).map(\.component))
        var table = DocumentTable("Component", "Planned (\(.zone))", "Actual (\(.zone))", "Difference")
        for row in gantt.rows where shown.contains(row.component) {
            let actual = row.startedAt.map { start -> Phrase in
                row.restoredAt.map { text(RestorationGantt.Span(begin: start, end: $0)) }
                    ?? "started \(start.toldWithoutZone)"
            }
            table.add(
                .typed(facts.name(row.component)), row.planned.map(text) ?? "not planned", actual ?? "not started",
                difference(row))
        }
        let hidden = all.count - shown.count
        let more: [DocumentBlock] =
            hidden > 0 ? [facts.line("\(.number(hidden)) more with smaller differences are not shown.")] : []
        return [facts.heading("Planned and actual"), facts.line(whole(gantt)), table.block(in: facts.speech)] + more
    }

    /// What never came back first, then what differs most.
    private static func rank(_ row: RestorationGantt.Row) -> (Double, Int, String) {
        (-abs(row.secondsLate ?? .infinity), row.wave, row.component)
    }

    private static func whole(_ gantt: RestorationGantt) -> Phrase {
        let first: Phrase = "Plan as of the start of restoration."
        // What was waived has no finish, planned or actual.
        let waived = gantt.rows.filter(\.isWaived)
        let rows = gantt.rows.filter { !$0.isWaived }
        let left: Phrase =
            waived.isEmpty ? "" : " \(.number(waived.count)) waived, which this leaves out."
        guard let planned = rows.compactMap(\.planned?.end).max() else { return first + left }
        let end: Phrase = "Planned finish \(planned.told)."
        let restored = rows.compactMap(\.restoredAt).max()
        guard let restored, rows.allSatisfy({ $0.restoredAt != nil }) else { return "\(first) \(end)\(left)" }
        let difference = comparison(of: restored, with: planned)
        return "\(first) \(end) Actual finish \(restored.told), \(difference).\(left)"
    }

    /// As in `2026-11-22 10:54:00 for 15 min`.
    private static func text(_ span: RestorationGantt.Span) -> Phrase {
        "\(span.begin.toldWithoutZone) for \(.duration(span.end.seconds(since: span.begin)))"
    }

    private static func difference(_ row: RestorationGantt.Row) -> Phrase {
        guard let restored = row.restoredAt else { return row.isWaived ? "waived" : "not restored" }
        return row.planned.map { comparison(of: restored, with: $0.end) } ?? ""
    }
}

extension RestorationGantt.Row {
    /// Whether it is gone on without.
    fileprivate var isWaived: Bool {
        guard restoredAt == nil, let last = marks.last, last.kind == .waived else { return false }
        // Work that went on after it took the waiver back.
        return actual.last.map { $0.span.end <= last.at } ?? true
    }
}

extension ReviewFacts {
    /// How many components stand below each one, one needing the next: what needs another has a larger number.
    func dependencyDepths(of slugs: [String]) -> [String: Int] {
        let affected = Set(slugs)
        var depths: [String: Int] = [:]
        // A circle, which the catalog refuses, would end here as well.
        for _ in 0..<32 {
            var hasChanged = false
            for slug in affected {
                let below = graph.hardDependencies(of: slug).filter(affected.contains).map { (depths[$0] ?? 0) + 1 }
                guard let depth = below.max(), depth > depths[slug] ?? 0 else { continue }
                (depths[slug], hasChanged) = (depth, true)
            }
            if !hasChanged { break }
        }
        return depths
    }

    func gantt(asOf: Timestamp) -> RestorationGantt? {
        let waves = plan.waves.flatMap { wave in wave.steps.map { ($0.component, wave.number) } }
        return RestorationGantt.make(
            of: incident, timeline: timeline, waves: Dictionary(waves) { first, _ in first },
            planned: RestorationGantt.planned(in: timeline), asOf: incident.phase.isOpen ? asOf : lastMoment)
    }

    /// What the words depend on, which do not change with the time at which they are read.
    var lastMoment: Timestamp { timeline.map(\.occurredAt).max() ?? incident.times.startedAt }
}

extension RestorationGantt {
    /// From when until when each component was to be restored, as the plan stood when restoring began; of what joined
    /// later, as the first revision that knew it had it. What was back by then, and was entered later, was not to be restored.
    static func planned(in timeline: [RecordedEvent]) -> [String: Span] {
        var back: [String: [(at: Timestamp, entry: Int)]] = [:]
        for recorded in timeline.withStepsSetRight {
            guard let restored = recorded.event.as(StepRestored.self) else { continue }
            back[restored.component, default: []].append((recorded.occurredAt, recorded.sequence))
        }
        return timeline.reduce(into: [:]) { planned, recorded in
            guard let revision = recorded.event.as(PlanRevised.self) else { return }
            // Restoring that was begun again has the plan of then.
            let isBegun = revision.changes.contains(.began)
            for span in revision.spans where isBegun || planned[span.component] == nil {
                let wasBack = (back[span.component] ?? []).contains {
                    $0.at <= recorded.occurredAt && $0.entry > recorded.sequence
                }
                if wasBack { continue }
                planned[span.component] = Span(begin: span.begin, end: span.end)
            }
        }
    }
}
