import IncidentDomain

/// The incident over time as an inline SVG: a lane with the worst impact, one for each phase with a bar for each visit, one for the updates,
/// and a line for each clock.
struct PhasesSVG {
    private static let width = 960.0
    private static let laneLabelWidth = 140.0
    private static let rightMargin = 16.0
    private static let laneHeight = 30.0
    private static let barHeight = 18.0
    private static let clockRowHeight = 17.0
    private static let barsMax = 500

    private let visits: [PhaseSpan]
    private let totals: [PhaseTotal]
    private let times: IncidentTimes
    private let asOf: Timestamp
    private let impact: [ImpactHistory.Stretch]
    private let updates: [Timestamp]
    private let scale: PhaseScale
    private let clocks: PhaseClocks
    private let speech: Speech

    /// - Parameters:
    ///   - visits: In their order; the terminal phases are not drawn but for the gap they leave.
    ///   - impact: The worst level over time; without any there is no lane of it.
    ///   - updates: When updates were published; without any there is no lane of them.
    ///   - asOf: Where what has not ended stops.
    init(
        _ visits: [PhaseSpan], times: IncidentTimes, impact: [ImpactHistory.Stretch] = [], updates: [Timestamp] = [],
        asOf: Timestamp, in speech: Speech = .standard
    ) {
        self.speech = speech
        self.impact = Array(impact.prefix(Self.barsMax))
        self.updates = Array(updates.prefix(Self.barsMax))
        // The last terminal phase has no end: nothing happens in it.
        let drawn = visits.last?.phase.isOpen == false ? visits.dropLast() : visits[...]
        self.visits = drawn.prefix(Self.barsMax).map { visit in
            let end = max(visit.startedAt, visit.endedAt ?? asOf)
            return PhaseSpan(phase: visit.phase, startedAt: visit.startedAt, endedAt: end)
        }
        totals = PhaseTotal.totals(of: visits)
        self.times = times
        self.asOf = asOf
        scale = PhaseScale(
            start: times.startedAt, visits: self.visits, left: Self.laneLabelWidth,
            width: Self.width - Self.laneLabelWidth - Self.rightMargin, in: speech)
        clocks = PhaseClocks(times, scale: scale, right: Self.width)
    }

    private var top: Double { Double(clocks.rows) * Self.clockRowHeight + 6 }
    private var bottom: Double { top + Double(max(laneCount, 1)) * Self.laneHeight }
    private var laneCount: Int { phasesFirst + totals.count + (updates.isEmpty ? 0 : 1) }
    /// The place of the first lane of a phase.
    private var phasesFirst: Int { impact.isEmpty ? 0 : 1 }
    private var height: Double { bottom + TimeAxisSVG.height }

    /// Whether some of the time is drawn shorter than it was.
    var isCut: Bool { scale.stretches.contains(where: \.isCut) }

    /// The picture; it needs nothing from the page around it, but takes colours from its style.
    var svg: String {
        let axis = TimeAxisSVG(
            scale: scale, left: Self.laneLabelWidth, right: Self.width - Self.rightMargin, top: top, bottom: bottom)
        let parts = [lanes, axis.cuts, axis.line, clockLines, impactBars, bars, updateMarks, clockLabels]
        return """
            <svg class="phases" viewBox="0 0 \(Self.width.points) \(height.points)" role="img" \
            aria-labelledby="phases-title phases-description" font-size="11.5" xmlns="http://www.w3.org/2000/svg">
            <title id="phases-title">\(HTMLText.escape(speech("The incident over time")))</title>
            <desc id="phases-description">\(HTMLText.escape(description))</desc>
            \(parts.joined(separator: "\n"))
            </svg>
            """
    }

    /// For whoever cannot see it.
    private var description: String {
        let shown = visits.filter(\.phase.isOpen).prefix(40).map { visit in
            Phrase("\(visit.phase.phrase) from \(visit.startedAt.told) for \(.duration(visit.seconds ?? 0))")
        }
        let harm = impact.prefix(40).map { Phrase("\($0.level.phrase) from \($0.begin.told)") }
        let told: Phrase = updates.isEmpty ? "" : " \(published)."
        let worst: Phrase = harm.isEmpty ? "" : "Worst impact: \(harm.joined(separator: "; ")). "
        return speech("Impact started \(times.startedAt.told). \(worst)\(shown.joined(separator: "; ")).\(told)")
    }

    private var published: Phrase { "\(updates.count) updates published" }
}

// MARK: - Lanes and bars

