// What the generated sections say, in the order in which they are read; `RestorationSection.swift` has the longest one.

// MARK: - Summary

extension ReviewDraft {
    /// What somebody reads who reads nothing else.
    ///
    /// - Parameter forPublic: Whether it is for people outside, who are not told how the team worked.
    static func summary(_ facts: ReviewFacts, forPublic: Bool = false) -> [DocumentBlock] {
        let incident = facts.incident
        var parts: [DocumentBlock] = [facts.line(opening(facts))]
        if let summary = incident.summary, !summary.allSatisfy(\.isWhitespace) {
            parts += DocumentBlock.paragraphs(summary)
        }
        return parts + [facts.bullets(outsideFacts(facts) + (forPublic ? [] : insideFacts(facts)))]
    }

    private static func opening(_ facts: ReviewFacts) -> Phrase {
        let incident = facts.incident
        let severity: Phrase = incident.severity?.phrase ?? "no severity set"
        let began = incident.times.startedAt.told
        let text: Phrase =
            "INC-\(incident.number) “\(incident.title)” (\(severity)): \(worst(facts))impact started \(began)"
        if incident.phase == .dismissed { return "\(text); dismissed as a false alarm." }
        if let other = incident.mergedInto { return "\(text); merged into INC-\(other), where it continues." }
        guard let restored = incident.clocks.restoredAt, let seconds = incident.clocks.timeToRestore else {
            return "\(text); not restored."
        }
        return incident.recovery == nil
            ? "\(text); restored \(restored.told), after \(.duration(seconds))."
            : "\(text); recovered by itself \(restored.told), after \(.duration(seconds))."
    }

    /// The worst that it did and for how long, then the whole: what a reader asks first.
    private static func worst(_ facts: ReviewFacts) -> Phrase {
        ReviewHead.impact(facts.impacts, of: facts.incident).map { "\($0); " } ?? ""
    }

    private static func outsideFacts(_ facts: ReviewFacts) -> [(label: Phrase, text: Phrase)] {
        let incident = facts.incident
        var lines: [(label: Phrase, text: Phrase)] = [
            ("Severity", severityHistory(facts)),
            ("Cause", incident.cause.map { "\($0.name), \($0.confidence.phrase)" } ?? "not recorded"),
            ("Components affected", affected(facts)),
        ]
        let waived = incident.steps.filter { $0.state == .waived }.map { facts.name($0.component) }
        if !waived.isEmpty { lines.append(("Restoration waived", .typed(waived.joined(separator: ", ")))) }
        return lines
    }

    private static func insideFacts(_ facts: ReviewFacts) -> [(label: Phrase, text: Phrase)] {
        let incident = facts.incident
        var lines: [(label: Phrase, text: Phrase)] = []
        lines += IncidentRole.allCases.compactMap { role in
            incident.roles[role].map { (role.phrase.capitalizedFirst, holders(of: role, last: $0, facts)) }
        }
        if incident.roles[.commander] == nil { lines.append(("Commander", "not recorded")) }
        lines.append(("Alerts", incident.alerts == 0 ? "none" : .number(incident.alerts)))
        lines.append(("Updates posted", updates(facts)))
        let labels = incident.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { lines.append(("Labels", .typed(labels.joined(separator: ", ")))) }
        let absorbed = facts.mergedIn.map { "INC-\($0.number) “\($0.title)”" }
        if let related = related(facts) { lines.append(("Related incidents", .typed(related))) }
        if !absorbed.isEmpty { lines.append(("Merged into it", .typed(absorbed.joined(separator: ", ")))) }
        return lines
    }

