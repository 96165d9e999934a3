import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// The daemon under a service manager: sockets that outlive it, and a configuration that is read anew.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ServiceTests {
    @Test func `restarts on a socket that outlives them fail no request`() async throws {
        try await TestDatabase.with(connections: 1) { database in
            try await Daemon.with(.database(database.conninfo), starts: false) { daemon in
                let socket = try ListeningSocket(port: daemon.port)
                try daemon.launch(on: socket)
                try await daemon.ready()
                let number = try await daemon.api.post("/v1/incidents", ["title": "x"]).expect(201)["number"].int ?? 0
                let (stop, output) = (daemon.directory + "/stop", daemon.directory + "/load")
                let load = try Child(
                    [
                        "python3", "-B", Files.package + "/Tests/System/load.py", daemon.address, Daemon.bootstrapToken,
                        String(number), stop,
                    ], output: output, errors: output)
                for round in 1...4 {
                    // Only under load is this worth anything: wait until each round has seen some.
                    try await Eventually.holds("requests in round \(round)") {
                        try await database.pool.query("SELECT count(*) FROM timeline_entry").first?.decode(0)
                            ?? 0 > round * 40
                    }
                    #expect(try await daemon.terminate() == 0)
                    try daemon.launch(on: socket)
                    try await daemon.ready()
                }
                try Files.write("", to: stop)
                #expect(try await load.ended() == 0, "\(Files.text(output))")
                #expect(Files.text(output).contains("\"failed\": 0"), "\(Files.text(output))")
            }
        }
    }

    @Test func `a socket that does not listen ends the start with a clear message`() async throws {
        try await Daemon.with(.cluster, starts: false, faultsAreMeant: true) { daemon in
            let script = "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""
            let ended = try await Finished.run(
                ["/bin/sh", "-c", script, "sh", Files.musterd, "serve"], environment: daemon.environment)
            #expect(ended.status == 1 && ended.errors.contains("ListenStream="), "\(ended)")
        }
    }

    @Test func `on SIGHUP the configuration is taken whole or not at all`() async throws {
        try await TemporaryDirectory.with { directory in
            let manager = try ServiceManager(path: directory + "/notify")
            let file = directory + "/musterd.yaml"
            try Files.write("http: {require_if_match: false}\n", to: file)
            try await Daemon.with(
                .cluster, ["NOTIFY_SOCKET": manager.path], starts: false, faultsAreMeant: true
            ) { daemon in
                try daemon.launch(configuration: file)
                try await daemon.ready()
                let path = try await daemon.api.open(["title": "x"])
                let ready = try await manager.message("READY=1")
                #expect(ready.contains("STATUS=Muster "), "\(ready)")

                try Files.write("http: {require_if_match: true, connections_max: 7}\n", to: file)
                daemon.signal(SIGHUP)
                #expect(try await manager.message("RELOADING=1").contains("\nMONOTONIC_USEC="))
                _ = try await manager.message("READY=1")
                try await daemon.api.post(path + "/acknowledge").problem(428, "version-required")
                #expect(
                    daemon.logLines.contains { $0.contains("after a restart") && $0.contains("http.connections_max") })

                try Files.write("http: {require_if_match: false, colour: red}\n", to: file)
                daemon.signal(SIGHUP)
                let refused = try await manager.message("READY=1")
                #expect(refused.contains("refused"), "\(refused)")
                #expect(daemon.logLines.contains { $0.contains("http.colour") })
                try await daemon.api.post(path + "/acknowledge").problem(428, "version-required")
            }
        }
    }

    @Test func `secrets are taken from systemd's credentials`() async throws {
        try await TemporaryDirectory.with { directory in
            try Files.write("the-token-of-the-credentials\n", to: directory + "/musterd_auth.bootstrap_token")
            let settings = ["auth.bootstrap_token": "", "CREDENTIALS_DIRECTORY": directory]
            try await Daemon.with(.cluster, settings) { daemon in
                try await daemon.api.get("/v1/tokens").expect(401)
                try await daemon.api.with(token: "the-token-of-the-credentials").get("/v1/tokens").expect(200)
            }
        }
    }

    @Test func `the status line tells when the database is away`() async throws {
        try await TemporaryDirectory.with { directory in
            let manager = try ServiceManager(path: directory + "/notify")
            try await TestServer.with { server in
                let settings = ["NOTIFY_SOCKET": manager.path]
                let place = Daemon.Place.database(server.conninfo(database: "postgres"))
                try await Daemon.with(place, settings, faultsAreMeant: true) { _ in
                    try await manager.status(containing: "0 open incidents")
                    await server.stop()
                    try await manager.status(containing: "does not answer since")
                    _ = try await server.start()
                    try await manager.status(containing: "0 open incidents")
                }
            }
        }
    }
}
