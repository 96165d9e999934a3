import FoundationEssentials
import Glibc
import NIOCore
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// A word is planted wherever people and tools can write for the inside, and then looked for in every byte that the outside gets.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct PublicLeakTests {
    private static let pages = [
        "/status", "/status/history", "/status/incidents/1", "/status/incidents/2", "/status/incidents/99",
        "/status/incidents/\(word)", "/status/history/\(word)",
    ].flatMap { ["\($0)?lang=en", "\($0)?lang=de", "\($0)?q=\(word)"] }
    private static let documents =
        [
            "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances",
            "scheduled-maintenances/upcoming", "scheduled-maintenances/active", word,
        ].map { "/api/v2/\($0).json" } + [
            "/status.atom", "/status.rss", "/status.ics", "/status/badge.svg", "/status/embed.json", "/help",
            "/help?symptom=slow&component=Feed", "/help?symptom=slow&lang=de",
            "/help?component=\(feed)&symptom=\(word)",
        ]

    /// Stands in everything that is written and not public.
    private static let word = "zyxleak"
    private static let feed = "\(word)-feed"
    private static let why: JSON = ["override": true, "reason": "\(word) override"]

    private static func fill(_ catalog: API) async throws {
        let inside: JSON = [
            "slug": "\(word)-db", "name": "\(word) database", "tier": 0, "owner": "\(word)",
            "labels": ["\(word)": "\(word)"],
        ]
        let outside: JSON = [
            "slug": .string(feed), "name": "\(word) feed", "tier": 1, "owner": "\(word)", "regions": ["\(word)-eu"],
            "labels": ["\(word)": "\(word)"], "depends_on": [["component": "\(word)-db"]],
            "public": ["name": "Feed", "group": "Apps", "description": "Videos"],
        ]
        try await catalog.put("/v1/components", [inside, outside]).expect(200)
        let book: JSON = [
            "symptoms": [
                ["id": "slow", "name": ["en": "Slow"], "components": ["\(word)-db", .string(feed), "\(word)"]]
            ],
            "platforms": [], "steps": [["id": "wait", "text": ["en": "Wait."]]], "guides": [["steps": ["wait"]]],
        ]
        try await catalog.put("/v1/catalog/help", book).expect(200)
    }

    private static var opening: JSON {
        [
            "title": "\(word) title", "summary": "\(word) summary", "severity": "sev2",
            "labels": ["\(word)": "\(word)"],
            "components": [
                ["component": .string(feed), "impact": "major_outage", "regions": ["\(word)-eu"]],
                ["component": "\(word)-db", "impact": "major_outage"],
            ],
            "cause": ["category": "unknown", "evidence": "\(word) evidence"],
        ]
    }

    private static func open(_ api: API, _ body: JSON) async throws -> String {
        "/v1/incidents/\(try #require(try await api.post("/v1/incidents", body).expect(201)["number"].int))"
    }

    private static func publish(_ api: API, _ path: String, _ body: JSON) async throws {
        try await api.post("\(path)/updates", body).expect(201)
    }

    /// What stands in an incident that goes on, of which users are told.
    private static func plantWork(_ api: API) async throws -> String {
        let path = try await open(api, opening)
        try await api.put("\(path)/roles/commander", ["person": "\(word) person"]).expect(200)
        try await api.post("\(path)/notes", ["text": "\(word) note"]).expect(201)
        try await api.post("\(path)/facts", ["kind": "report", "text": "\(word) fact"]).expect(201)
        try await api.post("\(path)/tasks", ["text": "\(word) task", "owner": "\(word)"]).expect(201)
        try await api.post("\(path)/mitigations", ["description": "\(word) mitigation"]).expect(201)
        for audience in ["staff", "regulators", "users"] {
            let update: JSON = [
                "audience": .string(audience), "public": false, "body": "\(word) update", "steps": ["\(word) step"],
            ]
            try await publish(api, path, update)
        }
        let draft: JSON = ["audience": "users", "body": "\(word) draft", "steps": ["\(word) step"]]
        try await api.post("\(path)/updates/draft", draft).expect(201)
        let withdrawn = try await api.post("\(path)/updates/draft", draft).expect(201)
        let id = try #require(withdrawn["id"].int)
        try await api.post("\(path)/updates/\(id)/withdraw", ["reason": "\(word) withdrawn"]).expect(200)
        try await publish(api, path, ["audience": "users", "body": "The \(word)s are down."])
        let published = try await api.all("\(path)/updates").compactMap { $0["id"].int }.max() ?? 0
        let correction: JSON = ["body": "Feed is down.", "reason": "\(word) correction"]
        try await api.post("\(path)/updates/\(published)/correct", correction).expect(200)
        try await api.post("\(path)/eta", ["eta": .string(Moment.text(Date() + 86_400)), "reason": "\(word) eta"])
            .expect(200)
        return path
    }

    /// What is written of one that is over: review, comments, actions, files.
    private static func plantReview(_ api: API) async throws {
        let path = try await open(api, opening)
        try await publish(api, path, ["audience": "users", "body": "Feed was down."])
        for _ in 0..<4 { try await api.post("\(path)/advance", why).expect(200) }
        let review = "\(path)/review"
        try await api.writeReview(of: path)
        let sections = ["what_went_well", "what_went_wrong", "lessons"].map { id -> JSON in
            ["id": .string(id), "title": "\(word) section", "markdown": "\(word) review"]
        }
        try await api.put(review, ["sections": .array(sections)]).expect(200)
        try await api.put("\(review)/reviewers", ["reviewers": ["\(word) reviewer"]]).expect(200)
        try await api.post("\(review)/comments", ["text": "\(word) comment", "section": "lessons"]).expect(201)
        let action: JSON = [
            "title": "\(word) action", "kind": "preventive", "owner": "\(word)", "due": "2030-01-01",
        ]
        try await api.post("\(path)/actions", action).expect(201)
        let file = "\(path)/attachments?name=\(word).log&caption=\(word)"
        let attached = try await api.send(
            "POST", file, .text("\(word) line\n"), headers: ["Content-Type": "text/plain"])
        #expect(attached.status == 201, "\(attached)")
        try await api.post("\(review)/approve").expect(200)
        try await api.post("\(path)/advance", why).expect(200)
    }

    /// What tools and strangers send.
    private static func plantSignals(_ api: API, _ path: String) async throws {
        let source = try await api.makeSource("\(word) source")
        let alert = AlertmanagerMessage.Alert("\(word)-alert", component: feed)
        try await api.post(source.hook, AlertmanagerMessage(group: "\(word)", [alert]).json).expect(200)
        try await Eventually.holds("the alert belongs to an incident") {
            try await api.all("/v1/alerts").contains { $0["incident"].int != nil }
        }
        let probe: JSON = [
            "kind": "tcp", "host": "127.0.0.1", "port": .number(Double(Port.free())), "interval_seconds": 5,
            "timeout_seconds": 1, "failures_to_fire": 1, "component": .string(feed),
        ]
        try await api.put("/v1/probes/\(word)", probe).expect(201)
        try await api.put("/v1/heartbeats/\(word)", ["interval_seconds": 5]).expect(201)
        try await Eventually.holds("the probe has looked") {
            try await !api.get("/v1/probes/\(word)/results?limit=1").expect(200)["items"].items.isEmpty
        }
        let report: JSON = ["symptom": "slow", "component": .string(feed), "region": "\(word)-eu"]
        try await api.with(token: nil).post("/reports", report).expect(202)
    }

    /// What is private, and what is planned.
    private static func plantRest(_ api: API) async throws {
        let secret = try await open(api, ["title": "\(word)", "labels": ["private": "true"]])
        try await publish(api, secret, ["audience": "users", "body": "\(word) private"])
        let window: JSON = [
            "title": "\(word) work", "description": "\(word) racks", "components": [.string(feed), "\(word)-db"],
            "local_start": .string(String(Moment.text(Date() + 86_400).prefix(16))), "time_zone": "Etc/UTC",
            "duration_seconds": 3600,
        ]
        try await api.post("/v1/maintenance", window).expect(201)
        try await api.client("\(word) token", "viewer").get("/v1/incidents").expect(200)
    }

    /// Everything that a reply has, as text: its head, and its body without its coding.
    private static func bytes(of reply: Reply) throws -> String {
        let head = reply.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        guard reply.header("Content-Encoding") == "gzip" else { return head + reply.text }
        guard
            case .inflated(let body)? = try ContentCoding("gzip")?.decode(
                ByteBuffer(bytes: reply.bytes), bytesMax: 1 << 24)
        else {
            Issue.record("\(reply.request) is not gzip")
            return head
        }
        return head + String(buffer: body)
    }

    /// A mail program that writes each mail into a file of a directory.
    private static func mailProgram(_ directory: String) throws -> String {
        let script = "\(directory)/sendmail"
        let text = """
            #!/bin/sh
            file=$(mktemp \(directory)/XXXXXXXX) && cat > "$file" && mv "$file" "$file.eml"

            """
        try Files.write(text, to: script)
        chmod(script, 0o755)
        chmod(directory, 0o777)
        return script
    }

    private static func mails(_ directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        // Without the soft line ends of quoted-printable, so that no word is in two parts.
        return names.filter { $0.hasSuffix(".eml") }.map {
            Files.text("\(directory)/\($0)").replacing("=\n", with: "")
        }
    }

    private static func confirm(_ api: API, _ mail: String) async throws {
        let token = try #require(mail.firstMatch(of: /confirm\?token=3D([A-Za-z0-9_-]+)/)?.output.1)
        try await api.post("/status/subscriptions/confirm?token=\(token)").expect(200)
    }

    /// Everything that subscribers are sent: by mail in both languages, and by webhook.
    private static func listen(
        _ daemon: Daemon, _ directory: String, _ listener: String, while body: () async throws -> Void
    ) async throws {
        let api = daemon.api.with(token: nil)
        for (name, language) in [("ana", "en"), ("ben", "de")] {
            let wish: JSON = ["email": .string("\(name)@example.org"), "language": .string(language)]
            try await api.post("/status/subscriptions", wish).expect(202)
        }
        try await api.post("/status/subscriptions", ["webhook": .string("http://\(listener)/hook")]).expect(202)
        try await Eventually.holds("both are asked") { mails(directory).count == 2 }
        for mail in mails(directory) { try await confirm(api, mail) }
        try await Eventually.holds("all have said yes") {
            try await daemon.api.get("/v1/subscriptions").expect(200)["items"].items.allSatisfy {
                $0["state"] == "confirmed"
            }
        }
        try await body()
        let heard = API(address: listener, token: nil)
        try await Eventually.holds("all have heard of both and of the maintenance") {
            let text = try await heard.get("/").text
            let told = mails(directory)
            return ["Feed is down.", "Feed was down.", "scheduled_for"].allSatisfy(text.contains)
                && told.count { $0.contains("Feed is down") } >= 2 && told.count { $0.contains("Feed was down") } >= 2
        }
        let text = try await heard.get("/").text
        #expect(!text.lowercased().contains(word), "a webhook was told: \(text)")
        for mail in mails(directory) { #expect(!mail.lowercased().contains(word), "\(mail)") }
        let own = try await api.get("/status/subscriptions?lang=de").text
        #expect(!own.lowercased().contains(word))
    }

    @Test func `no word of the inside is in any public byte`() async throws {
        try await TemporaryDirectory.with { directory in
            try await PythonServer.with("listener.py") { listener in
                try await look(directory, listener)
            }
        }
    }

    private func look(_ directory: String, _ listener: String) async throws {
        let settings = [
            "probes.allowed_networks": "127.0.0.0/8", "notifications.allowed_networks": "127.0.0.0/8",
            "mail.command": try Self.mailProgram(directory), "mail.from": "Status <status@example.org>",
        ]
        try await Daemon.with(.cluster, settings) { daemon in
            try await Self.fill(daemon.api)
            var path = ""
            try await Self.listen(daemon, directory, listener) {
                path = try await Self.plantWork(daemon.api)
                try await Self.plantReview(daemon.api)
                try await Self.plantSignals(daemon.api, path)
                try await Self.plantRest(daemon.api)
            }
            let api = daemon.api.with(token: nil)
            try await Eventually.holds("the page tells of both") {
                let text = try await api.get("/status").text
                return text.contains("Feed is down.") && text.contains("Feed was down.")
            }
            var packed = 0
            for path in Self.pages + Self.documents {
                for (coding, accept) in [("identity", "*/*"), ("gzip", "*/*"), ("gzip", "text/html")] {
                    let asking = ["Accept-Encoding": coding, "Accept": accept]
                    let reply = try await api.get(path, headers: asking)
                    packed += reply.header("Content-Encoding") == "gzip" ? 1 : 0
                    #expect(!(try Self.bytes(of: reply)).lowercased().contains(Self.word), "\(path), \(coding)")
                    let tag = reply.header("ETag") ?? ""
                    let known = try await api.get(path, headers: asking.merging(["If-None-Match": tag]) { $1 })
                    #expect(!(try Self.bytes(of: known)).lowercased().contains(Self.word), "\(path), known")
                }
            }
            #expect(packed > 20, "the packed bytes were looked at, too")
            #expect(try await api.get("/status").text.contains("Feed: major outage"))
            let file = daemon.dataDirectory + "/status-snapshot"
            try await Eventually.holds("it is on disk") { Files.text(file).contains("Feed was down.") }
            #expect(!Files.text(file).contains(Self.word))
            // It was planted, and is found where it belongs.
            let timeline = try await daemon.api.get("\(path)/timeline?limit=200")
            #expect(timeline.text.contains("\(Self.word) note") && timeline.text.contains("\(Self.word) eta"))
        }
    }
}
