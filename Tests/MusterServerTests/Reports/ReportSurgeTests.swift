import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Surges of users' reports: their alerts, the incidents that they are shown beside, and what those tell of them.
@Suite(.timeLimit(.minutes(20))) struct ReportSurgeTests {
    @Test func `a surge is an alert that opens nothing`() async throws {
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
            }
        }
    }

    @Test func `it changes no incident by itself: no impact, no gate, no entry, no version`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                // On the component itself, on one that it needs, and on one that needs it.
                for component in ["auth", "db", "app"] { _ = try await daemon.open(components: [component]) }
                let before = try await (1...3).asyncMap { try await daemon.incident($0) }
                try await daemon.surge(intake)
                for _ in 1...3 {
                    try await daemon.routeAll()
                    try await daemon.reportRunner(intake).look()
                    try await daemon.reportRunner(intake).count()
                }
                #expect(try await daemon.alerts().map(\.incident) == [nil])
                #expect(try await (1...3).asyncMap { try await daemon.incident($0) } == before)
                // They are shown beside each.
                for incident in before {
                    let found = try #require(try await daemon.beside.reported(incident))
                    #expect(found.reported.keys == [ReportKey(component: "auth", symptom: "cannot_sign_in")])
                    #expect(!found.isCounted)
                }
            }
        }
    }

    @Test func `an open incident goes on to its review while users report what it affects`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["auth"])
                try await daemon.surge(intake)
                try await daemon.routeAll()
                try await daemon.bringToRestore(number)
                try await daemon.tell(.startStep(component: "auth", override: false, reason: nil), number)
                try await daemon.tell(.verifyStep(component: "auth"), number)
                try await daemon.tell(.advance(to: nil, reason: nil, override: false), number)
                #expect(try await daemon.incident(number).phase == .review)
            }
        }
    }

    @Test func `an alert of another source says the same: the incident counts the reports`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let source = try await daemon.makeSource()
                try await daemon.take(source, .firing("a", component: "app"))
                try await daemon.routeAll()
                try await daemon.surge(intake)
                try await daemon.routeAll()
                try await daemon.reportRunner(intake).count()
                let incident = try await daemon.incident(1)
                #expect(incident.reports?.total == 84 && incident.reports?.peakPerMinute == 84)
                #expect(incident.impacts.map(\.component) == ["app"] && incident.firing == ["app": 1])
                #expect(try await daemon.kinds(1).suffix(1) == ["reports_counted"])
                // Nothing new, nothing to say.
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.kinds(1).filter { $0 == "reports_counted" }.count == 1)
                #expect(try await daemon.count("incident") == 1)
                #expect(try await daemon.differences() == [])
            }
        }
    }

    @Test func `a responder says so: the incident counts the reports, from then on`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["db"])
                try await daemon.surge(intake)
                try await daemon.routeAll()
                try await daemon.confirmReports(of: number)
                try await daemon.confirmReports(of: number)
                #expect(try await daemon.incident(number).reports?.total == 84)
                #expect(try await daemon.kinds(number).filter { $0 == "reports_counted" }.count == 1)
                try await daemon.calm(intake)
                try await daemon.routeAll()
                _ = try await daemon.pool.query("UPDATE report_count SET minute = minute + interval '20 minutes'")
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.kinds(number).filter { $0 == "reports_counted" }.count == 2)
                #expect(try await daemon.incident(number).impacts.map(\.component) == ["db"])
                #expect(try await daemon.incident(number).firing == [:])
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
                try await daemon.confirmReports(of: number)
                #expect(try await daemon.incident(number).reports?.total == 84)
            }
        }
    }

    @Test func `an incident on something unrelated, or one that was over before, is not shown with it`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let mail = try await daemon.open(components: ["mail"])
                try await daemon.surge(intake)
                try await daemon.routeAll()
                #expect(try await daemon.beside.reported(daemon.incident(mail)) == nil)
                #expect(try await daemon.beside.numbers() == [])
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
                try await daemon.reportRunner(intake).count()
                #expect(try await daemon.incident(1).reports?.total == 84)
            }
        }
    }

    @Test func `where it is configured, reports still join no incident that others opened`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                let number = try await daemon.open(components: ["db"])
                try await daemon.surge(intake)
                var router = daemon.router
                router.reportsOpenIncidents = true
                for _ in 1...2 {
                    while try await router.routeBatch() > 0 {}
                    _ = try await daemon.pool.query("UPDATE alert SET held_until = now() WHERE held IS NOT NULL")
                    try await daemon.reportRunner(intake).look()
                }
                #expect(try await daemon.count("incident") == 1)
                #expect(try await daemon.alerts().map(\.incident) == [nil])
                #expect(try await daemon.incident(number).impacts.map(\.component) == ["db"])
            }
        }
    }

    @Test func `the end of a surge ends its alert`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await daemon.withIntake { intake in
                try await daemon.surge(intake)
                try await daemon.routeAll()
                try await daemon.calm(intake)
                #expect(try await daemon.alerts().map(\.status) == [.resolved])
                try await daemon.routeAll()
                #expect(try await daemon.count("incident") == 0)
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
