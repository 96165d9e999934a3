import Postgres
import TestSupport
import Testing

/// The public page of a running daemon, as browsers, caches and widgets ask for it.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct PublicStatusPageTests {
    /// A public component that is down, and what users were told; the path of the incident.
    private func breakDown(_ api: API, _ body: String) async throws -> String {
        try await api.put("/v1/components/feed", ["tier": 1, "public": ["name": "Feed", "group": "Apps"]]).expect(201)
        let opened = try await api.post(
            "/v1/incidents", ["title": "inside", "components": [["component": "feed", "impact": "major_outage"]]]
        ).expect(201)
        let path = "/v1/incidents/\(try #require(opened["number"].int))"
        try await tell(api, path, body)
        return path
    }

    private func tell(_ api: API, _ path: String, _ body: String) async throws {
        try await api.post("\(path)/updates", ["audience": "users", "body": .string(body)]).expect(201)
    }

    private func waitForPage(_ api: API, _ text: String) async throws {
        try await Eventually.holds("the page says \(text)") {
            try await api.get("/status").text.contains(text)
        }
    }

    @Test func `answers can be kept, packed and asked for without their bytes`() async throws {
        try await Daemon.with { daemon in
            _ = try await breakDown(daemon.api, "Feed is down.")
            let api = daemon.api.with(token: nil)
            try await waitForPage(api, "Feed is down.")
            for path in ["/status", "/api/v2/incidents.json", "/status.atom"] {
                try await Eventually.holds("\(path) stays while it is looked at") {
                    let plain = try await api.get(path, headers: ["Accept-Encoding": "identity"])
                    let packed = try await api.get(path, headers: ["Accept-Encoding": "gzip"])
                    let head = try await api.send("HEAD", path)
                    let tag = try #require(plain.header("ETag"))
                    // It is rendered anew each minute.
                    guard head.header("ETag") == tag else { return false }
                    #expect(plain.status == 200 && plain.header("Content-Encoding") == nil)
                    #expect(packed.header("Content-Encoding") == "gzip" && packed.bytes.starts(with: [0x1f, 0x8b]))
                    let size = packed.bytes.suffix(4).reversed().reduce(0) { $0 << 8 + Int($1) }
                    #expect(packed.header("ETag") != tag && size == plain.bytes.count)
                    #expect(packed.bytes.count < plain.bytes.count && packed.bytes.count < 30 << 10)
                    #expect(head.status == 200 && head.bytes.isEmpty)
                    #expect(head.header("Content-Length") == "\(plain.bytes.count)")
                    let known = try await api.get(path, headers: ["If-None-Match": tag])
                    #expect(known.status == 304 && known.bytes.isEmpty && known.header("ETag") == tag)
                    #expect(try await api.get(path, headers: ["If-None-Match": "\"other\""]).status == 200)
                    return true
                }
            }
            #expect(try await api.get("/status?lang=de").text.contains("Vollständiger Ausfall: Feed."))
        }
    }

    @Test func `the link of an incident that was merged shows what it goes on as`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let path = try await breakDown(api, "Feed is down.")
            let other = try await api.post("/v1/incidents", ["title": "inside too"]).expect(201)
            let target = try #require(other["number"].int)
            let link = path.replacing("/v1/", with: "/status/")
            try await api.post("\(path)/merge", ["into": .number(Double(target))]).problem(409, "merge-refused")
            try await tell(api, "/v1/incidents/\(target)", "It is all one.")
            try await api.post("\(path)/merge", ["into": .number(Double(target))]).expect(200)
            let outside = api.with(token: nil)
            try await Eventually.holds("the old link shows the new page") {
                let page = try await outside.get(link)
                return page.status == 200 && page.text.contains("It is all one.")
            }
            try await api.post("\(path)/unmerge", ["reason": "two after all"]).expect(200)
            try await Eventually.holds("the old link shows its own page again") {
                let page = try await outside.get(link)
                return page.text.contains("Feed is down.") && !page.text.contains("It is all one.")
            }
            try await api.patch(path, ["labels": ["private": "yes"]]).expect(200)
            try await Eventually.holds("a private one has no page") { try await outside.get(link).status == 404 }
        }
    }

    @Test func `an update is on the page within a second`() async throws {
        try await Daemon.with { daemon in
            let path = try await breakDown(daemon.api, "Feed is down.")
            try await waitForPage(daemon.api, "Feed is down.")
            var times: [Duration] = []
            for number in 1...5 {
                try await tell(daemon.api, path, "This is number \(number).")
                let begin = ContinuousClock.now
                try await waitForPage(daemon.api, "This is number \(number).")
                times.append(begin.duration(to: .now))
            }
            // The one in the middle, as other tests take the machine meanwhile.
            #expect(times.sorted()[2] < .seconds(1), "\(times)")
        }
    }

    @Test func `it is answered while PostgreSQL is away, also by a daemon that starts then`() async throws {
        try await TestServer.with { server in
            try await Daemon.with(.database(server.conninfo(database: "postgres")), faultsAreMeant: true) { daemon in
                _ = try await breakDown(daemon.api, "Feed is down.")
                let api = daemon.api.with(token: nil)
                try await waitForPage(api, "Feed is down.")
                let file = daemon.dataDirectory + "/status-snapshot"
                try await Eventually.holds("it is on disk") { Files.text(file).contains("Feed is down.") }
                await server.stop()
                try await Eventually.holds("it is not ready") { try await api.get("/readyz").status == 503 }
                for _ in 1...50 {
                    for path in ["/status", "/api/v2/summary.json"] {
                        try await api.get(path).expect(200)
                    }
                }
                try await daemon.kill9()
                try daemon.launch()
                try await Eventually.holds("the file is shown") { try await api.get("/status").status == 200 }
                let page = try await api.get("/status")
                #expect(page.text.contains("Feed is down.") && page.text.contains("is interrupted"))
                #expect(page.header("X-Muster-As-Of") != nil)
                let summary = try await api.get("/api/v2/summary.json").expect(200)
                #expect(summary["status"]["indicator"] == "critical")
                try await daemon.api.get("/v1/incidents").problem(503, "unavailable")
                _ = try await server.start()
                try await daemon.ready()
                try await Eventually.holds("it is the present again") {
                    try await api.get("/status").header("X-Muster-As-Of") == nil
                }
                #expect(try await daemon.api.all("/v1/incidents").count == 1)
            }
        }
    }

    @Test func `with neither a database nor a file it says that nothing is known yet`() async throws {
        try await TestServer.with { server in
            let place = server.conninfo(database: "postgres")
            await server.stop()
            try await Daemon.with(.database(place), starts: false, faultsAreMeant: true) { daemon in
                try daemon.launch()
                let api = daemon.api.with(token: nil)
                try await Eventually.holds("it listens") { (try? await api.get("/status").status) == 503 }
                let (path, browser) = ("/status?lang=de", ["Accept": "text/html,*/*;q=0.8"])
                let pages = [
                    ("/status", "not known yet"), (path, "noch nicht bekannt"), ("/help", "not known yet"),
                ]
                for (page, words) in pages {
                    let answer = try await api.get(page, headers: browser)
                    #expect(answer.status == 503 && answer.text.contains(words), "\(page): \(answer)")
                    #expect(answer.header("Retry-After") == "5" && answer.header("Cache-Control") == "no-store")
                }
                try await api.get("/api/v2/summary.json", headers: browser).problem(503, "unavailable")
                try await api.get("/status").problem(503, "unavailable")
            }
        }
    }

    /// A daemon that shows its page from disk and waits for its database, which `spoil` had before it went.
    private func withWaiting(
        after spoil: SQL? = nil, _ body: (Daemon, EmbeddedPostgres) async throws -> Void
    ) async throws {
        try await TestServer.with { server in
            let place = server.conninfo(database: "postgres")
            try await Daemon.with(.database(place), faultsAreMeant: true) { daemon in
                _ = try await breakDown(daemon.api, "Feed is down.")
                let file = daemon.dataDirectory + "/status-snapshot"
                try await Eventually.holds("it is on disk") { Files.text(file).contains("Feed is down.") }
                try await daemon.kill9()
                let pool = PostgresPool(
                    configuration: PostgresConfiguration(conninfo: place), logger: TestServer.quietLogger)
                if let spoil { _ = try? await pool.query(spoil) }
                await pool.close()
                await server.stop()
                try daemon.launch()
                let api = daemon.api.with(token: nil)
                try await Eventually.holds("the file is shown") { try await api.get("/status").status == 200 }
                try await body(daemon, server)
            }
        }
    }

    @Test func `asked to stop while it waits for the database, it ends with status 0 at once`() async throws {
        try await withWaiting { daemon, _ in
            let begin = ContinuousClock.now
            let status = try await daemon.terminate()
            #expect(status == 0 && begin.duration(to: .now) < .seconds(5))
            #expect(!daemon.logLines.contains { $0.contains("\"level\":\"error\"") }, "\(daemon.logTail)")
        }
    }

    @Test func `a database that it cannot use ends the waiting, and nobody is told that it was ready`() async throws {
        let spoil: SQL = "UPDATE schema_migration SET checksum = 'other' WHERE number = 1"
        try await withWaiting(after: spoil) { daemon, server in
            let before = daemon.logLines.count
            _ = try await server.start()
            let status = try await daemon.ended()
            #expect(status != 0)
            let after = daemon.logLines.dropFirst(before)
            #expect(!after.contains { $0.contains("\"message\":\"listening\"") }, "\(daemon.logTail)")
            #expect(after.contains { $0.contains("create_incident") }, "it says why: \(daemon.logTail)")
        }
    }
}
