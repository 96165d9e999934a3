import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// What users send, over a real connection, and what is kept of it.
@Suite(.timeLimit(.minutes(20))) struct ReportRoutesTests {
    private static let json = ["Content-Type: application/json"]
    private static let report = #"{"symptom":"cannot_sign_in","component":"auth","region":"eu-north"}"#

    private static func with(
        _ limits: ReportLimiter.Limits = .init(), proxies: [String] = [],
        _ body: @escaping @Sendable (TestDaemon, TestSite) async throws -> Void
    ) async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.putChain()
            try await TestSite.with(daemon.reportRoutes(daemon.reportDesk(limits, proxies: proxies))) { site in
                try await body(daemon, site)
            }
        }
    }

    @Test func `a report is taken without a token, and counts once however often it is sent`() async throws {
        try await Self.with { daemon, site in
            for _ in 1...3 {
                let reply = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
                #expect(reply.status == 202 && reply.body == #"{"accepted":true}"#)
                #expect(reply["Access-Control-Allow-Origin"] == "*")
            }
            let rows = try await daemon.pool.query("SELECT component, symptom, region, reports FROM report_count")
            #expect(try rows.map { try $0.decode("component") } == ["auth"])
            #expect(try rows.map { try $0.decode("reports") } == [1])
            #expect(try rows.map { try $0.decode("region") } == ["eu-north"])
        }
    }

    @Test func `another browser, another symptom and another hour count again`() async throws {
        try await Self.with { daemon, site in
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
            _ = try await site.ask("POST", "/reports", headers: Self.json + ["User-Agent: b"], body: Self.report)
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: #"{"symptom":"slow"}"#)
            _ = try await daemon.pool.query("UPDATE report_reporter SET hour = hour - interval '1 hour'")
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
            #expect(try await daemon.pool.query("SELECT sum(reports) AS n FROM report_count")[0].decode("n") == 4)
        }
    }

    @Test func `a form of a browser is taken, and names are found as people write them`() async throws {
        try await Self.with { daemon, site in
            let form = ["Content-Type: application/x-www-form-urlencoded; charset=UTF-8"]
            let body = "symptom=video_stops&area=+the%20APP&region=&platform=tv"
            #expect(try await site.ask("POST", "/reports", headers: form, body: body).status == 202)
            let rows = try await daemon.pool.query("SELECT component, region FROM report_count")
            #expect(try rows[0].decode("component") == "app" && rows[0].decode("region") == "")
        }
    }

    @Test func `what the catalog does not know is answered alike, and its text is not kept`() async throws {
        try await Self.with { daemon, site in
            let body = #"{"symptom":"other","area":"my neighbour Bob","region":"Bobtown"}"#
            let reply = try await site.ask("POST", "/reports", headers: Self.json, body: body)
            #expect(reply.status == 202 && reply.body == #"{"accepted":true}"#)
            #expect(!(try await daemon.everything()).lowercased().contains("bob"))
            #expect(try await daemon.count("report_count", where: "component = ''") == 1)
        }
    }

    @Test(arguments: [
        (#"{"symptom":"moon"}"#, 422), ("{", 400), ("7", 422), (#"{"symptom":"slow","text":"hello"}"#, 422),
        (#"{"component":"auth"}"#, 422), (#"{"symptom":"slow","area":"\#(String(repeating: "x", count: 201))"}"#, 422),
        (#"{"symptom":"slow","area":"\#(String(repeating: "x", count: 5_000))"}"#, 413),
    ])
    func `what is no report is refused, and pages of other addresses may read why`(body: String, status: Int)
        async throws
    {
        try await Self.with { daemon, site in
            let reply = try await site.ask("POST", "/reports", headers: Self.json, body: body)
            #expect(reply.status == status && reply["Access-Control-Allow-Origin"] == "*")
            #expect(try await daemon.count("report_count") == 0)
        }
    }

    @Test func `another media type is refused, and a browser that asks first may go on`() async throws {
        try await Self.with { _, site in
            let xml = try await site.ask("POST", "/reports", headers: ["Content-Type: text/xml"], body: "<a/>")
            #expect(xml.status == 415)
            let asked = try await site.ask("OPTIONS", "/reports", headers: ["Origin: https://status.example"])
            #expect(asked.status == 204 && asked["Access-Control-Allow-Methods"] == "POST, OPTIONS")
            #expect(asked["Access-Control-Allow-Headers"] == "Content-Type")
        }
    }

    @Test func `a reporter is heard ten times a minute, and all together as often as configured`() async throws {
        try await Self.with(.init(perReporter: 2, perPlace: 4, perMinute: 5)) { _, site in
            var statuses: [Int] = []
            for user in ["a", "a", "a", "b", "b", "c"] {
                let reply = try await site.ask(
                    "POST", "/reports", headers: Self.json + ["User-Agent: \(user)"], body: Self.report)
                statuses.append(reply.status)
                if reply.status == 429 { #expect((1...60).contains(Int(reply["Retry-After"] ?? "") ?? 0)) }
            }
            // The third user has had no report taken, but the address has.
            #expect(statuses == [202, 202, 429, 202, 202, 429])
        }
    }

    @Test func `no table and no line of the log has the address or the browser of a user`() async throws {
        try await Self.with(proxies: ["127.0.0.0/8"]) { daemon, site in
            // The lines before tell where the site listens.
            let before = site.log.lines.count
            let headers = Self.json + ["X-Forwarded-For: 203.0.113.77", "User-Agent: Peculiar/77"]
            #expect(try await site.ask("POST", "/reports", headers: headers, body: Self.report).status == 202)
            #expect(try await site.ask("POST", "/reports", headers: headers, body: "{").status == 400)
            let kept = try await daemon.everything() + site.log.lines.dropFirst(before).map { "\($0)" }.joined()
            for secret in ["203.0.113", "127.0.0.1", "Peculiar", "cb00714d", "7f000001"] {
                #expect(!kept.contains(secret), "\(secret)")
            }
            #expect(try await daemon.count("report_reporter") == 1)
        }
    }

    @Test func `behind a proxy that is trusted, each user counts; a stranger's word about himself does not`()
        async throws
    {
        for (proxies, counted) in [(["127.0.0.1"], 3), ([], 1)] {
            try await Self.with(proxies: proxies) { daemon, site in
                for last in 1...3 {
                    let headers = Self.json + ["X-Forwarded-For: 10.9.9.9, 203.0.113.\(last)"]
                    _ = try await site.ask("POST", "/reports", headers: headers, body: Self.report)
                }
                #expect(try await daemon.count("report_reporter") == counted)
            }
        }
    }

    @Test func `two daemons share the salt of the day, so a user counts once at either`() async throws {
        try await Self.with { daemon, site in
            try await daemon.beside { other async throws in
                let routes = other.reportRoutes(other.reportDesk())
                try await TestSite.with(routes) { (second: TestSite) async throws in
                    for each in [site, second, site, second] {
                        let reply = try await each.ask("POST", "/reports", headers: Self.json, body: Self.report)
                        #expect(reply.status == 202)
                    }
                }
            }
            #expect(try await daemon.pool.query("SELECT sum(reports) AS n FROM report_count")[0].decode("n") == 1)
            #expect(try await daemon.count("report_salt") == 1)
        }
    }

    @Test func `what is old is forgotten`() async throws {
        try await Self.with { daemon, site in
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
            _ = try await daemon.pool.query("UPDATE report_reporter SET hour = hour - interval '2 hours'")
            _ = try await daemon.pool.query("UPDATE report_salt SET day = day - 2")
            _ = try await daemon.pool.query("UPDATE report_count SET minute = minute - interval '91 days'")
            try await ReportStore(pool: daemon.pool).prune(days: 90)
            for table in ["report_reporter", "report_salt", "report_count"] {
                #expect(try await daemon.count(table) == 0, "\(table)")
            }
        }
    }
}
