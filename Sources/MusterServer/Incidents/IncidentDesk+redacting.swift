import FoundationEssentials
import IncidentDomain
import Postgres

extension IncidentDesk {
    /// Takes what people typed out of one timeline entry, out of the incident, out of the revisions of its review, the alerts
    /// and the notices that say the same, and out of the incidents that it was merged with. The entries, their places in the
    /// chain and what the rules need of them stay.
    func redact(_ sequence: Int, of number: Int, reason: String, _ context: CommandContext) async throws -> Outcome {
        try await inOneTransaction(on: number, context) { transaction in
            try await redactOnce(sequence, of: number, reason: reason, context, in: transaction)
        }
    }

    private func redactOnce(
        _ sequence: Int, of number: Int, reason: String, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> Outcome {
        // Who may not is refused before anything is held or read.
        let seen = try await incidents.load(number, in: transaction)
        guard let before = seen.row else { throw Self.missing(number) }
        let command = IncidentCommand.redact(sequence: sequence, reason: reason, replacementDigest: "")
        _ = try Incident.decide(
            command, on: before.incident, facts: try await facts(command, context, seen, in: transaction))
        // Held in the order of their numbers, as merges hold theirs.
        var held: [Int: IncidentStore.Loaded] = [:]
        for merged in try await timeline.merged(with: number, in: transaction).sorted() {
            held[merged] = try await incidents.load(merged, hold: .lock, in: transaction)
        }
        // A merge that held them first may have joined more to them.
        guard Set(try await timeline.merged(with: number, in: transaction)) == Set(held.keys) else { throw LostRace() }
        guard let loaded = held.removeValue(forKey: number), let row = loaded.row else { throw Self.missing(number) }
        try context.ifMatch.require(row.incident.version)
        let entries = try await timeline.all(of: number, in: transaction)
        let target = entries.first { $0.recorded.sequence == sequence }
        let facts = try await facts(command, context, loaded, in: transaction)
        let parts = try await WorkerPool.run { try target.map { try Self.redactions(for: $0, among: entries) } ?? [] }
        guard let target, !target.isRedacted || parts.contains(where: { $0.sequence == sequence && $0.isChange }) else {
            // What is redacted already stays.
            return Outcome(
                incident: row.incident, representation: IncidentRepresentation.bytes(of: row.incident, policy: policy))
        }
        let texts = try RedactedTexts(of: target.recorded.event)
        let replacing = Replacing(row: row, entries: entries, parts: parts, texts: texts, sequence: sequence)
        let change = try await replace(replacing, context, facts, in: transaction) { part in
            part.sequence == sequence ? reason : "it said the same as entry \(sequence)"
        }
        try await redactAlerts(of: target.recorded.event, number, in: transaction)
        if let added = target.recorded.event.as(AttachmentAdded.self) {
            try await AttachmentStore().delete(added.number, of: number, in: transaction)
        }
        var later = context
        (later.occurredAt, later.precision) = (nil, nil)  // The others may have begun after it.
        for (merged, loaded) in held.sorted(by: { $0.key < $1.key }) {
            guard let row = loaded.row else { continue }
            let entries = try await timeline.all(of: merged, in: transaction)
            let parts = try await WorkerPool.run {
                try entries.compactMap { entry in
                    let left = texts.takenOutElsewhere(of: entry.recorded, redacting: target.recorded)
                    return try Replacement(entry, left)
                }
            }
            let replacing = Replacing(row: row, entries: entries, parts: parts, texts: texts, sequence: nil)
            let facts = try await self.facts(command, later, loaded, in: transaction)
            _ = try await replace(replacing, later, facts, in: transaction) { _ in
                "it said the same as entry \(sequence) of INC-\(number)"
            }
            try await AlertStore.redact([], titled: texts.texts, of: merged, in: transaction)
        }
        return Self.outcome(change)
    }

    /// What comes into the place of an entry.
    private struct Replacement: Sendable {
        let sequence: Int
        let event: IncidentEvent
        let payload: [UInt8]
        /// Whether it says less than what is there.
        let isChange: Bool

        init?(_ entry: TimelineEntry, _ redacted: IncidentEvent?) throws {
            guard let redacted else { return nil }
            sequence = entry.recorded.sequence
            event = redacted
            payload = try EventCodec.encode(redacted).payload
            isChange = redacted != entry.recorded.event
        }
    }

    /// What is replaced in one incident.
    private struct Replacing {
        let row: IncidentStore.Row
        let entries: [TimelineEntry]
        let parts: [Replacement]
        let texts: RedactedTexts
        /// The entry that was asked for; nil in an incident that only says the same.
        let sequence: Int?
    }

    /// The entry itself, and every other one that quotes it.
    private static func redactions(for target: TimelineEntry, among entries: [TimelineEntry]) throws -> [Replacement] {
        let texts = try RedactedTexts(of: target.recorded.event)
        return try entries.compactMap { entry in
            let event = entry.recorded.event
            let isTarget = entry.recorded.sequence == target.recorded.sequence
            return try Replacement(entry, isTarget ? event.redacted : texts.takenOut(of: event))
        }
    }

    /// Writes the entries anew, tells it in the timeline, and replays the incident from what is left.
    private func replace(
        _ replacing: Replacing, _ context: CommandContext, _ facts: DecisionFacts, in transaction: PostgresTransaction,
        why: (Replacement) -> String
    ) async throws -> IncidentChange {
        let row = replacing.row
        let number = row.incident.number
        var events: [any TimelineEvent] = []
        for part in replacing.parts {
            let digest = HashChain.hex(OpenSSL.sha256(part.payload))
            let command = IncidentCommand.redact(
                sequence: part.sequence, reason: why(part), replacementDigest: digest)
            events += try Incident.decide(command, on: row.incident, facts: facts)
            try await timeline.redact(part.sequence, of: number, replacement: part.payload, in: transaction)
        }
        try await NoticeStore.redact(replacing.texts, replacing.sequence, of: number, in: transaction)
        _ = try await transaction.query(IdempotencyStore.forget(number))
        let redacted = Dictionary(uniqueKeysWithValues: replacing.parts.map { ($0.sequence, $0.event) })
        let replayed = replacing.entries.reduce(Incident?.none) { incident, entry in
            Incident.evolve(incident, entry.recorded.saying(redacted[entry.recorded.sequence]), number: number)
        }
        guard let replayed else { throw TimelineFault.doesNotOpen(number: number) }
        let change = try change(
            events, IncidentStore.Row(incident: replayed, lastHash: row.lastHash), context, facts)
        if events.isEmpty { return change }
        guard try await incidents.write(change, in: transaction) else { throw LostRace() }
        return change
    }

    private func redactAlerts(of event: IncidentEvent, _ number: Int, in transaction: PostgresTransaction) async throws
    {
        let batch =
            event.as(AlertsAttached.self)?.value ?? event.as(AlertsCleared.self)?.value
            ?? event.as(AlertsMovedIn.self)?.batch ?? event.as(AlertsMovedOut.self)?.batch
        let ids = batch?.alerts.compactMap { UUID(uuidString: $0.id) } ?? []
        let texts = try RedactedTexts(of: event).texts
        guard !ids.isEmpty || !texts.isEmpty else { return }
        try await AlertStore.redact(ids, titled: texts, of: number, in: transaction)
    }
}

extension RecordedEvent {
    /// The same place in the timeline, with another event where there is one.
    fileprivate func saying(_ other: IncidentEvent?) -> RecordedEvent {
        guard let event = other else { return self }
        return RecordedEvent(
            sequence: sequence, event: event, actor: actor, occurredAt: occurredAt, recordedAt: recordedAt)
    }
}
