import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Users who report, and what is made of it.
extension DescribedLife {
    func sendReports() async throws {
        await ask(.options, "/reports", token: nil, gives: 204)
        for user in 1...9 {
            let report: JSONValue = ["symptom": "video_stops", "component": "live", "region": "eu", "platform": "tv"]
            await ask(.post, "/reports", report, token: nil, headers: [.userAgent: "user \(user)"], gives: 202)
        }
        // So many that a new minute in between does not matter.
        var statuses: Set<Int> = []
        for _ in 1...21 {
            statuses.insert(await server.ask(.post, "/reports", ["symptom": "other"], token: nil).status)
        }
        #expect(statuses == [202, 429])
        await ask(.post, "/reports", ["symptom": "moon"], token: nil, headers: [.userAgent: "another"], gives: 422)
        let features = server.server.features
        let runner = ReportRunner(
            desk: features.desk, pool: server.server.pool, intake: features.intake, rules: features.rules,
            routing: features.routing, logger: TestServer.quietLogger, restSeconds: 0)
        for _ in 1...2 { try await runner.look() }
        let router = AlertRouter(
            pool: server.server.pool, desk: features.desk, signal: features.routing, logger: TestServer.quietLogger,
            book: features.rules, correlationWindow: .seconds(1800), reportsOpenIncidents: true)
        while try await router.routeBatch() > 0 {}
        try await runner.count()
        let rates = await get("/v1/reports")
        #expect(rates.json["items"]?[0]?["surging"] == true)
        let alerts = await get("/v1/alerts?component=live")
        let number = try #require(alerts.json["items"]?[0]?["incident"]?.integer)
        await get("/v1/incidents/\(number)")
        await get("/v1/incidents/\(number)/review")
        let reports = await get("/v1/incidents/\(number)/reports")
        #expect(reports.json["series"]?["total"] == 9)
        await get("/v1/incidents/9999/reports", gives: 404)
    }
}
