import Testing

/// The ways beside the straight one: overridden, reverted, dismissed, merged.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct DetourTests {
    @Test func `an override needs a commander and a reason, and stands in the timeline and the review`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let responder = try await api.client("Rosa", "responder")
            let commander = try await api.client("Carla", "commander")
            let path = try await responder.open(["title": "Slow"])
            try await responder.post(path + "/advance", ["override": true, "reason": "quick"]).problem(
                403, "role-required")
            try await commander.post(path + "/advance", ["override": true]).problem(422, "invalid-value")
            #expect(try await api.get(path).expect(200)["version"] == 1)
            try await commander.post(path + "/advance", ["override": true, "reason": "the pager is broken"]).expect(200)
            let entry = try await api.all(path + "/timeline").last
            #expect(entry?["kind"] == "phase_entered")
            #expect(entry?["actor"] == "Carla")
            #expect(entry?["data"]["overridden"][0]["requirement"] == "acknowledged")
            let review = try await api.get(path + "/review.md")
            #expect(review.text.contains("the pager is broken"))
            try await responder.patch(path, ["severity": "sev1"]).expect(200)
            try await responder.patch(path, ["severity": "sev2"]).problem(403, "role-required")
            try await responder.patch(path, ["title": "Very slow"]).expect(200)
        }
    }

    @Test func `going back takes back the clocks that lie ahead`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "Down", "severity": "sev2"])
            for _ in 0..<3 {
                try await api.post(path + "/advance", ["override": true, "reason": "a test"]).expect(200)
            }
            let there = try await api.get(path).expect(200)
            #expect(there["times"]["mitigated_at"] != nil)
            try await api.post(path + "/revert", ["to": "assess", "reason": "no"]).problem(409, "no-such-transition")
            let back = try await api.post(path + "/revert", ["to": "mitigate", "reason": "It is back"]).expect(200)
            #expect(back["phase"] == "mitigate")
            #expect(back["times"]["mitigated_at"] == nil)
            #expect(back["times"]["assessed_at"] == there["times"]["assessed_at"])
        }
    }

    @Test func `a false alarm is dismissed early or not at all`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let alarm = try await api.open(["title": "False"])
            let real = try await api.open(["title": "Real"])
            try await api.post(alarm + "/dismiss", ["reason": "A test of the siren"]).expect(200)
            try await api.post(alarm + "/dismiss", ["reason": "Again"]).expect(200)
            #expect(try await api.get(alarm).expect(200)["phase"] == "dismissed")
            try await api.post(alarm + "/notes", ["text": "too late"]).problem(409, "wrong-phase")
            for _ in 0..<2 {
                try await api.post(real + "/advance", ["override": true, "reason": "a test"]).expect(200)
            }
            try await api.post(real + "/dismiss", ["reason": "no"]).problem(409, "wrong-phase")
            let open = try await api.all("/v1/incidents?open=true")
            #expect(open.compactMap { $0["title"].string } == ["Real"])
        }
    }

    @Test func `what is merged goes on as another incident, with its impacts and alerts`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let source = try await api.makeSource("prometheus")
            let target = try await api.open(["title": "The cause"])
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a", component: "feed")]).json)
                .expect(200)
            let other = try await Eventually.get("the alert's incident") {
                try await api.all("/v1/alerts").first?["incident"].int
            }
            let path = "/v1/incidents/\(other)"
            try await api.post(path + "/merge", ["into": .number(Double(other))]).problem(409, "merge-refused")
            try await api.post(path + "/merge", ["into": 4711]).problem(422, "invalid-value")
            #expect(try await api.get(path).expect(200)["phase"] == "detect")
            let number = try #require(try await api.get(target).expect(200)["number"].int)
            try await api.post(path + "/merge", ["into": .number(Double(number)), "reason": "the same"]).expect(200)
            let merged = try await api.get(path).expect(200)
            #expect(merged["phase"] == "merged")
            #expect(merged["merged_into"].int == number)
            let taken = try await api.get(target).expect(200)
            #expect(taken["impacts"][0]["component"] == "feed")
            #expect(taken["alerts"]["firing"] == 1)
            #expect(try await api.all("/v1/alerts").first?["incident"].int == number)

            // The group goes on there, too.
            let more = AlertmanagerMessage(group: "g", [.init("a", component: "feed"), .init("b")])
            try await api.post(source.hook, more.json).expect(200)
            try await Eventually.holds("both alerts at the target") {
                try await api.all("/v1/alerts?incident=\(number)").count == 2
            }
            #expect(try await api.all("/v1/incidents").count == 2)
            try await api.post(target + "/merge", ["into": .number(Double(other))]).problem(409, "merge-refused")
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `a secret pasted by mistake can be taken out, and the chain still holds`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await api.open(["title": "Down"])
            let note = try await api.post(path + "/notes", ["text": "the password is hunter2"]).expect(201)
            let sequence = note["sequence"].int ?? 0
            let responder = try await api.client("Rosa", "responder")
            let redaction = path + "/timeline/\(sequence)/redact"
            try await responder.post(redaction, ["reason": "a secret"]).problem(403, "role-required")
            try await api.post(redaction, ["reason": "a secret"]).expect(200)
            for place in ["/timeline", "/review.md", "/review.html", "/review.json", ""] {
                let text = try await api.get(path + place).text
                #expect(!text.contains("hunter2"), "\(place) still shows it")
            }
            #expect(try await daemon.run("verify").status == 0)
        }
    }
}
