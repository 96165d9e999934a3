import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Users who report, and what is made of it.
extension DescribedLife {
    func sendReports() async throws {
        await ask(.options, "/reports", token: nil, gives: 204)
        let path = try await open(["title": "Live stops", "components": [["component": "live", "impact": "degraded"]]])
        for user in 1...9 {
            let report: JSONValue = ["symptom": "video_stops", "component": "live", "region": "eu", "platform": "tv"]
            await ask(.post, "/reports", report, token: nil, headers: [.xForwardedFor: "203.0.113.\(user)"], gives: 202)
        }
        // So many that a new minute in between does not matter.
        var statuses: Set<Int> = []
        for _ in 1...21 {
            statuses.insert(await server.ask(.post, "/reports", ["symptom": "other"], token: nil).status)
        }
        #expect(statuses == [202, 429])
        await ask(
            .post, "/reports", ["symptom": "moon"], token: nil, headers: [.xForwardedFor: "203.0.113.99"], gives: 422)
        let features = server.server
        let runner = ReportRunner(
            desk: features.desk, pool: server.server.pool, intake: features.intake, rules: features.rules,
            routing: features.routing, logger: TestServer.quietLogger, restSeconds: 0)
        for _ in 1...2 { try await runner.look() }
        let router = AlertRouter(
            pool: server.server.pool, desk: features.desk, signal: features.routing, logger: TestServer.quietLogger,
            book: features.rules, correlationWindow: .seconds(1800))
        while try await router.routeBatch() > 0 {}
        let rates = await get("/v1/reports")
        #expect(rates.json["items"]?[0]?["surging"] == true)
        #expect(await get("/v1/alerts?component=live").json["items"]?[0]?["incident"] == .null)
        let beside = await get("\(path)/reports")
        #expect(beside.json["series"]?["total"] == 9 && beside.json["counted"] == false)
        #expect(await get(path).json["reports"] == .null)
        let confirmed = await post("\(path)/reports/confirm")
        #expect(confirmed.json["series"]?["total"] == 9 && confirmed.json["counted"] == true)
        await ask(.post, "\(path)/reports/confirm", headers: [.ifMatch: "\"1\""], gives: 412)
        try await runner.count()
        #expect(await get(path).json["reports"]?["total"] == 9)
        await get("\(path)/review")
        await get("/v1/incidents/9999/reports", gives: 404)
        await ask(.post, "/v1/incidents/9999/reports/confirm", gives: 404)
    }
}
