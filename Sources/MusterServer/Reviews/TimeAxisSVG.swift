import IncidentDomain

/// The axis under a picture of what happened when: its ticks, and where time was left out.
struct TimeAxisSVG {
    /// How much room it takes below the picture.
    static let height = 44.0

    let scale: PhaseScale
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double

    var line: String {
        var coarse = ""
        let ticks = scale.ticks.map { tick in
            let x = scale.position(tick).points
            let label = scale.label(of: tick)
            // The day, or the year, is said where it begins.
            let second = label.coarse == coarse ? "" : tickText(label.coarse, x: x, y: bottom + 31)
            coarse = label.coarse
            return """
                <line class="tick-line" x1="\(x)" y1="\(top.points)" x2="\(x)" y2="\((bottom + 4).points)" \
                stroke="#d9dde3" stroke-width="0.75"/>
                \(tickText(label.fine, x: x, y: bottom + 17))\(second)
                """
        }
        return """
            <line class="axis" x1="\(left.points)" y1="\(bottom.points)" \
            x2="\(right.points)" y2="\(bottom.points)" stroke="#8a94a0"/>
            \(ticks.joined(separator: "\n"))
            """
    }

    private func tickText(_ text: String, x: String, y: Double) -> String {
        "<text class=\"tick\" x=\"\(x)\" y=\"\(y.points)\" text-anchor=\"middle\">\(text)</text>"
    }

    /// Two strokes through the axis where time was left out, and how much.
    var cuts: String {
        scale.stretches.filter(\.isCut).map { stretch in
            let middle = (stretch.left + stretch.right) / 2
            let length = DurationText.human(stretch.end.seconds(since: stretch.start))
            let strokes = [-3.0, 3.0].map { offset in
                "<line class=\"cut\" x1=\"\((middle + offset - 3).points)\" y1=\"\((bottom + 5).points)\" "
                    + "x2=\"\((middle + offset + 3).points)\" y2=\"\((bottom - 5).points)\" stroke=\"#8a94a0\"/>"
            }
            return """
                <rect class="gap" x="\(stretch.left.points)" y="\(top.points)" \
                width="\((stretch.right - stretch.left).points)" height="\((bottom - top).points)" fill="#8a94a0" \
                fill-opacity="0.08"/>
                \(strokes.joined())
                <text class="tick" x="\(middle.points)" y="\((bottom + 18).points)" text-anchor="middle" \
                font-style="italic">\(length)</text>
                """
        }.joined(separator: "\n")
    }
}
