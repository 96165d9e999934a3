import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// Who is signed in at a browser, for how long, and what other sites can do with that.
struct SessionTests {
    @Test func `a browser without a session is led to sign in, and comes back to its page`() async throws {
        try await RoomSite.with { site in
            let board = await site.described.ask(.get, "/", token: nil, headers: RoomSite.page)
            #expect(board.status == 303 && board.headers[.location] == "/sign-in")
            let number = try await site.open()
            let room = await site.described.ask(
                .get, "/incidents/\(number)?show=key", token: nil, headers: RoomSite.typed)
            let location = try #require(room.headers[.location])
            #expect(location == "/sign-in?next=%2Fincidents%2F\(number)%3Fshow%3Dkey")
            let form = await site.described.ask(.get, location, token: nil, headers: RoomSite.page)
            #expect(HTMLOutline(form.text).problems == [])
            #expect(form.text.contains("name=\"next\" value=\"/incidents/\(number)?show=key\""))
            let token = try await site.token(.viewer).secret
            let signed = await site.send(
                "/sign-in", [("token", " \(token)\n"), ("next", "/incidents/\(number)?show=key")])
            #expect(signed.status == 303 && signed.headers[.location] == "/incidents/\(number)?show=key")
        }
    }

    @Test func `everybody else goes on getting a problem`() async throws {
        try await RoomSite.with { site in
            for path in ["/", "/incidents/1", "/incidents/1/review", "/live"] {
                let reply = await site.described.ask(.get, path, token: nil)
                #expect(reply.status == 401 && reply.json["type"] == "/problems/unauthenticated", "\(path)")
                let token = await site.described.ask(.get, path)
                #expect(token.status == 401, "a token is no session: \(path)")
            }
        }
    }

