import Glibc
import HTTPTypes
import NIOCore
import Testing

@testable import MusterServer

/// Connections, sizes and times: whatever a client sends, or does not send.
struct ConnectionTests {
    private static let routes = HTTPServerTests.routes

    @Test func `a body that is too large is refused without being kept, and the connection lives on`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.requestBodyMaxBytes = 1024 }) { site in
            let client = try RawClient(port: site.port)
            let announced =
                "POST /foreign HTTP/1.1\r\nHost: test\r\nContent-Length: 2000\r\n\r\n"
                + String(repeating: "x", count: 2000)
            #expect(try await client.exchange(announced).status == 413)
            let chunk = "400\r\n" + String(repeating: "x", count: 1024) + "\r\n"
            let chunked =
                "POST /foreign HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk
                + "0\r\n\r\n"
            #expect(try await client.exchange(chunked).status == 413)
            let fitting =
                "POST /foreign HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n"
            #expect(try await client.exchange(fitting).body == "1024")
        }
    }

    @Test func `who never stops sending is cut off`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.requestBodyMaxBytes = 1024 }) { site in
            let client = try RawClient(port: site.port)
            try await client.send(
                Array("POST /foreign HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n".utf8))
            #expect(try await client.reply().status == 413)
            await #expect(throws: RawClient.Failure.self) {
                while true { try await client.send([UInt8](repeating: 120, count: 65_536)) }
            }
        }
    }

    @Test func `a client that asks before sending its body is told to go on`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            let head = "POST /foreign HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            #expect(try await client.exchange(head).status == 100)
            #expect(try await client.exchange("hello").body == "5")
        }
    }

    @Test(arguments: [
        "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func `what is no HTTP is refused and the connection closed`(bytes: String) async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array(bytes.utf8))
            #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `headers without end are refused`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            let line = "X-Long: " + String(repeating: "x", count: 8_000) + "\r\n"
            try? await client.send(
                Array(("GET /open HTTP/1.1\r\nHost: a\r\n" + String(repeating: line, count: 20)).utf8))
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 431"))
            #expect(try await site.ask("GET", "/open").status == 200)
        }
    }

    @Test func `a connection on which nothing happens is closed`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.idleTimeout = .milliseconds(50) }) { site in
            let silent = try RawClient(port: site.port)
            #expect(try await silent.readToEnd().isEmpty)
            let half = try RawClient(port: site.port)
            try await half.send(Array("GET /open HT".utf8))
            #expect(try await half.readToEnd().isEmpty)
        }
    }

    @Test func `a body that does not come closes the connection`() async throws {
        try await TestSite.with(Self.routes, configure: { $0.http.bodyTimeout = .milliseconds(50) }) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array("POST /foreign HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc".utf8))
            #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 408"))
            #expect(try await site.ask("POST", "/foreign", body: "abc").body == "3")
        }
    }

    @Test func `more requests at a time than allowed are told to come again`() async throws {
        let waiting = Waiting()
        let routes = [Route(.get, "/wait", role: nil, "wait") { _ in await waiting.untilReleased() }]
        try await TestSite.with(routes, configure: { $0.http.requestsInFlightMax = 1 }) { site in
            async let first = site.ask("GET", "/wait")
            await waiting.untilEntered()
            let second = try await site.ask("GET", "/wait")
            #expect(second.status == 503)
            #expect(second.body.contains("/problems/overloaded"))
            #expect(second["Retry-After"] == "1")
            waiting.release()
            #expect(try await first.status == 200)
        }
    }

    @Test func `a stop lets requests end, tells their clients to go, and closes what is idle`() async throws {
        let waiting = Waiting()
        let routes = Self.routes + [Route(.get, "/wait", role: nil, "wait") { _ in await waiting.untilReleased() }]
        try await TestSite.with(routes) { site in
            let idle = try RawClient(port: site.port)
            #expect(try await idle.exchange("GET /open HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            async let served = site.ask("GET", "/wait")
            await waiting.untilEntered()
            await site.stop()
            #expect(try await idle.readToEnd().isEmpty)
            waiting.release()
            let reply = try await served
            #expect(reply.status == 200)
            #expect(reply["Connection"] == "close")
            // Nobody listens there any more, or another test's site that has no such path.
            let late = try? await site.ask("GET", "/wait")
            #expect(late?.status != 200)
        }
    }

    @Test func `a request that was on its way when a stop began is answered`() async throws {
        try await TestSite.with(Self.routes, farewell: .seconds(60)) { site in
            let (used, fresh) = (try RawClient(port: site.port), try RawClient(port: site.port))
            #expect(try await used.exchange("GET /open HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            // Accepted before the stop, as this one after it is.
            #expect(try await site.ask("GET", "/open").status == 200)
            await site.stop()
            // It begins a moment later: when nobody listens any more, or only another test's site.
            while let late = try? await site.ask("GET", "/open"), late.status == 200 {}
            for client in [used, fresh] {
                let reply = try await client.exchange("GET /open HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(reply.status == 200 && reply["Connection"] == "close", "\(reply)")
                #expect(try await client.readToEnd().isEmpty)
            }
        }
    }

    /// Many times, since each is a moment of microseconds.
    @Test func `who connects in the moment of a stop is answered or refused, never left waiting`() async throws {
        for _ in 0..<60 {
            let (answered, continuation) = AsyncStream.makeStream(of: Void.self)
            try await TestSite.with(Self.routes) { site in
                try await withThrowingDiscardingTaskGroup { group in
                    for _ in 0..<4 {
                        group.addTask {
                            do {
                                while try await site.ask("GET", "/open").status == 200 { continuation.yield() }
                            } catch let failure as RawClient.Failure {
                                #expect(failure.description != "recv: \(EAGAIN)")
                            }
                        }
                    }
                    for await _ in answered.prefix(8) {}
                    await site.stop()
                }
            }
        }
    }

    @Test func `programs that we start inherit no connection`() async throws {
        try await TestSite.with(Self.routes) { site in
            let client = try RawClient(port: site.port)
            #expect(try await client.exchange("GET /open HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            let ours = (Int32(3)..<4_096).filter { RawClient.port(of: $0, getsockname) == site.port }
            let accepted = ours.filter { RawClient.port(of: $0, getpeername) != nil }
            #expect(!accepted.isEmpty && accepted.count < ours.count, "accepted ones, and the one that listens")
            #expect(ours.allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
        }
    }

    @Test func `an answer can come in pieces`() async throws {
        let routes = [
            Route(.get, "/stream", role: nil, "stream") { _ in
                Answer(
                    .ok,
                    body: .stream { writer in
                        try await writer.write(ByteBuffer(string: "one "))
                        try await writer.write(ByteBuffer(string: "two"))
                    })
            }
        ]
        try await TestSite.with(routes) { site in
            let client = try RawClient(port: site.port)
            try await client.send(Array("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
            let answer = try await client.readToEnd()
            #expect(answer.contains("ransfer-") && answer.contains("one ") && answer.contains("two"))
        }
    }
}

/// A route that waits inside until the test lets it go.
final class Waiting: Sendable {
    private let entered = AsyncStream.makeStream(of: Void.self)
    private let released = AsyncStream.makeStream(of: Void.self)

    func untilReleased() async -> Answer {
        entered.continuation.yield()
        for await _ in released.stream { break }
        return .text("done")
    }

    func untilEntered() async {
        for await _ in entered.stream { break }
    }

    func release() {
        released.continuation.finish()
    }
}
