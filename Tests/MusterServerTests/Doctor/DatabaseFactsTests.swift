import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// What the doctor makes of a database.
@Suite(.timeLimit(.minutes(20))) struct DatabaseFactsTests {
    struct Illness: CustomTestStringConvertible, Sendable {
        let check: String
        let level: Finding.Level
        let advice: String
        let cause: @Sendable (inout DatabaseFacts) -> Void
        var testDescription: String { "\(check) \(advice)" }
    }

    private static let illnesses = [
        Illness(check: "database.version", level: .problem, advice: "upgrade") { $0.major = 14 },
        Illness(check: "database.encoding", level: .problem, advice: "createdb") { $0.encoding = "SQL_ASCII" },
        Illness(check: "database.url", level: .problem, advice: "target_session_attrs") { $0.isReadOnly = true },
        Illness(check: "database.fsync", level: .problem, advice: "ALTER SYSTEM") { $0.fsync = "off" },
        Illness(check: "database.full_page_writes", level: .warning, advice: "ALTER SYSTEM") {
            $0.fullPageWrites = "off"
        },
        Illness(check: "database.synchronous_commit", level: .warning, advice: "ALTER ROLE") {
            $0.synchronousCommit = "off"
        },
        Illness(check: "database.connections", level: .warning, advice: "max_connections") {
            $0.connectionsOfOthers = 90
        },
        Illness(check: "database.connections", level: .warning, advice: "CONNECTION LIMIT") {
            $0.connectionsOfRole = 5
        },
        Illness(check: "clock", level: .warning, advice: "NTP") { $0.clockDifferenceSeconds = -1.5 },
        Illness(check: "database.url", level: .warning, advice: "sslmode") { $0.address = "10.1.2.3" },
        Illness(check: "database.privileges", level: .problem, advice: "GRANT USAGE") { $0.schema = nil },
        Illness(check: "database.privileges", level: .problem, advice: "GRANT ALL") {
            $0.forbiddenTables = ["incident"]
        },
        Illness(check: "database.transactions", level: .warning, advice: "pg_stat_activity") {
            $0.oldestTransactionSeconds = 90
        },
        Illness(check: "database.import", level: .warning, advice: "musterd import") { $0.isImporting = true },
    ]

    private func configuration() throws -> MusterServer.ServerConfiguration {
        try ServerConfiguration(SettingSource(yaml: nil, fileName: nil, environment: [:]))
    }

    @Test(arguments: illnesses) func `each illness is found, and says what to do`(illness: Illness) throws {
        var facts = DatabaseFacts()
        illness.cause(&facts)
        let ill = facts.findings(try configuration()).filter { $0.level != .ok }
        #expect(ill.map(\.check) == [illness.check] && ill.map(\.level) == [illness.level], "\(ill)")
        #expect(ill[0].advice?.contains(illness.advice) == true, "\(ill)")
    }

    @Test func `a healthy database has nothing to do`() throws {
        let findings = DatabaseFacts().findings(try configuration())
        #expect(findings.allSatisfy { $0.level == .ok && $0.advice == nil } && findings.count >= 4)
        var near = DatabaseFacts()
        near.address = "127.0.0.1"
        near.clockDifferenceSeconds = 0.4
        #expect(near.findings(try configuration()).allSatisfy { $0.level == .ok })
    }

    @Test func `the schema is behind, ahead, or right`() {
        let behind = MigrationStatus(applied: [1], pending: [Migrations.all[1]], newer: [])
        let facts = DatabaseFacts()
        #expect(facts.schemaFinding(behind, migrates: true).level == .ok)
        #expect(facts.schemaFinding(behind, migrates: false).level == .problem)
        var poor = facts
        poor.mayCreate = false
        #expect(poor.schemaFinding(behind, migrates: true).advice?.contains("GRANT CREATE") == true)
        #expect(
            facts.schemaFinding(MigrationStatus(applied: [1], pending: [], newer: [2]), migrates: true).level
                == .warning)
        #expect(facts.schemaFinding(MigrationStatus(applied: [1], pending: [], newer: []), migrates: true).level == .ok)
    }

    @Test func `a real database tells the truth`() async throws {
        try await TestDatabase.with(template: TestDaemon.template, connections: 1) { database async throws in
            let store = DoctorStore(pool: database.pool)
            let names = ArchiveTables.all.map(\.name)
            let facts = try await store.facts(ourTables: names)
            #expect(facts.major >= 15 && facts.encoding == "UTF8" && facts.fsync == "off" && !facts.isReadOnly)
            #expect(facts.mayCreate && facts.forbiddenTables == [] && facts.schema == "public" && facts.address == nil)
            #expect(abs(facts.clockDifferenceSeconds) < 30 && !facts.isImporting && facts.connections > 100)
            #expect(try await store.adminTokens() == 0)
            // An account without rights; the role belongs to the cluster, so its name is this database's.
            let role = "\(database.name)_nobody"
            try await database.pool.query("CREATE ROLE \(unescaped: role)")
            try await database.pool.query("SET ROLE \(unescaped: role)")
            let poor = try await store.facts(ourTables: names)
            try await database.pool.query("RESET ROLE")
            try await database.pool.query("DROP ROLE \(unescaped: role)")
            #expect(poor.account == role && poor.forbiddenTables == names.sorted() && !poor.mayCreate)
        }
    }
}
