import IncidentDomain
import Postgres

/// Puts the review of an incident together from its timeline, and takes what people make of it back into the timeline.
struct ReviewDesk: Sendable {
    let desk: IncidentDesk
    let pool: PostgresPool
    let templates: ReviewTemplates
    let speeches: ReviewSpeech
    let timeline = TimelineStore()
    private let attachments = AttachmentStore()

    /// A review as it is now, and the incident that it was read from.
    struct Read: Sendable {
        let document: ReviewDocument
        let incident: Incident
    }

    /// A review written down.
    struct Written: Sendable {
        let bytes: [UInt8]
        /// The incident's.
        let version: Int
    }

    private struct Key: Hashable {
        let number: Int
        let version: Int
        let catalog: Int
        let form: ReviewForm
        let isPublic: Bool
        let language: Language
        let zone: String
    }

    private let written = SharedReads<Key, Written>()
    private let shown = SharedReads<Key, Read>()
    /// A long timeline takes eighty megabytes while it is read: so many are read at the same time.
    private let turns = Turns(max: WorkerPool.threads, waitingMax: 64)

    /// - Parameter speeches: In what reviews are written; nil takes English and UTC for those that nobody asked for otherwise.
    init(
        desk: IncidentDesk, pool: PostgresPool, templates: ReviewTemplates = .none, speeches: ReviewSpeech? = nil
    ) {
        self.desk = desk
        self.pool = pool
        self.templates = templates
        self.speeches = speeches ?? ReviewSpeech(pool: pool)
    }

    /// The review of an incident; generated whole while nobody has started one.
    func read(_ number: Int, in manner: ReviewManner = .usual) async throws -> Read {
        let speech = try await speeches.speech(manner)
        return try await read(number, await desk.incidents.load(nil, in: pool), speech, in: pool)
    }

    /// The same for the page on which it is written. Many browsers ask for it at the same moment, and get the same; the others take turns.
    func readShared(_ number: Int) async throws -> Read {
        let speech = try await speeches.speech()
        guard let versions = try await desk.incidents.versions(of: number, in: pool) else {
            throw IncidentDesk.missing(number)
        }
        let key = Key(
            number: number, version: versions.incident, catalog: versions.catalog, form: .json, isPublic: false,
            language: speech.language, zone: speech.zone.name)
        return try await shown.value(key) {
            try await turns.take {
                try await read(number, await desk.incidents.load(nil, in: pool), speech, in: pool)
            }
        }
    }

    /// The review of an incident as a document. Who asks for the same while it is written gets
    /// the same.
    ///
    /// - Throws: `Problem` 404 when there is no such incident, 422 when there is no such time zone, `overloaded` when too many others are
    ///   being written.
    func write(_ number: Int, as form: ReviewForm, in manner: ReviewManner = .usual) async throws -> Written {
        try await write(number, form, manner, isPublic: false) { form.bytes(of: $0, files: $1) }
    }

    /// The public version of it.
    func writePublic(_ number: Int, as form: ReviewForm, in manner: ReviewManner = .usual) async throws -> Written {
        try await write(number, form, manner, isPublic: true) { document, _ in
            PublicReviewPage(document).bytes(as: form)
        }
    }

    private func write(
        _ number: Int, _ form: ReviewForm, _ manner: ReviewManner, isPublic: Bool,
        _ bytes: @escaping @Sendable (ReviewDocument, _ files: [Int: [UInt8]]) -> [UInt8]
    ) async throws -> Written {
        let speech = try await speeches.speech(manner)
        guard let versions = try await desk.incidents.versions(of: number, in: pool) else {
            throw IncidentDesk.missing(number)
        }
        let key = Key(
            number: number, version: versions.incident, catalog: versions.catalog, form: form, isPublic: isPublic,
            language: speech.language, zone: speech.zone.name)
        return try await written.value(key) {
            try await turns.take {
                let isPage = form == .html && !isPublic
                let read = try await read(
                    number, await desk.incidents.load(nil, in: pool), speech, isPage: isPage, in: pool)
                let files = isPage ? try await files(of: read.incident) : [:]
                return try await WorkerPool.run {
                    Written(bytes: bytes(read.document, files), version: read.incident.version)
                }
            }
        }
    }

    /// What a page has in it of the attachments, by their numbers.
    private func files(of incident: Incident) async throws -> [Int: [UInt8]] {
        var files: [Int: [UInt8]] = [:]
        for attachment in AttachmentFigure.fitting(incident.keptAttachments) {
            files[attachment.number] = try await attachments.bytes(of: attachment, of: incident.number, in: pool)
        }
        return files
    }

