import HTTPTypes
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// Endpoints, what is sent to them, and who is paged.
extension DescribedLife {
    func notify() async throws {
        let incident = try await open(["title": "Nobody has looked at it"])
        let hook: JSONValue = [
            "name": "hook", "format": "standard-webhooks", "url": "https://hook.example/a/secret",
            "severities": ["sev1", "sev2"], "components": ["db"], "phases": ["detect"], "labels": ["team": "db"],
            "incidents": ["42"], "headers": ["Authorization": "Bearer abc"], "timeout_seconds": 5,
        ]
        let made = await post("/v1/endpoints", hook, gives: 201)
        let path = "/v1/endpoints/\(made.json["id"]?.string ?? "")"
        #expect(made.json["secret"]?.string?.hasPrefix("whsec_") == true)
        #expect(made.json["url"] == "https://hook.example/***")
        await post("/v1/endpoints", hook, gives: 422)
        let pager: JSONValue = [
            "name": "pager", "format": "standard-webhooks", "url": "http://127.0.0.1:1024/", "events": [],
            "signature": "ed25519",
        ]
        let other = await post("/v1/endpoints", pager, gives: 201)
        let otherPath = "/v1/endpoints/\(other.json["id"]?.string ?? "")"
        #expect(other.json["secret"]?.string?.hasPrefix("whpk_") == true)
        try await readPages("/v1/endpoints")
        await get(path)
        await ask(
            .patch, path,
            [
                "severities": nil, "components": nil, "phases": nil, "labels": nil, "incidents": nil, "enabled": true,
                "events": ["note_added"],
            ])
        await ask(.patch, path, ["events": ["nothing"]], gives: 422)
        await ask(.patch, path, ["url": "http://127.0.0.1:22/"], gives: 422)
        await post("\(path)/rotate", ["overlap_seconds": 60])
        await post("\(path)/rotate", ["secret": "x"], gives: 422)
        await get("/v1/event-kinds")
        await pageAndSend(otherPath, of: incident)
        let sent = await post("\(otherPath)/test", gives: 202)
        try await deliver()
        try await readPages("\(otherPath)/attempts")
        await post("\(otherPath)/replay", ["notification": sent.json["notification"] ?? .null], gives: 202)
        let range: JSONValue = ["from": "2020-01-01T00:00:00Z", "after": "ntf_1", "delivered": true]
        await post("\(otherPath)/replay", range, gives: 202)
        await post("\(otherPath)/replay", ["from": "2020-01-01T00:00:00Z", "after": "1"], gives: 422)
        await post("\(otherPath)/replay", ["notification": "ntf_999999"], gives: 404)
        await post("\(otherPath)/replay", [:], gives: 422)
        try await readPages("\(incident)/notifications")
        await get("/v1/incidents/9999/notifications", gives: 404)

        let none = "/v1/endpoints/0197a1b2-0000-7000-8000-000000000000"
        await get(none, gives: 404)
        await ask(.patch, none, ["enabled": false], gives: 404)
        await ask(.delete, none, gives: 404)
        for verb in ["test", "rotate"] { await post("\(none)/\(verb)", gives: 404) }
        await post("\(none)/replay", ["notification": "ntf_1"], gives: 404)
        await get("\(none)/attempts", gives: 404)
        await ask(.patch, otherPath, ["enabled": false])
        await post("\(otherPath)/test", gives: 409)
        await ask(.delete, otherPath, gives: 409)
        await ask(.delete, path, gives: 204)
    }

    /// A rule that pages, an alert that it takes, and what comes of both.
    private func pageAndSend(_ endpoint: String, of incident: String) async {
        let rule: JSONValue = [
            "name": "page", "matchers": [["label": "alertname", "value": "described-page"]],
            "then": ["notify": ["pager"], "escalate": [["after_seconds": 300, "endpoints": ["pager"]]]],
        ]
        await post("/v1/rules", rule, gives: 201)
        let unknown: JSONValue = ["name": "x", "matchers": [], "then": ["notify": ["nobody"]]]
        await post("/v1/rules", unknown, gives: 422)
        do {
            try await server.server.pool.transaction { transaction in
                let number = Int(self.number(incident)) ?? 0
                let plan = EscalationPlan(notify: ["pager"], escalate: [.init(afterSeconds: 60, endpoints: ["hook"])])
                _ = try await transaction.query(
                    try EscalationStore.begin([.init(incident: number, policy: "severity/sev1", plan: plan)]))
            }
            for text in ["one", "two"] { await post("\(incident)/notes", ["text": .string(text)], gives: 201) }
        } catch {
            Issue.record(error)
        }
    }

    /// Carries out what is due, as the loops do.
    private func deliver() async throws {
        let server = server.server
        _ = try await server.escalationRunner.escalate()
        try await server.noticeFanOut.fanOutAll()
        for lane in try await server.notificationStore.claim(perEndpoint: 4, busy: [:], leaseSeconds: 45) {
            await server.notificationSender.send(lane)
        }
    }
}
