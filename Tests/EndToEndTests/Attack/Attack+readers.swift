import FoundationEssentials

/// Bodies and texts that cost much to read, from those who have a key or a token.
extension Attack {
    static let onReaders: [Attack] = [
        deepJSON, wideJSON, yamlBombs, gzipBombs, patternBombs, forgedCursors, poisonousTexts, scrapers,
    ]

    private static let taken: Set<Int> = [200, 201, 202, 204]

    /// Brackets within brackets.
    static let deepJSON = Attack("deep-json", answers: refusals) { target, until in
        let bodies = [
            String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 150_000),
            "{\"alerts\":" + String(repeating: "[", count: 400_000) + String(repeating: "]", count: 400_000) + "}",
        ]
        return await requests(to: target, until, bodies.map { Array($0.utf8) })
    }

    /// Many members, long numbers, escapes.
    static let wideJSON = Attack("wide-json", answers: refusals.union(taken)) { target, until in
        let members = "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let alert = #"{"status":"firing","labels":{"a":"b"},"fingerprint":"same"}"#
        let bodies = [
            members, "{\"alerts\":\(members)}", "[" + String(repeating: "0,", count: 400_000) + "0]",
            String(repeating: "1", count: 900_000), "1e" + String(repeating: "9", count: 900_000),
            "{\"title\":\"" + String(repeating: "\\u00e9", count: 150_000) + "\"}",
            "{\"alerts\":[{\"status\":\"firing\",\"labels\":\(members)}]}",
            "{\"alerts\":[" + String(repeating: alert + ",", count: 10_000) + alert + "]}",
        ]
        return await requests(to: target, until, bodies.map { Array($0.utf8) })
    }

    /// Keys by the hundred thousand, and texts that mean far more than they hold.
    static let yamlBombs = Attack("yaml-bombs", seconds: 2.5, answers: refusals.union(taken)) { target, until in
        let keys = (0..<130_000).map { String($0) }.joined(separator: ",")
        let levels = (1...9).map { level in
            let before = "*a\(level - 1)"
            return "a\(level): &a\(level) [\(Array(repeating: before, count: 9).joined(separator: ","))]\n"
        }.joined()
        let bodies = [
            "{\(keys)}", "a0: &a0 lol\n" + levels, String(repeating: "[", count: 200_000),
            String(repeating: "- ", count: 200_000), String(repeating: "? ", count: 200_000),
            String(repeating: "a: \n", count: 130_000), "components:\n" + String(repeating: "- {}\n", count: 130_000),
            "a: \"" + String(repeating: "\\\n ", count: 200_000) + "\"",
            String(repeating: "!a ", count: 200_000), String(repeating: "&a ", count: 200_000),
        ]
        let made = bodies.map {
            RawRequest.make(
                "PUT", "/v1/components?dry_run=true", token: target.adminToken, type: "application/yaml",
                body: Array($0.utf8))
        }
        return await Crowd.run(target.port, 6, until: until) { index in
            Crowd.Script(turns: Array(made[(index % made.count)...] + made[..<(index % made.count)]), awaitingMax: 1)
        }
    }

    /// A hundred kilobytes that are a hundred megabytes.
    static let gzipBombs = Attack("gzip-bombs", answers: refusals) { target, until in
        let paths = [target.hook, "/v1/incidents", "/reports"]
        let made = paths.flatMap { path in
            ["gzip", "x-gzip", "deflate", "gzip, gzip"].map { coding in
                RawRequest.make(
                    "POST", path, token: target.adminToken, headers: ["Content-Encoding: \(coding)"],
                    body: target.library.gzipBomb)
            }
        }
        return await Crowd.run(target.port, 8, until: until) { index in
            Crowd.Script(turns: Array(made[index...] + made[..<index]), awaitingMax: 1)
        }
    }

    /// Each body to the doors that read JSON.
    private static func requests(
        to target: AttackTarget, _ until: ContinuousClock.Instant, _ bodies: [[UInt8]]
    ) async -> Crowd.Outcome {
        let doors = [
            (target.hook, ""), ("/v1/incidents", target.adminToken), ("/v1/rules/try", target.viewerToken),
            ("/v2/enqueue", ""), ("/reports", ""),
        ]
        let made = doors.flatMap { path, token in
            bodies.map { RawRequest.make("POST", path, token: token.isEmpty ? nil : token, body: $0) }
        }
        return await Crowd.run(target.port, 8, until: until) { index in
            let first = index * 3 % made.count
            return Crowd.Script(turns: Array(made[first...] + made[..<first]), awaitingMax: 1)
        }
    }
}

// MARK: - Regular expressions

