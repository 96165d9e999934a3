extension ReviewDraft {
    /// What came back in which order, what went wrong on the way, and what people were told to expect.
    static func restoration(_ facts: ReviewFacts) -> [DocumentBlock] {
        order(facts) + againstPlan(facts.gantt(asOf: facts.lastMoment), facts) + deviations(facts)
            + expectations(facts)
    }

    /// The restored ones by the time they came back, then the waived ones, then the rest.
    private static func order(_ facts: ReviewFacts) -> [DocumentBlock] {
        let steps = facts.plan.waves.flatMap { wave in wave.steps.map { (wave: wave.number, planned: $0) } }
        guard !steps.isEmpty else { return [.line("No component had to be restored.")] }
        let sorted = steps.sorted { rank($0.planned) < rank($1.planned) }
        var table = DocumentTable(
            "No.", "Component", "Tier", "Wave", "Started (UTC)", "Restored (UTC)", "Took", "State")
        var place = 0
        for (wave, planned) in sorted {
            let step = planned.step
            let restored = step.state == .restored ? step.restoredAt : nil
            if restored != nil { place += 1 }
            let tier = facts.tier(planned.component)
            let inherited = planned.effectiveTier < planned.tier ? ", counts as \(planned.effectiveTier)" : ""
            table.add(
                restored == nil ? "" : String(place), facts.name(planned.component), tier + inherited, String(wave),
                step.startedAt?.dateAndTime ?? "", restored?.dateAndTime ?? "", took(step, restored),
                planned.status.words)
        }
        let note =
            "Waves are planned from criticality and dependencies; the order below is the one in which it happened."
        return [.line(note), table.block]
    }

    private static func rank(_ planned: PlannedStep) -> (Int, Int64, String) {
        let step = planned.step
        if step.state == .restored, let at = step.restoredAt { return (0, at.milliseconds, planned.component) }
        return (step.state == .waived ? 1 : 2, step.startedAt?.milliseconds ?? .max, planned.component)
    }

    private static func took(_ step: RestorationStep, _ restored: Timestamp?) -> String {
        guard let start = step.startedAt, let restored, restored >= start else { return "" }
        return DurationText.human(restored.seconds(since: start))
    }

    /// What did not go by the plan.
    private static func deviations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let lines = facts.timeline.compactMap { recorded -> String? in
            guard recorded.event.payload.isOffPlan else { return nil }
            return "\(recorded.occurredAt.toTheSecond), \(recorded.actor.name): \(recorded.event.sentence)"
        }
        guard !lines.isEmpty else { return [] }
        return [.heading("Forced starts, waivers, failures, regressions"), .bullets(lines)]
    }

    /// Every expected time that was told, beside what came true.
    private static func expectations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let restored = facts.incident.times.restoredAt
        var table = DocumentTable("Told at (UTC)", "Audience", "Expected (UTC)", "In fact")
        for recorded in facts.timeline {
            guard let update = recorded.event.as(UpdatePosted.self), let eta = update.eta else { continue }
            table.add(
                recorded.occurredAt.dateAndTime, update.audience, eta.dateAndTime,
                restored.map { comparison(of: $0, with: eta) } ?? "not restored yet")
        }
        return table.isEmpty ? [] : [.heading("Expected times that were told"), table.block]
    }

    static func comparison(of actual: Timestamp, with expected: Timestamp) -> String {
        let seconds = actual.seconds(since: expected)
        if abs(seconds) < 60 { return "on time" }
        return "\(DurationText.human(abs(seconds))) \(seconds > 0 ? "later" : "earlier")"
    }
}
