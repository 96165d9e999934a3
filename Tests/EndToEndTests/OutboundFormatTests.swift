import FoundationEssentials
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// What we send is read by programs of other people: PyPI's `standardwebhooks`, `svix`, `cloudevents` and `prometheus-alert-model`,
/// Debian's `alertmanager-irc-relay`, and Python's own parser of mail.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("the clients cannot be fetched here, so nobody reads what is sent") { await PythonClient.areThere() })
struct OutboundFormatTests {
    @Test
    func
        `two libraries take what is signed, and refuse what is tampered with, old, or signed by a secret that is gone`()
        async throws
    {
        let said = try await Self.run("standardwebhooks", "svix", "ed25519")
        for library in said.prefix(2) {
            let judged = library["value"]
            func expect(_ request: String, _ verdicts: [String]) {
                let found = ["new", "old", "other"].map { judged["\(request) \($0)"].string ?? "?" }
                #expect(found == verdicts, "\(library["step"]) \(request)")
            }
            let no = "WebhookVerificationError"
            let kind = "muster.incident_opened"
            expect("signed", [kind, no, no])
            expect("rotated", [kind, kind, no])
            expect("both", [kind, no, no])
            expect("structured", [kind, no, no])
            expect("binary", ["-", no, no])
            for refused in ["tampered", "old", "early", "ed25519"] { expect(refused, [no, no, no]) }
        }
        #expect(said[2]["value"] == ["ed25519": "v1a", "ed25519-tampered": "refused"])
    }

    @Test func `CloudEvents' SDK reads both forms`() async throws {
        let events = try await Self.run("cloudevents")[0]["value"]
        let wanted: JSON = [
            "id": "ntf_42", "source": "https://muster.example", "type": "muster.incident_opened", "subject": "INC-7",
            "time": "2026-11-22T12:00:00+00:00", "severity": "sev1",
        ]
        #expect(events == [wanted, wanted])
    }

    @Test func `a model of Alertmanager's webhook reads an incident's beginning and end as one alert`() async throws {
        let groups = try await Self.run("alertmanager")[0]["value"]
        #expect(groups[0]["status"] == "firing" && groups[1]["status"] == "resolved", "\(groups)")
        #expect(groups[0]["key"] == groups[1]["key"] && groups[0]["fingerprint"] == groups[1]["fingerprint"])
        #expect(groups[0]["summary"] == "SEV1 · INC-7 · Video is down" && groups[0]["severity"] == "sev1")
        #expect(groups[0]["starts"] == "2026-11-22T11:48:00+00:00" && groups[0]["ends"] == "0001-01-01T00:00:00+00:00")
        #expect(groups[1]["ends"] == "2026-11-22T14:00:00+00:00")
    }

    @Test func `Python's parser finds nothing wrong with our mail, and one thread in it`() async throws {
        let mails = try await Self.run("mail")[0]["value"]
        for index in 0..<3 {
            let mail = mails[index]
            #expect(mail["defects"] == [], "\(mail)")
            #expect(mail["names"].items.count == 11 && mail["references"] == "<INC-7@muster.example>")
            #expect(mail["to"] == ["ana@example.org", "asa@example.org"] && mail["names_of_to"] == ["", "Åsa"])
            #expect(mail["types"] == ["text/plain", "text/html"])
        }
        #expect(mails[0]["subject"] == "[INC-7] Video is down" && mails[1]["subject"] == mails[0]["subject"])
        #expect(mails[0]["text"].string?.hasPrefix("SEV1 · INC-7 · Video is down\n\nOpened") == true)
        #expect(mails[1]["text"].string?.hasPrefix("Restored · INC-7 · Video is down\n") == true)
        #expect(mails[0]["html"].string?.contains("href=\"https://muster.example/v1/incidents/7\"") == true)
        let hostile = Self.hostile.onOneLine
        #expect(mails[2]["subject"] == .string("[INC-7] \(hostile)"))
        #expect(mails[2]["text"].string?.contains("INC-7 · \(hostile)\n") == true)
        #expect(mails[2]["html"].string?.contains("<script>") == false)
    }

