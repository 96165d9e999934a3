/// The plan of a restoration as a tree: each step below what it needs, wave by wave, and what can start now.
package struct RestorationTree: Sendable {
    private let plan: JSON
    private let steps: [JSON]
    private let moments: Moments
    private let style: Style

    /// - Parameters:
    ///   - plan: The first page of the answer.
    ///   - steps: Of all pages, in the order of the plan.
    package init(_ plan: JSON, steps: [JSON], moments: Moments, style: Style) {
        self.plan = plan
        self.steps = steps
        self.moments = moments
        self.style = style
    }

    package var lines: [String] {
        guard let total = plan["total"].int, total > 0 else {
            return ["Nothing is affected, so there is nothing to restore."]
        }
        return [progress(total)] + goals + tree + overdue + startNext
    }

    /// How far it is, and when it is over.
    private func progress(_ total: Int) -> String {
        let restored = plan["restored"].int ?? 0
        let waived = plan["waived"].int ?? 0
        var text = Self.bar(done: restored + waived, of: total, width: 20) + "  \(restored) of \(total) restored"
        if waived > 0 { text += ", \(waived) waived" }
        let expected = plan["expected_at"]
        if !expected.isNull {
            text +=
                "; expected \(moments.say(expected["median"])), nine times out of ten \(moments.say(expected["p90"]))"
        }
        return text
    }

    package static func bar(done: Int, of total: Int, width: Int) -> String {
        let full = total > 0 ? min(width, max(0, done * width / total)) : 0
        return "[" + String(repeating: "#", count: full) + String(repeating: "·", count: width - full) + "]"
    }

    private var goals: [String] {
        plan["goals"].items.prefix(20).map { goal in
            let when =
                goal["back"].isTrue
                ? style.paint("back", .green)
                : goal["expected_at"].isNull ? "nobody knows" : moments.say(goal["expected_at"]["median"])
            return "  \(SafeText.line(goal["name"].plain)): \(when)"
        }
    }

    // MARK: - The tree

    private var tree: [String] {
        let names = steps.map { $0["component"].plain }
        let known = Set(names)
        var children: [String: [Int]] = [:]
        var roots: [Int] = []
        var place: [String: Int] = [:]
        for (index, name) in names.enumerated() { place[name] = index }
        for (index, step) in steps.enumerated() {
            // Below the last of its needs in the order of the plan: what has to come directly before it.
            let needs = step["needs"].items.compactMap(\.text).filter {
                known.contains($0) && place[$0] ?? index < index
            }
            if let parent = needs.max(by: { place[$0] ?? 0 < place[$1] ?? 0 }) {
                children[parent, default: []].append(index)
            } else {
                roots.append(index)
            }
        }
        // In rows, and not by recursion: a chain may be as long as the plan.
        var lines: [String] = []
        var open = roots.enumerated().reversed().map { number, index in
            (index: index, indent: "", isLast: number == roots.count - 1, isRoot: true)
        }
        while let next = open.popLast() {
            let branch = next.isRoot ? "" : next.isLast ? "└─ " : "├─ "
            lines.append(next.indent + branch + line(steps[next.index], below: next.isRoot))
            let below = children[names[next.index]] ?? []
            let indent = next.isRoot ? "" : next.indent + (next.isLast ? "   " : "│  ")
            open += below.enumerated().reversed().map { number, index in
                (index: index, indent: indent, isLast: number == below.count - 1, isRoot: false)
            }
        }
        return lines
    }

    private func line(_ step: JSON, below isRoot: Bool) -> String {
        let state = step["ready"].isTrue ? "ready" : step["state"].text ?? ""
        var text =
            Self.mark(state, style) + " " + SafeText.line(step["component"].plain) + "  "
            + style.paint(SafeText.line(state), Style.tint(state: state))
        if let percent = step["ramp_percent"].int, state == "restoring" { text += " \(percent) %" }
        text += "  " + style.paint("tier \(step["effective_tier"].plain)", .dim)
        if let owner = step["owner"].text { text += style.paint(" " + SafeText.line(owner), .dim) }
        if let overdue = step["overdue_seconds"].int, overdue > 0 {
            text += style.paint("  \(Moments.length(Double(overdue))) overdue", .red)
        } else if !step["soak_until"].isNull && state == "verifying" {
            text += "  soaks until \(moments.say(step["soak_until"]))"
        } else if !step["expected_end"].isNull {
            text += "  \(moments.say(step["expected_end"]))"
        }
        let waits = step["waits_for"].items
        if let first = waits.first, state != "ready" {
            let more = (step["waits_for_total"].int ?? waits.count) - 1
            text += style.paint(
                "  " + SafeText.line(first["reason"].plain) + (more > 0 ? " (+\(more))" : ""), .dim)
        }
        return text
    }

    private static func mark(_ state: String, _ style: Style) -> String {
        let mark =
            switch state {
            case "restored": "●"
            case "waived": "◌"
            case "restoring", "verifying": "◐"
            case "ready": "▶"
            case "regressed": "✗"
            default: "○"
            }
        return style.paint(mark, Style.tint(state: state))
    }

    // MARK: - What hands can do

    private var overdue: [String] {
        plan["overdue"].items.prefix(10).map { item in
            style.paint(
                "Overdue: \(SafeText.line(item["component"].plain)) by \(Moments.length(item["overdue_seconds"].double ?? 0))",
                .red)
        }
    }

    private var startNext: [String] {
        let items = plan["start_next"].items
        guard !items.isEmpty else { return [] }
        let number = plan["incident"].plain
        let more = (plan["start_next_total"].int ?? items.count) - min(items.count, 10)
        return ["Can start now:"]
            + items.prefix(10).map { item in
                let unblocks = item["unblocks"].int ?? 0
                let why = unblocks > 0 ? style.paint("  \(unblocks) wait for it", .dim) : ""
                return "  "
                    + style.paint("muster restore start -i \(number) \(Hint.word(item["component"].plain))", .cyan)
                    + why
            } + (more > 0 ? ["  and \(more) more"] : [])
    }
}
