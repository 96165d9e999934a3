import HTTPTypes
import IncidentDomain
import Testing

@testable import MusterServer

/// Endpoints over HTTP: where they may lead, and what a null means.
@Suite(.timeLimit(.minutes(20))) struct EndpointRouteTests {
    private static func body(_ url: String, _ more: JSONObject = JSONObject()) -> JSONValue {
        var body: JSONObject = ["name": .string(url), "format": "standard-webhooks", "url": .string(url)]
        for member in more.members { body[member.name] = member.value }
        return .object(body)
    }

    private static func errors(_ reply: DescribedServer.Reply) -> [String] {
        (reply.json["errors"]?.array ?? []).map { "\($0["pointer"]?.string ?? "") \($0["detail"]?.string ?? "")" }
    }

    @Test(arguments: [
        "http://8.8.8.8:22/", "https://8.8.8.8:25/x", "http://8.8.8.8:1023/", "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/", "http://metadata.google.internal/", "http://METADATA.google.internal./x",
        "http://[::ffff:169.254.169.254]/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[fe80::1]/",
    ])
    func `a URL that never works is refused when it is written, with what to do`(_ url: String) async throws {
        try await DescribedServer.with { server in
            let made = await server.ask(.post, "/v1/endpoints", Self.body(url))
            let complaint = try #require(Self.errors(made).first)
            #expect(made.status == 422 && complaint.hasPrefix("/url "))
            #expect(complaint.contains("use 80, 443") || complaint.contains("name the receiver's own address"))
            #expect(!complaint.contains("allowed_networks"), "that would not help")
            let good = await server.ask(.post, "/v1/endpoints", Self.body("http://8.8.8.8:1024/"))
            #expect(good.status == 201 && good.json["warnings"] == [])
            let path = "/v1/endpoints/\(good.json["id"]?.string ?? "")"
            #expect(Self.errors(await server.ask(.patch, path, ["url": .string(url)])) == [complaint])
            #expect(server.complaints == [])
        }
    }

    @Test func `an address that is not public now is warned of, as it can be allowed`() async throws {
        try await DescribedServer.with { server in
            let made = await server.ask(.post, "/v1/endpoints", Self.body("http://10.1.2.3/"))
            #expect(made.status == 201)
            #expect(
                made.json["warnings"] == [
                    "10.1.2.3 has the address 10.1.2.3, which is not public; name its network in notifications.allowed_networks"
                ])
            let path = "/v1/endpoints/\(made.json["id"]?.string ?? "")"
            #expect(await server.ask(.get, path).json["warnings"] == nil)
            #expect(await server.ask(.patch, path, ["url": "http://8.8.8.8/"]).json["warnings"] == [])
        }
    }

    @Test func `a name is warned of by what it means, once for all its addresses`() async {
        let names = NameLookup(keeping: .zero) { host in
            switch host {
            case "mixed.example": .addresses(["8.8.8.8", "10.0.0.1"])
            case "cloud.example": .addresses(["10.0.0.1", "169.254.169.254"])
            case "good.example": .addresses(["8.8.8.8"])
            case _: .noAddress("no such name")
            }
        }
        let reach = OutboundReach(networks: OutboundNetworks(), names: names)
        #expect(await reach.warnings(about: "https://good.example/") == [])
        #expect(await reach.warnings(about: "") == [], "mail has none")
        let mixed = await reach.warnings(about: "https://mixed.example/").first ?? ""
        #expect(mixed.contains("10.0.0.1") && mixed.contains("notifications.allowed_networks"))
        let cloud = await reach.warnings(about: "https://cloud.example/").first ?? ""
        #expect(cloud.contains("169.254.169.254") && !cloud.contains("allowed_networks"), "\(cloud)")
        let none = await reach.warnings(about: "https://none.example/").first ?? ""
        #expect(none.contains("no such name") && !none.contains("allowed_networks"), "\(none)")
    }

    @Test func `a null is as not said where an endpoint is made`() async throws {
        try await DescribedServer.with { server in
            let nothing: JSONObject = [
                "events": nil, "severities": nil, "components": nil, "phases": nil, "labels": nil, "incidents": nil,
                "headers": nil, "options": nil, "timeout_seconds": nil, "enabled": nil, "secret": nil, "signature": nil,
            ]
            let made = await server.ask(.post, "/v1/endpoints", Self.body("http://8.8.8.8/", nothing))
            #expect(made.status == 201 && made.json["timeout_seconds"] == 15 && made.json["enabled"] == true)
            let pager: JSONValue = [
                "name": "pager", "format": "pagerduty", "url": nil, "headers": ["X-A": nil, "X-B": "b"],
                "options": ["routing_key": nil],
            ]
            let refused = Self.errors(await server.ask(.post, "/v1/endpoints", pager))
            #expect(refused.first?.hasPrefix("/options/routing_key is required") == true, "\(refused)")
            let hook: JSONValue = [
                "name": "hook", "format": "cloudevents", "url": "http://8.8.8.8/", "headers": ["X-A": nil, "X-B": "b"],
                "options": ["mode": nil],
            ]
            let other = await server.ask(.post, "/v1/endpoints", hook)
            #expect(other.json["headers"] == ["X-B"] && other.json["options"] == [:])
            #expect(server.complaints == [])
        }
    }

    @Test func `a null takes away what can be missing, where one is changed`() async throws {
        try await DescribedServer.with { server in
            let full: JSONValue = [
                "name": "a", "format": "ntfy", "url": "https://8.8.8.8/t", "headers": ["X-A": "a"],
                "timeout_seconds": 3,
                "options": ["token": "abc"], "incidents": [7, "8", "INC-9"], "events": ["note_added"],
            ]
            let made = await server.ask(.post, "/v1/endpoints", full)
            #expect(made.json["incidents"] == [7, 8, 9] && made.json["secret_options"] == ["token"])
            let path = "/v1/endpoints/\(made.json["id"]?.string ?? "")"
            func changed(_ body: JSONValue) async -> JSONValue {
                let reply = await server.ask(.patch, path, body)
                #expect(reply.status == 200, "\(reply.text)")
                return reply.json
            }
            #expect(await changed(["incidents": made.json["incidents"] ?? nil])["incidents"] == [7, 8, 9])
            #expect(await changed(["options": [:], "name": nil, "enabled": nil])["secret_options"] == ["token"])
            #expect(await changed(["options": ["token": nil]])["secret_options"] == [])
            #expect(await changed(["options": ["token": "abc"]])["secret_options"] == ["token"])
            #expect(await changed(["options": nil])["secret_options"] == [])
            let less = await changed(["headers": nil, "timeout_seconds": nil, "incidents": nil, "events": nil])
            #expect(less["headers"] == [] && less["timeout_seconds"] == 15)
            #expect(less["incidents"] == .null && less["events"] == .null)
            #expect(Self.errors(await server.ask(.patch, path, ["url": nil])) == ["/url is required"])
            let pager: JSONValue = [
                "name": "p", "format": "pagerduty", "url": "https://8.8.8.8/", "options": ["routing_key": "r"],
            ]
            let paged = await server.ask(.post, "/v1/endpoints", pager)
            let pagerPath = "/v1/endpoints/\(paged.json["id"]?.string ?? "")"
            for options: JSONValue in [nil, ["routing_key": nil]] {
                let refused = Self.errors(await server.ask(.patch, pagerPath, ["options": options]))
                #expect(refused.first?.hasPrefix("/options/routing_key is required") == true, "\(refused)")
            }
            let usual = await server.ask(.patch, pagerPath, ["url": nil, "options": ["routing_key": "r"]])
            #expect(usual.json["url"] == "https://events.pagerduty.com/***")
            #expect(server.complaints == [])
        }
    }

    @Test(arguments: [[0], [-1], ["x"], [1.5], [nil], ["INC-0"]] as [JSONValue])
    func `what is no number of an incident is refused in its place`(_ incidents: JSONValue) async throws {
        try await DescribedServer.with { server in
            let reply = await server.ask(
                .post, "/v1/endpoints", Self.body("http://8.8.8.8/", ["incidents": incidents]))
            #expect(Self.errors(reply).first?.hasPrefix("/incidents/0 should be the number of an incident") == true)
        }
    }
}