    /// Who has a role, and who had it before, in the order of time.
    private static func holders(of role: IncidentRole, last person: String, _ facts: ReviewFacts) -> Phrase {
        let struck = facts.struck
        var before: [String] = []
        for recorded in facts.byTime where !struck.contains(recorded.sequence) {
            guard let assigned = recorded.event.as(RoleAssigned.self), assigned.role == role else { continue }
            if before.last != assigned.person { before.append(assigned.person) }
        }
        if before.last == person { before.removeLast() }
        guard !before.isEmpty else { return .typed(person) }
        return "\(person) (before: \(before.suffix(holdersMax).joined(separator: ", ")))"
    }

    private static let holdersMax = 8

    private static func severityHistory(_ facts: ReviewFacts) -> Phrase {
        // As they held, also where one was entered late; what alerts said when they came may be of a time that is told later.
        let struck = facts.struck
        let severity = { (recorded: RecordedEvent) in
            struck.contains(recorded.sequence) ? nil : recorded.event.as(SeveritySet.self)?.severity
        }
        let (byTime, asEntered) = (facts.byTime.compactMap(severity), facts.timeline.compactMap(severity))
        let set = facts.incident.severity == nil || byTime.last == facts.incident.severity ? byTime : asEntered
        guard let last = facts.incident.severity ?? set.last else { return "not recorded" }
        let levels = set.enumerated().filter { $0.offset == 0 || $0.element != set[$0.offset - 1] }.map(\.element)
        guard levels.count > 1 else { return last.phrase }
        return "\(last.rawValue) (\(levels.map(\.rawValue).joined(separator: " → ")))"
    }

    private static func affected(_ facts: ReviewFacts) -> Phrase {
        let harmed = facts.impactsByCriticality.filter(\.impact.isHarm)
        guard !harmed.isEmpty else { return "none recorded" }
        let names = harmed.prefix(8).map { facts.name($0.component) }.joined(separator: ", ")
        let more: Phrase = harmed.count > 8 ? " and \(harmed.count - 8) more" : ""
        return "\(harmed.count): \(names)\(more)"
    }

