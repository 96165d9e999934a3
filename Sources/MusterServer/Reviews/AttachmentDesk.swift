import IncidentDomain
import Postgres

/// Adds files to incidents and takes them away, with their bytes in the same transaction as their entry.
struct AttachmentDesk: Sendable {
    let desk: IncidentDesk
    let pool: PostgresPool
    let store = AttachmentStore()

    /// Of one file.
    static let bytesMax = 5 << 20
    /// Of one image, so that whoever shows it needs no more than some hundred megabytes.
    static let pixelsMax = 40_000_000

    /// So many files are in memory at the same time.
    private static let turns = Turns(max: 4, waitingMax: 32)

    /// What is said of a file that is added.
    struct Description: Sendable {
        let name: String
        let type: AttachmentType
        let caption: String?
    }

    /// An attachment that was added, and the incident's version; nil of one that was added before by the same call and is gone.
    struct Added: Sendable {
        let attachment: Attachment?
        let version: Int
    }

    func add(
        _ bytes: [UInt8], _ described: Description, to number: Int, _ context: CommandContext
    ) async throws -> Added {
        let draft = AttachmentDraft(
            name: described.name, type: described.type, bytes: bytes.count,
            digest: HashChain.hex(OpenSSL.sha256(bytes)), caption: described.caption)
        return try await Self.turns.take {
            let outcome = try await change(.attach(draft), on: number, context) { outcome, transaction in
                guard let added = outcome.incident.attachments?.last else { return }
                try await store.insert(added, bytes, of: number, in: transaction)
            }
            let added = outcome.incident.attachments?.last { attachment in
                outcome.firstEntry.map { attachment.entry == $0.sequence } ?? true
            }
            return Added(attachment: added, version: outcome.incident.version)
        }
    }

    func remove(_ attachment: Int, of number: Int, reason: String?, _ context: CommandContext) async throws {
        _ = try await change(.detach(attachment: attachment, reason: reason), on: number, context) { _, transaction in
            try await store.delete(attachment, of: number, in: transaction)
        }
    }

    /// - Throws: `Problem` 404 when there is no such attachment, or it was removed.
    func read(_ wanted: Int, of number: Int) async throws -> (Attachment, [UInt8]) {
        let incident = try await desk.current(number).incident
        let found = incident.keptAttachments.first { $0.number == wanted }
        return try await Self.turns.take {
            guard let found, let bytes = try await store.bytes(of: found, of: number, in: pool) else {
                throw Problem.notFound("Attachment \(wanted) of INC-\(number)")
            }
            return (found, bytes)
        }
    }

    private func change(
        _ command: IncidentCommand, on number: Int, _ context: CommandContext,
        _ write: (IncidentDesk.Outcome, PostgresTransaction) async throws -> Void
    ) async throws -> IncidentDesk.Outcome {
        try await desk.holding(number, context) { row, loaded, transaction in
            let outcome = try await desk.apply(command, to: row, context, loaded: loaded, in: transaction)
            if outcome.firstEntry != nil { try await write(outcome, transaction) }
            return outcome
        }
    }
}
