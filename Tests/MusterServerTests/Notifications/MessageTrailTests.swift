import FoundationEssentials
import HTTPTypes
import IncidentDomain
import NIOCore
import NIOHTTP1
import Testing

@testable import MusterServer

/// The header that says through which installations a message came.
@Suite(.timeLimit(.minutes(20))) struct MessageTrailTests {
    @Test func `every way in refuses what this installation sent, and stores nothing`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let own = try await site.server.server.installation.id()
            let ways = site.server.server.routes.filter(\.isWriting)
            #expect(ways.filter { $0.role == nil }.count >= 24 && ways.contains { $0.path == "/v1/incidents" })
            for (count, way) in ways.enumerated() {
                let path = way.path.replacing("{key}", with: site.key).replacing(#/\{\w+\}/#, with: "1")
                let body = way.body == .none ? "" : #"{"routing_key":"\#(site.key)","message":"m","title":"t"}"#
                for via in [own.text, own.text.uppercased(), "\(UUID().text), \(own.text)"] {
                    let reply = await site.server.ask(
                        way.method, path, raw: body, token: way.role == nil ? nil : DescribedServer.token,
                        headers: [.musterVia: via, .contentType: "application/json"])
                    #expect(reply.status == 409, "\(count) \(way.method) \(way.path): \(reply.text)")
                    #expect(reply.text.contains("sent by this installation itself"), "\(way.path): \(reply.text)")
                }
            }
            #expect(await site.alerts().isEmpty)
            #expect(await site.count("/v1/incidents") == 0)
            #expect(site.server.complaints == [])
        }
    }

    @Test func `what others sent is taken, and what too many passed on is not`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            func send(_ via: String) async -> Int {
                let body: JSONValue = [
                    "routing_key": .string(site.key), "event_action": "trigger",
                    "payload": ["summary": "s", "source": "s", "severity": "error"],
                ]
                return await site.server.ask(.post, "/v2/enqueue", body, token: nil, headers: [.musterVia: via]).status
            }
            let others = (1...6).map { _ in UUID().text }
            #expect(await send(others.prefix(5).joined(separator: ", ")) == 202)
            #expect(await send(others.joined(separator: ",")) == 409)
            #expect(await send("nonsense, \(String(repeating: ",", count: 500))") == 202)
            #expect(site.server.complaints == [])
        }
    }

    @Test func `an incident knows which installations its alerts came through, and passes it on`() async throws {
        try await NotificationSite.with { site in
            try await TestReceiver.with { receiver in
                try await site.endpoint("ops", receiver.url(), events: ["incident_opened"])
                let other = UUID()
                let trail = MessageTrail(other.text)
                let opening = OpenIncident(title: "Theirs", labels: trail.added(to: ["a": "b"]))
                _ = try await site.daemon.desk.open(opening, CommandContext(principal: .mia))
                _ = try await site.daemon.open("Ours")
                try await site.tellAll()
                try await site.send(site.sender(), until: NotificationSite.nothingWaits)
                let own = try await Installation(store: InstallationStore(pool: site.pool)).id()
                let sent = receiver.messages.map { $0.head.headers.first(name: "Muster-Via") ?? "" }
                #expect(Set(sent) == ["\(other.text),\(own.text)", own.text])
            }
        }
    }

    @Test func `a message's alerts say where they came from`() throws {
        let source = Source(id: UUID(), name: "s", kind: .pagerduty, createdAt: .now(), createdBy: "Mia")
        let body = #"{"event_action":"trigger","payload":{"summary":"s","source":"s","severity":"error"}}"#
        var request = ForeignRequest(body: ByteBuffer(string: body), receivedAt: .now())
        request.headers = [.musterVia: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)).text]
        let message = try IngressEntry.pagerDutyEvent.read(request, of: source)
        #expect(message.alerts.map { $0.labels[MessageTrail.label] } == ["01020304-0506-0708-090a-0b0c0d0e0f10"])
    }

    @Test func `people cannot set the header themselves`() async throws {
        try await DescribedServer.with { server in
            let body: JSONValue = [
                "name": "a", "format": "slack", "url": "https://hooks.example/a", "headers": ["Muster-Via": "x"],
            ]
            let reply = await server.ask(.post, "/v1/endpoints", body)
            #expect(reply.status == 422 && reply.text.contains("is set by the daemon"))
        }
    }
}