    private static func updates(_ facts: ReviewFacts) -> Phrase {
        // As they are now: a correction may have said another audience.
        let audiences = facts.updates.filter { $0.state == .published && $0.corrects == nil }.map(\.audience)
        guard !audiences.isEmpty else { return "none" }
        let counts = Dictionary(grouping: audiences) { $0 }.sorted { $0.key < $1.key }
            .map { Phrase("\($0.value.count) to \(.audience($0.key))") }
        return "\(audiences.count) (\(counts.joined(separator: ", ")))"
    }
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
            [facts.heading("User reports"), facts.line(series.phrase), .code(series.chart(in: facts.speech))]
        }
        return [facts.heading("Components")] + components(facts) + [facts.heading("Audiences"), audiences(facts)]
            + (reports ?? []) + measures(facts)
    }

    private static func components(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("Component", "Tier", "Regions", "Worst", "For", "Over time (\(.zone))", "In all")
        for impact in facts.impactsByCriticality {
            let stretches = facts.impacts.stretches[impact.component] ?? []
            let worst = facts.impacts.worst(of: impact.component)
            table.add(
                impact.deliberate ?? false
                    ? "\(facts.name(impact.component)), switched off on purpose" : "\(facts.name(impact.component))",
                facts.tier(impact.component), regions(impact.regions),
                (worst ?? impact.impact).phrase,
                worst.map { text(facts.impacts.length(of: impact.component, at: $0)) } ?? "",
                course(of: stretches, in: impact.regions, facts),
                stretches.isEmpty ? "" : text(facts.impacts.length(of: impact.component)))
        }
        var parts = [table.isEmpty ? facts.line("No component impact recorded.") : table.block(in: facts.speech)]
        let removed = removedComponents(facts)
        if !removed.isEmpty {
            parts.append(
                facts.line("Recorded at first, later removed: \(removed.map(facts.name).joined(separator: ", "))."))
        }
        return parts
    }

    private static func regions(_ regions: [String]) -> Phrase {
        regions.isEmpty ? "all" : .typed(regions.joined(separator: ", "))
    }

    private static func text(_ length: ImpactHistory.Length) -> Phrase {
        guard length.isOngoing else { return .duration(length.seconds) }
        return length.seconds > 0 ? "\(.duration(length.seconds)), and ongoing" : "ongoing"
    }

    /// Each level and since when; the day is said where it changes, regions where they are not those of the end.
    private static func course(
        of stretches: [ImpactHistory.Stretch], in regions: [String], _ facts: ReviewFacts
    ) -> Phrase {
        var day: Substring?
        func moment(_ moment: Timestamp) -> String {
            let written = facts.speech.text(moment, .second)
            defer { day = written.prefix(10) }
            return String(day == written.prefix(10) ? written.dropFirst(11) : written[...])
        }
        var parts: [Phrase] = []
        for (index, stretch) in stretches.enumerated() {
            let places: Phrase =
                stretch.regions == regions
                ? "" : stretch.regions.isEmpty ? " in all" : " in \(stretch.regions.joined(separator: ", "))"
            parts.append("\(stretch.level.phrase)\(places) \(moment(stretch.begin))")
            let next = index + 1 < stretches.count ? stretches[index + 1].begin : nil
            if let end = stretch.end, end != next { parts.append("over \(moment(end))") }
        }
        return parts.joined(separator: " → ")
    }

    private static func removedComponents(_ facts: ReviewFacts) -> [String] {
        let present = Set(facts.incident.impacts.map(\.component))
        // What was struck out was never recorded.
        let recorded = Set(
            facts.timeline.filter { !facts.struck.contains($0.sequence) }
                .compactMap { $0.event.as(ImpactSet.self)?.value.component })
        let removed = facts.timeline.filter { !facts.struck.contains($0.sequence) }
            .compactMap { $0.event.as(ImpactRemoved.self)?.component }.filter(recorded.contains)
        return Set(removed).subtracting(present).sorted()
    }

    private static func audiences(_ facts: ReviewFacts) -> DocumentBlock {
        let lines = Audience.allCases.compactMap { audience -> (label: Phrase, text: Phrase)? in
            guard let impact = facts.incident.audiences.first(where: { $0.audience == audience }) else { return nil }
            let numbers = impact.numbers.joined(separator: ", ")
            return (
                audience.phrase.capitalizedFirst,
                "\(impact.description.sentence)\(numbers.isEmpty ? "" : " \(numbers.beginningSentence)")"
            )
        }
        return lines.isEmpty ? facts.line("No audience impact recorded.") : facts.bullets(lines)
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
        let texts = TimelineTexts(facts)
        // What led up to it has a table of its own.
        let start = facts.incident.clocks.startedAt
        var key = facts.timeline.filter { recorded in
            let isTold = recorded.event.as(NoteAdded.self) != nil || recorded.event.as(FactAdded.self) != nil
            let isLeadUp = isTold && facts.written(recorded).at < start
            let isKey = facts.isKeyMoment(recorded) || texts.isOpenStart(recorded)
            return !struck.contains(recorded.sequence) && isKey && !isLeadUp
        }
        // The single components have a table of their own: they give way first.
        if key.count > rowsMax { key = key.filter { !$0.event.payload.isAboutOneComponent } }
        key.sort { (facts.written($0).at, $0.sequence) < (facts.written($1).at, $1.sequence) }
        var table = DocumentTable("When (\(.zone))", "What", "Who")
        for recorded in key.prefix(rowsMax) {
            let author = facts.written(recorded).by
            table.add(facts.when(recorded), shortened(texts.text(of: recorded)), .typed(author))
        }
        let shown = min(key.count, rowsMax)
        // How many entries there are is said once, at the end of the document: more come after the approval.
        let note: Phrase =
            shown == facts.timeline.count
            ? "The full timeline."
            : "Key moments: \(.number(shown)). The full timeline can be read and verified."
        return leadUp(facts) + [facts.line(note), table.block(in: facts.speech)] + broughtNotes(facts)
            + struckEntries(facts)
    }

    /// Every entry in the order in which it happened, for who looks for more than the key moments; what was struck out says so.
    static func wholeTimeline(_ facts: ReviewFacts) -> [DocumentBlock] {
        let struck = facts.struck
        let entries = facts.timeline.map { (at: facts.written($0).at, recorded: $0) }
            .sorted { ($0.at, $0.recorded.sequence) < ($1.at, $1.recorded.sequence) }
        let texts = TimelineTexts(facts)
        var table = DocumentTable("No.", "When (\(.zone))", "What", "Who")
        let shown = entries.prefix(DocumentBlock.linesMax)
        for (_, recorded) in shown {
            let text = shortened(texts.text(of: recorded))
            table.add(
                "\(recorded.sequence)", facts.when(recorded),
                struck.contains(recorded.sequence) ? "Struck out: \(text)" : text, .typed(facts.written(recorded).by))
        }
        return table.block(in: facts.speech).bounded(in: facts.speech, omitted: entries.count - shown.count)
    }

    /// What was written down in incidents that were merged into this one, starred or not.
    private static func broughtNotes(_ facts: ReviewFacts) -> [DocumentBlock] {
        let struck = facts.struck
        let lines = facts.timeline.compactMap { recorded -> Phrase? in
            guard let note = recorded.event.as(NoteAdded.self), let origin = note.origin,
                !struck.contains(recorded.sequence)
            else { return nil }
            return "\(origin.at.told), \(origin.by) in INC-\(origin.incident): \(shortened(.typed(note.text)))"
        }
        guard !lines.isEmpty else { return [] }
        let more: [Phrase] =
            lines.count > rowsMax ? ["\(.number(lines.count - rowsMax)) more stand in the timeline."] : []
        return [facts.heading("Written in merged incidents"), facts.bullets(Array(lines.prefix(rowsMax)) + more)]
    }

    /// What was entered by mistake, who struck it out and why.
    private static func struckEntries(_ facts: ReviewFacts) -> [DocumentBlock] {
        let entries = Dictionary(facts.timeline.map { ($0.sequence, $0) }) { first, _ in first }
        let lines = facts.timeline.compactMap { recorded -> Phrase? in
            guard let strike = recorded.event.as(EntryStruck.self), let entry = entries[strike.sequence] else {
                return nil
            }
            return
                "\(shortened(entry.event.phrase)) (\(entry.recordedAt.told), \(facts.written(entry).by)) Struck out by \(recorded.actor.name). Reason: \(strike.reason.sentence)"
        }
        return lines.isEmpty ? [] : [facts.heading("Struck out"), facts.bullets(lines)]
    }

    private static func shortened(_ text: Phrase) -> Phrase { .shaped(text, .cut(textMax)) }
}

