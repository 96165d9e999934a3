import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Help of a running daemon, as browsers and apps ask for it.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct HelpTests {
    private func list(_ api: API) async throws {
        let listing: JSON = ["name": "Feed", "group": "Apps"]
        try await api.put("/v1/components/inner-feed", ["tier": 1, "public": listing]).expect(201)
    }

    private func help(_ api: API, _ query: String) async throws -> JSON {
        try await api.get("/help?\(query)").expect(200)
    }

    @Test func `somebody asks, is told what is known, and reports by the form`() async throws {
        try await Daemon.with { daemon in
            try await list(daemon.api)
            let api = daemon.api.with(token: nil)
            let asking = "symptom=video_stops&component=feed&platform=android&lang=en"
            try await Eventually.holds("the component is known") {
                try await help(api, asking)["question"]["component"].string != nil
            }
            let calm = try await help(api, asking)
            #expect(
                try await api.get("/status?lang=de").text.contains("href=\"/help?lang=de\""), "the page leads there")
            #expect(calm["known"] == "nothing" && calm["text"] == "Nothing is known to be wrong with Feed.")
            let steps = calm["steps"].items.compactMap { $0["text"].string }
            #expect(steps.first?.hasPrefix("Check the connection") == true)
            #expect(steps.contains { $0.contains("Clear cache") }, "as Android does it")
            #expect(try await help(api, "component=inner-feed")["question"]["component"] == .null, "no inner names")
            let open: JSON = ["title": "x", "components": [["component": "inner-feed", "impact": "major_outage"]]]
            let path = try await daemon.api.open(open)
            let eta = String(Moment.text(Date() + 3_600).prefix(16))
            let told: JSON = [
                "audience": "users", "body": "Feed is down.", "eta": .string("\(eta):00Z"),
                "guide": ["symptom": "payment_fails", "platform": "web"], "steps": ["Use the old app."],
            ]
            try await daemon.api.post("\(path)/updates", told).expect(201)
            try await Eventually.holds("the incident explains it") {
                try await help(api, asking)["known"] == "incident"
            }
            let down = try await help(api, asking)
            #expect(
                down["text"].string?.contains("It is expected to be over at") == true && down["steps"].items.isEmpty)
            let meanwhile = down["meanwhile"]["steps"].items.compactMap(\.string)
            #expect(meanwhile.first == "Use the old app." && meanwhile.count > 2 && meanwhile[1].contains("pay again"))
            let german = ["Accept": "text/html,*/*", "Accept-Language": "de-AT,de;q=0.9"]
            let page = try await api.get("/help?symptom=slow&component=Feed", headers: german)
            #expect(page.text.contains("Eine bekannte Störung erklärt das") && page.text.contains("Das melden"))
            #expect(page.header("Content-Security-Policy")?.contains("form-action 'self'") == true)
            try await report(api, headers: german, daemon)
        }
    }

    /// As a browser sends the form.
    private func report(_ api: API, headers: [String: String], _ daemon: Daemon) async throws {
        let form = headers.merging(["Content-Type": "application/x-www-form-urlencoded"]) { _, own in own }
        let body = "symptom=slow&area=Feed&platform=android"
        let thanks = try await api.send("POST", "/reports?lang=de", .text(body), headers: form)
        #expect(thanks.status == 202 && thanks.text.contains("<h1>Danke</h1>"), "\(thanks)")
        try await Eventually.holds("it is counted where it belongs") {
            try await daemon.api.get("/v1/reports").expect(200)["items"].items.contains {
                $0["component"] == "inner-feed" && $0["symptom"] == "slow"
            }
        }
    }

    @Test func `it is answered while PostgreSQL is away, and says so`() async throws {
        try await TestServer.with { server in
            let place = server.conninfo(database: "postgres")
            try await Daemon.with(.database(place), faultsAreMeant: true) { daemon in
                try await list(daemon.api)
                let book: JSON = [
                    "symptoms": [["id": "cold", "name": ["en": "It is cold"]]], "platforms": [],
                    "steps": [["id": "coat", "text": ["en": "Put on a coat."]]], "guides": [["steps": ["coat"]]],
                ]
                try await daemon.api.put("/v1/catalog/help", book).expect(200)
                let api = daemon.api.with(token: nil)
                let file = daemon.dataDirectory + "/status-snapshot"
                try await Eventually.holds("it is on disk") { Files.text(file).contains("Put on a coat.") }
                try await daemon.kill9()
                await server.stop()
                try daemon.launch()
                try await Eventually.holds("it is answered") { try await api.get("/help").status == 200 }
                let answer = try await help(api, "symptom=cold")
                #expect(answer["is_current"] == false && answer["steps"].items.map { $0["text"] } == ["Put on a coat."])
                let page = try await api.get("/help", headers: ["Accept": "text/html"])
                #expect(page.header("X-Muster-As-Of") != nil)
                #expect(page.text.contains("is interrupted") && page.text.contains("Put on a coat."))
            }
        }
    }

    private static func memory(_ daemon: Daemon) -> Int {
        let lines = Files.text("/proc/\(daemon.pid ?? 0)/status").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    private static let questions = 20_000
    private static let atOnce = 16

    @Test func `twenty thousand hostile questions change nothing`() async throws {
        try await Daemon.with { daemon in
            try await list(daemon.api)
            let api = daemon.api.with(token: nil)
            let symptoms = ["slow", "errors", "other", "'\"><script>", "%00%ff", String(repeating: "x", count: 4_000)]
            // What the process needs for answering at all is not what grows.
            for place in 0..<500 { _ = try await api.get("/help?symptom=\(place)", headers: ["Accept": "text/html"]) }
            let before = Self.memory(daemon)
            let statuses = try await withThrowingTaskGroup(of: Set<Int>.self) { group in
                for first in 0..<Self.atOnce {
                    group.addTask {
                        var seen: Set<Int> = []
                        for place in stride(from: first, to: Self.questions, by: Self.atOnce) {
                            let symptom = symptoms[place % symptoms.count]
                            let encoded =
                                symptom.contains("%")
                                ? symptom : symptom.filter { $0 != "\"" && $0 != "<" && $0 != ">" }
                            let query =
                                "symptom=\(encoded)&component=\(place)&platform=tv\(place % 7)&lang=\(place % 3)"
                            let accept = place.isMultiple(of: 2) ? "text/html" : "*/*"
                            seen.insert(try await api.get("/help?\(query)", headers: ["Accept": accept]).status)
                        }
                        return seen
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.formUnion($1) }
            }
            #expect(statuses.isSubset(of: [200, 400, 503]) && statuses.contains(200), "\(statuses)")
            #expect(Self.memory(daemon) - before < 64 << 10, "\(before) kB, then \(Self.memory(daemon))")
            try await api.get("/status").expect(200)
            #expect(try await daemon.api.get("/v1/reports").expect(200)["items"].items.isEmpty)
            #expect(try await help(api, "symptom=slow&lang=en")["known"] == "nothing")
        }
    }
}
