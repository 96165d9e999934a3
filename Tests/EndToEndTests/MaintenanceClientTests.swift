import FoundationEssentials
import IncidentDomain
import TestSupport
import Testing

/// What other people's programs make of our recurrence and our calendar.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nothing compares") { await PythonClient.areThere() })
struct MaintenanceClientTests {
    @Test(arguments: ["1", "2", "3"])
    func `random rules come when python-dateutil says, but for what RFC 5545 leaves out`(seed: String) async throws {
        let answer = try await PythonClient.run("recurrence_oracle.py", seed, "150", "cases")[0]["value"]
        var moments = 0
        let cases = answer.array ?? []
        for series in cases {
            let zone = ZoneOffsets(
                name: series["zone"].string ?? "", firstOffset: series["ahead"].int ?? 0,
                changes: (series["changes"].array ?? []).map {
                    ZoneOffsets.Change(at: $0[0].int ?? 0, offset: $0[1].int ?? 0)
                })
            let text = try #require(series["rule"].string)
            let start = try #require(series["start"].string.flatMap { LocalTime($0) })
            let through = Timestamp(milliseconds: Int64(try #require(series["through"].int)) * 1000)
            let found = Recurrence(try RecurrenceRule(text), from: start, in: zone, through: through)
                .map { Int($0.moment.milliseconds / 1000) }
            let wanted = (series["moments"].array ?? []).compactMap(\.int)
            #expect(found == wanted, "\(text) from \(start) in \(zone.name)")
            moments += wanted.count
        }
        #expect(cases.count == 150 && moments > 1500)
    }

    @Test func `a calendar program reads the feed, and finds what the API says`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let components = try await api.all("/v1/components")
            let slug = try #require(components.first?["slug"].string)
            let start = String(Moment.text(Date(timeIntervalSinceNow: 5 * 86_400)).prefix(11))
            func plan(_ title: String, _ zone: String, _ time: String, _ rule: JSON) async throws -> JSON {
                try await api.post(
                    "/v1/maintenance",
                    [
                        "title": .string(title), "components": [.string(slug)], "local_start": .string(start + time),
                        "time_zone": .string(zone), "duration_seconds": 5400, "rrule": rule,
                        "description": "Rack 7; both, of them\nand more",
                    ]
                ).expect(201)
            }
            let weekly = try await plan("weekly", "Europe/Berlin", "02:15", "FREQ=WEEKLY;COUNT=6")
            _ = try await plan("daily ü\u{1F4A5}", "America/New_York", "23:30", "FREQ=DAILY;COUNT=20")
            _ = try await plan("once", "Asia/Kolkata", "12:00", .null)
            let path = "/v1/maintenance/\(try #require(weekly["id"].string))"
            let occurrences = weekly["occurrences"]
            _ = try await api.post("\(path)/cancel", ["occurrence": occurrences[2]["occurrence"]]).expect(200)
            _ = try await api.post("\(path)/extend", ["occurrence": occurrences[3]["occurrence"], "seconds": 600])
                .expect(200)

            let answers = try await PythonClient.run(
                "calendar_client.py", "http://\(daemon.address)", Daemon.bootstrapToken, "bytes", "events")
            let bytes = answers[0]["value"]
            #expect(bytes["type"] == "text/calendar; charset=utf-8" && bytes["bare"] == false && bytes["ends"] == true)
            #expect((bytes["longest"].int ?? 100) <= 75)
            let calendar = answers[1]["value"]
            #expect(calendar["broken"] == [], "\(calendar["broken"])")
            #expect(calendar["zones"] == ["America/New_York", "Asia/Kolkata", "Europe/Berlin"])
            var wanted: [String] = []
            for window in try await api.all("/v1/maintenance") {
                let whole = try await api.get("/v1/maintenance/\(window["id"].string ?? "")").expect(200)
                for one in whole["occurrences"].array ?? [] {
                    let status = one["state"] == "cancelled" ? "CANCELLED" : "CONFIRMED"
                    let times = "\(Self.seconds(one["starts_at"])) \(Self.seconds(one["ends_at"]))"
                    wanted.append("\(whole["title"].string ?? "") \(times) \(status)")
                }
            }
            let found = (calendar["events"].array ?? []).map { event in
                ["title", "start", "end", "status"].compactMap { event[$0].string }.joined(separator: " ")
            }
            #expect(found == wanted.sorted() && found.count == 27, "\(found)")
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// A time of the API without its milliseconds.
    private static func seconds(_ time: JSON) -> String { "\((time.string ?? "").prefix(19))Z" }
}
