/// One command, made up at random: mostly possible, often refused, sometimes nonsense.
struct RandomCommand: Sendable {
    let method: String
    let path: String
    var body: JSON
    /// The kind of the one timeline entry that is always appended when the command is accepted; nil when it may find
    /// that nothing is to be done.
    var appends: String?
    /// Appends to a second incident, whose entries do not carry the mark of the first.
    var isMerge = false

    static func opening(_ generator: inout SeededGenerator, startedAt: String) -> RandomCommand {
        var body: JSON = ["title": "Incident \(generator.next() % 10_000)", "started_at": .string(startedAt)]
        if generator.chance(60) {
            body = body.with(["components": [["component": .string(component(&generator)), "impact": "major_outage"]]])
        }
        if generator.chance(10) { body = body.with(["severity": "sev9"]) }
        return RandomCommand(method: "POST", path: "/v1/incidents", body: body, appends: "incident_opened")
    }

    /// A command on an incident.
    ///
    /// - Parameter others: Numbers of incidents that it may be merged into.
    static func change(_ generator: inout SeededGenerator, of number: Int, others: [Int]) -> RandomCommand {
        let path = "/v1/incidents/\(number)"
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<16: return note(&generator, path)
        case 16..<36: return step(&generator, path)
        case 36..<50: return restoration(&generator, path)
        case 50..<62: return assessment(&generator, path)
        case 62..<74: return work(&generator, path)
        case 74..<86: return review(&generator, path, number)
        case 86..<92: return amendment(&generator, path)
        case 92:
            let target = generator.pick(others)
            return RandomCommand(
                method: "POST", path: path + "/merge", body: ["into": .number(Double(target)), "reason": "the same"],
                isMerge: true)
        case 93..<95:
            let sequence = Int.random(in: 1...30, using: &generator)
            return RandomCommand(
                method: "POST", path: path + "/timeline/\(sequence)/redact", body: ["reason": "a secret"])
        default: return nonsense(&generator, path)
        }
    }

    static let components = ["database", "cdn", "auth", "feed", "comments", "upload"]
    private static let reason: JSON = ["reason": "because"]

    private static func component(_ generator: inout SeededGenerator) -> String { generator.pick(components) }

    private static func note(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        let text = "Note \(generator.next() % 1_000_000)"
        return RandomCommand(
            method: "POST", path: path + "/notes", body: ["text": .string(text)], appends: "note_added")
    }

    private static func step(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<3: RandomCommand(method: "POST", path: path + "/acknowledge", body: [:])
        case 3..<8: RandomCommand(method: "POST", path: path + "/advance", body: [:])
        case 8..<14: RandomCommand(method: "POST", path: path + "/advance", body: reason.with(["override": true]))
        case 14..<19:
            RandomCommand(
                method: "POST", path: path + "/revert",
                body: reason.with(["to": .string(generator.pick(["assess", "mitigate", "restore"]))]))
        default: RandomCommand(method: "POST", path: path + "/dismiss", body: reason)
        }
    }

    private static func restoration(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        let verb = generator.pick(["start", "start", "start", "verify", "verify", "ramp", "waive", "fail"])
        var body: JSON = verb == "waive" || verb == "fail" ? reason : [:]
        if verb == "ramp" { body = ["percent": .number(Double(Int.random(in: 0...100, using: &generator)))] }
        if verb == "start", generator.chance(30) { body = reason.with(["override": true]) }
        if verb == "start" || verb == "verify", generator.chance(10) {
            body = reason.with(["without": ["database", "auth"]])
        }
        return RandomCommand(
            method: "POST", path: path + "/restoration/\(component(&generator))/\(verb)", body: body)
    }

    private static func assessment(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let category = generator.pick(["technical", "attack", "unknown"])
            return RandomCommand(
                method: "PUT", path: path + "/cause",
                body: ["category": .string(category), "confidence": "suspected", "evidence": "logs"])
        case 1:
            let role = generator.pick(["commander", "scribe", "liaison"])
            return RandomCommand(
                method: "PUT", path: path + "/roles/\(role)",
                body: ["person": .string(generator.pick(["Ada", "Grace"]))])
        case 2:
            let impact = generator.pick(["degraded", "major_outage", "none"])
            return RandomCommand(
                method: "PUT", path: path + "/impacts/\(component(&generator))", body: ["impact": .string(impact)])
        default:
            return RandomCommand(
                method: "PUT", path: path + "/audiences/users",
                body: ["description": "slow", "people": .number(Double(generator.next() % 9_999))])
        }
    }

    private static func work(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        let id = Int.random(in: 1...4, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0:
            return RandomCommand(
                method: "POST", path: path + "/mitigations", body: ["description": "restart"],
                appends: "mitigation_added")
        case 1:
            let state = generator.pick(["running", "succeeded", "failed", "rolled_back"])
            return RandomCommand(method: "PATCH", path: path + "/mitigations/\(id)", body: ["state": .string(state)])
        case 2:
            return RandomCommand(method: "POST", path: path + "/tasks", body: ["text": "call"], appends: "task_added")
        case 3:
            return RandomCommand(
                method: "PATCH", path: path + "/tasks/\(id)", body: ["done": .bool(generator.chance(50))])
        default:
            return RandomCommand(
                method: "POST", path: path + "/updates", body: ["audience": "staff", "body": "We look at it"],
                appends: "update_posted")
        }
    }

    private static func review(_ generator: inout SeededGenerator, _ path: String, _ number: Int) -> RandomCommand {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: return RandomCommand(method: "POST", path: path + "/review", body: [:])
        case 1:
            // Never the same twice: a revision that changes nothing appends nothing.
            let text = "Learnt \(generator.next())"
            return RandomCommand(
                method: "PUT", path: path + "/review",
                body: [
                    "sections": .array(
                        ["lessons", "what_went_well", "what_went_wrong"].map {
                            ["id": .string($0), "markdown": .string(text)]
                        })
                ],
                appends: "review_revised")
        case 2: return RandomCommand(method: "POST", path: path + "/review/approve", body: [:])
        case 3:
            return RandomCommand(
                method: "POST", path: path + "/actions", body: ["title": "a test", "kind": "preventive"],
                appends: "action_added")
        default:
            return RandomCommand(
                method: "PATCH", path: "/v1/actions/\(number)-1", body: ["owner": "Ada", "due": "2027-01-01"])
        }
    }

    private static func amendment(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        var body: JSON = ["title": "Title \(generator.next() % 100)"]
        if generator.chance(40) { body = body.with(["severity": .string(generator.pick(["sev1", "sev2", "sev3"]))]) }
        return RandomCommand(method: "PATCH", path: path, body: body)
    }

    private static func nonsense(_ generator: inout SeededGenerator, _ path: String) -> RandomCommand {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: RandomCommand(method: "POST", path: path + "/notes", body: ["words": "no such field"])
        case 1: RandomCommand(method: "PUT", path: path + "/impacts/ghost", body: ["impact": "degraded"])
        case 2: RandomCommand(method: "POST", path: "/v1/incidents/999999/notes", body: ["text": "nowhere"])
        default: RandomCommand(method: "POST", path: path + "/advance", body: ["to": "closed"])
        }
    }
}
