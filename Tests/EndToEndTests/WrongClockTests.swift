import FoundationEssentials
import Testing

/// The database's time rules: daemons whose clocks are hours wrong, each in another direction, do no harm.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct WrongClockTests {
    /// Whether a time is the present one, by this process's clock, which is also the database's.
    private static func isNow(_ time: JSON, adding seconds: Double = 0) -> Bool {
        guard let date = Moment.date(time.string) else { return false }
        return abs(date.timeIntervalSinceNow - seconds) < 120
    }

    @Test func `it is told in the log and in the metrics`() async throws {
        try await WrongClock.with { ahead, behind in
            for (daemon, seconds) in [(ahead, WrongClock.seconds), (behind, -WrongClock.seconds)] {
                let metrics = try await daemon.api.get("/metrics")
                let line = metrics.text.split(separator: "\n").first { $0.hasPrefix("muster_clock_offset_seconds ") }
                let offset = line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
                #expect(abs(offset - Double(seconds)) < 60, "\(line ?? "no figure")")
                try await Eventually.holds("it is logged") {
                    daemon.logLines.contains { $0.contains("clock differs from the database's") }
                }
                // This is what shows that the clock is wrong indeed.
                #expect(metrics.header("Date") != nil)
            }
        }
    }

    @Test func `what happens at either daemon is recorded when it happens, in one order`() async throws {
        try await WrongClock.with { ahead, behind in
            let start = Moment.text(Date().addingTimeInterval(-3_600))
            let path = try await ahead.api.open(["title": "Down", "started_at": .string(start)])
            try await behind.api.post(path + "/acknowledge").expect(200)
            try await ahead.api.post(path + "/notes", ["text": "seen"]).expect(201)
            try await behind.api.post(path + "/notes", ["text": "seen, too"]).expect(201)
            let entries = try await ahead.api.all(path + "/timeline")
            #expect(entries.count == 4)
            for entry in entries {
                #expect(Self.isNow(entry["recorded_at"]) && entry["occurred_at"] == entry["recorded_at"], "\(entry)")
            }
            let times = entries.compactMap { $0["recorded_at"].string }
            #expect(times == times.sorted())
            for api in [ahead.api, behind.api] {
                // A moment ago is taken; an hour from now has not happened, whoever is asked.
                let (past, future) = (Date().addingTimeInterval(-60), Date().addingTimeInterval(3_600))
                let note: JSON = ["text": "late", "occurred_at": .string(Moment.text(past))]
                try await api.post(path + "/notes", note).expect(201)
                let early: JSON = ["text": "early", "occurred_at": .string(Moment.text(future))]
                try await api.post(path + "/notes", early).problem(422, "invalid-value")
            }
        }
    }

    @Test func `a soak lasts as long as it should`() async throws {
        try await WrongClock.with { ahead, behind in
            let catalog: JSON = ["components": [["slug": "database", "tier": 0, "soak_seconds": 2]]]
            try await ahead.api.put("/v1/components", catalog).expect(200)
            for api in [ahead.api, behind.api] {
                let path = try await api.open(
                    ["title": "Down", "components": [["component": "database", "impact": "major_outage"]]])
                for _ in 0..<3 {
                    try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
                }
                try await api.post(path + "/restoration/database/start").expect(200)
                try await api.post(path + "/restoration/database/verify").expect(200)
                try await Eventually.holds("it is restored") {
                    try await api.get(path + "/restoration").expect(200).planStep("database")["state"] == "restored"
                }
                let times = try await api.all(path + "/timeline").suffix(2).map {
                    Moment.date($0["occurred_at"].string)
                }
                let (verified, restored) = (try #require(times[0]), try #require(times[1]))
                #expect(abs(restored.timeIntervalSince(verified) - 2) < 0.01, "\(times)")
                #expect(abs(restored.timeIntervalSinceNow) < 60)
            }
        }
    }

    @Test func `a heartbeat is late when it is, and no other`() async throws {
        try await WrongClock.with { ahead, behind in
            try await ahead.api.put("/v1/heartbeats/hourly", ["interval_seconds": 3_600]).expect(201)
            try await behind.api.put("/v1/heartbeats/daily", ["interval_seconds": 86_400]).expect(201)
            try await behind.api.put("/v1/heartbeats/quick", ["interval_seconds": 5]).expect(201)
            for (api, name) in [(behind.api, "hourly"), (ahead.api, "daily"), (ahead.api, "quick")] {
                try await api.post("/v1/heartbeats/\(name)/ping").expect(200)
            }
            let late = try await Eventually.get("the quick one is late") {
                let quick = try await behind.api.get("/v1/heartbeats/quick").expect(200)
                return quick["status"] == "late" && quick["late_since"] != .null ? quick : JSON?.none
            }
            #expect(Self.isNow(late["late_since"]) && Self.isNow(late["last_ping_at"]), "\(late)")
            for name in ["hourly", "daily"] {
                let heartbeat = try await ahead.api.get("/v1/heartbeats/\(name)").expect(200)
                #expect(heartbeat["status"] == "alive" && Self.isNow(heartbeat["last_ping_at"]), "\(heartbeat)")
            }
        }
    }

    @Test func `a silence begins now, and ends when it was told to`() async throws {
        try await WrongClock.with { ahead, behind in
            for (maker, other) in [(ahead.api, behind.api), (behind.api, ahead.api)] {
                let body: JSON = [
                    "matchers": [["label": "component", "value": "feed"]], "duration_seconds": 600, "comment": "works",
                ]
                let made = try await maker.post("/v1/silences", body).expect(201)
                #expect(Self.isNow(made["starts_at"]) && Self.isNow(made["ends_at"], adding: 600), "\(made)")
                let seen = try await other.get("/v1/silences/\(made["id"].string ?? "")").expect(200)
                #expect(seen["state"] == "active", "\(seen)")
                let (past, soon) = (Date().addingTimeInterval(-60), Date().addingTimeInterval(600))
                func ending(_ date: Date) -> JSON {
                    .object((body.object ?? [:]).filter { $0.key != "duration_seconds" })
                        .with(["ends_at": .string(Moment.text(date))])
                }
                try await maker.post("/v1/silences", ending(soon)).expect(201)
                try await maker.post("/v1/silences", ending(past)).problem(422, "invalid-value")
            }
        }
    }
}