extension PhasesSVG {
    private var lanes: String {
        var lanes = totals.map { (name: $0.phase.phrase, note: length(of: $0)) }
        if !impact.isEmpty { lanes.insert((name: "impact", note: "worst level"), at: 0) }
        if !updates.isEmpty { lanes.append((name: "updates", note: "\(updates.count) published")) }
        return lanes.enumerated().map { index, lane in
            let middle = top + (Double(index) + 0.5) * Self.laneHeight
            return """
                <line class="lane" x1="\(Self.laneLabelWidth.points)" y1="\(middle.points)" \
                x2="\((Self.width - Self.rightMargin).points)" y2="\(middle.points)" stroke="#d9dde3"/>
                <text class="phase-name" x="0" y="\((middle - 1).points)" font-weight="600">\
                \(HTMLText.escape(speech(lane.name)))</text>
                <text class="phase-time" x="0" y="\((middle + 11).points)" font-size="10.5" opacity="0.75">\
                \(HTMLText.escape(speech(lane.note)))</text>
                """
        }.joined(separator: "\n")
    }

    private func length(of total: PhaseTotal) -> Phrase {
        let ongoing = total.since.map { max(0, asOf.seconds(since: $0)) } ?? 0
        let visits: Phrase = total.visits > 1 ? " (\(total.visits)×)" : ""
        let length = Phrase.duration(total.seconds + ongoing)
        return total.since == nil ? "\(length)\(visits)" : "\(length)\(visits) so far"
    }

    /// What is drawn before anybody knew of it.
    private static let undetected = "undetected"

    private var bars: String {
        let bars = visits.filter(\.phase.isOpen).map { visit in
            bar(visit.phase.rawValue, lane: visit.phase, from: visit.startedAt, to: visit.endedAt ?? visit.startedAt)
        }
        guard let first = visits.first, times.startedAt < first.startedAt else { return bars.joined(separator: "\n") }
        let undetected = bar(Self.undetected, lane: first.phase, from: times.startedAt, to: first.startedAt)
        return ([undetected] + bars).joined(separator: "\n")
    }

    private func bar(_ name: String, lane: Phase, from start: Timestamp, to end: Timestamp) -> String {
        let index = totals.firstIndex { $0.phase == lane } ?? 0
        let length = Phrase.duration(end.seconds(since: start))
        let isUndetected = name == Self.undetected
        return bar(
            name, Self.undetected == name ? "undetected" : lane.phrase,
            says: speech(isUndetected ? "\(length) undetected" : length), isDark: !isUndetected,
            lane: phasesFirst + index, from: start, to: end)
    }

    /// The worst level over time.
    private var impactBars: String {
        impact.map { stretch in
            bar(
                stretch.level.rawValue, stretch.level.phrase, says: speech(stretch.level.phrase),
                isDark: stretch.level == .majorOutage, lane: 0,
                from: stretch.begin, to: max(stretch.begin, stretch.end ?? asOf))
        }.joined(separator: "\n")
    }

    private var updateMarks: String {
        let y = top + (Double(laneCount) - 0.5) * Self.laneHeight
        return updates.map { moment in
            """
            <g><title>\(HTMLText.escape(speech("update, \(moment.told)")))</title><circle class="update" cx="\(scale.position(moment).points)" \
            cy="\(y.points)" r="4" fill="#1f6fb2"/></g>
            """
        }.joined(separator: "\n")
    }

    /// - Parameters:
    ///   - name: Its class.
    ///   - what: What it is.
    ///   - text: What stands in it where there is room.
    private func bar(
        _ name: String, _ what: Phrase, says text: String, isDark: Bool, lane: Int, from start: Timestamp,
        to end: Timestamp
    ) -> String {
        let left = scale.position(start)
        // The shortest one is still to be seen, and stays within the picture.
        let width = max(scale.position(end) - left, 2.5)
        let x = min(left, Self.width - Self.rightMargin - 2.5)
        let y = top + Double(lane) * Self.laneHeight + (Self.laneHeight - Self.barHeight) / 2
        let length = Phrase.duration(end.seconds(since: start))
        let title = speech("\(what), \(start.told) to \(end.told), \(length)")
        let ink = isDark ? "bar-time" : "bar-note"
        let fits = Double(text.count) * PhaseClocks.characterWidth + 10 < width
        let place = "x=\"\((x + 6).points)\" y=\"\((y + 13).points)\" fill=\"\(isDark ? "#ffffff" : "#1b2128")\""
        let label = fits ? "<text class=\"\(ink)\" \(place)>\(HTMLText.escape(text))</text>" : ""
        return """
            <g><title>\(HTMLText.escape(title))</title>\
            <rect class="bar \(name)" x="\(x.points)" y="\(y.points)" width="\(width.points)" \
            height="\(Self.barHeight.points)" rx="2" fill="\(Self.fill(name))"/>\(label)</g>
            """
    }

