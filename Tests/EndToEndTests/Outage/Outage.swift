import FoundationEssentials
import Testing

/// An incident in which nearly everything is down, scene by scene.
struct Outage: Sendable {
    let path: String
    let commander: API
    let engineers: [Engineer]
    let monitoring: Monitoring

    private static let known = ["NAME": "Carla", "WHY": "The press is watching", "WHAT IS DONE": "Promote the replica"]

    /// The catalog says what is behind the alerts, and the commander agrees, call by call.
    func assess() async throws {
        let before = try await commander.get(path).expect(200)
        let suggestions = try await commander.get(path + "/suggestions").expect(200)
        let root = suggestions["root"][0]
        #expect(root.component == "user-db")
        #expect(root["explains"]["total"] == 10)
        #expect(root["is_symptom"] == false)
        #expect(root["reasons"].items.isEmpty == false)
        #expect(try await commander.get(path).expect(200) == before, "asking changed something")

        // Alerts say that something is wrong; how bad it is, people say.
        for component in Demonstration.hit {
            try await commander.put(path + "/impacts/\(component)", ["impact": "major_outage"]).expect(200)
        }
        let judged = try await commander.get(path + "/suggestions").expect(200)["root"][0]
        #expect(judged.component == "user-db")
        #expect(judged["impact"] == "major_outage")
        try await commander.follow(judged["how"]).expect(200)
        let affected = try await commander.get(path + "/suggestions").expect(200)["affected"].items
        let others = Set(affected.map(\.component))
        #expect(others == ["ads", "creator-studio", "live-chat", "live-playback"])
        for suggestion in affected { try await commander.follow(suggestion["how"]).expect(200) }
        let severity = try await commander.get(path + "/suggestions").expect(200)["severity"]
        #expect(severity["suggested"] == "sev1")
        try await commander.follow(severity["how"]).expect(200)
    }

    /// Everything else that stands before restoring is what the incident itself says is missing.
    func mitigate() async throws {
        for _ in 0..<20 {
            let incident = try await commander.get(path).expect(200)
            if incident["phase"] == "restore" { return }
            guard let unmet = incident["next"]["unmet"].items.first else {
                try await commander.post(path + "/advance").expect(200)
                continue
            }
            let reply = try await commander.follow(unmet["how"], Self.known)
            try #require(reply.isSuccess, "\(unmet) led to \(reply)")
        }
        Issue.record("the incident does not come to be restored")
    }

