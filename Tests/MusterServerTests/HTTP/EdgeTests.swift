import CZlib
import Glibc
import HTTPTypes
import IncidentDomain
import Logging
import NIOCore
import Postgres
import Synchronization
import Testing

@testable import MusterServer

/// What strangers, slow clients and odd requests may cost, and what the others notice of them: nothing.
struct EdgeTests {
    private static let door: Route = {
        var route = Route(.post, "/door/{key}", role: nil, "door", query: .anything, body: .foreign) { request in
            guard request.parameter("key") == "known" else { throw Problem(.notFound, "No source has this key.") }
            return .text("\(request.body.readableBytes)")
        }
        route.door = Route.Door(
            knowsSender: { request in
                // As when the database is asked.
                await Task.yield()
                guard request.parameter("key") != "unlucky" else {
                    throw PostgresError.unavailable(reason: "the database is away")
                }
                return request.parameter("key") == "known"
            },
            refuse: { request, _ in
                var found = JSONObject()
                found["kept"] = .integer(request.body.readableBytes)
                return found
            })
        return route
    }()
    private static let routes =
        HTTPServerTests.routes + [
            door,
            Route(.get, "/alive", role: nil, "alive") { _ in .text("alive") }.reserved,
            Route(.get, "/large", role: nil, "large") { _ in
                Answer(.ok, [UInt8](repeating: 120, count: 4 << 20), type: "text/plain")
            },
        ]

    private static func post(_ path: String, length: Int, _ body: String = "", _ headers: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: \(length)\r\n\r\n\(body)"
    }

