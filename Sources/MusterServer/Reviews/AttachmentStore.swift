import FoundationEssentials
import IncidentDomain
import Postgres

/// The bytes of attachments. Everything else about them stands in the timeline and in the incident's row.
struct AttachmentStore: Sendable {
    func insert(
        _ attachment: Attachment, _ bytes: [UInt8], of incident: Int, in transaction: PostgresTransaction
    ) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO attachment (incident, number, type, bytes)
            VALUES (\(incident), \(attachment.number), \(attachment.type.rawValue), \(bytes))
            """)
    }

    func delete(_ number: Int, of incident: Int, in transaction: PostgresTransaction) async throws {
        _ = try await transaction.query(
            "DELETE FROM attachment WHERE incident = \(incident) AND number = \(number)")
    }

    /// The bytes of one; nil when they were taken away.
    func bytes(of attachment: Attachment, of incident: Int, in runner: some SQLRunner) async throws -> [UInt8]? {
        let (incident, number) = Self.place(attachment, incident)
        let rows = try await runner.query(
            "SELECT bytes FROM attachment WHERE incident = \(incident) AND number = \(number)")
        return try rows.first.map { Array(try $0.decode("bytes") as Data) }
    }

    /// Where the bytes are: in the incident to which they were added.
    private static func place(_ attachment: Attachment, _ incident: Int) -> (incident: Int, number: Int) {
        attachment.origin.map { ($0.incident, $0.number) } ?? (incident, attachment.number)
    }
}