    /// The plan has everything in waves by tier, and says when it will be over.
    func readPlan() async throws {
        let plan = try await plan()
        #expect(plan.wave(1) == ["user-db", "auth", "api-gateway"])
        #expect(
            Set(plan.wave(2)) == [
                "ads", "feed", "live-ingest", "live-playback", "payments", "playback", "search", "upload",
            ])
        #expect(Set(plan.wave(3)) == ["comments", "creator-studio", "live-chat", "notifications"])
        #expect(plan["waves"].items.map { $0["number"].int } == [1, 2, 3])
        #expect(plan["progress"] == 0)
        #expect(plan["revision"] == 1)
        #expect(plan["critical_path"][0] == "user-db")
        #expect(Moment.date(plan["expected_at"]["median"].string) != nil)
        #expect(plan.planSteps.filter { $0["ready"] == true }.map(\.component) == ["user-db"])
    }

    func restoreFirstWave() async throws {
        let reasons = try await allWork { $0["waves"][0]["stable"] == true }
        #expect(reasons.contains { $0.hasPrefix("waits for user-db (") }, "\(reasons)")
        #expect(reasons.contains { $0.contains("soaked") }, "\(reasons)")
        let plan = try await plan()
        #expect(plan.wave(1).allSatisfy { plan.planStep($0)["state"] == "restored" })
        #expect(plan.planStep("feed")["ready"] == true)
    }

    /// An alert of another group fires on what was restored: what needs it, and what comes after it, waits again.
    func loseFirstWave() async throws {
        try await monitoring.fire("SignInFails", on: ["auth"])
        try await Eventually.holds("auth regressed") { try await plan().planStep("auth")["state"] == "regressed" }
        #expect(try await commander.all("/v1/incidents").count == 1)
        #expect(try await plan()["waves"][0]["stable"] == false)
        let refused = try await engineers[0].daemons[0].post(path + "/restoration/feed/start")
        let problem = try refused.problem(409, "gate-closed")
        #expect(problem["waits_for"][0]["reason"] == "waits for auth (regressed)", "\(problem)")
        let number = path.split(separator: "/").last ?? ""
        let alerts: JSON = ["method": "GET", "path": "/v1/alerts?incident=\(number)&component=auth"]
        #expect(problem["waits_for"][0]["how"] == alerts, "\(problem)")
        #expect(problem["how"][0] == alerts, "\(problem)")
        // It fires as long as nobody does anything about it, so starting again is no good by itself.
        let found = try await commander.follow(problem["how"][0]).expect(200)["items"].items
        #expect(found.filter { $0["status"] == "firing" }.map { $0["labels"]["alertname"] } == ["SignInFails"])
    }

    func regainFirstWave() async throws {
        let reasons = try await engineers[0].restore("auth")
        #expect(reasons.contains("1 alert is still firing on auth"), "\(reasons)")
        _ = try await allWork { $0["waves"][0]["stable"] == true }
        #expect(try await plan().planStep("feed")["ready"] == true)
    }

    /// More breaks while the rest comes back: it stands in the plan at once.
    func join() async throws {
        try await monitoring.fire("Unavailable", on: ["recommendations"])
        try await Eventually.holds("recommendations joined") {
            try await plan().wave(3).contains("recommendations")
        }
        #expect(try await plan()["revision"] == 2)
    }

    func waive() async throws {
        let step = path + "/restoration/live-chat/waive"
        let reason: JSON = ["reason": "Nobody chats at night"]
        try await engineers[0].daemons[0].post(step, reason).problem(403, "role-required")
        try await commander.post(step, [:]).problem(422, "invalid-value")
        let plan = try await commander.post(step, reason).expect(200)
        #expect(plan.planStep("live-chat")["state"] == "waived")
    }

    /// Against the order, by whoever may, for a reason: the refusal itself says how.
    func force() async throws {
        let engineer = engineers[0].daemons[0]
        let refused = try await engineer.post(path + "/restoration/notifications/start").problem(409, "gate-closed")
        let reason = refused["waits_for"][0]["reason"].string ?? ""
        #expect(reason.hasPrefix("wave 2 is not complete "), "\(refused)")
        let force = try #require(refused["how"].items.last)
        #expect(force["body"]["override"] == true)
        try await engineer.follow(force, Self.known).problem(403, "role-required")
        let plan = try await commander.follow(force, Self.known).expect(200)
        #expect(plan.planStep("notifications")["state"] == "restoring")
        try await engineers[0].bringUp("notifications")
    }

    /// The commander says what comes first.
    func order() async throws {
        let wanted: JSON = ["components": ["upload", "search"], "reason": "Creators wait"]
        try await engineers[0].daemons[0].put(path + "/restoration/order", wanted).problem(403, "role-required")
        let plan = try await commander.put(path + "/restoration/order", wanted).expect(200)
        #expect(Set(plan.wave(1)).isSuperset(of: ["upload", "search"]), "they are moved to the first wave")
        #expect(plan["start_next"].items.prefix(2).map(\.component) == ["upload", "search"])
        #expect(plan["order"] == ["upload", "search"])
        #expect(plan["revision"] == 3)
    }

    /// All three go on; while components soak, a daemon is gone without a word.
    func restoreTheRest(killing mortal: Daemon) async throws {
        async let work = allWork(until: \.isAllBack)
        let soaking = try await Eventually.get("three components soak") {
            let soaking = try await plan().planSteps.filter { step in
                let left = Moment.date(step["soak_until"].string)?.timeIntervalSinceNow ?? 0
                return step["state"] == "verifying" && left > 1
            }
            return soaking.count >= 3 ? soaking : nil
        }
        try await mortal.kill9()
        let after = try await plan()
        #expect(soaking.allSatisfy { after.planStep($0.component)["state"] == "verifying" })
        let reasons = try await work
        #expect(reasons.contains { $0.hasPrefix("wave 2 is not complete ") }, "\(reasons)")
        try await checkSoaks(soaking)
    }

    /// Whoever ends a soak, it ended when it was to end.
    private func checkSoaks(_ soaking: [JSON]) async throws {
        let entries = try await commander.all(path + "/timeline")
        for step in soaking {
            let entry = entries.last { $0["kind"] == "step_restored" && $0["data"].component == step.component }
            #expect(entry?["occurred_at"] == step["soak_until"], "\(step.component)")
        }
        let ends = entries.filter { $0["kind"] == "step_restored" }
        for entry in ends {
            let meant = try #require(Moment.date(entry["occurred_at"].string))
            let late = try #require(Moment.date(entry["recorded_at"].string)).timeIntervalSince(meant)
            #expect(late >= 0 && late < 1, "\(entry["data"].component) was restored \(late) s late")
        }
    }

    func endRestoring() async throws {
        let plan = try await plan()
        let waived = plan.planSteps.filter { $0["state"] == "waived" }.map(\.component)
        #expect(plan.isAllBack)
        #expect(waived == ["live-chat"])
        #expect(plan["waived"] == 1 && plan["restored"].int == plan.planSteps.count - 1)
        let incident = try await commander.post(path + "/advance").expect(200)
        #expect(incident["phase"] == "review")
    }

    private func plan() async throws -> JSON {
        try await commander.get(path + "/restoration").expect(200)
    }

    /// All engineers at once. Returns what refusals told them.
    private func allWork(until isWanted: @escaping @Sendable (_ plan: JSON) -> Bool) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            for engineer in engineers {
                group.addTask { try await engineer.work(until: isWanted) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
