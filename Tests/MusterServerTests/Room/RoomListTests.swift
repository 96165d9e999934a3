import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// The lists of the API as pages: `RoomList` is true to the API, and each of them has its pages, whoever typed what.
struct RoomListTests {
    /// Breaks out of texts, attributes, scripts and styles, where something does not escape.
    private static let hostile =
        "\"'></pre></textarea></style></script><script src=//evil.example></script><img src=x onerror=alert(1)>{{x}}"

    private static let soon = String(Timestamp.now().adding(seconds: 2 * 86_400).description.prefix(16))

    // MARK: - The data

    @Test func `what a list names is in the API`() async throws {
        let routes = try await DescribedServer.withoutDatabase { $0.routes }
        let byOperation = Dictionary(uniqueKeysWithValues: routes.map { ($0.operation, $0) })
        for list in RoomList.all {
            let route = try #require(byOperation[list.list])
            let one = try #require(byOperation[list.get])
            #expect(route.method == .get && one.method == .get && route.role == list.role && one.role == list.role)
            #expect(route.path == list.path && one.path.hasPrefix("\(list.path)/{"), "\(list.name)")
            let taken = Self.names(route.query)
            let asked = list.choices.flatMap { $0.query.map(\.name) } + list.filters.map(\.name)
            #expect(Set(asked).subtracting(taken) == [], "\(list.name)")
            #expect(try Self.members(of: list).isSuperset(of: Self.members(list.shape)), "\(list.name)")
            for operation in list.makes.map(\.operation) + list.acts.map(\.operation) {
                #expect(byOperation[operation] != nil && RoomCall.named(operation) != nil, "\(operation)")
            }
            for more in list.related {
                let route = try #require(byOperation[more.operation])
                #expect(
                    Set(more.query.map(\.name) + [more.parameter].compactMap(\.self)).subtracting(
                        Self.names(route.query)) == [])
                #expect((more.parameter == nil) == !BoundRoute(route).captureNames.isEmpty, "\(more.operation)")
            }
        }
    }

    @Test func `what a form is filled with is a field of it`() throws {
        for list in RoomList.all {
            for make in list.makes {
                let fields = Set(try #require(RoomCall.named(make.operation)).fields.map(\.name))
                #expect(Set(make.values.keys).subtracting(fields) == [], "\(make.operation)")
            }
            let members = try Self.members(of: list)
            for act in list.acts {
                let fields = Set(try #require(RoomCall.named(act.operation)).fields.map(\.name))
                #expect(Set(act.members.keys).union(act.texts.keys).subtracting(fields.union(["page"])) == [])
                #expect(Set(act.members.values).subtracting(members) == [], "\(act.operation)")
            }
        }
    }

    private static func names(_ rule: Route.QueryRule) -> Set<String> {
        switch rule {
        case .only(let names): Set(names)
        case .anything: []
        }
    }

    private static func members(_ shape: RoomList.Shape) -> Set<String> {
        var names = [shape.key] + shape.heading + (shape.about + shape.times).map(\.member)
        switch shape.state {
        case .none, .impact: break
        case .member(let member, let flags): names += [member] + flags.map(\.member)
        case .flags(let flags, _): names += flags.map(\.member)
        }
        return Set(names)
    }

    /// What one of a list has, as the list and as its own page answer it.
    private static func members(of list: RoomList) throws -> Set<String> {
        let document = try OpenAPIDocument.loaded.get()
        func names(_ schema: JSONValue?) -> Set<String> {
            let schema = document.resolve(schema ?? .null)
            let parts = ["allOf", "anyOf", "oneOf"].flatMap { schema[$0]?.array ?? [] }
            let own = Set(schema["properties"]?.object?.members.map(\.name) ?? [])
            return parts.reduce(own) { $0.union(names($1)) }
        }
        func answer(_ operation: String) -> JSONValue? {
            document.operation(operation)?.json["responses"]?["200"].map(document.resolve)?["content"]?[
                "application/json"]?["schema"].map(document.resolve)
        }
        let item = answer(list.list)?["properties"]?["items"].map(document.resolve)?["items"]
        return names(answer(list.get)).union(names(item))
    }

    // MARK: - The pages

    /// One of each list, with the worst that people can type; the paths of their pages.
    private func fill(_ site: RoomSite) async throws -> [String] {
        let evil = JSONValue.string(Self.hostile)
        await site.call(
            .put, "/v1/components",
            [
                "components": [
                    ["slug": "auth", "tier": 0, "name": evil, "owner": evil, "labels": ["team": evil]],
                    ["slug": "feed", "tier": 1, "depends_on": [["component": "auth"]]],
                ]
            ])
        _ = try await site.open(["title": evil, "components": [["component": "auth", "impact": "major_outage"]]])
        let source = await site.call(.post, "/v1/sources", ["name": evil, "kind": "alertmanager"])
        let labels: JSONValue = ["alertname": evil, "component": "nowhere", "severity": "critical", "team": evil]
        let alert: JSONValue = [
            "status": "firing", "labels": labels, "annotations": ["summary": evil],
            "startsAt": .string(Timestamp.now().description), "fingerprint": "a1",
            "generatorURL": "javascript:alert(1)",
        ]
        let message: JSONValue = [
            "version": "4", "groupKey": "g", "status": "firing", "receiver": "muster", "groupLabels": labels,
            "commonLabels": labels, "commonAnnotations": [:], "externalURL": "", "alerts": [alert],
        ]
        let hook = await site.described.ask(
            .post, "/hooks/\(source.json["key"]?.string ?? "")", message, token: nil)
        #expect(hook.status == 200)
        let matchers: JSONValue = [["label": "team", "operator": "=", "value": evil]]
        let alerts = await site.call(.get, "/v1/alerts")
        let silence = await site.call(
            .post, "/v1/silences", ["matchers": matchers, "duration_seconds": 600, "comment": evil])
        let rule = await site.call(
            .post, "/v1/rules", ["name": evil, "matchers": matchers, "then": ["severity": "sev3"]])
        let endpoint = await site.call(
            .post, "/v1/endpoints",
            ["name": evil, "format": "standard-webhooks", "url": "https://hook.example/a", "labels": ["a": evil]])
        await site.call(.put, "/v1/heartbeats/backup", ["interval_seconds": 3600, "description": evil])
        await site.call(.put, "/v1/probes/login", ["kind": "http", "url": "http://127.0.0.1:1/", "description": evil])
        let window = await site.call(
            .post, "/v1/maintenance",
            [
                "title": evil, "description": evil, "components": ["auth"], "local_start": .string(Self.soon),
                "time_zone": "Europe/Berlin", "duration_seconds": 3600,
            ])
        func id(_ reply: DescribedServer.Reply) -> String { reply.json["id"]?.string ?? "" }
        return [
            "alerts/\(alerts.json["items"]?[0]?["id"]?.string ?? "")", "silences/\(id(silence))",
            "maintenance/\(id(window))", "components/auth", "sources/\(id(source))", "rules/\(id(rule))",
            "endpoints/\(id(endpoint))", "heartbeats/backup", "probes/login",
        ].map { "/lists/\($0)" }
    }

    @Test func `every list has its pages, and what is typed stays text on each`() async throws {
        try await RoomSite.withIntake { site in
            let pages = try await fill(site)
            let browser = try await site.browser(.admin, name: String(Self.hostile.prefix(90)))
            let query = PercentEncoding.encode(Self.hostile)
            let lists = RoomList.all.flatMap { list in
                ["/lists/\(list.name)"] + list.choices.map { "/lists/\(list.name)?show=\($0.name)" }
            }
            let broken = [
                "/lists/alerts?show=\(query)&component=\(query)&label=\(query)", "/lists/\(query)",
                "/lists/rules/\(query)",
            ]
            for path in lists + pages + broken {
                let page = await browser.get(path)
                #expect(broken.contains(path) || page.status == 200, "\(path): \(page.status)")
                let outline = HTMLOutline(page.text)
                #expect(outline.problems == [], "\(path)")
                #expect(!outline.elements.contains { $0.name == "script" || $0.name == "img" }, "\(path)")
                for link in outline.elements.compactMap({ $0.attributes["href"] ?? $0.attributes["action"] }) {
                    let isOurs = link.hasPrefix("/") && !link.hasPrefix("//") || link.hasPrefix("#")
                    #expect(
                        isOurs || link == "data:," || link.hasPrefix("http://127.0.0.1:1/")
                            || link.hasPrefix("https://hook.example/"), "\(path): \(link)")
                }
                let ids = outline.elements.compactMap { $0.attributes["id"] }
                #expect(Set(ids).count == ids.count, "\(path)")
            }
            for path in pages where !path.hasPrefix("/lists/probes") && !path.hasPrefix("/lists/heartbeats") {
                #expect(HTMLOutline(await browser.get(path).text).text.contains(Self.hostile), "\(path)")
            }
            let component = HTMLOutline(await browser.get("/lists/components/auth").text).text
            #expect(component.contains("major outage") && component.contains("feed"))
        }
    }

    @Test func `nobody sees more than the API shows, and a viewer has no forms`() async throws {
        try await RoomSite.withIntake { site in
            let pages = try await fill(site)
            let viewer = try await site.browser(.viewer)
            for path in RoomList.all.map({ "/lists/\($0.name)" }) + pages {
                let page = await viewer.get(path)
                let isOfAdmins = path.hasPrefix("/lists/sources")
                #expect(page.status == (isOfAdmins ? 403 : 200), "\(path)")
                #expect(!page.text.contains("/calls/") && !page.text.contains("curl"), "\(path)")
                #expect(isOfAdmins || !page.text.contains("/lists/sources\""), "the navigation has what can be seen")
            }
            let commander = try await site.browser(.commander)
            #expect(await commander.get("/lists/silences").text.contains("/calls/createSilence"))
            #expect(!(await commander.get(pages[6]).text.contains("/calls/testEndpoint")), "that is for administrators")
            #expect(await commander.get("/lists/nothing").status == 404)
            #expect(await commander.get("/lists/alerts/nothing").status == 404)
            let filter = await commander.get("/lists/alerts?label=nothing")
            #expect(filter.status == 422 && HTMLOutline(filter.text).problems == [])
        }
    }

    @Test func `an alert is acknowledged, silenced, moved to an incident and ended by forms`() async throws {
        try await RoomSite.withIntake { site in
            let page = try #require(try await fill(site).first)
            let browser = try await site.browser()
            let id = String(page.dropFirst("/lists/alerts/".count))
            func send(_ operation: String, _ fields: [(String, String)]) async throws -> DescribedServer.Reply {
                await site.send("/calls/\(operation)", try await browser.hidden(page) + fields, cookie: browser.cookie)
            }
            let acknowledged = try await send("acknowledgeAlert", [("alert", id), ("page", page)])
            #expect(acknowledged.status == 303 && acknowledged.headers[.location] == page)
            #expect(await site.call(.get, "/v1/alerts/\(id)").json["status"] == "acknowledged")
            let moved = try await send("moveAlert", [("alert", id), ("incident", "1"), ("reason", "It is that one")])
            #expect(moved.status == 303, "\(HTMLOutline(moved.text).text)")
            #expect(await site.call(.get, "/v1/alerts/\(id)").json["incident"] == 1)
            let refused = try await send("moveAlert", [("alert", id), ("incident", "99"), ("reason", "x")])
            #expect(refused.status >= 400 && HTMLOutline(refused.text).problems == [])
            let silence = [
                ("matchers", "team=payments\nalertname=~Sign.*\nzone != eu"), ("duration_seconds", "90"),
                ("comment", "We know"),
            ]
            #expect(try await send("createSilence", silence + [("page", "/lists/silences")]).status == 303)
            let made = await site.call(.get, "/v1/silences").json["items"]?[0]
            #expect(
                made?["matchers"] == [
                    ["label": "team", "operator": "=", "value": "payments"],
                    ["label": "alertname", "operator": "=~", "value": "Sign.*"],
                    ["label": "zone", "operator": "!=", "value": "eu"],
                ])
            let wrong = try await send(
                "createSilence", [("matchers", "payments"), ("duration_seconds", "soon"), ("comment", "x")])
            #expect(wrong.status == 422 && HTMLOutline(wrong.text).text.contains("payments"))
            let ended = try await send("expireSilence", [("id", made?["id"]?.string ?? "")])
            #expect(ended.status == 303)
            #expect(await site.call(.get, "/v1/silences?state=expired").json["items"]?.array?.count == 1)
            #expect(try await send("resolveAlert", [("alert", id)]).status == 303)
            #expect(await site.call(.get, "/v1/alerts/\(id)").json["status"] == "resolved")
        }
    }

    @Test func `a new source shows its key once, and the lines to paste`() async throws {
        try await RoomSite.withIntake { site in
            let browser = try await site.browser(.admin)
            let hidden = try await browser.hidden("/lists/sources")
            let made = await site.send(
                "/calls/createSource", hidden + [("name", "prometheus"), ("kind", "alertmanager")],
                cookie: browser.cookie)
            #expect(made.status == 200 && made.headers[.cacheControl] == "no-store")
            let outline = HTMLOutline(made.text)
            #expect(outline.problems == [] && outline.text.contains("webhook_configs:"))
            let start = try #require(outline.text.firstRange(of: "http://muster.test/hooks/"))
            let key = outline.text[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
            let hook = await site.described.ask(.post, "/hooks/\(key)", ["version": "4", "alerts": []], token: nil)
            #expect(hook.status != 404, "an unknown key is not found: \(hook.text)")
            let source = try #require(
                await site.call(.get, "/v1/sources").json["items"]?.array?.first { $0["name"] == "prometheus" })
            let page = await browser.get("/lists/sources/\(source["id"]?.string ?? "")")
            #expect(page.status == 200 && !page.text.contains(key))
            let responder = try await site.browser(.responder)
            let refused = await site.send(
                "/calls/createSource", try await responder.hidden("/") + [("name", "x"), ("kind", "generic")],
                cookie: responder.cookie)
            #expect(refused.status == 403)
        }
    }

    @Test func `maintenance is planned, begun, extended and ended by forms`() async throws {
        try await RoomSite.with { site in
            await site.call(.put, "/v1/components", ["components": [["slug": "db", "tier": 0]]])
            let browser = try await site.browser()
            func send(_ operation: String, _ fields: [(String, String)]) async throws {
                let reply = await site.send(
                    "/calls/\(operation)", try await browser.hidden("/lists/maintenance") + fields,
                    cookie: browser.cookie)
                #expect(reply.status == 303, "\(operation): \(HTMLOutline(reply.text).text)")
            }
            try await send(
                "createMaintenance",
                [
                    ("title", "Disks"), ("components", "db"), ("local_start", Self.soon), ("time_zone", "UTC"),
                    ("duration_seconds", "60"), ("ends", "automatic"), ("page", "/lists/maintenance"),
                ])
            let made = try #require(await site.call(.get, "/v1/maintenance").json["items"]?[0])
            #expect(made["duration_seconds"] == 3600)
            let id = ("id", made["id"]?.string ?? "")
            try await send("beginMaintenance", [id])
            #expect(await browser.get("/lists/maintenance").text.contains("/calls/endMaintenance"))
            try await send("extendMaintenance", [id, ("seconds", "10")])
            try await send("endMaintenance", [id])
            #expect(await site.call(.get, "/v1/maintenance?state=done").json["items"]?.array?.count == 1)
        }
    }
}
