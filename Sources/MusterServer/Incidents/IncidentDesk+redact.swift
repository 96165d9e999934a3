import FoundationEssentials
import IncidentDomain
import Postgres

extension IncidentDesk {
    /// Takes what people typed out of one timeline entry, and out of the incident. The entry, its place in the chain and
    /// what the rules need of it stay.
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
        let replacement = try target.map { try EventCodec.encode($0.recorded.event.redacted).payload }
        let digest = HashChain.hex(OpenSSL.sha256(replacement ?? []))
        let command = IncidentCommand.redact(sequence: sequence, reason: reason, replacementDigest: digest)
        let facts = try await facts(command, context, loaded, in: transaction)
        let events = try Incident.decide(command, on: row.incident, facts: facts)
        guard let target, let replacement, !target.isRedacted else {
            return Outcome(
                incident: row.incident, representation: IncidentRepresentation.bytes(of: row.incident, policy: policy))
        }
        try await timeline.redact(sequence, of: number, replacement: replacement, in: transaction)
        _ = try await transaction.query(IdempotencyStore.forget(number))
        let replayed = entries.reduce(Incident?.none) { incident, entry in
            let isTarget = entry.recorded.sequence == sequence
            return Incident.evolve(incident, isTarget ? entry.recorded.redacted : entry.recorded, number: number)
        }
        guard let replayed else { throw TimelineFault.doesNotOpen(number: number) }
        let change = try change(
            events, IncidentStore.Row(incident: replayed, lastHash: row.lastHash), context, facts)
        guard try await incidents.write(change, in: transaction) else { throw LostRace() }
        return Self.outcome(change)
    }
}

extension RecordedEvent {
    fileprivate var redacted: RecordedEvent {
        RecordedEvent(
            sequence: sequence, event: event.redacted, actor: actor, occurredAt: occurredAt, recordedAt: recordedAt)
    }
}