// MARK: - Durations

extension ReviewDraft {
    /// How long it took until, counted from the start of the impact, and how long it stood in each phase.
    static func durations(_ facts: ReviewFacts) -> [DocumentBlock] {
        let times = facts.incident.clocks
        let corrected = Set((facts.incident.corrections ?? []).map(\.clock))
        var clocks = DocumentTable("Milestone", "Reached (\(.zone))", "After", "Seconds")
        let reached: [(clock: IncidentClock, moment: Timestamp?)] = [
            (.detected, times.detectedAt), (.acknowledged, times.acknowledgedAt), (.assessed, times.assessedAt),
            (.mitigated, times.mitigatedAt), (.restored, times.restoredAt), (.reviewed, times.reviewedAt),
            (.closed, times.closedAt),
        ]
        for (clock, moment) in reached {
            guard let moment else {
                // The document is approved before the last two are reached: that they were not says nothing.
                if clock != .reviewed, clock != .closed { clocks.add(clock.phrase, "not reached", "", "") }
                continue
            }
            let seconds = moment.seconds(since: times.startedAt)
            clocks.add(
                corrected.contains(clock) ? "\(clock.phrase) (corrected)" : clock.phrase, moment.toldWithoutZone,
                .duration(seconds), .typed(facts.speech.exact(seconds)))
        }
        return [
            facts.line("Measured from the start of the impact, \(times.startedAt.told)."),
            clocks.block(in: facts.speech),
            facts.heading("Time per phase"), phases(facts),
        ] + revertNote(facts) + correctionNote(facts)
    }

