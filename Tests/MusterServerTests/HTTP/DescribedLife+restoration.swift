import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

extension DescribedLife {
    /// - Parameter path: Of an incident that is hit in a region of `db`, and in `auth` and `feed`.
    func restore(_ path: String) async throws {
        let steps = "\(path)/restoration"
        let later = JSONValue.string(try await moment(in: 3600))
        await nameGoal()
        try await plan(steps)
        await post("\(steps)/auth/start", gives: 409)
        await post("\(steps)/auth/verify", gives: 409)
        await post("\(steps)/nothing/start", gives: 404)
        for _ in 0..<2 {
            await post(
                "\(steps)/auth/start",
                ["without": ["db@eu"], "reason": "Half of it works alone.", "override": true, "expected_at": later])
            await post("\(steps)/auth/ramp", ["percent": 50, "expected_at": later, "backlog": 5000])
            await post("\(steps)/auth/ramp", ["expected_at": .string(try await moment(in: 7200)), "backlog": 4000])
            await post("\(steps)/auth/fail", ["reason": "It fell over."])
        }
        let early: JSONValue = [
            "without": ["db"], "reason": "Once more.", "occurred_at": "2020-01-01T00:30:00Z",
        ]
        await post("\(steps)/auth/start", early)
        let overdue = await get(steps)
        #expect(overdue.json["overdue"]?[0]?["component"] == "auth")
        await post("\(steps)/auth/fail")
        await mend(steps)
        await post("\(steps)/db@eu/start")
        await post("\(steps)/db@eu/verify")
        await post("\(steps)/auth/start")
        await post("\(steps)/feed/start")
        await ask(.put, "\(path)/impacts/db", ["impact": "major_outage", "regions": ["eu"]])
        await post("\(steps)/auth/verify", gives: 409)
        await post("\(steps)/auth/verify", ["without": ["db@eu"], "reason": "It reads a copy."])
        await post("\(steps)/feed/ramp", ["percent": 100])
        await post("\(steps)/feed/ramp", ["backlog": 70])
        await post("\(steps)/feed/verify", ["without": ["db"], "reason": "It reads a copy."])
        await post("\(steps)/db@eu/start")
        await post("\(steps)/db@eu/verify")
        try await restoreElsewhere(path)
        await post("\(path)/advance", gives: 409)
        await post("\(steps)/feed/waive", ["reason": "It can wait for tomorrow."])
        await post("\(path)/advance")
        await ask(.delete, "/v1/components/sign-in", gives: 204)
        await get("/v1/components/bank")
        try await readPages("/v1/statistics/estimates")
        await get("/v1/statistics/estimates?component=db")
    }

    /// What was said of a step by mistake is mended.
    private func mend(_ steps: String) async {
        await post("\(steps)/auth/undo", ["reason": "It did not fail."])
        await post("\(steps)/auth/fail")
        await post("\(steps)/db@eu/start")
        await post("\(steps)/db@eu/verify")
        await ask(.patch, "\(steps)/db@eu", ["reason": "It was entered afterwards."], gives: 422)
        let times: JSONValue = [
            "started_at": "2020-01-01T00:40:00Z", "restored_at": "2020-01-01T00:50:00Z",
            "reason": "It was entered afterwards.",
        ]
        await ask(.patch, "\(steps)/db@eu", times)
        await ask(.patch, "\(steps)/nothing", times, gives: 404)
        let little: HTTPFields = [.prefer: "return=minimal"]
        await post("\(steps)/db@eu/undo", ["restoration": true, "reason": "It was another one."])
        await ask(.post, "\(steps)/db@eu/undo", ["reason": "It was another one."], headers: little)
        await post("\(steps)/db@eu/undo", ["reason": "It was another one."], gives: 422)
    }

