/// How far an incident is, in the words of Statuspage.
package enum PublicIncidentStatus: String, CaseIterable, Codable, Sendable {
    case investigating, identified, monitoring, resolved, postmortem

    package var isResolved: Bool {
        switch self {
        case .investigating, .identified, .monitoring: false
        case .resolved, .postmortem: true
        }
    }
}

/// How bad an incident is, in the words of Statuspage.
package enum PublicImpact: String, CaseIterable, Codable, Sendable {
    case none, minor, major, critical

    init(_ level: ImpactLevel?) {
        switch level {
        case nil, .some(.none), .maintenance: self = .none
        case .degraded: self = .minor
        case .partialOutage: self = .major
        case .majorOutage: self = .critical
        }
    }

    /// Grows with the harm.
    package var rank: Int {
        switch self {
        case .none: 0
        case .minor: 1
        case .major: 2
        case .critical: 3
        }
    }
}

/// An incident as the outside sees it. It holds nothing that people typed but what they published, and no name but public ones, so that
/// whatever is made of it can tell nothing else.
package struct PublicIncident: Hashable, Codable, Sendable {
    /// For how long a public component was at a level of harm.
    package struct Stretch: Hashable, Codable, Sendable {
        package let level: ImpactLevel
        package let begin: Timestamp
        /// Nil while it lasts.
        package let end: Timestamp?

        func holds(at moment: Timestamp) -> Bool { begin <= moment && (end.map { $0 > moment } ?? true) }
    }

    /// What happened to one public component.
    package struct Hit: Hashable, Codable, Sendable {
        /// A `PublicComponent`'s.
        package let component: String
        /// In the order of time.
        package let stretches: [Stretch]

        package var worst: ImpactLevel { stretches.map(\.level).max { $0.rank < $1.rank } ?? .none }
        package func level(at moment: Timestamp) -> ImpactLevel {
            stretches.filter { $0.holds(at: moment) }.map(\.level).max { $0.rank < $1.rank } ?? .none
        }
    }

    /// An update as it reads now, after its corrections.
    package struct Update: Hashable, Codable, Sendable {
        package let id: Int
        package let publishedAt: Timestamp
        /// When it was corrected last; nil when it was not.
        package let correctedAt: Timestamp?
        /// How far the incident was when it was published.
        package let status: PublicIncidentStatus
        package let language: String
        package let body: String
        package let steps: [String]
        package let eta: Timestamp?
        /// How each public component stood then, by id.
        package let levels: [String: ImpactLevel]

        /// Whether it is written in a language: also `de-AT` is German.
        func isIn(_ wanted: Language) -> Bool {
            language.prefix { $0 != "-" && $0 != "_" }.lowercased() == wanted.rawValue
        }
    }

    /// An expected end that was told to everybody.
    package struct Eta: Hashable, Codable, Sendable {
        package let eta: Timestamp
        package let saidAt: Timestamp
    }

    /// How far restoring is, of public components.
    package struct Progress: Hashable, Codable, Sendable {
        package let total: Int
        /// Ids, the newest first.
        package let back: [String]
        /// Ids of what is worked on and what comes next, the first one first.
        package let next: [String]
    }

    /// What is published of the review.
    package struct PostMortem: Hashable, Codable, Sendable {
        package struct Section: Hashable, Codable, Sendable {
            package let title: String
            package let markdown: String
        }

        package let title: String
        package let sections: [Section]
        package let publishedAt: Timestamp
    }

    package let number: Int
    package let status: PublicIncidentStatus
    package let startedAt: Timestamp
    /// When it became public: its first update, or its detection where a rule published it.
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let monitoringAt: Timestamp?
    package let resolvedAt: Timestamp?
    /// In the order of the page.
    package let hits: [Hit]
    /// The newest first.
    package let updates: [Update]
    /// How many older updates are left out.
    package let updatesLeftOut: Int
    /// The expected times that were told, the newest first; the first one is what holds, unless the newest update took it back.
    package let etas: [Eta]
    /// Whether it was taken back that the newest of them holds; nil when not.
    package let etaIsTakenBack: Bool?
    package let progress: Progress?
    package let postMortem: PostMortem?
    /// A code of the kind of its cause, by which incidents of the same kind are known, and nothing else; nil where none is known. It is shown nowhere.
    let causeCode: String?

    /// The newest updates are kept, up to so many and so many bytes of text.
    package static let updatesMax = 50
    package static let textBytesMax = 100_000
    static let stretchesMax = 200
    static let etasMax = 20

    package var impact: PublicImpact { PublicImpact(worst) }
    /// When it was over for those whom it hit, as far as that is known; else when they were told. Nil while it goes on.
    package var endedAt: Timestamp? { status.isResolved ? monitoringAt ?? resolvedAt : nil }
    package var worst: ImpactLevel? { hits.map(\.worst).max { $0.rank < $1.rank } }
    /// The newest update in a language, else the newest of all.
    package func latest(in language: Language) -> Update? {
        updates.first { $0.isIn(language) } ?? updates.first
    }

    /// What is said now of when it is over; nil when nothing is, and when it is over.
    package var eta: Timestamp? {
        status.isResolved || etaIsTakenBack ?? false ? nil : updates.first { $0.eta != nil }?.eta
    }
}