extension Attack {
    /// Silences of a colleague whose patterns are small to write and large to run, and alerts that they are asked about.
    static let patternBombs = Attack("pattern-bombs", seconds: 3, answers: refusals.union([200, 201])) {
        target, until in
        let classes = String(String.UnicodeScalarView((0..<960).compactMap { Unicode.Scalar(0x4E00 + $0 * 2) }))
        let patterns = [
            "(((((){200}){200}){200}){200}){200}", "(?i)([^\(classes)]{0,200}){9}", "((a?){200}){15}",
            "(.*.*.*.*.*x|.*.*.*.*.*y){20}", "([a-z]*[a-z]*[a-z]*){60}b", "((((((a*)*)*)*)*)*)*b",
            "(\(String(repeating: "a|", count: 480))){3}",
        ]
        var outcome = Crowd.Outcome()
        let silences = patterns.map { silence([$0]) } + [silence(Array(repeating: patterns[1], count: 50))]
        var made: [String] = []
        for silence in silences {
            // What the daemon is silent about for so long is its fault, and the witness says it.
            guard let reply = try? await target.responder.send("POST", "/v1/silences", .json(silence), timeout: 20)
            else {
                outcome.complaints.append("no answer to a silence within 20 s")
                continue
            }
            outcome.statuses[reply.status, default: 0] += 1
            if let id = reply.json["id"].string { made.append("/v1/silences/\(id)") }
        }
        let text = String(repeating: "a", count: 4_000)
        let alerts = (0..<200).map { number in
            let labels: JSON = ["alertname": .string(text), "victim": .string(text), "n": .string("\(number)")]
            let alert: JSON = ["status": "firing", "fingerprint": .string("bomb-\(number)"), "labels": labels]
            return RawRequest.make(
                "POST", target.hook, json: ["groupKey": .string("bomb-\(number)"), "alerts": [alert]])
        }
        outcome =
            outcome
            + (await Crowd.run(target.port, 2, until: until) { index in
                Crowd.Script(turns: Array(alerts[(index * 100)...].prefix(100)), turnsMax: 100, awaitingMax: 1)
            })
        for path in made { _ = try? await target.responder.send("DELETE", path, timeout: 20) }
        return outcome
    }

    /// Every pattern is asked about titles, and whatever it says the next one is asked, too.
    private static func silence(_ patterns: [String]) -> JSON {
        let matchers = patterns.flatMap { pattern -> [JSON] in
            ["victim", "title"].map { ["label": .string($0), "operator": "!~", "value": .string(pattern + "never")] }
        }.prefix(49)
        let own: JSON = ["label": "source", "operator": "=", "value": "attackers"]
        return ["matchers": .array(matchers + [own]), "duration_seconds": 600, "comment": "A colleague's mistake"]
    }
}

// MARK: - Texts

extension Attack {
    /// Places in lists that no list gave out.
    static let forgedCursors = Attack("forged-cursors", answers: refusals.union([200, 404])) { target, until in
        let lists = [
            "incidents", "alerts", "silences", "sources", "tokens", "dead-letters", "changes", "heartbeats", "probes",
            "components", "catalog-history", "timeline", "probe-results",
        ]
        let paths = [
            "/v1/incidents", "/v1/alerts", "/v1/silences", "/v1/sources", "/v1/tokens", "/v1/dead-letters",
            "/v1/changes", "/v1/heartbeats", "/v1/probes", "/v1/components", "/v1/catalog/history",
            target.incident + "/timeline", "/v1/components/payments/history",
        ]
        let keys = [
            "9223372036854775807", "-9223372036854775808", "253402300799999", "253402300800000", "-62135596800001",
            "1e308", "\"\\u0000\"", "\"\u{1}\"", "\"\\ud800\"", "null", "[]", "{}",
            "\"\(String(repeating: "x", count: 600))\"", "1,2,3,4,5", "\"'; DROP TABLE alert; --\"",
        ].flatMap { ["\($0),\"00000000-0000-0000-0000-000000000000\"", "\($0),\"x\"", "\($0),9223372036854775807"] }
        let made = zip(lists, paths).flatMap { list, path in
            keys.flatMap { key -> [[UInt8]] in
                let cursor = Data("[\"\(list)\",\(key)]".utf8).base64EncodedString()
                    .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
                return ["?cursor=\(cursor)", "?limit=200&cursor=\(cursor)%00"].map {
                    RawRequest.make("GET", path + $0, token: target.adminToken)
                }
            }
        }
        let places = [
            "/v1/events?after=9223372036854775807-9223372036854775807", "/v1/events?after=1-99999999999999999999",
        ]
        .map { RawRequest.make("GET", $0, token: target.viewerToken, headers: ["Connection: close"]) }
        let late = ["?after=9223372036854775807", "?after=9223372036854775808", "?after=-1"].map {
            RawRequest.make("GET", target.incident + "/timeline" + $0, token: target.viewerToken)
        }
        return await Crowd.run(target.port, 6, until: until) { index in
            if index >= 4 { return Crowd.Script(opening: places[index - 4], reopens: false) }
            let part = late + stride(from: index, to: made.count, by: 4).map { made[$0] }
            return Crowd.Script(turns: part, turnsMax: part.count, awaitingMax: 4)
        }
    }