    /// Users have something, which needs more than it did.
    private func nameGoal() async {
        await ask(.put, "/v1/components/bank", ["tier": 2], gives: 201)
        await ask(
            .put, "/v1/components/sign-in",
            [
                "tier": 1, "goal": true, "regions": ["eu", "us"], "enough_regions": 1,
                "ramp": [["percent": 10, "minutes": 5], ["percent": 100]],
                "depends_on": [
                    ["component": "auth", "kind": "hard", "at": 50],
                    ["component": "bank", "kind": "hard"],
                    ["component": "live", "kind": "restore", "otherwise": "the console"],
                ],
            ], gives: 201)
        await get("/v1/components/sign-in")
        await ask(
            .put, "/v1/components/feed",
            [
                "tier": 1, "soak_seconds": 3600, "expected_restore_seconds": 60,
                "depends_on": [
                    ["component": "auth", "kind": "soft"], ["component": "db", "at": "verifying"],
                    ["component": "live", "kind": "restore"],
                ],
            ])
        await ask(.put, "/v1/components/feed", ["tier": 1, "depends_on": [["component": "db", "at": 0]]], gives: 422)
        await ask(.put, "/v1/components/feed", ["tier": 1, "enough_regions": 1], gives: 422)
    }

    private func plan(_ steps: String) async throws {
        await get(steps)
        await get("\(steps).svg")
        await get("\(steps).svg?layout=list")
        await get("\(steps).svg?layout=wide", gives: 422)
        await ask(.put, "\(steps)/order", ["components": ["feed", "auth"], "reason": "The match begins at eight."])
        await ask(.put, "\(steps)/order", ["components": ["nothing"]], gives: 422)
        await ask(.put, "\(steps)/hands", ["hands": ["storage": 1, "default": 1], "reason": "It is night."])
        await ask(.put, "\(steps)/hands", ["hands": ["storage": 0]], gives: 422)
        await get("\(steps)?for=sign-in&without=feed&at=db:\(try await moment(in: 3600))&hands=storage:2")
        await ask(.put, "\(steps)/feed/needs", ["components": ["auth"], "reason": "It does not boot without."])
        await ask(.put, "\(steps)/auth/needs", ["components": ["feed"]], gives: 422)
        await ask(.put, "\(steps)/feed/needs", ["components": []])
        await get("\(steps)?state=waiting&owner=storage&region=eu&limit=1000")
        try await readPages(steps)
        for wrong in ["for=nothing", "without=nothing", "at=db", "hands=storage", "state=broken", "limit=1001"] {
            await get("\(steps)?\(wrong)", gives: 422)
        }
    }

    /// The same component is down in two incidents, and restored in the other.
    private func restoreElsewhere(_ path: String) async throws {
        let steps = "\(path)/restoration"
        let other = try await open([
            "title": "Live is slow", "severity": "sev3",
            "components": [
                ["component": "live", "impact": "degraded"], ["component": "bank", "impact": "degraded"],
            ],
        ])
        for _ in 0..<3 { await post("\(other)/advance", ["override": true, "reason": "It is obvious."]) }
        await ask(.put, "\(path)/impacts/live", ["impact": "degraded"])
        // What soaks says until when.
        await ask(.put, "\(steps)/live/needs", ["components": ["feed"]])
        await ask(.put, "\(steps)/live/needs", ["components": []])
        let probe: JSONValue = ["kind": "tcp", "host": "127.0.0.1", "port": 1, "component": "live"]
        await ask(.put, "/v1/probes/live", probe, gives: 201)
        await get(steps)
        await ask(.delete, "/v1/probes/live", gives: 204)
        await post("\(other)/restoration/live/start")
        await post("\(steps)/live/start", gives: 409)
        await post("\(other)/restoration/live/verify")
        await post("\(other)/restoration/bank/start")
        await post("\(other)/restoration/bank/verify")
        _ = try await server.server.desk.handle(
            .reviewPlan, on: Int(number(path)) ?? 0, CommandContext(principal: .daemon))
        let shown = await get(steps)
        #expect(shown.json["restored"] == 3)
        await post("\(other)/merge", ["into": .string(number(path)), "reason": "It was part of it."])
    }
}