// MARK: - Made of an incident

extension PublicIncident {
    /// The kinds of events that it is made of.
    package static let kinds =
        UpdateHistory.kinds + [
            PhaseEntered.kind, PhaseReverted.kind, SelfRecovered.kind, IncidentDismissed.kind, IncidentReopened.kind,
            IncidentMerged.kind, IncidentUnmerged.kind, PublicReviewApproved.kind, SeveritySet.kind,
        ]

    /// What the outside sees of an incident; nil when it is not public.
    ///
    /// - Parameter timeline: In its order, at least the events of `kinds`.
    package init?(_ incident: Incident, timeline: [RecordedEvent], catalog: PublicCatalog, rule: PublicationRule) {
        let history = ImpactHistory(incident)
        let hits = Self.hits(history, catalog)
        let records = UpdateHistory.make(timeline).filter(\.isShownPublicly)
        let severities = Set(Self.severities(incident, timeline))
        guard incident.isPublic(hasUpdates: !records.isEmpty, hitsPublic: !hits.isEmpty, severities: severities, rule)
        else { return nil }
        let past = Past(incident, timeline, hits, history)
        let all = records.compactMap { Self.update($0, past) }.sorted {
            ($0.publishedAt, $0.id) > ($1.publishedAt, $1.id)
        }
        let kept = Self.fitting(all)
        let postMortem = Self.postMortem(incident, timeline)
        let present = past.presentStatus
        let times = incident.clocks
        // When people were told, as they wait for that; where nobody told it, when it was.
        let told = all.prefix { $0.status.isResolved }.last?.publishedAt
        let resolved = present.isResolved ? told ?? times.restoredAt ?? past.resolvedAt ?? times.closedAt : nil
        number = incident.number
        status = postMortem == nil || present != .resolved ? present : .postmortem
        startedAt = times.startedAt
        createdAt = all.last?.publishedAt ?? times.detectedAt
        (monitoringAt, resolvedAt) = (past.backAt.map { min($0, resolved ?? $0) }, resolved)
        updatedAt =
            (all.flatMap { [$0.publishedAt, $0.correctedAt].compactMap(\.self) }
            + [createdAt, resolved, postMortem?.publishedAt].compactMap(\.self)).max() ?? createdAt
        (self.hits, updates, updatesLeftOut) = (hits, kept, all.count - kept.count)
        etas = Self.etas(records)
        etaIsTakenBack = incident.communication?.etas.last?.withdrawn == nil ? nil : true
        progress = Self.progress(incident, catalog)
        self.postMortem = postMortem
        causeCode = incident.cause.flatMap { catalog.causeCode($0.category) }
    }

    /// What it ever was, without what was struck out.
    private static func severities(_ incident: Incident, _ timeline: [RecordedEvent]) -> [Severity] {
        let struck = Set(incident.struck ?? [])
        let told = timeline.filter { !struck.contains($0.sequence) }.compactMap {
            $0.event.as(SeveritySet.self)?.severity
        }
        return told + [incident.severity].compactMap(\.self)
    }

    private static func hits(_ history: ImpactHistory, _ catalog: PublicCatalog) -> [Hit] {
        let bySlug = Dictionary(
            history.stretches.compactMap { slug, stretches in catalog[slug].map { ($0.id, stretches) } }
        ) { $0 + $1 }
        return catalog.components(of: history.stretches.keys).map { component in
            let stretches = (bySlug[component.id] ?? []).suffix(stretchesMax)
            return Hit(
                component: component.id,
                stretches: stretches.map { Stretch(level: $0.level, begin: $0.begin, end: $0.end) })
        }
    }

    private static func update(_ record: UpdateRecord, _ past: Past) -> Update? {
        guard let first = record.versions.first, let last = record.versions.last else { return nil }
        return Update(
            id: record.id, publishedAt: first.publishedAt,
            correctedAt: record.versions.count > 1 ? last.publishedAt : nil,
            status: past.status(at: first.publishedAt, before: first.entry),
            language: last.language, body: last.body, steps: last.steps, eta: last.eta,
            levels: past.levels(at: first.publishedAt))
    }

    /// The newest that fit.
    private static func fitting(_ updates: [Update]) -> [Update] {
        var left = textBytesMax
        return Array(
            updates.prefix(updatesMax).prefix { update in
                left -= update.body.utf8.count + update.steps.reduce(0) { $0 + $1.utf8.count }
                return left >= 0
            })
    }

