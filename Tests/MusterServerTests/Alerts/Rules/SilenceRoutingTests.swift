import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Silences keep alerts from opening incidents, and from nothing else.
@Suite(.timeLimit(.minutes(20))) struct SilenceRoutingTests {
    @Test func `a silenced alert is recorded and opens no incident; what ends meanwhile never does`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let id = try await daemon.silence(try LabelMatcher("alertname", .matches, "a|b"))
            try await daemon.send(source, .firing("a"), .firing("b"), .firing("c"))
            #expect(try await daemon.places() == ["a silence", "b silence", "c 1"])
            #expect(try await SilenceStore(pool: daemon.pool).find(id)?.readable?.holding == 2)
            try await daemon.send(source, .resolved("b"))
            #expect(try await SilenceStore(pool: daemon.pool).find(id)?.readable?.holding == 1)
            try await daemon.passTime()
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 2", "b silence", "c 1"])
            #expect(try await SilenceStore(pool: daemon.pool).find(id)?.readable?.state == .expired)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `a silence may name the source`() async throws {
        try await TestDaemon.with { daemon async throws in
            let quiet = try await daemon.makeSource("staging")
            let other = try await daemon.makeSource("prometheus")
            _ = try await daemon.silence(try LabelMatcher("source", .equal, "staging"))
            try await daemon.send(quiet, .firing("a"))
            try await daemon.send(other, .firing("b"))
            #expect(try await daemon.places() == ["a silence", "b 1"])
        }
    }

    @Test func `a silence of a source holds that source's alerts alone, also when it is renamed`() async throws {
        try await TestDaemon.with { daemon async throws in
            let (own, twin) = (try await daemon.makeSource("twin"), try await daemon.makeSource("twin"))
            let draft = SilenceDraft(
                matchers: [try .alertname("a"), try LabelMatcher("source", .equal, "twin")],
                endsAt: Timestamp.now().adding(seconds: 600), comment: "a test", createdBy: "Mia", source: own)
            _ = try await SilenceStore(pool: daemon.pool).create(UUID.timeOrdered(at: .now()), draft, by: .mia)
            try await daemon.pool.query("UPDATE source SET name = 'renamed' WHERE id = \(own)")
            try await daemon.send(own, .firing("a"), .firing("b"))
            #expect(try await daemon.places() == ["a silence", "b 1"])
            try await daemon.send(twin, .firing("a"))
            // The two of one identity have no order.
            let places = try await daemon.places()
            #expect(places.sorted() == ["a 2", "a silence", "b 1"])
            // What the rows of silences before said is still what is written: the release before reads it.
            #expect(try await daemon.count("silence", where: "matchers::text LIKE '%\"twin\"%'") == 1)
        }
    }

    @Test func `ending a silence lets go what it held`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let store = SilenceStore(pool: daemon.pool)
            let id = try await daemon.silence(.alertname("a"))
            try await daemon.send(source, .firing("a"))
            #expect(try await store.expire(id, by: .mia)?.readable?.state == .expired)
            #expect(try await store.expire(id, by: .mia)?.readable?.state == .expired, "twice is once")
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a 1"])
            #expect(try await store.find(id)?.readable?.holding == 0)
            #expect(try await store.expire(UUID(), by: .mia) == nil)
            #expect(try await daemon.count("audit_line", where: "action LIKE 'silence.%'") == 2)
        }
    }

    @Test func `another silence goes on holding when the first one ends`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let long = try await daemon.silence(.alertname("a"), seconds: 7200)
            let short = try await daemon.silence(.alertname("a"), seconds: 3600)
            try await daemon.send(source, .firing("a"))
            _ = try await SilenceStore(pool: daemon.pool).expire(long, by: .mia)
            try await daemon.routeAll()
            #expect(try await daemon.places() == ["a silence"])
            #expect(try await SilenceStore(pool: daemon.pool).find(short)?.readable?.holding == 1)
        }
    }

    @Test func `a silenced alert joins the incident of its group, and of its component`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "cdn", name: "CDN", tier: 0)])
            let source = try await daemon.makeSource()
            _ = try await daemon.silence(.alertname("b"))
            try await daemon.send(source, .firing("a", group: "g", component: "cdn"))
            try await daemon.send(source, .firing("b", group: "h", component: "cdn"))
            #expect(try await daemon.places() == ["a 1", "b 1"])
        }
    }

    @Test func `a daemon that starts while a silence ends finds what waited`() async throws {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            _ = try await daemon.silence(.alertname("a"))
            try await daemon.send(source, .firing("a"))
            try await daemon.passTime()
            try await daemon.beside { other async throws in
                async let first: Void = daemon.routeAll()
                async let second: Void = other.routeAll()
                _ = try await (first, second)
                try await other.routeAll()
            }
            #expect(try await daemon.places() == ["a 1"])
            #expect(try await daemon.count("incident") == 1)
        }
    }

    @Test func `a silence needs a reason, a matcher and an end within thirty days`() async throws {
        try await TestDaemon.with { daemon async throws in
            let now = try await RuleStore.moment(in: daemon.pool).now
            func field(_ change: (inout SilenceDraft) -> Void) async throws -> String? {
                var draft = SilenceDraft(
                    matchers: [try .alertname("a")], endsAt: now.adding(seconds: 600), comment: "work", createdBy: "Mia"
                )
                change(&draft)
                do {
                    let saving = try await SilenceStore(pool: daemon.pool).create(
                        .timeOrdered(at: now), draft, by: .mia)
                    guard case .refused(let field, _) = saving else { return nil }
                    return "/" + field
                } catch let problem as Problem {
                    return problem.errors.first?.pointer
                }
            }
            #expect(try await field { _ in } == nil)
            #expect(try await field { $0.matchers = [] } == "/matchers")
            #expect(try await field { $0.comment = " \n" } == "/comment")
            #expect(try await field { $0.endsAt = now } == "/ends_at")
            #expect(try await field { $0.startsAt = $0.endsAt } == "/ends_at")
            #expect(try await field { $0.endsAt = now.adding(seconds: Silence.secondsMax + 600) } == "/ends_at")
            #expect(try await field { $0.endsAt = now.adding(seconds: Silence.secondsMax) } == nil)
        }
    }

    @Test func `a silence that takes too long to match holds nothing, up to naming it, and the others go on`()
        async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let dear = "(.?[a-z]{0,100}){12}.*"
            let heavy = UUID()
            let draft = SilenceDraft(
                matchers: try (0..<50).map { _ in try LabelMatcher("title", .matches, dear) },
                endsAt: Timestamp.now().adding(seconds: 3600), comment: "a test", createdBy: "Mia")
            _ = try await SilenceStore(pool: daemon.pool).create(heavy, draft, by: .mia)
            _ = try await daemon.silence(.alertname("quiet"))
            var alerts = (0..<40).map { IncomingAlert.firing("a\($0)") } + [IncomingAlert.firing("quiet")]
            for index in alerts.indices { alerts[index].title = String(repeating: "x", count: 2000) }
            try await daemon.store(source, alerts)
            let start = ContinuousClock.now
            try await daemon.routeAll()
            // In operations it is a fraction of a second; before there was a budget it was minutes.
            #expect(start.duration(to: .now) < .seconds(60))
            let places = try await daemon.places()
            #expect(places.filter { $0.hasSuffix(" silence") } == ["quiet silence"])
            #expect(places.allSatisfy { !$0.hasSuffix(" lost") })
            #expect(MatchingSkips.shared.count(of: heavy) >= 40)
            var json = JSONWriter()
            json.value(try #require(try await SilenceStore(pool: daemon.pool).find(heavy)).get())
            #expect(try JSONParser.parse(json.bytes)["skipped_alerts"]?.integer ?? 0 >= 40)
        }
    }

    @Test func `a rule that takes too long to match is left out for a message, and the next one takes it`() async throws
    {
        try await TestDaemon.with { daemon async throws in
            let source = try await daemon.makeSource()
            let dear = try (0..<50).map { _ in try LabelMatcher("title", .matches, "(.?[a-z]{0,100}){12}.*") }
            let heavy = try await daemon.addRule("heavy", dear) { $0.component = .constant("wrong") }
            let next = try await daemon.addRule("next") { $0.component = .constant("right") }
            var alert = IncomingAlert.firing("a")
            alert.title = String(repeating: "x", count: 2000)
            var message = IncomingMessage(alerts: [alert])
            let known = try #require(try await SourceStore(pool: daemon.pool).source(source))
            try await daemon.book.apply(&message, source: known)
            #expect(message.alerts[0].rule == next.id && message.alerts[0].component == "right")
            #expect(MatchingSkips.shared.count(of: heavy.id) == 1)
        }
    }
}
