import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// Maintenance that is planned, begun, extended, ended and cancelled.
extension DescribedLife {
    func maintain(_ incident: String) async throws {
        let path = "/v1/maintenance"
        let series: JSONValue = [
            "title": "Switches", "description": "Rack 7; both of them.", "components": ["db"], "regions": ["eu"],
            "local_start": .string(Self.soon(days: 2)), "time_zone": "Europe/Berlin", "duration_seconds": 3600,
            "rrule": "FREQ=WEEKLY;COUNT=4", "ends": "by_hand",
        ]
        let made = await post(path, series, gives: 201)
        let window = "\(path)/\(try #require(made.json["id"]?.string))"
        #expect(made.json["next"]?["state"] == "scheduled" && made.json["occurrences"]?.array?.count == 4)
        let other: JSONValue = [
            "title": "Disks", "components": ["db"], "local_start": .string(Self.soon(days: 1)),
            "time_zone": "America/New_York", "duration_seconds": 600,
        ]
        let second = await post(path, other, gives: 201)
        await post(path, ["title": "Disks"], gives: 422)
        try await readPages(path)
        try await readPages("\(path)?state=scheduled&component=db")
        await get("\(path)?state=soon", gives: 422)

        await get(window)
        await get("\(path)/none", gives: 404)
        await ask(.patch, window, ["title": "Switches of rack 7"])
        await ask(.patch, window, ["duration_seconds": 1], gives: 422)
        let begun = await post("\(window)/begin")
        #expect(begun.json["state"] == "running")
        #expect(await get("/v1/components/db").json["maintenance"]?["running"]?[0]?["title"] == "Switches of rack 7")
        #expect(await get("/v1/components/db").json["maintenance"]?["next"]?["title"] == "Disks")
        #expect(await get("\(incident)/maintenance").json["items"]?.array?.isEmpty == false)
        await post("\(window)/extend", ["seconds": 600])
        await post("\(window)/extend", ["until": "2001-01-01T00:00:00Z"], gives: 409)
        await post("\(window)/extend", [:], gives: 422)
        await post("\(window)/end")
        await post("\(window)/end", gives: 409)
        let named = made.json["occurrences"]?[1]?["occurrence"] ?? .null
        await post("\(window)/cancel", ["occurrence": named, "reason": "The parts are late"])
        await post("\(window)/cancel", ["occurrence": "2001-01-01T00:00"], gives: 422)
        let calendar = await get("\(path).ics")
        await ask(.get, "\(path).ics?key=\(DescribedServer.token)", token: nil)
        await ask(.get, "\(path).ics", token: nil, gives: 401)
        #expect(calendar.headers[.contentType] == "text/calendar; charset=utf-8")
        await post("\(window)/cancel")
        await ask(.patch, window, ["title": "Other"], gives: 409)
        await ask(.delete, "\(path)/\(try #require(second.json["id"]?.string))", gives: 204)
        await ask(.delete, "\(path)/\(UUID().uuidString)", gives: 404)
    }

    /// In some days by a clock in UTC, to the minute.
    private static func soon(days: Double) -> String {
        String(Timestamp.now().adding(seconds: days * 86_400).description.prefix(16))
    }
}
