import FoundationEssentials
import Testing

/// What people do who mean well, or who say that they are many.
extension Attack {
    static let onPeople: [Attack] = [anonymousReports, reviewBombs, reviewStorm]

    /// A hundred thousand reports from one address, with five hundred browsers. The incident about payments stays what it is.
    static let anonymousReports = Attack("anonymous-reports", seconds: 6, answers: refusals.union([202])) {
        target, until in
        let before = try await incident(target)
        let made = (0..<500).map { number in
            RawRequest.make(
                "POST", "/reports",
                headers: ["User-Agent: browser-\(number)", "X-Forwarded-For: 192.0.2.\(number % 250)"],
                body: Array(#"{"symptom":"cannot_sign_in","component":"auth"}"#.utf8))
        }
        let each = 100_000 / 16
        var outcome = await Crowd.run(target.port, 16, until: until) { index in
            Crowd.Script(
                turns: Array(made[(index * 31)...] + made[..<(index * 31)]), turnsMax: each, awaitingMax: 16)
        }
        let after = try await incident(target)
        for member in ["impacts", "phase", "version", "next"] where before[member] != after[member] {
            outcome.complaints.append(
                "reports changed the incident's \(member): \(before[member]) is now \(after[member])")
        }
        return outcome
    }

    private static func incident(_ target: AttackTarget) async throws -> JSON {
        try await target.viewer.sendPatiently("GET", target.incident).expect(200)
    }

    // MARK: Reviews

    /// A colleague's review whose Markdown is small to write and large to render, read by everybody.
    static let reviewBombs = Attack("review-bombs", seconds: 3, answers: refusals.union([200, 201])) { target, until in
        let path = try await inReview(target)
        let sections = [
            String(repeating: "a\n", count: 50_000),
            "|" + String(repeating: "a|", count: 1_000) + "\n|"
                + String(repeating: "-|", count: 1_000) + "\n" + String(repeating: "a\n", count: 7_000),
            String(repeating: "[a](", count: 25_000), String(repeating: "*a **a ", count: 14_000),
            String(repeating: "> ", count: 50_000), String(repeating: "- ", count: 50_000),
            String(repeating: "![", count: 50_000), String(repeating: "`", count: 50_000) + "a",
            String(repeating: "<", count: 100_000), String(repeating: "&", count: 100_000),
            String(repeating: "[a]: b\n", count: 14_000) + String(repeating: "[a]", count: 600),
        ]
        let puts = sections.enumerated().map { index, text in
            RawRequest.make(
                "PUT", path + "/review", token: target.responderToken,
                json: ["sections": [["id": "s\(index % 3)", "title": "S", "markdown": .string(text)]]])
        }
        let forms = ["review.html", "review.md", "review.json", "review"].map {
            RawRequest.make("GET", path + "/" + $0, token: target.viewerToken)
        }
        async let writer = Crowd.run(target.port, 1, until: until) { _ in
            Crowd.Script(turns: puts, turnsMax: puts.count, pause: .milliseconds(300), awaitingMax: 1)
        }
        async let readers = Crowd.run(target.port, 6, until: until) { index in
            Crowd.Script(turns: Array(forms[(index % 4)...] + forms[..<(index % 4)]), awaitingMax: 1)
        }
        return await writer + readers
    }

    /// Many small edits at once of a large review, whose timeline is then read.
    static let reviewStorm = Attack("review-storm", seconds: 2, answers: refusals.subtracting([503]).union([200])) {
        target, until in
        let path = try await inReview(target)
        let large = (0..<8).map { number -> JSON in
            [
                "id": .string("large-\(number)"), "title": "L",
                "markdown": .string(String(repeating: "word ", count: 19_000)),
            ]
        }
        let whole = try await target.responder.send(
            "PUT", path + "/review", .json(["sections": .array(large)]), timeout: 20)
        var outcome = Crowd.Outcome()
        if !whole.isSuccess, whole.status != 413, whole.status != 422 { outcome.complaints.append("\(whole)") }
        let edits = (0..<20).map { number in
            RawRequest.make(
                "PUT", path + "/review", token: target.responderToken,
                json: ["sections": [["id": "small", "title": "S", "markdown": .string("edit \(number)")]]])
        }
        outcome =
            outcome
            + (await Crowd.run(target.port, 20, until: until) { index in
                Crowd.Script(turns: [edits[index]], turnsMax: 10, awaitingMax: 1)
            })
        let page = try await target.viewer.send("GET", path + "/timeline?limit=200", timeout: 20)
        outcome.statuses[page.status, default: 0] += 1
        if page.bytes.count > 8 << 20 {
            outcome.complaints.append("one page of the timeline has \(page.bytes.count >> 20) MiB")
        }
        return outcome
    }

    /// An incident that was brought to its review.
    private static func inReview(_ target: AttackTarget) async throws -> String {
        let opened = try await target.admin.sendPatiently(
            "POST", "/v1/incidents", .json(["title": "To be reviewed", "severity": "sev2"]))
        try opened.expect(201)
        let path = opened.header("Location") ?? ""
        for _ in 0..<4 {
            let step: JSON = ["override": true, "reason": "what is attacked is its review"]
            try await target.admin.sendPatiently("POST", path + "/advance", .json(step)).expect(200)
        }
        try await target.admin.sendPatiently("POST", path + "/review").expect(201)
        return path
    }
}
