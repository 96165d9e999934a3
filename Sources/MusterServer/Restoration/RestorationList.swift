import IncidentDomain

/// The body of the picture for a narrow screen: a line for each step, one below the other, instead of boxes with lines between
/// them.
struct RestorationList {
    /// Of a phone that is held upright, without the margins.
    static let width = 358.0
    /// How many steps of a wave are shown, what is not done first.
    private static let stepsMax = 20
    /// How many waves.
    private static let wavesMax = 10
    private static let textLeft = 26.0
    private static let rowHeight = 40.0

    let picture: RestorationPicture

    var part: RestorationSVG.Part {
        let holds = RestorationHolds(picture)
        let critical = Set(picture.criticalPath)
        let places = Dictionary(zip(picture.boxes.map(\.component), 1...)) { first, _ in first }
        var y = 22.0
        var lines: [String] = []
        for wave in picture.waves.prefix(Self.wavesMax) {
            lines.append(heading(wave, y: y))
            y += 12
            let sorted = wave.boxes.filter { !$0.status.isDone } + wave.boxes.filter(\.status.isDone)
            for box in sorted.prefix(Self.stepsMax) {
                let row = RestorationBox(
                    box: box, place: places[box.component] ?? 0, holds: holds,
                    isCritical: critical.contains(box.component))
                lines.append(row.line(width: Self.width, textLeft: Self.textLeft, y: y))
                y += Self.rowHeight
            }
            y += more(wave.boxes.count - Self.stepsMax, "steps", &lines, y: y) + 30
        }
        y += more(picture.waves.count - Self.wavesMax, "waves", &lines, y: y)
        return RestorationSVG.Part(width: Self.width, height: y, svg: lines.joined(separator: "\n"))
    }

    private func heading(_ wave: RestorationPicture.Wave, y: Double) -> String {
        let restored = wave.boxes.count { $0.status == .restored }
        return """
            <text class="wave" x="0" y="\(y.points)">Wave \(wave.number)<tspan class="soft small"> tier \(wave.tier)</tspan></text>\
            <text class="soft end" x="\(Self.width.points)" y="\(y.points)">\(restored.grouped) of \
            \(wave.boxes.count.grouped) restored</text>
            """
    }

    /// - Returns: How high it is.
    private func more(_ count: Int, _ what: String, _ lines: inout [String], y: Double) -> Double {
        guard count > 0 else { return 0 }
        lines.append(
            "<text class=\"soft\" x=\"\(Self.textLeft.points)\" y=\"\((y + 14).points)\">and \(count.grouped) more \(what)</text>"
        )
        return 22
    }
}
