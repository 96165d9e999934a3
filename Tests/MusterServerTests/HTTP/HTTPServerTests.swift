import HTTPTypes
import IncidentDomain
import Logging
import NIOCore
import Postgres
import Testing

@testable import MusterServer

/// The HTTP edge over real sockets: what is refused, and what every answer has.
struct HTTPServerTests {
    static let routes = [
        Route(.get, "/open", role: nil, "open", query: .anything) { _ in .text("hello") },
        Route(.get, "/things/{id}", role: .viewer, "readThing", query: ["limit"]) { request in
            .json(version: 7) { json in
                json.object { json in
                    json.member("id", request.parameter("id"))
                    json.member("by", request.principal.name)
                }
            }
        },
        Route(.put, "/things/{id}", role: .responder, "writeThing", body: .json, isConditional: true) { request in
            try request.ifMatch().require(7)
            var fields = try request.fields()
            let name = fields.string("name", 1...10)
            try fields.finish()
            return .json { json in json.object { json in json.member("name", name) } }
        },
        Route(.post, "/things", role: .admin, "makeThing", body: .optionalJSON) { request in
            _ = try request.fields()
            return .created(Array("{}".utf8), location: "/things/1", version: 1)
        },
        Route(.post, "/foreign", role: nil, "foreign", query: .anything, body: .foreign) { request in
            .text("\(request.body.readableBytes)")
        },
        Route(.get, "/fault", role: nil, "fault") { _ in
            throw PostgresError.server(PostgresServerError(sqlState: "23505", message: "secret of the database"))
        },
        Route(.get, "/busy", role: nil, "busy") { _ in throw PostgresError.overloaded },
    ]

    @Test func `an answer has a length, a date and a request id`() async throws {
        try await TestSite.with(Self.routes) { site in
            let reply = try await site.ask("GET", "/open")
            #expect(reply.status == 200)
            #expect(reply.body == "hello")
            #expect(reply["Content-Type"] == "text/plain; charset=utf-8")
            #expect(reply["Date"]?.hasSuffix(" GMT") == true)
            #expect(try #require(reply["X-Request-Id"]).utf8.count > 10)
        }
    }

    @Test func `a sane request id is kept and another is replaced`() async throws {
        try await TestSite.with(Self.routes) { site in
            let kept = try await site.ask("GET", "/open", headers: ["X-Request-Id: abc-1/2=3"])
            #expect(kept["X-Request-Id"] == "abc-1/2=3")
            let replaced = try await site.ask("GET", "/open", headers: ["X-Request-Id: a b\"c"])
            #expect(replaced["X-Request-Id"] != "a b\"c")
        }
    }

    @Test func `a token is needed, a valid one, of a sufficient role`() async throws {
        try await TestSite.with(Self.routes) { site in
            let none = try await site.ask("GET", "/things/1")
            #expect(none.status == 401)
            #expect(none["WWW-Authenticate"] == "Bearer realm=\"muster\"")
            #expect(none["Content-Type"] == "application/problem+json")
            let wrong = try await site.ask("GET", "/things/1", headers: ["Authorization: Bearer nobody"])
            #expect(wrong.status == 401)
            #expect(wrong["WWW-Authenticate"]?.contains("invalid_token") == true)
            let basic = try await site.ask("GET", "/things/1", headers: ["Authorization: Basic eDp5"])
            #expect(basic.status == 401)
            let little = try await site.ask("POST", "/things", as: .commander, body: "{}")
            #expect(little.status == 403)
            #expect(little.body.contains(#""type":"/problems/role-required""#))
            #expect(little.body.contains(#""role":"admin""#))
            #expect(try await site.ask("GET", "/things/1", as: .viewer).body == #"{"id":"1","by":"viewer"}"#)
            let bootstrap = try await site.ask(
                "POST", "/things", headers: ["authorization: bearer muster_test_bootstrap"], body: "{}")
            #expect(bootstrap.status == 201)
        }
    }

    @Test func `unknown paths, methods and parameters are refused`() async throws {
        try await TestSite.with(Self.routes) { site in
            #expect(try await site.ask("GET", "/nothing").status == 404)
            let method = try await site.ask("DELETE", "/things/1")
            #expect(method.status == 405)
            #expect(method["Allow"] == "GET, PUT, HEAD")
            #expect(try await site.ask("PROPFIND", "/open").status == 405)
            #expect(try await site.ask("OPTIONS", "/open").status == 405)
            let parameter = try await site.ask("GET", "/things/1?limit=1&colour=red&size=2", as: .viewer)
            #expect(parameter.status == 422)
            #expect(parameter.body.contains(#"{"pointer":"/colour","detail":"is not a query parameter of this path"}"#))
            #expect(parameter.body.contains(#""pointer":"/size""#))
        }
    }

    @Test(arguments: ["/things/%00", "/things/%ff", "/things/%zz", "/things/1?limit=%00", "/things/1?limit=%e2"])
    func `a path or query that cannot be decoded is refused`(path: String) async throws {
        try await TestSite.with(Self.routes) { site in
            let reply = try await site.ask("GET", path, as: .viewer)
            #expect(reply.status == 400)
        }
    }