    /// What PostgreSQL cannot store, in the texts of every door.
    static let poisonousTexts = Attack("poisonous-texts", answers: refusals.union(taken)) { target, until in
        let end = Moment.text(Date().addingTimeInterval(3_600))
        let key = "Authorization: GenieKey \(target.key)"
        let foreign = "Authorization: Bearer \(target.key)"
        let doors: [(path: String, headers: [String], body: String)] = [
            ("/v1/incidents", [], #"{"title":"x$","labels":{"a$":"b$"}}"#),
            ("\(target.incident)/notes", [], #"{"text":"x$"}"#),
            ("/v1/sources", [], #"{"name":"x$","kind":"alertmanager"}"#),
            ("/v1/tokens", [], #"{"name":"x$","role":"viewer"}"#),
            (
                "/v1/silences", [],
                #"{"matchers":[{"label":"a$","value":"b$"}],"duration_seconds":60,"comment":"x$"}"#
            ),
            ("/v1/rules/try", [], #"{"alert":{"labels":{"a$":"b$"}}}"#),
            (target.hook, [], #"{"groupKey":"g$","alerts":[{"status":"firing","labels":{"a$":"b$"}}]}"#),
            (target.hook + "$", [], "{}"), ("/v2/enqueue", [], #"{"routing_key":"\#(target.key)$"}"#),
            ("/v2/alerts", [key], #"{"message":"x","alias":"known"}"#),
            ("/v2/alerts", [key], #"{"message":"x$","alias":"a$","details":{"a$":"b$"},"tags":["t$"]}"#),
            ("/v2/alerts/known/notes?identifierType=alias", [key], #"{"note":"x$","user":"u$"}"#),
            ("/api/v2/alerts", [foreign], #"[{"labels":{"alertname":"x$"},"annotations":{"a$":"b$"}}]"#),
            (
                "/api/v2/silences", [foreign],
                #"{"matchers":[{"name":"a$","value":"b$"}],"endsAt":"\#(end)","comment":"c$","createdBy":"d$"}"#
            ),
            ("/reports", [], #"{"symptom":"slow","component":"payments$","region":"eu$"}"#),
        ]
        // NUL, half of a surrogate pair, not a character, what turns a line around, and bytes that are no UTF-8.
        let poisons: [[UInt8]] = [
            Array(#"\u0000"#.utf8), Array(#"\ud800"#.utf8), Array(#"\uffff"#.utf8), Array(#"\u202e"#.utf8),
            [0xFF, 0xFE],
            [0xED, 0xA0, 0x80], [0x00],
        ]
        let made = doors.flatMap { door in
            poisons.map { poison in
                let token = door.headers.isEmpty && door.path.hasPrefix("/v1") ? target.adminToken : nil
                let parts = door.body.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
                let path = door.path.replacing("$", with: "%00")
                return RawRequest.make(
                    "POST", path, token: token, headers: door.headers, body: Array(parts.joined(separator: poison)))
            }
        }
        return await Crowd.run(target.port, 4, until: until) { index in
            let part = stride(from: index, to: made.count, by: 4).map { made[$0] }
            return Crowd.Script(turns: part, turnsMax: part.count, awaitingMax: 1)
        }
    }

    /// Metrics, pages and lists, without a pause.
    static let scrapers = Attack("scrapers", answers: refusals.union([200])) { target, until in
        let made =
            Array(repeating: RawRequest.make("GET", "/metrics"), count: 4)
            + ["/v1/alerts?limit=200", "/v1/incidents?limit=200", target.incident, "/v1/catalog.yaml", "/v1/reports"]
            .map {
                RawRequest.make("GET", $0, token: target.viewerToken)
            } + [RawRequest.make("GET", "/openapi.yaml")]
        return await Crowd.run(target.port, 24, until: until) { index in
            Crowd.Script(turns: index.isMultiple(of: 2) ? [made[0]] : made, awaitingMax: 2)
        }
    }
}
