import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// What the pages show, whoever typed it, and however much of it there is.
struct RoomPageTests {
    /// Breaks out of texts, attributes, scripts and styles, where something does not escape.
    private static let hostile =
        "\"'></textarea></style></script><script src=//evil.example></script><img src=x onerror=alert(1)>{{frame.formCode}}"

    @Test func `what is typed into any field is shown as text on every page`() async throws {
        try await RoomSite.with { site in
            await site.call(.put, "/v1/components", ["components": [["slug": "auth", "tier": 0]]])
            let evil = JSONValue.string(Self.hostile)
            let number = try await site.open([
                "title": evil, "summary": evil, "severity": "sev1",
                "components": [["component": "auth", "impact": "major_outage", "regions": ["\"'><b>"]]],
                "labels": ["a": evil],
            ])
            let path = "/v1/incidents/\(number)"
            await site.call(.post, "\(path)/acknowledge", ["note": evil])
            await site.call(.put, "\(path)/roles/commander", ["person": evil])
            await site.call(.put, "\(path)/cause", ["category": "technical", "evidence": evil, "change": evil])
            await site.call(.put, "\(path)/audiences/users", ["description": evil])
            let note = await site.call(.post, "\(path)/notes", ["text": evil, "by": evil, "key": true])
            let sequence = try #require(note.json["sequence"]?.integer)
            await site.call(.post, "\(path)/tasks", ["text": evil, "owner": evil])
            await site.call(
                .post, "\(path)/mitigations", ["description": evil, "owner": evil, "kind": "own", "state": "running"])
            await site.call(
                .post, "\(path)/actions", ["title": evil, "kind": "preventive", "owner": evil, "required": false])
            await site.call(
                .post, "\(path)/updates", ["audience": "users", "body": evil, "steps": [evil]])
            await site.call(.post, "\(path)/updates/draft", ["audience": "staff", "body": evil])
            await site.call(.post, "\(path)/timeline/\(sequence)/strike", ["reason": evil])
            for _ in 0..<2 { await site.call(.post, "\(path)/advance", ["override": true, "reason": evil]) }
            let browser = try await site.browser(.admin, name: String(Self.hostile.prefix(100)))
            let other = try await site.browser(.admin, name: String(Self.hostile.prefix(100)))
            let stale = try await browser.hidden("/incidents/\(number)")
            try await other.send("putCause", on: number, [("category", "attack"), ("evidence", Self.hostile)])
            let query = PercentEncoding.encode(Self.hostile)
            let pages = [
                await browser.get("/incidents/\(number)"), await browser.get("/incidents/\(number)/review"),
                await browser.get("/"), await browser.get("/?q=\(query)&component=\(query)&phase=\(query)"),
                await browser.get("/incidents/\(number)?show=\(query)"), await browser.get("/incidents/\(query)"),
                try await browser.send(
                    "putCause", on: number, [("category", Self.hostile), ("evidence", Self.hostile)], hidden: stale),
                try await browser.send("addNote", on: number, [("occurred_at", Self.hostile)]),
                try await browser.send("startRestoration", on: number, [("component", Self.hostile)]),
                await site.send("/sign-in", [("token", "x"), ("next", Self.hostile)]),
            ]
            for (place, page) in pages.enumerated() {
                let outline = HTMLOutline(page.text)
                #expect(page.text.hasPrefix("<!doctype html>"), "page \(place)")
                #expect(outline.problems == [], "page \(place)")
                #expect(page.text.ranges(of: "<script").count == 1 && !page.text.contains("<img"), "page \(place)")
                for link in outline.elements.compactMap({ $0.attributes["href"] }) {
                    #expect(link.hasPrefix("/") || link.hasPrefix("#") || link == "data:,", "page \(place): \(link)")
                }
                for action in outline.elements.compactMap({ $0.attributes["action"] }) {
                    #expect(action.hasPrefix("/") && !action.hasPrefix("//"), "page \(place): \(action)")
                }
            }
            #expect(HTMLOutline(pages[0].text).text.contains(Self.hostile))
        }
    }