    @Test func `a HEAD has the fields of the GET and no body`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            let head = "Host: test\r\nAuthorization: Bearer \(TestSite.token(.viewer))\r\n\r\n"
            try await client.send(Array("HEAD /things/1 HTTP/1.1\r\n\(head)".utf8))
            let reply = try await client.reply(hasBody: false)
            #expect(reply.status == 200)
            #expect(reply["ETag"] == "\"7\"")
            #expect(reply["Content-Length"] == "24")
            // The next answer begins at once: nothing of a body was sent.
            #expect(try await client.exchange("GET /things/1 HTTP/1.1\r\n\(head)").body == #"{"id":"1","by":"viewer"}"#)
        }
    }

    @Test func `who has the version already gets no body`() async throws {
        try await TestSite.with(Self.routes) { site in
            for tag in ["\"7\"", "W/\"7\"", "\"1\", \"7\"", "*"] {
                let reply = try await site.ask("GET", "/things/1", as: .viewer, headers: ["If-None-Match: \(tag)"])
                #expect(reply.status == 304)
                #expect(reply["ETag"] == "\"7\"")
                #expect(reply["Content-Length"] == nil)
            }
            let other = try await site.ask("GET", "/things/1", as: .viewer, headers: ["If-None-Match: \"6\""])
            #expect(other.status == 200)
        }
    }

    @Test func `a write on another version is refused, and one on none where a version is required`() async throws {
        let body = #"{"name":"x"}"#
        try await TestSite.with(Self.routes) { site in
            let stale = try await site.ask("PUT", "/things/1", as: .responder, headers: ["If-Match: \"6\""], body: body)
            #expect(stale.status == 412)
            #expect(stale["ETag"] == "\"7\"")
            let wrong = try await site.ask("PUT", "/things/1", as: .responder, headers: ["If-Match: 7"], body: body)
            #expect(wrong.status == 400)
            #expect(try await site.ask("PUT", "/things/1", as: .responder, body: body).status == 200)
        }
        try await TestSite.with(Self.routes, configure: { $0.http.requireIfMatch = true }) { site in
            #expect(try await site.ask("PUT", "/things/1", as: .responder, body: body).status == 428)
            let right = try await site.ask(
                "PUT", "/things/1", as: .responder, headers: ["If-Match: W/\"7\""], body: body)
            #expect(right.status == 200)
        }
    }

    @Test func `a body has to be JSON, of the right media type and with the right fields`() async throws {
        try await TestSite.with(Self.routes) { site in
            func put(_ body: String, _ type: String? = nil) async throws -> RawClient.Reply {
                let headers = type.map { ["Content-Type: \($0)"] } ?? []
                return try await site.ask("PUT", "/things/1", as: .responder, headers: headers, body: body)
            }
            #expect(try await put("{").status == 400)
            #expect(try await put("{").body.contains("At byte 1"))
            let empty = try await put("")
            #expect(empty.status == 400 && empty.body.contains("/openapi.yaml"), "it says what to send: \(empty.body)")
            #expect(try await put("[]").status == 422)
            #expect(
                try await put(#"{"name":1,"x":2}"#).body.contains(#"{"pointer":"/x","detail":"is not a field here"#))
            #expect(try await put(#"{"name":"a\u0000"}"#).status == 422)
            #expect(try await put(#"{"name":"a","name":"b"}"#).status == 400)
            for type in ["application/json", "application/json; charset=UTF-8", "application/merge-patch+json", ""] {
                #expect(try await put(#"{"name":"x"}"#, type).status == 200)
            }
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "x"] {
                #expect(try await put(#"{"name":"x"}"#, type).status == 415)
            }
            #expect(try await site.ask("POST", "/things", as: .admin).status == 201)
            let made = try await site.ask("POST", "/things", as: .admin, body: "{}")
            #expect(made["Location"] == "/things/1")
            #expect(made["ETag"] == "\"1\"")
            #expect(
                try await site.ask("POST", "/foreign", headers: ["Content-Type: text/csv"], body: "a,b").body == "3")
        }
    }

    @Test func `a fault tells nothing of itself and is logged once with the request id`() async throws {
        try await TestSite.with(Self.routes) { site in
            let reply = try await site.ask("GET", "/fault", headers: ["X-Request-Id: r-1"])
            #expect(reply.status == 500)
            #expect(!reply.body.contains("secret"))
            let faults = site.log.lines.filter { $0.level == .error }
            #expect(faults.count == 1)
            #expect(faults.first?.metadata["request_id"] == "r-1")
            #expect(faults.first?.metadata["operation"] == "fault")
            let busy = try await site.ask("GET", "/busy")
            #expect(busy.status == 503)
            #expect(busy["Retry-After"] == "1")
        }
    }

    @Test func `a request is logged with its route and the caller's trace`() async throws {
        try await TestSite.with(Self.routes) { site in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            _ = try await site.ask(
                "GET", "/things/42", as: .viewer,
                headers: ["X-Request-Id: r-2", "traceparent: 00-\(trace)-00f067aa0ba902b7-01"])
            let line = try #require(site.log.lines.first { $0.metadata["request_id"] == "r-2" })
            #expect(line.level == .debug)
            #expect(line.metadata["route"] == "/things/{id}")
            #expect(line.metadata["status"] == "200")
            #expect(line.metadata["trace_id"] == trace)
        }
    }

    @Test(arguments: [(0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")])
    func `dates are written as HTTP has them`(seconds: Int, text: String) {
        #expect(HTTPDate.text(secondsSince1970: seconds) == text)
    }
}
