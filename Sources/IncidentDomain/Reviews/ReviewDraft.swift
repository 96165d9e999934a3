/// Writes the review of an incident from the facts in its timeline, and puts what people wrote in the place of what was
/// generated.
package enum ReviewDraft {
    /// The review as it reads now.
    ///
    /// - Parameters:
    ///   - incident: What the timeline leads to.
    ///   - timeline: All of it, in order.
    ///   - graph: The catalog, for the components' names and tiers.
    ///   - policy: Says what is still unmet.
    ///   - template: What the review looks like from the start; nil for ours.
    ///   - now: When the document is put together. No section depends on it: the same timeline reads the same.
    ///   - speech: In which language and by which clocks it is written.
    ///   - usual: In what approvals keep texts.
    ///   - withWholeTimeline: Whether it is for a page, which has every entry.
    package static func make(
        for incident: Incident, timeline: [RecordedEvent], graph: DependencyGraph, policy: PhasePolicy,
        template: ReviewTemplate? = nil, now: Timestamp, in speech: Speech = .standard, usual: Speech = .standard,
        withWholeTimeline: Bool = true
    ) -> ReviewDocument {
        let facts = ReviewFacts(
            incident: incident, timeline: timeline, graph: graph, policy: policy, speech: speech)
        let history = ReviewHistory(timeline)
        return ReviewDocument(
            incident: incident, sections: sections(facts, history, template), unmet: facts.unmet, phases: facts.visits,
            gantt: facts.gantt(asOf: now), reports: facts.reports, impacts: facts.impacts,
            comments: ReviewComment.all(of: timeline),
            updates: facts.updates.compactMap { $0.versions.first?.publishedAt }.sorted(),
            facts: facts.told,
            publicSummary: summary(facts, forPublic: true).flatMap { $0.bounded(in: speech) }, named: facts.named,
            publicApproved: history.publicApproval, entries: timeline.count,
            wholeTimeline: withWholeTimeline ? wholeTimeline(facts) : [], asOf: now, speech: speech,
            keptZone: usual.zone.name)
    }

    private static func sections(
        _ facts: ReviewFacts, _ history: ReviewHistory, _ template: ReviewTemplate?
    ) -> [ReviewSection] {
        let ours = ReviewSectionID.allCases.map { generated($0, facts) }
        let drafted = template?.applied(to: ours) ?? ours
        let current = replacing(drafted, by: history.written).arranged(by: facts.incident.review?.layout, template)
        guard facts.incident.review?.status == .approved, !history.approved.isEmpty else { return current }
        let byID = Dictionary(drafted.map { ($0.id, $0) }) { first, _ in first }
        let personal = Set(current.filter { !$0.generated }.map(\.id))
        return history.approved.map { section in
            let id = ReviewSectionID(rawValue: section.id)
            let isGenerated = byID[section.id] != nil && !personal.contains(section.id)
            if isGenerated, id?.isLive == true, let live = byID[section.id] { return live }
            return ReviewSection(
                id: section.id, title: section.title ?? id.map { facts.speech($0.title) } ?? title(of: section.id),
                content: .markdown(section.markdown), generated: isGenerated,
                needsPerson: isGenerated && byID[section.id]?.needsPerson ?? false,
                replaced: isGenerated ? nil : byID[section.id]?.facts)
        }
    }

    private static func replacing(_ drafted: [ReviewSection], by written: [EditedSection]) -> [ReviewSection] {
        let byID = Dictionary(written.map { ($0.id, $0) }) { _, last in last }
        let known = Set(drafted.map(\.id))
        var added: Set<String> = []
        let extra = written.filter { !known.contains($0.id) && added.insert($0.id).inserted }.compactMap { byID[$0.id] }
        return drafted.map { draft in byID[draft.id].map { writtenSection($0, over: draft) } ?? draft }
            + extra.map { writtenSection($0, over: nil) }
    }

    private static func writtenSection(_ section: EditedSection, over draft: ReviewSection?) -> ReviewSection {
        // A prompt that somebody emptied without an answer stays a prompt.
        let isBlank = section.markdown.allSatisfy(\.isWhitespace)
        if let draft, draft.needsPerson, isBlank || section.isPrompt { return draft }
        return ReviewSection(
            id: section.id, title: section.title ?? draft?.title ?? title(of: section.id),
            content: .markdown(section.markdown), generated: false, needsPerson: false, replaced: draft?.facts)
    }

    /// `root_cause` reads "Root cause".
    static func title(of id: String) -> String {
        let words = id.split { "_-.".contains($0) }.joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func generated(_ id: ReviewSectionID, _ facts: ReviewFacts) -> ReviewSection {
        ReviewSection(
            id: id.rawValue, title: facts.speech(id.title),
            content: .blocks(blocks(id, facts).flatMap { $0.bounded(in: facts.speech) }), generated: true,
            needsPerson: id.prompt != nil)
    }

    private static func blocks(_ id: ReviewSectionID, _ facts: ReviewFacts) -> [DocumentBlock] {
        switch id {
        case .summary: summary(facts)
        case .impact: impact(facts)
        case .detection: detection(facts)
        case .cause: cause(facts)
        case .timeline: timeline(facts)
        case .durations: durations(facts)
        case .mitigations: mitigations(facts)
        case .restoration: restoration(facts)
        case .communication: communication(facts)
        case .overrides: overrides(facts)
        case .whatWentWell, .whatWentWrong, .lessons: id.promptBlocks(in: facts.speech) ?? []
        case .actions: actions(facts)
        case .unmet: unmet(facts)
        }
    }
}

/// What the sections are written from.
struct ReviewFacts {
    let incident: Incident
    let timeline: [RecordedEvent]
    let graph: DependencyGraph
    let policy: PhasePolicy
    let speech: Speech
    let visits: [PhaseSpan]
    let plan: RestorationPlan
    let impacts: ImpactHistory
    /// How restoring went as far as the newest entry tells, which no later reading changes; nil when nothing was begun.
    private(set) var ganttOfEntries: RestorationGantt?
    /// The entries of steps that were undone.
    let undone: Set<Int>
    /// When entries were said to have happened whose time was corrected.
    let enteredAt: [Int: Timestamp]
    /// The entries that were struck out, and those that came with an incident that goes on by itself again.
    let struck: Set<Int>
    /// The entries in the order in which it happened; those of the same moment as they were entered.
    let byTime: [RecordedEvent]
    let updates: [UpdateRecord]
    /// The facts that hold, in the order of time.
    private(set) var told: [ToldFact] = []

    init(
        incident: Incident, timeline: [RecordedEvent], graph: DependencyGraph, policy: PhasePolicy, speech: Speech
    ) {
        self.speech = speech
        self.incident = incident
        let entered = timeline
        let timeline = entered.withTimesSetRight(incident.entryTimes ?? [:])
        self.timeline = timeline
        enteredAt = Dictionary(
            uniqueKeysWithValues: zip(entered, timeline).lazy.filter { $0.occurredAt != $1.occurredAt }
                .map { entry, _ in (entry.sequence, entry.occurredAt) })
        self.graph = graph
        self.policy = policy
        visits = PhaseSpan.visits(in: timeline, of: incident)
        struck = Self.struck(in: timeline, of: incident)
        undone = timeline.undoneSteps
        byTime = timeline.sorted { ($0.occurredAt, $0.sequence) < ($1.occurredAt, $1.sequence) }
        updates = UpdateHistory.make(timeline)
        impacts = ImpactHistory(incident)
        // Neither waves nor states depend on how long anything takes.
        plan = RestorationPlan.make(
            for: incident, in: graph, soak: SoakPolicy(), measured: .none, now: incident.lastRecordedAt)
        ganttOfEntries = gantt(asOf: lastMoment)
        told = toldFacts()
    }

    private static func struck(in timeline: [RecordedEvent], of incident: Incident) -> Set<Int> {
        var struck = Set(incident.struck ?? [])
        var brought: [Int: [Int]] = [:]
        // What follows from a merge is recorded with it.
        var merge: (incident: Int, at: Timestamp)?
        for recorded in timeline {
            if let absorbed = recorded.event.as(IncidentAbsorbed.self) {
                merge = (absorbed.number, recorded.recordedAt)
            } else if let of = merge, recorded.recordedAt == of.at {
                let event = recorded.event
                if event.as(StartCorrected.self) != nil || event.as(SeveritySet.self) != nil
                    || event.as(RoleAssigned.self) != nil
                {
                    brought[of.incident, default: []].append(recorded.sequence)
                }
            } else {
                merge = nil
            }
            if let origin = recorded.event.as(NoteAdded.self)?.origin ?? recorded.event.as(FactAdded.self)?.value.origin
            {
                brought[origin.incident, default: []].append(recorded.sequence)
            } else if let separated = recorded.event.as(IncidentSeparated.self) {
                struck.formUnion(brought.removeValue(forKey: separated.number) ?? [])
            }
        }
        return struck
    }

    /// What was merged into the incident and has not gone on by itself again.
    var mergedIn: [IncidentAbsorbed] {
        timeline.reduce(into: []) { merged, recorded in
            if let absorbed = recorded.event.as(IncidentAbsorbed.self) { merged.append(absorbed) }
            guard let separated = recorded.event.as(IncidentSeparated.self) else { return }
            merged.removeAll { $0.number == separated.number }
        }
    }

    /// Whether an entry belongs into the short timeline.
    func isKeyMoment(_ recorded: RecordedEvent) -> Bool {
        incident.starred?[recorded.sequence] ?? recorded.event.payload.isKeyMoment
    }

    /// Who wrote an entry and when, also where it came with a merged incident.
    func written(_ recorded: RecordedEvent) -> (by: String, at: Timestamp) {
        let origin = recorded.event.as(NoteAdded.self)?.origin ?? recorded.event.as(FactAdded.self)?.value.origin
        let isMoved = incident.entryTimes?[recorded.sequence] != nil
        return (origin?.by ?? recorded.actor.name, isMoved ? recorded.occurredAt : origin?.at ?? recorded.occurredAt)
    }

    /// Once there is no next phase, nothing is asked for any more.
    var unmet: [UnmetRequirement] {
        incident.phase.next == nil ? [] : policy.unmet(leaving: incident.phase, of: incident)
    }

    /// A component as `Video delivery (cdn-edge)`, or its slug alone when the catalog does not know it.
    ///
    /// - Parameter step: A slug, or the name of a region's step.
    func name(_ step: String) -> String {
        let slug = RestorationStep.slug(of: step)
        guard let name = graph.components[slug]?.name, name != slug else { return step }
        return "\(name) (\(step))"
    }

    /// What users reported, as it was last counted.
    var reports: ReportSeries? {
        for recorded in timeline.reversed() {
            if let series = recorded.event.as(ReportsCounted.self)?.value { return series }
        }
        return nil
    }

    func tier(_ step: String) -> Phrase {
        graph.components[RestorationStep.slug(of: step)].map { "\($0.tier)" } ?? "not in the catalog"
    }
}

// What is said, as blocks in the language of the document.
extension ReviewFacts {
    func line(_ phrase: Phrase) -> DocumentBlock { speech.line(phrase) }
    func heading(_ phrase: Phrase) -> DocumentBlock { speech.heading(phrase) }
    func bullets(_ lines: [Phrase]) -> DocumentBlock { speech.bullets(lines) }
    func bullets(_ facts: [(label: Phrase, text: Phrase)]) -> DocumentBlock { speech.bullets(facts) }
}
