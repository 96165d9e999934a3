import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// The hot path reads no table from end to end, however many alerts there are.
@Suite(.timeLimit(.minutes(20))) struct AlertIndexTests {
    /// 40,000 alerts of two sources, one in fifty of them open, with incidents for each thousand.
    private static let template = TestTemplate("muster with many alerts") { configuration in
        try await Migrator(migrations: Migrations.all).migrate(configuration, logger: TestServer.quietLogger)
        try await PostgresAdministration.execute(
            """
            INSERT INTO source (id, name, kind, key_hash, created_by)
            SELECT md5(n::text)::uuid, 'source ' || n, 'alertmanager', sha256(n::text::bytea), 'test'
            FROM generate_series(1, 2) AS n;
            INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at,
                last_seen_at, resolved_at, component, labels, annotations, routed)
            SELECT gen_random_uuid(), md5((1 + n % 2)::text)::uuid, md5(n::text), 'group ' || n / 100, 'It fires',
                CASE WHEN n % 50 = 0 THEN 'firing' ELSE 'resolved' END, 1 + n % 7, now() - n * interval '1 second', now(),
                now(), CASE WHEN n % 50 > 0 THEN now() END, 'cdn', '{"a": "b"}', '{}', true
            FROM generate_series(1, 40000) AS n;
            """, on: configuration.conninfo)
        try await PostgresAdministration.execute("VACUUM ANALYZE", on: configuration.conninfo)
    }

    @Test(arguments: [1, 20, 500])
    func `taking a batch in looks each alert up by an index`(size: Int) async throws {
        try await TestDatabase.with(template: Self.template) { database in
            let source = try await database.pool.query("SELECT id FROM source LIMIT 1")[0].decode("id", as: UUID.self)
            let alerts: [IncomingAlert] = (0..<size).map {
                $0.isMultiple(of: 2) ? .firing("\($0)") : .resolved("\($0)")
            }
            let round = AlertFolding.rounds([(source, alerts)], at: .now())[0]
            try await Self.expectIndexed(AlertIntakeStore.apply(round), database.pool)
            try await Self.expectIndexed(AlertIntakeStore.count(round), database.pool)
        }
    }

    @Test func `finding what is not routed reads what is not routed`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            try await database.pool.query("UPDATE alert SET routed = false WHERE status = 'firing' AND identity < '1'")
            try await database.pool.query("ANALYZE alert")
            try await database.pool.transaction { transaction in
                let claimed = try await PlacementStore().claim(limit: 500, in: transaction)
                #expect(claimed.count > 20)
            }
            try await Self.expectIndexed(PlacementStore.claim(limit: 500), database.pool)
        }
    }

    @Test func `ending a group, moving alerts and marking them use indexes`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            let row = try await database.pool.query("SELECT id, source FROM alert LIMIT 1")[0]
            let (id, source) = (try row.decode("id", as: UUID.self), try row.decode("source", as: UUID.self))
            for statement: SQL in [
                "UPDATE alert SET incident = \(2) WHERE incident = \(1)",
                "UPDATE alert SET routed = true WHERE id = ANY (\([id])) AND NOT routed",
                """
                UPDATE alert SET status = 'resolved', resolved_at = now()
                WHERE source = \(source) AND group_key = \("g") AND status <> 'resolved'
                """,
            ] {
                try await Self.expectIndexed(statement, database.pool)
            }
        }
    }

    @Test func `orphans and alerts on unknown components are looked up by indexes`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            var orphans = AlertFilter()
            orphans.isOrphaned = true
            try await Self.expectIndexed(AlertSearch.list(orphans, before: nil, limit: 50), database.pool)
            try await Self.expectIndexed(AlertSearch.ofUnknown(AlertFilter(), before: nil, limit: 50), database.pool)
            var unknown = AlertFilter()
            unknown.isComponentUnknown = true
            let found = try await AlertSearch(pool: database.pool).list(unknown, before: nil, limit: 50)
            #expect(
                found.count == 50 && found.map(\.id) == found.map(\.id).sorted().reversed(),
                "all are on one that is not there")
        }
    }

    @Test func `a plan made while there were no alerts is still right when there are many`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            try await database.pool.query("VACUUM ANALYZE")
            let round = AlertFolding.rounds([(UUID(), [.firing("a"), .resolved("b")])], at: .now())[0]
            for statement in [
                AlertIntakeStore.apply(round), AlertIntakeStore.count(round), PlacementStore.claim(limit: 500),
            ] {
                let lines = try await Self.genericPlan(statement, database.pool).split(separator: "\n")
                #expect(!lines.contains { $0.contains("Join Filter") || $0.contains("Materialize") }, "\(lines)")
                for (index, line) in lines.enumerated() where line.contains("Scan") && line.contains(" on alert") {
                    let isLookup = lines[index + 1].contains("Index Cond") || line.contains("alert_unrouted")
                    #expect(isLookup, "\(lines.joined(separator: "\n"))")
                }
            }
        }
    }

    @Test(arguments: [
        AlertFilter(), AlertFilter(identity: "x"), AlertFilter(statuses: [.firing]), AlertFilter(incident: 7),
        AlertFilter(source: UUID()), AlertFilter(components: ["cdn"]),
        AlertFilter(statuses: [.firing, .acknowledged], components: ["cdn", "feed"]),
        AlertFilter(labels: [(name: "a", value: "b")]),
    ])
    func `a list of alerts reads a page of them`(filter: AlertFilter) async throws {
        try await TestDatabase.with(template: Self.template) { database in
            let search = AlertSearch(pool: database.pool)
            _ = try await search.list(filter, before: nil, limit: 51)
            try await Self.expectIndexed(AlertSearch.list(filter, before: UUID(), limit: 51), database.pool)
        }
    }

    @Test func `labels are looked up among what is open alone`() async throws {
        try await TestDatabase.with(template: Self.template) { database in
            let filter = AlertFilter(source: UUID(), labels: [(name: "a", value: "b")])
            let open = try await Self.genericPlan(AlertSearch.open(filter, limit: 100), database.pool)
            #expect(open.contains("alert_labels_open") && !open.contains("alert_list"), "\(open)")
            let rare = try await Self.genericPlan(AlertSearch.rare(filter, before: nil), database.pool)
            #expect(rare.contains("alert_labels_open") && rare.contains("alert_labels_over"), "\(rare)")
            let newest = try await Self.genericPlan(
                AlertSearch.newest(filter, before: UUID(), limit: 50), database.pool)
            #expect(newest.contains("Index Scan Backward"), "\(newest)")
        }
    }

    /// Under the plan for these values and under the one for any values, which PostgreSQL may change to after five uses.
    private static func expectIndexed(_ statement: SQL, _ pool: PostgresPool) async throws {
        let custom = try await plan("EXPLAIN \(fragment: statement)", pool)
        #expect(!custom.contains("Seq Scan on alert"), "\(custom)")
        let generic = try await genericPlan(statement, pool)
        #expect(!generic.contains("Seq Scan on alert"), "\(generic)")
    }

    private static func genericPlan(_ statement: SQL, _ pool: PostgresPool) async throws -> String {
        try await pool.transaction { transaction in
            var types: [String] = []
            for bind in statement.binds {
                let name: SQL = "SELECT format_type(\(Int(bind.type.rawValue))::oid, NULL)"
                types.append(try await transaction.query(name)[0].decode(0))
            }
            try await transaction.query("SET LOCAL plan_cache_mode = force_generic_plan")
            let parameters = types.isEmpty ? "" : "(\(types.joined(separator: ", ")))"
            let nulls = types.isEmpty ? "" : "(\(types.map { _ in "NULL" }.joined(separator: ", ")))"
            try await transaction.query("PREPARE looked_at \(unescaped: parameters) AS \(unescaped: statement.text)")
            let plan = try await plan("EXPLAIN EXECUTE looked_at \(unescaped: nulls)", transaction)
            try await transaction.query("DEALLOCATE looked_at")
            return plan
        }
    }

    private static func plan(_ explain: SQL, _ runner: some SQLRunner) async throws -> String {
        try await runner.query(explain).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
    }
}
