import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import MusterServer

/// Who says regularly that it lives, and then does not, raises an alert; the next sign of life ends it.
@Suite(.timeLimit(.minutes(20))) struct HeartbeatTests {
    @Test func `one that stays away is late, and its alert says since when`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup", component: "db"), by: .mia)
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                try await daemon.age(heartbeat: "backup", by: 50)
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                try await daemon.age(heartbeat: "backup", by: 45)
                #expect(try await senses.heartbeatRunner.passDue() == 1)
                #expect(try await senses.senseRunner.tell() == 1)
                let alert = try #require(try await daemon.alerts().first)
                let heartbeat = try #require(try await senses.heartbeats.heartbeat("backup"))
                #expect(alert.source == BuiltInSource.heartbeats && alert.identity == "backup")
                #expect(alert.title == "Heartbeat backup is late" && alert.component == "db")
                #expect(alert.severity == "critical" && alert.status == .firing)
                #expect(alert.startsAt == heartbeat.lateSince)
                #expect(alert.startsAt == heartbeat.armedAt.adding(seconds: 90))
                #expect(heartbeat.status == .late)
                // Nothing more happens while it stays away.
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                #expect(try await senses.senseRunner.tell() == 0)
            }
        }
    }

    @Test func `its alert goes through the routing rules`() async throws {
        try await TestDaemon.with { daemon async throws in
            let rule = try await daemon.addRule("nightly", [try LabelMatcher("source", .equal, "heartbeats")]) { rule in
                rule.component = .constant("user-db")
                rule.opensIncident = false
            }
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup", component: "db"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 100)
                try await senses.heartbeatRunner.passDue()
                try await senses.senseRunner.tell()
                try await daemon.routeAll()
                let alert = try #require(try await daemon.alerts().first)
                #expect(alert.component == "user-db" && alert.rule == rule.id && alert.held == "rule")
                #expect(try await daemon.count("incident") == 0)
                #expect(try await senses.heartbeats.ping("backup") == .cameBack)
                try await senses.senseRunner.tell()
                #expect(try await daemon.summary() == ["backup resolved 1"])
            }
        }
    }

    @Test func `a ping ends it, and another one changes nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 100)
                try await senses.heartbeatRunner.passDue()
                try await senses.senseRunner.tell()
                #expect(try await senses.heartbeats.ping("backup") == .cameBack)
                #expect(try await senses.heartbeats.ping("backup") == .taken)
                #expect(try await senses.senseRunner.tell() == 1)
                #expect(try await daemon.summary() == ["backup resolved 1"])
                // However slow the test was, no daemon was away.
                try await daemon.age(heartbeat: "backup", by: 0)
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                try await daemon.age(heartbeat: "backup", by: 100)
                #expect(try await senses.heartbeatRunner.passDue() == 1)
                try await senses.senseRunner.tell()
                #expect(try await daemon.summary() == ["backup resolved 1", "backup firing 1"])
            }
        }
    }

    @Test func `who only looks, by a HEAD, pings nothing`() async throws {
        try await DescribedServer.with { server in
            #expect(await server.ask(.put, "/v1/heartbeats/backup", ["interval_seconds": 60]).status == 201)
            let key = await server.ask(.post, "/v1/sources", ["name": "cron", "kind": "grafana"]).json["key"]?.string
            for door in ["/v1/heartbeats/backup/ping", "/v2/heartbeats/backup/ping"] {
                let head = await server.ask(.head, "\(door)?key=\(key ?? "")", token: nil)
                #expect(head.status == 405 && head.headers[.allow]?.contains("HEAD") == false, "\(head)")
                let shown = await server.ask(.get, "/v1/heartbeats/backup").json["last_ping_at"]
                #expect(shown == .null)
            }
        }
    }

    @Test func `pings keep it alive and write nothing when they come all at once`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 80)
                #expect(try await senses.heartbeats.ping("backup") == .taken)
                // The second is not over for a while.
                try await daemon.pool.query("UPDATE heartbeat SET last_ping_at = now() + interval '60 seconds'")
                let first = try await daemon.pool.query("SELECT xmin::text AS xmin FROM heartbeat")[0]
                for _ in 0..<20 { #expect(try await senses.heartbeats.ping("backup") == .taken) }
                let last = try await daemon.pool.query("SELECT xmin::text AS xmin FROM heartbeat")[0]
                #expect(try first.decode("xmin", as: String.self) == last.decode("xmin", as: String.self))
                try await daemon.age(heartbeat: "backup", by: 80)
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                #expect(try await senses.heartbeats.heartbeat("backup")?.status == .alive)
                #expect(try await senses.heartbeats.ping("unknown") == .unknown)
            }
        }
    }

    @Test func `two daemons raise one alert`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                for number in 0..<30 {
                    _ = try await senses.heartbeats.put(.named("job-\(number)"), by: .mia)
                    try await daemon.age(heartbeat: "job-\(number)", by: 100)
                }
                try await daemon.beside { other async throws in
                    try await other.withSenses { others async throws in
                        async let one = senses.heartbeatRunner.passDue()
                        async let two = others.heartbeatRunner.passDue()
                        #expect(try await one + two == 30)
                        async let told = senses.senseRunner.tell()
                        async let toldToo = others.senseRunner.tell()
                        #expect(try await told + toldToo == 30)
                    }
                }
                #expect(try await daemon.count("alert", where: "occurrences = 1") == 30)
                #expect(try await daemon.count("alert") == 30)
                #expect(try await daemon.count("sense_signal") == 0)
            }
        }
    }

    @Test func `after a downtime of all daemons nobody is blamed at once`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await senses.heartbeatRunner.passDue()
                try await daemon.age(heartbeat: "backup", by: 3600)
                try await daemon.pool.query("UPDATE sense_fleet SET seen_at = now() - interval '3600 seconds'")
                #expect(try await senses.heartbeatRunner.passDue() == 0)
                // A second start soon after forgets nothing.
                try await daemon.beside { other async throws in
                    let changed = try await other.withSenses { try await $0.heartbeatRunner.passDue() }
                    #expect(changed == 0)
                }
                // It had its time since then, and stayed away.
                try await daemon.pool.query(
                    """
                    UPDATE sense_fleet SET away_from = away_from - interval '95 seconds',
                        away_until = away_until - interval '95 seconds'
                    """)
                try await daemon.age(heartbeat: "backup", by: 95)
                #expect(try await senses.heartbeatRunner.passDue() == 1)
            }
        }
    }

    @Test func `what a daemon did not tell, the next one tells`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 100)
                try await senses.heartbeatRunner.passDue()
                // It claims, tells, and ends before it is done.
                let claimed = try await SenseSignalStore(pool: daemon.pool).claim(limit: 10)
                #expect(claimed.count == 1)
                try await daemon.take(BuiltInSource.heartbeats, claimed[0].signal.alert)
                #expect(try await senses.senseRunner.tell() == 0)
                try await daemon.pool.query("UPDATE sense_signal SET claimed_until = now()")
                #expect(try await senses.senseRunner.tell() == 1)
                #expect(try await daemon.count("alert") == 1)
            }
        }
    }

    @Test func `a ping overtakes the alert that is still on its way`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 100)
                try await senses.heartbeatRunner.passDue()
                let slow = try await SenseSignalStore(pool: daemon.pool).claim(limit: 10)
                #expect(try await senses.heartbeats.ping("backup") == .cameBack)
                #expect(try await senses.senseRunner.tell() == 1)
                try await daemon.take(BuiltInSource.heartbeats, slow[0].signal.alert)
                try await SenseSignalStore(pool: daemon.pool).remove(turns: slow.map(\.turn))
                #expect(try await daemon.summary() == ["backup resolved 1"])
            }
        }
    }

    @Test func `disabling, removing and more time each end the alert`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                for name in ["disabled", "patient", "removed"] {
                    _ = try await senses.heartbeats.put(.named(name), by: .mia)
                    try await daemon.age(heartbeat: name, by: 100)
                }
                try await senses.heartbeatRunner.passDue()
                try await senses.senseRunner.tell()
                _ = try await senses.heartbeats.put(.named("disabled", isEnabled: false), by: .mia)
                _ = try await senses.heartbeats.put(.named("patient", every: 600), by: .mia)
                #expect(try await senses.heartbeats.delete("removed", by: .mia))
                #expect(try await senses.heartbeatRunner.passDue() == 1)
                try await senses.senseRunner.tell()
                #expect(
                    try await daemon.summary() == ["disabled resolved 1", "patient resolved 1", "removed resolved 1"])
                #expect(try await senses.heartbeats.delete("removed", by: .mia) == false)
                // What is enabled again counts from then.
                let (again, isNew) = try await senses.heartbeats.put(.named("disabled"), by: .mia)
                #expect(!isNew && again.status == .new)
                #expect(try await senses.heartbeatRunner.passDue() == 0)
            }
        }
    }

    @Test func `the daemon's loops do all of it by themselves`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.withSenses { senses async throws in
                _ = try await senses.heartbeats.put(.named("backup"), by: .mia)
                try await daemon.age(heartbeat: "backup", by: 100)
                let services = ServiceGroup(
                    services: [senses.heartbeatRunner, senses.senseRunner], logger: TestServer.quietLogger)
                async let running: Void = services.run()
                try await daemon.pool.waitUntil("EXISTS (SELECT FROM alert WHERE status = 'firing')")
                _ = try await senses.heartbeats.ping("backup")
                senses.signal.wake()
                try await daemon.pool.waitUntil("EXISTS (SELECT FROM alert WHERE status = 'resolved')")
                await services.triggerGracefulShutdown()
                try await running
            }
        }
    }

    @Test func `looking for what is due reads an index`() async throws {
        try await TestDaemon.with { daemon async throws in
            let plan = try await daemon.pool.query(
                "EXPLAIN SELECT name FROM heartbeat WHERE due_at <= now() ORDER BY due_at LIMIT 500"
            ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
            #expect(plan.contains("heartbeat_due"), "\(plan)")
        }
    }
}
