import Testing

/// Who may what is decided by what a person is in this incident, not by the token's role alone.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct CommanderTests {
    @Test func `a commander with a responder's token leads an incident from its opening to its end`() async throws {
        try await Daemon.with { daemon in
            try await daemon.api.putPlatform()
            let ada = try await daemon.api.client("ada-phone", "responder", person: "Ada Lovelace")
            let ron = try await daemon.api.client("ron-laptop", "responder", person: "Ron")
            let path = try await ada.open([
                "title": "Nobody can sign in", "components": [["component": "auth", "impact": "major_outage"]],
            ])
            try await ada.post(path + "/acknowledge", ["note": "Looking at the primary"]).expect(200)
            // The first severity is any responder's; who does not command cannot change it.
            try await ron.patch(path, ["severity": "sev2"]).expect(200)
            let refused = try await ada.patch(path, ["severity": "sev1"]).problem(403, "role-required")
            #expect(refused["detail"].string?.contains("the commander (nobody yet)") == true, "\(refused)")
            #expect(refused["how"][0]["body"]["person"] == "Ada Lovelace")
            let taken = try await ada.put(path + "/roles/commander", ["person": "Ada Lovelace"]).expect(200)
            #expect(taken["roles"]["commander"] == "Ada Lovelace")
            try await ada.patch(path, ["severity": "sev1"]).expect(200)
            try await seeOthersRefused(daemon.api, ron, path)
            try await lead(ada, path)
            try await publish(ada, ron, path)
            try await finish(ada, path)
            try await seeTimeline(ada, path)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    /// Neither another person, nor a tool that says it acts for her, nor a viewer's token of her own.
    private func seeOthersRefused(_ admin: API, _ ron: API, _ path: String) async throws {
        let bot = try await admin.client("chat-bot", "responder")
        let wall = try await admin.client("ada-wall", "viewer", person: "Ada Lovelace")
        let lower: JSON = ["severity": "sev4"]
        let refused = try await ron.patch(path, lower).problem(403, "role-required")
        #expect(refused["detail"].string?.contains("the commander (Ada Lovelace)") == true, "\(refused)")
        let claimed: JSON = ["severity": "sev4", "on_behalf_of": "Ada Lovelace"]
        let tool = try await bot.patch(path, claimed).problem(403, "role-required")
        #expect(tool["detail"].string?.contains("names no person") == true && tool["how"].items.isEmpty, "\(tool)")
        try await wall.patch(path, lower).problem(403, "role-required")
        try await bot.post(path + "/notes", ["text": "Seen in #outage", "on_behalf_of": "Grace"]).expect(201)
    }

    private func lead(_ ada: API, _ path: String) async throws {
        try await ada.put(
            path + "/cause", ["category": "technical", "subcategory": "database_fault", "evidence": "no answer"]
        ).expect(200)
        try await ada.post(path + "/advance").expect(200)
        try await ada.post(path + "/advance", ["override": true, "reason": "All is known"]).expect(200)
        try await ada.post(path + "/mitigations", ["description": "Promote the replica", "state": "succeeded"])
            .expect(201)
        try await ada.post(path + "/advance").expect(200)
        try await ada.put(path + "/restoration/order", ["components": ["auth"], "reason": "First"]).expect(200)
        try await ada.put(path + "/restoration/hands", ["hands": ["default": 2]]).expect(200)
    }

    /// Communications publishes, too; nobody else.
    private func publish(_ ada: API, _ ron: API, _ path: String) async throws {
        let update: JSON = ["audience": "users", "body": "We are restoring sign-in."]
        try await ron.post(path + "/updates", update).problem(403, "role-required")
        try await ada.post(path + "/updates", update).expect(201)
        try await ada.put(path + "/roles/communications", ["person": "Ron"]).expect(200)
        try await ron.post(path + "/updates", ["audience": "users", "body": "Half of you can sign in."]).expect(201)
        try await ron.post(path + "/restoration/auth/waive", ["reason": "no"]).problem(403, "role-required")
    }

    private func finish(_ ada: API, _ path: String) async throws {
        try await ada.post(path + "/restoration/auth/waive", ["reason": "Signed in by the other region"]).expect(200)
        let reviewing = try await ada.post(path + "/advance", ["override": true, "reason": "Back"]).expect(200)
        #expect(reviewing["phase"] == "review")
        try await ada.writeReview(of: path)
        try await ada.post(path + "/timeline/1/redact", ["reason": "no"]).problem(403, "role-required")
        try await ada.post(path + "/review/approve").expect(200)
        let closed = try await ada.post(path + "/advance", ["override": true, "reason": "Small"]).expect(200)
        #expect(closed["phase"] == "closed")
    }

    /// Each entry shows the person, with the token behind it.
    private func seeTimeline(_ ada: API, _ path: String) async throws {
        let entries = try await ada.all(path + "/timeline")
        let notes = entries.filter { $0["kind"] == "note_added" }
        #expect(notes.map { $0["actor"].string } == ["Ada Lovelace", "Grace"])
        #expect(notes.map { $0["actor_token"].string } == ["ada-phone", "chat-bot"])
        #expect(Set(entries.compactMap { $0["actor"].string }) == ["Ada Lovelace", "Ron", "Grace"])
        #expect(try await ada.get(path + "/review.md").text.contains("Ada Lovelace"))
    }
}
