import FoundationEssentials
import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import MusterServer

/// PostgreSQL stores no U+0000: our own routes refuse it, and the doors of others clean it. Nowhere is it a fault of ours.
@Suite(.timeLimit(.minutes(20))) struct UnstorableTextTests {
    private static let text = "be\u{0}fore"

    /// An object in which every field that any route might read holds such a text.
    private static var body: JSONValue {
        let names = [
            "title", "name", "comment", "text", "note", "message", "alias", "description", "reason", "summary",
            "person",
            "user", "source", "component", "role", "kind", "identity", "id", "status", "routing_key", "dedup_key",
            "event_action", "symptom", "owner", "actor", "value", "label",
        ]
        var object = JSONObject(names.map { JSONObject.Member(name: $0, value: .string(text)) })
        object["labels"] = ["a": .string(text)]
        object["matchers"] = [["name": "a", "label": "a", "value": .string(text)]]
        object["details"] = [.init(stringLiteral: text): .string(text)]
        object["payload"] = ["summary": .string(text), "source": .string(text), "severity": "error"]
        object["tags"] = [.string(text)]
        object[text] = .string(text)
        return .object(object)
    }

    private static func path(_ route: Route, key: String) -> String {
        let parts = route.path.split(separator: "/").map { part in
            switch part {
            case "{key}": key
            case let part where part.hasPrefix("{"): "1"
            case let part: String(part)
            }
        }
        return "/" + parts.joined(separator: "/") + (route.query == .anything ? "?key=\(key)" : "")
    }

    @Test func `no door answers 500 to the character U+0000, in whatever field it is`() async throws {
        try await IngressSite.with(.generic) { site in
            let opened = await site.server.ask(.post, "/v1/incidents", ["title": "It does not play"])
            try #require(opened.status == 201)
            for route in site.server.server.routes where route.body != .none {
                let isForeign = route.role == nil
                let body = Self.body
                let bodies = isForeign ? [body, [body], ["alerts": [body]]] : [body]
                for body in bodies {
                    let reply = await site.server.ask(
                        route.method, Self.path(route, key: site.key), body,
                        token: isForeign ? nil : DescribedServer.token,
                        headers: isForeign ? [.authorization: "GenieKey \(site.key)"] : [:])
                    #expect(reply.status < 500, "\(route.operation): \(reply.text)")
                    #expect(isForeign || reply.status >= 400, "\(route.operation) took it: \(reply.text)")
                }
            }
        }
    }

    @Test func `what others send is kept without it`() async throws {
        try await IngressSite.with(.opsgenie) { site in
            let headers: HTTPFields = [.authorization: "GenieKey \(site.key)"]
            await site.send(
                .post, "/v2/alerts", ["message": "It fires", "alias": "a"], headers: headers, gives: 202)
            let path = "/v2/alerts/a/notes?identifierType=alias"
            await site.send(
                .post, path, ["note": .string(Self.text), "user": .string(Self.text)], headers: headers, gives: 202)
            let notes = await site.send(.get, path, headers: headers, gives: 200).json["data"]
            #expect(notes?[0]?["note"] == "be\u{FFFD}fore", "\(notes ?? .null)")
        }
    }

    @Test func `a document of others without it is not touched, and with it is cleaned everywhere`() throws {
        func document(_ text: String) throws -> JSONValue {
            try ForeignRequest(body: .init(string: text), receivedAt: .now()).document()
        }
        #expect(try document(#"{"a": "C:\\u0000 is a path", "b": "\\"}"#) == ["a": "C:\\u0000 is a path", "b": "\\"])
        #expect(
            try document(#"{"a\u0000": ["b\u0000", {"c": "\\\u0000"}]}"#) == [
                "a\u{FFFD}": ["b\u{FFFD}", ["c": "\\\u{FFFD}"]]
            ])
    }
}
