import Testing

/// The pages for engineers in real browsers. The script that plays stands in `Clients/`.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)), .serialized,
    .enabled("the clients or Chromium cannot be fetched here, so nobody looks") {
        await PythonClient.areThere()
            && (Files.exists("/usr/bin/chromium") || Files.exists("/usr/bin/chromium-browser"))
    })
struct RoomBrowserTests {
    @Test func `three people carry an outage from its alert to its end, on a desk, on a phone and without JavaScript`()
        async throws
    {
        let steps = [
            "sign_in", "alert_comes", "assess", "two_at_once", "typing_is_kept", "focus_stays",
            "drafts", "nothing_moves", "stale", "mitigate", "restore",
            "review", "by_keyboard", "sign_out",
        ]
        try await Daemon.with { daemon in
            let answers = try await PythonClient.run(
                "room_browser.py", "http://\(daemon.address)", Daemon.bootstrapToken, steps: steps,
                within: .seconds(400))
            for (step, answer) in zip(steps, answers) {
                #expect(answer["value"].array?.isEmpty == true, "\(step): \(answer)")
            }
        }
    }
}
