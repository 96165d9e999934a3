import FoundationEssentials
import IncidentDomain

/// A decided change, ready to be written: the incident before and after, and its new timeline entries, already chained.
struct IncidentChange: Sendable {
    /// Nil when the change opens the incident.
    let before: Incident?
    let after: Incident
    let entries: [NewTimelineEntry]
    let commandID: UUID
    /// The columns that follow from `after`.
    let state: String
    let representation: String
    let policy: String

    /// Of the payloads that it appends.
    var bytes: Int { entries.reduce(0) { $0 + $1.stored.payload.count } }
    var lastHash: [UInt8] { entries.last?.hash ?? HashChain.start }

    /// Evolves `before` by what was decided, and by what follows from it for the plan of restoration, and chains the entries
    /// to it.
    ///
    /// - Throws: What the codec throws; the timeline's first event has to open the incident.
    static func make(
        _ events: [any TimelineEvent], on before: Incident?, lastHash: [UInt8], number: Int, context: CommandContext,
        facts: DecisionFacts
    ) throws -> IncidentChange {
        let now = facts.now
        let policy = facts.policy
        let recordedAt = max(now, before?.lastRecordedAt ?? now)
        var incident = before
        var hash = lastHash
        var entries: [NewTimelineEntry] = []
        func take(_ event: any TimelineEvent) throws {
            let recorded = RecordedEvent(
                sequence: (incident?.version ?? 0) + 1, event: IncidentEvent(event), actor: context.principal,
                // What happens now is no earlier than what is recorded, whatever server tells the time.
                occurredAt: facts.occurredAt == now ? recordedAt : facts.occurredAt, recordedAt: recordedAt)
            incident = Incident.evolve(incident, recorded, number: number)
            let entry = try NewTimelineEntry(recorded, number: number, after: hash)
            hash = entry.hash
            entries.append(entry)
        }
        for event in events { try take(event) }
        if let revision = incident?.planRevision(after: events, facts) { try take(revision) }
        if let eta = incident?.followedEta { try take(eta) }
        guard let after = incident else { throw TimelineFault.doesNotOpen(number: number) }
        return IncidentChange(
            before: before, after: after, entries: entries, commandID: context.commandID,
            state: try IncidentColumns.state(after),
            representation: String(decoding: IncidentRepresentation.bytes(of: after, policy: policy), as: UTF8.self),
            policy: IncidentRepresentation.stamp(policy))
    }
}

/// Who commands, when, and under which conditions.
struct CommandContext: Sendable {
    let principal: Principal
    /// Marks every entry that the command appends.
    var commandID: UUID
    /// Whether the same command id may come again, as with an `Idempotency-Key`.
    var isRepeatable = false
    /// The versions on which the caller wants it done.
    var ifMatch = IfMatch.absent
    /// When it happened, if not now.
    var occurredAt: Timestamp?
    /// How exactly that is known; nil for exactly.
    var precision: TimePrecision?

    init(
        principal: Principal, commandID: UUID = .random(), isRepeatable: Bool = false,
        ifMatch: IfMatch = .absent, occurredAt: Timestamp? = nil, precision: TimePrecision? = nil
    ) {
        self.principal = principal
        self.commandID = commandID
        self.isRepeatable = isRepeatable
        self.ifMatch = ifMatch
        self.occurredAt = occurredAt
        self.precision = precision
    }
}

/// The timeline in the database is not one that this program wrote.
enum TimelineFault: Error, CustomStringConvertible {
    case doesNotOpen(number: Int)

    var description: String {
        switch self {
        case .doesNotOpen(let number): "the timeline of incident \(number) does not begin with its opening"
        }
    }
}