    @Test func `bodies that never end cost no place among the requests in flight`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.requestsInFlightMax = 2 }) { site in
            var held: [RawClient] = []
            for _ in 0..<20 {
                let client = try RawClient(port: site.port)
                try await client.send(Array(Self.post("/foreign", length: 1_000, "half").utf8))
                held.append(client)
            }
            #expect(try await site.ask("GET", "/open").status == 200)
            #expect(try await site.ask("POST", "/foreign", body: "abc").body == "3")
            withExtendedLifetime(held) {}
        }
    }

    @Test func `a reserved route answers while all places are taken`() async throws {
        let waiting = Waiting()
        let routes = Self.routes + [Route(.get, "/wait", role: nil, "wait") { _ in await waiting.untilReleased() }]
        try await TestSite.with(routes, configure: { $0.http.requestsInFlightMax = 1 }) { site in
            async let first = site.ask("GET", "/wait")
            await waiting.untilEntered()
            let refused = try await site.ask("GET", "/open")
            #expect(refused.status == 503)
            #expect(try await site.ask("GET", "/alive").status == 200)
            waiting.release()
            #expect(try await first.status == 200)
        }
    }

    @Test func `an unknown sender is refused before its body is here`() async throws {
        try await TestSite.with(Self.routes) { site in
            let stranger = try RawClient(port: site.port)
            #expect(try await stranger.exchange(Self.post("/door/x", length: 1 << 20, "half")).status == 404)
            let noToken = try RawClient(port: site.port)
            #expect(try await noToken.exchange(Self.post("/things", length: 1_000, "{")).status == 401)
            let wrongToken = try RawClient(port: site.port)
            let headers = "Authorization: Bearer nobody\r\n"
            #expect(try await wrongToken.exchange(Self.post("/things", length: 1_000, "{", headers)).status == 401)
            let known = try RawClient(port: site.port)
            try await known.send(Array(Self.post("/door/known", length: 8, "half").utf8))
            #expect(try await known.exchange("half").body == "8")
        }
    }

    @Test func `a connection goes on after its unknown sender was refused`() async throws {
        try await TestSite.with(Self.routes) { site in
            let stranger = try RawClient(port: site.port)
            try await stranger.send(Array(Self.post("/door/x", length: 300_000, "begin").utf8))
            let refused = try await stranger.reply()
            #expect(refused.status == 404)
            let rest = String(repeating: "x", count: 300_000 - 5)
            let next = try await stranger.exchange(rest + "GET /open HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(next.body == "hello")
        }
    }

    @Test func `a message whose sender cannot be looked up is to be sent again, and is not taken for an empty one`()
        async throws
    {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            let reply = try await client.exchange(Self.post("/door/unlucky", length: 8, "half"))
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] == "1")
        }
    }

    @Test func `strangers have a part of the budget, and known senders the rest`() async throws {
        try await TestSite.with(
            Self.routes, configure: { $0.http.bodyBudgetBytes = 64 << 10 }
        ) { site in
            let part = String(repeating: "x", count: 12 << 10)
            // Which of the two is counted first is up to their loops.
            var first: [RawClient] = []
            var refused: RawClient.Reply?
            while refused?.status != 503 {
                let client = try RawClient(port: site.port)
                try await client.send(Array(Self.post("/foreign", length: 100_000, part).utf8))
                first.append(client)
                let second = try RawClient(port: site.port)
                try await second.send(Array(Self.post("/foreign", length: 13 << 10, part).utf8))
                // Either it is refused at once, or it may send the rest.
                refused = try await second.exchange(String(repeating: "x", count: 1 << 10))
            }
            #expect(refused?["Retry-After"] == "1")
            let known = try RawClient(port: site.port)
            try await known.send(Array(Self.post("/door/known", length: 24 << 10, part).utf8))
            #expect(try await known.exchange(part).body == "\(24 << 10)")
            withExtendedLifetime(first) {}
        }
    }

    @Test func `what a connection holds of the budgets is given back, also when its sender became known meanwhile`() {
        let budgets = ConnectionBudgets(bodies: 1_000, unsent: 1_000)
        var charge = BodyCharge()
        let areTaken = [
            charge.raise(to: 100, isKnown: false, of: budgets), charge.raise(to: 300, isKnown: true, of: budgets),
        ]
        #expect(areTaken == [true, true])
        #expect(budgets.bodies.current == 300 && budgets.strangers.current == 100)
        charge.giveBack(to: budgets)
        #expect(budgets.bodies.current == 0 && budgets.strangers.current == 0)
    }

    @Test func `four times the body takes about four times as long to receive`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.ingress.bodyMaxBytes = 64 << 20 }) { site in
            func time(_ mebibytes: Int) async throws -> Duration {
                let body = String(repeating: "x", count: mebibytes << 20)
                let start = ContinuousClock.now
                #expect(try await site.ask("POST", "/door/known", body: body).status == 200)
                return start.duration(to: .now)
            }
            _ = try await time(1)
            // The best of some: other tests run beside this one.
            var small = try await time(4)
            var large = try await time(16)
            for _ in 1...4 where large > small * 9 {
                small = min(small, try await time(4))
                large = min(large, try await time(16))
            }
            #expect(large < small * 9, "4 MiB \(small), 16 MiB \(large)")
        }
    }

    @Test func `a lookup that takes long is not taken for a slow sender`() async throws {
        struct SlowTokens: TokenLookup {
            func principal(tokenHash: [UInt8]) async throws -> Principal? {
                // Longer than the body's time-out, and than the table needs to look at all connections twice: it is about time.
                try await Task.sleep(for: .seconds(4))
                return try await RoleTokens().principal(tokenHash: tokenHash)
            }
        }
        try await TestSite.with(
            Self.routes, configure: { $0.http.bodyTimeout = .seconds(2) }, tokens: SlowTokens()
        ) { site in
            let headers =
                "Authorization: Bearer \(TestSite.token(.admin))\r\nExpect: 100-continue\r\n"
                + "Content-Type: application/json\r\n"
            // On a busy machine this client may itself be paused for longer than the time-out: one answer of some shows it.
            var status = 0
            for _ in 1...5 where status != 201 && status != 200 {
                let client = try RawClient(port: site.port)
                #expect(try await client.exchange(Self.post("/things", length: 2, "", headers)).status == 100)
                status = (try? await client.exchange("{}").status) ?? 0
            }
            #expect((200..<300).contains(status))
        }
    }

    @Test func `a body that comes too slowly is refused`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.bodyTimeout = .milliseconds(100) }) { site in
            let client = try RawClient(port: site.port)
            let reply = try await client.exchange(Self.post("/foreign", length: 10, "abc"))
            #expect(reply.status == 408)
            #expect(try await client.readToEnd().isEmpty)
        }
    }

    @Test
    func `a message of a known sender may be larger than other bodies, and its beginning is kept when it is too large`()
        async throws
    {
        try await TestSite.with(
            Self.routes,
            configure: {
                $0.http.requestBodyMaxBytes = 1 << 10
                $0.ingress.bodyMaxBytes = 100_000
            }
        ) { site in
            let fitting = String(repeating: "x", count: 90_000)
            #expect(try await site.ask("POST", "/door/known", body: fitting).body == "90000")
            let reply = try await site.ask("POST", "/door/known", body: fitting + fitting)
            #expect(reply.status == 413)
            let kept = reply.body.firstMatch(of: /"kept":(\d+)/).flatMap { Int($0.1) }
            #expect((kept ?? 0) >= DeadLetterStore.bodyBytesMax, "\(reply.body)")
            let unknown = try await site.ask("POST", "/door/x", body: fitting + fitting)
            #expect(unknown.status == 404)
        }
    }

    @Test func `a client that does not read is cut off, and the others are answered`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.writeTimeout = .milliseconds(200) }) { site in
            let request = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"
            // What was sent before can be read, and no more. On a busy machine the daemon may be paused for longer than we wait.
            var isCut = false
            for seconds in [2, 4, 8] where !isCut {
                let deaf = try RawClient(port: site.port)
                try await deaf.send(Array(String(repeating: request, count: 40).utf8))
                // Reading begins only when the daemon must have given up, or it would be a client that reads.
                let end = ContinuousClock.now + .seconds(seconds)
                while .now < end { #expect(try await site.ask("GET", "/open").status == 200) }
                isCut = try await deaf.readToEnd().utf8.count < 40 * (4 << 20)
            }
            #expect(isCut)
            var body: Int?
            for _ in 1...20 where body == nil {
                let patient = try RawClient(port: site.port)
                body = try? await patient.exchange(request).body.utf8.count
            }
            #expect(body == 4 << 20)
        }
    }

    @Test func `pipelined requests are answered in their order, one after the other`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            var text = ""
            for number in 1...300 {
                text += Self.post("/foreign", length: number, String(repeating: "x", count: number))
            }
            try await client.send(Array(text.utf8))
            for number in 1...300 { #expect(try await client.reply().body == "\(number)") }
        }
    }

    @Test func `who sends several requests and then closes his side gets all the answers`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(
                Array(
                    (1...5).map { Self.post("/foreign", length: $0, String(repeating: "x", count: $0)) }
                        .joined().utf8))
            client.endSending()
            let answers = try await client.readToEnd()
            #expect(answers.matches(of: /HTTP\/1.1 200/).count == 5, "\(answers)")
        }
    }

    @Test func `too many requests without waiting cost the answers to come, and not the one under way`() async throws {
        let waiting = Waiting()
        let routes = Self.routes + [Route(.get, "/wait", role: nil, "wait") { _ in await waiting.untilReleased() }]
        try await TestSite.with(routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            await waiting.untilEntered()
            let many = String(repeating: "GET /open HTTP/1.1\r\nHost: a\r\n\r\n", count: 2_000)
            async let sent: Void = client.send(Array(many.utf8))
            try? await sent
            client.endSending()
            waiting.release()
            #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `while too much is unread, what may be large is refused, and nothing else`() async throws {
        let routes =
            Self.routes + [
                Route(.get, "/list", role: nil, "list", isLong: true) { _ in .text("list") }
            ]
        try await TestSite.with(
            routes,
            configure: {
                $0.http.unsentBudgetBytes = 64 << 10
                $0.http.writeTimeout = .seconds(60)
            }
        ) { site in
            #expect(try await site.ask("GET", "/list").status == 200)
            var deaf: [RawClient] = []
            var refused: RawClient.Reply?
            var attempt = 0
            while refused?.status != 503 {
                // On a machine that is busy, the one before may have been cut already.
                if attempt.isMultiple(of: 500) {
                    let client = try RawClient(port: site.port)
                    try await client.send(Array("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                    deaf.append(client)
                }
                attempt += 1
                refused = try await site.ask("GET", "/list")
            }
            #expect(refused?["Retry-After"] == "1")
            #expect(try await site.ask("GET", "/open").status == 200)
            #expect(try await site.ask("POST", "/foreign", body: "abc").body == "3")
            // Who does not read is cut, and then there is room again.
            while try await site.ask("GET", "/list").status != 200 {}
            withExtendedLifetime(deaf) {}
        }
    }

    @Test func `too many connections cost the idle ones of strangers first`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.connectionsMax = 8 }) { site in
            let known = try RawClient(port: site.port)
            let ask = "GET /things/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(TestSite.token(.viewer))\r\n\r\n"
            #expect(try await known.exchange(ask).status == 200)
            var idle: [RawClient] = []
            for _ in 0..<40 { idle.append(try RawClient(port: site.port)) }
            #expect(try await site.ask("GET", "/open").status == 200)
            #expect(try await known.exchange(ask).status == 200, "who was known keeps its connection")
            #expect(try await idle[0].readToEnd().isEmpty)
            withExtendedLifetime(idle) {}
        }
    }

    @Test func `strangers in the middle of something make room, too`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.connectionsMax = 8 }) { site in
            var busy: [RawClient] = []
            for _ in 0..<24 {
                let client = try RawClient(port: site.port)
                try? await client.send(Array(Self.post("/foreign", length: 1_000, "half").utf8))
                busy.append(client)
            }
            #expect(try await site.ask("GET", "/open").status == 200)
            withExtendedLifetime(busy) {}
        }
    }

    @Test func `headers that never end cost a bounded number of bytes`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.bodyBudgetBytes = 64 << 10 }) { site in
            var clients: [RawClient] = []
            for _ in 0..<8 {
                let client = try RawClient(port: site.port)
                let line = "X-Long: " + String(repeating: "x", count: 6_000) + "\r\n"
                try? await client.send(Array(("GET /open HTTP/1.1\r\nHost: a\r\n" + line).utf8))
                clients.append(client)
            }
            // Of each loop, so that both have seen what came before.
            for _ in 1...4 { #expect(try await site.ask("GET", "/open").status == 200) }
            for client in clients { client.endSending() }
            // 16 KiB are for strangers: two fit, and the others are told so.
            var refused = 0
            for client in clients where try await client.reply().status == 503 { refused += 1 }
            #expect(refused >= 1)
            #expect(try await site.ask("GET", "/open").status == 200)
        }
    }

    @Test(arguments: [
        "GET /open HTTP/1.1\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /foreign HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "POST /foreign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a\r\nX-Folded: a\r\n b\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET /open HTTP/2.0\r\nHost: a\r\n\r\n",
    ])
    func `a request that could be read in two ways is refused and the connection closed`(bytes: String) async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array((bytes + "GET /open HTTP/1.1\r\nHost: hidden\r\n\r\n").utf8))
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
            #expect(!answer.contains("hello"), "what follows is not taken for a request")
            #expect(site.log.lines.allSatisfy { $0.level < .warning })
        }
    }

    @Test func `a body that ends with its connection is refused`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array(Self.post("/foreign", length: 10, "abc").utf8))
            client.endSending()
            #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 400"))
            #expect(site.log.lines.allSatisfy { $0.level < .warning })
        }
    }

    @Test func `a request whose sender closes its half is answered`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array(Self.post("/foreign", length: 3, "abc").utf8))
            client.endSending()
            #expect(try await client.readToEnd().hasSuffix("\r\n\r\n3"))
        }
    }

    @Test func `clients of HTTP 1_0 get what they can read`() async throws {
        try await TestSite.with(Self.routes) { site in
            let once = try RawClient(port: site.port)
            try await once.send(Array("GET /open HTTP/1.0\r\n\r\n".utf8))
            let answer = try await once.readToEnd()
            #expect(answer.hasSuffix("hello") && answer.contains("Connection: close"))
            let kept = try RawClient(port: site.port)
            let request = "GET /open HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            #expect(try await kept.exchange(request)["Connection"] == "keep-alive")
            #expect(try await kept.exchange(request).status == 200)
        }
    }

    @Test func `compressed bodies are inflated, others refused`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.requestBodyMaxBytes = 2 << 20 }) { site in
            let text = String(repeating: #"{"a":1}"#, count: 1_000)
            for coding in ["gzip", "deflate", "x-gzip", "GZIP"] {
                let reply = try await send(Deflated.bytes(text, gzip: coding != "deflate"), coding, to: site)
                #expect(reply.body == "7000", "\(coding)")
            }
            #expect(try await send(Array(text.utf8), "identity", to: site).body == "7000")
            for coding in ["br", "zstd", "gzip, gzip", "compress"] {
                let reply = try await send(Array(text.utf8), coding, to: site)
                #expect(reply.status == 415)
                #expect(reply["Accept-Encoding"] == "gzip, deflate")
            }
            #expect(try await send(Array(text.utf8), "gzip", to: site).status == 400)
            let half = Array(Deflated.bytes(text, gzip: true).dropLast(20))
            #expect(try await send(half, "gzip", to: site).status == 400)
            let bomb = Deflated.bytes(String(repeating: "0", count: 16 << 20), gzip: true)
            #expect(bomb.count < 1 << 17)
            #expect(try await send(bomb, "gzip", to: site).status == 413)
        }
    }

    private func send(_ body: [UInt8], _ coding: String, to site: TestSite) async throws -> RawClient.Reply {
        let client = try RawClient(port: site.port)
        try await client.send(
            Array(Self.post("/foreign", length: body.count, "", "Content-Encoding: \(coding)\r\n").utf8) + body)
        return try await client.reply()
    }

    @Test func `slashes too many name the same route`() async throws {
        try await TestSite.with(Self.routes) { site in
            for path in ["/open/", "//open", "/door//known/", "/things/1/"] {
                let isPost = path.contains("door")
                let reply = try await site.ask(isPost ? "POST" : "GET", path, as: .viewer, body: isPost ? "abc" : nil)
                #expect(reply.status == 200, "\(path)")
            }
        }
    }
}

/// Compressed bytes, made by zlib.
enum Deflated {
    static func bytes(_ text: String, gzip: Bool) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + (gzip ? 16 : 0), 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = Array(text.utf8)
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))))
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output.prefix(count))
    }
}
