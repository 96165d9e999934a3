import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// The daemon as a process: how it starts, what it leaves behind, how it ends.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct DaemonTests {
    @Test func `the first start makes a cluster, and what is stored outlives every end`() async throws {
        try await Daemon.with(.embedded, ["auth.bootstrap_token": ""]) { daemon in
            let file = daemon.dataDirectory + "/admin-token"
            var info = stat()
            #expect(stat(file, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o600)
            let token = Files.text(file).split(separator: "\n").first.map(String.init)
            let api = daemon.api.with(token: token)
            try await api.post("/v1/incidents", ["title": "before the stop"]).expect(201)
            #expect(try await daemon.terminate() == 0)
            #expect(!Files.exists(daemon.dataDirectory + "/postgresql/data/postmaster.pid"))

            try await daemon.start()
            #expect(Files.text(file).hasPrefix(token ?? "-"))
            try await api.post("/v1/incidents", ["title": "before the kill"]).expect(201)
            try await daemon.kill9()

            try await daemon.start()
            try await api.post("/v1/incidents", ["title": "after the kill"]).expect(201)
            let titles = try await api.all("/v1/incidents").compactMap { $0["title"].string }
            #expect(titles == ["after the kill", "before the kill", "before the stop"])
            let verified = try await daemon.run("verify")
            #expect(verified.status == 0, "\(verified)")
            #expect(try await daemon.terminate() == 0)
            // Also without the daemon: it is started for the moment.
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `asked to stop, it ends what it has begun`() async throws {
        try await TestDatabase.with { database in
            try await Daemon.with(.database(database.conninfo)) { daemon in
                let api = daemon.api
                let reply = try await HeldRequest.run(database) {
                    try await api.post("/v1/incidents", ["title": "in flight"])
                } whileHeld: {
                    daemon.signal(SIGTERM)
                    try await Eventually.holds("it stops") { daemon.logLines.contains { $0.contains("\"stopping\"") } }
                    // A connection that is open and silent may still send a request for a second.
                    try await Eventually.holds("it takes nothing new") {
                        do { return try await api.get("/v1/incidents").status != 200 } catch { return true }
                    }
                }
                try reply.expect(201)
                #expect(try await daemon.ended() == 0)
                #expect(try await database.pool.query("SELECT count(*) FROM incident").first?.decode(0) == 1)
            }
        }
    }

    @Test func `a port that is taken ends the start with a clear message`() async throws {
        try await Daemon.with { first in
            let settings = ["http.listen": first.address]
            try await Daemon.with(.cluster, settings, starts: false, faultsAreMeant: true) { second in
                try second.launch()
                #expect(try await second.ended() == 1)
                let said = second.logLines.filter { $0.contains(first.address) || $0.contains("in use") }
                #expect(!said.isEmpty, "\(second.logTail)")
            }
        }
    }

    @Test func `a wrong configuration is told key by key, and stops the start`() async throws {
        try await TemporaryDirectory.with { directory in
            let file = directory + "/musterd.yaml"
            try Files.write(
                """
                http:
                  listen: nowhere
                  request_body_max_bytes: 12
                  colour: red
                log:
                  level: loud
                policy:
                  default:
                    assess: [severity_set, good_weather]
                database:
                  connections: many
                """, to: file)
            let environment = Child.plainEnvironment.merging(["MUSTER_SHUTDOWN_GRACE_SECONDS": "0"]) { $1 }
            let keys = [
                "http.listen", "http.request_body_max_bytes", "http.colour", "log.level", "policy.default.assess",
                "database.connections", "shutdown.grace_seconds",
            ]
            for (command, status) in [("check", 1), ("serve", 78), ("verify", 78)] {
                let ended = try await Finished.run(
                    [Files.musterd, command, "--config", file], environment: environment)
                #expect(Int(ended.status) == status, "\(command): \(ended)")
                for key in keys { #expect(ended.errors.contains(key), "\(command) does not name \(key): \(ended)") }
            }
            try Files.write("http:\n  listen: 127.0.0.1:8080\n", to: file)
            #expect(try await Finished.run([Files.musterd, "check", "--config", file]).status == 0)
            let missing = try await Finished.run([Files.musterd, "check", "--config", directory + "/none.yaml"])
            #expect(missing.status == 1 && missing.errors.contains("none.yaml"), "\(missing)")
        }
    }

    @Test func `bad usage is status 64, and the version is told`() async throws {
        #expect(try await Finished.run([Files.musterd, "dance"]).status == 64)
        #expect(try await Finished.run([Files.musterd, "serve", "--fast"]).status == 64)
        let version = try await Finished.run([Files.musterd, "version"])
        #expect(version.status == 0)
        #expect(version.output.wholeMatch(of: /musterd \d+\.\d+\.\d+\S*\n/) != nil, "\(version)")
    }

    @Test(arguments: [Daemon.Place.embedded, .cluster])
    func `a token made on the command line is printed alone, and works`(_ place: Daemon.Place) async throws {
        try await Daemon.with(place) { daemon in
            let made = try await daemon.run("token", "create", "--name", "night shift", "--role", "responder")
            #expect(made.status == 0, "\(made)")
            let lines = made.output.split(separator: "\n", omittingEmptySubsequences: false)
            try #require(lines.count == 2 && lines[1].isEmpty, "\(made)")
            let api = daemon.api.with(token: String(lines[0]))
            try await api.post("/v1/incidents", ["title": "x"]).expect(201)
            try await api.get("/v1/tokens").problem(403, "role-required")
            #expect(try await daemon.api.all("/v1/incidents/1/timeline")[0]["actor"] == "night shift")
            let wrong = try await daemon.run("token", "create", "--name", "x", "--role", "king")
            #expect(wrong.status == 64 && wrong.output.isEmpty, "\(wrong)")
        }
    }

    @Test func `the service manager hears of readiness and of the stop`() async throws {
        try await TemporaryDirectory.with { directory in
            let manager = try ServiceManager(path: directory + "/notify")
            let settings = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"]
            // Read from the start, as a manager does: the kernel keeps few datagrams, and signs of life would leave no room.
            let heard = Task { try await manager.message("READY=1") }
            defer { heard.cancel() }
            try await Daemon.with(.cluster, settings) { daemon in
                let ready = try await heard.value
                #expect(ready.contains("MAINPID=\(daemon.pid ?? 0)"))
                _ = try await manager.message("WATCHDOG=1")
                _ = try await manager.message("WATCHDOG=1")
                #expect(try await daemon.terminate() == 0)
                _ = try await manager.message("STOPPING=1")
            }
        }
    }

    @Test func `logs are one JSON object a line`() async throws {
        try await Daemon.with(.embedded, ["log.level": "debug"]) { daemon in
            try await daemon.api.post("/v1/incidents", ["title": "x"], headers: ["X-Request-Id": "my-request"]).expect(
                201)
            try await daemon.api.get("/v1/incidents/9").problem(404, "not-found")
            #expect(try await daemon.terminate() == 0)
            #expect(daemon.logLines.count > 5)
            for line in daemon.logLines {
                let entry = try? JSON(line.utf8)
                #expect(
                    entry?["ts"].string != nil && entry?["level"].string != nil && entry?["message"].string != nil,
                    "\(line)")
            }
            #expect(daemon.logLines.contains { $0.contains("\"request_id\":\"my-request\"") })
            #expect(!daemon.logLines.contains { $0.contains(Daemon.bootstrapToken) })
            #expect(Files.text(daemon.directory + "/output").isEmpty)
        }
    }
}
