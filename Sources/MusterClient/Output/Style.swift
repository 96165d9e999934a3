/// Colours, or none.
package struct Style: Sendable {
    package enum Tint: String, Sendable {
        case plain = ""
        case bold = "1"
        case dim = "2"
        case red = "31"
        case boldRed = "1;31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
    }

    package let isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// - Parameter text: Of ours, or made safe.
    package func paint(_ text: String, _ tint: Tint) -> String {
        isColoured && tint != .plain && !text.isEmpty ? "\u{1B}[\(tint.rawValue)m\(text)\u{1B}[0m" : text
    }

    package static func tint(severity: String?) -> Tint {
        switch severity {
        case "sev1": .boldRed
        case "sev2": .red
        case "sev3": .yellow
        default: .plain
        }
    }

    package static func tint(state: String?) -> Tint {
        switch state {
        case "firing", "failed", "failing", "late", "regressed", "major_outage", "overrun": .red
        case "partial_outage", "degraded", "restoring", "verifying", "running", "pending", "acknowledged", "draft",
            "in_review":
            .yellow
        case "restored", "succeeded", "resolved", "passing", "alive", "done", "approved", "published", "ready": .green
        case "waived", "not_needed", "expired", "cancelled", "withdrawn", "closed", "dismissed", "merged", "none": .dim
        default: .plain
        }
    }
}

/// What stands in a table's column in one row.
package struct Cell: Sendable {
    package let text: String
    package let tint: Style.Tint

    /// - Parameter text: Of anybody; made safe here.
    package init(_ text: String?, _ tint: Style.Tint = .plain) {
        self.text = SafeText.line(text ?? "")
        self.tint = tint
    }
}

/// A column of a list: its head, and what it shows of an item.
package struct Column: Sendable {
    package let title: String
    package let isCut: Bool
    package let cell: @Sendable (JSON, Moments) -> Cell

    /// - Parameter isCut: Whether it gives way where the terminal is narrow.
    package init(_ title: String, isCut: Bool = false, _ cell: @escaping @Sendable (JSON, Moments) -> Cell) {
        self.title = title
        self.isCut = isCut
        self.cell = cell
    }

    /// Of a member as it is.
    package init(_ title: String, _ name: String, isCut: Bool = false) {
        self.init(title, isCut: isCut) { item, _ in Cell(item[name].plain) }
    }

    /// Of a member that is a state's word.
    package static func state(_ title: String, _ name: String) -> Column {
        Column(title) { item, _ in Cell(item[name].text, Style.tint(state: item[name].text)) }
    }

    /// Of a member that is a time.
    package static func time(_ title: String, _ name: String) -> Column {
        Column(title) { item, moments in Cell(moments.say(item[name])) }
    }
}

/// Rows in columns.
package enum Table {
    /// - Parameter width: Of the terminal; nil where nothing is to be cut.
    package static func write(_ rows: [[Cell]], titles: [String], cut: Set<Int>, style: Style, width: Int?) -> String {
        let all = [titles.map { Cell($0, .dim) }] + rows
        var widths = titles.indices.map { column in all.map { SafeText.width($0[column].text) }.max() ?? 0 }
        if let width {
            var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
            for column in cut.sorted(by: { widths[$0] > widths[$1] }) where excess > 0 {
                let given = min(excess, max(0, widths[column] - 12))
                widths[column] -= given
                excess -= given
            }
        }
        return all.map { row in
            let last = row.lastIndex { !$0.text.isEmpty } ?? 0
            return row.indices.prefix(last + 1).map { column in
                let text = SafeText.cut(row[column].text, to: widths[column])
                let space = column == last ? 0 : widths[column] - SafeText.width(text)
                return style.paint(text, row[column].tint) + String(repeating: " ", count: max(0, space))
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
