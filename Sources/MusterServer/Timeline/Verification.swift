import IncidentDomain
import Postgres

/// What `musterd verify` found.
struct VerifyReport: Sendable {
    var incidents = 0
    var entries = 0
    /// How many rows a release wrote that kept less: their states cannot be compared, and are made anew by a running daemon.
    var olderForms = 0
    /// Each a sentence that names the incident and, where there is one, the entry.
    var differences: [String] = []
}

/// Checks every timeline against its chain, and every incident's row against its timeline.
struct Verification: Sendable {
    let pool: PostgresPool
    /// What rows that were written under another policy show is not compared.
    var policy = PhasePolicy()

    private static let batchRows = 200

    /// - Parameter progress: Told after each batch how many incidents were checked.
    func run(progress: (Int) -> Void = { _ in }) async throws -> VerifyReport {
        var report = VerifyReport()
        var last = 0
        while true {
            let rows = try await VerificationStore(pool: pool).rows(after: last, limit: Self.batchRows)
            for row in rows {
                last = row.number
                try await check(row, &report)
            }
            guard !rows.isEmpty else { return report }
            progress(report.incidents)
        }
    }

    private func check(_ row: VerificationStore.Row, _ report: inout VerifyReport) async throws {
        let number = row.number
        report.incidents += 1
        let entries: [TimelineEntry]
        do {
            entries = try await TimelineStore().all(of: number, in: pool)
        } catch let unreadable as EventCodec.Unreadable {
            report.differences.append("INC-\(number): \(unreadable)")
            return
        }
        report.entries += entries.count
        // Somebody may have changed the incident between the two reads; then its timeline is the longer one.
        let known = entries.prefix(row.version)
        report.differences += TimelineCheck(number: number, entries: entries).differences().map {
            "INC-\(number): \($0)"
        }
        let replayed = known.reduce(Incident?.none) { Incident.evolve($0, $1.recorded, number: number) }
        let isSince = entries.contains { $0.recorded.sequence > row.version && $0.isRedaction }
        if row.incident.isOfOlderForm {
            report.olderForms += 1
        } else if replayed != row.incident, !isSince {
            report.differences.append("INC-\(number): the stored state differs from the replayed timeline")
        }
        if known.last?.hash != row.lastHash {
            report.differences.append("INC-\(number): the stored last hash is not the hash of the newest entry")
        }
        if row.columns != VerificationStore.Columns(of: row.incident) || row.version != row.incident.version {
            report.differences.append("INC-\(number): the stored columns differ from the stored state")
        }
        if let replayed, entries.count == row.version {
            report.differences += try await attachmentDifferences(replayed, entries)
        }
        let shown = IncidentRepresentation.bytes(of: row.incident, policy: policy)
        if row.policy == IncidentRepresentation.stamp(policy), row.representation != shown {
            report.differences.append("INC-\(number): the stored representation differs from the stored state")
        }
    }

    /// The files whose bytes are not those that the timeline has the digest of.
    private func attachmentDifferences(
        _ incident: Incident, _ entries: [TimelineEntry]
    ) async throws -> [String] {
        let number = incident.number
        let kept = Set(incident.keptAttachments.filter { $0.origin == nil }.map(\.number))
        guard !kept.isEmpty else { return [] }
        let stored = try await VerificationStore(pool: pool).attachmentDigests(of: number)
        let differences = entries.compactMap { entry -> String? in
            guard let added = entry.recorded.event.as(AttachmentAdded.self), kept.contains(added.number),
                stored[added.number] != added.digest
            else { return nil }
            let state = stored[added.number] == nil ? "is missing" : "is not the file that was added"
            return "INC-\(number): attachment \(added.number) (entry \(entry.recorded.sequence)) \(state)"
        }
        guard !differences.isEmpty else { return [] }
        // One may have been removed meanwhile; then there is an entry more.
        return try await TimelineStore().all(of: number, in: pool).count == entries.count ? differences : []
    }
}

extension TimelineEntry {
    fileprivate var isRedaction: Bool {
        recorded.event.as(EntryRedacted.self) != nil
    }
}

/// Checks one timeline by itself: no gap, every digest and hash as computed, every redaction as it was announced.
struct TimelineCheck {
    let number: Int
    let entries: [TimelineEntry]

    func differences() -> [String] {
        var found: [String] = []
        var previous = HashChain.start
        let announced = announcedReplacements
        for (index, entry) in entries.enumerated() {
            let sequence = entry.recorded.sequence
            if sequence != index + 1 { found.append("entry \(index + 1) is missing (\(sequence) follows)") }
            if let salt = entry.salt {
                if NewTimelineEntry.digest(salt: salt, payload: entry.stored.payload) != entry.payloadDigest {
                    found.append("entry \(sequence) has a payload that does not match its digest")
                }
            } else if announced[sequence] != HashChain.hex(OpenSSL.sha256(entry.stored.payload)) {
                found.append("entry \(sequence) has a replacement that does not match its redaction")
            }
            let hash = NewTimelineEntry.hash(
                entry.recorded, entry.stored, number: number, after: previous, payloadDigest: entry.payloadDigest)
            if hash != entry.hash { found.append("entry \(sequence) breaks the hash chain") }
            previous = entry.hash
        }
        return found
    }

    /// What each redacted entry was replaced by, from the entries that redacted them; the last one counts, since an entry can be
    /// redacted again of what it quotes.
    private var announcedReplacements: [Int: String] {
        var replacements: [Int: String] = [:]
        for entry in entries {
            guard let redaction = entry.recorded.event.as(EntryRedacted.self) else { continue }
            replacements[redaction.sequence] = redaction.replacementDigest
        }
        return replacements
    }
}
