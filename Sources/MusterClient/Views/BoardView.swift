/// Everything that is open, for a wall or a corner of the screen.
package struct BoardView: Sendable {
    package var incidents: [JSON] = []
    /// Of incidents that restore, by number: the head of their plan.
    package var plans: [Int: JSON] = [:]
    /// That fire, and that no incident has.
    package var alerts: [JSON] = []
    package var overdue: [JSON] = []

    package init() {}

    package func lines(_ moments: Moments, _ style: Style, width: Int?) -> [String] {
        var lines: [String] = []
        if incidents.isEmpty {
            lines.append(style.paint("No incident is open.", .green))
        } else {
            lines += table(incidents, columns, moments, style, width)
        }
        let late = late(moments)
        if !late.isEmpty { lines += ["", style.paint("Late", .bold)] + late.map { style.paint("  \($0)", .red) } }
        if !alerts.isEmpty {
            lines += ["", style.paint("Alerts without an incident", .bold)]
            lines += table(Array(alerts.prefix(10)), Self.alertColumns, moments, style, width)
        }
        return lines
    }

    private func table(_ items: [JSON], _ columns: [Column], _ moments: Moments, _ style: Style, _ width: Int?)
        -> [String]
    {
        Table.write(
            items.map { item in columns.map { $0.cell(item, moments) } }, titles: columns.map(\.title),
            cut: Set(columns.indices.filter { columns[$0].isCut }), style: style, width: width
        ).split(separator: "\n").map(String.init)
    }

    private var columns: [Column] {
        let plans = plans
        let progress = Column("PROGRESS") { item, _ in
            guard let plan = item["number"].int.flatMap({ plans[$0] }), let total = plan["total"].int, total > 0 else {
                return Cell("-")
            }
            let done = (plan["restored"].int ?? 0) + (plan["waived"].int ?? 0)
            return Cell("\(RestorationTree.bar(done: done, of: total, width: 8)) \(done)/\(total)")
        }
        let usual = IncidentView.columns
        return usual.prefix(6) + [progress] + usual.dropFirst(6)
    }

    private static let alertColumns: [Column] = [
        Column("ALERT", "id"), .time("SINCE", "starts_at"), Column("COMPONENT", "component"),
        Column("HELD") { item, _ in Cell(item["held"].text ?? "-") }, Column("TITLE", "title", isCut: true),
    ]

    private func late(_ moments: Moments) -> [String] {
        func isPast(_ value: JSON) -> Bool { value.text.flatMap(Moments.parse).map { $0 < moments.now } ?? false }
        var lines = incidents.filter { isPast($0["next_update_due_at"]) }.map { item in
            "INC-\(item["number"].plain): an update was due \(moments.say(item["next_update_due_at"]))"
        }
        lines += incidents.filter { isPast($0["review_due_at"]) }.map { item in
            "INC-\(item["number"].plain): the review was due \(moments.say(item["review_due_at"]))"
        }
        lines += overdue.map { item in
            SafeText.line("\(item["id"].plain): \(item["title"].plain) was due \(item["due"].plain)")
        }
        return Array(lines.prefix(10))
    }
}
