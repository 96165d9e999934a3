import Testing

/// Mistakes are mended: a merge, a dismissal, an entry.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct UndoneTests {
    @Test func `a merge brings everything along, and its undoing gives it back`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            let target = try await api.open([
                "title": "The cause", "severity": "sev3", "started_at": "2026-03-01T20:10:00Z",
                "components": [["component": "cdn", "impact": "degraded"]],
            ])
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a", component: "upload")]).json)
                .expect(200)
            let number = try await Eventually.get("the alert's incident") {
                try await api.all("/v1/alerts").first?["incident"].int
            }
            let other = "/v1/incidents/\(number)"
            try await work(api, other)
            let before = try await api.get(other).expect(200)
            let into: JSON = ["into": .string(String(target.split(separator: "/").last ?? "")), "reason": "The same"]
            let merged = try await api.post(other + "/merge", into).expect(200)
            #expect(merged["still_firing"]["count"] == 1)
            try await seeTaken(api, target, from: number)
            let apart = try await api.post(other + "/unmerge", ["reason": "Two outages after all"]).expect(200)
            #expect(apart["phase"] == before["phase"] && apart["merged_into"] == nil)
            #expect(apart["impacts"] == before["impacts"] && apart["roles"] == before["roles"])
            #expect(apart["still_firing"]["alerts"][0]["component"] == "upload")
            try await seeGivenBack(api, target)
            #expect(try await api.all("/v1/alerts").first?["incident"].int == number)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    private func work(_ api: API, _ path: String) async throws {
        try await api.patch(path, ["severity": "sev1", "started_at": "2026-03-01T20:00:00Z"]).expect(200)
        try await api.put(path + "/roles/scribe", ["person": "Grace"]).expect(200)
        try await api.post(path + "/notes", ["text": "Readers see empty pages"]).expect(201)
        try await api.post(path + "/mitigations", ["description": "Serve yesterday's feed", "state": "running"])
            .expect(201)
        try await api.post(path + "/tasks", ["text": "Call the vendor"]).expect(201)
        try await api.post(path + "/actions", ["title": "Alert on empty pages", "kind": "detective"]).expect(201)
    }

    private func seeTaken(_ api: API, _ target: String, from number: Int) async throws {
        let taken = try await api.get(target).expect(200)
        #expect(taken["severity"] == "sev1" && taken["roles"]["scribe"] == "Grace")
        #expect(taken["times"]["started_at"] == "2026-03-01T20:00:00.000Z")
        #expect(Set(taken["impacts"].items.compactMap { $0["component"].string }) == ["cdn", "upload"])
        #expect(taken["alerts"]["firing"] == 1)
        for work in ["mitigations", "tasks", "actions"] {
            #expect(taken[work][0]["from"].int == number && taken[work][0]["struck"] == false)
        }
        let review = try await api.get(target + "/review.md")
        for text in ["Readers see empty pages", "Serve yesterday's feed", "Call the vendor", "Alert on empty pages"] {
            #expect(review.text.contains(text), "the review lacks \(text)")
        }
    }

    private func seeGivenBack(_ api: API, _ target: String) async throws {
        let rest = try await api.get(target).expect(200)
        #expect(rest["severity"] == "sev3" && rest["roles"]["scribe"] == nil)
        #expect(rest["times"]["started_at"] == "2026-03-01T20:10:00.000Z")
        #expect(rest["impacts"].items.compactMap { $0["component"].string } == ["cdn"])
        #expect(rest["alerts"]["firing"] == 0 && rest["mitigations"][0]["struck"] == true)
        #expect(try await api.get(target + "/review.md").text.contains("Readers see empty pages") == false)
    }

    @Test func `a dismissal is undone, and says what fires`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a", component: "feed")]).json)
                .expect(200)
            let number = try await Eventually.get("the alert's incident") {
                try await api.all("/v1/alerts").first?["incident"].int
            }
            let path = "/v1/incidents/\(number)"
            let dismissed = try await api.post(path + "/dismiss", ["reason": "A test"]).expect(200)
            #expect(dismissed["still_firing"]["count"] == 1)
            #expect(dismissed["still_firing"]["what_happens"].string?.contains("opens an incident") == true)
            // The same firing said again opens nothing, and is listed; a new one opens an incident.
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a", component: "feed")]).json)
                .expect(200)
            #expect(try await api.all("/v1/alerts?orphaned=true").count == 1)
            let refused = try await api.post(path + "/acknowledge").problem(409, "wrong-phase")
            #expect(refused["how"][0]["path"].string == path + "/reopen")
            let again = try await api.post(path + "/reopen", ["reason": "It is real"]).expect(200)
            #expect(again["phase"] == "detect" && again["still_firing"]["count"] == 1)
            #expect(try await api.all("/v1/alerts?orphaned=true").isEmpty)
            try await api.post(path + "/acknowledge").expect(200)
            try await api.post(path + "/dismiss", ["reason": "A test, really"]).expect(200)
            let first = AlertmanagerMessage.Alert("a", component: "feed")
            let anew = AlertmanagerMessage.Alert("a", component: "feed", startsAt: "2026-01-01T12:00:00Z")
            for alert in [first.resolved(), anew] {
                try await api.post(source.hook, AlertmanagerMessage(group: "g", [alert]).json).expect(200)
            }
            let next = try await Eventually.get("the incident of the new firing") {
                try await api.all("/v1/incidents?open=true").first?["number"].int
            }
            #expect(next != number)
        }
    }

    @Test func `an entry is struck out and a note is starred, and the timeline says so`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "Down"])
            let note = try await api.post(path + "/notes", ["text": "Wrong window"]).expect(201)
            let other = try await api.post(path + "/notes", ["text": "The vendor called"]).expect(201)
            let entry = path + "/timeline/\(note["sequence"].int ?? 0)"
            try await api.post(entry + "/strike", ["reason": "For another incident"]).expect(200)
            try await api.patch(path + "/timeline/\(other["sequence"].int ?? 0)", ["key": true]).expect(200)
            try await api.post(path + "/timeline/1/strike", ["reason": "no"]).problem(422, "invalid-value")
            let timeline = try await api.all(path + "/timeline")
            #expect(
                timeline[1]["struck"]["reason"] == "For another incident" && timeline[1]["text"] == "Note: Wrong window"
            )
            #expect(timeline[2]["key"] == true && timeline[2]["struck"] == nil)
            let review = try await api.get(path + "/review.md")
            #expect(review.text.contains("The vendor called") && review.text.contains("Reason: For another incident."))
        }
    }

    @Test func `an entry gets the time at which it happened, and phases, clocks and review follow`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "Down", "started_at": "2026-03-01T20:00:00Z"])
            let late: JSON = ["text": "The disk was full", "key": true]
            let note = try await api.post(path + "/notes", late).expect(201)
            let entry = path + "/timeline/\(note["sequence"].int ?? 0)"
            let moved: JSON = ["happened_at": "2026-03-01T20:10:00Z", "reason": "entered afterwards"]
            try await api.patch(entry, moved).expect(200)
            try await api.patch(entry, ["happened_at": "2026-03-01T20:10:00Z"]).problem(422, "invalid-value")
            try await api.post(path + "/advance", ["override": true, "reason": "a drill"]).expect(200)
            let advance = try await api.all(path + "/timeline").last?["sequence"].int ?? 0
            let seen: JSON = ["happened_at": "2026-03-01T20:20:00Z", "reason": "we saw it then"]
            try await api.patch(path + "/timeline/\(advance)", seen).expect(200)
            let incident = try await api.get(path).expect(200)
            #expect(incident["times"]["acknowledged_at"] == "2026-03-01T20:20:00.000Z")
            let timeline = try await api.all(path + "/timeline")
            #expect(timeline[1]["corrected"]["happened_at"] == "2026-03-01T20:10:00.000Z")
            #expect(timeline[1]["corrected"]["reason"] == "entered afterwards")
            try await api.patch(path + "/timeline/1", moved).problem(422, "invalid-value")
            let review = try await api.get(path + "/review.md")
            #expect(
                review.text.contains("20:10:00 | Key note: The disk was full (time corrected, was"), "\(review.text)")
            try await api.patch(entry, ["happened_at": .null]).problem(422, "invalid-value")
            try await api.patch(entry, ["happened_at": .null, "reason": "it was right"]).expect(200)
            #expect(try await api.all(path + "/timeline")[1]["corrected"] == .null)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `what was said of steps, roles, times and alerts by mistake is taken back`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let path = try await api.open([
                "title": "Sign-in is down", "severity": "sev2", "started_at": "2026-03-01T20:00:00Z",
                "components": [
                    ["component": "database", "impact": "major_outage"],
                    ["component": "auth", "impact": "major_outage"],
                ],
            ])
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "a drill"]).expect(200)
            }
            let steps = path + "/restoration"
            try await api.post(steps + "/auth/waive", ["reason": "wrong button"]).expect(200)
            try await api.post(steps + "/auth/start").problem(409, "gate-closed")
            let back = try await api.post(steps + "/auth/undo", ["reason": "wrong button"]).expect(200)
            #expect(back["waived"] == 0)
            try await api.post(steps + "/database/start", ["occurred_at": "2026-03-01T20:30:00Z"]).expect(200)
            try await api.post(steps + "/database/verify", ["occurred_at": "2026-03-01T20:40:00Z"]).expect(200)
            try await api.post(steps + "/database/undo", ["reason": "it was the replica"]).expect(200)
            #expect(try await api.get(path).expect(200)["impacts"][0]["ended_at"] == nil)
            try await api.patch(steps + "/database", ["started_at": "2026-03-01T20:20:00Z", "reason": "the log"])
                .expect(
                    200)
            try await api.post(steps + "/database/verify", ["occurred_at": "2026-03-01T21:00:00Z"]).expect(200)
            try await api.patch(steps + "/database", ["restored_at": "2026-03-01T20:50:00Z", "reason": "the log"])
                .expect(200)
            let review = try await api.get(path + "/review.md")
            #expect(review.text.contains("2026-03-01 20:20:00 | 2026-03-01 20:50:00 | 30 min"))
            #expect(try await api.get(path).expect(200)["impacts"][0]["ended_at"] == "2026-03-01T20:50:00.000Z")
            try await takeBack(api, path)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    private func takeBack(_ api: API, _ path: String) async throws {
        try await api.put(path + "/roles/scribe", ["person": "Grace"]).expect(200)
        let removed = try await api.delete(path + "/roles/scribe").expect(200)
        #expect(removed["roles"]["scribe"] == nil)
        try await api.post(path + "/eta", ["eta": "2027-03-01T20:00:00Z", "reason": "a guess"]).expect(200)
        let unknown = try await api.post(path + "/eta", ["eta": .null, "reason": "nobody knows"]).expect(200)
        #expect(unknown["eta"] == nil && unknown["eta_history"]["withdrawn"]["reason"] == "nobody knows")
        let posted = try await api.post(path + "/updates", ["audience": "staff", "body": "We are on it"])
        try posted.expect(201)
        let update = try await api.get(posted.header("Location") ?? "").expect(200)
        #expect(update["body"] == "We are on it" && update["id"] == 1)
    }

    @Test func `an alert that is moved takes its harm along, and one that is ended by hand says by whom`() async throws
    {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a", component: "upload")]).json)
                .expect(200)
            let alert = try await Eventually.get("the alert's incident") {
                let alert = try await api.all("/v1/alerts").first
                return alert?["incident"].int == nil ? nil : alert
            }
            let from = "/v1/incidents/\(alert["incident"].int ?? 0)"
            let target = try await api.open(["title": "The cause"])
            #expect(try await api.get(from).expect(200)["impacts"][0]["origin"] == "alert")
            let into: JSON = [
                "incident": .string(String(target.split(separator: "/").last ?? "")), "reason": "another outage",
            ]
            let id = alert["id"].string ?? ""
            try await api.patch("/v1/alerts/\(id)", into).expect(200)
            #expect(try await api.get(from).expect(200)["impacts"].items.isEmpty)
            #expect(try await api.get(target).expect(200)["impacts"][0]["component"] == "upload")
            // It was a mistake: what people found there goes on, and nobody is offered to dismiss it.
            try await api.put(target + "/impacts/feed", ["impact": "major_outage"]).expect(200)
            let back: JSON = ["incident": .number(alert["incident"].number ?? 0), "reason": "a mistake"]
            try await api.patch("/v1/alerts/\(id)", back).expect(200)
            let left = try await api.get(target).expect(200)
            #expect(left["alerts"]["total"] == 0 && left["next"]["offers"].items.isEmpty, "\(left["next"])")
            try await api.patch("/v1/alerts/\(id)", into).expect(200)
            try await api.post("/v1/alerts/\(id)/resolve").expect(200)
            // Who ended it goes on at once: the incident knows when the answer comes.
            #expect(try await api.get(target).expect(200)["alerts"]["firing"] == 0)
            let fires = try await api.post("/v1/alerts/\(id)/reopen", ["reason": "wrong alert"]).expect(200)
            #expect(fires["status"] == "firing" && fires["resolved_by"] == nil)
            let again = try await api.get(target).expect(200)
            #expect(again["alerts"]["firing"] == 1 && again["alerts"]["total"] == 1)
            try await api.post("/v1/alerts/\(id)/reopen", ["reason": "wrong alert"]).expect(200)
            try await api.post("/v1/alerts/\(id)/resolve").expect(200)
            let last = try await api.all(target + "/timeline").last
            #expect(last?["text"].string?.contains("ended by hand by") == true, "\(String(describing: last))")
            // Somebody looked at it before it was ended by mistake, and can still take that back.
            try await api.post("/v1/alerts/\(id)/reopen", ["reason": "wrong alert"]).expect(200)
            try await api.post("/v1/alerts/\(id)/acknowledge").expect(200)
            try await api.post("/v1/alerts/\(id)/resolve").expect(200)
            let seen = try await api.post("/v1/alerts/\(id)/reopen", ["reason": "wrong alert"]).expect(200)
            #expect(seen["status"] == "acknowledged" && seen["acknowledged_by"] != .null, "\(seen)")
            let unseen = try await api.post("/v1/alerts/\(id)/unacknowledge").expect(200)
            #expect(unseen["status"] == "firing" && unseen["acknowledged_by"] == .null, "\(unseen)")
        }
    }
}
