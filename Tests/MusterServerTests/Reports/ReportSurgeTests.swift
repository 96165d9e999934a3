import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Surges of users' reports: their alerts, the incidents that they join, and what those tell of them.
@Suite(.timeLimit(.minutes(20))) struct ReportSurgeTests {
    @Test func `a surge is an alert that waits for somebody else to see the same`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                let alert = try #require(try await daemon.alerts().first)
                #expect(alert.title == "Users report: cannot sign in (auth), 84 in 5 minutes, normally 0")
                #expect(alert.component == "auth" && alert.status == .firing)
                try await daemon.router.routeBatch()
                #expect(try await daemon.count("incident") == 0)
                #expect(try await daemon.count("alert", where: "held = 'corroboration' AND routed") == 1)
                // It is asked again when it has waited, and waits again.
                _ = try await daemon.pool.query("UPDATE alert SET held_until = now()")
                try await daemon.reportRunner(intake).look()
                #expect(try await daemon.router.routeBatch() == 1)
                #expect(try await daemon.count("alert", where: "held_until > now()") == 1)
                #expect(try await daemon.count("incident") == 0)
            }
        }
    }

    @Test func `it joins the open incident of a component that it needs`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["db"])
                try await daemon.surge(intake)
                try await daemon.router.routeBatch()
                #expect(try await daemon.alerts().map(\.incident) == [number])
                try await daemon.reportRunner(intake).count()
                let reports = try #require(try await daemon.incident(number).reports)
                #expect(reports.total == 84 && reports.peakPerMinute == 84)
                #expect(try await daemon.kinds(number).suffix(1) == ["reports_counted"])
                // Nothing new, nothing to say.
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.kinds(number).filter { $0 == "reports_counted" }.count == 1)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `when another source's alert comes later, it joins what that opened`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                try await daemon.router.routeBatch()
                let source = try await daemon.makeSource()
                try await daemon.take(source, .firing("a", component: "app"))
                try await daemon.router.routeBatch()
                _ = try await daemon.pool.query("UPDATE alert SET held_until = now() WHERE held IS NOT NULL")
                try await daemon.reportRunner(intake).look()
                try await daemon.router.routeBatch()
                #expect(try await daemon.count("incident") == 1)
                #expect(try await daemon.count("alert", where: "incident = 1 AND held IS NULL") == 2)
            }
        }
    }

    @Test func `a rule may say to what a surge belongs, and its reports are counted all the same`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.addRule { $0.component = .constant("mail") }
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["mail"])
                try await daemon.surge(intake)
                try await daemon.routeAll()
                #expect(try await daemon.alerts().map(\.component) == ["mail"])
                #expect(try await daemon.alerts().map(\.incident) == [number])
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.incident(number).reports?.total == 84)
            }
        }
    }

    @Test func `an alert that is held back itself is no witness`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let source = try await daemon.makeSource()
                _ = try await daemon.silence(.alertname("a"))
                try await daemon.send(source, .firing("a", component: "app"))
                try await daemon.surge(intake)
                try await daemon.routeAll()
                #expect(try await daemon.count("incident") == 0)
                #expect(try await daemon.count("alert", where: "held = 'corroboration'") == 1)
            }
        }
    }

    @Test func `an alert that is not routed yet opens the one incident, and the surge joins it`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                let source = try await daemon.makeSource()
                try await daemon.take(source, .firing("a", component: "db"))
                // The older one, which is the surge, has its turn first.
                try await daemon.routeAll()
                _ = try await daemon.pool.query("UPDATE alert SET held_until = now() WHERE held IS NOT NULL")
                try await daemon.reportRunner(intake).look()
                try await daemon.routeAll()
                #expect(try await daemon.count("incident") == 1)
                #expect(try await daemon.count("alert", where: "incident = 1 AND held IS NULL") == 2)
            }
        }
    }

    @Test func `an incident on something unrelated does not take it`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                _ = try await daemon.open(components: ["mail"])
                try await daemon.surge(intake)
                try await daemon.router.routeBatch()
                #expect(try await daemon.alerts().map(\.incident) == [nil])
            }
        }
    }

    @Test func `where it is configured, reports alone open an incident`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                var router = daemon.router
                router.reportsOpenIncidents = true
                try await router.routeBatch()
                #expect(try await daemon.incident(1).impacts.map(\.component) == ["auth"])
            }
        }
    }

    @Test func `the end of a surge ends its alert and is counted`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["auth"])
                try await daemon.surge(intake)
                try await daemon.router.routeBatch()
                try await daemon.reportRunner(intake).count()
                try await daemon.calm(intake)
                #expect(try await daemon.alerts().map(\.status) == [.resolved])
                try await daemon.router.routeBatch()
                #expect(try await daemon.incident(number).firing == [:])
                _ = try await daemon.pool.query("UPDATE report_count SET minute = minute + interval '20 minutes'")
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.kinds(number).filter { $0 == "reports_counted" }.count == 2)
                #expect(try await daemon.count("report_baseline", where: "alerted") == 0)
            }
        }
    }

    @Test func `two daemons that look at the same time raise one alert, at the second look`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.beside { other async throws in
                    try await daemon.report(84)
                    let runners = [
                        daemon.reportRunner(intake, restSeconds: 25), other.reportRunner(intake, restSeconds: 25),
                    ]
                    for _ in 1...2 {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for runner in runners + runners { group.addTask { try await runner.look() } }
                            try await group.waitForAll()
                        }
                        #expect(
                            try await daemon.count("report_baseline", where: "looked_at > now() - interval '9 s'") == 1)
                        _ = try await daemon.pool.query(
                            "UPDATE report_baseline SET looked_at = now() - interval '30 s'")
                    }
                    #expect(try await daemon.count("report_baseline", where: "pass = 2") == 1)
                    #expect(try await daemon.alerts().count == 1)
                }
            }
        }
    }

    @Test func `an alert that a crash kept from being raised is raised at the next look`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                _ = try await daemon.pool.query("DELETE FROM alert")
                _ = try await daemon.pool.query("UPDATE report_baseline SET alerted = false")
                try await daemon.reportRunner(intake).look()
                #expect(try await daemon.alerts().count == 1)
                #expect(try await daemon.count("report_baseline", where: "alerted") == 1)
            }
        }
    }
}