    /// For where the page's style does not reach.
    private static func fill(_ name: String) -> String {
        switch name {
        case "detect": "#b26a00"
        case "assess": "#7a4fa3"
        case "mitigate": "#b3372d"
        case "restore": "#1f6fb2"
        case "review": "#5b6b7b"
        case "degraded": "#e8c15a"
        case "partial_outage": "#e08a3c"
        case "major_outage": "#9c2b20"
        default: "#9a8f80"
        }
    }
}

// MARK: - Clocks

extension PhasesSVG {
    private var clockLines: String {
        clocks.labels.map { label in
            let y = Double(label.row) * Self.clockRowHeight + 4
            return """
                <line class="clock-line" x1="\(label.position.points)" y1="\(y.points)" \
                x2="\(label.position.points)" y2="\(bottom.points)" stroke="#3b4652" stroke-width="0.9" \
                stroke-dasharray="2 3"/>
                """
        }.joined(separator: "\n")
    }

    private var clockLabels: String {
        clocks.labels.map { label in
            let y = Double(label.row) * Self.clockRowHeight + 12
            let x = label.position + (label.isLeft ? -4 : 4)
            return """
                <text class="clock" x="\(x.points)" y="\(y.points)" text-anchor="\(label.isLeft ? "end" : "start")">\
                \(HTMLText.escape(label.text))</text>
                """
        }.joined(separator: "\n")
    }
}

// MARK: - The labels of the clocks

/// The labels of the clocks above the phases, in as many rows as it takes that none covers another.
struct PhaseClocks {
    struct Label {
        let text: String
        let position: Double
        let row: Int
        /// Whether the text stands left of its line, because it would not fit at the right.
        let isLeft: Bool
    }

    let labels: [Label]
    var rows: Int { (labels.map(\.row).max() ?? -1) + 1 }

    /// A little more than the average width of a character at the size in which labels are drawn.
    static let characterWidth = 6.3
    private static let gap = 10.0

    init(_ times: IncidentTimes, scale: PhaseScale, right: Double) {
        var taken: [[ClosedRange<Double>]] = []
        labels = Self.moments(times).map { moment, names in
            let reached = names.map(\.phrase).joined(separator: ", ").capitalizedFirst
            let text = "\(scale.speech(reached)) \(scale.speech.clockText(moment, over: scale.seconds))"
            let width = Double(text.count) * Self.characterWidth
            let position = scale.position(moment)
            let isLeft = position + width + Self.gap > right
            let range = isLeft ? (position - width - Self.gap)...position : position...(position + width + Self.gap)
            let row = taken.firstIndex { row in !row.contains { $0.overlaps(range) } } ?? taken.count
            if row == taken.count { taken.append([]) }
            taken[row].append(range)
            return Label(text: text, position: position, row: row, isLeft: isLeft)
        }
    }

    /// Clocks that were reached at the same moment share a label.
    private static func moments(_ times: IncidentTimes) -> [(moment: Timestamp, names: [IncidentClock])] {
        let clocks: [(IncidentClock, Timestamp?)] = [
            (.started, times.startedAt), (.detected, times.detectedAt), (.acknowledged, times.acknowledgedAt),
            (.assessed, times.assessedAt), (.mitigated, times.mitigatedAt), (.restored, times.restoredAt),
            (.reviewed, times.reviewedAt), (.closed, times.closedAt),
        ]
        var found: [(moment: Timestamp, names: [IncidentClock])] = []
        for (name, moment) in clocks {
            guard let moment else { continue }
            if let index = found.firstIndex(where: { $0.moment == moment }) {
                found[index].names.append(name)
            } else {
                found.append((moment, [name]))
            }
        }
        return found.sorted { $0.moment < $1.moment }
    }
}

extension Timestamp {
    /// As in `22 Nov`.
    var dayText: String { Speech.standard.shortDay(self) }
}

extension Speech {
    /// As precise as the whole length asks for: to the second within an hour, with the day when there are several.
    fileprivate func clockText(_ moment: Timestamp, over seconds: Double) -> String {
        let time = text(moment, .clock)
        if seconds <= 3600 { return clockToTheSecond(moment) }
        return seconds <= 72_000 ? time : "\(shortDay(moment)) \(time)"
    }
}
