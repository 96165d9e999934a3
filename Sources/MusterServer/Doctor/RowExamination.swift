import Logging
import Postgres

extension ExaminedTable {
    /// Every table of which rows are read into memory.
    static let all = [
        RuleStore.examined, SilenceStore.examined, SourceStore.examined, CatalogStore.examined, TokenStore.examined,
        HeartbeatStore.examined, ProbeStore.examined, EndpointStore.examined, ReportBaselineStore.examined,
        MaintenanceStore.examined, OccurrenceStore.examined, HelpBookStore.examined, SubscriptionStore.examined,
        PublicNewsStore.examined,
    ]
}

/// Looks at every row of the tables that are read into memory, whether this release understands it.
struct RowExamination: Sendable {
    let pool: PostgresPool

    /// How many rows of a table are named.
    private static let namedMax = 10

    func unreadable() async throws -> [UnreadableRow] {
        var found: [UnreadableRow] = []
        for table in ExaminedTable.all { found += try await table.unreadable(in: pool) }
        return found
    }

    /// What the doctor says of them.
    func findings() async throws -> [Finding] {
        var findings: [Finding] = []
        for table in ExaminedTable.all {
            let rows = try await table.unreadable(in: pool)
            findings += rows.prefix(Self.namedMax).map { row in
                .warning(
                    "rows.\(table.name)", "\(row.key) cannot be read and is ignored: \(row.reason)",
                    table.remedy(row.key))
            }
            if rows.count > Self.namedMax {
                findings.append(
                    .warning(
                        "rows.\(table.name)", "\(rows.count - Self.namedMax) more rows cannot be read",
                        "fix these first, then run doctor again"))
            }
        }
        return findings.isEmpty ? [.ok("rows", "all rows that are loaded into memory can be read")] : findings
    }
}

/// Looks at all rows now and then, also at those that nobody happens to ask for, so that the metric says how it is: what was
/// put right or removed by another daemon counts no more.
struct RowExaminationRunner: PeriodicRunner {
    static let name = "rows"
    static let failure = "cannot check stored rows"

    let examination: RowExamination
    let logger: Logger
    var interval: Duration = .seconds(600)

    func pass() async throws {
        try await look()
    }

    func look() async throws {
        examination.pool.unreadable.replace(
            by: try await examination.unreadable(), of: Set(ExaminedTable.all.map(\.name)))
    }
}
