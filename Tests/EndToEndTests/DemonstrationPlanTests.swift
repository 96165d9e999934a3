import FoundationEssentials
import Testing

/// The demonstration's catalog as it is shipped, all of it down.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct DemonstrationPlanTests {
    private static func catalog() throws -> JSON {
        try JSON(Files.text(Files.package + "/deploy/demo/catalog.json").utf8)
    }

    @Test func `the plan takes what the dependencies need, and what is critical is named first`() async throws {
        let catalog = try Self.catalog()
        let needed = Self.secondsNeeded(catalog["components"].items)
        #expect(needed == 4800)
        let plan = try await plan(of: catalog, waves: "advise")
        #expect(plan["total"] == 26 && plan["waves_mode"] == "advise")
        #expect(abs(try Self.seconds(plan) - needed) <= needed * 0.05)
        #expect(plan["critical_path"] == ["user-db", "auth", "api-gateway", "payments"])
        let next = plan["start_next"].items
        let tiers = next.compactMap { $0["effective_tier"].int }
        #expect(tiers == tiers.sorted() && next.contains { $0["component"] == "event-bus" }, "nothing idles")
    }

    @Test func `waves that are enforced take more than twice as long`() async throws {
        let catalog = try Self.catalog()
        let plan = try await plan(of: catalog, waves: "enforce")
        #expect(try Self.seconds(plan) == 10_800)
    }

    private func plan(of catalog: JSON, waves: String) async throws -> JSON {
        try await Daemon.with(.cluster, ["restoration.waves": waves]) { daemon in
            let api = daemon.api
            try await api.put("/v1/components", catalog).expect(200)
            let all = catalog["components"].items.map { component -> JSON in
                ["component": component["slug"], "impact": "major_outage"]
            }
            let path = try await api.open(["title": "Everything is down", "components": .array(all)])
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "It is obvious."]).expect(200)
            }
            return try await api.get(path + "/restoration").expect(200)
        }
    }

    /// From now to the end of the last step.
    private static func seconds(_ plan: JSON) throws -> Double {
        let steps = plan["waves"].items.flatMap(\.["steps"].items)
        let now = try #require(steps.compactMap { Moment.date($0["expected_begin"].string) }.min())
        let end = try #require(steps.compactMap { Moment.date($0["expected_end"].string) }.max())
        return end.timeIntervalSince(now)
    }

    /// By another way than the planner's: every end is moved until no dependency is broken.
    private static func secondsNeeded(_ components: [JSON]) -> Double {
        func own(_ component: JSON) -> Double {
            (component["expected_restore_seconds"].number ?? 0) + (component["soak_seconds"].number ?? 0)
        }
        var ends = Dictionary(uniqueKeysWithValues: components.map { ($0["slug"].string ?? "", own($0)) })
        var isMoved = true
        while isMoved {
            isMoved = false
            for component in components {
                let slug = component["slug"].string ?? ""
                for need in component["depends_on"].items where need["kind"] == "hard" {
                    let end = (ends[need["component"].string ?? ""] ?? 0) + own(component)
                    if end > ends[slug] ?? 0 { (ends[slug], isMoved) = (end, true) }
                }
            }
        }
        return ends.values.max() ?? 0
    }
}
