import Glibc
import Postgres
import TestSupport
import Testing

/// What watches the daemon sees how it is.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct HealthTests {
    @Test func `it is not ready while PostgreSQL is stopped, and then is again by itself`() async throws {
        try await TestServer.with { server in
            try await Daemon.with(.database(server.conninfo(database: "postgres")), faultsAreMeant: true) { daemon in
                let api = daemon.api
                try await api.post("/v1/incidents", ["title": "before"]).expect(201)
                await server.stop()
                try await Eventually.holds("it is not ready") { try await api.get("/readyz").status == 503 }
                let problem = try await api.get("/readyz").problem(503, "not-ready")
                #expect(problem["reasons"].items.isEmpty == false)
                try await api.get("/healthz").expect(200)
                let refused = try await api.post("/v1/incidents", ["title": "meanwhile"])
                try refused.problem(503, "unavailable")
                #expect(refused.header("Retry-After") != nil)
                _ = try await server.start()
                try await daemon.ready()
                try await api.post("/v1/incidents", ["title": "after"]).expect(201)
                let titles = try await api.all("/v1/incidents").compactMap { $0["title"].string }
                #expect(titles == ["after", "before"])
            }
        }
    }

    @Test func `it starts before PostgreSQL does, and waits`() async throws {
        try await TestServer.with { server in
            let conninfo = server.conninfo(database: "postgres")
            await server.stop()
            try await Daemon.with(.database(conninfo), starts: false, faultsAreMeant: true) { daemon in
                try daemon.launch()
                try await Eventually.holds("it waits") { daemon.logLines.contains { $0.contains("cannot be reached") } }
                _ = try await server.start()
                try await daemon.ready()
                try await daemon.api.post("/v1/incidents", ["title": "x"]).expect(201)
            }
        }
    }

    @Test func `a private PostgreSQL that dies is started again`() async throws {
        try await Daemon.with(.embedded, faultsAreMeant: true) { daemon in
            let api = daemon.api
            try await api.post("/v1/incidents", ["title": "before"]).expect(201)
            let file = daemon.dataDirectory + "/postgresql/data/postmaster.pid"
            let pid = try #require(Files.text(file).split(separator: "\n").first.flatMap { pid_t($0) })
            kill(pid, SIGKILL)
            try await Eventually.holds("another server") {
                Files.text(file).split(separator: "\n").first.flatMap { pid_t($0) } != pid
            }
            try await daemon.ready()
            #expect(try await api.all("/v1/incidents").count == 1)
            try await api.post("/v1/incidents", ["title": "after"]).expect(201)
        }
    }

    @Test(
        .enabled("promtool cannot be fetched here, so nothing checks the metrics") { await Tool.isThere(.promtool) })
    func `promtool accepts the metrics`() async throws {
        let promtool = try await Tool.promtool.path()
        try await Daemon.with { daemon in
            let api = daemon.api
            let source = try await api.makeSource("prometheus")
            try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a")]).json).expect(200)
            try await api.post("/v1/incidents", ["title": "x"]).expect(201)
            try await api.get("/nothing").problem(404, "not-found")
            let metrics = try await api.with(token: nil).get("/metrics")
            try metrics.expect(200)
            #expect(metrics.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
            let file = daemon.directory + "/metrics"
            try Files.write(metrics.text, to: file)
            let checked = try await Finished.run(["sh", "-c", "\"$0\" check metrics <\"$1\"", promtool, file])
            #expect(checked.status == 0, "\(checked)")
            for name in ["muster_http_requests", "process_cpu_seconds_total", "muster_build_info"] {
                #expect(metrics.text.contains(name), "no \(name)")
            }
        }
    }
}
