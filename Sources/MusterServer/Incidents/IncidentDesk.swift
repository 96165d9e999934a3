import FoundationEssentials
import IncidentDomain
import Logging
import Postgres

/// The one door by which an incident changes: its events and its row commit together or not at all.
///
/// Nothing is locked while deciding. The write compares the version that was loaded with the one that is stored; when
/// somebody was faster, the command is decided again on what is there now. A write whose connection died may have been
/// carried out or not: then the command's id, which every entry carries, tells.
struct IncidentDesk: Sendable {
    let pool: PostgresPool
    let catalog: CatalogCache
    let policy: PhasePolicy
    let soak: SoakPolicy
    /// Told after each commit.
    let feed: FeedSignal
    let incidents = IncidentStore()
    let timeline = TimelineStore()

    /// How often a decision is made again without a lock; after that the row is locked, so that nobody waits for ever.
    private static let optimisticAttempts = 4
    private static let attemptsMax = 8

    /// An incident as it stands after a command, ready to be answered.
    struct Outcome: Sendable {
        let incident: Incident
        let representation: [UInt8]
        /// Whether the command opened it.
        var isNew = false
        /// The first timeline entry that the command appended; nil when what was asked already held.
        var firstEntry: RecordedEvent?
    }

    /// Carries out a command on an incident.
    ///
    /// - Throws: `Problem` when a rule says no or `If-Match` does not hold, else a fault.
    func handle(_ command: IncidentCommand, on number: Int, _ context: CommandContext) async throws -> Outcome {
        try await repeating(context, on: number) { mayBeDone, attempt in
            if mayBeDone, let done = try await done(context.commandID, on: number) { return done }
            let outcome =
                if attempt < Self.optimisticAttempts {
                    try await attemptOnce(command, on: number, context, hold: .version, in: pool)
                } else {
                    try await pool.transaction { transaction in
                        try await attemptOnce(command, on: number, context, hold: .lock, in: transaction)
                    }
                }
            if outcome.firstEntry != nil { feed.committed() }
            return outcome
        }
    }

    /// Opens an incident.
    func open(_ opening: OpenIncident, _ context: CommandContext) async throws -> Outcome {
        try await repeating(context) { mayBeDone, _ in
            if mayBeDone, var done = try await done(context.commandID) {
                done.isNew = true
                return done
            }
            let outcome = try await open(opening, context, in: pool)
            feed.committed()
            return outcome
        }
    }

    /// Opens an incident within a transaction, or as one statement of its own. Telling the feed's readers is left to the
    /// caller, who knows when it is committed.
    func open(_ opening: OpenIncident, _ context: CommandContext, in runner: some SQLRunner) async throws -> Outcome {
        let loaded = try await incidents.load(nil, in: runner)
        let facts = try await facts(.open(opening), context, loaded, in: runner)
        let events = try Incident.decide(.open(opening), on: nil, facts: facts)
        let number = try await incidents.nextNumber(in: runner)
        let change = try IncidentChange.make(
            events, on: nil, lastHash: HashChain.start, number: number, context: context, facts: facts)
        _ = try await incidents.write(change, in: runner)
        var outcome = Self.outcome(change)
        outcome.isNew = true
        return outcome
    }

    /// Decides on a row that is already loaded and held, and writes the change: for what changes several things in one
    /// transaction. The command's refusals are thrown as they are.
    func apply(
        _ command: IncidentCommand, to row: IncidentStore.Row, _ context: CommandContext, loaded: IncidentStore.Loaded,
        in transaction: PostgresTransaction
    ) async throws -> Outcome {
        let facts = try await facts(command, context, loaded, in: transaction)
        let events = try Incident.decide(command, on: row.incident, facts: facts)
        guard !events.isEmpty else { return unchanged(row.incident) }
        let change = try change(events, row, context, facts)
        guard try await incidents.write(change, in: transaction) else { throw LostRace() }
        return Self.outcome(change)
    }

    /// An incident as it stands.
    ///
    /// - Throws: `IncidentRefusal.notFound`.
    func current(_ number: Int) async throws -> Outcome {
        guard let row = try await incidents.load(number, in: pool).row else { throw Self.missing(number) }
        return unchanged(row.incident)
    }

    static func missing(_ number: Int) -> IncidentRefusal {
        .notFound("There is no incident INC-\(number).")
    }

    func change(
        _ events: [any TimelineEvent], _ row: IncidentStore.Row, _ context: CommandContext, _ facts: DecisionFacts
    ) throws -> IncidentChange {
        try IncidentChange.make(
            events, on: row.incident, lastHash: row.lastHash, number: row.incident.number, context: context,
            facts: facts)
    }

