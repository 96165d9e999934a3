import FoundationEssentials
import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// Lists of incidents and of what belongs to them, as a screen asks for them: in an order, several values of a filter at once, a few
/// fields.
@Suite(.timeLimit(.minutes(20))) struct IncidentListTests {
    private static let severities: [JSONValue] = ["sev3", .null, "sev1", "sev2", "sev1", .null]

    /// Six incidents of different severities; their numbers are 1 to 6.
    private static func with(_ body: @escaping @Sendable (DescribedServer) async throws -> Void) async throws {
        try await DescribedServer.with { server in
            for slug in ["db", "cdn", "live"] { _ = await server.ask(.put, "/v1/components/\(slug)", ["tier": 1]) }
            for (place, severity) in severities.enumerated() {
                let slug: JSONValue = ["db", "cdn", "live"][place % 3]
                let opened = await server.ask(
                    .post, "/v1/incidents",
                    [
                        "title": .string("Outage \(place + 1)"), "severity": severity,
                        "components": [["component": slug, "impact": "degraded"]],
                    ])
                #expect(opened.json["number"] == .integer(place + 1))
            }
            try await body(server)
            #expect(server.complaints == [])
        }
    }

    private static func numbers(_ server: DescribedServer, _ query: String) async -> [Int] {
        var numbers: [Int] = []
        var cursor = ""
        repeat {
            let page = await server.ask(.get, "/v1/incidents?limit=2&\(query)\(cursor)").json
            numbers += (page["items"]?.array ?? []).compactMap { $0["number"]?.integer }
            cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && numbers.count < 100
        return numbers
    }

    @Test(arguments: [
        ("", [6, 5, 4, 3, 2, 1]), ("sort=-number", [6, 5, 4, 3, 2, 1]), ("sort=number", [1, 2, 3, 4, 5, 6]),
        ("sort=severity", [5, 3, 4, 1, 6, 2]), ("severity=sev1,sev2", [5, 4, 3]),
        ("severity=sev1&sort=number", [3, 5]),
        ("severity=SEV3,sev2&sort=severity", [4, 1]), ("phase=detect,assess&component=db,live", [6, 4, 3, 1]),
        ("component=cdn", [5, 2]), ("q=outage&sort=-number", [6, 5, 4, 3, 2, 1]), ("cause=attack,unknown", []),
    ])
    func `incidents come in the order that is asked for, page by page`(query: String, numbers: [Int]) async throws {
        try await Self.with { server in
            #expect(await Self.numbers(server, query) == numbers)
        }
    }

    @Test(arguments: [
        ("sort=title", "/sort", "must be one of: -number, number, severity"),
        ("q=outage&sort=severity", "/sort", "is -number for what `q` finds; leave sort out, or q"),
        (
            "severity=sev1,sev9", "/severity",
            "must be one of: sev1, sev2, sev3, sev4"
        ),
        ("severity=", "/severity", "must not be empty"), ("phase=detect,,assess", "/phase", "must not be empty"),
        ("severity=sev1&severity=sev2", "/severity", "appears 2 times; send it once"),
    ])
    func `a wrong filter says what is allowed`(query: String, pointer: String, detail: String) async throws {
        try await DescribedServer.with { server in
            let refused = await server.ask(.get, "/v1/incidents?\(query)")
            #expect(refused.status == 422 && refused.json["errors"]?[0]?["pointer"]?.string == pointer)
            let told = refused.json["errors"]?[0]?["detail"]?.string ?? ""
            #expect(told == detail)
        }
    }

    @Test func `a list shows the fields that are asked for, in its own order`() async throws {
        try await Self.with { server in
            let page = await server.ask(.get, "/v1/incidents?fields=severity,number,next&limit=1")
            #expect(page.json["items"]?[0]?.object?.members.map(\.name) == ["number", "severity", "next"])
            let link = page.headers[HTTPField.Name.link] ?? ""
            #expect(link.contains("fields=severity,number,next"), "\(link)")

            let refused = await server.ask(.get, "/v1/incidents?fields=number,sevrity")
            #expect(refused.status == 422 && refused.json["errors"]?[0]?["pointer"] == "/fields")
            let detail = refused.json["errors"]?[0]?["detail"]?.string ?? ""
            #expect(detail.hasPrefix("sevrity is not a field of this list; there are: number, title,"))
            #expect(detail.hasSuffix("Did you mean severity?"))
            // Where nothing can be chosen, nothing is ignored.
            #expect(await server.ask(.get, "/v1/tokens?fields=name").status == 422)
        }
    }

    @Test func `every list with fields has exactly those`() async throws {
        try await Self.with { server in
            _ = await server.ask(.post, "/v1/incidents/1/actions", ["title": "t", "kind": "detective"])
            let matcher: JSONValue = ["label": "team", "value": "x"]
            let silenced = await server.ask(
                .post, "/v1/silences", ["matchers": [matcher], "duration_seconds": 60, "comment": "c"])
            #expect(silenced.status == 201, "\(silenced.text)")
            let lists = server.server.routes.filter { !$0.fields.isEmpty }
            #expect(lists.count >= 6)
            for list in lists {
                let path = list.path.replacing("{id}", with: "1")
                let items = await server.ask(.get, path).json["items"]?.array ?? []
                for name in items.flatMap({ $0.object?.members.map(\.name) ?? [] }) {
                    #expect(list.fields.contains(name), "\(path) has \(name)")
                }
                let all = await server.ask(.get, "\(path)?fields=\(list.fields.joined(separator: ","))")
                #expect(all.json["items"]?.array == items, "\(path)")
            }
        }
    }

    @Test func `a timeline reads backwards, page by page`() async throws {
        try await Self.with { server in
            for text in ["one", "two", "three"] {
                _ = await server.ask(.post, "/v1/incidents/1/notes", ["text": .string(text)])
            }
            let path = "/v1/incidents/1/timeline"
            let forwards = await server.ask(.get, path).json["items"]?.array ?? []
            var backwards: [JSONValue] = []
            var cursor = ""
            repeat {
                let page = await server.ask(.get, "\(path)?order=desc&limit=2\(cursor)").json
                backwards += page["items"]?.array ?? []
                cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty && backwards.count < 100
            #expect(backwards == forwards.reversed() && forwards.count > 4)
            #expect(backwards.first?["data"]?["text"] == "three")
            let late = await server.ask(.get, "\(path)?order=desc&after=\(forwards.count - 1)").json["items"]
            #expect(late?.array?.count == 1)
            let few = await server.ask(.get, "\(path)?order=desc&limit=1&fields=sequence,text").json["items"]?[0]
            #expect(few?.object?.members.map(\.name) == ["sequence", "text"])
            #expect(await server.ask(.get, "\(path)?order=down").status == 422)
        }
    }
}
