import HTTPTypes
import IncidentDomain
import Logging
import Postgres
import Testing

@testable import MusterServer

/// A restoration goes on when daemons end, and with what the release before has written.
@Suite(.timeLimit(.minutes(20))) struct RestorationUpgradeTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let catalog = [
        RestoringSite.component("db", 0, 600, ["regions": ["eu", "us"]]),
        RestoringSite.component("feed", 1, 300, needs: ["db"], ["soak_seconds": 600]),
        RestoringSite.component("sign-in", 0, needs: ["feed"], ["goal": true]),
    ]

    @Test func `after a restart the plan is what it was, and goes on`() async throws {
        try await RestoringSite.with { site in
            let hit: JSONValue = ["component": "db", "impact": "major_outage", "regions": ["eu", "us"]]
            let site = try await site.restoring(Self.catalog, down: [hit, "feed"])
            await site.steps("db@eu/start", "db@us/start", "db@us/verify")
            let told = JSONValue.string(try await site.moment(1800))
            #expect(await site.step("db@eu/ramp", ["percent": 50, "backlog": 900, "expected_at": told]).status == 200)
            _ = await site.server.ask(.put, "\(site.path)/restoration/hands", ["hands": ["default": 1]])
            let before = await site.plan()
            let site2 = try site.restarted()
            let after = await site2.plan()
            for member in ["goals", "start_next", "hands", "restored", "order", "critical_path", "revision"] {
                if member == "goals" {
                    #expect(after["goals"]?[0]?["needs"] == before["goals"]?[0]?["needs"])
                } else {
                    #expect(after[member] == before[member], "\(member)")
                }
            }
            for member in ["told_at", "ramp_percent", "backlog", "attempts", "started_at"] {
                #expect(after.step("db@eu")[member] == before.step("db@eu")[member], "\(member)")
            }
            await site2.steps("db@eu/verify", "feed/start", "feed/verify")
            #expect(await site2.plan().step("feed")["state"] == "verifying")
            #expect(site2.server.complaints == [])
        }
    }

    /// What the landed release stored of this incident: none of the fields that came with this one.
    @Test func `an incident of the release before is read, and gone on with`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.catalog, down: ["db", "feed"])
            let began = JSONValue.string(try await site.moment(-1200))
            #expect(await site.step("db/start", ["occurred_at": began]).status == 200)
            try await site.pool.query(
                """
                UPDATE incident SET state = jsonb_set(jsonb_set(state::jsonb - 'form', '{steps}', (
                        SELECT jsonb_agg(step - '{addedAt,firstStartedAt,attempts,expectedAt,overridden,backlog}'::text[])
                        FROM jsonb_array_elements(state::jsonb -> 'steps') AS step
                    )), '{plan}', ((state::jsonb -> 'plan') - 'pathEnd') #- '{expected,p80}')::json,
                    policy = 'of the release before'
                """)
            let site2 = try site.restarted()
            let report = try await Verification(pool: site.pool, policy: PhasePolicy()).run()
            #expect(report.olderForms == 1 && report.differences == [])
            let step = await site2.plan().step("db")
            #expect(
                step["state"] == "restoring" && step["attempts"] == 1 && step["overdue_seconds"]?.integer != nil,
                "the timeline has what the row lacks")
            await site2.steps("db/fail", "db/start", "db/verify", "feed/start")
            let measured = await site2.server.ask(.get, "/v1/statistics/estimates?component=db").json["items"]
            #expect(measured?[0]?["samples"] == 1)
            #expect(await site2.plan()["revision"]?.integer.map { $0 >= 1 } == true)
            #expect(site2.server.complaints == [])
        }
    }

    @Test func `rows of the release before are made anew, once, by whichever daemon looks`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.catalog, down: ["db", "feed"])
            await site.steps("db/start", "db/verify")
            let before = await site.plan()
            try await site.pool.query(
                """
                UPDATE incident SET components = '{}', state = jsonb_set(state::jsonb - 'form', '{steps}', (
                    SELECT jsonb_agg(step - 'addedAt' - 'attempts') FROM jsonb_array_elements(state::jsonb -> 'steps') AS step
                ))::json
                """)
            let runner = OlderFormRunner(
                desk: try site.restarted().server.server.desk, pool: site.pool, logger: Self.logger)
            async let one = runner.rebuild()
            async let other = OlderFormRunner(desk: site.server.server.desk, pool: site.pool, logger: Self.logger)
                .rebuild()
            #expect(try await one + other == 1)
            #expect(try await runner.rebuild() == 0)
            let report = try await Verification(pool: site.pool, policy: PhasePolicy()).run()
            #expect(report.olderForms == 0 && report.differences == [])
            #expect(await site.plan().step("db")["attempts"] == before.step("db")["attempts"])
        }
    }

    @Test func `rows of a daemon that does not know the new columns teach as they did`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.catalog, down: ["db"])
            await site.steps("db/start", "db/verify")
            #expect(await site.server.ask(.post, "\(site.path)/advance").status == 200)
            try await site.pool.query("UPDATE restoration_sample SET attempts = NULL")
            try await site.pool.query(
                "UPDATE restoration_forecast SET expected_p80_at = NULL, bias = NULL, spread = NULL")
            let found = await site.server.ask(.get, "/v1/statistics/estimates").json
            #expect(found["items"]?[0]?["component"] == "db" && found["calibration"]?["samples"] == 0)
            #expect(found["incidents"]?[0]?["expected_at"]?["p80"] == nil)
            let next = try await site.opened(["db"])
            #expect(await next.plan()["expected_at"]?["p90"]?.time != nil)
        }
    }
}
