import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import Synchronization
import Testing

@testable import MusterServer

/// What the pages do when something goes wrong: nothing that somebody typed is lost, and nothing is done that nobody meant.
struct RoomMistakeTests {
    @Test func `every button says what it is about`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            for text in ["Tell support", "Call the vendor"] {
                await site.call(.post, "/v1/incidents/\(number)/tasks", ["text": .string(text)])
                await site.call(.post, "/v1/incidents/\(number)/mitigations", ["description": .string(text)])
            }
            let room = HTMLOutline(await (try await site.browser()).get("/incidents/\(number)").text)
            #expect(room.problems == [])
            let names = room.elements.filter { $0.name == "button" }.compactMap { $0.attributes["aria-label"] }
            #expect(names.contains("Done: 1. Tell support") && names.contains("Done: 2. Call the vendor"))
            let forms = room.elements.compactMap { $0.attributes["data-form"] }
            #expect(forms.contains("changeTask done=true task=1") && forms.contains("changeTask done=true task=2"))
            let ofTasks = forms.filter { $0.hasPrefix("changeTask") || $0.hasPrefix("changeMitigation") }
            #expect(Set(ofTasks).count == ofTasks.count)
        }
    }

    @Test func `what was typed stands on the page that says that the session is over`() async throws {
        try await RoomSite.with { site in
            let token = try await site.token(.responder)
            let browser = try await site.signIn(token.secret)
            let number = try await site.open()
            let hidden = try await browser.hidden("/incidents/\(number)")
            let again = try await site.signIn(token.secret)
            let note = [("text", "It began with the deploy <of noon>")]
            #expect(try await again.send("addNote", on: number, note, hidden: hidden).status == 303, "the same token")
            var wrong = hidden
            wrong[0] = ("form_code", "x")
            let foreign = try await browser.send("addNote", on: number, note, hidden: wrong)
            await site.call(.delete, "/v1/tokens/\(token.id)")
            let page = [("page", "/incidents/\(number)#timeline")]
            let over = try await browser.send("addNote", on: number, note + page, hidden: hidden)
            for (reply, status) in [(foreign, 403), (over, 401)] {
                let outline = HTMLOutline(reply.text)
                #expect(reply.status == status && outline.problems == [])
                #expect(outline.text.contains("It began with the deploy <of noon>"), "\(status)")
                #expect(!outline.text.contains(hidden[0].1))
            }
            #expect(over.text.contains("/sign-in?next=%2Fincidents%2F\(number)"))
        }
    }

    @Test func `what was typed stands on the page that says that the database is away`() async throws {
        try await DescribedServer.withoutDatabase { (server: DescribedServer) in
            let headers: HTTPFields = [
                .accept: "text/html", .cookie: "muster_session=AAAA",
                .contentType: "application/x-www-form-urlencoded",
            ]
            let reply = await server.ask(
                .post, "/incidents/1/calls/addNote", raw: "form_code=x&text=half+a+note", token: nil, headers: headers)
            #expect(reply.status == 503 && reply.headers[.retryAfter] != nil)
            #expect(HTMLOutline(reply.text).text.contains("half a note"))
        }
    }

    @Test func `a decision stands however much alerts say meanwhile`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let seen = try await browser.hidden("/incidents/\(number)")
            let source = Principal(id: "source:1", name: "prometheus", role: .responder)
            for _ in 0..<60 {
                _ = try await site.described.server.desk.handle(
                    .addNote(text: "seen", key: false, by: nil, precision: .exact), on: number,
                    CommandContext(principal: source))
            }
            let reply = try await browser.send("putCause", on: number, [("category", "technical")], hidden: seen)
            #expect(reply.status == 303, "\(HTMLOutline(reply.text).text)")
            // And behind all of them a person's counts.
            let late = try await browser.send("putCause", on: number, [("category", "attack")], hidden: seen)
            #expect(late.status == 412)
        }
    }

    @Test func `the address of a refusal leads back`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser(.viewer)
            let ofIncident = await browser.get("/incidents/7/calls/putCause")
            #expect(ofIncident.status == 303 && ofIncident.headers[.location] == "/incidents/7")
            #expect(await browser.get("/calls/openIncident").headers[.location] == "/")
        }
    }

    @Test func `what is emptied is taken away, or the API says that it cannot be`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open(["title": "x", "summary": "Wrong", "severity": "sev3"])
            let browser = try await site.browser()
            let room = await browser.get("/incidents/\(number)")
            #expect(room.text.contains("name=\"prefilled\" value=\"severity title summary\""))
            let kept = [("severity", "sev3"), ("title", "x"), ("prefilled", "severity title summary")]
            #expect(try await browser.send("amendIncident", on: number, kept + [("summary", "")]).status == 303)
            #expect(await site.incident(number)["summary"]?.string?.isEmpty ?? true)
            let untitled = [("severity", "sev3"), ("title", ""), ("prefilled", "severity title")]
            let refused = try await browser.send("amendIncident", on: number, untitled)
            #expect(refused.status == 422 && refused.text.contains("name=\"prefilled\" value=\"severity title"))
        }
    }

    @Test func `redacting shows the entry first, and is asked once more`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let path = "/v1/incidents/\(number)"
            let sequence = await site.call(.post, "\(path)/notes", ["text": "a secret"]).json["sequence"]?.integer ?? 0
            let browser = try await site.browser(.commander)
            let room = await browser.get("/incidents/\(number)")
            #expect(room.text.contains("data-form=\"redactTimelineEntry sequence=\(sequence) reason\""))
            #expect(room.text.contains("data-form=\"strikeTimelineEntry sequence=\(sequence) reason\""))
            let fields = [("sequence", "\(sequence)"), ("reason", "a password")]
            let asked = try await browser.send("redactTimelineEntry", on: number, fields)
            let outline = HTMLOutline(asked.text)
            #expect(asked.status == 200 && outline.problems == [])
            #expect(outline.text.contains("for good?") && outline.text.contains("a secret"))
            #expect(asked.text.contains("name=\"confirmed\" value=\"\(sequence)\""))
            #expect(await site.call(.get, "\(path)/timeline").text.contains("a secret"))
            let done = try await browser.send(
                "redactTimelineEntry", on: number, fields + [("confirmed", "\(sequence)")])
            #expect(done.status == 303)
            #expect(await !site.call(.get, "\(path)/timeline").text.contains("a secret"))
        }
    }

    @Test func `two write different sections at once; who would replace what he has not seen is shown both`()
        async throws
    {
        try await RoomSite.with { site in
            let number = try await site.open(["title": "x", "severity": "sev3"])
            let path = "/v1/incidents/\(number)"
            await site.call(.post, "\(path)/review")
            let sections = (await site.call(.get, "\(path)/review")).json["sections"]?.array ?? []
            let ids = sections.filter { $0["needs_person"] == true }.compactMap { $0["id"]?.string }
            try #require(ids.count >= 2)
            let (ana, bo) = (try await site.browser(name: "Ana"), try await site.browser(name: "Bo"))
            let seen = try await bo.hidden("/incidents/\(number)/review")
            let empty = ("shown", ReviewEditPage.digest(of: ""))
            func write(_ who: Browser, _ id: String, _ text: String, _ shown: (String, String)) async throws
                -> DescribedServer.Reply
            {
                try await who.send(
                    "reviseReview", on: number, [("section", id), ("markdown", text), shown], hidden: seen)
            }
            #expect(try await write(bo, ids[0], "By Bo.", empty).status == 303)
            #expect(try await write(bo, ids[1], "Also by Bo.", empty).status == 303)
            let hers = try await ana.hidden("/incidents/\(number)/review")
            let late = try await ana.send(
                "reviseReview", on: number, [("section", ids[0]), ("markdown", "By Ana."), empty], hidden: hers)
            #expect(late.status == 412)
            let outline = HTMLOutline(late.text)
            #expect(outline.problems == [] && outline.text.contains("By Bo.") && late.text.contains("By Ana."))
            let next = ("shown", ReviewEditPage.digest(of: "By Bo."))
            #expect(late.text.contains("name=\"shown\" value=\"\(next.1)\""))
            let sent = try await ana.send(
                "reviseReview", on: number, [("section", ids[0]), ("markdown", "By both."), next], hidden: hers)
            #expect(sent.status == 303)
        }
    }

    @Test func `minutes count from when they were said, also when the form is sent again`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let reply = try await (try await site.browser()).send("addNote", on: number, [("occurred_at", "10")])
            #expect(reply.status == 422 && reply.text.contains("name=\"occurred_at\" value=\"20"))
        }
    }

    @Test func `marks that are not seen go through a form unharmed`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open(["title": "x", "summary": "a \u{202B}b\u{202C}"])
            let room = await (try await site.browser()).get("/incidents/\(number)")
            #expect(room.text.contains(">a \u{202B}b\u{202C}</textarea>"))
            #expect(room.text.contains("<p class=\"summary\">a \u{FFFD}b\u{FFFD}</p>"))
        }
    }

    @Test func `a form takes what the API takes, and no flood of fields`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            let browser = try await site.browser()
            let long = String(repeating: "ж", count: 100_000)
            #expect(try await browser.send("addNote", on: number, [("text", long)]).status == 422)
            let many = (0..<300).map { ("a\($0)", "1") }
            #expect(try await browser.send("addNote", on: number, many).status == 400)
        }
    }

    @Test func `what is suggested keeps names in capitals, and leaves open what only people know`() {
        let calls = [
            SuggestedCall("PUT", "/roles/commander", of: 1, ["person": "ANA"]),
            SuggestedCall("PUT", "/roles/commander", of: 1, ["person": "NAME"]),
        ]
        let route = Route(.put, "/v1/incidents/{id}/roles/{role}", role: .responder, "putRole") { _ in .noContent }
        let values = calls.map { call in
            RoomRemedy(call, RouteTable([route]), of: 1, id: "a").form?.inputs.first { $0.name == "person" }?.value
        }
        #expect(values == ["ANA", ""])
    }

    @Test func `a link is led on once, whatever other cookies there are`() async throws {
        try await RoomSite.with { site in
            for from in [nil, "cross-site"] as [String?] {
                var headers: HTTPFields = [.accept: "text/html", .cookie: "theme=dark"]
                headers[.secFetchSite] = from
                let again = await site.described.ask(.get, "/incidents/1", token: nil, headers: headers)
                #expect(again.status == 200 && again.text.contains("content=\"0; url=/incidents/1\""))
                let mark = try #require(again.headers[.setCookie])
                headers[.cookie] = "theme=dark; \(mark.prefix { $0 != ";" })"
                let led = await site.described.ask(.get, "/incidents/1", token: nil, headers: headers)
                #expect(led.status == 303 && led.headers[.location]?.hasPrefix("/sign-in") == true)
            }
        }
    }

    @Test func `a session that a browser does not keep is told of`() async throws {
        try await RoomSite.with({ $0.room.isSecure = true }) { site in
            let headers: HTTPFields = [.accept: "text/html", .cookie: "\(SessionDesk.begunName)=1"]
            let page = await site.described.ask(.get, "/sign-in", token: nil, headers: headers)
            #expect(page.status == 200 && page.text.contains("sent over TLS only"))
            let first = await site.described.ask(.get, "/sign-in", token: nil, headers: RoomSite.page)
            #expect(!first.text.contains("sent over TLS only"))
        }
    }

    @Test func `where the public URL says how browsers come, the scheme counts`() async throws {
        try await RoomSite.with({ $0.http.publicURL = "https://muster.test" }) { site in
            let browser = try await site.browser()
            let number = try await site.open()
            let plain: HTTPFields = [.accept: "text/html", .origin: "http://muster.test"]
            #expect(try await browser.send("acknowledgeIncident", on: number, headers: plain).status == 403)
            let own: HTTPFields = [.accept: "text/html", .origin: "https://muster.test"]
            #expect(try await browser.send("acknowledgeIncident", on: number, headers: own).status == 303)
        }
    }

    @Test func `the stream of a page ends with the session, and says that it lives`() async throws {
        try await RoomSite.with { site in
            let streams = site.described.server.streams
            let seat = try streams.join(Principal(id: "x", name: "x", role: .viewer), tokenHash: nil)
            var stream = FeedStream(seat: seat, start: try await streams.feed.end())
            stream.isOver = { true }
            let sent = Mutex("")
            try await stream.write { buffer in sent.withLock { $0 += String(buffer: buffer) } }
            #expect(sent.withLock { $0 }.hasSuffix(": the session has ended\n\n"))
        }
    }

    @Test(arguments: [("musterd", false), ("source:1", false), ("bootstrap", true), ("7c", true)])
    func `a person is who is neither the daemon nor a source`(id: String, isPerson: Bool) {
        #expect(Principal(id: id, name: "x", role: .responder).isPerson == isPerson)
    }
}