    /// Each time that an update told another expected end.
    private static func etas(_ records: [UpdateRecord]) -> [Eta] {
        let told = records.compactMap { record -> Eta? in
            guard let first = record.versions.first, let last = record.versions.last, let eta = last.eta else {
                return nil
            }
            return Eta(eta: eta, saidAt: first.publishedAt)
        }.sorted { $0.saidAt < $1.saidAt }
        var changes: [Eta] = []
        for eta in told where changes.last?.eta != eta.eta { changes.append(eta) }
        return changes.suffix(etasMax).reversed()
    }

    /// Waived components are not waited for, and not counted.
    private static func progress(_ incident: Incident, _ catalog: PublicCatalog) -> Progress? {
        guard incident.phase == .restore else { return nil }
        let steps = Dictionary(grouping: incident.steps) { $0.slug }.filter { slug, steps in
            catalog[slug] != nil && !steps.allSatisfy { $0.state == .waived }
        }
        guard !steps.isEmpty else { return nil }
        let back = steps.filter { $0.value.allSatisfy(\.state.isDone) }
        let newest = back.sorted {
            ($0.value.compactMap(\.restoredAt).max() ?? .earliest, $0.key) > (
                $1.value.compactMap(\.restoredAt).max() ?? .earliest, $1.key
            )
        }
        let order = (incident.plan?.order ?? []) + incident.steps.map(\.component)
        var seen: Set<String> = []
        let waiting = order.map { RestorationStep.slug(of: $0) }.filter {
            steps[$0] != nil && back[$0] == nil && seen.insert($0).inserted
        }
        let begun = waiting.filter { steps[$0]?.contains { $0.state == .restoring || $0.state == .verifying } ?? false }
        let next = begun + waiting.filter { !begun.contains($0) }
        return Progress(
            total: steps.count, back: newest.compactMap { catalog[$0.key]?.id },
            next: next.compactMap { catalog[$0]?.id })
    }

    private static func postMortem(_ incident: Incident, _ timeline: [RecordedEvent]) -> PostMortem? {
        guard let version = incident.publicReview, version.status == .approved, let entry = version.approvedEntry,
            let recorded = timeline.last(where: { $0.sequence == entry }),
            let approved = recorded.event.as(PublicReviewApproved.self)
        else { return nil }
        let sections = approved.sections.map {
            PostMortem.Section(title: $0.title ?? "", markdown: $0.markdown)
        }
        let texts = [approved.title] + sections.flatMap { [$0.title, $0.markdown] }
        guard !texts.contains(where: { $0.contains(IncidentEvent.redactedText) }) else { return nil }
        return PostMortem(title: approved.title, sections: sections, publishedAt: recorded.occurredAt)
    }
}

/// What was known of an incident at each moment of it.
private struct Past {
    private let phases: [(at: Timestamp, entry: Int, phase: Phase)]
    private let hits: [PublicIncident.Hit]
    /// Of everything that was harmed, where nothing of it is public.
    private let harm: [PublicIncident.Stretch]
    private let present: Phase

    init(_ incident: Incident, _ timeline: [RecordedEvent], _ hits: [PublicIncident.Hit], _ history: ImpactHistory) {
        phases = timeline.phasesBegun(of: incident).compactMap { recorded in
            recorded.event.payload.phaseBegun.map { (recorded.occurredAt, recorded.sequence, $0) }
        }
        self.hits = hits
        let own = hits.flatMap(\.stretches)
        let all = history.stretches.values.joined().map {
            PublicIncident.Stretch(level: $0.level, begin: $0.begin, end: $0.end)
        }
        harm = own.isEmpty ? Array(all) : own
        present = incident.phase
    }

    /// How far it is.
    var presentStatus: PublicIncidentStatus {
        Self.status(present, isBack: harm.allSatisfy { $0.end != nil })
    }

    /// - Parameter entry: What is told by it. Of the same moment, what was recorded before it counts.
    func status(at moment: Timestamp, before entry: Int) -> PublicIncidentStatus {
        let phase = phases.last { ($0.at, $0.entry) < (moment, entry) }?.phase ?? .detect
        return Self.status(phase, isBack: !harm.contains { $0.holds(at: moment) })
    }

    func levels(at moment: Timestamp) -> [String: ImpactLevel] {
        Dictionary(hits.map { ($0.component, $0.level(at: moment)) }) { first, _ in first }
    }

    /// When the last of the harm was over; nil while some goes on.
    var backAt: Timestamp? {
        presentStatus == .investigating || presentStatus == .identified || harm.contains { $0.end == nil }
            ? nil : harm.compactMap(\.end).max()
    }

    /// When it entered the review, or was closed.
    var resolvedAt: Timestamp? { phases.last { $0.phase == .review }?.at ?? phases.last { $0.phase == .closed }?.at }

    private static func status(_ phase: Phase, isBack: Bool) -> PublicIncidentStatus {
        switch phase {
        case .detect, .assess: .investigating
        case .mitigate: .identified
        case .restore: isBack ? .monitoring : .identified
        case .review, .closed, .dismissed, .merged: .resolved
        }
    }
}
