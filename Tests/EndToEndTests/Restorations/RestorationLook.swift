import FoundationEssentials
import Testing

/// The plan at one moment of an outage, and what came of it.
struct RestorationLook {
    let drive: RestorationDrive
    let look: RestorationStory.Look
    private let plan: JSON
    private let steps: [String: JSON]

    init(_ drive: RestorationDrive, _ look: RestorationStory.Look) async throws {
        (self.drive, self.look) = (drive, look)
        plan = try await drive.api.get(drive.path + "/restoration").expect(200)
        let all = plan["waves"].items.flatMap(\.["steps"].items)
        steps = Dictionary(uniqueKeysWithValues: all.map { ($0["component"].string ?? "", $0) })
    }

    func check() async throws {
        let when = "\(drive.story.name) at \(look.at)"
        #expect(plan["waves_mode"] == "advise" && plan["without"].items.isEmpty, "\(when)")
        #expect(plan["critical_path"][0].string == look.bottleneck, "\(when): \(plan["critical_path"])")
        if let first = look.startFirst { #expect(plan["start_next"][0]["component"].string == first, "\(when)") }
        for (step, needs) in look.waits {
            let waitsFor = steps[step]?["waits_for"].items.compactMap { $0["component"].string }
            #expect(waitsFor == needs && steps[step]?["ready"] == false, "\(when): \(step)")
        }
        let overdue = plan["overdue"].items.map {
            ($0["component"].string ?? "", ($0["overdue_seconds"].int ?? 0) / 60)
        }
        #expect(Dictionary(uniqueKeysWithValues: overdue).mapValues { $0 } == look.overdue, "\(when)")
        #expect(overdue.map(\.1) == overdue.map(\.1).sorted(by: >), "\(when): the longest first")
        #expect(plan["restored"].int == look.restored && plan["waived"] == 0, "\(when)")
        let incident = try await drive.api.get(drive.path).expect(200)
        #expect(incident["mitigations"].items.count { $0["in_force"] == true } == look.inForce, "\(when)")
        try checkOrder(when)
        try await checkGoals(when)
    }

    /// Nothing begins before what it needs is there, as far as no edge lets it.
    private func checkOrder(_ when: String) throws {
        for (name, step) in steps where step["state"] == "waiting" || step["state"] == "ready" {
            let begin = try #require(date(step["expected_begin"]), "\(when): \(name)")
            for need in step["needs"].items.compactMap(\.string) where name != "mysql-replicas@us-east" {
                guard let end = date(steps[need]?["expected_end"] ?? .null) else { continue }
                #expect(begin >= end, "\(when): \(name) begins before \(need) ends")
            }
        }
    }

    /// A goal is not reached before anything that it needs, and nothing is after the end of all.
    private func checkGoals(_ when: String) async throws {
        let all = try #require(date(plan["expected_at"]["p90"]))
        #expect(!plan["goals"].items.isEmpty)
        for goal in plan["goals"].items where goal["back"] == false {
            let (median, p90) = (date(goal["expected_at"]["median"]), date(goal["expected_at"]["p90"]))
            let reached = try #require(median)
            #expect(try #require(p90) <= all && reached < all && goal["without"].items.isEmpty, "\(when)")
            for need in goal["needs"].items.compactMap(\.string) {
                let own = try await drive.api.get(drive.path + "/restoration?for=\(need)").expect(200)["goals"][0]
                let back = try #require(date(own["expected_at"]["median"]), "\(when): \(need)")
                // It is asked some moments later.
                #expect(reached.timeIntervalSince(back) > -30, "\(when): \(goal["component"]) before \(need)")
            }
        }
    }

    /// The plan's order and times beside the real ones.
    func show() {
        var lines = ["restoration: \(drive.story.name) at \(clock(look.at))"]
        for goal in plan["goals"].items {
            let (name, expected) = (goal["component"].string ?? "", goal["expected_at"])
            let said = goal["back"] == true ? "back" : "\(told(expected["median"])), 90 % by \(told(expected["p90"]))"
            lines.append("  goal \(name): \(said); really \(real(name))")
        }
        for step in plan["waves"].items.flatMap(\.["steps"].items) where step["state"] != "restored" {
            let name = step["component"].string ?? ""
            let late = step["overdue_seconds"].int.map { ", overdue \($0 / 60) min" } ?? ""
            lines.append(
                "  \(name) (\(step["state"].string ?? "")\(late)): \(told(step["expected_begin"])) to "
                    + "\(told(step["expected_end"])); really "
                    + "\(drive.story.beganAt(name).map(clock) ?? "never") to \(real(name))")
        }
        // For whoever reads the log of a run: the plan beside what really happened.
        print(lines.joined(separator: "\n"))
    }

    private func date(_ json: JSON) -> Date? { Moment.date(json.string) }
    private func told(_ json: JSON) -> String { date(json).map { clock($0.addingTimeInterval(-drive.moved)) } ?? "?" }
    private func real(_ step: String) -> String { drive.story.restoredAt(step).map(clock) ?? "never" }
    private func clock(_ date: Date) -> String { String(Moment.text(date).dropFirst(8).prefix(8)) }
}
