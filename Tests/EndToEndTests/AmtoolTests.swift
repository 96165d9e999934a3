import FoundationEssentials
import Testing

/// Alertmanager's command line speaks to us as if we were one.
@Suite(
    .endToEnd, .timeLimit(.minutes(20)),
    .enabled("prometheus-alertmanager cannot be fetched here, and amtool with it") { await Tool.isThere(.amtool) })
struct AmtoolTests {
    @Test func `amtool adds alerts, finds them, and is refused without the key`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            try await api.putPlatform()
            let amtool = try await Amtool(daemon.address, key: api.makeKey("alertmanager"))
            for instance in ["db1", "db2", "db1"] {
                try await amtool.run("alert", "add", "DiskFull", "instance=\(instance)", "component=database")
            }
            try await wantInstances(["db1": "firing 2", "db2": "firing 1"], api)
            try await api.wantIncident(firing: 2, of: 2)
            #expect(try await amtool.instances("instance=~\"db.*\"") == ["db1", "db2"])
            #expect(try await amtool.instances("instance!=db1") == ["db2"])

            try await amtool.run(
                "alert", "add", "DiskFull", "instance=db2", "component=database", "--end=\(Moment.text(Date()))")
            try await api.wantIncident(firing: 1, of: 2)
            #expect(try await amtool.instances() == ["db1"])

            let stranger = try await Amtool(daemon.address, key: "wrong")
            let refused = try await stranger.finish(["alert", "add", "Unknown"])
            #expect(
                refused.status != 0 && "\(refused)".contains("401") && !"\(refused)".contains("no consumer"),
                "\(refused)")
            #expect(try await api.all("/v1/alerts").count == 2)
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    @Test func `amtool silences an alert until the silence is expired`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let amtool = try await Amtool(daemon.address, key: api.makeKey("alertmanager"))
            let silence = try await amtool.run(
                "silence", "add", "instance=db3", "--duration=1h", "--comment=moving it", "--author=jo")
            #expect(try await amtool.run("silence", "query", "-q") == silence)
            #expect(try await amtool.run("silence", "query").contains("moving it"))
            try await amtool.run("alert", "add", "DiskFull", "instance=db3")
            try await Eventually.holds("it is held back") {
                try await api.all("/v1/alerts").first?["held"] == "silence"
            }
            #expect(try await api.all("/v1/incidents").isEmpty)
            try await amtool.run("alert", "add", "DiskSlow", "instance=db4")
            try await api.wantIncident(firing: 1, of: 1)
            #expect(try await amtool.instances() == ["db4"])
            #expect(try await amtool.instances("--silenced") == ["db3"])

            // Another source's key neither sees nor ends it.
            let other = try await Amtool(daemon.address, key: api.makeKey("prometheus"))
            #expect(try await other.run("silence", "query", "-q").isEmpty)
            #expect(try await other.finish(["silence", "expire", silence]).status != 0)

            try await amtool.run("silence", "expire", silence)
            #expect(try await amtool.run("silence", "query", "-q").isEmpty)
            try await Eventually.holds("it is held back no more") {
                let alerts = try await api.all("/v1/alerts")
                return alerts.count == 2 && alerts.allSatisfy { $0["incident"] != .null && $0["held"] == .null }
            }
            #expect(try await daemon.run("verify").status == 0)
        }
    }

    private func wantInstances(_ wanted: [String: String], _ api: API) async throws {
        let states = try await api.all("/v1/alerts").map {
            ($0["labels"]["instance"].string ?? "", "\($0["status"].string ?? "") \($0["occurrences"].int ?? 0)")
        }
        #expect(Dictionary(states) { "\($0) and \($1)" } == wanted)
    }
}

/// The program, pointed at a daemon under a source's key.
private struct Amtool {
    private let program: String
    private let url: String

    init(_ address: String, key: String) async throws {
        program = try await Tool.amtool.path()
        url = "http://muster:\(key)@\(address)"
    }

    func finish(_ arguments: [String]) async throws -> Finished {
        try await Finished.run([program, "--alertmanager.url=\(url)"] + arguments)
    }

    /// What it prints, when it is content.
    @discardableResult
    func run(_ arguments: String...) async throws -> String {
        try await run(arguments)
    }

    @discardableResult
    func run(_ arguments: [String]) async throws -> String {
        let finished = try await finish(arguments)
        try #require(finished.status == 0, "amtool \(arguments): \(finished)")
        return String(finished.output.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// The instances of the alerts that match.
    func instances(_ matchers: String...) async throws -> [String] {
        let found = try await run(["--output=json", "alert", "query"] + matchers)
        return try JSON(found.utf8).items.compactMap { $0["labels"]["instance"].string }.sorted()
    }
}
