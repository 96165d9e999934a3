import IncidentDomain
import Postgres

/// Puts the review of an incident together from its timeline, and takes what people make of it back into the timeline.
struct ReviewDesk: Sendable {
    let desk: IncidentDesk
    let pool: PostgresPool
    let timeline = TimelineStore()

    private static let attemptsMax = 5

    /// A review as it is now, and the version of the incident that it was read from.
    struct Read: Sendable {
        let document: ReviewDocument
        let incident: Incident
        /// The sections that people wrote, as the newest revision has them.
        let edited: [EditedSection]
    }

    /// The review of an incident; generated whole while nobody has started one.
    func read(_ number: Int) async throws -> Read {
        let entries = try await timeline.all(of: number, in: pool)
        let incident = entries.reduce(Incident?.none) { Incident.evolve($0, $1.recorded, number: number) }
        guard let incident else { throw IncidentDesk.missing(number) }
        let loaded = try await desk.incidents.load(nil, in: pool)
        let document = ReviewDraft.make(
            for: incident, timeline: entries.map(\.recorded),
            graph: try await desk.catalog.graph(version: loaded.catalogVersion), policy: desk.policy, now: loaded.now)
        return Read(document: document, incident: incident, edited: Self.edited(in: entries))
    }

    /// Starts the review; a repeat changes nothing.
    func start(_ number: Int, _ context: CommandContext) async throws -> IncidentDesk.Outcome {
        try await desk.handle(.draftReview, on: number, context)
    }

    /// Makes a revision: the given sections take the place of those of the same id, the other written ones stay.
    func revise(
        _ number: Int, sections: [EditedSection], status: ReviewStatus, _ context: CommandContext
    ) async throws -> IncidentDesk.Outcome {
        try await onCurrent(number, context) { read in
            var whole = read.edited
            for section in sections {
                if let index = whole.firstIndex(where: { $0.id == section.id }) {
                    whole[index] = section
                } else {
                    whole.append(section)
                }
            }
            return .reviseReview(sections: whole, status: status)
        }
    }

    /// Approves the document as it stands: from then on it says what it said.
    func approve(_ number: Int, _ context: CommandContext) async throws -> IncidentDesk.Outcome {
        try await onCurrent(number, context) { .approveReview(sections: $0.document.currentSections) }
    }

    /// Carries out a command that was made from what was read, only if that still is what is there; else reads again.
    private func onCurrent(
        _ number: Int, _ context: CommandContext, _ command: (Read) -> IncidentCommand
    ) async throws -> IncidentDesk.Outcome {
        // A repetition of what is done already would not find the version that it names.
        if context.isRepeatable, let done = try await desk.done(context.commandID, on: number) { return done }
        for _ in 0..<Self.attemptsMax {
            let read = try await read(number)
            try context.ifMatch.require(read.incident.version)
            var pinned = context
            pinned.ifMatch = .versions([read.incident.version])
            do {
                return try await desk.handle(command(read), on: number, pinned)
            } catch let problem as Problem where problem.kind == .versionMismatch {
                continue
            }
        }
        throw Problem.later(.overloaded, "INC-\(number) changes too fast just now.", seconds: 1)
    }

    private static func edited(in entries: [TimelineEntry]) -> [EditedSection] {
        for entry in entries.reversed() {
            if case .reviewRevised(let revision) = entry.recorded.event { return revision.sections }
        }
        return []
    }
}
