import FoundationEssentials
import Glibc
import IncidentDomain
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import MusterServer

/// What one look at a server finds, and what it says when that is not what was wanted.
@Suite(.timeLimit(.minutes(20))) struct ProbeCheckTests {
    private static func look(
        _ target: ProbeTarget, within seconds: Int = 120, _ check: ProbeCheck = ProbeCheck()
    ) async throws -> ProbeOutcome {
        try await check.look(at: target, timeout: .seconds(seconds))
    }

    // MARK: - Pages

    @Test func `a page that answers as it should passes`() async throws {
        try await TestPage.with { page async throws in
            let secret = HTTPTarget.Header(name: "X-Key", value: "abc", isSecret: true)
            let found = try await Self.look(
                .page("\(page.url)a?b=c", contains: "ok", matches: "^o.$", latencyMax: 9000, headers: [secret]))
            #expect(found.isPassed && found.detail.hasPrefix("status 200 in "), "\(found)")
            let asked = try #require(page.asked.first)
            #expect(asked.uri == "/a?b=c" && asked.headers["x-key"] == ["abc"])
            #expect(asked.headers["host"] == ["127.0.0.1:\(page.port)"])
        }
    }

    @Test func `another status, another body and a slow answer fail, each in a clause`() async throws {
        let answer: @Sendable (HTTPRequestHead) -> TestPage.Reply? = { head in
            TestPage.Reply(status: head.uri == "/down" ? 503 : 200, body: "maintenance")
        }
        try await TestPage.with(answer) { page async throws in
            #expect(try await Self.look(.page("\(page.url)down")).detail == "status 503, expected 200-399")
            #expect(
                try await Self.look(.page(page.url, contains: "ok")).detail == "the body does not contain \"ok\"")
            #expect(try await Self.look(.page(page.url, matches: "^ok")).detail == "the body does not match ^ok")
        }
        try await TestPage.with({ _ in nil }) { page async throws in
            let found = try await Self.look(.page(page.url), within: 1)
            #expect(!found.isPassed && found.detail == "no response within 1 s")
        }
    }

    @Test func `a closed port and a name that nobody has fail`() async throws {
        let port = TestPage.closedPort
        #expect(try await Self.look(.page("http://127.0.0.1:\(port)/")).detail == "connection refused")
        let unknown = try await Self.look(.page("http://no-such-host.invalid/"))
        #expect(unknown.detail.hasPrefix("cannot resolve no-such-host.invalid"), "\(unknown)")
    }

    @Test func `redirections are followed, but not for ever, and not with our headers to others`() async throws {
        let answer: @Sendable (HTTPRequestHead) -> TestPage.Reply? = { head in
            switch head.uri {
            case "/": TestPage.Reply(status: 302, headers: [("Location", "/next")])
            case "/next": TestPage.Reply(status: 301, headers: [("Location", "end")])
            case "/loop": TestPage.Reply(status: 302, headers: [("Location", "/loop")])
            case "/file": TestPage.Reply(status: 302, headers: [("Location", "file:///etc/passwd")])
            case "/away":
                TestPage.Reply(
                    status: 302,
                    headers: [("Location", "http://localhost:\(head.headers["host"][0].split(separator: ":")[1])/end")])
            default: TestPage.Reply()
            }
        }
        try await TestPage.with(answer) { page async throws in
            #expect(try await Self.look(.page(page.url)).isPassed)
            #expect(page.asked.map(\.uri) == ["/", "/next", "/end"])
            let loop = try await Self.look(.page("\(page.url)loop", redirects: 3))
            #expect(loop.detail.hasPrefix("more than 3 redirects"))
            #expect(try await Self.look(.page("\(page.url)loop", redirects: 0)).isPassed)
            #expect(try await Self.look(.page("\(page.url)file")).detail.contains("not an http or https URL"))
            let secret = HTTPTarget.Header(name: "X-Key", value: "abc", isSecret: true)
            #expect(try await Self.look(.page("\(page.url)away", headers: [secret])).isPassed)
            #expect(page.asked.suffix(2).map { $0.headers["x-key"] } == [["abc"], []])
        }
    }

    @Test func `of a body without end a megabyte is read`() async throws {
        let huge = String(repeating: "x", count: 3 << 20) + "end"
        try await TestPage.with({ _ in TestPage.Reply(body: huge) }) { page async throws in
            #expect(try await Self.look(.page(page.url)).isPassed)
            #expect(try await Self.look(.page(page.url, contains: "end")).isPassed == false)
        }
    }

    @Test func `addresses that are refused are not connected to, not even by a redirection`() async throws {
        for host in ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0", "[fe80::1]"] {
            let found = try await Self.look(.page("http://\(host)/latest/meta-data"))
            #expect(found.detail.contains("is not allowed as a probe target"), "\(host): \(found)")
        }
        let away = TestPage.Reply(status: 302, headers: [("Location", "http://169.254.169.254/")])
        try await TestPage.with({ _ in away }) { page async throws in
            #expect(try await Self.look(.page(page.url)).detail.contains("is not allowed as a probe target"))
        }
        let only = ProbeCheck(networks: ProbeNetworks(allowed: [try #require(NetworkRange("10.0.0.0/8"))]))
        try await TestPage.with { page async throws in
            let found = try await Self.look(.page("http://localhost:\(page.port)/"), within: 120, only)
            #expect(found.detail.contains("is not allowed as a probe target") && page.asked.isEmpty)
        }
    }

    // MARK: - Ports

    @Test func `a port that takes connections passes, and what it says can be asked for`() async throws {
        try await TestPage.with(saying: "220 mail ready\r\n") { page async throws in
            let host = "127.0.0.1"
            #expect(try await Self.look(.tcp(TCPTarget(host: host, port: page.port, expects: nil))).isPassed)
            #expect(try await Self.look(.tcp(TCPTarget(host: host, port: page.port, expects: "220"))).isPassed)
            let other = TCPTarget(host: host, port: page.port, expects: "SSH-2.0")
            #expect(try await Self.look(.tcp(other), within: 1).detail == "no response within 1 s")
        }
        let closed = TCPTarget(host: "127.0.0.1", port: TestPage.closedPort, expects: nil)
        #expect(try await Self.look(.tcp(closed)).detail == "connection refused")
    }

    // MARK: - Certificates

    @Test func `a certificate that ends soon fails, and one that nobody vouches for`() async throws {
        let tls = try TestPage.selfSigned(days: 30)
        try await TestPage.with(tls: tls) { page async throws in
            func target(_ days: Int, verifies: Bool) -> ProbeTarget {
                .tls(
                    TLSTarget(
                        host: "127.0.0.1", port: page.port, serverName: "localhost", daysLeftMin: days,
                        verifies: verifies))
            }
            let good = try await Self.look(target(14, verifies: false))
            #expect(good.isPassed && good.detail.hasPrefix("certificate valid for 29 days"), "\(good)")
            let soon = try await Self.look(target(60, verifies: false))
            #expect(!soon.isPassed && soon.detail.hasPrefix("certificate expires in 29 days"), "\(soon)")
            let untrusted = try await Self.look(target(14, verifies: true))
            #expect(untrusted.detail.hasPrefix("certificate not trusted for localhost"), "\(untrusted)")
            let later = ProbeCheck(now: { Timestamp.now().adding(seconds: 40 * 86_400) })
            let expired = try await Self.look(target(14, verifies: true), within: 120, later)
            #expect(expired.detail.hasPrefix("certificate expired at "), "\(expired)")

            #expect(try await Self.look(.page("https://localhost:\(page.port)/", verifies: false)).isPassed)
            let page = try await Self.look(.page("https://localhost:\(page.port)/"))
            #expect(page.detail.hasPrefix("TLS failed"), "\(page)")
        }
    }

    @Test func `a port that speaks no TLS fails`() async throws {
        try await TestPage.with(saying: "220 mail ready\r\n") { page async throws in
            let target = TLSTarget(
                host: "127.0.0.1", port: page.port, serverName: nil, daysLeftMin: 14, verifies: true)
            let found = try await Self.look(.tls(target))
            #expect(!found.isPassed && found.detail == "TLS failed: the server does not speak TLS", "\(found)")
            let page = try await Self.look(.page("http://127.0.0.1:\(page.port)/"))
            #expect(!page.isPassed && page.detail == "the response is not HTTP", "\(page)")
        }
        try await TestPage.with { page async throws in
            let found = try await Self.look(.page("https://127.0.0.1:\(page.port)/", verifies: false))
            #expect(found.detail == "TLS failed: the server does not speak TLS", "\(found)")
        }
    }

    @Test func `every fault is said in words for people`() {
        struct Odd: Error {}
        let faults: [any Error] = [
            IOError(errnoCode: ECONNREFUSED, reason: "connect(descriptor:addr:size:)"),
            IOError(errnoCode: EMFILE, reason: "socket"), ChannelError.eof, ChannelError.connectTimeout(.seconds(1)),
            NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])), NIOSSLError.handshakeFailed(.sslError([])),
            NIOSSLError.handshakeFailed(.syscallError), NIOSSLError.uncleanShutdown, NIOSSLError.cannotMatchULabel,
            NIOSSLError.noCertificateToValidate, NIOSSLExtraError.failedToValidateHostname,
            NIOSSLExtraError.invalidSNIHostname, BoringSSLError.zeroReturn, HTTPParserError.invalidConstant,
            NIOTLSUnwrappingError.alreadyClosed, Odd(),
        ]
        for fault in faults {
            let words = ProbeFault.words(of: fault)
            #expect(
                words.wholeMatch(of: /(TLS failed: )?[a-z][a-z ]+(TLS|HTTP|of TLS is common to both)?/) != nil,
                "\(words)")
        }
    }
}
