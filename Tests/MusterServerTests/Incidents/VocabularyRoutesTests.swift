import FoundationEssentials
import HTTPTypes
import IncidentDomain
import TestSupport
import Testing

@testable import MusterServer

/// The words that requests accept, and the rules in force.
@Suite(.timeLimit(.minutes(20))) struct VocabularyRoutesTests {
    private static func words(_ server: DescribedServer, _ path: String) async -> [String] {
        (await server.ask(.get, path).json["items"]?.array ?? []).compactMap { $0["word"]?.string }
    }

    @Test func `every word that is told is taken, and none is missing`() async throws {
        try await DescribedServer.with { server in
            _ = await server.ask(.post, "/v1/incidents", ["title": "Videos stop"])
            let roles = await Self.words(server, "/v1/roles")
            #expect(roles == IncidentRole.allCases.map(\.rawValue))
            for role in roles {
                let put = await server.ask(.put, "/v1/incidents/1/roles/\(role)", ["person": "Amara"])
                #expect(put.status == 200)
            }
            let audiences = await server.ask(.get, "/v1/audiences").json["items"]?.array ?? []
            #expect(
                Set(audiences.compactMap { $0["word"]?.string })
                    == Set(Audience.allCases.map(\.rawValue) + UpdateAudience.allCases.map(\.rawValue)))
            for audience in audiences {
                let word = audience["word"]?.string ?? ""
                let places = (audience["used_in"]?.array ?? []).compactMap(\.string)
                let hit = await server.ask(.put, "/v1/incidents/1/audiences/\(word)", ["description": "d"])
                #expect((hit.status == 200) == places.contains("PUT /v1/incidents/{id}/audiences/\(word)"), "\(word)")
                let told = await server.ask(
                    .post, "/v1/incidents/1/updates/draft", ["audience": .string(word), "body": "b"])
                #expect((told.status == 201) == places.contains("POST /v1/incidents/{id}/updates/draft"), "\(word)")
            }
            for cause in await server.ask(.get, "/v1/causes").json["items"]?.array ?? [] {
                for subcategory in cause["subcategories"]?.array ?? [] {
                    let put = await server.ask(
                        .put, "/v1/incidents/1/cause",
                        ["category": cause["word"] ?? .null, "subcategory": subcategory["word"] ?? .null])
                    #expect(put.status == 200, "\(put.text)")
                }
            }
            #expect(await Self.words(server, "/v1/causes") == CauseCategory.allCases.map(\.rawValue))
            #expect(server.complaints == [])
        }
    }

    @Test func `an unknown audience is refused alike, wherever it is said`() async throws {
        try await DescribedServer.with { server in
            _ = await server.ask(.post, "/v1/incidents", ["title": "Videos stop"])
            let hit = await server.ask(.put, "/v1/incidents/1/audiences/usres", ["description": "d"])
            let body: JSONValue = ["audience": "usres", "body": "b"]
            let posted = await server.ask(.post, "/v1/incidents/1/updates", body)
            let drafted = await server.ask(.post, "/v1/incidents/1/updates/draft", body)
            for refused in [hit, posted, drafted] {
                #expect(refused.status == 422 && refused.json["type"] == "/problems/invalid-value")
                #expect(refused.json["errors"]?[0]?["pointer"] == "/audience")
                let detail = refused.json["errors"]?[0]?["detail"]?.string ?? ""
                #expect(detail.hasPrefix("must be one of: users, creators, businesses, "), "\(detail)")
                #expect(detail.hasSuffix("Did you mean users?"), "\(detail)")
            }
            #expect(server.complaints == [])
        }
    }

    @Test func `the policy is what the configuration says`() async throws {
        let yaml = """
            policy: {sev1: {detect: [acknowledged, update_posted], when_cleared: close, after_seconds: 60}}
            escalation: {sev1: {notify: [pager], escalate: ["300: lead, boss"]}}
            updates: {every_minutes: {sev3: 15}, review_due_days: {sev4: 0}, approval: {sev2: [users, regulators]}}
            restoration: {waves_by_severity: {sev1: enforce}, soak_seconds: {tier_0: 600}, dependents_start: verifying}
            alert: {severity_words: {sev1: [armageddon]}}
            """
        let configuration = try ServerConfiguration(SettingSource(yaml: yaml, fileName: nil, environment: [:]))
        var json = JSONWriter()
        json.value(RulesInForce(configuration))
        let policy = try JSONParser.parse(json.bytes)
        let severities = policy["severities"]?.array ?? []
        #expect(severities.map { $0["severity"] } == [.null, "sev1", "sev2", "sev3", "sev4"])
        #expect(severities[1]["when_cleared"] == ["do": "close", "after_seconds": 60])
        #expect(severities[2]["when_cleared"] == ["do": "keep", "after_seconds": nil])
        #expect(
            severities[1]["escalation"] == [
                ["after_seconds": 0, "endpoints": ["pager"]], ["after_seconds": 300, "endpoints": ["lead", "boss"]],
            ])
        #expect(severities[0]["escalation"] == [] && severities[0]["update_every_minutes"] == .null)
        #expect(severities[1]["update_every_minutes"] == 30 && severities[3]["update_every_minutes"] == 15)
        #expect(severities[1]["review_due_days"] == 5 && severities[4]["review_due_days"] == .null)
        #expect(severities[2]["updates_need_approval"] == ["users", "regulators"])
        #expect(severities[1]["waves"] == "enforce" && severities[2]["waves"] == "advise")
        #expect(policy["restoration"] == ["dependents_start": "verifying", "soak_seconds": [600, 0, 0, 0]])

        let detect = policy["transitions"]?[0]
        #expect(detect?["from"] == "detect" && detect?["to"] == "assess")
        #expect(detect?["asks"]?[0]?["requirements"] == ["acknowledged"])
        #expect(detect?["asks"]?[1]?["requirements"] == ["acknowledged", "update_posted"])
        let words = policy["alerts"]?["severity_words"]?.array ?? []
        #expect(words.contains(["word": "armageddon", "kind": nil, "severity": "sev1"]))
        #expect(words.contains(["word": "sev0", "kind": "azure-monitor", "severity": "sev1"]))
        #expect(policy["requirements"]?.array?.count == Requirement.allCases.count)
    }
}
