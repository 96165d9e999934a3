import FoundationEssentials
import IncidentDomain
import Postgres

extension IncidentDesk {
    /// Takes what people typed out of one timeline entry, out of the incident, out of the revisions of its review and the alerts
    /// that say the same. The entries, their places in the chain and what the rules need of them stay.
    func redact(_ sequence: Int, of number: Int, reason: String, _ context: CommandContext) async throws -> Outcome {
        try await repeating(context, on: number) { mayBeDone, _ in
            if mayBeDone, let done = try await done(context.commandID, on: number) { return done }
            let outcome = try await pool.transaction { transaction in
                try await redactOnce(sequence, of: number, reason: reason, context, in: transaction)
            }
            feed.committed()
            return outcome
        }
    }

    private func redactOnce(
        _ sequence: Int, of number: Int, reason: String, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> Outcome {
        let loaded = try await incidents.load(number, hold: .lock, in: transaction)
        guard let row = loaded.row else { throw Self.missing(number) }
        try context.ifMatch.require(row.incident.version)
        let entries = try await timeline.all(of: number, in: transaction)
        let target = entries.first { $0.recorded.sequence == sequence }
        let facts = try await facts(
            .redact(sequence: sequence, reason: reason, replacementDigest: ""), context, loaded, in: transaction)
        let parts = try await WorkerPool.run { try target.map { try Self.redactions(for: $0, among: entries) } ?? [] }
        var events: [any TimelineEvent] = []
        for part in parts.isEmpty ? [Replacement(sequence: sequence)] : parts {
            let digest = HashChain.hex(OpenSSL.sha256(part.payload))
            let why = part.sequence == sequence ? reason : "it said the same as entry \(sequence)"
            let command = IncidentCommand.redact(sequence: part.sequence, reason: why, replacementDigest: digest)
            events += try Incident.decide(command, on: row.incident, facts: facts)
        }
        guard let target, !target.isRedacted || parts.contains(where: { $0.sequence == sequence && $0.isChange }) else {
            return Outcome(
                incident: row.incident, representation: IncidentRepresentation.bytes(of: row.incident, policy: policy))
        }
        for part in parts {
            try await timeline.redact(part.sequence, of: number, replacement: part.payload, in: transaction)
        }
        try await redactAlerts(of: target.recorded.event, number, in: transaction)
        _ = try await transaction.query(IdempotencyStore.forget(number))
        let redacted = Dictionary(uniqueKeysWithValues: parts.map { ($0.sequence, $0.event) })
        let replayed = entries.reduce(Incident?.none) { incident, entry in
            Incident.evolve(incident, entry.recorded.saying(redacted[entry.recorded.sequence]), number: number)
        }
        guard let replayed else { throw TimelineFault.doesNotOpen(number: number) }
        let change = try change(
            events, IncidentStore.Row(incident: replayed, lastHash: row.lastHash), context, facts)
        guard try await incidents.write(change, in: transaction) else { throw LostRace() }
        return Self.outcome(change)
    }

    /// What comes into the place of an entry.
    private struct Replacement: Sendable {
        let sequence: Int
        var event: IncidentEvent?
        var payload: [UInt8] = []
        /// Whether it says less than what is there.
        var isChange = false
    }

    /// The entry itself, and every other one that quotes it.
    private static func redactions(for target: TimelineEntry, among entries: [TimelineEntry]) throws -> [Replacement] {
        let texts = try RedactedTexts(of: target.recorded.event)
        return try entries.compactMap { entry in
            let event = entry.recorded.event
            let isTarget = entry.recorded.sequence == target.recorded.sequence
            guard let redacted = isTarget ? event.redacted : texts.takenOut(of: event) else { return nil }
            return Replacement(
                sequence: entry.recorded.sequence, event: redacted, payload: try EventCodec.encode(redacted).payload,
                isChange: redacted != event)
        }
    }

    private func redactAlerts(of event: IncidentEvent, _ number: Int, in transaction: PostgresTransaction) async throws
    {
        let batch = event.as(AlertsAttached.self)?.value ?? event.as(AlertsCleared.self)?.value
        let ids = batch?.alerts.compactMap { UUID(uuidString: $0.id) } ?? []
        let texts = try RedactedTexts(of: event).texts
        guard !ids.isEmpty || !texts.isEmpty else { return }
        try await AlertRedactionStore().redact(ids, titled: texts, of: number, in: transaction)
    }
}

extension RecordedEvent {
    /// The same place in the timeline, with another event where there is one.
    fileprivate func saying(_ other: IncidentEvent??) -> RecordedEvent {
        guard let event = other ?? nil else { return self }
        return RecordedEvent(
            sequence: sequence, event: event, actor: actor, occurredAt: occurredAt, recordedAt: recordedAt)
    }
}
