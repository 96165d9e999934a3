import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import Postgres
import TestSupport
import Testing

/// Everything out of one installation and into another, by the program and with kills in between.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ArchiveCommandTests {
    @Test func `from a server's database into an embedded one, which then serves it`() async throws {
        try await TemporaryDirectory.with { directory in
            let file = directory + "/muster.archive"
            try await Daemon.with { daemon in
                try await fill(daemon.api)
                let exported = try await daemon.run("export", file)
                #expect(exported.status == 0 && exported.errors.contains("exported"), "\(exported)")
                #expect(exported.output.isEmpty && !Files.exists(file + ".partial"))
                let again = try await daemon.run("export", file)
                #expect(again.status == 1 && again.errors.contains("already exists"), "\(again)")
                let full = try await daemon.run("import", file)
                #expect(full.status == 1 && full.errors.contains("not empty"), "\(full)")
            }
            try await Daemon.with(.embedded, starts: false) { other in
                let imported = try await other.run("import", file)
                #expect(imported.status == 0 && imported.output.contains(" 0 differences"), "\(imported)")
                try await other.start()
                #expect(try await other.api.all("/v1/incidents").count == 3)
                #expect(try await other.api.all("/v1/components").count == 6)
                let next = try await other.api.open(["title": "goes on"])
                #expect(next.hasSuffix("/4"), "\(next)")
                #expect(try await other.run("verify").status == 0)
                // Readers of the new feed see the old events, in their order, and then the new one.
                let stream = try await other.api.stream("/v1/events", headers: ["Last-Event-ID": "0-0"])
                var text = ""
                for try await part in stream.body {
                    text += String(buffer: part)
                    if text.contains("goes on") { break }
                }
                let opened = text.split(separator: "\n").filter { $0 == "event: incident_opened" }
                #expect(opened.count == 4, "\(text)")
            }
        }
    }

    @Test func `an import tells nobody of what was told, and pages nobody; what comes after it is told`() async throws {
        let settings = [
            "notifications.allowed_networks": "127.0.0.0/8", "secrets.key": "a-key-that-both-installations-have",
            "escalation.sev1.notify": "ops", "escalation.sev1.escalate": "1: ops",
        ]
        try await PythonServer.with("listener.py") { listener in
            try await TemporaryDirectory.with { directory in
                let file = directory + "/muster.archive"
                func heard() async throws -> [JSON] {
                    try await API(address: listener, token: nil).get("/").expect(200).items.map { $0["message"] }
                }
                try await Daemon.with(.cluster, settings) { daemon in
                    let url = "http://\(listener)/"
                    try await daemon.api.post(
                        "/v1/endpoints", ["name": "ops", "format": "standard-webhooks", "url": .string(url)]
                    ).expect(201)
                    _ = try await daemon.api.open(["title": "told before", "severity": "sev1"])
                    // Opened, and the second page: nothing is left to be told.
                    try await Eventually.holds("it is told") { try await heard().count == 3 }
                    try await fill(daemon.api)
                    // What an export finds untold is told by who imports it.
                    try await Eventually.holds("all of it is told") {
                        try await heard().contains { $0["data"]["incident"]["title"] == "g on a" }
                    }
                    #expect(try await daemon.run("export", file).status == 0)
                }
                let before = try await heard().count
                try await Daemon.with(.embedded, settings, starts: false) { other in
                    #expect(try await other.run("import", file).status == 0)
                    try await other.start()
                    _ = try await other.api.open(["title": "told after"])
                    try await Eventually.holds("what is new is told") { try await heard().count > before }
                    // Whoever is to be paged is known before it is told.
                    let numbers = try await other.api.all("/v1/incidents").compactMap { $0["number"].int }
                    #expect(numbers.count == 5)
                    for number in numbers {
                        let told = try await other.api.get("/v1/incidents/\(number)/notifications").expect(200)
                        #expect(told["escalations"] == [], "INC-\(number)")
                        #expect(told["items"].items.count == (number == numbers.max() ? 1 : 0), "INC-\(number)")
                    }
                }
                let after = try await heard().dropFirst(before)
                #expect(after.map { $0["data"]["incident"]["title"] } == ["told after"])
            }
        }
    }

    @Test func `an import that was killed goes on behind its last part`() async throws {
        try await TemporaryDirectory.with { directory in
            let (file, pipe) = (directory + "/muster.archive", directory + "/pipe")
            try await Daemon.with { daemon in
                try await fill(daemon.api)
                #expect(try await daemon.run("export", file).status == 0)
            }
            let bytes = Array(FileManager.default.contents(atPath: file) ?? Data())
            mkfifo(pipe, 0o600)
            try await TestDatabase.with { database in
                try await Daemon.with(.database(database.conninfo), starts: false) { daemon in
                    let child = try Child(
                        [Files.musterd, "import", pipe], environment: daemon.environment, output: directory + "/output",
                        errors: directory + "/errors")
                    let writer = try await Eventually.get("somebody who reads") {
                        let descriptor = open(pipe, O_WRONLY | O_NONBLOCK)
                        return descriptor >= 0 ? descriptor : nil
                    }
                    let half = Array(bytes[..<min(bytes.count * 2 / 3, 60_000)])
                    #expect(write(writer, half, half.count) == half.count)
                    try await Eventually.holds("parts are there") {
                        try await database.pool.query(
                            "SELECT FROM muster_import.archive_import_part OFFSET 5"
                        ).isEmpty == false
                    }
                    child.signal(SIGKILL)
                    _ = try await child.ended()
                    close(writer)
                    let rest = try await daemon.run("import", file)
                    #expect(rest.status == 0 && rest.output.contains("by an earlier attempt"), "\(rest)")
                    #expect(try await daemon.run("verify").status == 0)
                    try await daemon.start()
                    #expect(try await daemon.api.all("/v1/incidents").count == 3)
                }
            }
        }
    }

    @Test func `an export that was killed leaves no archive, and goes on`() async throws {
        try await TemporaryDirectory.with { directory in
            let file = directory + "/muster.archive"
            try await TestDatabase.with { database in
                try await Daemon.with(.database(database.conninfo)) { daemon in
                    try await fill(daemon.api)
                    try await database.pool.transaction { transaction in
                        try await transaction.query("LOCK TABLE report_baseline IN ACCESS EXCLUSIVE MODE")
                        let child = try Child(
                            [Files.musterd, "export", file], environment: daemon.environment,
                            output: directory + "/output", errors: directory + "/errors")
                        try await Eventually.holds("it waits in the middle") {
                            Files.text(file + ".partial").contains(#"["table",{"name":"report_count""#)
                        }
                        child.signal(SIGKILL)
                        _ = try await child.ended()
                    }
                    #expect(!Files.exists(file))
                    let blocked = try await daemon.run("export", file)
                    #expect(blocked.status == 1 && blocked.errors.contains("--resume"), "\(blocked)")
                    let resumed = try await daemon.run("export", file, "--resume")
                    #expect(resumed.status == 0 && resumed.errors.contains("from the interrupted export"), "\(resumed)")
                    #expect(!Files.exists(file + ".partial") && !Files.exists(file + ".previous"))
                }
            }
            try await Daemon.with(.cluster, starts: false) { other in
                let imported = try await other.run("import", file)
                #expect(imported.status == 0, "\(imported)")
            }
        }
    }

    @Test func `what was damaged on the way is refused, and nothing of it is seen`() async throws {
        try await TemporaryDirectory.with { directory in
            let file = directory + "/muster.archive"
            try await Daemon.with { daemon in
                try await fill(daemon.api)
                let piped = try await Finished.run(
                    ["sh", "-c", #""$0" export - > "$1""#, Files.musterd, file], environment: daemon.environment)
                #expect(piped.status == 0, "\(piped)")
            }
            var bytes = Array(FileManager.default.contents(atPath: file) ?? Data())
            // In the middle of the longest line, which holds a row.
            let row = try #require(bytes.split(separator: UInt8(ascii: "\n")).max { $0.count < $1.count })
            bytes[(row.startIndex + row.endIndex) / 2] ^= 4
            try Data(bytes).write(to: URL(filePath: file))
            try await Daemon.with(.cluster, starts: false) { other in
                let refused = try await other.run("import", file)
                #expect(refused.status == 1 && refused.errors.contains("damaged at line"), "\(refused)")
                try await other.start()
                #expect(try await other.api.all("/v1/incidents").isEmpty)
            }
        }
    }

    private func fill(_ api: API) async throws {
        try await api.putPlatform()
        for title in ["one", "two"] {
            let path = try await api.open(["title": .string(title)])
            for note in 0..<5 { try await api.post(path + "/notes", ["text": .string("note \(note)")]).expect(201) }
        }
        let source = try await api.makeSource("prometheus")
        try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a")]).json).expect(200)
        try await Eventually.holds("the alert's incident") { try await api.all("/v1/incidents").count == 3 }
    }
}