    @Test(
        .enabled("Debian's alertmanager-irc-relay cannot be fetched here, so nobody relays") {
            await Tool.isThere(.ircRelay)
        })
    func `a relay that was written for Alertmanager tells a channel of our incident`() async throws {
        let said = try await Self.run("relayed", of: "irc_relay.py", for: try await Tool.ircRelay.path())[0]["value"]
        let link = "https://muster.example/v1/incidents/7"
        #expect(
            said == [
                .string("MusterIncident INC-7 firing sev1: SEV1 · INC-7 · Video is down \(link)"),
                .string("MusterIncident INC-7 resolved sev1: Restored · INC-7 · Video is down \(link)"),
            ])
    }

    // MARK: - What is sent

    private static let hostile =
        "Größe 😀 \r\nBcc: eve@example.org\n\n.\n<script>alert(1)</script> =?UTF-8?B?eA==?= \"a\""
    private static let opened = notice("incident_opened", "Opened: Video is down.")
    private static let restored = notice("phase_entered", "Entered review.") {
        $0.phase = "review"
        $0.restoredAt = Timestamp("2026-11-22T14:00:00Z")
    }

    private static func notice(
        _ kind: String, _ sentence: String, title: String = "Video is down",
        _ change: (inout NoticeIncident) -> Void = { _ in }
    ) -> Notice {
        let noon = Timestamp("2026-11-22T12:00:00Z") ?? .earliest
        var incident = NoticeIncident(
            number: 7, title: title, severity: "sev1", phase: "detect", version: 1,
            down: [.init(slug: "cdn", impact: "major_outage")], affected: 1, commander: nil, next: ["not acknowledged"],
            startedAt: noon.adding(seconds: -720), labels: ["team": "video"])
        change(&incident)
        return Notice(
            kind: kind, version: 1, sentence: sentence, occurredAt: noon, actor: "Ron", sequence: 1, data: .null,
            incident: incident)
    }

    private static func secret(_ first: UInt8, _ algorithm: EndpointSecret.Algorithm = .hmac) -> EndpointSecret {
        EndpointSecret(key: (0..<32).map { first + $0 }, algorithm: algorithm)
    }

    private static func request(
        _ format: EndpointFormat, _ notice: Notice = opened, _ secrets: [EndpointSecret] = [],
        _ options: [String: String] = [:],
        age: Double = 0
    ) throws -> OutboundRequest {
        try format.format.message(
            OutboundMessage(
                notice: notice, id: "ntf_42",
                sentAt: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)).adding(seconds: -age),
                publicURL: "https://muster.example", url: "https://receiver.example", options: options, secrets: secrets
            ))
    }

    private static func tampered(_ request: OutboundRequest) -> OutboundRequest {
        var request = request
        request.body[request.body.count - 2] = UInt8(ascii: " ")
        return request
    }

    private static func requests() throws -> [String: OutboundRequest] {
        let (new, old, pair) = (secret(1), secret(65), secret(1, .ed25519))
        let mail = ["to": "ana@example.org, Åsa <asa@example.org>", "from": "Muster <muster@example.org>"]
        let signed = try request(.standardWebhooks, opened, [new])
        let ed25519 = try request(.standardWebhooks, opened, [pair])
        return [
            "signed": signed, "tampered": tampered(signed),
            "rotated": try request(.standardWebhooks, opened, [new, old]),
            "both": try request(.standardWebhooks, opened, [pair, new]),
            // By hours: on a busy machine they are read minutes after they were signed.
            "old": try request(.standardWebhooks, opened, [new], age: 7_200),
            "early": try request(.standardWebhooks, opened, [new], age: -7_200),
            "ed25519": ed25519, "ed25519-tampered": tampered(ed25519),
            "structured": try request(.cloudEvents, opened, [new]),
            "binary": try request(.cloudEvents, opened, [new], ["mode": "binary"]),
            "alertmanager-opened": try request(.alertmanager),
            "alertmanager-restored": try request(.alertmanager, restored),
            "mail-opened": try request(.email, opened, [], mail),
            "mail-restored": try request(.email, restored, [], mail),
            "mail-hostile": try request(.email, notice("severity_set", hostile, title: hostile), [], mail),
        ]
    }

    private static func run(
        _ steps: String..., of script: String = "outbound_receiver.py", for key: String = "-"
    ) async throws -> [JSON] {
        // What is signed is refused after five minutes, and to install the clients can take as long.
        _ = try await PythonClient.python()
        let rendered = try requests().mapValues { request -> JSON in
            let headers = request.headers.map { ($0.name, JSON.string($0.value)) }
            return [
                "headers": .object(.init(uniqueKeysWithValues: headers)), "body": .string(Base64.encode(request.body)),
            ]
        }
        let secrets: JSON = [
            "new": .string(try secret(1).shown()), "old": .string(try secret(65).shown()),
            "other": .string(try secret(129).shown()), "public": .string(try secret(1, .ed25519).shown()),
        ]
        return try await TemporaryDirectory.with { directory in
            let path = directory + "/requests.json"
            let document: JSON = ["requests": .object(rendered), "secrets": secrets]
            try Files.write(String(decoding: try document.bytes, as: UTF8.self), to: path)
            let lines = try await PythonClient.run(script, path, key, steps: steps)
            #expect(lines.allSatisfy { $0["error"] == .null }, "\(lines)")
            return lines
        }
    }
}