    @Test func `every id of a page is of one element`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            await site.call(.post, "/v1/incidents/\(number)/mitigations", ["description": "a"])
            await site.call(.post, "/v1/incidents/\(number)/mitigations", ["description": "b"])
            for path in ["/", "/incidents/\(number)", "/incidents/\(number)/review"] {
                let outline = HTMLOutline(await browser.get(path).text)
                let ids = outline.elements.compactMap { $0.attributes["id"] }
                #expect(
                    Set(ids).count == ids.count,
                    "\(path): \(Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys.sorted())")
                let labelled = Set(outline.elements.filter { $0.name == "label" }.compactMap { $0.attributes["for"] })
                let fields = outline.elements.filter {
                    ["select", "textarea"].contains($0.name) || $0.name == "input" && $0.attributes["type"] != "hidden"
                }
                #expect(Set(fields.compactMap { $0.attributes["id"] }) == labelled, "\(path)")
            }
        }
    }

    @Test func `the board shows what is open, the worst first, and finds the rest`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser()
            let none = await browser.get("/")
            #expect(HTMLOutline(none.text).text.contains("No incident is open."))
            let mild = try await site.open(["title": "Slow feed", "severity": "sev3"])
            let bad = try await site.open(["title": "Nobody can sign in", "severity": "sev1"])
            let gone = try await site.open(["title": "A false alarm"])
            await site.call(.post, "/v1/incidents/\(gone)/dismiss", ["reason": "nothing"])
            let board = HTMLOutline(await browser.get("/").text)
            #expect(board.problems == [])
            let links = board.elements.compactMap { $0.attributes["href"] }.filter { $0.hasPrefix("/incidents/") }
            #expect(links == [bad, mild, gone].map { "/incidents/\($0)" })
            #expect(board.text.contains("no commander") && board.text.contains("Not acknowledged"))
            let found = HTMLOutline(await browser.get("/?q=feed").text).text
            #expect(found.contains("Slow feed") && !found.contains("sign in"))
            let severe = HTMLOutline(await browser.get("/?severity=sev1&phase=any").text).text
            #expect(severe.contains("Nobody can sign in") && !severe.contains("Slow feed"))
            let dismissed = HTMLOutline(await browser.get("/?phase=dismissed").text).text
            #expect(dismissed.contains("A false alarm") && !dismissed.contains("Slow feed"))
        }
    }

    @Test func `a board of many goes on by age`() async throws {
        try await RoomSite.with { site in
            for _ in 0..<53 { _ = try await site.open() }
            let browser = try await site.browser()
            let first = await browser.get("/")
            #expect(HTMLOutline(first.text).elements.count { $0.attributes["class"] == "row" } == 50)
            #expect(first.text.contains("More, by age"))
            let newest = await browser.get("/?phase=open&before=\(Int.max)")
            let last = try #require(newest.text.firstRange(of: "before="))
            let number = newest.text[last.upperBound...].prefix { $0.isNumber }
            let rest = await browser.get("/?phase=open&before=\(number)")
            #expect(HTMLOutline(rest.text).elements.count { $0.attributes["class"] == "row" } == 3)
            #expect(!rest.text.contains("More, by age"))
        }
    }

    @Test func `the timeline goes on in pages and shows what is chosen`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            for note in 1...60 {
                await site.call(
                    .post, "/v1/incidents/\(number)/notes",
                    ["text": .string("note <\(note)>"), "key": .bool(note == 3)])
            }
            let browser = try await site.browser(.viewer)
            let first = await browser.get("/incidents/\(number)")
            #expect(first.text.contains("note &lt;60&gt;") && !first.text.contains("note &lt;3&gt;"))
            #expect(first.text.contains("?show=all&amp;before=12#timeline"))
            let older = await browser.get("/incidents/\(number)?show=all&before=12")
            #expect(older.text.contains("note &lt;3&gt;") && !older.text.contains("note &lt;60&gt;"))
            let key = await browser.get("/incidents/\(number)?show=key")
            #expect(!key.text.contains("note &lt;60&gt;"))
            let keys = await browser.get("/incidents/\(number)?show=key&before=12")
            #expect(keys.text.contains("note &lt;3&gt;") && !keys.text.contains("note &lt;4&gt;"))
            let alerts = await browser.get("/incidents/\(number)?show=alerts")
            #expect(alerts.text.contains("None on this page."))
        }
    }

    @Test func `a page that is not there is a page`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser(.viewer)
            for path in ["/incidents/99", "/incidents/abc", "/incidents/99/review"] {
                let page = await browser.get(path)
                #expect(page.status == 404 && HTMLOutline(page.text).problems == [], "\(path)")
            }
        }
    }

    @Test func `while the database is away a browser is shown a page`() async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            let cookie: HTTPFields = [.accept: "text/html", .cookie: "muster_session=AAAA"]
            let page = await server.ask(.get, "/", token: nil, headers: cookie)
            #expect(page.status == 503 && page.headers[.retryAfter] != nil && HTMLOutline(page.text).problems == [])
            let script = await server.ask(.get, "/", token: nil, headers: [.cookie: "muster_session=AAAA"])
            #expect(script.status == 503 && script.json["type"] == "/problems/unavailable")
            #expect(server.complaints == [])
        }
    }
}
