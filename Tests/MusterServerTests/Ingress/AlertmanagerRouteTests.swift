import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// Alertmanager's API v2 as Prometheus and amtool use it.
@Suite(.timeLimit(.minutes(20)))
struct AlertmanagerRouteTests {
    private static func alert(_ name: JSONValue, _ service: JSONValue, endsIn seconds: Double = 300) -> JSONValue {
        [
            "labels": ["alertname": name, "service": service], "annotations": ["summary": "s"],
            "startsAt": "2024-01-01T00:00:00.5Z", "generatorURL": "http://p/graph",
            "endsAt": .string(Timestamp.now().adding(seconds: seconds).description),
        ]
    }

    private static func bearer(_ site: IngressSite) -> HTTPFields {
        [.authorization: "Bearer \(site.key)"]
    }

    private static func names(_ site: IngressSite, _ query: String) async -> [String] {
        let reply = await site.send(.get, "/api/v2/alerts?\(query)", headers: bearer(site), gives: 200)
        return (reply.json.array ?? []).compactMap { $0["labels"]?["alertname"]?.string }.sorted()
    }

    @Test
    func `Prometheus' alerts are taken, sent again, and end`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let headers = Self.bearer(site)
            for _ in 0..<2 {
                let reply = await site.send(
                    .post, "/api/v2/alerts", [Self.alert("Slow", "api"), Self.alert("Down", "db")], headers: headers,
                    gives: 200)
                #expect(reply.text.isEmpty)
            }
            #expect(await Self.names(site, "") == ["Down", "Slow"])
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", "api", endsIn: -5)], headers: headers, gives: 200)
            #expect(await Self.names(site, "active=true&silenced=true&inhibited=true&unprocessed=true") == ["Down"])
            try await site.afterRestart { later in
                await later.send(
                    .post, "/api/v2/alerts", [Self.alert("Down", "db", endsIn: -5)], headers: headers, gives: 200)
                #expect(await Self.names(later, "") == [])
            }
        }
    }

    @Test(arguments: [
        ("filter=alertname%3D%22Slow%22", ["Slow"]), ("filter=alertname!%3D%22Slow%22", ["Down"]),
        ("filter=service%3D~%22a.%2B%22", ["Slow"]), ("filter=service!~%22a.%2B%22", ["Down"]),
        ("filter=service%3D~%22a%22", []), ("filter=nothing%3D%22%22", ["Down", "Slow"]),
        ("filter=service%3D%22db%22&filter=alertname%3DDown", ["Down"]), ("active=false", []),
        ("active=TRUE&silenced=0&inhibited=false&unprocessed=1&muted=false", ["Down", "Slow"]),
        ("receiver=prom.*", ["Down", "Slow"]), ("receiver=prom", []), ("receiver=nope&active=true", []),
    ])
    func `A filter narrows the list as Alertmanager's does`(query: String, names: [String]) async throws {
        try await IngressSite.with(.prometheus) { site in
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", "api"), Self.alert("Down", "db")],
                headers: Self.bearer(site), gives: 200)
            #expect(await Self.names(site, query) == names)
        }
    }

    @Test
    func `A pattern that others compute for ever on is answered at once`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let long: JSONValue = .string(String(repeating: "a", count: 900))
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", long)], headers: Self.bearer(site), gives: 200)
            #expect(await Self.names(site, "filter=service%3D~%22(a%2B)%2Bb%22") == [])
            for wrong in ["filter=service%3D~%22(%22", "filter=service", "filter=%3D%22x%22"] {
                await site.send(.get, "/api/v2/alerts?\(wrong)", headers: Self.bearer(site), gives: 400)
            }
        }
    }

    @Test(arguments: ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"])
    func `A parameter that narrows a list is honoured or refused`(path: String) async throws {
        try await IngressSite.with(.prometheus) { site in
            for wrong in ["active=foo", "silenced=", "inhibited=2", "unprocessed=x", "receiver=%28", "filter=a"] {
                let reply = await site.send(.get, "\(path)?\(wrong)", headers: Self.bearer(site), gives: 400)
                #expect(reply.json.string?.contains("/\(wrong.prefix { $0 != "=" })") == true, "\(reply.text)")
            }
        }
    }

    @Test
    func `Where an alert was made comes back as the field that it was`() async throws {
        try await IngressSite.with(.prometheus) { site in
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", "api")], headers: Self.bearer(site), gives: 200)
            let listed = await site.send(.get, "/api/v2/alerts", headers: Self.bearer(site), gives: 200).json
            #expect(listed[0]?["generatorURL"] == "http://p/graph" && listed[0]?["annotations"] == ["summary": "s"])
        }
    }

    @Test
    func `The key may be a token, a password, a user name or a parameter`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let basic = [":\(site.key)", "prometheus:\(site.key)", "\(site.key):"].map {
                "Basic \(Base64.encode(Array($0.utf8)))"
            }
            for header in basic + ["Bearer \(site.key)", "ApiKey \(site.key)"] {
                await site.send(.get, "/api/v2/alerts", headers: [.authorization: header], gives: 200)
            }
            await site.send(.get, "/api/v2/alerts?key=\(site.key)", gives: 200)
            for header in ["Bearer wrong", "Basic !", "Basic", "Digest x"] {
                await site.send(.post, "/api/v2/alerts", [], headers: [.authorization: header], gives: 401)
            }
            let groups = await site.send(.get, "/api/v2/alerts/groups", gives: 401)
            #expect(groups.headers[.contentType] == "application/json", "amtool reads nothing else")
            #expect(groups.json.string?.contains("source's key") == true)
            await site.send(.get, "/api/v2/receivers", gives: 401)
        }
    }

    @Test
    func `Overload is 503, and a body that is no list is kept`() async throws {
        try await IngressSite.with(.prometheus) { site in
            try await site.whenOverloaded { full in
                let reply = await full.send(
                    .post, "/api/v2/alerts", [Self.alert("Slow", "api")], headers: Self.bearer(full), gives: 503)
                #expect(reply.headers[.retryAfter] != nil)
            }
            let refused = await site.send(
                .post, "/api/v2/alerts", ["a": 1], headers: Self.bearer(site), gives: 422)
            #expect(refused.json.string?.contains("Kept as dead letter") == true, "\(refused.json)")
        }
    }

    @Test
    func `amtool finds what it asks for before anything else`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let status = await site.send(.get, "/api/v2/status", gives: 200).json
            #expect(status["config"]?["original"]?.string != nil && status["cluster"]?["status"] == "ready")
            #expect(status["versionInfo"]?["version"]?.string != nil && status["uptime"]?.string != nil)
            for path in ["/-/healthy", "/-/ready"] { await site.send(.get, path, gives: 200) }
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", "api"), Self.alert("Slow", "db")],
                headers: Self.bearer(site), gives: 200)
            let groups = await site.send(.get, "/api/v2/alerts/groups", headers: Self.bearer(site), gives: 200).json
            #expect(groups.array?.count == 1 && groups[0]?["alerts"]?.array?.count == 2)
            let receivers = await site.send(.get, "/api/v2/receivers", headers: Self.bearer(site), gives: 200).json
            #expect(receivers == [["name": "prometheus"]])
        }
    }

    @Test
    func `A silence that amtool makes is the source's own, and ends`() async throws {
        try await IngressSite.with(.prometheus) { site in
            let other = try await IngressSite(site.server, .alertmanager)
            let ends = Timestamp.now().adding(seconds: 3600).description
            let body: JSONValue = [
                "matchers": [["name": "alertname", "value": "S.*", "isRegex": true, "isEqual": false]],
                "startsAt": .string(Timestamp.now().description), "endsAt": .string(ends), "createdBy": "mia",
                "comment": "we know",
            ]
            let headers = Self.bearer(site)
            let made = await site.send(.post, "/api/v2/silences", body, headers: headers, gives: 200).json
            let path = "/api/v2/silence/\(made["silenceID"]?.string ?? "")"
            let listed = await site.send(.get, "/api/v2/silences", headers: headers, gives: 200).json
            #expect(listed.array?.count == 1 && listed[0]?["status"]?["state"] == "active")
            #expect(listed[0]?["matchers"] == body["matchers"] && listed[0]?["createdBy"] == "mia")
            let kept = await site.ask(.get, "/v1/silences").json["items"]?[0]
            #expect(kept?["source"] == .string(site.source) && kept?["matchers"]?.array?.count == 2)
            await other.send(.get, path, headers: Self.bearer(other), gives: 404)
            await other.send(.delete, path, headers: Self.bearer(other), gives: 404)
            #expect(await other.send(.get, "/api/v2/silences", headers: Self.bearer(other), gives: 200).json == [])
            await site.send(.delete, path, headers: headers, gives: 200)
            let ended = await site.send(.get, path, headers: headers, gives: 200).json
            #expect(ended["status"]?["state"] == "expired")
            for wrong: JSONValue in [[:], ["matchers": [["name": "a"]]], ["matchers": [["name": "a", "value": "b"]]]] {
                await site.send(.post, "/api/v2/silences", wrong, headers: headers, gives: 422)
            }
        }
    }

    @Test
    func `A source sees only its own alerts`() async throws {
        try await IngressSite.with(.prometheus) { site in
            await site.send(
                .post, "/api/v2/alerts", [Self.alert("Slow", "api")], headers: Self.bearer(site), gives: 200)
            let other = try await IngressSite(site.server, .prometheus)
            #expect(await Self.names(other, "") == [])
            #expect(await Self.names(site, "") == ["Slow"])
        }
    }
}

/// The `filter` of Alertmanager's lists.
struct AlertmanagerMatcherTests {
    @Test func `a filter that takes too long over all alerts is refused, and says so`() throws {
        let matcher = try AlertmanagerMatcher(#"team=~"(.?[a-z]{0,100}){12}.*""#)
        let labels = ["team": String(repeating: "x", count: 4000)]
        var operations = 3_000_000
        let isMatch = try matcher.matches(labels, operations: &operations)
        #expect(isMatch && operations < 3_000_000)
        let problem = #expect(throws: Problem.self) {
            for _ in 0..<20 { _ = try matcher.matches(labels, operations: &operations) }
        }
        #expect(problem?.kind == .invalidValue && problem?.detail.contains("takes too long to match") == true)
    }
}
