import FoundationEssentials
import IncidentDomain
import Logging
import Postgres
import Synchronization

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
    /// How restorations are planned.
    var restoration = RestorationPolicy()
    /// Told after each commit.
    let feed: FeedSignal
    /// What is asked of those who keep others informed.
    var updates = UpdatePolicy.none
    /// What becomes of incidents whose alerts have cleared.
    var clearing = ClearingPolicy.keep
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

    /// Carries out what writes more than one row, once however often it is asked.
    func inOneTransaction(
        on number: Int, _ context: CommandContext, _ attempt: (PostgresTransaction) async throws -> Outcome
    ) async throws -> Outcome {
        try await repeating(context, on: number) { mayBeDone, _ in
            if mayBeDone, let done = try await done(context.commandID, on: number) { return done }
            let outcome = try await pool.transaction { transaction in try await attempt(transaction) }
            feed.committed()
            return outcome
        }
    }

    /// The same with one incident held, so that what is written is of what was read.
    func holding(
        _ number: Int, _ context: CommandContext,
        _ attempt: (IncidentStore.Row, IncidentStore.Loaded, PostgresTransaction) async throws -> Outcome
    ) async throws -> Outcome {
        try await inOneTransaction(on: number, context) { transaction in
            let loaded = try await incidents.load(number, hold: .lock, in: transaction)
            guard let row = loaded.row else { throw Self.missing(number) }
            try context.ifMatch.require(row.incident.version)
            return try await attempt(row, loaded, transaction)
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

    /// Writes a row of an older form as its timeline has it. False when there was nothing to do.
    func rebuild(_ number: Int) async throws -> Bool {
        try await pool.transaction { transaction in
            guard let row = try await incidents.load(number, hold: .lock, in: transaction).row, row.isRebuilt else {
                return false
            }
            try await incidents.rewrite(row.incident, policy: policy, in: transaction)
            return true
        }
    }

    static func missing(_ number: Int) -> IncidentRefusal {
        .notFound("No incident INC-\(number).")
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
        var calibration = ForecastCalibration.none
        var others = OtherRestorations.none
        let graph = try await catalog.graph(version: loaded.catalogVersion)
        var occurredAt = context.occurredAt
        if let incident = loaded.row?.incident, command.plansRestoration(of: incident) {
            let components = command.componentsToPlan(of: incident)
            (measured, calibration, others, probes) = try await measure(
                components, of: incident, in: graph, withProbes: command.asksProbes, in: runner)
        }
        // It happens when the soak ended, when the last of its probes passed, or when it was due: not when somebody looked.
        if case .deadlinePassed = command, let moment = loaded.row?.incident.nextOccurrence(probes),
            moment <= loaded.now
        {
            occurredAt = moment
        }
        // What was restored in another incident came back then.
        if case .reviewPlan = command, let moment = loaded.row?.incident.handedOverAt(others), moment <= loaded.now {
            occurredAt = moment
        }
        return DecisionFacts(
            principal: context.principal, now: loaded.now, occurredAt: occurredAt,
            precision: context.precision, policy: policy, graph: graph, soak: soak, measured: measured,
            probes: probes, timelineBytes: loaded.row?.timelineBytes ?? 0, updates: updates,
            waves: restoration.waves, opensAt: restoration.opensAt, calibration: calibration, others: others,
            clearing: clearing)
    }

    /// What past incidents and probes say of components, in one round trip.
    private func measure(
        _ components: [String], of incident: Incident, in graph: DependencyGraph, withProbes: Bool,
        in runner: some SQLRunner
    ) async throws -> (MeasuredDurations, ForecastCalibration, OtherRestorations, ProbeFacts) {
        guard !components.isEmpty else { return (.none, .none, .none, .none) }
        let elsewhere = incident.componentsElsewhere(graph)
        let probes = withProbes ? [ProbeStore.facts(of: components)] : []
        let results = try await runner.pipeline(
            [
                DurationStore.measured(components + elsewhere), DurationStore.calibration,
                IncidentStore.steps(of: elsewhere, except: incident.number),
            ] + probes)
        return (
            try DurationStore.measured(results[0]), try DurationStore.calibration(results[1]),
            try IncidentStore.steps(results[2]), withProbes ? try ProbeStore.facts(results[3]) : .none
        )
    }

    /// An incident with its plan as of now, the graph that it was made in, and what probes say of its components.
    ///
    /// - Parameter question: What should be otherwise than it is.
    /// - Throws: `IncidentRefusal.notFound`; 422 for a question about something else than the incident.
    func plan(
        of number: Int, asked question: RestorationQuestion = .none
    ) async throws -> (incident: Incident, plan: RestorationPlan, graph: DependencyGraph, probes: ProbeFacts) {
        let loaded = try await incidents.load(number, in: pool)
        guard let stored = loaded.row?.incident else { throw Self.missing(number) }
        let graph = try await catalog.graph(version: loaded.catalogVersion)
        let incident = try question.changing(stored, graph, now: loaded.now)
        let (measured, calibration, others, probes) = try await measure(
            incident.steps.map(\.slug), of: incident, in: graph, withProbes: true, in: pool)
        let plan = RestorationPlan.make(
            for: incident, in: graph, soak: soak, waves: restoration.waves, opensAt: restoration.opensAt,
            measured: measured, calibration: calibration, others: others, now: loaded.now,
            order: incident.restorationOrder ?? [])
        return (incident, plan, graph, probes)
    }

    /// An incident as it stands, the catalog, and the database's time.
    ///
    /// - Throws: `IncidentRefusal.notFound`.
    func situation(of number: Int) async throws -> (incident: Incident, graph: DependencyGraph, now: Timestamp) {
        let loaded = try await incidents.load(number, in: pool)
        guard let incident = loaded.row?.incident else { throw Self.missing(number) }
        return (incident, try await catalog.graph(version: loaded.catalogVersion), loaded.now)
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

/// Incidents as this daemon last saw them, so that a command need not fetch and decode again what nobody has changed.
///
/// The hash of an incident's last timeline entry stands for all that went before, so it names the state exactly, whoever
/// wrote it and whatever was restored from a backup: the database sends the state only when its hash is another one.
final class IncidentMemory: Sendable {
    /// A state, and the hash by which the database knows it.
    struct Known: Sendable {
        let incident: Incident
        let lastHash: [UInt8]
        /// Bytes of the stored state: what it costs to remember, roughly.
        let bytes: Int
    }

    /// What was used lately, and what was used before that.
    private struct Generations {
        var young: [Int: Known] = [:]
        var youngBytes = 0
        var old: [Int: Known] = [:]
    }

    private let bytesMax: Int
    private let generations = Mutex(Generations())

    /// - Parameter bytesMax: How much stored state to remember; each of the two generations holds half of it.
    init(bytesMax: Int = 8 << 20) {
        self.bytesMax = bytesMax
    }

    func known(_ number: Int) -> Known? {
        generations.withLock { $0.young[number] ?? $0.old[number] }
    }

    func remember(_ known: Known) {
        // One that is very large would drive out all others.
        guard known.bytes <= bytesMax / 8 else { return }
        generations.withLock { generations in
            let before = generations.young.updateValue(known, forKey: known.incident.number)
            generations.youngBytes += known.bytes - (before?.bytes ?? 0)
            guard generations.youngBytes > bytesMax / 2 else { return }
            generations = Generations(old: generations.young)
        }
    }
}
