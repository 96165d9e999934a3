import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What may be started, what is refused and why, and when things are said to be back: over HTTP.
@Suite(.timeLimit(.minutes(20))) struct RestorationRouteTests {
    private static func component(
        _ slug: String, _ tier: Int, _ seconds: Int? = nil, needs: String..., more: JSONValue = [:]
    ) -> JSONValue {
        RestoringSite.component(slug, tier, seconds, needs: needs, more)
    }

    private static let tiers = [
        component("cdn", 0, 3600), component("bus", 2, 300), component("jobs", 2, 300, needs: "bus"),
    ]

    @Test func `an unrelated tier holds up nothing, unless the policy says so`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.tiers)
            let plan = await site.plan()
            #expect(plan.ready == ["cdn", "bus"] && plan.names("critical_path") == ["cdn"])
            #expect(plan["waves_mode"] == "advise" && plan.endsAfter("jobs", since: "cdn") == 600)
            await site.steps("bus/start")
        }
        try await RestoringSite.with {
            $0.restoration.waves = .enforce
        } _: { site in
            let site = try await site.restoring(Self.tiers)
            #expect(await site.plan().ready == ["cdn"])
            let refused = await site.step("bus/start")
            #expect(refused.status == 409 && refused.json["type"] == "/problems/gate-closed")
            #expect(refused.json.reasons == ["wave 1 is not complete (restoration.waves: enforce): cdn is ready"])
            #expect(await site.step("bus/start", ["without": ["cdn"], "reason": "It is not needed."]).status == 422)
            #expect(await site.step("bus/start", ["override": true]).status == 422, "why?")
            #expect(await site.step("bus/start", ["override": true, "reason": "It is not needed."]).status == 200)
            let jobs = await site.step("jobs/start", ["override": true, "reason": "It is not needed."])
            #expect(jobs.status == 409, "an override opens waves, and no dependency")
            #expect(jobs.json.reasons == ["waits for bus (restoring)"])
        }
    }

    @Test func `what works makes nothing critical, and lets the work on others through`() async throws {
        try await RestoringSite.with { site in
            let catalog = [
                Self.component("log", 3, 3600), Self.component("pay", 0, 60, needs: "log"),
                Self.component("feed", 1, 60),
                Self.component("auth", 0, 60), Self.component("gw", 1, 60, needs: "auth"),
                Self.component("app", 1, 60, needs: "gw"),
            ]
            let site = try await site.restoring(catalog, down: ["log", "feed", "auth", "app"])
            #expect(await site.plan().ready == ["auth", "app", "feed", "log"])
            await site.steps("app/start")
            let hit = await site.server.ask(.put, "\(site.path)/impacts/pay", ["impact": "degraded"])
            #expect(hit.status == 200)
            #expect(await site.plan().ready == ["log", "auth", "feed"])
        }
    }

    @Test func `what is overdue is named with its owner, and a told time goes before it`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring([
                Self.component("db", 0, 1800, more: ["owner": "storage"]), Self.component("feed", 1, 600, needs: "db"),
            ])
            let start = JSONValue.string(try await site.moment(-18_000))
            #expect(await site.step("db/start", ["occurred_at": start]).status == 200)
            let plan = await site.plan()
            let overdue = plan["overdue"]?[0]
            #expect(overdue?["component"] == "db" && overdue?["owner"] == "storage")
            #expect((16_200...16_260).contains(overdue?["overdue_seconds"]?.integer ?? 0))
            #expect(plan.names("critical_path") == ["db", "feed"])
            let end = try #require(plan.step("db")["expected_end"]?.time)
            #expect(end.description > (try await site.moment(0)), "it does not end now")
            let told = try await site.moment(7200)
            #expect(await site.step("db/ramp", ["percent": 10, "expected_at": .string(told)]).status == 200)
            let after = await site.plan()
            #expect(after["overdue"] == [] && after.step("db")["told_at"]?.string == told)
            #expect(
                after.step("db")["expected_end"]?.time.map { abs($0.seconds(since: Timestamp(told) ?? $0)) < 1 } == true
            )
            let past = JSONValue.string(try await site.moment(-60))
            #expect(await site.step("db/ramp", ["percent": 20, "expected_at": past]).status == 422)
        }
    }

    @Test func `a restoration is measured with its failed attempts, and regions teach about the whole`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(
                [Self.component("db", 0, 600), Self.component("feed", 1, 60, more: ["regions": ["eu", "us"]])],
                down: ["db", ["component": "feed", "impact": "degraded", "regions": ["eu", "us"]]])
            let calls =
                [
                    ("db/start", -30_000), ("db/fail", -20_000), ("db/start", -6000), ("db/verify", -5400),
                    ("feed@eu/start", -5000),
                    ("feed@us/start", -5000), ("feed@eu/verify", -4900), ("feed@us/verify", -4700),
                ] as [(String, Double)]
            for (call, seconds) in calls {
                let moment = JSONValue.string(try await site.moment(seconds))
                #expect(await site.step(call, ["occurred_at": moment]).status == 200, "\(call)")
            }
            let db = await site.plan().step("db")
            #expect(db["attempts"] == 2 && db["failures"] == 1)
            let measured = await site.server.ask(.get, "/v1/statistics/estimates").json["items"]
            #expect(measured?[0]?["component"] == "db" && measured?[0]?["samples"] == 1)
            #expect((24_599...24_700).contains(measured?[0]?["median_seconds"]?.integer ?? 0))
            #expect(measured?[1]?["component"] == "feed" && measured?[1]?["samples"] == 2)
            #expect((299...301).contains(measured?[1]?["p90_seconds"]?.integer ?? 0))
        }
    }

    @Test func `ten parallel steps take as long as the slowest of ten`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring((0..<10).map { Self.component("c\($0)", 1, 600) })
            let plan = await site.plan()
            let (begin, expected) = (try #require(plan.step("c0")["expected_begin"]?.time), plan["expected_at"])
            let minutes = ["median", "p80", "p90"].compactMap { expected?[$0]?.time?.seconds(since: begin) }.map {
                $0 / 60
            }
            // Independent steps take 22.5, 29.7 and 34.8 minutes; a night that is bad as a whole takes a little longer.
            #expect(minutes.count == 3 && (21...25).contains(minutes[0]))
            #expect((28...34).contains(minutes[1]) && (33...41).contains(minutes[2]), "\(minutes)")
            let again = await site.plan()["expected_at"]?["p90"]?.time?.seconds(since: begin) ?? 0
            #expect(abs(again / 60 - minutes[2]) < 1, "the same question has the same answer")
        }
    }

    @Test func `to verify looks at what a component needs, and goes on without what is named`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring([
                Self.component("db", 0, 60), Self.component("app", 1, 60, needs: "db"),
            ])
            await site.steps("db/start", "db/verify", "app/start")
            let again = await site.server.ask(.put, "\(site.path)/impacts/db", ["impact": "major_outage"])
            #expect(again.status == 200)
            let refused = await site.step("app/verify")
            #expect(refused.status == 409 && refused.json.reasons == ["waits for db (regressed)"])
            let how = refused.json["how"]?.array?.last
            #expect(how?["body"]?["without"]?[0] == "db" && how?["body"]?["override"] == nil)
            #expect(await site.step("app/verify", ["override": true, "reason": "why not"]).status == 422)
            #expect(await site.step("app/verify", ["without": ["cdn"], "reason": "why not"]).status == 422)
            let named: JSONValue = ["without": ["db"], "reason": "It reads a copy."]
            #expect(await site.step("app/verify", named, token: try await site.token("responder")).status == 403)
            #expect(await site.step("app/verify", named).status == 200)
        }
    }

    @Test func `what is waived is not back`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring([Self.component("a", 0, 60), Self.component("b", 1, 60)])
            for slug in ["a", "b"] {
                #expect(await site.step("\(slug)/waive", ["reason": "Not tonight."]).status == 200)
            }
            let plan = await site.plan()
            #expect(plan["restored"] == 0 && plan["waived"] == 2 && plan["total"] == 2 && plan["progress"]?.number == 0)
            #expect(plan["expected_at"] == .null)
            let picture = await site.server.ask(.get, "\(site.path)/restoration.svg").text
            #expect(!picture.contains("Everything is back"))
        }
    }

    @Test func `an order that the commander names is kept, and one of what is not affected is refused`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.tiers + [Self.component("well", 3)], down: ["cdn", "bus", "jobs"])
            func order(_ components: JSONValue) async -> DescribedServer.Reply {
                await site.server.ask(.put, "\(site.path)/restoration/order", ["components": components])
            }
            let ordered = await order(["jobs"])
            #expect(ordered.json.ready == ["bus", "cdn"] || ordered.json.ready == ["cdn", "bus"])
            #expect(ordered.json["waves"]?[0]?.names("steps").sorted() == ["bus", "cdn", "jobs"])
            #expect(await order(["bus"]).json.ready.first == "bus")
            let refused = await order(["bus", "well"])
            #expect(refused.status == 422 && refused.text.contains("well is not affected"))
            #expect(await site.plan().names("order") == ["bus"])
        }
    }

    @Test func `the time is told without what nobody can estimate`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring([
                Self.component("db", 0, 600), Self.component("search", 2, needs: "db"),
                Self.component("ads", 3, 60, needs: "search"),
            ])
            let plan = await site.plan()
            #expect(plan["expected_at"]?["median"]?.time != nil)
            #expect(plan.names("without") == ["search", "ads"] && plan.names("unestimated") == ["search"])
        }
    }

    @Test func `an incident says when the plan expects its end, while it is restored`() async throws {
        try await RestoringSite.with { site in
            let components = [Self.component("db", 0, 600), Self.component("web", 1, 60, needs: "db")]
            let put = await site.server.ask(.put, "/v1/components", .array(components))
            #expect(put.status == 200)
            let impacts: [JSONValue] = ["db", "web"].map { ["component": $0, "impact": "major_outage"] }
            let opened = await site.server.ask(
                .post, "/v1/incidents", ["title": "It is down", "components": .array(impacts)])
            var site = site
            site.path = "/v1/incidents/\(try #require(opened.json["number"]?.integer))"
            func incident(_ site: RestoringSite) async -> JSONValue { await site.server.ask(.get, site.path).json }
            for _ in 0..<3 {
                #expect(await incident(site)["restoration"] == .null)
                let forced: JSONValue = ["override": true, "reason": "It is obvious."]
                #expect(await site.server.ask(.post, "\(site.path)/advance", forced).status == 200)
            }
            let planned = await incident(site)["restoration"]
            let median = try #require(await site.plan()["expected_at"]?["median"]?.time)
            let eta = try #require(planned?["eta"]?.time)
            #expect(abs(eta.seconds(since: median)) < 120 && planned?["revision"] == 1)
            #expect(try #require(planned?["p90"]?.time) > eta)
            // What a list shows of it fits a line.
            let row = await site.server.ask(.get, "/v1/incidents?fields=number,restoration").json["items"]?[0]
            #expect(row?["restoration"] == planned && row?.object?.members.count == 2)
            for call in ["db/start", "db/verify", "web/start", "web/verify"] {
                #expect(await site.server.ask(.post, "\(site.path)/restoration/\(call)").status == 200)
            }
            #expect(await site.server.ask(.post, "\(site.path)/advance").json["phase"] == "review")
            #expect(await incident(site)["restoration"] == .null)
        }
    }

    @Test func `what is in force may outlive its phase, and is lifted before the incident is closed`() async throws {
        try await RestoringSite.with { site in
            #expect(
                await site.server.ask(.put, "/v1/components", ["components": [Self.component("db", 0, 60)]]).status
                    == 200)
            let opened = await site.server.ask(
                .post, "/v1/incidents",
                ["title": "t", "severity": "sev2", "components": [["component": "db", "impact": "degraded"]]])
            let path = "/v1/incidents/\(try #require(opened.json["number"]?.integer))"
            func post(_ call: String, _ body: JSONValue? = nil) async -> DescribedServer.Reply {
                await site.server.ask(.post, "\(path)/\(call)", body)
            }
            for _ in 0..<2 { _ = await post("advance", ["override": true, "reason": "It is obvious."]) }
            let shed = await post("mitigations", ["description": "Load is shed.", "in_force": true])
            #expect(shed.status == 201 && shed.json["in_force"] == true && shed.json["state"] == "succeeded")
            #expect(await post("advance").json["phase"] == "restore")
            #expect(await post("restoration/db/start").status == 200)
            #expect(await post("restoration/db/verify").status == 200)
            for call in ["advance", "review"] { _ = await post(call) }
            // The refusal says which call writes what is missing.
            let unfinished = await post("review/approve")
            #expect(unfinished.status == 409 && unfinished.json["type"] == "/problems/review-unfinished")
            let missing = try #require(unfinished.json["how"]?[0])
            #expect(missing["body"]?["sections"]?.array?.count == 3)
            let mended = await site.server.ask(.put, missing["path"]?.string ?? "", missing["body"])
            #expect(mended.status == 200, "\(mended.text)")
            #expect(await post("review/approve").status == 200)
            let refused = await post("advance")
            #expect(refused.json["unmet"]?[0]?["requirement"] == "mitigations_lifted")
            let how = try #require(refused.json["unmet"]?[0]?["how"])
            let lifted = await site.server.ask(.patch, try #require(how["path"]?.string), how["body"])
            #expect(lifted.status == 200 && lifted.json["in_force"] == false)
            #expect(await post("advance").json["phase"] == "closed")
        }
    }

    @Test func `soaks overlap where a dependent may start while what it needs soaks`() async throws {
        let soak: JSONValue = ["soak_seconds": 1800]
        let at: JSONValue = [
            "soak_seconds": 1800, "depends_on": [["component": "db", "kind": "hard", "at": "verifying"]],
        ]
        try await RestoringSite.with { site in
            let site = try await site.restoring([
                Self.component("db", 0, 600, more: soak), Self.component("app", 1, 600, more: at),
                Self.component("web", 1, 600, needs: "db", more: soak),
            ])
            let plan = await site.plan()
            #expect(plan.endsAfter("app", since: "db") == 3000 && plan.endsAfter("web", since: "db") == 4800)
            #expect(await site.step("app/start").status == 409)
            await site.steps("db/start", "db/verify", "app/start")
            #expect(
                await site.step("web/start").json.reasons.first?.hasPrefix("waits for db (verifying, soaked") == true)
        }
        try await RestoringSite.with {
            $0.restoration.opensAt = .verifying
        } _: { site in
            let site = try await site.restoring([
                Self.component("db", 0, 600, more: soak), Self.component("web", 1, 600, needs: "db", more: soak),
            ])
            #expect(await site.plan().endsAfter("web", since: "db") == 3000)
        }
    }
}
