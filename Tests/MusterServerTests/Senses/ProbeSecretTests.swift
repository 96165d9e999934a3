import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOHTTP1
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// A probe's secret is nowhere to be read, and goes to no other place.
@Suite(.timeLimit(.minutes(20))) struct ProbeSecretTests {
    private static let secret = "hunter2swordfish"

    private static func body(_ url: String, value: String? = secret) -> JSONValue {
        var header: JSONObject = ["name": "X-Key", "secret": true]
        header["value"] = value.map { .string($0) }
        return ["kind": "http", "url": .string(url), "headers": [.object(header)]]
    }

    @Test func `a secret is sealed where it is stored, and sent by every daemon and after a restart`() async throws {
        try await TestPage.with { page in
            try await TestDaemon.with { daemon async throws in
                try await daemon.withSenses { senses async throws in
                    let target = ProbeTarget.page(
                        page.url, headers: [.init(name: "X-Key", value: Self.secret, isSecret: true)])
                    _ = try await senses.probes.put(.named("p", target), by: .mia)
                    #expect(try await !daemon.everything().contains(Self.secret))
                    #expect(try await senses.probeRunner.runDue() == 1)
                    #expect(page.asked.last?.headers["X-Key"] == [Self.secret])
                }
                try await daemon.beside { other async throws in
                    try await other.makeProbesDue()
                    try await other.withSenses { senses async throws in
                        #expect(try await senses.probeRunner.runDue() == 1)
                        #expect(page.asked.count == 2 && page.asked.last?.headers["X-Key"] == [Self.secret])
                    }
                }
            }
        }
    }

    @Test func `a secret stays with its place, and has to be sent again for another one`() async throws {
        try await DescribedServer.with { server in
            func put(_ body: JSONValue) async -> DescribedServer.Reply {
                await server.ask(.put, "/v1/probes/p", body)
            }
            #expect(await put(Self.body("http://a.example/health")).status == 201)
            #expect(await put(Self.body("http://a.example/other", value: nil)).status == 200)
            for url in ["http://b.example/", "https://a.example/", "http://a.example:8080/"] {
                let refused = await put(Self.body(url, value: nil))
                #expect(refused.status == 422 && refused.text.contains("http://a.example:80"), "\(refused.text)")
            }
            #expect(await put(Self.body("http://b.example/")).status == 200)
            #expect(await !server.ask(.get, "/v1/probes/p").text.contains(Self.secret))
        }
    }

    @Test func `a sealed secret that somebody moves by hand, or of another key, makes the look fail and says so`()
        async throws
    {
        try await TestPage.with { page in
            try await TestDaemon.with { daemon async throws in
                let headers = [HTTPTarget.Header(name: "X-Key", value: Self.secret, isSecret: true)]
                try await daemon.withSenses { senses async throws in
                    _ = try await senses.probes.put(.named("p", .page(page.url, headers: headers)), by: .mia)
                    try await daemon.pool.query(
                        "UPDATE probe SET target = replace(target::text, '127.0.0.1', 'localhost')::json")
                    #expect(try await senses.probeRunner.runDue() == 1)
                    #expect(try await senses.probes.probe("p")?.last?.detail.contains("set it again") == true)
                    _ = try await senses.probes.put(.named("p", .page(page.url, headers: headers)), by: .mia)
                    let other = ProbeStore(pool: daemon.pool, secretsKey: "another key of the installation")
                    let runner = ProbeRunner(
                        store: other, check: ProbeCheck(), signal: WakeSignal(), logger: TestServer.quietLogger,
                        concurrentMax: 1)
                    #expect(try await runner.runDue() == 1)
                    #expect(try await other.probe("p")?.last?.isPassed == false)
                    #expect(page.asked.isEmpty)
                }
            }
        }
    }

    @Test func `secrets from before are sealed, once`() async throws {
        try await TestPage.with { page in
            try await TestDaemon.with { daemon async throws in
                try await daemon.withSenses { senses async throws in
                    let headers = [HTTPTarget.Header(name: "X-Key", value: Self.secret, isSecret: true)]
                    _ = try await senses.probes.put(.named("p", .page(page.url, headers: headers)), by: .mia)
                    try await daemon.pool.query(
                        """
                        UPDATE probe SET target = regexp_replace(target::text, '"sealed":"[^"]*"',
                            '"value":"hunter2swordfish"')::json
                        """)
                    #expect(try await daemon.everything().contains(Self.secret))
                    #expect(try await senses.probes.sealPlainSecrets() == 1)
                    #expect(try await senses.probes.sealPlainSecrets() == 0)
                    #expect(try await !daemon.everything().contains(Self.secret))
                    #expect(try await senses.probeRunner.runDue() == 1)
                    #expect(page.asked.last?.headers["X-Key"] == [Self.secret])
                }
            }
        }
    }
}
