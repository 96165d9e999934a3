import HTTPTypes
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// The catalog over HTTP: whole, in JSON and YAML, one by one, and back as it came.
@Suite(.timeLimit(.minutes(20))) struct CatalogRoutesTests {
    private static let yaml: HTTPFields = [.contentType: "application/yaml"]

    private static let written = """
        # Kept in git.
        components:
          - slug: user-db
            name: Users & sessions
            tier: 0
            owner: storage
            regions: [eu-west, no]  # Norway
            expected_restore_seconds: 600
            soak_seconds: 60
            labels: {team: storage, "on": "true"}
          - slug: auth
            tier: 0
            depends_on:
              - component: user-db
          - slug: feed
            tier: 1
            depends_on:
              - {component: auth, kind: hard}
              - {component: user-db, kind: soft}

        """

    private static func put(
        _ server: DescribedServer, _ text: String, _ query: String = "", headers: HTTPFields = yaml
    ) async -> DescribedServer.Reply {
        await server.ask(.put, "/v1/components\(query)", raw: text, headers: headers)
    }

    /// Where and on which line something is wrong.
    private static func places(_ reply: DescribedServer.Reply) -> [String] {
        (reply.json["errors"]?.array ?? []).map { error in
            "\(error["pointer"]?.string ?? "?") \(error["line"]?.integer ?? 0)"
        }
    }

    @Test func `a catalog of YAML is put in place, comes back as YAML and JSON, and both change nothing`() async throws
    {
        try await DescribedServer.with { server in
            let first = await Self.put(server, Self.written)
            #expect(first.status == 200 && first.json["added"] == ["user-db", "auth", "feed"])
            #expect(first.json["version"] == 2 && first.headers[.eTag] == "\"2\"")
            let stored = await server.ask(.get, "/v1/components/user-db").json
            #expect(stored["name"] == "Users & sessions" && stored["regions"] == ["eu-west", "no"])
            #expect(stored["labels"] == ["on": "true", "team": "storage"])
            for (path, type) in [("/v1/catalog.yaml", "application/yaml"), ("/v1/catalog.json", "application/json")] {
                let whole = await server.ask(.get, path)
                #expect(whole.headers[.eTag] == "\"2\"" && whole.headers[.contentType] == type)
                let again = await Self.put(
                    server, whole.text, headers: [.contentType: type, .ifMatch: whole.headers[.eTag] ?? ""])
                #expect(again.status == 200 && again.json["unchanged"] == 3 && again.json["version"] == 2)
            }
            #expect(server.complaints == [])
        }
    }

    @Test func `the YAML that comes back is what a person would write`() async throws {
        try await DescribedServer.with { server in
            _ = await Self.put(server, Self.written)
            let expected = """
                components:
                  - slug: auth
                    tier: 0
                    depends_on:
                      - {component: user-db, kind: hard}
                  - slug: feed
                    tier: 1
                    depends_on:
                      - {component: auth, kind: hard}
                      - {component: user-db, kind: soft}
                  - slug: user-db
                    name: "Users & sessions"
                    tier: 0
                    owner: storage
                    regions: [eu-west, "no"]
                    expected_restore_seconds: 600
                    soak_seconds: 60
                    labels: {"on": "true", team: storage}

                """
            #expect(await server.ask(.get, "/v1/catalog.yaml").text == expected)
            _ = await Self.put(server, "[]")
            #expect(await server.ask(.get, "/v1/catalog.yaml").text == "components: []\n")
        }
    }

    @Test func `YAML has several names`() async throws {
        try await DescribedServer.with { server in
            for type in ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml", "TEXT/X-YAML"] {
                #expect(await Self.put(server, "- slug: a\n  tier: 1", headers: [.contentType: type]).status == 200)
                let one = await server.ask(
                    .put, "/v1/components/a", raw: "tier: 2\nname: The first", headers: [.contentType: type])
                #expect(one.status == 200 && one.json["name"] == "The first")
            }
        }
    }

    @Test func `YAML in another character set, and what is neither, is refused`() async throws {
        try await DescribedServer.with { server in
            for type in ["application/yaml; charset=utf-16", "application/xml", "application/x-www-form-urlencoded"] {
                #expect(await Self.put(server, "[]", headers: [.contentType: type]).status == 415)
            }
            #expect(await server.ask(.post, "/v1/incidents", raw: "title: t", headers: Self.yaml).status == 415)
            #expect(server.complaints == [])
        }
    }

    @Test func `what is wrong with YAML is told with its line`() async throws {
        try await DescribedServer.with { server in
            let values = await Self.put(
                server,
                """
                components:
                  - slug: a
                    tier: 4
                    colour: red
                  - slug: A
                    name: "x\\0y"
                    tier: 1
                    depends_on: [{component: b}, {component: b}]
                  - tier: 1
                """)
            #expect(values.status == 422)
            #expect(
                Self.places(values) == [
                    "/components/0/tier 3", "/components/0/colour 4", "/components/1/slug 5", "/components/1/name 6",
                    "/components/1/depends_on/1/component 8", "/components/2/slug 9",
                ])
            let ends = await Self.put(server, "- slug: a\n  tier: 1\n  depends_on:\n    - component: b\n")
            #expect(ends.status == 422 && Self.places(ends) == ["/0/depends_on/0/component 4"])
            #expect(ends.json["detail"] == "/0/depends_on/0/component: a depends on b, which does not exist")
            let syntax = await Self.put(server, "components:\n  - slug: a: b\n")
            #expect(syntax.status == 400 && syntax.json["type"] == "/problems/not-yaml")
            #expect(syntax.json["detail"]?.string?.hasPrefix("Line 2: ") == true)
            #expect(await Self.put(server, "").status == 400)
            #expect(await server.ask(.get, "/v1/components").json["items"] == [])
            #expect(server.complaints == [])
        }
    }

    @Test func `YAML of more than 16 MiB is refused before it is read`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let server = try DescribedServer(pool: database.pool) { $0.http.requestBodyMaxBytes = 64 << 20 }
            let reply = await Self.put(server, String(repeating: "- a\n", count: (16 << 18) + 1))
            #expect(reply.status == 413 && reply.json["detail"]?.string?.contains("send it as JSON") == true)
            #expect(server.complaints == [])
        }
    }

    @Test func `the answer tells each field that changed, from what and to what`() async throws {
        try await DescribedServer.with { server in
            _ = await Self.put(server, Self.written)
            let changed = Self.written.replacing("    expected_restore_seconds: 600\n", with: "")
                .replacing("      - component: user-db\n", with: "      - {component: user-db, kind: soft}\n")
            let reply = await Self.put(server, changed)
            let wanted: JSONValue = [
                [
                    "component": "user-db",
                    "changes": [["field": "expected_restore_seconds", "from": 600, "to": nil]],
                ],
                [
                    "component": "auth",
                    "changes": [
                        [
                            "field": "depends_on", "from": [["component": "user-db", "kind": "hard"]],
                            "to": [["component": "user-db", "kind": "soft"]],
                        ]
                    ],
                ],
            ]
            #expect(reply.json["changed"] == wanted && reply.json["unchanged"] == 1)
        }
    }

    @Test func `a dry run says the same and changes nothing`() async throws {
        try await DescribedServer.with { server in
            _ = await Self.put(server, Self.written)
            let next = "- {slug: user-db, tier: 1}\n- {slug: mail, tier: 3, depends_on: [{component: user-db}]}"
            let before = await server.ask(.get, "/v1/catalog.json")
            let dry = await Self.put(server, next, "?dry_run=true")
            #expect(dry.status == 200 && dry.json["dry_run"] == true && dry.headers[.eTag] == "\"2\"")
            #expect(await Self.put(server, "- {slug: a, tier: 9}", "?dry_run=true").status == 422)
            #expect(await Self.put(server, next, "?dry_run=1").status == 422)
            let after = await server.ask(.get, "/v1/catalog.json")
            #expect(after.json == before.json && after.headers[.eTag] == before.headers[.eTag])
            #expect(await server.ask(.get, "/v1/catalog/history?limit=200").json["items"]?.array?.count == 3)
            let wet = await Self.put(server, next, "?dry_run=false")
            for field in ["added", "changed", "removed", "unchanged", "components"] {
                #expect(wet.json[field] == dry.json[field], "\(field)")
            }
            #expect(wet.headers[.eTag] == "\"3\"" && server.complaints == [])
        }
    }

    @Test func `a dry run tells every mistake at once`() async throws {
        try await DescribedServer.with { server in
            _ = await Self.put(server, "- {slug: kept, tier: 1}\n- {slug: used, tier: 1}\n- {slug: also, tier: 1}")
            let impacts: [JSONValue] = ["used", "also"].map { ["component": $0, "impact": "degraded"] }
            _ = await server.ask(.post, "/v1/incidents", ["title": "t", "components": .array(impacts)])
            let wrong = """
                - {slug: a, tier: 9, depends_on: [{component: none}]}
                - {slug: b, tier: 1, depends_on: [{component: c}], enough_regions: 2}
                - {slug: c, tier: 1, depends_on: [{component: b}, {component: 7}]}
                """
            let refused = await Self.put(server, wrong, "?dry_run=true")
            #expect(refused.status == 422)
            let errors = refused.json["errors"]?.array ?? []
            let told = Set(errors.compactMap { $0["pointer"]?.string })
            #expect(
                told == [
                    "/0/tier", "/0/depends_on/0/component", "/1/depends_on/0/component", "/1/enough_regions",
                    "/2/depends_on/1/component", "",
                ], "\(refused.text)")
            let details = errors.compactMap { $0["detail"]?.string }
            #expect(details.contains { $0.hasPrefix("has no used, which is affected by the open incident INC-1") })
            #expect(details.contains { $0.hasPrefix("has no also, which is affected by the open incident INC-1") })

            let removing = await Self.put(server, "- {slug: kept, tier: 1}", "?dry_run=true")
            #expect(removing.status == 409 && removing.json["type"] == "/problems/in-use")
            let detail = removing.json["detail"]?.string ?? ""
            #expect(detail.contains("used is affected") && detail.contains("also is affected"), "\(detail)")
            // What is not even a list says that and nothing else.
            let nothing = await Self.put(server, "components: 7", "?dry_run=true")
            #expect(nothing.json["errors"]?.array?.count == 1, "\(nothing.text)")
            #expect(server.complaints == [])
        }
    }

    @Test func `two people who edit the whole catalog do not undo each other`() async throws {
        try await DescribedServer.with { server in
            let start = await Self.put(server, Self.written)
            let headers: HTTPFields = [.contentType: "application/yaml", .ifMatch: start.headers[.eTag] ?? ""]
            #expect(await Self.put(server, "- {slug: a, tier: 1}", "?dry_run=true", headers: headers).status == 200)
            #expect(await Self.put(server, "- {slug: a, tier: 1}", headers: headers).status == 200)
            for query in ["", "?dry_run=true"] {
                let late = await Self.put(server, "- {slug: b, tier: 1}", query, headers: headers)
                #expect(late.status == 412 && late.headers[.eTag] == "\"3\"")
            }
            // A change of one component is a change of the catalog.
            await server.ask(.put, "/v1/components/b", ["tier": 1])
            let stale: HTTPFields = [.contentType: "application/yaml", .ifMatch: "\"3\""]
            #expect(await Self.put(server, "[]", headers: stale).status == 412)
            #expect(await Self.put(server, "[]", headers: [.contentType: "text/yaml", .ifMatch: "*"]).status == 200)
            #expect(server.complaints == [])
        }
    }

    @Test func `a component as it was fetched can be put back, and the whole list too`() async throws {
        try await DescribedServer.with { server in
            _ = await Self.put(server, Self.written)
            let fetched = await server.ask(.get, "/v1/components/feed")
            let tag = fetched.headers[.eTag] ?? ""
            let same = await server.ask(.put, "/v1/components/feed", fetched.json, headers: [.ifMatch: tag])
            #expect(same.status == 200 && same.json == fetched.json)
            var object = fetched.json.object ?? JSONObject()
            object["tier"] = 2
            let changed = await server.ask(.put, "/v1/components/feed", .object(object), headers: [.ifMatch: tag])
            #expect(changed.status == 200 && changed.json["version"] == 2 && changed.headers[.eTag] == "\"2\"")
            let list = await server.ask(.get, "/v1/components").json["items"] ?? .null
            #expect(await server.ask(.put, "/v1/components", list).json["unchanged"] == 3)
            object["version"] = "2"
            let wrong = await server.ask(.put, "/v1/components/feed", .object(object))
            #expect(Self.places(wrong) == ["/version 0"])
            #expect(server.complaints == [])
        }
    }

    @Test func `20,000 components are taken and 20,001 are not`() async throws {
        @Sendable func list(_ count: Int) -> JSONValue {
            .array((0..<count).map { ["slug": .string("c\($0)"), "tier": 1] })
        }
        #expect(try ComponentBodies.catalog(list(20_000)).components.count == 20_000)
        try await DescribedServer.with { server in
            let many = await server.ask(.put, "/v1/components", list(20_001))
            #expect(many.status == 422 && Self.places(many) == [" 0"])
            #expect(many.json["detail"] == "the body: has 20001 elements; at most 20000 are allowed")
            #expect(server.complaints == [])
        }
    }

    @Test func `of thousands of mistakes the first two hundred are told, and how many there are`() async throws {
        try await DescribedServer.with { server in
            let list: JSONValue = .array((0..<1000).map { ["slug": .string("c\($0)"), "tier": 9] })
            let reply = await server.ask(.put, "/v1/components", list)
            #expect(reply.status == 422 && reply.json["errors"]?.array?.count == 200)
            #expect(reply.json["detail"]?.string?.hasSuffix("(and 999 more)") == true)
            #expect(server.complaints == [])
        }
    }

    @Test func `who may only read, or work on incidents, changes no component`() async throws {
        try await DescribedServer.with { server in
            for role in ["viewer", "responder", "commander"] {
                let made = await server.ask(.post, "/v1/tokens", ["name": .string(role), "role": .string(role)])
                let token = made.json["token"]?.string
                let put = await server.ask(.put, "/v1/components?dry_run=true", [], token: token)
                #expect(put.status == 403)
                #expect(await server.ask(.put, "/v1/components/a", ["tier": 1], token: token).status == 403)
                #expect(await server.ask(.get, "/v1/catalog.yaml", token: token).status == 200)
                #expect(await server.ask(.get, "/v1/catalog/history", token: token).status == 200)
            }
            #expect(await server.ask(.get, "/v1/catalog.yaml", token: nil).status == 401)
        }
    }

    @Test func `an installation can ask for If-Match on the whole catalog as well`() async throws {
        try await TestDatabase.with(template: TestDaemon.template) { database in
            let server = try DescribedServer(pool: database.pool) { $0.http.requireIfMatch = true }
            #expect(await server.ask(.put, "/v1/components", []).status == 428)
            #expect(await server.ask(.put, "/v1/components", [], headers: [.ifMatch: "\"1\""]).status == 200)
            #expect(server.complaints == [])
        }
    }
}
