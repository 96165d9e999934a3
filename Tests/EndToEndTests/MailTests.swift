import TestSupport
import Testing

/// Debian's msmtp as the machine's `sendmail`, and PyPI's aiosmtpd as the mail server behind it.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so no mail server takes mail") { await PythonClient.areThere() },
    .enabled("msmtp cannot be fetched here, so nothing sends mail") { await Tool.isThere(.msmtp) })
struct MailTests {
    @Test func `an incident is one thread of mails, and what people type makes no header and ends no mail`()
        async throws
    {
        let said = try await tell("opened_and_moved_on")
        let mails = said["mails"].items
        #expect(mails.count == 2 && said["attempts"] == [["delivered", nil], ["delivered", nil]], "\(said)")
        for mail in mails {
            #expect(mail["sender"] == "muster@example.org", "\(mail)")
            #expect(mail["recipients"] == ["ana@example.org", "asa@example.org"], "\(mail)")
            #expect(mail["defects"] == [], "\(mail)")
            #expect(mail["names"].items.compactMap(\.string).sorted() == Self.names, "\(mail)")
            #expect(mail["to"] == mail["recipients"] && mail["names_of_to"] == ["", "Åsa"], "\(mail)")
            #expect(mail["subject"] == .string("[INC-1] \(said["title"].string ?? "")"), "\(mail)")
            #expect(mail["references"] == "<INC-1@muster.example>" && mail["answers"] == mail["references"])
            #expect(mail["unsubscribe"] == "<mailto:leave@example.org>")
            #expect(mail["type"] == "multipart/alternative" && mail["types"] == ["text/plain", "text/html"])
            let (text, html) = (mail["text"].string ?? "", mail["html"].string ?? "")
            #expect(text.contains("INC-1 · \(said["title"].string ?? "")\n"), "\(text)")
            #expect(text.contains("https://muster.example/v1/incidents/1\n"), "\(text)")
            #expect(html.contains("&lt;script&gt;") && !html.contains("<script>"), "\(html)")
        }
        #expect(Set(mails.compactMap { $0["id"].string }) == ["<ntf_1@muster.example>", "<ntf_2@muster.example>"])
        #expect(mails.first?["text"].string?.contains("Opened: ") == true)
        #expect(mails.last?["text"].string?.contains("Phase: assess") == true, "\(mails)")
    }

    @Test func `while the mail server is away mail waits, and then it arrives`() async throws {
        let said = try await tell("away_for_a_while")
        #expect(said["before"].items.count == 1 && said["before"][0][0] == "retry", "\(said)")
        #expect(said["before"][0][1].string?.hasPrefix("the mail program exited with 75: ") == true, "\(said)")
        #expect(said["mails"].items.map { $0["subject"] } == ["[INC-1] Mail is down"], "\(said)")
        #expect(said["attempts"].items.map { $0[0] } == ["retry", "delivered"], "\(said)")
    }

    private static let names = [
        "Auto-Submitted", "Content-Type", "Date", "From", "In-Reply-To", "List-Unsubscribe", "MIME-Version",
        "Message-ID", "References", "Subject", "To", "X-Auto-Response-Suppress",
    ]

    /// What a step of the receiver says.
    private func tell(_ step: String) async throws -> JSON {
        try await TemporaryDirectory.with { directory in
            let port = Port.free()
            let sendmail = try await Tool.msmtp.script(
                "--file=/dev/null", "--host=127.0.0.1", "--port=\(port)", "--read-envelope-from", in: directory)
            let settings = ["mail.command": "\(sendmail) -i -t", "http.public_url": "https://muster.example"]
            return try await Daemon.with(.cluster, settings) { daemon in
                let said = try await PythonClient.run(
                    "mail_receiver.py", "http://\(daemon.address)", Daemon.bootstrapToken, step,
                    environment: ["SMTP_PORT": "\(port)"])
                return said[0]["value"]
            }
        }
    }
}