    @Test func `the API takes no cookie`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser(.admin)
            for path in ["/v1/incidents", "/v1/tokens", "/v1/events"] {
                #expect(await browser.get(path).status == 401, "\(path)")
            }
            let headers: HTTPFields = [.cookie: browser.cookie]
            let posted = await site.described.ask(.post, "/v1/incidents", ["title": "x"], token: nil, headers: headers)
            #expect(posted.status == 401)
        }
    }

    @Test func `a wrong token signs nobody in`() async throws {
        try await RoomSite.with { site in
            for wrong in ["muster_wrong", "", String(repeating: "x", count: 4000)] {
                let reply = await site.send("/sign-in", [("token", wrong)])
                #expect(reply.status == 401 && reply.headers[.setCookie] == nil)
                #expect(HTMLOutline(reply.text).problems == [])
                let script = await site.send("/sign-in", [("token", wrong)], headers: [:])
                #expect(script.status == 401 && script.json["type"] == "/problems/unauthenticated")
            }
        }
    }

    @Test func `the cookie is kept from scripts and other sites, and from plain HTTP where there is TLS`() async throws
    {
        try await RoomSite.with { site in
            let token = try await site.token(.viewer).secret
            let plain = try #require(await site.send("/sign-in", [("token", token)]).headers[values: .setCookie].first)
            #expect(plain.hasPrefix("muster_session=") && !plain.contains("Secure"))
            #expect(plain.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"))
            #expect(!plain.contains(token), "the cookie is sealed")
        }
        try await RoomSite.with({ $0.room.isSecure = true }) { site in
            let token = try await site.token(.viewer).secret
            let cookie = try #require(await site.send("/sign-in", [("token", token)]).headers[values: .setCookie].first)
            #expect(cookie.hasPrefix("__Host-muster_session=") && cookie.hasSuffix("SameSite=Strict; Secure"))
        }
    }

    @Test func `a session ends with its token, and not with another`() async throws {
        try await RoomSite.with { site in
            let (first, second) = (try await site.token(.viewer), try await site.token(.viewer, name: "bo"))
            let (ana, bo) = (try await site.signIn(first.secret), try await site.signIn(second.secret))
            #expect(await ana.get("/").status == 200)
            await site.call(.delete, "/v1/tokens/\(first.id)")
            let over = await ana.get("/")
            #expect(over.status == 303 && over.headers[.location] == "/sign-in")
            #expect(await ana.get("/live").status == 401)
            #expect(await bo.get("/").status == 200)
        }
    }

    @Test func `a session ends in time`() async throws {
        try await RoomSite.with { site in
            let door = SessionDesk(
                authenticator: site.described.server.authenticator,
                box: SecretBox(configured: nil, store: SecretKeyStore(pool: site.described.server.pool)),
                settings: site.described.server.configuration.room)
            let token = try await site.token(.viewer).secret
            let begun = Timestamp(milliseconds: 1_800_000_000_000)
            let cookie = String(try await door.begin(token: token, now: begun).prefix { $0 != ";" })
            let headers = RequestFields([.cookie: "a=b; \(cookie)"])
            let session = try await door.session(headers, now: begun.adding(seconds: 43_199))
            #expect(session?.endsAt == begun.adding(seconds: 43_200))
            #expect(try await door.session(headers, now: begun.adding(seconds: 43_200)) == nil)
            #expect(try await door.session(headers, now: begun.adding(seconds: -30)) != nil)
            #expect(try await door.session(headers, now: begun.adding(seconds: -3600)) == nil)
        }
    }

    @Test func `a cookie that was changed, made up or sent twice is no session`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser(.viewer)
            let changed = browser.cookie.suffix(4).first == "A" ? "B" : "A"
            let forged = [
                String(browser.cookie.dropLast(4)) + changed + browser.cookie.suffix(3), "muster_session=",
                "muster_session=\(Base64.encode(Array("1 bootstrap".utf8)))", "\(browser.cookie); \(browser.cookie)",
                "muster_session=\(String(repeating: "A", count: 9000))",
            ]
            for cookie in forged {
                let reply = await Browser(site: site, cookie: cookie).get("/")
                #expect(reply.status == 303, "\(cookie.prefix(60))")
            }
        }
    }

    @Test func `signing out takes the cookie out of the browser`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser(.viewer)
            let hidden = try await browser.hidden("/")
            let out = await site.send("/sign-out", hidden, cookie: browser.cookie)
            #expect(out.status == 303 && out.headers[.location] == "/sign-in")
            #expect(out.headers[.setCookie]?.hasPrefix("muster_session=; Path=/; Max-Age=0;") == true)
        }
    }

    @Test(arguments: [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "/incidents/1\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/incidents/../v1/incidents", "/incidents/./../status", "/incidents/%2e%2e/v1", "/v1/incidents", "/sign-out",
        "incidents/1", "/ /evil", "/incidents/%zz", "/status",
    ])
    func `signing in leads to no other place than a page`(next: String) async throws {
        #expect(PageTarget.safe(next) == "/")
    }

    @Test func `pages are led on to as they were asked for`() {
        for path in ["/", "/?q=a", "/incidents/1", "/incidents/1?show=key#timeline", "/incidents/1/review"] {
            #expect(PageTarget.safe(path) == path)
        }
    }

    @Test func `a link of another site is loaded once more by our own page`() async throws {
        try await RoomSite.with { site in
            let number = try await site.open()
            var headers = RoomSite.page
            headers[.secFetchSite] = "cross-site"
            let again = await site.described.ask(.get, "/incidents/\(number)", token: nil, headers: headers)
            #expect(again.status == 200 && HTMLOutline(again.text).problems == [])
            #expect(again.text.contains("content=\"0; url=/incidents/\(number)\""))
            #expect(!again.text.contains("Nobody can sign in"))
        }
    }

    @Test func `a form of another site does nothing`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser()
            let number = try await site.open()
            let hidden = try await browser.hidden("/incidents/\(number)")
            let strangers: [HTTPFields] = [
                [.accept: "text/html", .origin: "https://evil.example"], [.accept: "text/html", .origin: "null"],
                [.accept: "text/html", .secFetchSite: "cross-site"],
                [.accept: "text/html", .secFetchSite: "same-site", .origin: "http://muster.test"],
            ]
            for headers in strangers {
                let reply = try await browser.send(
                    "acknowledgeIncident", on: number, hidden: hidden, headers: headers)
                #expect(reply.status == 403, "\(headers)")
                let signing = await site.send("/sign-in", [("token", "x")], headers: headers)
                #expect(signing.status == 403, "\(headers)")
            }
            for wrong in [[], [("form_code", "")], [("form_code", String(repeating: "0", count: 64))]] {
                let reply = try await browser.send("acknowledgeIncident", on: number, hidden: wrong)
                #expect(reply.status == 403)
            }
            let other = try await site.browser(name: "bo").hidden("/incidents/\(number)")
            #expect(try await browser.send("acknowledgeIncident", on: number, hidden: other).status == 403)
            #expect(await site.incident(number)["phase"] == "detect")
            let own: HTTPFields = [.accept: "text/html", .origin: "http://muster.test", .secFetchSite: "same-origin"]
            #expect(
                try await browser.send("acknowledgeIncident", on: number, hidden: hidden, headers: own).status == 303)
            #expect(await site.incident(number)["times"]?["acknowledged_at"]?.string != nil)
        }
    }

    @Test func `a browser behind a proxy is known by the public URL`() async throws {
        try await RoomSite.with({ $0.http.publicURL = "https://muster.example/" }) { site in
            let browser = try await site.browser()
            let number = try await site.open()
            let proxied: HTTPFields = [.accept: "text/html", .origin: "https://muster.example"]
            #expect(try await browser.send("acknowledgeIncident", on: number, headers: proxied).status == 303)
            let other: HTTPFields = [.accept: "text/html", .origin: "https://muster.example.evil"]
            #expect(try await browser.send("acknowledgeIncident", on: number, headers: other).status == 403)
        }
    }

    @Test func `no page can be framed, and none runs a script of its own`() async throws {
        try await RoomSite.with { site in
            let browser = try await site.browser()
            let number = try await site.open()
            var pages: [(String, DescribedServer.Reply)] = []
            for path in ["/", "/incidents/\(number)", "/incidents/\(number)/review", "/incidents/999"] {
                pages.append((path, await browser.get(path)))
            }
            for path in ["/sign-in", "/incidents/\(number)"] {
                pages.append((path, await site.described.ask(.get, path, token: nil, headers: RoomSite.page)))
            }
            pages.append(("refusal", try await browser.send("advanceIncident", on: number)))
            for (path, page) in pages {
                #expect(page.status != 303, "\(path)")
                let policy = page.headers[HTTPField.Name("Content-Security-Policy")!] ?? ""
                #expect(policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self'"))
                #expect(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"))
                #expect(!policy.contains("unsafe-inline"), "\(path)")
                #expect(page.headers[.cacheControl] == "no-store")
            }
            let script = await site.described.ask(.get, "/room.js", token: nil)
            #expect(script.text.split(separator: "\n").count < 400)
        }
    }

    @Test func `where there is no room there are no pages`() async throws {
        try await RoomSite.with({ $0.room.isEnabled = false }) { site in
            for path in ["/", "/sign-in", "/incidents/1"] {
                #expect(await site.described.ask(.get, path, token: nil, headers: RoomSite.page).status == 404)
            }
        }
    }
}
