import HTTPTypes
import Logging
import Testing

@testable import MusterServer

/// Tools that were given a wrong address are heard of, and no key gets into the log.
struct UnknownPathTests {
    @Test(arguments: [
        ("/hooks", "/hooks"), ("/api/hooks/SECRET", "/api/hooks/..."), ("/v2/enqueue/SECRET", "/v2/.../..."),
        ("/open/SECRET", nil),
    ])
    func `what is logged of an unknown path shows no key`(path: String, shown: String?) async throws {
        let routes =
            HTTPServerTests.routes + [
                Route(.get, "/api/v2/alerts", role: nil, "a") { _ in .noContent },
                Route(.post, "/hooks/{key}", role: nil, "b") { _ in .noContent },
            ]
        try await TestSite.with(routes) { site in
            let reply = try await site.ask("POST", path, body: "{}")
            #expect(reply.status == 404)
            let lines = site.log.lines.filter { $0.metadata["path"] != nil }
            #expect(lines.map { $0.metadata["path"] ?? "" } == (shown.map { [$0] } ?? []))
        }
    }

    @Test func `a path that no tool should ask is logged without what may be a key`() async throws {
        try await TestSite.with(HTTPServerTests.routes) { site in
            for _ in 0..<3 {
                let reply = try await site.ask("POST", "/hooks/secret-key/more", body: "{}")
                #expect(reply.status == 404)
            }
            let lines = site.log.lines.filter { $0.level == .warning }
            #expect(lines.count == 1)
            #expect(lines.first?.metadata["path"] == "/hooks/.../...")
        }
    }
}
