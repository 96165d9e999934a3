import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// Whatever is set up by people names components of the catalog, or is refused with the place of the one that is not.
@Suite(.timeLimit(.minutes(20))) struct NamedComponentsTests {
    private static func pointers(_ reply: DescribedServer.Reply) -> [String] {
        (reply.json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string }
    }

    @Test func `a heartbeat, a probe, a rule and a source may not name what the catalog does not have`() async throws {
        try await DescribedServer.with { server in
            await server.ask(.put, "/v1/components/db", ["tier": 1])
            let table: JSONValue = ["label": "l", "table": ["a/b": "dbb", "c": "db"], "default": "none"]
            let mapping: JSONValue = [
                "identity": "/id",
                "component": ["pointer": "/where", "values": ["x": "dbb", "y": "db"], "default": "none"],
            ]
            let constant: JSONValue = ["identity": "/id", "component": ["constant": "dbb"]]
            let settings: [(method: HTTPRequest.Method, path: String, body: JSONValue, places: [String])] = [
                (.put, "/v1/heartbeats/h", ["interval_seconds": 60, "component": "dbb"], ["/component"]),
                (.put, "/v1/probes/p", ["kind": "http", "url": "http://a/", "component": "dbb"], ["/component"]),
                (
                    .post, "/v1/rules", ["name": "r", "matchers": [], "then": ["component": "dbb"]],
                    ["/then/component"]
                ),
                (
                    .post, "/v1/rules", ["name": "r", "matchers": [], "then": ["component": table]],
                    ["/then/component/table/a~1b", "/then/component/default"]
                ),
                (
                    .post, "/v1/sources", ["name": "s", "kind": "generic", "mapping": mapping],
                    ["/mapping/component/values/x", "/mapping/component/default"]
                ),
                (
                    .post, "/v1/sources", ["name": "s", "kind": "generic", "mapping": constant],
                    ["/mapping/component/constant"]
                ),
            ]
            for setting in settings {
                let refused = await server.ask(setting.method, setting.path, setting.body)
                #expect(refused.status == 422 && Self.pointers(refused) == setting.places, "\(refused.json.text)")
            }
            for slug in ["dbb", "none"] { await server.ask(.put, "/v1/components/\(slug)", ["tier": 1]) }
            for setting in settings {
                let made = await server.ask(setting.method, setting.path, setting.body)
                #expect(made.status == 201, "\(made.text)")
            }
            #expect(server.complaints == [])
        }
    }

    @Test func `what names a component that has left the catalog can still be changed`() async throws {
        try await DescribedServer.with { server in
            await server.ask(.put, "/v1/components/db", ["tier": 1])
            let rule: JSONValue = ["name": "r", "matchers": [], "then": ["component": "db"]]
            let made = await server.ask(.post, "/v1/rules", rule)
            let path = "/v1/rules/\(made.json["id"]?.string ?? "")"
            let beat: JSONValue = ["interval_seconds": 60, "component": "db"]
            let probe: JSONValue = ["kind": "tcp", "host": "a", "port": 1, "component": "db"]
            await server.ask(.put, "/v1/heartbeats/h", beat)
            await server.ask(.put, "/v1/probes/p", probe)
            #expect(await server.ask(.delete, "/v1/components/db").status == 204)
            #expect(await server.ask(.put, path, rule).status == 200)
            #expect(await server.ask(.put, "/v1/heartbeats/h", beat).status == 200)
            #expect(await server.ask(.put, "/v1/probes/p", probe).status == 200)
            #expect(await server.ask(.put, "/v1/heartbeats/other", beat).status == 422)
            #expect(server.complaints == [])
        }
    }
}
