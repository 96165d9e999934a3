import IncidentDomain

/// What a reader of a picture sees in five seconds: when users have what again, what is stuck, what to start next, what is in
/// force, and how far it is.
struct RestorationHead {
    private static let size = 14.0
    private static let lineHeight = 22.0
    /// How many of each are named.
    private static let itemsMax = 5
    private static let linesMax = 3
    /// The widest that one name is.
    private static let nameWidth = 240.0

    /// What stands in one line with others: a name, and what there is to say of it.
    private struct Item {
        let name: String
        let fact: String
        let style: String
        let width: Double

        init(_ name: String, _ fact: String, style: String = "ink", room: Double) {
            self.name = SVGText.fit(name, into: nameWidth, size: size, isBold: true)
            let start = SVGText.width(self.name, size: size, isBold: true) + (fact.isEmpty ? 0 : 5)
            self.fact = SVGText.fit(fact, into: room - start, size: size)
            self.style = style
            width = start + SVGText.width(self.fact, size: size)
        }
    }

    let picture: RestorationPicture
    let width: Double

    init(_ picture: RestorationPicture, width: Double) {
        (self.picture, self.width) = (picture, width)
    }

    /// On a narrow screen labels stand above what they name.
    private var isNarrow: Bool { width < 600 }
    private var labelWidth: Double { isNarrow ? 0 : 96 }
    private var room: Double { width - labelWidth }

    var part: RestorationSVG.Part {
        let heading = picture.heading
        let number = "INC-\(heading.incident)"
        let titleStart = SVGText.width(number, size: 20, isBold: true) + 14
        let title = """
            <text class="number" x="0" y="20">\(number)</text>
            <text class="title" x="\(titleStart.points)" y="20"><title>\(SVGText.escape(heading.title))</title>\
            \(SVGText.escape(SVGText.fit(heading.title, into: width - titleStart, size: 16)))</text>
            """
        guard !picture.boxes.isEmpty else { return RestorationSVG.Part(width: width, height: 34, svg: title) }
        var lines = [title]
        var y = 50.0
        let rows: [(label: String, items: [Item], total: Int)] = [
            ("Back at", goals, heading.goals.count), ("Everything", [whole], 1),
            ("Overdue", overdue, heading.overdue.count), ("Start next", startNext, heading.startNextTotal),
            ("In force", inForce, heading.inForce.count),
        ]
        for row in rows where !row.items.isEmpty {
            let style = row.label == "Overdue" ? "overdue word big" : "soft strong big"
            lines.append("<text class=\"\(style)\" x=\"0\" y=\"\(y.points)\">\(row.label)</text>")
            if isNarrow { y += 20 }
            lines += flow(row.items, of: row.total, y: &y)
        }
        lines.append(progress(y: y))
        // In a list each wave says how many of it are restored.
        if !isNarrow { lines.append(RestorationIcon.counts(picture.boxes, x: 0, y: y + 32)) }
        return RestorationSVG.Part(width: width, height: y + (isNarrow ? 34 : 58), svg: lines.joined(separator: "\n"))
    }

    /// One item after the other, and how many more there are.
    private func flow(_ items: [Item], of total: Int, y: inout Double) -> [String] {
        var texts: [String] = []
        var (x, line) = (0.0, 0)
        let moreWidth = 110.0
        for item in items.prefix(Self.itemsMax) {
            let isLast = line == Self.linesMax - 1 && texts.count + 1 < total
            if x > 0, x + item.width > room - (isLast ? moreWidth : 0) {
                guard line + 1 < Self.linesMax else { break }
                (x, line, y) = (0, line + 1, y + Self.lineHeight)
            }
            texts.append(
                """
                <text class="\(item.style) big" x="\((labelWidth + x).points)" y="\(y.points)">\
                <tspan class="strong">\(SVGText.escape(item.name))</tspan> \(SVGText.escape(item.fact))</text>
                """)
            x += item.width + 22
        }
        if total > texts.count {
            if x > room - moreWidth { (x, y) = (0, y + Self.lineHeight) }
            let more = "and \((total - texts.count).grouped) more"
            texts.append(
                "<text class=\"soft big\" x=\"\((labelWidth + x).points)\" y=\"\(y.points)\">\(more)</text>")
        }
        y += Self.lineHeight
        return texts
    }

    // MARK: - What the lines say

    /// What is not back comes first.
    private var goals: [Item] {
        let goals = picture.heading.goals
        return (goals.filter { !$0.isBack } + goals.filter(\.isBack)).map { goal in
            if goal.isBack { return Item(goal.name, "is back", style: "soft", room: room) }
            return Item(goal.name, time(goal.expected, without: goal.without), room: room)
        }
    }

    private var whole: Item {
        let moment = picture.heading.asOf
        let asOf = "as of \(isNarrow ? "\(moment.clock(on: moment)) UTC" : moment.toTheSecond)"
        if picture.boxes.allSatisfy(\.status.isDone) {
            return Item(picture.waived == 0 ? "restored" : "restored or waived", asOf, room: room)
        }
        let time = time(picture.heading.expected, without: picture.heading.unestimated)
        return Item("", "\(time) · \(asOf)", room: room)
    }

    /// As in `15:10, 90 % by 15:40`.
    private func time(_ expected: RestorationPicture.Expected?, without names: [String]) -> String {
        let missing =
            names.isEmpty
            ? "" : "no estimate for \(SVGText.list(names, count: names.count, into: 200, size: Self.size))"
        guard let expected else { return missing.isEmpty ? "no time yet" : missing }
        let asOf = picture.heading.asOf
        let late = expected.p90.map { ", 90 % by \($0.clock(on: asOf))" } ?? ""
        return "\(expected.median.clock(on: asOf)) UTC\(late)" + (missing.isEmpty ? "" : " (\(missing))")
    }

    private var overdue: [Item] {
        picture.heading.overdue.map { step in
            let owner = step.owner.map { ", \($0)" } ?? ""
            return Item(
                step.component, "overdue \(RestorationPicture.words(step.seconds))\(owner)", style: "overdue",
                room: room)
        }
    }

    private var startNext: [Item] {
        picture.heading.startNext.map { step in
            Item(step.component, step.unblocks == 0 ? "" : "unblocks \(step.unblocks.grouped)", room: room)
        }
    }

    private var inForce: [Item] {
        picture.heading.inForce.map { Item("", $0, room: room) }
    }

    /// All of it is said only when it is all.
    private func progress(y: Double) -> String {
        let (restored, all) = (picture.restored, picture.boxes.count)
        let waived = picture.waived > 0 ? ", \(picture.waived.grouped) waived" : ""
        let text = "\(restored.grouped) of \(all.grouped) restored\(waived)"
        let start = SVGText.width("\(text) (100 %)", size: 15, isBold: true) + 16
        let barWidth = isNarrow ? width : 340
        let (barX, barY) = isNarrow ? (0, y + 10) : (start, y - 6)
        return """
            <text class="figure" x="0" y="\((y + 4).points)">\(text) <tspan class="soft">(\(restored * 100 / all) %)</tspan></text>
            <rect class="bar-rest" x="\(barX.points)" y="\(barY.points)" width="\(barWidth.points)" height="10" rx="5"/>
            <rect class="bar-done" x="\(barX.points)" y="\(barY.points)" \
            width="\((Double(restored) / Double(all) * barWidth).points)" height="10" rx="5"/>
            """
    }
}
