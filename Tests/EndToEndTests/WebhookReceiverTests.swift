import TestSupport
import Testing

/// Receivers that check what we send with the libraries of Standard Webhooks and of Svix.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nobody checks as they do") { await PythonClient.areThere() })
struct WebhookReceiverTests {
    @Test func `both libraries take what is signed, and refuse what is changed, old or signed with another secret`()
        async throws
    {
        try await Daemon.with(.cluster, settings) { daemon in
            let said = try await run(
                daemon, "good", "of_an_incident", "tampered", "other_id", "old", "wrong_secret", "replayed")
            let (test, opened, refused): (JSON, JSON, JSON) = ("muster.test", "muster.incident_opened", "refused")
            #expect(said[0]["value"] == [test, test], "\(said)")
            #expect(said[1]["value"] == [opened, opened, true], "\(said)")
            #expect(said[2]["value"] == [refused, refused, refused, refused], "\(said)")
            #expect(said[3]["value"] == [refused, refused], "\(said)")
            #expect(said[4]["value"] == [refused, refused], "\(said)")
            #expect(said[5]["value"] == [refused, refused], "\(said)")
            #expect(said[6]["value"] == [1, true, true, true, [test, test]], "\(said)")
        }
    }

    @Test func `while a secret is rotated, both the old and the new one verify; a leaked one no longer does`()
        async throws
    {
        try await Daemon.with(.cluster, settings) { daemon in
            let said = try await run(daemon, "good", "rotated", "replayed", "rotated_at_once")
            let (test, refused): (JSON, JSON) = ("muster.test", "refused")
            #expect(said[1]["value"] == [test, test, test, test], "\(said)")
            #expect(said[2]["value"].items.last == [test, test], "\(said)")
            #expect(said[3]["value"] == [refused, test, refused, test], "\(said)")
        }
    }

    private let settings = ["notifications.allowed_networks": "127.0.0.0/8"]

    private func run(_ daemon: Daemon, _ steps: String...) async throws -> [JSON] {
        try await PythonClient.run(
            "webhook_receiver.py", "http://\(daemon.address)", Daemon.bootstrapToken, steps: steps)
    }
}
