import HTTPTypes
import Testing

@testable import MusterServer

/// What goes down together, and who depends on whom, as one asks at night.
@Suite(.timeLimit(.minutes(20))) struct DependencyRoutesTests {
    private static let catalog = """
        - {slug: db, name: Users, tier: 0, owner: storage}
        - {slug: auth, name: Sign-in, tier: 0, depends_on: [{component: db}]}
        - {slug: feed, name: Feed, tier: 1, depends_on: [{component: auth}, {component: db, kind: soft}]}
        - {slug: mail, name: Mail, tier: 2, depends_on: [{component: auth, kind: soft}]}
        - {slug: island, tier: 3}
        """

    private static func with(_ body: @escaping @Sendable (DescribedServer) async throws -> Void) async throws {
        try await DescribedServer.with { server in
            let put = await server.ask(
                .put, "/v1/components", raw: catalog, headers: [.contentType: "application/yaml"])
            #expect(put.status == 200)
            try await body(server)
            #expect(server.complaints == [])
        }
    }

    @Test func `the blast radius is told by tier, with counts and the path of each`() async throws {
        try await Self.with { server in
            let reply = await server.ask(.get, "/v1/components/db/blast-radius")
            let expected: JSONValue = [
                "component": "db", "tier": 0, "fails": 2, "degrades": 1,
                "tiers": [
                    [
                        "tier": 0,
                        "fails": [
                            [
                                "component": "auth", "name": "Sign-in", "owner": nil, "distance": 1,
                                "path": [["component": "db", "kind": "hard"]],
                            ]
                        ], "degrades": [],
                    ],
                    [
                        "tier": 1,
                        "fails": [
                            [
                                "component": "feed", "name": "Feed", "owner": nil, "distance": 2,
                                "path": [
                                    ["component": "auth", "kind": "hard"], ["component": "db", "kind": "hard"],
                                ],
                            ]
                        ], "degrades": [],
                    ],
                    [
                        "tier": 2, "fails": [],
                        "degrades": [
                            [
                                "component": "mail", "name": "Mail", "owner": nil, "distance": 2,
                                "path": [
                                    ["component": "auth", "kind": "soft"], ["component": "db", "kind": "hard"],
                                ],
                            ]
                        ],
                    ],
                ],
            ]
            #expect(reply.json == expected && reply.headers[.eTag] == "\"2\"")
            let none = await server.ask(.get, "/v1/components/island/blast-radius")
            #expect(none.json["tiers"] == [] && none.json["fails"] == 0)
        }
    }

    @Test func `a path says how, and when there is none, which way round or that there is none`() async throws {
        try await Self.with { server in
            let forth = await server.ask(.get, "/v1/components/feed/path?to=db").json
            #expect(forth["kind"] == "hard" && forth["reverse_path"] == .null)
            #expect(forth["path"] == [["component": "auth", "kind": "hard"], ["component": "db", "kind": "hard"]])
            #expect(forth["text"] == "feed cannot work without db: feed -> auth -> db.")
            let back = await server.ask(.get, "/v1/components/db/path?to=mail").json
            #expect(back["path"] == .null && back["kind"] == .null && back["reverse_kind"] == "soft")
            #expect(
                back["reverse_path"] == [["component": "auth", "kind": "soft"], ["component": "db", "kind": "hard"]])
            #expect(back["text"] == "mail works degraded without db: mail -> auth -> db.")
            let neither = await server.ask(.get, "/v1/components/mail/path?to=island").json
            #expect(neither["path"] == .null && neither["reverse_path"] == .null)
            #expect(neither["text"] == "Neither mail nor island depends on the other.")
        }
    }

    @Test func `what is asked wrongly is told`() async throws {
        try await Self.with { server in
            #expect(await server.ask(.get, "/v1/components/none/path?to=db").status == 404)
            #expect(await server.ask(.get, "/v1/components/none/blast-radius").status == 404)
            let problems = [
                ("", "/to: is required: the component at the end of the path"),
                ("?to=feed", "/to: should be another component"), ("?to=none", "/to: none is not in the catalog"),
                ("?to=", "/to: must not be empty"), ("?to=a%00b", nil),
            ]
            for (query, detail) in problems {
                let reply = await server.ask(.get, "/v1/components/feed/path\(query)")
                #expect([400, 422].contains(reply.status), "\(query)")
                if let detail { #expect(reply.json["detail"]?.string?.hasPrefix(detail) == true, "\(reply.json.text)") }
            }
        }
    }

    @Test func `an answer is good until the catalog changes`() async throws {
        try await Self.with { server in
            let paths = ["/v1/components/db/blast-radius", "/v1/components/feed/path?to=db", "/v1/catalog.json"]
            for (index, path) in paths.enumerated() {
                let tag = await server.ask(.get, path).headers[.eTag] ?? ""
                #expect(await server.ask(.get, path, headers: [.ifNoneMatch: tag]).status == 304)
                await server.ask(.put, "/v1/components/new", ["tier": .integer(index)])
                #expect(await server.ask(.get, path, headers: [.ifNoneMatch: tag]).status == 200)
            }
        }
    }
}