    /// Replaying and putting together is left to `WorkerPool`: a long timeline takes longer than a loop may be held.
    private func read(
        _ number: Int, _ loaded: IncidentStore.Loaded, _ speech: Speech, isPage: Bool = false, in runner: some SQLRunner
    ) async throws -> Read {
        let entries = try await timeline.all(of: number, in: runner)
        let graph = try await graph(of: entries.map(\.recorded), loaded, in: runner)
        let (policy, templates) = (desk.policy, templates)
        let usual = try await speeches.speech()
        return try await WorkerPool.run {
            let incident = entries.reduce(Incident?.none) { Incident.evolve($0, $1.recorded, number: number) }
            guard let incident else { throw IncidentDesk.missing(number) }
            let document = ReviewDraft.make(
                for: incident, timeline: entries.map(\.recorded), graph: graph, policy: policy,
                template: templates.template(for: incident, in: speech), now: loaded.now, in: speech, usual: usual,
                withWholeTimeline: isPage)
            return Read(document: document, incident: incident)
        }
    }

    /// The ids of the sections that the template of an incident's review has; none where it is ours.
    ///
    /// - Throws: `Problem` 404 when there is no such incident.
    func templateSections(of number: Int) async throws -> [String] {
        let incident = try await desk.current(number).incident
        return templates.template(for: incident)?.sections.map(\.id) ?? []
    }

    /// The revisions of an incident's review, the oldest first; none while nobody has started it.
    ///
    /// - Throws: `Problem` 404 when there is no such incident, `overloaded` when too many reviews are being read.
    func revisions(of number: Int) async throws -> [ReviewRevision] {
        guard try await desk.incidents.versions(of: number, in: pool) != nil else { throw IncidentDesk.missing(number) }
        return try await turns.take {
            let entries = try await timeline.all(of: number, in: pool)
            return try await WorkerPool.run { ReviewRevision.all(of: entries.map(\.recorded)) }
        }
    }

    /// The catalog as it was when something of the impacts and of restoring was recorded last: names, tiers and dependencies are those
    /// of the incident, whatever becomes of the catalog afterwards. What came into it later is there as it is now.
    private func graph(
        of timeline: [RecordedEvent], _ loaded: IncidentStore.Loaded, in runner: some SQLRunner
    ) async throws -> DependencyGraph {
        let current = try await desk.catalog.graph(version: loaded.catalogVersion)
        // Leaving restoring, or closing, says nothing more of components.
        let last = timeline.last { recorded in
            let entered = recorded.event.as(PhaseEntered.self)?.phase
            return recorded.event.payload.concernsRestoration && entered != .review && entered != .closed
        }
        guard let last = last?.recordedAt else { return current }
        let changed = try await CatalogHistoryStore.componentsChanged(since: last, in: runner)
        guard !changed.isEmpty else { return current }
        let before = Dictionary(changed.map { ($0.slug, $0) }) { first, _ in first }
        return DependencyGraph(Array(current.components.merging(before) { _, then in then }.values))
    }

    /// Starts the review; a repeat changes nothing.
    func start(_ number: Int, _ context: CommandContext) async throws -> IncidentDesk.Outcome {
        try await desk.handle(.draftReview, on: number, context)
    }

    /// Makes a revision: the given sections take the place of those of the same id, of the dropped ones what was written counts no
    /// more, the other written ones stay. Only what changed
    /// is stored, so that any number of people may write at once: each revision is decided on what the one before left.
    func revise(
        _ number: Int, sections: [EditedSection], dropped: [String] = [], status: ReviewStatus?,
        layout: ReviewLayout = ReviewLayout(), _ context: CommandContext
    ) async throws -> IncidentDesk.Outcome {
        try await desk.handle(
            .reviseReview(sections: sections, status: status, layout: layout, dropped: dropped), on: number, context)
    }

    /// Approves the document as it stands: from then on it says what it said.
    func approve(_ number: Int, _ context: CommandContext) async throws -> IncidentDesk.Outcome {
        try await approve(number, context) {
            .approveReview(sections: $0.currentSections, unwritten: $0.unwritten)
        }
    }

    /// Approves the public version as it stands: what it says is kept.
    func approvePublic(_ number: Int, _ context: CommandContext) async throws -> IncidentDesk.Outcome {
        try await approve(number, context) { document in
            let page = PublicReviewPage(document, approved: false)
            return .approvePublicReview(sections: page.texts, title: page.title)
        }
    }

    private func approve(
        _ number: Int, _ context: CommandContext, _ command: @escaping @Sendable (ReviewDocument) -> IncidentCommand
    ) async throws -> IncidentDesk.Outcome {
        let speech = try await speeches.speech()
        return try await desk.holding(number, context) { row, loaded, transaction in
            let read = try await read(number, loaded, speech, in: transaction)
            let wanted = try await WorkerPool.run { command(read.document) }
            return try await desk.apply(wanted, to: row, context, loaded: loaded, in: transaction)
        }
    }
}
