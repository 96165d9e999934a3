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
    /// Of what is drawn to scale.
    private let pointsPerSecond: Double

    /// The longest that a stretch without work is drawn, as a part of all the work.
    private static let restMax = 0.25

    /// - Parameters:
    ///   - start: When the impact began.
    ///   - visits: In order, without overlaps, the last one ended.
    init(start: Timestamp, visits: [PhaseSpan], left: Double, width: Double) {
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
        let written = tick.description
        if step >= 86_400 { return (tick.dayText, String(written.prefix(4))) }
        return (String(written.dropFirst(11).prefix(step < 60 ? 8 : 5)), tick.dayText)
    }

    /// Round moments on what is drawn to scale.
    var ticks: [Timestamp] {
        let step = Int64(step * 1000)
        var found: [Timestamp] = []
        for stretch in stretches where !stretch.isCut && stretch.right - stretch.left >= 1 {
            let first = (stretch.start.milliseconds + step - 1).flooredQuotient(by: step) * step
            for moment in Swift.stride(from: first, through: stretch.end.milliseconds, by: Int64.Stride(step)) {
                let tick = Timestamp(milliseconds: moment)
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

extension Int64 {
    /// Rounded down, also below zero.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
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