    /// Which clocks people corrected, why, and what is odd about them all the same.
    private static func correctionNote(_ facts: ReviewFacts) -> [DocumentBlock] {
        // What was taken back, or corrected again, holds no more: the timeline has it.
        let held = facts.incident.corrections ?? []
        var last: [IncidentClock: Int] = [:]
        for recorded in facts.timeline where !facts.struck.contains(recorded.sequence) {
            for change in recorded.event.as(TimesCorrected.self)?.changes ?? [] {
                last[change.clock] = recorded.sequence
            }
        }
        let corrections = facts.timeline.compactMap { recorded -> Phrase? in
            var text: Phrase?
            if var corrected = recorded.event.as(TimesCorrected.self) {
                corrected.changes.removeAll { change in
                    last[change.clock] != recorded.sequence
                        || !held.contains { $0.clock == change.clock && $0.moment == change.at }
                }
                text = corrected.changes.isEmpty ? nil : IncidentEvent(corrected).phrase
            }
            return text.map { "\(recorded.occurredAt.told), \(recorded.actor.name): \($0)" }
        }
        let warnings = facts.incident.warnings.filter(\.code.isOfClocks).map(\.phrase)
        return (corrections.isEmpty ? [] : [facts.heading("Corrected clocks"), facts.bullets(corrections)])
            + (warnings.isEmpty ? [] : [facts.heading("Clocks to check"), facts.bullets(warnings)])
    }

    private static func phases(_ facts: ReviewFacts) -> DocumentBlock {
        var table = DocumentTable("Phase", "Visits", "Time", "Seconds")
        for total in PhaseTotal.totals(of: facts.visits) {
            let ongoing: Phrase? = total.since.map { "since \($0.told)" }
            let past: Phrase? = total.visits > 1 || ongoing == nil ? .duration(total.seconds) : nil
            let both: Phrase? = past.flatMap { past in ongoing.map { "\(past), and \($0)" } }
            let time = both ?? past ?? ongoing ?? ""
            table.add(
                total.phase.titlePhrase, "\(total.visits)", time,
                past == nil ? "" : .typed(facts.speech.exact(total.seconds)))
        }
        return table.block(in: facts.speech)
    }

    /// What was measured before an incident went back, as history.
    private static func measured(_ clocks: MeasuredClocks?) -> Phrase {
        let reached: [(clock: IncidentClock, moment: Timestamp?)] = [
            (.assessed, clocks?.assessedAt), (.mitigated, clocks?.mitigatedAt), (.restored, clocks?.restoredAt),
            (.reviewed, clocks?.reviewedAt), (.closed, clocks?.closedAt),
        ]
        let texts = reached.compactMap { clock, moment -> Phrase? in
            moment.map { "\(clock.phrase) \($0.told)" }
        }
        return texts.isEmpty ? "" : " Measured until then: \(texts.joined(separator: ", "))."
    }

    private static func revertNote(_ facts: ReviewFacts) -> [DocumentBlock] {
        let reverts = facts.timeline.compactMap { recorded -> Phrase? in
            guard let change = recorded.event.as(PhaseReverted.self), !facts.struck.contains(recorded.sequence) else {
                return nil
            }
            let (from, to) = (change.from.noun, change.phase.noun)
            let text: Phrase = "\(recorded.occurredAt.told): from \(from) to \(to), by \(recorded.actor.name)."
            return "\(text.giving(change.reason, isOfDaemon: true))\(measured(change.measured))"
        }
        return reverts.isEmpty ? [] : [facts.heading("Reverted phases"), facts.bullets(reverts)]
    }
}

