import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Finding alerts by their labels, rare and common ones.
@Suite(.timeLimit(.minutes(20))) struct AlertSearchTests {
    private static func found(_ daemon: TestDaemon, _ labels: [(String, String)], limit: Int = 50) async throws
        -> [String]
    {
        var filter = AlertFilter()
        filter.labels = labels.map { (name: $0.0, value: $0.1) }
        return try await AlertSearch(pool: daemon.pool).list(filter, before: nil, limit: limit).map(\.identity)
    }

    @Test func `a label that few have and one that many have find the newest first`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let start = Timestamp.now()
            for index in 0..<(AlertSearch.rareMax + 20) {
                var alert = IncomingAlert.firing("\(index)")
                // Two that came within a millisecond would be in any order.
                alert.id = .timeOrdered(at: start.adding(seconds: Double(index)))
                alert.labels = ["env": "prod", "instance": "\(index)", "half": "\(index % 2)"]
                try await daemon.take(source, alert)
            }
            let last = AlertSearch.rareMax + 19
            #expect(try await Self.found(daemon, [("instance", "7")]) == ["7"])
            #expect(try await Self.found(daemon, [("instance", "7"), ("half", "0")]) == [])
            #expect(
                try await Self.found(daemon, [("env", "prod")], limit: 3) == [last, last - 1, last - 2].map { "\($0)" })
            #expect(try await Self.found(daemon, [("half", "1")], limit: 2) == [last, last - 2].map { "\($0)" })
            #expect(try await Self.found(daemon, [("env", "staging")]) == [])
        }
    }

    @Test func `pages of a common label neither repeat nor leave out`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take([(source, (0..<30).map { .firing("\($0)") })])
            try await daemon.pool.query("UPDATE alert SET labels = '{\"env\": \"prod\"}'")
            var filter = AlertFilter()
            filter.labels = [(name: "env", value: "prod")]
            var seen: [String] = []
            var last: UUID?
            while true {
                let page = try await AlertSearch(pool: daemon.pool).list(filter, before: last, limit: 7)
                guard let end = page.last else { break }
                seen += page.map(\.identity)
                last = end.id
            }
            #expect(seen.count == 30 && Set(seen).count == 30)
        }
    }

    @Test(arguments: [AlertStatus.firing, .resolved, nil])
    func `the few of a component and a source that are open are not looked for among the many that are over`(
        status: AlertStatus?
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            try await daemon.take([(source, (0..<400).map { .firing("\($0)") })])
            try await daemon.pool.query("UPDATE alert SET component = 'feed'")
            try await daemon.pool.query(
                """
                UPDATE alert SET status = 'resolved', resolved_at = now()
                WHERE id > (SELECT id FROM alert ORDER BY id LIMIT 1 OFFSET 1)
                """)
            try await daemon.pool.query("ANALYZE alert")
            for isByComponent in [true, false] {
                var filter = AlertFilter(statuses: status.map { [$0] } ?? [], components: isByComponent ? ["feed"] : [])
                if !isByComponent { filter.source = source }
                let found = try await AlertSearch(pool: daemon.pool).list(filter, before: nil, limit: 5)
                #expect(found.count == (status == .firing ? 2 : 5))
                #expect(found.map(\.id) == found.map(\.id).sorted(by: >))
                let plan = try await daemon.pool.query(
                    "EXPLAIN (ANALYZE) \(fragment: AlertSearch.list(filter, before: nil, limit: 5))"
                ).map { try $0.decode("QUERY PLAN", as: String.self) }
                #expect(!plan.contains { $0.contains("Rows Removed") || $0.contains("Seq Scan") }, "\(plan)")
            }
        }
    }
}
