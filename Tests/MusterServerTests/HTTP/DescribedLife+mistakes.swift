import FoundationEssentials
import HTTPTypes
import Testing

@testable import MusterServer

/// What was said by mistake is struck out, or gets its right time.
extension DescribedLife {
    func mendMistakes() async throws {
        let path = try await open(["title": "Said wrong", "started_at": .string(try await moment(in: -7200))])
        try await strikePhases(path)
        try await strikeEtas(path)
        try await strikeApproval(path)
        await post("\(path)/mitigations", ["description": "Roll back"], gives: 201)
        await ask(.patch, "\(path)/mitigations/1", ["state": "succeeded"])
        await ask(.patch, "\(path)/mitigations/1", ["state": "failed", "reason": "It was the other one."])
        await strike("mitigation_changed", "state", "succeeded", of: path)
        await get("\(path)/timeline?limit=200")
    }

    /// The newest entry of a kind that says this in its data is struck out.
    private func strike(_ kind: String, _ field: String, _ value: JSONValue, of path: String) async {
        let entries = await get("\(path)/timeline?limit=200").json["items"]?.array ?? []
        let found = entries.last { $0["kind"]?.string == kind && $0["data"]?[field] == value }
        await post("\(path)/timeline/\(found?["sequence"]?.integer ?? 0)/strike", ["reason": "It was a slip."])
    }

    private func strikePhases(_ path: String) async throws {
        let forced: JSONValue = ["override": true, "reason": "It was seen."]
        for _ in 1...2 { await post("\(path)/advance", forced) }
        await post("\(path)/revert", ["to": "assess", "reason": "It was the wrong incident."])
        await strike("phase_entered", "phase", "mitigate", of: path)
        await post("\(path)/advance", forced)
        let entries = await get("\(path)/timeline?limit=200").json["items"]?.array ?? []
        let advance = entries.last { $0["kind"]?.string == "phase_entered" }?["sequence"]?.integer ?? 0
        let first = entries.first { $0["kind"]?.string == "phase_entered" }?["sequence"]?.integer ?? 0
        let seen: JSONValue = ["happened_at": .string(try await moment(in: -5400)), "reason": "It was seen then."]
        await ask(.patch, "\(path)/timeline/\(first)", seen)
        let entry = "\(path)/timeline/\(advance)"
        let earlier: JSONValue = .string(try await moment(in: -3600))
        await ask(.patch, entry, ["happened_at": earlier, "reason": "It was entered late."])
        await ask(.patch, entry, ["happened_at": .string(try await moment(in: 3600)), "reason": "no"], gives: 422)
        await ask(.patch, entry, ["happened_at": earlier], gives: 422)
        await ask(.patch, "\(path)/timeline/999", ["happened_at": earlier, "reason": "no"], gives: 404)
    }

    /// The expected end: one that was never meant, one that was taken back by mistake, and one that was taken back earlier than that was
    /// entered.
    private func strikeEtas(_ path: String) async throws {
        let (soon, later) = (try await moment(in: 7200), try await moment(in: 14_400))
        await post("\(path)/eta", ["eta": .string(soon), "reason": "The vendor says so."])
        await post("\(path)/eta", ["eta": .string(later), "reason": "That was of another region."])
        await strike("eta_set", "eta", .string(soon), of: path)
        await post("\(path)/eta", ["eta": nil, "reason": "Nobody knows."])
        await post("\(path)/eta", ["eta": .string(soon), "reason": "They do."])
        await strike("eta_withdrawn", "previous", .string(later), of: path)
        let (said, taken) = (try await moment(in: -3000), try await moment(in: -2400))
        let old: JSONValue = ["eta": .string(later), "reason": "We guessed.", "occurred_at": .string(said)]
        await post("\(path)/eta", old)
        await post("\(path)/eta", ["eta": nil, "reason": "It was a guess.", "occurred_at": .string(taken)])
    }

    private func strikeApproval(_ path: String) async throws {
        let made = await post("/v1/tokens", ["name": "Olu", "role": "commander"], gives: 201)
        let draft = await post("\(path)/updates/draft", ["audience": "users", "body": "We know."], gives: 201)
        let update = "\(path)/updates/\(draft.json["id"]?.integer ?? 0)"
        await ask(.post, "\(update)/approve", ["revision": 1], token: made.json["token"]?.string)
        await strike("update_approved", "id", draft.json["id"] ?? .null, of: path)
    }
}
