import HTTPTypes
import Testing

@testable import MusterServer

/// Somebody at a browser.
extension DescribedLife {
    func meetInTheRoom(_ incident: String) async throws {
        let page: HTTPFields = [.accept: "text/html"]
        await ask(.get, "/sign-in", token: nil, headers: page)
        await ask(.get, "/", token: nil, gives: 401)
        await ask(.get, "/", token: nil, headers: page, gives: 303)
        let script = await ask(.get, "/room.js", token: nil)
        await ask(.get, "/room.js", token: nil, headers: [.ifNoneMatch: script.headers[.eTag] ?? ""], gives: 304)
        let site = RoomSite(described: server)
        let browser = try await site.signIn(DescribedServer.token)
        let number = try #require(Int(number(incident)))
        for path in ["/", "/incidents/\(number)", "/incidents/\(number)/review"] {
            let reply = await browser.get(path)
            #expect(reply.status == 200, "\(path)")
            #expect(HTMLOutline(reply.text).problems == [], "\(path)")
        }
        for path in ["/incidents/\(number)/calls/addNote", "/calls/openIncident"] {
            #expect(await browser.get(path).status == 303, "\(path)")
            await ask(.get, path, token: nil, gives: 401)
        }
        #expect(try await browser.send("addNote", on: number, [("text", "From a browser")]).status == 303)
        let hidden = try await browser.hidden("/")
        let opened = await site.send(
            "/calls/openIncident", hidden + [("title", "From a browser")], cookie: browser.cookie)
        #expect(opened.status == 303)
        let headers: HTTPFields = [.cookie: browser.cookie, HTTPField.Name("Last-Event-ID")!: "0-0"]
        await ask(.get, "/live", token: nil, headers: headers)
        #expect(await site.send("/sign-out", hidden, cookie: browser.cookie).status == 303)
    }
}
