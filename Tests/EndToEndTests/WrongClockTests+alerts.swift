import FoundationEssentials
import Testing

/// The same of what others send, which often carries times of its own.
extension WrongClockTests {
    @Test func `an alert that Prometheus keeps alive for some minutes is not over, and one that ended is`() async throws
    {
        try await WrongClock.with { ahead, behind in
            let source = try await ahead.api.post("/v1/sources", ["name": "prometheus", "kind": "alertmanager"])
                .expect(201)
            for (name, daemon) in [("ahead", ahead), ("behind", behind)] {
                let api = daemon.api.with(token: source["key"].string)
                func alert(_ state: String, endsIn seconds: Double) -> JSON {
                    [
                        "labels": ["alertname": .string("\(name) \(state)"), "component": "feed"],
                        "startsAt": .string(Moment.text(Date().addingTimeInterval(-600))),
                        "endsAt": .string(Moment.text(Date().addingTimeInterval(seconds))),
                    ]
                }
                let alerts: JSON = [alert("firing", endsIn: 240), alert("over", endsIn: 240)]
                try await api.post("/api/v2/alerts", alerts).expect(200)
                try await api.post("/api/v2/alerts", [alert("over", endsIn: -60)]).expect(200)
            }
            let alerts = try await behind.api.all("/v1/alerts")
            let states = alerts.map { "\($0["labels"]["alertname"].string ?? "") \($0["status"].string ?? "")" }
            #expect(
                states.sorted() == [
                    "ahead firing firing", "ahead over resolved", "behind firing firing", "behind over resolved",
                ])
        }
    }

    @Test func `alerts are listed in the order in which they came, whoever took them`() async throws {
        try await WrongClock.with { ahead, behind in
            let source = try await ahead.api.makeSource("prometheus")
            for (index, daemon) in [ahead, behind, ahead, behind].enumerated() {
                let message = AlertmanagerMessage(group: "g\(index)", [.init("\(index)")])
                try await daemon.api.post(source.hook, message.json).expect(200)
                // Each daemon counts on from its last look at the database's clock, to some milliseconds on a busy machine.
                try await Task.sleep(for: .milliseconds(200))
            }
            let listed = try await ahead.api.all("/v1/alerts").map { $0["labels"]["alertname"] }
            #expect(listed == ["g3", "g2", "g1", "g0"])
        }
    }

    @Test func `a signature holds for as long as it should, at either`() async throws {
        try await WrongClock.with { ahead, behind in
            let secret = "a secret of both"
            let signature: JSON = [
                "scheme": "grafana", "timestamp_header": "X-Signed-At", "secrets": [.string(secret)],
            ]
            let source = try await ahead.api.post(
                "/v1/sources", ["name": "grafana", "kind": "alertmanager", "signature": signature]
            ).expect(201)
            let hook = "/hooks/\(source["key"].string ?? "")"
            let body = String(
                decoding: try AlertmanagerMessage(group: "g", [.init("a")]).json.bytes, as: UTF8.self)
            for daemon in [ahead, behind] {
                func send(at date: Date) async throws -> Reply {
                    let time = String(Int(date.timeIntervalSince1970))
                    let headers = [
                        "X-Signed-At": time,
                        "X-Grafana-Alerting-Signature": try await Self.code("\(time):\(body)", secret),
                    ]
                    return try await daemon.api.with(token: nil).send("POST", hook, .text(body), headers: headers)
                }
                try await send(at: Date()).expect(200)
                for hours in [-3.0, 3.0] {
                    try await send(at: Date().addingTimeInterval(hours * 3_600)).problem(401, "signature-invalid")
                }
            }
        }
    }

    @Test func `a repetition at the other daemon gives the first answer, and a new token holds at both`() async throws {
        try await WrongClock.with { ahead, behind in
            let client = try await ahead.api.client("ci", "responder")
            let other = behind.api.with(token: client.token)
            let key = ["Idempotency-Key": "once"]
            let first = try await client.post("/v1/incidents", ["title": "Down"], headers: key).expect(201)
            let second = try await other.post("/v1/incidents", ["title": "Down"], headers: key).expect(201)
            #expect(first == second)
            let reverse = ["Idempotency-Key": "once-more"]
            let third = try await other.post("/v1/incidents", ["title": "Up"], headers: reverse).expect(201)
            #expect(try await client.post("/v1/incidents", ["title": "Up"], headers: reverse).expect(201) == third)
            #expect(try await client.all("/v1/incidents").count == 2)
        }
    }

    /// HMAC-SHA256 in hexadecimal digits.
    private static func code(_ text: String, _ secret: String) async throws -> String {
        try await TemporaryDirectory.with { directory in
            try Files.write(text, to: directory + "/text")
            let made = try await Finished.run([
                "openssl", "dgst", "-sha256", "-hmac", secret, "-r", directory + "/text",
            ])
            return made.output.split(separator: " ").first.map(String.init) ?? ""
        }
    }
}