    /// Everything that a decision looks at besides the incident. What past incidents teach is fetched only where a plan
    /// is made of it, and with it, in the same round trip, what probes say, where a component can become restored.
    func facts(
        _ command: IncidentCommand, _ context: CommandContext, _ loaded: IncidentStore.Loaded, in runner: some SQLRunner
    ) async throws -> DecisionFacts {
        var measured = MeasuredDurations.none
        var probes = ProbeFacts.none
        var occurredAt = context.occurredAt
        if let incident = loaded.row?.incident, command.plansRestoration(of: incident) {
            let components = command.componentsToPlan(of: incident)
            (measured, probes) = try await measure(components, withProbes: command.asksProbes, in: runner)
            // It happens when the soak ended, or when the last of its probes passed: not when somebody looked.
            if case .deadlinePassed = command, let moment = incident.nextRestoration(probes), moment <= loaded.now {
                occurredAt = moment
            }
        }
        return DecisionFacts(
            principal: context.principal, now: loaded.now, occurredAt: occurredAt, policy: policy,
            graph: try await catalog.graph(version: loaded.catalogVersion), soak: soak, measured: measured,
            probes: probes, timelineBytes: loaded.row?.timelineBytes ?? 0)
    }

    /// What past incidents and probes say of components, in one round trip.
    private func measure(
        _ components: [String], withProbes: Bool, in runner: some SQLRunner
    ) async throws -> (MeasuredDurations, ProbeFacts) {
        guard !components.isEmpty else { return (.none, .none) }
        let probes = withProbes ? [ProbeStore.facts(of: components)] : []
        let results = try await runner.pipeline([DurationStore.measured(components)] + probes)
        return (
            try DurationStore.measured(results[0]), withProbes ? try ProbeStore.facts(results[1]) : .none
        )
    }

    /// An incident with its plan as of now, the graph that it was made in, and what probes say of its components.
    ///
    /// - Throws: `IncidentRefusal.notFound`.
    func plan(
        of number: Int
    ) async throws -> (incident: Incident, plan: RestorationPlan, graph: DependencyGraph, probes: ProbeFacts) {
        let loaded = try await incidents.load(number, in: pool)
        guard let incident = loaded.row?.incident else { throw Self.missing(number) }
        let graph = try await catalog.graph(version: loaded.catalogVersion)
        let (measured, probes) = try await measure(incident.steps.map(\.component), withProbes: true, in: pool)
        let plan = RestorationPlan.make(
            for: incident, in: graph, soak: soak, measured: measured, now: loaded.now,
            order: incident.restorationOrder ?? [])
        return (incident, plan, graph, probes)
    }

    private func attemptOnce(
        _ command: IncidentCommand, on number: Int, _ context: CommandContext, hold: IncidentStore.Hold,
        in runner: some SQLRunner
    ) async throws -> Outcome {
        let loaded = try await incidents.load(number, hold: hold, in: runner)
        guard let row = loaded.row else { throw Self.missing(number) }
        try context.ifMatch.require(row.incident.version)
        let facts = try await facts(command, context, loaded, in: runner)
        let events = try Incident.decide(command, on: row.incident, facts: facts)
        guard !events.isEmpty else { return unchanged(row.incident) }
        let change = try change(events, row, context, facts)
        guard try await incidents.write(change, in: runner) else { throw LostRace() }
        return Self.outcome(change)
    }

    /// What a command that was already carried out left: the incident as it stands, and the first entry of the command.
    /// Nil when it was not carried out.
    func done(_ commandID: UUID, on number: Int? = nil) async throws -> Outcome? {
        guard let entry = try await timeline.firstEntry(of: commandID, on: number, in: pool) else { return nil }
        var outcome = try await current(entry.incident)
        outcome.firstEntry = entry.recorded
        return outcome
    }

    /// Makes a new attempt when somebody else was faster, and when an attempt's outcome is unknown.
    func repeating<Result>(
        _ context: CommandContext, on number: Int? = nil,
        _ attempt: (_ mayBeDone: Bool, _ number: Int) async throws -> Result
    ) async throws -> Result {
        var mayBeDone = context.isRepeatable
        for made in 0..<Self.attemptsMax {
            do {
                return try await attempt(mayBeDone, made)
            } catch is LostRace {
                continue
            } catch let refusal as IncidentRefusal {
                guard let number else { throw refusal }
                throw Problem(refusal, on: number)
            } catch let error as PostgresError {
                guard made + 1 < Self.attemptsMax else { throw error }
                switch error {
                case .connectionLost: mayBeDone = true
                // An earlier attempt, thought dead, has opened it meanwhile.
                case .server(let server) where server.constraint == TimelineStore.openingConstraint: mayBeDone = true
                case .server(let server) where server.sqlState == "40P01" || server.sqlState == "40001": continue
                default: throw error
                }
            }
        }
        throw PostgresError.overloaded
    }

    private func unchanged(_ incident: Incident) -> Outcome {
        Outcome(incident: incident, representation: IncidentRepresentation.bytes(of: incident, policy: policy))
    }

    static func outcome(_ change: IncidentChange) -> Outcome {
        Outcome(
            incident: change.after, representation: Array(change.representation.utf8),
            firstEntry: change.entries.first?.recorded)
    }
}

/// Somebody else changed the incident between loading and writing.
struct LostRace: Error {}