// MARK: - Overrides

extension ReviewDraft {
    /// What was decided against the rules, by whom and why.
    static func overrides(_ facts: ReviewFacts) -> [DocumentBlock] {
        var table = DocumentTable("When (\(.zone))", "Overridden", "Who", "Reason")
        // Also of entries that were struck out: it was decided all the same.
        let struck = facts.struck
        for recorded in facts.timeline.withStepsSetRight {
            let (details, reason) = overridden(by: recorded.event)
            for detail in details {
                table.add(
                    recorded.occurredAt.toldWithoutZone,
                    struck.contains(recorded.sequence) ? "Struck out: \(detail)" : detail,
                    .typed(recorded.actor.name),
                    reason.map(Phrase.typed) ?? "not recorded")
            }
        }
        return [
            table.isEmpty
                ? facts.line("Nothing was overridden.")
                : table.block(in: facts.speech)
        ]
    }

    private static func overridden(by event: IncidentEvent) -> (details: [Phrase], reason: String?) {
        if let change = event.as(PhaseEntered.self) {
            let details = change.overridden.map { requirement -> Phrase in
                let left = requirement.requirement.phrase
                return "Left \(change.from.noun) without “\(left)”: \(.stored(requirement.detail, .requirement))"
            }
            return (details, change.reason)
        }
        if let start = event.as(StepStarted.self) {
            return (start.overridden.map { "Started \(start.component) early: \(.stored($0, .gate))" }, start.reason)
        }
        return ([], nil)
    }
}

// MARK: - Action items, and what is still open

extension ReviewDraft {
    /// What has to be done so that it does not happen again.
    static func actions(_ facts: ReviewFacts) -> [DocumentBlock] {
        [
            facts.incident.actions.isEmpty
                ? facts.line("No action items.") : actionTable(of: facts.incident, in: facts.speech)
        ]
    }

    /// The action items as they stand.
    static func actionTable(of incident: Incident, in speech: Speech) -> DocumentBlock {
        var table = DocumentTable("Id", "What", "Kind", "Priority", "Answers", "Owner", "Due", "Required", "State")
        for action in incident.actions {
            let title = named(action.title, action.incident) + (action.link.map { " (\($0))" } ?? "")
            let cause = incident.hypotheses.first { $0.entry == action.answers && action.answers != nil }
            table.add(
                .typed(incident.id(of: action)), .typed(title), action.kind.phrase, action.priority?.phrase ?? "",
                cause?.name ?? "", action.owner.map(Phrase.typed) ?? .word("none", of: "owner"),
                action.due.map(Phrase.date) ?? .word("none", of: "date"),
                action.required ? "yes" : "no", action.isStruck ? "struck out" : action.state.phrase)
        }
        return table.block(in: speech)
    }

    /// What the incident's phase still asks for, and the work that nobody has finished.
    static func unmet(_ facts: ReviewFacts) -> [DocumentBlock] {
        let incident = facts.incident
        let asked = facts.unmet.map { Phrase.stored($0.detail, .requirement).beginningSentence }
        var parts: [DocumentBlock] = []
        if let next = incident.phase.next {
            parts +=
                asked.isEmpty
                ? [
                    facts.line(
                        "All requirements are met: the incident can advance from \(incident.phase.phrase) to \(next.phrase)."
                    )
                ]
                : [facts.line("Required to leave phase \(incident.phase.phrase):"), facts.bullets(asked)]
        } else {
            parts.append(facts.line("No more requirements: the incident is \(incident.phase.phrase)."))
        }
        let open = incident.actions.filter { !$0.isStruck && ($0.state == .open || $0.state == .inProgress) }
        if !open.isEmpty {
            let ids = open.map(incident.id(of:)).joined(separator: ", ")
            parts.append(facts.line("Open action items: \(ids)."))
        }
        return parts
    }
}
