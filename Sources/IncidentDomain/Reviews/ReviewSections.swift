// What the generated sections say, in the order in which they are read; `RestorationSection.swift` has the longest one.

// MARK: - Summary

extension ReviewDraft {
    /// What somebody reads who reads nothing else.
    static func summary(_ facts: ReviewFacts) -> [DocumentBlock] {
        let incident = facts.incident
        var parts: [DocumentBlock] = [.line(opening(facts))]
        if let summary = incident.summary, !summary.allSatisfy(\.isWhitespace) {
            parts += DocumentBlock.paragraphs(summary)
        }
        return parts + [.bullets(keyFacts(facts))]
    }

    private static func opening(_ facts: ReviewFacts) -> String {
        let incident = facts.incident
        let severity = incident.severity?.rawValue ?? "no severity set"
        let began = incident.times.startedAt.toTheSecond
        let text = "INC-\(incident.number) “\(incident.title)” (\(severity)): \(worst(facts))impact started \(began)"
        if incident.phase == .dismissed { return "\(text); dismissed as a false alarm." }
        if let other = incident.mergedInto { return "\(text); merged into INC-\(other), where it continues." }
        guard let restored = incident.clocks.restoredAt, let seconds = incident.clocks.timeToRestore else {
            return "\(text); not restored."
        }
        let how = incident.recovery == nil ? "restored" : "recovered by itself"
        return "\(text); \(how) \(restored.toTheSecond), after \(DurationText.human(seconds))."
    }

    /// The worst that it did and for how long, then the whole: what a reader asks first.
    private static func worst(_ facts: ReviewFacts) -> String {
        ReviewHead.impact(facts.impacts, of: facts.incident).map { "\($0.prefix(1).lowercased())\($0.dropFirst()); " }
            ?? ""
    }

    private static func keyFacts(_ facts: ReviewFacts) -> [(label: String, text: String)] {
        let incident = facts.incident
        var lines: [(label: String, text: String)] = [
            ("Severity", severityHistory(facts)),
            ("Cause", incident.cause.map { "\($0.name), \($0.confidence.rawValue)" } ?? "not recorded"),
            ("Components affected", affected(facts)),
        ]
        let waived = incident.steps.filter { $0.state == .waived }.map { facts.name($0.component) }
        if !waived.isEmpty { lines.append(("Restoration waived", waived.joined(separator: ", "))) }
        lines += IncidentRole.allCases.compactMap { role in
            incident.roles[role].map { (role.words.capitalizedFirst, $0) }
        }
        if incident.roles[.commander] == nil { lines.append(("Commander", "not recorded")) }
        lines.append(("Alerts", incident.alerts == 0 ? "none" : incident.alerts.grouped))
        lines.append(("Updates posted", updates(facts)))
        let labels = incident.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { lines.append(("Labels", labels.joined(separator: ", "))) }
        let absorbed = facts.mergedIn.map { "INC-\($0.number) “\($0.title)”" }
        if let related = related(facts) { lines.append(("Related incidents", related)) }
        if !absorbed.isEmpty { lines.append(("Merged into it", absorbed.joined(separator: ", "))) }
        return lines
    }

    private static func severityHistory(_ facts: ReviewFacts) -> String {
        // As they held, also where one was entered late.
        let set = facts.byTime.compactMap { $0.event.as(SeveritySet.self)?.severity }
        guard let last = facts.incident.severity ?? set.last else { return "not recorded" }
        let levels = set.enumerated().filter { $0.offset == 0 || $0.element != set[$0.offset - 1] }.map(\.element)
        guard levels.count > 1 else { return last.rawValue }
        return "\(last.rawValue) (\(levels.map(\.rawValue).joined(separator: " → ")))"
    }

