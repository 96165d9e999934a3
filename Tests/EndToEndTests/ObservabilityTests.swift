import FoundationEssentials
import TestSupport
import Testing

/// What is seen of a daemon from outside: its metrics, the rules and the dashboard made for them, its log, and the doctor.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct ObservabilityTests {
    private static let rules = Files.package + "/deploy/prometheus/muster.rules.yaml"
    private static let dashboard = Files.package + "/deploy/grafana/muster.json"

    @Test func `rules and dashboard use nothing but what metrics show`() async throws {
        try await Daemon.with { daemon in
            try await stir(daemon.api)
            let shown = Set(try await metrics(daemon).matches(of: #/(?m)^# TYPE (\w+) /#).map { String($0.output.1) })
            for file in [Self.rules, Self.dashboard] {
                let used = Files.text(file).matches(of: /\b(?:muster|postgres|process)_[a-z0-9_]+/)
                    .map { String($0.output) }
                #expect(used.count > 20, "\(file)")
                let unknown = Set(used).filter { !shown.contains($0) && !shown.contains(Self.family($0)) }
                #expect(unknown.isEmpty, "\(file) uses what is not there: \(unknown.sorted())")
            }
            let board = try JSON(Files.text(Self.dashboard).utf8)
            let panels = board["panels"].items.filter { $0["type"] != "row" }
            #expect(panels.count > 20 && panels.allSatisfy { !$0["targets"].items.isEmpty })
            #expect(Set(board["panels"].items.compactMap { $0["id"].int }).count == board["panels"].items.count)
        }
    }

    /// The name of a histogram, from the name of one of its series.
    private static func family(_ name: String) -> String {
        let suffix = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix) ?? ""
        return String(name.dropLast(suffix.count))
    }

    @Test(.enabled("promtool cannot be fetched here") { await Tool.isThere(.promtool) })
    func `promtool finds nothing to say about the metrics`() async throws {
        let promtool = try await Tool.promtool.path()
        try await Daemon.with { daemon in
            try await stir(daemon.api)
            let text = try await metrics(daemon)
            for line in text.split(separator: "\n") where line.hasPrefix("# HELP") {
                #expect(line.hasSuffix(".") && line.contains(/[A-Z]/), "\(line)")
            }
            try await TemporaryDirectory.with { directory in
                try Files.write(text, to: directory + "/metrics")
                let checked = try await Finished.run(
                    ["sh", "-c", #""$0" check metrics < "$1""#, promtool, directory + "/metrics"])
                #expect(checked.status == 0 && checked.output.isEmpty && checked.errors.isEmpty, "\(checked)")
            }
        }
    }

    @Test(.enabled("promtool cannot be fetched here") { await Tool.isThere(.promtool) })
    func `every alert rule is right, and fires in its story`() async throws {
        let promtool = try await Tool.promtool.path()
        let stories = Files.package + "/deploy/prometheus/muster.tests.yaml"
        let checked = try await Finished.run([promtool, "check", "rules", Self.rules])
        #expect(checked.status == 0, "\(checked)")
        let told = try await Finished.run([promtool, "test", "rules", stories])
        #expect(told.status == 0, "\(told)")
        let names = Files.text(Self.rules).matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        #expect(names.count > 10)
        for name in names {
            let fires = #"alertname="\#(name)", alertstate="firing""#
            #expect(Files.text(stories).contains(fires), "\(name) fires in no story of muster.tests.yaml")
        }
    }

    @Test func `the metrics of a fresh daemon are a short page, and each histogram in it is used`() async throws {
        try await Daemon.with { daemon in
            let text = try await metrics(daemon)
            #expect(text.utf8.count < 50_000, "\(text.utf8.count) bytes")
            let buckets = text.split(separator: "\n").filter { $0.contains("_bucket{") }
            #expect(buckets.count < 200, "\(buckets.count) buckets")
        }
    }

    @Test func `every counter is there from the start, so that its first count is seen to be one`() async throws {
        let sources = try await Finished.run([
            "grep", "-rhoE", "Counter[(]label: \"[a-z_]+\"", Files.package + "/Sources",
        ])
        let names = Set(sources.output.matches(of: /label: "([a-z_]+)"/).map { String($0.output.1) })
        #expect(names.count > 15, "\(sources)")
        try await Daemon.with { daemon in
            let text = try await metrics(daemon)
            for name in names {
                let shown = name.hasSuffix("_total") ? name : name + "_total"
                #expect(text.contains("\n# TYPE \(shown) counter\n"), "\(shown)")
            }
            for queue in ["alerts", "deadlines", "deliveries", "plans", "reports", "senses"] {
                #expect(text.contains("\nmuster_set_aside{queue=\"\(queue)\"} 0\n"), "\(queue)")
            }
            #expect(text.contains("\nmuster_dead_letters_total{kind=\"prometheus\"} 0\n"))
        }
    }

    @Test func `what happens is counted`() async throws {
        try await Daemon.with { daemon in
            let api = daemon.api
            let before = try await metrics(daemon)
            #expect(before.contains("\nmuster_database_up 1\n"))
            #expect(before.contains(#"muster_incidents_open{phase="detect",severity="none"} 0"#))
            try await stir(api)
            try await api.get("/v1/incidents/999").problem(404, "not-found")
            try await Eventually.holds("the figures are read again") {
                try await metrics(daemon).contains(#"muster_incidents_open{phase="detect",severity="none"} 2"#)
            }
            let after = try await metrics(daemon)
            #expect(after.contains(#"{method="GET",route="/v1/incidents/{id}",status="4xx"} 1"#))
            #expect(after.contains("\nmuster_intake_batch_alerts_sum 1\n"))
            #expect(!after.contains("restoration.svg"), "routes that nobody called are not shown")
            for runner in ["alerts", "deadlines", "heartbeats", "plans", "probes", "senses"] {
                #expect(
                    after.contains("muster_runner_last_pass_timestamp_seconds{runner=\"\(runner)\"} 1"), "\(runner)")
            }
        }
    }

    @Test func `the metrics of a fresh daemon are small, and written once a second for all who scrape`() async throws {
        try await Daemon.with { daemon in
            try await daemon.api.get("/healthz").expect(200)
            let text = try await metrics(daemon)
            #expect(text.utf8.count < 50 << 10, "\(text.utf8.count)")
            // Each scrape counts as a request; what is written again within a second does not know of it.
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<40 { group.addTask { try await metrics(daemon) } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(texts.count < 20, "\(texts.count) of 40 at once were written anew")
        }
    }

    @Test func `a loop that does not run here is not waited for`() async throws {
        try await Daemon.with(.cluster, ["probes.concurrent_max": "0"]) { daemon in
            let shown = try await Eventually.get("the loops have begun") {
                let text = try await metrics(daemon)
                return text.contains(#"{runner="expiry"}"#) && text.contains(#"{runner="alerts"}"#) ? text : nil
            }
            #expect(!shown.contains(#"{runner="probes"}"#))
            #expect(!shown.contains(/timestamp_seconds\{runner="\w+"\} 0/), "none is said to have stood since 1970")
        }
    }

    @Test func `the caller's trace is in the lines of its request`() async throws {
        try await Daemon.with(.cluster, ["log.level": "debug"]) { daemon in
            let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
            let headers = ["traceparent": "00-\(trace)-\(span)-01", "X-Request-Id": "traced"]
            try await daemon.api.get("/v1/incidents", headers: headers).expect(200)
            let source = try await daemon.api.makeSource("prometheus")
            try await daemon.api.post(source.hook, ["what": "is this"], headers: headers).expect(422)
            // Its own line, and one of a desk that is given no request.
            for message in ["request", "cannot read a message; it is kept as a dead letter"] {
                try await Eventually.holds("the line") {
                    daemon.logLines.contains { line in
                        let entry = try? JSON(line.utf8)
                        return entry?["message"] == .string(message) && entry?["request_id"] == "traced"
                            && entry?["trace_id"] == .string(trace) && entry?["span_id"] == .string(span)
                    }
                }
            }
        }
    }

    @Test func `the doctor finds a daemon that is well, and what is wrong with another`() async throws {
        try await Daemon.with(.embedded) { daemon in
            let well = try await daemon.run("doctor")
            #expect(well.status == 0 && well.output.contains("musterd is listening on \(daemon.address)"), "\(well)")
            #expect(well.output.contains("database.schema: up to date") && !well.output.contains("problem"), "\(well)")
            let json = try await daemon.run("doctor", "--json")
            let document = try JSON(json.output.utf8)
            #expect(json.status == 0 && document["problem"] == 0 && document["findings"].items.count > 5, "\(json)")
            let ill = try await daemon.run("doctor", settings: ["database.url": "host=/nonexistent"])
            #expect(ill.status == 1 && ill.output.contains("problem  database.url"), "\(ill)")
            #expect(ill.errors.isEmpty, "\(ill)")
        }
    }

    private func metrics(_ daemon: Daemon) async throws -> String {
        let reply = try await daemon.api.get("/metrics")
        try reply.expect(200)
        return reply.text
    }

    /// An incident by hand, one by an alert, and a message that nobody understands.
    private func stir(_ api: API) async throws {
        _ = try await api.open(["title": "by hand"])
        let source = try await api.makeSource("prometheus")
        try await api.post(source.hook, AlertmanagerMessage(group: "g", [.init("a")]).json).expect(200)
        #expect(try await api.post(source.hook, ["what": "is this"]).status == 422)
        try await Eventually.holds("the alert's incident") { try await api.all("/v1/incidents").count == 2 }
    }
}
