import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// PagerDuty's Events API v2 as its clients meet it.
@Suite(.timeLimit(.minutes(20)))
struct PagerDutyRouteTests {
    private static func event(_ key: String, _ action: JSONValue = "trigger", dedup: JSONValue = "disk") -> JSONValue {
        [
            "routing_key": .string(key), "event_action": action, "dedup_key": dedup,
            "payload": ["summary": "Disk full", "source": "db-1", "severity": "critical"],
        ]
    }

    @Test
    func `A trigger, an acknowledgement and a resolve are 202 with the key of the alert`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            for (action, status) in [("trigger", "firing"), ("acknowledge", "acknowledged"), ("resolve", "resolved")] {
                let reply = await site.send(
                    .post, "/v2/enqueue", Self.event(site.key, .string(action)), gives: 202)
                #expect(reply.json == ["status": "success", "message": "Event processed", "dedup_key": "disk"])
                #expect(await site.alerts() == ["disk \(status) 1"])
            }
        }
    }

    @Test
    func `A trigger without a key is told the key that was made`() async throws {
        try await IngressSite.with(.alertmanager) { site in
            let first = await site.send(.post, "/v2/enqueue", Self.event(site.key, dedup: .null), gives: 202)
            let second = await site.send(.post, "/v2/enqueue", Self.event(site.key, dedup: .null), gives: 202)
            let keys = [first, second].compactMap { $0.json["dedup_key"]?.string }
            #expect(await site.alerts() == keys.map { "\($0) firing 1" }.sorted())
            await site.send(.post, "/v2/enqueue", Self.event(site.key, "resolve", dedup: .string(keys[0])), gives: 202)
            #expect(await site.alerts() == ["\(keys[0]) resolved 1", "\(keys[1]) firing 1"].sorted())
        }
    }

    @Test
    func `What ends nothing is 202, too`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            for action: JSONValue in ["resolve", "acknowledge"] {
                await site.send(
                    .post, "/v2/enqueue",
                    ["routing_key": .string(site.key), "event_action": action, "dedup_key": "nothing"], gives: 202)
            }
            #expect(await site.alerts().filter { !$0.hasPrefix("nothing resolved") } == [])
        }
    }

    @Test
    func `The key that comes within a message is in nothing that is kept of it`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            var event = Self.event(site.key).object ?? JSONObject()
            event["payload"] = ["summary": .string("key \(site.key)"), "source": "db-1", "severity": "critical"]
            await site.send(.post, "/v2/enqueue", .object(event), gives: 202)
            await site.send(.post, "/v2/enqueue", Self.event(site.key, "shout"), gives: 400)
            let escaped = "\\u00\(String(site.key.utf8.first ?? 0, radix: 16))\(site.key.dropFirst())"
            let whisper = String(decoding: Self.event(site.key, "whisper").bytes, as: UTF8.self)
            let raw = whisper.replacing(site.key, with: escaped)
            await site.send(.post, "/v2/enqueue", raw: raw, gives: 400)
            let alert = await site.ask(.get, "/v1/alerts").json["items"]?[0]?["id"]?.string ?? ""
            let letter = await site.ask(.get, "/v1/dead-letters").json["items"]?[0]?["id"]?.string ?? ""
            let older = await site.ask(.get, "/v1/dead-letters").json["items"]?[1]?["id"]?.string ?? ""
            let kept = [
                await site.ask(.get, "/v1/alerts/\(alert)"), await site.ask(.get, "/v1/dead-letters/\(letter)"),
                await site.ask(.get, "/v1/dead-letters/\(older)"),
            ]
            #expect(kept.allSatisfy { $0.text.contains("routing_key") && $0.text.contains("****") })
            #expect(kept.allSatisfy { !$0.text.contains(site.key) && !$0.text.contains(site.key.dropFirst()) })
        }
    }

    @Test
    func `Keys that were kept before are hidden, and a dead letter can still be sent again`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            await site.send(.post, "/v2/enqueue", Self.event(site.key), gives: 202)
            await site.send(.post, "/v2/enqueue", Self.event(site.key, "shout"), gives: 400)
            let pool = site.server.server.pool
            let mask = String(repeating: "*", count: site.key.utf8.count)
            for (table, column) in [("alert", "payload"), ("dead_letter", "body")] as [(SQL, SQL)] {
                try await pool.query(
                    """
                    UPDATE \(fragment: table) SET \(fragment: column) = convert_to(
                        replace(convert_from(\(fragment: column), 'UTF8'), \(mask), \(site.key)), 'UTF8')
                    """)
            }
            #expect(try await KeptKeyStore(pool: pool).hide() == 2)
            #expect(try await KeptKeyStore(pool: pool).hide() == 0)
            let letter = await site.ask(.get, "/v1/dead-letters").json["items"]?[0]?["id"]?.string ?? ""
            let replayed = await site.server.ask(.post, "/v1/dead-letters/\(letter)/replay")
            #expect(!replayed.text.contains("bytes of this message"), "\(replayed.text)")
        }
    }

    @Test func `Only what is a key is hidden`() {
        let hashes: Set = [SourceCache.hash("secret")]
        func hidden(_ text: String) -> String? {
            KeptKeyStore.hiding(hashes, in: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(hidden(#"{"routing_key" : "secret", "x": 1}"#) == #"{"routing_key" : "******", "x": 1}"#)
        for other in [
            #"{"routing_key":"orders.new"}"#, #"{"routing_key":"secret"#.dropLast(2) + "", #"{"routing_key":7}"#,
            "secret",
        ] {
            #expect(hidden(String(other)) == nil, "\(other)")
        }
    }

    @Test
    func `A meaningless Authorization is not looked at`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            await site.send(
                .post, "/v2/enqueue", Self.event(site.key), headers: [.authorization: "Token token=apikey"], gives: 202)
        }
    }

    @Test(arguments: ["wrong", "", String(repeating: "k", count: 5_000)])
    func `A wrong key is 400 and not 401`(key: String) async throws {
        try await IngressSite.with(.pagerduty) { site in
            let reply = await site.send(.post, "/v2/enqueue", Self.event(key), gives: 400)
            #expect(reply.json["status"] == "invalid event")
            #expect(reply.json["errors"]?.array?.isEmpty == false)
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `An event that is wrong hears everything that is wrong, and is kept`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            let reply = await site.send(
                .post, "/v2/enqueue",
                ["routing_key": .string(site.key), "event_action": "trigger", "payload": ["summary": "Disk full"]],
                gives: 400)
            #expect(reply.json["message"] == "Event object is invalid")
            let errors = (reply.json["errors"]?.array ?? []).compactMap(\.string)
            #expect(errors.count == 3 && errors[0].contains("payload/source") && errors[1].contains("payload/severity"))
            #expect(errors.last?.hasPrefix("kept as dead letter") == true)
            await site.send(.post, "/v2/enqueue", raw: "{", gives: 400)
            await site.send(.post, "/v2/enqueue", [1, 2], gives: 400)
            #expect(await site.count("/v1/dead-letters") == 1)
            #expect(await site.alerts() == [])
        }
    }

    @Test
    func `More than 512 KB is 413`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            let long = String(repeating: "x", count: 524_288)
            await site.send(.post, "/v2/enqueue", Self.event(site.key, dedup: .string(long)), gives: 413)
            #expect(await site.count("/v1/dead-letters") == 0)
        }
    }

    @Test
    func `When too much waits, the answer is 429 with the time to wait`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            try await site.whenOverloaded { full in
                let reply = await full.send(.post, "/v2/enqueue", Self.event(full.key), gives: 429)
                #expect(reply.headers[.retryAfter] != nil)
                #expect(reply.json["status"]?.string != nil && reply.json["message"]?.string != nil)
            }
            #expect(await site.alerts() == [])
        }
    }

    @Test
    func `The same events at once and after a restart are one alert`() async throws {
        try await IngressSite.with(.pagerduty) { site in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = await site.send(.post, "/v2/enqueue", Self.event(site.key), gives: 202) }
                }
            }
            #expect(await site.alerts() == ["disk firing 20"])
            try await site.afterRestart { later in
                await later.send(.post, "/v2/enqueue", Self.event(later.key, "resolve"), gives: 202)
                #expect(await later.alerts() == ["disk resolved 20"])
            }
        }
    }
}