    private static func affected(_ facts: ReviewFacts) -> String {
        let harmed = facts.impactsByCriticality.filter(\.impact.isHarm)
        guard !harmed.isEmpty else { return "none recorded" }
        let names = harmed.prefix(8).map { facts.name($0.component) }.joined(separator: ", ")
        let more = harmed.count > 8 ? " and \(harmed.count - 8) more" : ""
        return "\(harmed.count): \(names)\(more)"
    }

    private static func updates(_ facts: ReviewFacts) -> String {
        let audiences = facts.timeline.compactMap { $0.event.as(UpdatePosted.self)?.audience }
        guard !audiences.isEmpty else { return "none" }
        let counts = Dictionary(grouping: audiences) { $0 }.sorted { $0.key < $1.key }
            .map { "\($0.value.count) to \($0.key)" }
        return "\(audiences.count) (\(counts.joined(separator: ", ")))"
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension ReviewFacts {
    /// The most critical first.
    var impactsByCriticality: [ComponentImpact] {
        func rank(_ impact: ComponentImpact) -> (Int, String) {
            (graph.components[impact.component]?.tier ?? Int.max, impact.component)
        }
        return incident.impacts.sorted { rank($0) < rank($1) }
    }
}

// MARK: - Impact

extension ReviewDraft {
    /// What was hit, where, how hard and for how long; who was hit, in words and numbers.
    static func impact(_ facts: ReviewFacts) -> [DocumentBlock] {
        let reports = facts.reports.map { series -> [DocumentBlock] in
            [.heading("User reports"), .line(series.sentence), .code(series.chart)]
        }
        return [.heading("Components")] + components(facts) + [.heading("Audiences"), audiences(facts.incident)]
            + (reports ?? []) + measures(facts)
    }

    private static func components(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("Component", "Tier", "Regions", "Worst", "For", "Over time (UTC)", "In all")
        for impact in facts.impactsByCriticality {
            let stretches = facts.impacts.stretches[impact.component] ?? []
            let worst = facts.impacts.worst(of: impact.component)
            table.add(
                facts.name(impact.component) + (impact.deliberate ?? false ? ", switched off on purpose" : ""),
                facts.tier(impact.component),
                impact.regions.isEmpty ? "all" : impact.regions.joined(separator: ", "),
                (worst ?? impact.impact).words,
                worst.map { text(facts.impacts.length(of: impact.component, at: $0)) } ?? "",
                course(of: stretches, in: impact.regions),
                stretches.isEmpty ? "" : text(facts.impacts.length(of: impact.component)))
        }
        var parts = [table.isEmpty ? .line("No component impact recorded.") : table.block]
        let removed = removedComponents(facts)
        if !removed.isEmpty {
            parts.append(.line("Recorded at first, later removed: \(removed.map(facts.name).joined(separator: ", "))."))
        }
        return parts
    }

    private static func text(_ length: ImpactHistory.Length) -> String {
        guard length.isOngoing else { return DurationText.human(length.seconds) }
        return length.seconds > 0 ? "\(DurationText.human(length.seconds)), and ongoing" : "ongoing"
    }

    /// Each level and since when; the day is said where it changes, regions where they are not those of the end.
    private static func course(of stretches: [ImpactHistory.Stretch], in regions: [String]) -> String {
        var day: Substring?
        func moment(_ moment: Timestamp) -> String {
            let written = moment.dateAndTime
            defer { day = written.prefix(10) }
            return String(day == written.prefix(10) ? written.dropFirst(11) : written[...])
        }
        var parts: [String] = []
        for (index, stretch) in stretches.enumerated() {
            let places =
                stretch.regions == regions
                ? "" : " in \(stretch.regions.isEmpty ? "all" : stretch.regions.joined(separator: ", "))"
            parts.append("\(stretch.level.words)\(places) \(moment(stretch.begin))")
            let next = index + 1 < stretches.count ? stretches[index + 1].begin : nil
            if let end = stretch.end, end != next { parts.append("over \(moment(end))") }
        }
        return parts.joined(separator: " → ")
    }

    private static func removedComponents(_ facts: ReviewFacts) -> [String] {
        let present = Set(facts.incident.impacts.map(\.component))
        let removed = facts.timeline.compactMap { $0.event.as(ImpactRemoved.self)?.component }
        return Set(removed).subtracting(present).sorted()
    }

    private static func audiences(_ incident: Incident) -> DocumentBlock {
        let lines = Audience.allCases.compactMap { audience -> (label: String, text: String)? in
            guard let impact = incident.audiences.first(where: { $0.audience == audience }) else { return nil }
            let numbers = impact.numbers.joined(separator: ", ")
            return (
                audience.words.capitalizedFirst,
                impact.description.sentence + (numbers.isEmpty ? "" : " \(numbers.beginningSentence)")
            )
        }
        return lines.isEmpty ? .line("No audience impact recorded.") : .bullets(lines)
    }
}

// MARK: - Timeline

extension ReviewDraft {
    private static let rowsMax = 250
    /// Characters of one row's text; the whole of it stands in the timeline itself.
    private static let textMax = 500

    /// The moments that decided how it went, in the order in which they happened.
    static func timeline(_ facts: ReviewFacts) -> [DocumentBlock] {
        let struck = facts.struck
        // What led up to it has a table of its own.
        let start = facts.incident.clocks.startedAt
        var key = facts.timeline.filter { recorded in
            let isTold = recorded.event.as(NoteAdded.self) != nil || recorded.event.as(FactAdded.self) != nil
            let isLeadUp = isTold && facts.written(recorded).at < start
            return !struck.contains(recorded.sequence) && facts.isKeyMoment(recorded) && !isLeadUp
        }
        // The single components have a table of their own: they give way first.
        if key.count > rowsMax { key = key.filter { !$0.event.payload.isAboutOneComponent } }
        key.sort { (facts.written($0).at, $0.sequence) < (facts.written($1).at, $1.sequence) }
        var table = DocumentTable("When (UTC)", "What", "Who")
        for recorded in key.prefix(rowsMax) {
            let author = facts.written(recorded).by
            table.add(facts.when(recorded), shortened(text(of: recorded.event, facts)), author)
        }
        let shown = min(key.count, rowsMax)
        // How many entries there are is said once, at the end of the document: more come after the approval.
        let note =
            shown == facts.timeline.count
            ? "The full timeline."
            : "Key moments: \(shown.grouped). The full timeline can be read and verified."
        return leadUp(facts) + [.line(note), table.block] + broughtNotes(facts) + struckEntries(facts)
    }

    /// What was written down in incidents that were merged into this one, starred or not.
    private static func broughtNotes(_ facts: ReviewFacts) -> [DocumentBlock] {
        let struck = facts.struck
        let lines = facts.timeline.compactMap { recorded -> String? in
            guard let note = recorded.event.as(NoteAdded.self), let origin = note.origin,
                !struck.contains(recorded.sequence)
            else { return nil }
            return "\(origin.at.toTheSecond), \(origin.by) in INC-\(origin.incident): \(shortened(note.text))"
        }
        guard !lines.isEmpty else { return [] }
        let more = lines.count > rowsMax ? ["\((lines.count - rowsMax).grouped) more stand in the timeline."] : []
        return [.heading("Written in merged incidents"), .bullets(Array(lines.prefix(rowsMax)) + more)]
    }

    /// What was entered by mistake, who struck it out and why.
    private static func struckEntries(_ facts: ReviewFacts) -> [DocumentBlock] {
        let entries = Dictionary(facts.timeline.map { ($0.sequence, $0) }) { first, _ in first }
        let lines = facts.timeline.compactMap { recorded -> String? in
            guard let strike = recorded.event.as(EntryStruck.self), let entry = entries[strike.sequence] else {
                return nil
            }
            return
                "\(shortened(entry.event.sentence)) Struck out by \(recorded.actor.name). Reason: \(strike.reason.sentence)"
        }
        return lines.isEmpty ? [] : [.heading("Struck out"), .bullets(lines)]
    }

    /// A change of a mitigation names only its number; here it says what that was.
    private static func text(of event: IncidentEvent, _ facts: ReviewFacts) -> String {
        guard let change = event.as(MitigationChanged.self), change.description == nil,
            let mitigation = facts.incident.mitigations.first(where: { $0.id == change.id })
        else { return event.sentence }
        return "\(event.sentence.dropLast()): \(mitigation.description.sentence)"
    }

    private static func shortened(_ text: String) -> String {
        text.count > textMax ? "\(text.prefix(textMax))…" : text
    }
}

// MARK: - Durations

extension ReviewDraft {
    /// How long it took until, counted from the start of the impact, and how long it stood in each phase.
    static func durations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let times = facts.incident.clocks
        let corrected = Set((facts.incident.corrections ?? []).map(\.clock.rawValue))
        var clocks = DocumentTable("Milestone", "Reached (UTC)", "After", "Seconds")
        for (name, moment) in [
            ("detected", times.detectedAt), ("acknowledged", times.acknowledgedAt), ("assessed", times.assessedAt),
            ("mitigated", times.mitigatedAt), ("restored", times.restoredAt), ("reviewed", times.reviewedAt),
            ("closed", times.closedAt),
        ] {
            guard let moment else {
                // The document is approved before the last two are reached: that they were not says nothing.
                if name != "reviewed", name != "closed" { clocks.add(name, "not reached", "", "") }
                continue
            }
            let seconds = moment.seconds(since: times.startedAt)
            let isCorrected = corrected.contains(name)
            clocks.add(
                isCorrected ? "\(name) (corrected)" : name, moment.dateAndTime, DurationText.human(seconds),
                DurationText.exact(seconds))
        }
        return [
            .line("Measured from the start of the impact, \(times.startedAt.toTheSecond)."), clocks.block,
            .heading("Time per phase"), phases(facts.visits),
        ] + revertNote(facts) + correctionNote(facts)
    }

    /// Which clocks people corrected, why, and what is odd about them all the same.
    private static func correctionNote(_ facts: ReviewFacts) -> [DocumentBlock] {
        let corrections = facts.timeline.compactMap { recorded -> String? in
            guard recorded.event.as(TimesCorrected.self) != nil || recorded.event.as(StartCorrected.self) != nil else {
                return nil
            }
            return "\(recorded.occurredAt.toTheSecond), \(recorded.actor.name): \(recorded.event.sentence)"
        }
        let warnings = facts.incident.warnings.map(\.detail)
        return (corrections.isEmpty ? [] : [.heading("Corrected clocks"), .bullets(corrections)])
            + (warnings.isEmpty ? [] : [.heading("Clocks to check"), .bullets(warnings)])
    }

    private static func phases(_ visits: [PhaseSpan]) -> DocumentBlock {
        var table = DocumentTable("Phase", "Visits", "Time", "Seconds")
        for total in PhaseTotal.totals(of: visits) {
            let ongoing = total.since.map { "since \($0.toTheSecond)" }
            let past = total.visits > 1 || ongoing == nil ? DurationText.human(total.seconds) : nil
            table.add(
                total.phase.title, String(total.visits),
                [past, ongoing].compactMap(\.self).joined(separator: ", and "),
                past == nil ? "" : DurationText.exact(total.seconds))
        }
        return table.block
    }

    /// What was measured before an incident went back, as history.
    private static func measured(_ clocks: MeasuredClocks?) -> String {
        let texts = [
            ("assessed", clocks?.assessedAt), ("mitigated", clocks?.mitigatedAt), ("restored", clocks?.restoredAt),
            ("reviewed", clocks?.reviewedAt), ("closed", clocks?.closedAt),
        ].compactMap { name, moment in moment.map { "\(name) \($0.toTheSecond)" } }
        return texts.isEmpty ? "" : " Measured until then: \(texts.joined(separator: ", "))."
    }

    private static func revertNote(_ facts: ReviewFacts) -> [DocumentBlock] {
        let reverts = facts.timeline.compactMap { recorded -> String? in
            guard let change = recorded.event.as(PhaseReverted.self) else { return nil }
            return
                "\(recorded.occurredAt.toTheSecond): from \(change.from.title.lowercased()) to \(change.phase.title.lowercased()), "
                + "by \(recorded.actor.name). Reason: \(change.reason.sentence)" + measured(change.measured)
        }
        return reverts.isEmpty ? [] : [.heading("Reverted phases"), .bullets(reverts)]
    }
}

// MARK: - Overrides

extension ReviewDraft {
    /// What was decided against the rules, by whom and why.
    static func overrides(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (UTC)", "Overridden", "Who", "Reason")
        for recorded in facts.timeline.withStepsSetRight {
            let (details, reason) = overridden(by: recorded.event)
            for detail in details {
                table.add(
                    recorded.occurredAt.dateAndTime, detail, recorded.actor.name, reason ?? "not recorded")
            }
        }
        return [
            table.isEmpty
                ? .line("Nothing was overridden.")
                : table.block
        ]
    }

