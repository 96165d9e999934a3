import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What a restoration is planned from beside dependencies and tiers: regions, goals, parts, tools, hands, other incidents, and what
/// somebody only asks.
@Suite(.timeLimit(.minutes(20))) struct RestorationNeedsTests {
    private static let regions = [
        RestoringSite.component("db", 0, 1200, ["regions": ["eu", "us"]]),
        RestoringSite.component("feed", 1, 300, needs: ["db"], ["regions": ["eu", "us"]]),
        RestoringSite.component("report", 2, 60, needs: ["db"], ["regions": ["us"]]),
    ]
    private static let hit: [JSONValue] = [
        ["component": "db", "impact": "major_outage", "regions": ["eu"]],
        ["component": "feed", "impact": "degraded", "regions": ["eu", "us"]], "report",
    ]

    @Test func `a region waits for what it needs there, and its steps have a path of their own`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(Self.regions, down: Self.hit)
            let plan = await site.plan()
            #expect(plan.ready == ["db@eu", "feed@us", "report"])
            #expect(
                plan.step("feed@eu").reasons == ["waits for db@eu (ready)"] && plan.step("feed@eu")["region"] == "eu")
            let whole = await site.step("feed/start")
            #expect(whole.status == 404 && whole.text.contains("region by region in INC-1: feed@eu, feed@us"))
            #expect(await site.step("feed@ap/start").status == 404)
            #expect(await site.step("feed@eu/start").status == 409)
            await site.steps("feed@us/start", "feed%40us/verify", "db@eu/start", "db@eu/verify", "feed@eu/start")
            let incident = await site.server.ask(.get, site.path).json
            let feed = incident["impacts"]?.array?.first { $0["component"] == "feed" }
            #expect(feed?["ended_at"] == .null, "one of its regions is not back")
            await site.steps("feed@eu/verify", "report/start", "report/verify")
            #expect(await site.plan()["restored"] == 4)
            #expect(await site.server.ask(.post, "\(site.path)/advance").json["phase"] == "review")
        }
    }

    @Test func `goals say when users have something again, and what if is asked without a trace`() async throws {
        try await RestoringSite.with { site in
            let catalog = [
                RestoringSite.component("db", 0, 600, ["owner": "storage"]),
                RestoringSite.component("log", 0, 600, ["owner": "storage"]),
                RestoringSite.component("auth", 0, 300, needs: ["db"]), RestoringSite.component("search", 2, 7200),
                RestoringSite.component("sign-in", 0, needs: ["auth"], ["goal": true]),
                RestoringSite.component("find", 1, needs: ["sign-in", "search"], ["goal": true]),
                RestoringSite.component("report", 3, nil, ["goal": true]),
            ]
            let site = try await site.restoring(catalog, down: ["db", "log", "auth", "search"])
            let plan = await site.plan()
            #expect(plan.names("goals") == ["sign-in", "find"], "nothing of the report is affected")
            let (signIn, find) = (plan["goals"]?[0], plan["goals"]?[1])
            #expect(await site.plan("?for=sign-in")["goals"]?[0]?.names("needs") == ["db", "auth"])
            #expect(await site.plan("?for=find")["goals"]?[0]?.names("needs") == ["db", "auth", "search"])
            let ends = [signIn?["expected_at"], find?["expected_at"], plan["expected_at"]].compactMap {
                $0?["p90"]?.time
            }
            #expect(ends.count == 3 && ends[0] < ends[1] && ends[1] <= ends[2])

            let asked = await site.plan("?for=sign-in")
            #expect(asked.names("critical_path") == ["db", "auth"] && asked.step("log") == .null)
            #expect(asked["expected_at"]?["p90"]?.time.map { $0 < ends[1] } == true)
            let without = await site.plan("?without=search&for=find")
            #expect(without["waived"] == 1 && without["goals"]?[0]?.names("needs") == ["db", "auth"])
            let later = try await site.moment(36_000)
            let told = await site.plan("?at=db:\(later)")
            #expect(told.step("db")["state"] == "restoring" && told.names("critical_path") == ["db", "auth"])
            let hands = await site.plan("?hands=storage:1")
            #expect(hands["hands"]?["storage"] == 1 && hands["bottleneck"]?["owner"] == "storage")
            #expect(hands["what_if"] == true && asked["what_if"] == nil)
            let sure = try #require(await site.plan("?at=db:\(later)&for=db")["expected_at"]?["p90"]?.time)
            let wanted = try #require(Timestamp(later))
            #expect(abs(sure.seconds(since: wanted)) < 1, "somebody is sure")
            let wrongs = [
                "for=report", "without=report", "at=db:noon", "hands=storage:0", "hands=storag:1", "owner=nobody",
                "region=uk", "hands=storage:1&hands=storage:2", "at=db:\(later)&at=db:\(later)",
                "at=db:\(later)&without=db", "at=db:2020-01-01T00:00:00Z", "at=db:9999-01-01T00:00:00Z",
            ]
            for wrong in wrongs {
                let refused = await site.server.ask(.get, "\(site.path)/restoration?\(wrong)")
                #expect(refused.status == 422, "\(wrong)")
            }
            let after = await site.plan()
            #expect(after.step("db")["state"] == "ready" && after["hands"] == [:] && after["waived"] == 0)
        }
    }

    @Test func `members of a component that say nothing beside the others are refused`() async throws {
        try await RestoringSite.with { site in
            func put(_ body: JSONValue) async -> String? {
                let refused = await site.server.ask(.put, "/v1/components/db", body)
                return refused.status == 422 ? refused.json["errors"]?[0]?["pointer"]?.string : "\(refused.status)"
            }
            #expect(await put(["tier": 0, "enough_regions": 1]) == "/enough_regions")
            #expect(await put(["tier": 0, "goal": true, "enough_regions": 1]) == "/enough_regions")
            #expect(
                await put([
                    "tier": 0, "goal": true, "regions": ["eu", "us"], "regional": false, "enough_regions": 1,
                ]) == "/enough_regions")
            #expect(
                await put(["tier": 0, "goal": true, "regions": ["eu", "us"], "enough_regions": 1]) == "201")
            let soft: JSONValue = ["component": "db", "kind": "soft", "otherwise": "the console"]
            let catalog: JSONValue = [
                "components": [["slug": "db", "tier": 0], ["slug": "a", "tier": 0, "depends_on": [soft]]]
            ]
            let refused = await site.server.ask(.put, "/v1/components", catalog)
            #expect(refused.json["errors"]?[0]?["pointer"] == "/components/1/depends_on/0/otherwise")
            let own: JSONValue = ["tier": 0, "depends_on": [["component": "db", "kind": "restore"]]]
            #expect(await site.server.ask(.put, "/v1/components/db", own).status == 422)
        }
    }

    @Test func `a refused start names all that has to be named, and its calls work as they stand`() async throws {
        try await RestoringSite.with { site in
            let regions: JSONValue = ["regions": ["eu west", "us"]]
            let site = try await site.restoring(
                [
                    RestoringSite.component("db", 0, 600), RestoringSite.component("cache", 0, 600, regions),
                    RestoringSite.component("app", 1, 60, needs: ["db", "cache"], regions),
                ],
                down: [
                    "db", ["component": "cache", "impact": "major_outage", "regions": ["eu west"]],
                    ["component": "app", "impact": "major_outage", "regions": ["eu west"]],
                ])
            let first = await site.step("app@eu%20west/start", ["without": ["db"], "reason": "It has a copy."])
            let force = first.json["how"]?.array?.last
            #expect(force?["body"]?["without"] == ["db", "cache@eu west"])
            #expect(force?["path"] == .string("\(site.path)/restoration/app@eu%20west/start"))
            let path = try #require(force?["path"]?.string)
            #expect(await site.server.ask(.post, path, force?["body"]).status == 200)
            let named = await site.step("db/start", ["without": ["app"], "reason": "It has a copy."])
            #expect(named.status == 422 && named.json["errors"]?[0]?["pointer"] == "/without/0")
        }
    }

    @Test func `hands are a commander's to set, name the bottleneck, and keep nobody from starting`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring(
                [("a", 100), ("b", 200), ("c", 300)].map { RestoringSite.component($0, 1, $1, ["owner": "storage"]) })
            let path = "\(site.path)/restoration/hands"
            let one: JSONValue = ["hands": ["storage": 1], "reason": "It is night."]
            #expect(await site.server.ask(.put, path, one, token: try await site.token("responder")).status == 403)
            let set = await site.server.ask(.put, path, one)
            #expect(set.json.ready == ["c", "b", "a"] && set.json.names("critical_path") == ["c", "b", "a"])
            #expect(set.json["bottleneck"]?["wait_seconds"] == 800)
            let again = await site.server.ask(.put, path, one)
            #expect(again.headers[.eTag] == set.headers[.eTag], "what holds already changes nothing")
            #expect(await site.server.ask(.put, path, ["hands": ["storage": 0]]).status == 422)
            await site.steps("a/start", "b/start", "c/start")
            #expect(await site.server.ask(.put, path, ["hands": [:]]).json["bottleneck"] == .null)
        }
    }

    @Test func `a part of the traffic opens the way, and a backlog says when it is worked off`() async throws {
        try await RestoringSite.with { site in
            let half: JSONValue = ["depends_on": [["component": "db", "kind": "hard", "at": 50]]]
            let site = try await site.restoring([
                RestoringSite.component("db", 0, 600), RestoringSite.component("app", 1, 600, half),
            ])
            #expect(await site.plan().endsAfter("app", since: "db") == 900)
            let began = JSONValue.string(try await site.moment(-3600))
            let soon = JSONValue.string(try await site.moment(-1800))
            #expect(await site.step("db/start", ["occurred_at": began]).status == 200)
            #expect(await site.step("db/ramp", ["percent": 49, "backlog": 6000, "occurred_at": began]).status == 200)
            #expect(await site.step("app/start").json.reasons == ["waits for db (restoring, 49 % ramped)"])
            #expect(await site.plan().step("db")["backlog"]?["drained_at"] == .null)
            let ramped = await site.step("db/ramp", ["percent": 50, "backlog": 4500, "occurred_at": soon]).json.step(
                "db")
            let (read, drained) = (ramped["backlog"]?["read_at"]?.time, ramped["backlog"]?["drained_at"]?.time)
            #expect(ramped["backlog"]?["count"] == 4500)
            #expect(abs(try #require(drained).seconds(since: try #require(read)) - 5400) < 10)
            await site.steps("app/start", "db/verify")
        }
    }

    @Test func `what restoring needs comes first, or the detour is told`() async throws {
        try await RestoringSite.with { site in
            let vpn: JSONValue = [
                "depends_on": [["component": "vpn", "kind": "restore", "otherwise": "people on site"]]
            ]
            let site = try await site.restoring([
                RestoringSite.component("backbone", 0, 600, vpn), RestoringSite.component("vpn", 3, 60),
                RestoringSite.component("feed", 1, 60),
            ])
            let plan = await site.plan()
            #expect(plan.ready == ["vpn", "backbone", "feed"], "it is lifted to what it restores, and gates nothing")
            let warning = plan.step("backbone")["warnings"]?[0]
            #expect(warning?["reason"] == "is restored with vpn, which is ready; otherwise: people on site")
            await site.steps("vpn/start", "vpn/verify")
            #expect(await site.plan().step("backbone")["warnings"]?.array ?? [] == [])
        }
    }

    @Test func `what another incident restores is waited for, and handed over`() async throws {
        try await RestoringSite.with { site in
            let catalog = [
                RestoringSite.component("db", 0, 600), RestoringSite.component("app", 1, 300, needs: ["db"]),
            ]
            let own = try await site.restoring(catalog, down: ["app"])
            #expect(await own.plan().ready == ["app"])
            let other = try await own.opened(["db", "app"])
            let refused = await own.step("app/start")
            #expect(refused.json.reasons == ["waits for db (waiting) in INC-2"])
            #expect(await own.plan().ready == [], "nothing of it can be begun")
            await other.steps("db/start", "db/verify", "app/start")
            #expect(await own.step("app/start").json.reasons == ["waits for app (restoring) in INC-2"])
            #expect(await own.plan().step("app")["elsewhere"]?[0]?["incident"] == 2)
            await other.steps("app/verify")
            _ = try await own.server.server.desk.handle(.reviewPlan, on: 1, CommandContext(principal: .daemon))
            #expect(await own.plan().step("app")["state"] == "restored")
        }
    }

    @Test func `what the night teaches about needs is told once, gates, and is taken back`() async throws {
        try await RestoringSite.with { site in
            let site = try await site.restoring([
                RestoringSite.component("cache", 2, 600), RestoringSite.component("feed", 0, 60),
                RestoringSite.component("ads", 3, 60, needs: ["feed"]),
            ])
            let path = "\(site.path)/restoration/feed/needs"
            let found: JSONValue = ["components": ["cache"], "reason": "It does not boot without."]
            #expect(await site.server.ask(.put, path, found, token: try await site.token("responder")).status == 403)
            let told = await site.server.ask(.put, path, found)
            #expect(told.json.ready == ["cache"] && told.json.names("critical_path") == ["cache", "feed", "ads"])
            let again = await site.server.ask(.put, path, found)
            #expect(
                again.status == 200 && again.headers[.eTag] == told.headers[.eTag], "what holds already changes nothing"
            )
            #expect(await site.step("feed/start").json.reasons == ["waits for cache (ready)"])
            for (name, wrong) in [("cache", "ads"), ("feed", "feed"), ("feed", "gone")] {
                let circle = await site.server.ask(
                    .put, "\(site.path)/restoration/\(name)/needs", ["components": [.string(wrong)]])
                #expect(circle.status == 422, "\(name) and \(wrong)")
            }
            #expect(await site.server.ask(.put, path, ["components": []]).json.ready == ["feed", "cache"])
            let catalog = await site.server.ask(.get, "/v1/components/feed").json
            #expect(catalog["depends_on"] == [], "it is of this incident")
        }
    }

    @Test func `a ramp takes its minutes, and opens what needs a part of the traffic in between`() async throws {
        try await RestoringSite.with { site in
            let ramp: JSONValue = [
                "ramp": [["percent": 10, "minutes": 10], ["percent": 50, "minutes": 20], ["percent": 100]]
            ]
            let half: JSONValue = ["depends_on": [["component": "cache", "kind": "hard", "at": 50]]]
            let site = try await site.restoring([
                RestoringSite.component("cache", 0, 600, ramp), RestoringSite.component("feed", 1, 60, half),
            ])
            let plan = await site.plan()
            #expect(plan.endsAfter("cache", since: "cache") == 2400 && plan.endsAfter("feed", since: "cache") == 1260)
        }
    }
}
