import IncidentDomain

/// Where moments stand on the axis of the phases. Work is drawn to scale; what merely lasted (before anybody noticed, the
/// review, closed until it was reopened) is cut short when it would press the work into a corner.
struct PhaseScale {
    /// A stretch of time, drawn evenly.
    struct Stretch {
        let start: Timestamp
        let end: Timestamp
        let left: Double
        let right: Double
        /// Whether it is drawn shorter than it was.
        let isCut: Bool
    }

    let stretches: [Stretch]
    /// In which language its labels are, and by which clocks.
    let speech: Speech
    /// Of what is drawn to scale.
    private let pointsPerSecond: Double

    /// The longest that a stretch without work is drawn, as a part of all the work.
    private static let restMax = 0.25

    /// - Parameters:
    ///   - start: When the impact began.
    ///   - visits: In order, without overlaps, the last one ended.
    init(start: Timestamp, visits: [PhaseSpan], left: Double, width: Double, in speech: Speech = .standard) {
        self.speech = speech
        var parts: [(start: Timestamp, end: Timestamp, isWork: Bool)] = []
        if let first = visits.first?.startedAt, start < first { parts.append((start, first, false)) }
        for visit in visits {
            parts.append((visit.startedAt, max(visit.startedAt, visit.endedAt ?? visit.startedAt), visit.phase.isWork))
        }
        let work = parts.filter(\.isWork).map { $0.end.seconds(since: $0.start) }.reduce(0, +)
        let weights = parts.map { part in
            let seconds = part.end.seconds(since: part.start)
            return part.isWork || work == 0 ? seconds : min(seconds, work * Self.restMax)
        }
        let total = max(weights.reduce(0, +), 0.001)
        pointsPerSecond = width / total
        var position = left
        stretches = zip(parts, weights).map { part, weight in
            let begin = position
            position += weight * width / total
            let isCut = weight < part.end.seconds(since: part.start) * 0.99
            return Stretch(start: part.start, end: part.end, left: begin, right: position, isCut: isCut)
        }
    }

    /// What lies outside stands at the nearer end.
    func position(_ moment: Timestamp) -> Double {
        guard let first = stretches.first, let last = stretches.last else { return 0 }
        if moment <= first.start { return first.left }
        for stretch in stretches where moment <= stretch.end && stretch.end > stretch.start {
            let part = moment.seconds(since: stretch.start) / stretch.end.seconds(since: stretch.start)
            return stretch.left + max(0, part) * (stretch.right - stretch.left)
        }
        return last.right
    }

    var seconds: Double {
        guard let first = stretches.first, let last = stretches.last else { return 0 }
        return last.end.seconds(since: first.start)
    }
}

// MARK: - Ticks

extension PhaseScale {
    private static let steps: [Double] = [
        1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
        1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ]
    private static let tickDistanceMin: Double = 68

    /// The seconds from one tick to the next: a round number that leaves room for the labels.
    var step: Double {
        Self.steps.first { $0 * pointsPerSecond >= Self.tickDistanceMin } ?? 31_536_000
    }

    /// As precise as the step asks for, and what it is a part of.
    func label(of tick: Timestamp) -> (fine: String, coarse: String) {
        let day = speech.shortDay(tick)
        if step >= 86_400 { return (day, speech.year(tick)) }
        return (step < 60 ? speech.clockToTheSecond(tick) : speech.text(tick, .clock), day)
    }

    /// Round moments on what is drawn to scale, as the clocks show them.
    var ticks: [Timestamp] {
        let (step, zone) = (Int(step), speech.zone)
        var found: [Timestamp] = []
        for stretch in stretches where !stretch.isCut && stretch.right - stretch.left >= 1 {
            let from = zone.local(at: stretch.start).seconds.flooredQuotient(by: step) * step
            // Clocks may be set meanwhile.
            let through = zone.local(at: stretch.end).seconds + 7200
            for seconds in Swift.stride(from: from, through: through, by: step) {
                let tick = zone.momentOrLater(of: LocalTime(seconds: seconds))
                guard tick >= stretch.start, tick <= stretch.end else { continue }
                guard let last = found.last else {
                    found.append(tick)
                    continue
                }
                if position(tick) - position(last) >= Self.tickDistanceMin * 0.75 { found.append(tick) }
            }
        }
        return found
    }
}

extension Int {
    /// Rounded down, also below zero.
    fileprivate func flooredQuotient(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension Phase {
    /// Whether people hurry in it.
    var isWork: Bool {
        switch self {
        case .detect, .assess, .mitigate, .restore: true
        case .review, .closed, .dismissed, .merged: false
        }
    }
}

// MARK: - How it is drawn

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
            let length = scale.speech.text(seconds: stretch.end.seconds(since: stretch.start))
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