    private static func overridden(by event: IncidentEvent) -> (details: [String], reason: String?) {
        if let change = event.as(PhaseEntered.self) {
            let details = change.overridden.map { requirement in
                "Left \(change.from.title.lowercased()) without “\(requirement.requirement.words)”: \(requirement.detail)"
            }
            return (details, change.reason)
        }
        if let start = event.as(StepStarted.self) {
            return (start.overridden.map { "Started \(start.component) early: \($0)" }, start.reason)
        }
        return ([], nil)
    }
}

// MARK: - Action items, and what is still open

extension ReviewDraft {
    /// What has to be done so that it does not happen again.
    static func actions(_ facts: ReviewFacts) -> [DocumentBlock] {
        [facts.incident.actions.isEmpty ? .line("No action items.") : actionTable(of: facts.incident)]
    }

    /// The action items as they stand.
    static func actionTable(of incident: Incident) -> DocumentBlock {
        var table = DocumentTable("Id", "What", "Kind", "Priority", "Answers", "Owner", "Due", "Required", "State")
        for action in incident.actions {
            let tracked = action.link.map { " (\($0))" } ?? ""
            let cause = incident.hypotheses.first { $0.entry == action.answers && action.answers != nil }
            table.add(
                incident.id(of: action), named(action.title, action.incident) + tracked, action.kind.rawValue,
                action.priority?.rawValue ?? "", cause?.name ?? "", action.owner ?? "none", action.due ?? "none",
                action.required ? "yes" : "no", action.isStruck ? "struck out" : action.state.words)
        }
        return table.block
    }

    /// What the incident's phase still asks for, and the work that nobody has finished.
    static func unmet(_ facts: ReviewFacts) -> [DocumentBlock] {
        let incident = facts.incident
        let asked = facts.unmet.map(\.detail.beginningSentence)
        var parts: [DocumentBlock] = []
        if let next = incident.phase.next {
            parts +=
                asked.isEmpty
                ? [
                    .line(
                        "All requirements are met: the incident can advance from \(incident.phase.rawValue) to \(next.rawValue)."
                    )
                ]
                : [.line("Required to leave phase \(incident.phase.rawValue):"), .bullets(asked)]
        } else {
            parts.append(.line("No more requirements: the incident is \(incident.phase.rawValue)."))
        }
        let open = incident.actions.filter { !$0.isStruck && ($0.state == .open || $0.state == .inProgress) }
        if !open.isEmpty {
            let ids = open.map(incident.id(of:)).joined(separator: ", ")
            parts.append(.line("Open action items: \(ids)."))
        }
        return parts
    }
}
