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

    @Test func `another symptom and another hour count again`() async throws {
        try await Self.with { daemon, site in
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: #"{"symptom":"slow"}"#)
            _ = try await daemon.pool.query("UPDATE report_reporter SET hour = hour - interval '1 hour'")
            _ = try await site.ask("POST", "/reports", headers: Self.json, body: Self.report)
            #expect(try await daemon.pool.query("SELECT sum(reports) AS n FROM report_count")[0].decode("n") == 3)
        }
    }

    @Test func `one address counts as one, whatever it says of itself`() async throws {
        try await Self.with { daemon, site in
            for number in 1...9 {
                let headers = [
                    "User-Agent: browser \(number)", "X-Forwarded-For: 203.0.113.\(number)",
                    "X-Real-IP: 203.0.113.\(number)", "Forwarded: for=203.0.113.\(number)", "Cookie: id=\(number)",
                    "Accept-Language: x-\(number)",
                ]
                _ = try await site.ask("POST", "/reports", headers: Self.json + headers, body: Self.report)
            }
            #expect(try await daemon.pool.query("SELECT sum(reports) AS n FROM report_count")[0].decode("n") == 1)
        }
    }

    @Test func `the addresses of one IPv6 network of 64 bits count as one`() async throws {
        try await Self.with(proxies: ["127.0.0.1"]) { daemon, site in
            for (address, counted) in [
                ("2001:db8:1:2::1", 1), ("2001:db8:1:2:ffff:ffff:ffff:ffff", 1), ("2001:db8:1:3::1", 2),
            ] {
                let headers = Self.json + ["X-Forwarded-For: \(address)"]
                _ = try await site.ask("POST", "/reports", headers: headers, body: Self.report)
                #expect(try await daemon.count("report_reporter") == counted, "\(address)")
            }
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
            #expect(xml.status == 415 && xml["Access-Control-Allow-Origin"] == "*")
            #expect(xml.body.contains("application/json or application/x-www-form-urlencoded"), "\(xml.body)")
            // More than the edge takes at any other path is refused with the limit of this one.
            let long = String(repeating: "x", count: 2 << 20)
            let large = try await site.ask("POST", "/reports", headers: Self.json, body: long)
            #expect(large.status == 413 && large.body.contains("at most 4096 bytes"), "\(large.body)")
            #expect(large["Access-Control-Allow-Origin"] == "*")
            let asked = try await site.ask("OPTIONS", "/reports", headers: ["Origin: https://status.example"])
            #expect(asked.status == 204 && asked["Access-Control-Allow-Methods"] == "POST, OPTIONS")
            #expect(asked["Access-Control-Allow-Headers"] == "Content-Type")
        }
    }

    @Test func `an address has a budget, and so have all together`() async throws {
        let limits: [(ReportLimiter.Limits, [Int])] = [
            (.init(perReporter: 2, perMinute: 9), [202, 202, 429, 202, 202, 429]),
            (.init(perReporter: 9, perMinute: 5), [202, 202, 202, 202, 202, 429]),
        ]
        for (limits, wanted) in limits {
            try await Self.with(limits, proxies: ["127.0.0.1"]) { _, site async throws in
                var statuses: [Int] = []
                for last in [1, 1, 1, 2, 2, 2] {
                    let reply = try await site.ask(
                        "POST", "/reports", headers: Self.json + ["X-Forwarded-For: 203.0.113.\(last)"],
                        body: Self.report)
                    statuses.append(reply.status)
                    if reply.status == 429 { #expect((1...60).contains(Int(reply["Retry-After"] ?? "") ?? 0)) }
                }
                #expect(statuses == wanted)
            }
        }
    }

    @Test func `the next minute has a budget of its own, and what is remembered is bounded`() {
        let limiter = ReportLimiter(.init(perReporter: 1, perMinute: 3))
        func admit(_ user: UInt8, _ seconds: Int64) -> Int? { limiter.admit(reporter: [user], at: seconds) }
        #expect(admit(1, 0) == nil && admit(1, 10) == 50 && admit(2, 20) == nil && admit(3, 30) == nil)
        #expect(admit(4, 40) == 20 && limiter.remembered == 3)
        #expect(admit(1, 60) == nil && limiter.remembered == 1)
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

    @Test func `counts are bounded in rows, and the oldest go`() async throws {
        try await TestDaemon.with { daemon async throws in
            _ = try await daemon.pool.query(
                """
                INSERT INTO report_count (minute, component, symptom, region, reports)
                SELECT date_trunc('minute', now()) - make_interval(mins => n / 2), 'c' || n % 2, 'slow', '', 1
                FROM generate_series(0, 19) AS n
                """)
            #expect(try await ReportStore(pool: daemon.pool).prune(days: 90, countsMax: 20) == 0)
            #expect(try await ReportStore(pool: daemon.pool).prune(days: 90, countsMax: 6) == 14)
            #expect(try await daemon.count("report_count", where: "minute > now() - interval '4 minutes'") == 6)
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
