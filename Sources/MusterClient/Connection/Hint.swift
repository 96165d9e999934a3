/// The calls that the daemon suggests, as commands to be typed.
package enum Hint {
    /// A `SuggestedCall` as a command; `muster api` for what has none of its own, nil for what is no call.
    package static func command(for call: JSON) -> String? {
        guard let method = call["method"].text, let path = call["path"].text else { return nil }
        let command = special(method, path, call["body"]) ?? general(method, path, call["body"])
        return SafeText.line(command)
    }

    private static func general(_ method: String, _ path: String, _ body: JSON) -> String {
        "muster api \(method) \(word(path))" + (body.members.isEmpty ? "" : " -d \(word(body.compact))")
    }

    /// One word of a shell.
    package static func word(_ text: String) -> String {
        if text.wholeMatch(of: /[A-Za-z0-9_.,:=@%\/+-]+/) != nil { return text }
        return "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private static func special(_ method: String, _ path: String, _ body: JSON) -> String? {
        if let match = path.wholeMatch(of: /\/v1\/incidents\/(\d+)((?:\/[^\/?]+)*)/) {
            let parts = match.output.2.split(separator: "/").map(String.init)
            return incident(String(match.output.1), method, parts, body)
        }
        if let match = path.wholeMatch(of: /\/v1\/actions\/([^\/?]+)/), method == "PATCH" {
            return "muster actions set \(word(String(match.output.1)))" + options(body, ["owner", "due"])
        }
        if let match = path.wholeMatch(of: /\/v1\/alerts\/([^\/?]+)\/resolve/) {
            return "muster alerts resolve \(word(String(match.output.1)))"
        }
        return nil
    }

    private static func incident(_ number: String, _ method: String, _ parts: [String], _ body: JSON) -> String? {
        let on = " -i \(number)"
        switch (method, parts.first, parts.count) {
        case ("POST", "acknowledge", 1): return "muster ack \(number)"
        case ("POST", "advance", 1):
            return "muster advance \(number)" + options(body, ["to", "reason"])
                + (body["override"].isTrue ? " --override" : "")
        case ("POST", "revert", 1): return "muster revert \(number)" + options(body, ["to", "reason"])
        case ("POST", "dismiss", 1): return "muster dismiss \(number)" + options(body, ["reason"])
        case ("POST", "reopen", 1): return "muster reopen \(number)" + options(body, ["reason"])
        case ("POST", "unmerge", 1): return "muster unmerge \(number)" + options(body, ["reason"])
        case ("PATCH", nil, 0): return "muster set \(number)" + options(body, ["severity", "title"])
        case ("PUT", "roles", 2):
            return "muster role\(on) \(word(parts[1])) \(word(body["person"].text ?? "NAME"))"
        case ("PUT", "impacts", 2):
            return "muster impact\(on) \(word(parts[1])) \(word(body["impact"].text ?? "major_outage"))"
        case ("PUT", "cause", 1):
            return "muster cause\(on) \(word(body["category"].text ?? "technical"))"
                + options(body, ["confidence", "evidence"])
        case ("POST", "mitigations", 1):
            return "muster mitigate\(on) \(word(body["description"].text ?? "WHAT IS DONE"))" + options(body, ["state"])
        case ("POST", "review", 1): return "muster review start \(number)"
        case ("POST", "review", 2) where parts[1] == "approve": return "muster review approve \(number)"
        case ("GET", "restoration", 1): return "muster restore\(on)"
        case ("POST", "restoration", 3) where body["without"].isNull:
            return "muster restore \(word(parts[2]))\(on) \(word(parts[1]))" + options(body, ["reason"])
                + (body["override"].isTrue ? " --force" : "")
        default: return nil
        }
    }

    private static func options(_ body: JSON, _ names: [String]) -> String {
        names.compactMap { name in body[name].text.map { " --\(name) \(word($0))" } }.joined()
    }
}
