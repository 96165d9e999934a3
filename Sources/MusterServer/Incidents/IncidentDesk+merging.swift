import FoundationEssentials
import IncidentDomain
import Postgres

extension IncidentDesk {
    /// One incident goes on as another: both timelines, the alerts and their groups change in one transaction.
    func merge(_ number: Int, into target: Int, reason: String?, _ context: CommandContext) async throws -> Outcome {
        try await inOneTransaction(on: number, context) { transaction in
            try await mergeOnce(number, into: target, reason: reason, context, in: transaction)
        }
    }

    /// A merged incident goes on by itself again, with the alerts that it brought; 409 when the other one is closed.
    func unmerge(_ number: Int, reason: String, _ context: CommandContext) async throws -> Outcome {
        try await inOneTransaction(on: number, context) { transaction in
            try await unmergeOnce(number, reason: reason, context, in: transaction)
        }
    }

    /// Two incidents, held. Always in the order of their numbers, so that two merges the other way round cannot wait for each
    /// other.
    private func hold(
        _ number: Int, and other: Int, in transaction: PostgresTransaction
    ) async throws -> (IncidentStore.Loaded, IncidentStore.Loaded) {
        let first = try await incidents.load(min(number, other), hold: .lock, in: transaction)
        let second = try await incidents.load(max(number, other), hold: .lock, in: transaction)
        return number <= other ? (first, second) : (second, first)
    }

    private func mergeOnce(
        _ number: Int, into target: Int, reason: String?, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> Outcome {
        let (loaded, other) = try await hold(number, and: target, in: transaction)
        guard let row = loaded.row else { throw Self.missing(number) }
        try context.ifMatch.require(row.incident.version)
        let outcome = try await apply(
            .merge(into: target, reason: reason), to: row, context, loaded: loaded, in: transaction)
        guard outcome.firstEntry != nil else { return outcome }
        guard let targetRow = other.row else {
            throw IncidentRefusal.badValue(field: "/into", detail: "No incident INC-\(target).")
        }
        var later = context
        (later.occurredAt, later.precision) = (nil, nil)  // The target may have begun after what is merged into it.
        let written = try await timeline.all(
            of: number, kinds: [NoteAdded.kind, FactAdded.kind, CauseStated.kind], in: transaction)
        let notes = BroughtNote.all(of: written.map(\.recorded), in: row.incident)
        _ = try await apply(.absorb(row.incident, notes: notes), to: targetRow, later, loaded: other, in: transaction)
        try await AlertStore.move(from: number, to: target, in: transaction)
        return outcome
    }

    private func unmergeOnce(
        _ number: Int, reason: String, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> Outcome {
        let seen = try await incidents.load(number, in: transaction)
        guard let before = seen.row else { throw Self.missing(number) }
        // What is not merged is refused, or is by itself already.
        guard let target = before.incident.mergedInto else {
            try context.ifMatch.require(before.incident.version)
            return try await apply(
                .unmerge(from: before.incident, MovedAlerts(), reason: reason), to: before, context, loaded: seen,
                in: transaction)
        }
        let (loaded, other) = try await hold(number, and: target, in: transaction)
        guard let row = loaded.row, let targetRow = other.row else { throw Self.missing(number) }
        guard row.incident.mergedInto == target else { throw LostRace() }
        try context.ifMatch.require(row.incident.version)
        let alerts = try await AlertStore.moveBack(from: target, to: number, in: transaction)
        var later = context
        (later.occurredAt, later.precision) = (nil, nil)
        _ = try await apply(
            .separate(from: row.incident, alerts, reason: reason), to: targetRow, later, loaded: other, in: transaction)
        return try await apply(
            .unmerge(from: targetRow.incident, alerts, reason: reason), to: row, context, loaded: loaded,
            in: transaction)
    }
}

/// What still fires of an incident that was ended or goes on again, and what will happen to it.
struct FiringAlerts: JSONWritable, Sendable {
    struct Alert: Sendable {
        let id: UUID
        let title: String
        let component: String?
        let startsAt: Timestamp
    }

    /// The oldest, at most `AlertStore.firingShown`.
    let alerts: [Alert]
    let count: Int
    let outlook: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("count", count)
            json.array("alerts", alerts) { json, alert in
                json.object { json in
                    json.member("id", alert.id.text)
                    json.member("title", alert.title)
                    json.member("component", alert.component)
                    json.member("starts_at", alert.startsAt)
                }
            }
            json.member("what_happens", outlook)
        }
    }
}

extension IncidentDesk {
    /// The representation of an incident, with what still fires of it.
    func withFiring(_ outcome: Outcome) async throws -> [UInt8] {
        let incident = outcome.incident
        let target = incident.mergedInto
        let (alerts, count) = try await AlertStore.firing(
            of: target ?? incident.number, from: target.map { _ in incident.number }, in: pool)
        let firing = FiringAlerts(alerts: alerts, count: count, outlook: Self.outlook(of: incident, count))
        var json = JSONWriter(capacity: 512)
        json.value(firing)
        return outcome.representation.dropLast() + Array(#","still_firing":"#.utf8) + json.bytes + [UInt8(ascii: "}")]
    }

    private static func outlook(of incident: Incident, _ count: Int) -> String {
        if let target = incident.mergedInto {
            return "They belong to INC-\(target), with all that fires in their groups."
        }
        guard incident.phase == .dismissed else {
            return count == 0
                ? "Nothing fires. New alerts of its groups join it."
                : "They belong to INC-\(incident.number) and keep it from review until they end. New alerts of its groups join it."
        }
        return
            "A repeat of the same firing opens nothing. When one fires anew, it opens an incident or joins an open one. "
            + "POST /v1/incidents/\(incident.number)/reopen undoes the dismissal."
    }
}
