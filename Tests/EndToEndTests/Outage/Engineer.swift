import Testing

/// Somebody who restores components and knows nothing of the platform but what the API answers: which steps are ready,
/// and what a refusal says to do.
struct Engineer: Sendable {
    /// Several may work at once; each begins at another place of the list.
    let number: Int
    /// The same person at each daemon; the next one is asked when one does not answer.
    let daemons: [API]
    /// The incident's path.
    let path: String
    let monitoring: Monitoring

    /// Restores what can be restored until the plan is as wanted. Returns what refusals said they wait for.
    func work(
        within limit: Duration = .seconds(60), until isWanted: (_ plan: JSON) -> Bool
    ) async throws -> [String] {
        var reasons: [String] = []
        try await Eventually.holds("engineer \(number) is done", within: limit) {
            let reply = try await call("GET", path + "/restoration")
            let plan = try reply.expect(200)
            if isWanted(plan) { return true }
            let steps = plan.planSteps
            let ready = steps.filter { $0["ready"] == true }
            // Whoever starts what has to wait is told so, and what to do instead.
            let next = ready.isEmpty ? steps.first { $0["state"] == "waiting" } : ready[number % ready.count]
            if let next { reasons += try await restore(next.component, asOf: reply) }
            return false
        }
        return reasons
    }

    /// One component, from its start to its soak. Returns what it waits for, if it does.
    ///
    /// - Parameter plan: What was read before: whoever was quicker keeps the step to themselves.
    @discardableResult
    func restore(_ component: String, asOf plan: Reply? = nil) async throws -> [String] {
        let step = path + "/restoration/\(component)"
        let tag = plan?.header("ETag").map { ["If-Match": $0] } ?? [:]
        let started = try await call("POST", step + "/start", headers: tag)
        if started.status == 412 { return [] }
        guard started.isSuccess else { return try await follow(started) }
        return try await bringUp(component)
    }

    /// What was started, from its first traffic on.
    @discardableResult
    func bringUp(_ component: String) async throws -> [String] {
        let step = path + "/restoration/\(component)"
        for percent in [10, 50, 100] {
            let ramped = try await call("POST", step + "/ramp", ["percent": .number(Double(percent))])
            if ramped.isOverByAnother { return [] }
            try ramped.expect(200)
        }
        var reasons: [String] = []
        try await Eventually.holds("\(component) is verified") {
            let verified = try await call("POST", step + "/verify")
            if !verified.isSuccess { reasons += try await follow(verified) }
            return verified.isSuccess
        }
        return reasons
    }

    /// Does what a refusal says would change it.
    private func follow(_ refused: Reply) async throws -> [String] {
        if refused.isOverByAnother { return [] }
        let problem = try refused.problem(409, "gate-closed")
        let gates = problem["waits_for"].items
        #expect(!gates.isEmpty, "\(refused)")
        #expect(gates.allSatisfy { $0["reason"].string != nil && $0["how"]["path"].string != nil }, "\(refused)")
        let how = try #require(problem["how"].items.first, "\(refused)")
        let target = how["path"].string ?? ""
        let reasons = gates.compactMap { $0["reason"].string }
        switch (how["method"], target.split(separator: "/").last) {
        case ("POST", "start"):
            let component = String(target.split(separator: "/").dropLast().last ?? "")
            let plan = try await call("GET", path + "/restoration")
            // Somebody else may have been told the same.
            guard plan.json.planStep(component)["ready"] == true else { return reasons }
            return reasons + (try await restore(component, asOf: plan))
        // Somebody is at it, or it soaks: there is nothing to do but to look again.
        case ("POST", "verify"), ("GET", "restoration"): return reasons
        case ("GET", _):
            let alerts = try await call("GET", target).expect(200)["items"].items
            for alert in alerts where alert["status"] == "firing" { try await mend(alert) }
            return reasons
        case (_, _):
            Issue.record("nobody told us how to do this: \(how)")
            return reasons
        }
    }

    /// Removes what an alert is about; the monitoring sees it.
    private func mend(_ alert: JSON) async throws {
        try await monitoring.resolve(alert["labels"]["alertname"].string ?? "", on: alert.component)
    }

    private func call(
        _ method: String, _ path: String, _ body: JSON? = nil, headers: [String: String] = [:]
    ) async throws -> Reply {
        var last: (any Error)?
        for (index, api) in daemons.enumerated() {
            do {
                // It may have been carried out before its daemon died: then the plan is not as it was read.
                let headers = index == 0 ? headers : [:]
                return try await api.send(method, path, body.map(API.Body.json) ?? .none, headers: headers)
            } catch {
                last = error
            }
        }
        throw last ?? Eventually.TimedOut(description: "no daemon")
    }
}

extension Reply {
    /// Whether the step has gone on without us: after a daemon died, two may be at the same one.
    fileprivate var isOverByAnother: Bool { status == 409 && json["type"] == "/problems/step-state" }
}

extension JSON {
    /// Of a plan: its steps, in order.
    var planSteps: [JSON] { self["waves"].items.flatMap { $0["steps"].items } }

    /// Of a plan: the step of a component.
    func planStep(_ component: String) -> JSON { planSteps.first { $0.component == component } ?? .null }

    /// Of a plan: the slugs of a wave, which counts from 1.
    func wave(_ number: Int) -> [String] { self["waves"][number - 1]["steps"].items.map(\.component) }

    /// Of a plan: whether nothing remains to be done.
    var isAllBack: Bool { planSteps.allSatisfy { $0["state"] == "restored" || $0["state"] == "waived" } }

    /// Of a step, a gate, an alert or a suggestion: the slug of what it is about.
    var component: String { self["component"].string ?? "" }
}

extension API {
    /// Makes a call as an answer suggested it, with what only a person can know put in.
    func follow(_ how: JSON, _ known: [String: String] = [:]) async throws -> Reply {
        func filled(_ text: String) -> String { known.reduce(text) { $0.replacing($1.key, with: $1.value) } }
        let body = how["body"] == nil ? Body.none : .json(how["body"].mapStrings(filled))
        return try await send(how["method"].string ?? "", filled(how["path"].string ?? ""), body)
    }
}
