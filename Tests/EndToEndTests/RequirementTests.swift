import Testing

/// An incident always says what is missing, and which call meets it; and the call does.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct RequirementTests {
    /// Every requirement that there is, so that every call is made.
    private static let everything = [
        "policy.default.assess":
            "severity_set,commander_assigned,operations_assigned,communications_assigned,impact_recorded,"
            + "audience_impact_recorded,cause_given,cause_confirmed,update_posted",
        "policy.default.mitigate": "mitigation_succeeded,no_mitigation_running,tasks_done",
    ]

    @Test func `the calls that an incident names carry it to its end`() async throws {
        try await Daemon.with(.cluster, Self.everything) { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let path = try await api.open(["title": "Something is wrong"])
            var met: [String] = []
            var incident = try await api.get(path).expect(200)
            while incident["phase"] != "closed" {
                try #require(met.count < 80, "it goes round in circles: \(met.suffix(12))")
                try await prepare(incident, api, path)
                incident = try await api.get(path).expect(200)
                guard let unmet = incident["next"]["unmet"].items.first else {
                    #expect(incident["next"]["ready"] == true)
                    incident = try await api.post(path + "/advance").expect(200)
                    continue
                }
                met.append(unmet["requirement"].string ?? "")
                let reply = try await carryOut(unmet["how"], api)
                if reply.status == 409 {
                    // What is asked for first is named by the refusal.
                    let refused = try reply.problem(409, "review-unfinished")
                    for call in refused["how"].items {
                        if call["path"].string?.contains("/actions/") == true { met.append("actions_assigned") }
                        let reply = try await carryOut(call, api)
                        try #require(reply.isSuccess, "\(call) led to \(reply)")
                    }
                    continue
                }
                try #require(reply.isSuccess, "\(unmet) led to \(reply)")
                incident = try await api.get(path).expect(200)
            }
            let expected: Set = [
                "acknowledged", "severity_set", "commander_assigned", "operations_assigned", "communications_assigned",
                "impact_recorded", "audience_impact_recorded", "cause_given", "cause_confirmed", "update_posted",
                "mitigation_succeeded", "no_mitigation_running", "tasks_done", "components_restored",
                "review_approved", "actions_assigned",
            ]
            #expect(expected.subtracting(met).isEmpty, "never asked for: \(expected.subtracting(met))")
        }
    }

    /// What makes the next phase ask for something.
    private func prepare(_ incident: JSON, _ api: API, _ path: String) async throws {
        switch incident["phase"] {
        case "assess" where incident["impacts"].items.count == 1:
            // Each depends on the one before it, so that most have to wait.
            for component in ["database", "auth", "feed"] {
                try await api.put(path + "/impacts/\(component)", ["impact": "major_outage"]).expect(200)
            }
        case "mitigate" where incident["tasks"].items.isEmpty:
            try await api.post(path + "/mitigations", ["description": "Reroute", "state": "running"]).expect(201)
            try await api.post(path + "/mitigations", ["description": "Roll back"]).expect(201)
            try await api.post(path + "/tasks", ["text": "Call the carrier"]).expect(201)
        case "review" where incident["actions"].items.isEmpty:
            try await api.post(path + "/actions", ["title": "A second carrier", "kind": "corrective"]).expect(201)
        default: break
        }
    }

    @Test func `an alert that does not end is waited for or waived`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            let firing = AlertmanagerMessage(group: "g", [.init("a", component: "feed"), .init("b")])
            try await api.post(source.hook, firing.json).expect(200)
            let path = try await Eventually.get("an incident") {
                try await api.get("/v1/incidents").expect(200)["items"][0]["number"].int.map { "/v1/incidents/\($0)" }
            }
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
            }
            var incident = try await api.get(path).expect(200)
            #expect(incident["phase"] == "restore")
            for _ in 0..<10 where incident["phase"] == "restore" {
                for unmet in incident["next"]["unmet"].items {
                    // To look which alerts fire does not end them: then one of the alternatives goes on.
                    let reply = try await carryOut(unmet["how"], api)
                    try #require(reply.isSuccess, "\(unmet) led to \(reply)")
                    guard let other = unmet["alternatives"].items.last else { continue }
                    let next = try await carryOut(other, api)
                    try #require(next.isSuccess, "\(other) led to \(next)")
                }
                incident = try await api.get(path).expect(200)
            }
            #expect(incident["phase"] == "review")
        }
    }

    /// Makes a call as it stands there, with what only a person can know put in.
    private func carryOut(_ how: JSON, _ api: API) async throws -> Reply {
        let known = ["COMPONENT": "comments", "NAME": "Ada", "YYYY-MM-DD": "2027-01-31"]
        func filled(_ text: String) -> String {
            known.reduce(text) { $0.replacing($1.key, with: $1.value) }
        }
        let body = how["body"] == nil ? API.Body.none : .json(how["body"].mapStrings(filled))
        let path = filled(how["path"].string ?? "")
        let reply = try await api.send(how["method"].string ?? "", path, body)
        guard how["method"] == "GET" else { return reply }
        // A look at the plan, which says what is ready, if anything is.
        let steps = try reply.expect(200)["waves"].items.flatMap { $0["steps"].items }
        guard let ready = steps.first(where: { $0["ready"] == true }) else { return reply }
        return try await api.post(path + "/\(ready["component"].string ?? "")/start")
    }
}
