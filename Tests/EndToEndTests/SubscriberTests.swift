import TestSupport
import Testing

/// Somebody outside subscribes by mail: Debian's msmtp as the machine's `sendmail`, and PyPI's aiosmtpd as the mail server behind it.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so no mail server takes mail") { await PythonClient.areThere() },
    .enabled("msmtp cannot be fetched here, so nothing sends mail") { await Tool.isThere(.msmtp) })
struct SubscriberTests {
    @Test func `somebody subscribes, confirms, hears each update once and leaves by one click`() async throws {
        let said = try await tell("whole_life")
        #expect(said["asked"] == 202 && said["looked"] == 200 && said["confirmed"] == 200, "\(said)")
        #expect(said["cached"] == "no-store" && said["seen"] == 200 && said["left"] == 200 && said["left_again"] == 200)
        let mails = said["mails"].items
        #expect(mails.count == 3 && said["after"] == 3 && said["stored"] == 0, "\(said)")
        for mail in mails {
            #expect(
                mail["recipients"] == ["ana@example.org"] && mail["defects"] == [] && mail["bcc"] == .null, "\(mail)")
            #expect(mail["auto"] == "auto-generated" && mail["text"].string?.contains("hunter2") == false, "\(mail)")
        }
        for mail in mails.dropFirst() {
            #expect(mail["subject"] == "[Status] Feed: major outage", "\(mail)")
            #expect(mail["references"] == "<incident-1@muster.example>", "\(mail)")
            #expect(
                mail["post"] == "List-Unsubscribe=One-Click" && mail["list"] == "<status.muster.example>", "\(mail)")
        }
        #expect(mails[1]["text"].string?.contains("Feed is down.\nBcc: eve@example.org\n") == true, "\(mails[1])")
        #expect(mails[1]["html"].string?.contains("&lt;b&gt;x&lt;/b&gt;") == true, "\(mails[1])")
        #expect(mails[2]["text"].string?.contains("We found why.") == true, "\(mails[2])")
        #expect(Set(mails.compactMap { $0["id"].string }).count == 3)
    }

    @Test func `a flood of wishes changes bounded counters and sends a bounded number of mails`() async throws {
        let bounds = [
            "subscriptions.pending_max": "60", "subscriptions.questions_per_day_max": "70",
            "subscriptions.requests_per_minute_max": "100000",
        ]
        let said = try await tell("flood", bounds)
        #expect(Set((said["statuses"].object ?? [:]).keys).isSubset(of: ["202", "429"]), "\(said)")
        #expect(said["mails"].int ?? .max <= 70 && said["mails"].int ?? 0 > 3, "\(said)")
        #expect(said["to_victim"].int ?? .max <= 3 && said["series"].int ?? .max <= 24, "\(said)")
    }

    private func tell(_ step: String, _ more: [String: String] = [:]) async throws -> JSON {
        try await TemporaryDirectory.with { directory in
            let port = Port.free()
            let sendmail = try await Tool.msmtp.script(
                "--file=/dev/null", "--host=127.0.0.1", "--port=\(port)", "--read-envelope-from", in: directory)
            let settings = [
                "mail.command": "\(sendmail) -i -t", "mail.from": "Status <status@example.org>",
                "http.public_url": "https://muster.example", "http.trusted_proxies": "127.0.0.0/8",
            ]
            return try await Daemon.with(.cluster, settings.merging(more) { $1 }) { daemon in
                let said = try await PythonClient.run(
                    "status_subscriber.py", "http://\(daemon.address)", Daemon.bootstrapToken, step,
                    environment: ["SMTP_PORT": "\(port)", "TOKEN": Daemon.bootstrapToken])
                #expect(said[0]["error"] == .null, "\(said)")
                return said[0]["value"]
            }
        }
    }
}
