import Postgres
import TestSupport
import Testing

/// The public page of a running daemon, as browsers, caches and widgets ask for it.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct PublicStatusPageTests {
    private static let pages = ["/status", "/status/history", "/status/incidents/1", "/status/incidents/99"]
    private static let documents =
        [
            "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances",
            "scheduled-maintenances/upcoming", "scheduled-maintenances/active",
        ].map { "/api/v2/\($0).json" } + [
            "/status.atom", "/status.rss", "/status.ics", "/status/badge.svg", "/status/embed.json",
        ]

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

    /// Stands in everything that people type and that is not public.
    private static let word = "zyxleak"

    /// Says the word wherever the inside may.
    private func plant(_ api: API) async throws {
        let word = Self.word
        let inside: JSON = [
            "slug": "\(word)-db", "name": "\(word) database", "tier": 0, "owner": "\(word)",
            "labels": ["\(word)": "\(word)"],
        ]
        let feed: JSON = [
            "slug": "\(word)-feed", "name": "\(word) feed", "tier": 1, "owner": "\(word)", "regions": ["\(word)-eu"],
            "labels": ["\(word)": "\(word)"], "depends_on": [["component": "\(word)-db"]],
            "public": ["name": "Feed", "group": "Apps", "description": "Videos"],
        ]
        try await api.put("/v1/components", [inside, feed]).expect(200)
        let opening: JSON = [
            "title": "\(word) title", "summary": "\(word) summary", "severity": "sev2",
            "labels": ["\(word)": "\(word)"],
            "components": [
                ["component": "\(word)-feed", "impact": "major_outage", "regions": ["\(word)-eu"]],
                ["component": "\(word)-db", "impact": "major_outage"],
            ],
            "cause": ["category": "unknown", "evidence": "\(word) evidence"],
        ]
        let path =
            "/v1/incidents/\(try #require(try await api.post("/v1/incidents", opening).expect(201)["number"].int))"
        try await api.put("\(path)/roles/commander", ["person": "\(word) person"]).expect(200)
        try await api.post("\(path)/notes", ["text": "\(word) note"]).expect(201)
        try await api.post("\(path)/facts", ["kind": "report", "text": "\(word) fact"]).expect(201)
        try await api.post("\(path)/tasks", ["text": "\(word) task", "owner": "\(word)"]).expect(201)
        try await api.post("\(path)/mitigations", ["description": "\(word) mitigation"]).expect(201)
        for (audience, isPublic) in [("staff", false), ("regulators", false), ("users", false)] {
            let update: JSON = [
                "audience": .string(audience), "public": .init(booleanLiteral: isPublic), "body": "\(word) update",
                "steps": ["\(word) step"],
            ]
            try await api.post("\(path)/updates", update).expect(201)
        }
        try await api.post("\(path)/updates/draft", ["audience": "users", "body": "\(word) draft"]).expect(201)
        try await tell(api, path, "Feed is down.")
        let hidden: JSON = ["title": "\(word)", "labels": ["private": "true"]]
        let secret = try await api.post("/v1/incidents", hidden).expect(201)
        try await tell(api, "/v1/incidents/\(try #require(secret["number"].int))", "\(word) private")
        let window: JSON = [
            "title": "\(word) work", "description": "\(word) racks", "components": ["\(word)-feed", "\(word)-db"],
            "local_start": "2030-01-01T00:00", "time_zone": "Etc/UTC", "duration_seconds": 3600,
        ]
        try await api.post("/v1/maintenance", window).expect(201)
    }

    @Test func `no word of the inside is in any public answer`() async throws {
        try await Daemon.with { daemon in
            try await plant(daemon.api)
            let api = daemon.api.with(token: nil)
            try await waitForPage(api, "Feed is down.")
            let pages = Self.pages.flatMap { ["\($0)?lang=en", "\($0)?lang=de"] }
            for path in pages + Self.documents + ["/status/incidents/2", "/status/incidents/\(Self.word)"] {
                let answer = try await api.get(path)
                let headers = answer.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
                #expect(!(answer.text + headers).lowercased().contains(Self.word), "\(path)")
            }
            #expect(try await api.get("/status/incidents/2").status == 404)
            #expect(try await api.get("/status").text.contains("Feed: major outage"))
            let file = daemon.dataDirectory + "/status-snapshot"
            try await Eventually.holds("it is on disk") { Files.text(file).contains("Feed is down.") }
            #expect(!Files.text(file).contains(Self.word))
        }
    }
}
