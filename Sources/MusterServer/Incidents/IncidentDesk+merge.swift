import IncidentDomain
import Postgres

extension IncidentDesk {
    /// One incident goes on as another: both timelines, the alerts and their groups change in one transaction.
    func merge(_ number: Int, into target: Int, reason: String?, _ context: CommandContext) async throws -> Outcome {
        try await repeating(context, on: number) { mayBeDone, _ in
            if mayBeDone, let done = try await done(context.commandID, on: number) { return done }
            let outcome = try await pool.transaction { transaction in
                try await mergeOnce(number, into: target, reason: reason, context, in: transaction)
            }
            feed.committed()
            return outcome
        }
    }

    private func mergeOnce(
        _ number: Int, into target: Int, reason: String?, _ context: CommandContext, in transaction: PostgresTransaction
    ) async throws -> Outcome {
        // Always in the order of their numbers, so that two merges the other way round cannot wait for each other.
        let first = try await incidents.load(min(number, target), hold: .lock, in: transaction)
        let second = try await incidents.load(max(number, target), hold: .lock, in: transaction)
        let (loaded, other) = number <= target ? (first, second) : (second, first)
        guard let row = loaded.row else { throw Self.missing(number) }
        try context.ifMatch.require(row.incident.version)
        let outcome = try await apply(
            .merge(into: target, reason: reason), to: row, context, loaded: loaded, in: transaction)
        guard outcome.firstEntry != nil else { return outcome }
        guard let targetRow = other.row else {
            throw IncidentRefusal.badValue(field: "/into", detail: "There is no incident INC-\(target).")
        }
        var later = context
        later.occurredAt = nil  // The target may have begun after what is merged into it.
        _ = try await apply(.absorb(row.incident), to: targetRow, later, loaded: other, in: transaction)
        try await AlertStore.move(from: number, to: target, in: transaction)
        return outcome
    }
}
