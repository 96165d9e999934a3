/// The calls that the daemon suggests, as commands to be typed.
package enum Hint {
    /// A `SuggestedCall` as a command; `muster api` for what has none of its own, nil for what is no call.
    package static func command(for call: JSON) -> String? {
        guard let method = call["method"].text, let path = call["path"].text else { return nil }
        let command = special(method, path, call["body"]) ?? general(method, path, call["body"])
        let until = call["until"].text.map { "   # until \($0)" } ?? ""
        return SafeText.line(command + until)
    }

    private static func general(_ method: String, _ path: String, _ body: JSON) -> String {
        "muster api \(method) \(word(path))" + (body.members.isEmpty ? "" : " -d \(word(body.compact))")
    }

    /// One word of a shell.
    package static func word(_ text: String) -> String {
        if text.wholeMatch(of: /[A-Za-z0-9_.,:=@%\/+][A-Za-z0-9_.,:=@%\/+-]*/) != nil { return text }
        return "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private static func special(_ method: String, _ path: String, _ body: JSON) -> String? {
        let halves = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = halves.count > 1 ? halves[1].split(separator: "&").map { pair($0) } : []
        let parts = halves[0].split(separator: "/").map { RequestPath.decode($0) }
        guard parts.count >= 2, parts[0] == "v1" else { return nil }
        switch (method, parts[1], parts.count) {
        case (_, "incidents", 3...):
            guard query.isEmpty, parts[2].wholeMatch(of: /\d{1,18}/) != nil else { return nil }
            return incident(parts[2], method, Array(parts[3...]), body)
        case ("GET", "incidents", 2) where query.map(\.name) == ["open"]: return "muster ls"
        case ("GET", "alerts", 2): return alerts(query)
        case ("POST", "alerts", 4) where parts[3] == "resolve": return "muster alerts resolve \(word(parts[2]))"
        case ("PATCH", "actions", 3):
            return options("muster actions set \(word(parts[2]))", body, ["owner", "due"])
        default: return nil
        }
    }

    private static func pair(_ text: Substring) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? RequestPath.decode(parts[1]) : "")
    }

    private static func alerts(_ query: [(name: String, value: String)]) -> String? {
        var command = "muster alerts"
        for (name, value) in query {
            switch name {
            case "incident": command += " -i \(word(value))"
            case "status": command += " --status \(word(value))"
            case "component": command += " -c \(word(value))"
            default: return nil
            }
        }
        return command
    }

    /// - Parameter parts: Behind the incident's number.
    private static func incident(_ number: String, _ method: String, _ parts: [String], _ body: JSON) -> String? {
        let on = " -i \(number)"
        switch (method, parts.first, parts.count) {
        case ("PATCH", nil, 0):
            return options("muster set\(on)", body, ["severity", "title", "summary"])
        case ("POST", "acknowledge", 1): return "muster ack \(number)"
        case ("POST", "advance", 1):
            let override = body["override"].isTrue ? " --override" : ""
            return options("muster advance \(number)", body, ["to", "reason"], besides: ["override"]).map {
                $0 + override
            }
        case ("POST", "revert", 1): return options("muster revert \(number)", body, ["to", "reason"])
        case ("POST", "dismiss", 1), ("POST", "reopen", 1), ("POST", "unmerge", 1):
            return options("muster \(parts[0]) \(number)", body, ["reason"])
        case ("PUT", "roles", 2):
            return "muster role\(on) \(word(parts[1])) \(word(body["person"].text ?? "NAME"))"
        case ("PUT", "impacts", 2):
            guard let level = body["impact"].text, body.members.count == 1 else { return nil }
            return "muster impact\(on) \(word(parts[1])) \(word(level))"
        case ("PUT", "audiences", 2):
            guard let text = body["description"].text, body.members.count == 1 else { return nil }
            return "muster audience\(on) \(word(parts[1])) \(word(text))"
        case ("PUT", "cause", 1):
            guard let category = body["category"].text else { return nil }
            return options(
                "muster cause\(on) \(word(category))", body, ["subcategory", "confidence", "evidence"],
                besides: ["category"])
        case ("POST", "updates", 1),
            ("POST", "updates", 2) where parts[1] == "draft":
            guard let audience = body["audience"].text, let text = body["body"].text, body.members.count == 2 else {
                return nil
            }
            return "muster update \(parts.count == 1 ? "post" : "draft")\(on) \(word(audience)) \(word(text))"
        case ("GET", "updates", 1): return "muster update ls \(number)"
        case ("POST", "updates", 3) where parts[2] == "approve": return "muster update approve\(on) \(word(parts[1]))"
        case ("GET", "suggestions", 1): return "muster show --suggestions \(number)"
        default: return work(number, method, parts, body)
        }
    }

    private static func work(_ number: String, _ method: String, _ parts: [String], _ body: JSON) -> String? {
        let on = " -i \(number)"
        switch (method, parts.first, parts.count) {
        case ("POST", "mitigations", 1):
            guard let text = body["description"].text else { return nil }
            return options("muster mitigate\(on) \(word(text))", body, ["state"], besides: ["description"])
        case ("PATCH", "mitigations", 2):
            let id = "muster mitigate\(on) \(word(parts[1]))"
            if body == ["in_force": false] { return id + " --lifted" }
            return options(id, body, ["state"])
        case ("PATCH", "tasks", 2):
            return body == ["done": true] ? "muster task done\(on) \(word(parts[1]))" : nil
        case ("POST", "review", 1): return "muster review start \(number)"
        case ("PUT", "review", 1): return "muster review edit \(number)"
        case ("POST", "review", 2) where parts[1] == "approve": return "muster review approve \(number)"
        case ("GET", "restoration", 1): return "muster restore \(number)"
        case ("POST", "restoration", 3) where ["start", "verify", "waive", "fail"].contains(parts[2]):
            let force = body["override"].isTrue ? " --force" : ""
            let without = body["without"].items.map { " --without \(word($0.plain))" }.joined()
            return options(
                "muster restore \(parts[2])\(on) \(word(parts[1]))", body, ["reason"], besides: ["override", "without"]
            ).map { $0 + force + without }
        default: return nil
        }
    }

    /// The command with the body's texts as options; nil if the body has something else, so that nothing is left out unseen.
    private static func options(
        _ command: String, _ body: JSON, _ names: [String], besides others: [String] = []
    ) -> String? {
        guard body.members.allSatisfy({ (names + others).contains($0.name) }) else { return nil }
        return command
            + names.compactMap { name in body[name].text.map { " --\(name)\($0.hasPrefix("-") ? "=" : " ")\(word($0))" }
            }
            .joined()
    }
}
